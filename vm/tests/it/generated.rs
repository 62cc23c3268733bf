//! Thousands of generated modules: what passes the checks compiles, and runs the same on sandboxes that differ in
//! everything their owner may choose (fresh or from disk, optimised or not, pooled or not): outcome, gas, values (a
//! digest of memory and globals) and state root.
//!
//! `HYDROGEN_MODULES=10000` for more than the gate's number; `HYDROGEN_SEED=7` to begin elsewhere.

mod wrap;

use crate::fixture::{Bench, vm};
use arbitrary::Unstructured;
use hydrogen_core::ContractVm;
use hydrogen_types::{Amount, Hash};
use hydrogen_vm::{Allocation, DiskCache, Optimisation, Vm, VmConfig, program, report};
use std::collections::BTreeMap;
use std::sync::Arc;
use wasm_smith::{Config, Module};

/// Modules of one run of the gate.
const MODULES: u64 = 300;
/// Modules of one chain.
const BATCH: usize = 50;
/// Methods of each.
const METHODS: usize = wrap::METHODS;
/// Gas of one call: endless ones burn it in a moment.
const GAS: u64 = 120_000_000;

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// Bytes that a seed grows into.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let block = |index: u64| *Hash::sha256(&[seed.to_le_bytes(), index.to_le_bytes()].concat()).as_bytes();
    (0..).flat_map(block).take(length).collect()
}

/// Modules within what contracts may use.
fn narrow(seed: u64) -> Config {
    Config {
        // With these come references to a host's objects, which are off.
        reference_types_enabled: seed.is_multiple_of(8),
        allow_start_export: false,
        exceptions_enabled: false,
        extended_const_enabled: false,
        gc_enabled: false,
        max_imports: 0,
        max_funcs: 12,
        min_funcs: 2,
        max_instructions: 300,
        max_globals: 8,
        max_memories: 1,
        min_memories: 1,
        max_memory32_bytes: 4 << 20,
        memory_max_size_required: true,
        memory64_enabled: false,
        max_table_elements: 500,
        table_max_size_required: true,
        max_tables: 1,
        max_type_size: 100,
        multi_value_enabled: false,
        relaxed_simd_enabled: false,
        simd_enabled: false,
        tail_call_enabled: false,
        threads_enabled: false,
        ..Config::default()
    }
}

fn generate(config: Config, seed: u64) -> Option<Vec<u8>> {
    let bytes = noise(seed, 2_000 + usize::try_from(seed % 7).unwrap() * 1_000);
    Some(Module::new(config, &mut Unstructured::new(&bytes)).ok()?.to_bytes())
}

/// Three sandboxes, and what became of the calls.
struct Differential {
    sandboxes: [Arc<Vm>; 3],
    modules: usize,
    refused: usize,
    calls: usize,
    codes: BTreeMap<u32, usize>,
}

impl Differential {
    fn new(folder: &std::path::Path) -> Self {
        let open = |config: VmConfig| Arc::new(Vm::new(config).unwrap());
        let base = VmConfig { lanes: 2, ..VmConfig::default() };
        let plain = open(VmConfig {
            allocation: Allocation::OnDemand,
            optimisation: Optimisation::None,
            backtrace_frames_max: None,
            ..base.clone()
        });
        // Room for one module in memory: all calls but the first of a module load it from disk.
        let from_disk = open(VmConfig {
            allocation: Allocation::Lean,
            cache_bytes_max: 1,
            disk: Some(DiskCache::new(folder.to_owned(), [3; 32])),
            ..base
        });
        Self { sandboxes: [vm(), plain, from_disk], modules: 0, refused: 0, calls: 0, codes: BTreeMap::new() }
    }

    fn run(&mut self, modules: &[(u64, Vec<u8>)]) {
        let names: Vec<String> = modules.iter().map(|(seed, _)| format!("s{seed}")).collect();
        let contracts: Vec<(&str, Vec<u8>)> =
            names.iter().map(String::as_str).zip(modules.iter().map(|(_, code)| code.clone())).collect();
        let mut results = Vec::new();
        for sandbox in &self.sandboxes {
            let mut bench = Bench::open_on(sandbox.clone(), &contracts);
            let mut txs = Vec::new();
            for method in 0..METHODS {
                for name in &names {
                    let ahead = u64::try_from(txs.len()).unwrap();
                    let method = format!("m{method}");
                    txs.push(bench.tx(ahead, (name.as_str(), method.as_str()), b"", Amount::ZERO, GAS));
                }
            }
            let committed = bench.produce(txs);
            results.push((committed.receipts.clone(), bench.chain.tip().state_root));
        }
        let (first, root) = &results[0];
        for (other, other_root) in &results[1..] {
            for (index, (a, b)) in first.iter().zip(other).enumerate() {
                assert_eq!(a, b, "method {} of seed {}", index / names.len(), names[index % names.len()]);
            }
            assert_eq!((first.len(), root), (other.len(), other_root), "states of {names:?}");
        }
        self.modules += modules.len();
        self.calls += first.len();
        for receipt in first {
            *self.codes.entry(receipt.code).or_default() += 1;
        }
    }
}

#[test]
fn generated_modules_run_the_same_everywhere() {
    let (wanted, seed) = (number("HYDROGEN_MODULES", MODULES), number("HYDROGEN_SEED", 1));
    let folder = tempfile::tempdir().unwrap();
    let mut differential = Differential::new(folder.path());
    let mut batch = Vec::new();
    for seed in seed..seed + wanted {
        let Some(code) = generate(narrow(seed), seed).and_then(|code| wrap::wrap(&code)) else { continue };
        let refused = report(&code).findings;
        if let Err(error) = vm().check(&code) {
            assert!(!refused.is_empty(), "seed {seed}: refused for {error} but without findings");
            differential.refused += 1;
            continue;
        }
        assert_eq!(refused, [], "seed {seed}: passes with findings");
        batch.push((seed, code));
        if batch.len() == BATCH {
            differential.run(&std::mem::take(&mut batch));
        }
    }
    differential.run(&batch);
    let counts = differential.sandboxes[2].cache_counts();
    println!(
        "{} modules ran, {} calls, {} refused by the checks; loaded from disk {} times; receipts by code: {:?}",
        differential.modules, differential.calls, differential.refused, counts.loaded, differential.codes
    );
    assert!(differential.modules * 3 > usize::try_from(wanted).unwrap(), "too few to mean anything");
    assert!(usize::try_from(counts.compiled).unwrap() >= differential.modules, "each is compiled");
    assert!(counts.loaded > 0);
    assert!(differential.codes.get(&0).is_some_and(|ran| *ran > differential.calls / 20), "too few end well");
}

/// Modules with every proposal that the generator knows: refused or compiled, never a panic, and the report agrees.
#[test]
fn wild_modules_are_refused_or_compile() {
    let wanted = number("HYDROGEN_MODULES", MODULES);
    let (mut passed, mut refused) = (0, 0);
    for seed in 0..wanted {
        let config = Config { max_memory32_bytes: 8 << 20, ..Config::default() };
        let Some(code) = generate(config, seed ^ 0x5eed_0000) else { continue };
        drop(program::check(&code));
        match vm().check(&code) {
            Ok(()) => {
                passed += 1;
                Bench::open(&[("c", code)]);
            }
            Err(_) => {
                refused += 1;
                // Dear: a walk for every proposal that is off.
                if seed % 10 == 0 {
                    assert!(!report(&code).findings.is_empty(), "seed {seed}");
                }
            }
        }
    }
    println!("{passed} passed and compiled, {refused} refused");
    assert!(refused > wanted / 2, "{refused}");
}
