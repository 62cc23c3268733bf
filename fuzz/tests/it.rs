//! Every target over its seeds, its corpus and a fixed number of mutations of both. An engine that looks for more is
//! started by `fuzz/run`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use hydrogen_fuzz::{Mutator, TARGETS, Target, target};
use std::path::{Path, PathBuf};

/// Mutations of one target; `HYDROGEN_FUZZ_RUNS` asks for another number.
const RUNS: usize = 1_000;
/// Bytes of one target's corpus, and of all of them.
const CORPUS_BYTES_MAX: u64 = 64 << 10;

fn folder(target: &Target) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target.name)
}

fn corpus(target: &Target) -> Vec<Vec<u8>> {
    let Ok(entries) = std::fs::read_dir(folder(target)) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

fn check(name: &str, cost: usize) {
    let target = target(name).unwrap();
    let seeds = (target.seeds)();
    for (index, seed) in seeds.iter().enumerate() {
        assert!((target.run)(seed), "seed {index} of {name} is taken");
    }
    let inputs = [seeds, corpus(target)].concat();
    for input in &inputs {
        (target.run)(input);
    }
    let asked = std::env::var("HYDROGEN_FUZZ_RUNS").ok().map(|runs| runs.parse().unwrap());
    let runs = asked.unwrap_or(RUNS / cost);
    let mut mutator = Mutator::new(7);
    let mut refused = 0usize;
    for run in 0..runs {
        let (one, other) = (&inputs[run % inputs.len()], &inputs[(run * 7 + 3) % inputs.len()]);
        refused += usize::from(!(target.run)(&mutator.mutate(one, other)));
    }
    assert!(refused * 10 > runs, "{refused} of {runs} mutations of {name} are refused");
}

macro_rules! targets {
    ($($name:ident: $cost:literal,)*) => {
        $(#[test] fn $name() { check(stringify!($name), $cost); })*
        const TESTED: &[&str] = &[$(stringify!($name)),*];
    };
}

// With how many times fewer runs: what executes contracts or compiles is dear.
targets! {
    transaction: 1,
    block: 2,
    agreement: 10,
    request: 1,
    record: 1,
    wal: 5,
    snapshot: 2,
    genesis: 1,
    proof: 1,
    hop: 1,
    abi: 1,
    upload: 10,
    relay: 1,
}

#[test]
fn every_target_is_tested_and_says_what_it_is_for() {
    let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
    assert_eq!(names, TESTED);
    assert!(TARGETS.iter().all(|target| target.about.len() > 20));
}

#[test]
fn corpora_are_small_and_belong_to_a_target() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let Ok(entries) = std::fs::read_dir(root) else { return };
    for entry in entries {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let target = target(&name).unwrap_or_else(|| panic!("corpus/{name} belongs to no target"));
        let bytes: u64 = corpus(target).iter().map(|input| input.len() as u64).sum();
        assert!(bytes <= CORPUS_BYTES_MAX, "corpus/{name} has {bytes} bytes: minimise it with fuzz/run");
    }
}

/// Writes every target's seeds below the folder that `HYDROGEN_FUZZ_SEEDS` names, for the engine to start from.
#[test]
fn seeds_are_written_where_asked() {
    let Some(root) = std::env::var_os("HYDROGEN_FUZZ_SEEDS") else { return };
    for target in TARGETS {
        let folder = Path::new(&root).join(target.name);
        std::fs::create_dir_all(&folder).unwrap();
        for (index, seed) in (target.seeds)().iter().enumerate() {
            std::fs::write(folder.join(format!("seed-{index:02}")), seed).unwrap();
        }
    }
}
