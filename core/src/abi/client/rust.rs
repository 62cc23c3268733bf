//! A client for contracts on the SDK.
#![allow(clippy::let_underscore_must_use, reason = "a string takes all that is written to it")]

use super::{clean, comment, shouting, upper_camel};
use crate::abi::interface::{Declared, Interface, MethodInfo, Place};
use crate::abi::types::{Int, Type};
use hydrogen_types::host::MethodKind;
use std::fmt::Write;

/// Words that Rust keeps for itself; a name that is one gets `r#` before it.
const RESERVED: [&str; 48] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro",
    "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "static", "struct", "trait",
    "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Source of a Rust module with a type for the contract, its structs and enums, and the codes of its refusals. It needs
/// `hydrogen_sdk` and nothing else.
///
/// Methods of the kind `call` are for calls, those of the kind `query` for queries: the ledger lets a running call reach
/// the former and a running query the latter.
#[must_use]
pub fn rust_client(interface: &Interface) -> String {
    let mut out = String::new();
    let name = clean(interface.name());
    comment(&mut out, "//! ", &format!("Calls of the contract `{name}`: {}", interface.doc().trim()));
    out.push_str("//!\n//! Written from its interface by `hydrogen contract abi --client rust`: change the contract instead.\n");
    out.push_str("#![allow(dead_code, missing_docs, unreachable_pub, reason = \"written by a program, for every use\")]\n\n");
    out.push_str("use hydrogen_sdk::client::Callee;\nuse hydrogen_sdk::error::CallError;\nuse hydrogen_sdk::prelude::*;\n");
    for (name, declared) in &interface.types {
        out.push('\n');
        declare(&mut out, name, declared);
    }
    let own = type_name(interface);
    let _ = write!(
        out,
        "\n/// A contract `{name}`.\n#[derive(Debug, Clone, Copy, PartialEq, Eq)]\npub struct {own}(pub Callee);\n\n\
         impl {own} {{\n    /// At an address; sends no CNX along.\n    #[must_use]\n    \
         pub const fn new(address: Address) -> Self {{\n        Self(Callee::new(address))\n    }}\n"
    );
    let reachable = |method: &&MethodInfo| matches!(method.kind(), MethodKind::Call | MethodKind::Query);
    let methods: Vec<&MethodInfo> = interface.methods().filter(reachable).collect();
    for method in &methods {
        let twin = methods.iter().any(|other| other.name() == method.name() && other.kind() != method.kind());
        call(&mut out, method, twin && method.kind() == MethodKind::Query);
    }
    out.push_str("}\n");
    codes(&mut out, interface);
    out
}

/// The contract's own type: its name, unless one of its structs has it.
fn type_name(interface: &Interface) -> String {
    let name = upper_camel(interface.name());
    let name = if name.is_empty() { String::from("Contract") } else { name };
    if interface.types.contains_key(&name) { format!("{name}Contract") } else { name }
}

fn declare(out: &mut String, name: &str, declared: &Declared) {
    let name = clean(name);
    out.push_str("#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]\n");
    match declared {
        Declared::Struct(fields) => {
            let _ = writeln!(out, "pub struct {name} {{");
            fields_of(out, "    ", "pub ", fields);
            out.push_str("}\n");
        }
        Declared::Enum(variants) => {
            let _ = writeln!(out, "pub enum {name} {{");
            for (variant, fields) in variants {
                let variant = upper_camel(variant);
                if fields.is_empty() {
                    let _ = writeln!(out, "    {variant},");
                } else {
                    let _ = writeln!(out, "    {variant} {{");
                    fields_of(out, "        ", "", fields);
                    out.push_str("    },\n");
                }
            }
            out.push_str("}\n");
        }
    }
}

fn fields_of(out: &mut String, indent: &str, visible: &str, fields: &[Place]) {
    for place in fields {
        comment(out, &format!("{indent}/// "), &place.doc);
        let _ = writeln!(out, "{indent}{visible}{}: {},", ident(&place.name), place.kind);
    }
}

fn call(out: &mut String, method: &MethodInfo, renamed: bool) {
    out.push('\n');
    comment(out, "    /// ", method.doc());
    out.push_str(
        "    ///\n    /// # Errors\n    /// The contract's code and sentence; what it did is undone then.\n",
    );
    let suffix = if renamed { "_query" } else { "" };
    let _ = write!(out, "    pub fn {}{suffix}(&self", ident(method.name()));
    for place in &method.args {
        let _ = write!(out, ", {}: {}", ident(&place.name), borrowed(&place.kind));
    }
    let _ = writeln!(out, ") -> Result<{}, CallError> {{", method.result());
    let names: Vec<String> = method.args.iter().map(|place| ident(&place.name)).collect();
    // A tuple of one needs its comma, one of none is ().
    let comma = if names.len() == 1 { "," } else { "" };
    let _ = writeln!(out, "        self.0.call({:?}, &({}{comma}))\n    }}", method.name(), names.join(", "));
}

/// How an argument is passed: encoded, a reference is what it refers to.
fn borrowed(kind: &Type) -> String {
    match kind {
        Type::Bool
        | Type::Int(Int::U8 | Int::U16 | Int::U32 | Int::U64 | Int::U128 | Int::I32 | Int::I64) => {
            kind.to_string()
        }
        Type::Text => "&str".into(),
        Type::Bytes => "&[u8]".into(),
        Type::List(inner) => format!("&[{inner}]"),
        _ => format!("&{kind}"),
    }
}

fn codes(out: &mut String, interface: &Interface) {
    let errors: Vec<_> = interface.errors().collect();
    if errors.is_empty() {
        return;
    }
    out.push_str("\n/// Codes that it refuses with.\npub mod code {\n");
    for (index, (code, error)) in errors.into_iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        comment(out, "    /// ", &error.doc);
        let _ = writeln!(out, "    pub const {}: u32 = {code};", shouting(&error.name));
    }
    out.push_str("}\n");
}

fn ident(name: &str) -> String {
    let name = &*clean(name);
    match name {
        // These four cannot be raw.
        "self" | "Self" | "super" | "crate" => format!("{name}_"),
        _ if RESERVED.contains(&name) => format!("r#{name}"),
        _ => name.to_owned(),
    }
}
