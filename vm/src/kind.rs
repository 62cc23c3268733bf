//! What a module is for, told without checking it: so that a person who mixes up contracts and programs is told so.

use crate::program;
use hydrogen_types::{host, schema};
use wasmparser::{Parser, Payload};

/// What a module is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModuleKind {
    /// It has a contract's interface, imports from the chain, or exports a contract's methods.
    Contract,
    /// It imports from WASI preview 1, or exports `_start`.
    Program,
    /// A component: what `wasm32-wasip2` builds. It is neither.
    Component,
    /// Nothing of the above, or no module.
    Unknown,
}

impl ModuleKind {
    /// Of a module's bytes. What is no WebAssembly is [`ModuleKind::Unknown`]; a kind says nothing of validity.
    #[must_use]
    pub fn of(module: &[u8]) -> Self {
        let mut kind = Self::Unknown;
        for payload in Parser::new(0).parse_all(module) {
            let Ok(payload) = payload else { return kind };
            // A contract's sign outweighs a program's: a contract built for the wrong target has both.
            match sign(&payload) {
                Self::Unknown => {}
                Self::Program if kind != Self::Unknown => {}
                sign => kind = sign,
            }
        }
        kind
    }
}

fn sign(payload: &Payload<'_>) -> ModuleKind {
    let signs: Vec<ModuleKind> = match payload {
        Payload::Version { encoding: wasmparser::Encoding::Component, .. } => {
            return ModuleKind::Component;
        }
        Payload::CustomSection(section) if section.name() == schema::SECTION => {
            return ModuleKind::Contract;
        }
        Payload::ImportSection(reader) => {
            let imports = reader.clone().into_imports().flatten();
            imports.map(|import| of_import(import.module)).collect()
        }
        Payload::ExportSection(reader) => {
            let exports = reader.clone().into_iter().flatten();
            exports.map(|export| of_export(export.name)).collect()
        }
        _ => Vec::new(),
    };
    let strongest = [ModuleKind::Contract, ModuleKind::Program];
    strongest.into_iter().find(|kind| signs.contains(kind)).unwrap_or(ModuleKind::Unknown)
}

fn of_import(module: &str) -> ModuleKind {
    match module {
        host::MODULE => ModuleKind::Contract,
        program::IMPORT_MODULE => ModuleKind::Program,
        _ => ModuleKind::Unknown,
    }
}

fn of_export(name: &str) -> ModuleKind {
    let method = ["call.", "query.", "scheduled."].iter().any(|prefix| name.starts_with(prefix));
    match name {
        "_start" => ModuleKind::Program,
        _ if method => ModuleKind::Contract,
        _ => ModuleKind::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::ModuleKind;

    fn check(wat: &str, expected: ModuleKind) {
        assert_eq!(ModuleKind::of(&wat::parse_str(wat).expect("WAT")), expected);
    }

    #[test]
    fn imports_and_exports_tell_contracts_from_programs() {
        let wasi = r#"(module (import "wasi_snapshot_preview1" "sched_yield" (func (result i32))))"#;
        check(wasi, ModuleKind::Program);
        check(r#"(module (func (export "_start")))"#, ModuleKind::Program);
        check(r#"(module (func (export "call.increment")))"#, ModuleKind::Contract);
        check(r#"(module (import "hydrogen" "input_len" (func (result i32))))"#, ModuleKind::Contract);
        check(r#"(module (@custom "hydrogen.abi" "x"))"#, ModuleKind::Contract);
        check(r#"(module (func (export "_start")) (func (export "query.get")))"#, ModuleKind::Contract);
        check(r#"(module (func (export "add")))"#, ModuleKind::Unknown);
        check("(component)", ModuleKind::Component);
        assert_eq!(ModuleKind::of(b"hello"), ModuleKind::Unknown);
    }

    #[test]
    fn a_module_that_is_cut_has_the_kind_that_shows() {
        let whole = wat::parse_str(r#"(module (func (export "_start")) (data "x"))"#).expect("WAT");
        let (short, least) = (&whole[..whole.len() - 3], &whole[..10]);
        assert_eq!(ModuleKind::of(short), ModuleKind::Program);
        assert_eq!(ModuleKind::of(least), ModuleKind::Unknown);
    }
}
