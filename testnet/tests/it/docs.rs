//! Documents that are made from the code.

use hydrogen_types::host::{HOST_FUNCTIONS, HostFunction, ValType};
use std::fmt::Write;
use std::path::Path;

const HEAD: &str = "# Host functions

What a contract may import from module `hydrogen`: made from the table in `core/types/src/host.rs`, which is also what the
sandbox links and the SDK declares. Refresh with
`HYDROGEN_REFRESH=1 cargo test --release --workspace --test it docs::`.

Pointers and lengths are `i32` offsets into the contract's memory. Gas is in units of one picosecond of the reference
machine; a byte is one moved, hashed or stored. A negative result is a refusal: -1 absent, -2 balance too low, -3 allowance
too low, -4 bad schedule, -5 schedule too large, -6 schedule full. A pointer outside memory or a length beyond the limits
traps.

| function | gas | gas a byte | does |
|---|---|---|---|
";

fn signature(function: &HostFunction) -> String {
    let text = |kind: ValType| match kind {
        ValType::I32 => "i32",
        ValType::I64 => "i64",
    };
    let params: Vec<String> =
        function.params.iter().map(|(name, kind)| format!("{name}: {}", text(*kind))).collect();
    let result = function.result.map(|kind| format!(" -> {}", text(kind))).unwrap_or_default();
    format!("{}({}){result}", function.name, params.join(", "))
}

#[test]
fn the_table_of_host_functions_is_documented() {
    let mut wanted = String::from(HEAD);
    for function in HOST_FUNCTIONS {
        let HostFunction { gas_base, gas_per_byte, doc, .. } = function;
        writeln!(wanted, "| `{}` | {gas_base} | {gas_per_byte} | {doc} |", signature(function)).unwrap();
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/host-functions.md");
    if std::env::var_os("HYDROGEN_REFRESH").is_some() {
        std::fs::write(&path, &wanted).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, wanted, "docs/host-functions.md is stale: refresh it as it says at its top");
}
