//! A client for pages and services, over the node's JSON interface.
#![allow(clippy::let_underscore_must_use, reason = "a string takes all that is written to it")]

use super::{clean, comment, lower_camel, shouting, upper_camel};
use crate::abi::interface::{Declared, Interface, MethodInfo, Place};
use crate::abi::types::{Int, Type};
use hydrogen_types::host::MethodKind;
use std::fmt::Write;

const HEAD: &str = "\
/** Decimal digits: numbers of 64 bits and more do not fit a JavaScript number. */
export type Decimal = string;
/** `0x` and hexadecimal digits. */
export type Hex = string;
/** Text that begins with `cnx1`. */
export type Address = string;

/** What goes with a call: CNX in base units, and a gas limit. */
export interface CallOptions {
  value?: Decimal;
  gas?: Decimal;
}

/** How calls and queries reach the chain: a wallet that signs, and a node's `contract_query`. */
export interface Transport {
  call(contract: Address, method: string, args: object, options?: CallOptions): Promise<unknown>;
  query(contract: Address, method: string, args: object, height?: Decimal): Promise<unknown>;
}
";

/// Source of a TypeScript module with the contract's types, a class for it, and the codes of its refusals. It needs
/// nothing; a `Transport` is given to it.
#[must_use]
pub fn typescript_client(interface: &Interface) -> String {
    let mut out = String::new();
    comment(
        &mut out,
        "// ",
        &format!("Calls of the contract `{}`: {}", interface.name(), interface.doc().trim()),
    );
    out.push_str("// Written from its interface by `hydrogen contract abi --client typescript`: change the contract instead.\n\n");
    out.push_str(HEAD);
    for (name, declared) in &interface.types {
        out.push('\n');
        declare(&mut out, name, declared);
    }
    let own = upper_camel(interface.name());
    let own =
        if own.is_empty() || interface.types.contains_key(&own) { format!("{own}Contract") } else { own };
    let _ = write!(
        out,
        "\n/** A contract `{}`. */\nexport class {own} {{\n  \
         constructor(readonly address: Address, private readonly transport: Transport) {{}}\n",
        clean(interface.name())
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

fn doc(out: &mut String, indent: &str, text: &str) {
    // A comment must not end early, whatever the contract's author wrote.
    let text = text.trim().replace("*/", "* /");
    let mut lines = text.lines();
    match (lines.next(), lines.next()) {
        (None, _) => {}
        (Some(only), None) => {
            let _ = writeln!(out, "{indent}/** {only} */");
        }
        (Some(_), Some(_)) => {
            let _ = writeln!(out, "{indent}/**");
            comment(out, &format!("{indent} * "), &text);
            let _ = writeln!(out, "{indent} */");
        }
    }
}

fn declare(out: &mut String, name: &str, declared: &Declared) {
    let name = clean(name);
    match declared {
        Declared::Struct(fields) => {
            let _ = writeln!(out, "export interface {name} {{");
            fields_of(out, "  ", fields);
            out.push_str("}\n");
        }
        Declared::Enum(variants) => {
            let _ = writeln!(out, "export type {name} =");
            for (index, (variant, fields)) in variants.iter().enumerate() {
                let end = if index + 1 == variants.len() { ";" } else { "" };
                if fields.is_empty() {
                    let _ = writeln!(out, "  | {variant:?}{end}");
                } else {
                    let _ = writeln!(out, "  | {{ {variant:?}: {{");
                    fields_of(out, "      ", fields);
                    let _ = writeln!(out, "    }} }}{end}");
                }
            }
        }
    }
}

fn fields_of(out: &mut String, indent: &str, fields: &[Place]) {
    for place in fields {
        doc(out, indent, &place.doc);
        let _ = writeln!(out, "{indent}{}: {};", clean(&place.name), text(&place.kind));
    }
}

fn call(out: &mut String, method: &MethodInfo, renamed: bool) {
    out.push('\n');
    doc(out, "  ", method.doc());
    let query = method.kind() == MethodKind::Query;
    let mut args: Vec<String> = method
        .args
        .iter()
        .map(|place| format!("{}: {}", lower_camel(&place.name), text(&place.kind)))
        .collect();
    let (last, verb, extra) = if query {
        ("height?: Decimal", "query", "height")
    } else {
        ("options?: CallOptions", "call", "options")
    };
    args.push(last.into());
    let suffix = if renamed { "Query" } else { "" };
    let fields: Vec<String> = method
        .args
        .iter()
        .map(|place| format!("{}: {}", clean(&place.name), lower_camel(&place.name)))
        .collect();
    let object = if fields.is_empty() { "{}".into() } else { format!("{{ {} }}", fields.join(", ")) };
    let result = result(method);
    let _ = writeln!(
        out,
        "  async {}{suffix}({}): Promise<{result}> {{",
        lower_camel(method.name()),
        args.join(", ")
    );
    let _ = writeln!(
        out,
        "    return (await this.transport.{verb}(this.address, {:?}, {object}, {extra})) as {result};\n  }}",
        method.name()
    );
}

fn result(method: &MethodInfo) -> String {
    match method.result_type() {
        Type::Tuple(parts) if parts.is_empty() => "null".into(),
        kind => text(kind),
    }
}

fn text(kind: &Type) -> String {
    match kind {
        Type::Bool => "boolean".into(),
        Type::Int(Int::U8 | Int::U16 | Int::U32 | Int::I32) => "number".into(),
        Type::Int(_) => "Decimal".into(),
        Type::Text => "string".into(),
        Type::Bytes | Type::Fixed(..) => "Hex".into(),
        Type::Address => "Address".into(),
        Type::Option(inner) => format!("{} | null", text(inner)),
        Type::List(inner) | Type::Array(inner, _) => format!("Array<{}>", text(inner)),
        Type::Tuple(parts) if parts.is_empty() => "null".into(),
        Type::Tuple(parts) => format!("[{}]", parts.iter().map(text).collect::<Vec<_>>().join(", ")),
        Type::Named(name) => name.clone(),
    }
}

fn codes(out: &mut String, interface: &Interface) {
    let errors: Vec<_> = interface.errors().collect();
    if errors.is_empty() {
        return;
    }
    out.push_str("\n/** Codes that it refuses with. */\nexport const codes = {\n");
    for (code, error) in errors {
        doc(out, "  ", &error.doc);
        let _ = writeln!(out, "  {}: {code},", shouting(&error.name));
    }
    out.push_str("} as const;\n");
}
