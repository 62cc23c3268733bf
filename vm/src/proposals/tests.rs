//! No proposal is forgotten, and `docs/features.md` says what the code does.

use super::{Allowed, PROPOSALS, contract_features, program_features};
use crate::limits::{CONTRACT, ModuleLimits, PROGRAM, TABLE_ELEMENTS_MAX, TABLES_MAX};
use std::collections::BTreeSet;
use std::fmt::Write;
use wasmtime::WasmFeatures;

#[test]
fn every_proposal_is_on_or_off_by_name() {
    let mut named = WasmFeatures::empty();
    let mut names = BTreeSet::new();
    for proposal in PROPOSALS {
        assert!((named & proposal.feature).is_empty(), "`{}` stands there twice", proposal.name);
        named |= proposal.feature;
        assert!(names.insert(proposal.name), "two are called `{}`", proposal.name);
        let mendable = proposal.allowed == Allowed::Everywhere || !proposal.without.is_empty();
        assert!(mendable && !proposal.reason.is_empty(), "`{}` lacks words", proposal.name);
    }
    assert_eq!(WasmFeatures::all() - named, WasmFeatures::empty(), "a switch without a name");
    assert_eq!(program_features() - contract_features(), WasmFeatures::SIMD);
}

/// What is bounded, for contracts, for programs, and why.
type Bound = (&'static str, fn(&ModuleLimits) -> String, &'static str);

const BOUNDS: &[Bound] = &[
    (
        "Bytes of the module",
        |l| l.module_bytes_max.to_string(),
        "bounds the time of compilation: the dearest module of a contract takes about a second on one core",
    ),
    (
        "Bytes of one function",
        |l| l.function_bytes_max.to_string(),
        "compilation takes more than linear time in the size of a function",
    ),
    ("Functions", |l| l.functions_max.to_string(), "each takes room in every instance"),
    ("Parameters of a function", |l| l.params_max.to_string(), "each widens the frame of every caller"),
    (
        "Locals of a function",
        |l| l.locals_max.to_string(),
        "a few bytes declare thousands, and each takes room in the frame",
    ),
    (
        "Targets of a branch table",
        |l| l.branch_targets_max.to_string(),
        "the compiler itself stops at 65,520, after the validation passes",
    ),
    ("Blocks inside blocks", |l| l.nesting_max.to_string(), "the compiler keeps a record of each"),
    ("Globals", |l| l.globals_max.to_string(), "each takes room in every instance"),
    ("Types", |l| l.types_max.to_string(), "each is registered with the engine"),
    ("Imports", |l| l.imports_max.to_string(), "the host has fewer functions"),
    ("Exports", |l| l.exports_max.to_string(), "each name is kept and looked up"),
    ("Data segments", |l| l.data_segments_max.to_string(), "each is a record of the compiled image"),
    ("Element segments", |l| l.element_segments_max.to_string(), "each fills the table anew at every start"),
    (
        "Pages of memory at the start",
        |l| l.pages_max.to_string(),
        "what a slot of the pool can hold; programs are bounded by their task besides",
    ),
    ("Tables", |_| TABLES_MAX.to_string(), "a slot of the pool holds one"),
    ("Elements of the table", |_| TABLE_ELEMENTS_MAX.to_string(), "what a slot of the pool holds"),
];

fn page() -> String {
    let mut page = String::from(HEAD);
    let mut rows = |title: &str, wanted: &dyn Fn(Allowed) -> bool| {
        write!(page, "\n{title}\n\n| proposal | contracts | programs | why |\n|---|---|---|---|\n")
            .expect("memory");
        for proposal in PROPOSALS.iter().filter(|proposal| wanted(proposal.allowed)) {
            let word = |on| if on { "on" } else { "off" };
            let (contracts, programs) = match proposal.allowed {
                Allowed::Everywhere => (true, true),
                Allowed::Programs => (false, true),
                Allowed::Nowhere => (false, false),
            };
            let (name, reason) = (proposal.name, proposal.reason);
            writeln!(page, "| `{name}` | {} | {} | {reason} |", word(contracts), word(programs))
                .expect("memory");
        }
    };
    rows("## On", &|allowed| allowed != Allowed::Nowhere);
    rows("## Off", &|allowed| allowed == Allowed::Nowhere);
    page.push_str(BOUNDS_HEAD);
    for (what, value, why) in BOUNDS {
        writeln!(page, "| {what} | {} | {} | {why} |", value(&CONTRACT), value(&PROGRAM)).expect("memory");
    }
    page
}

const HEAD: &str = "# WebAssembly in the sandbox

Made from `vm/src/proposals.rs` and `vm/src/limits.rs`; refresh with
`HYDROGEN_REFRESH=1 cargo test --release -p hydrogen-vm --lib proposals`.

Every proposal that the engine (wasmtime 48) knows has a line here, and a test counts them. A module that uses one that is off
is refused at upload; `hydrogen contract check FILE` names the proposal, every place, and the compiler flag that leaves it out.
Relaxed SIMD is set to its deterministic form as well, NaNs are made canonical, fuel is counted, and no clock interrupts anything.
";

const BOUNDS_HEAD: &str = "
## Bounds of a module

Checked before anything is compiled, so that a module that passes always compiles, in bounded time. What a running instance may
use (gas, memory, stack, lengths of arguments) stands in [limits.md](limits.md).

Besides: no start section, since it would run outside the meter; imports are functions of the host alone; data and element segments
begin at plain constants and lie inside memory and table, so that no instance fails to start.

| what | contract | program | why |
|---|---|---|---|
";

#[test]
fn the_page_is_fresh() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/features.md");
    let page = page();
    if std::env::var_os("HYDROGEN_REFRESH").is_some() {
        std::fs::write(path, &page).expect("a writable folder");
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(kept == page, "docs/features.md is not what the code says: refresh it as its head tells");
}
