//! The figures of the sandbox: `cargo run --release -p hydrogen-vm --example bench`.
//!
//! A warm call (read, write, return), a cold one from disk, the compilation of a deployed module, a contract that
//! computes, and what metering costs it. Times of calls are those of the sandbox: from the ledger's call to its answer.

#![allow(clippy::unwrap_used, reason = "the chain of the tests is used")]

// The chain in memory and the imports are those of the tests.
#[path = "../tests/it/fixture.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod fixture;
mod support;

use hydrogen_types::Amount;
use hydrogen_vm::{Allocation, DiskCache, Optimisation, Vm, VmConfig};
use std::error::Error;
use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};
use support::Timed;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Gas of one call; a hundred fit a block.
const GAS: u64 = 9_000_000_000;

const WARM: &str = r#"
    (func (export "call.warm")
        (drop (call $storage_get (i32.const 64) (i32.const 1) (i32.const 1024) (i32.const 64)))
        (call $storage_set (i32.const 64) (i32.const 1) (i32.const 1024) (i32.const 8))
        (call $return_value (i32.const 1024) (i32.const 8)))"#;

/// Mixes 1 MiB as Argon2 does (additions, 32-bit products, rotations, each word from a place that depends on another),
/// 12 passes over it.
const MIX: &str = r#"
    (func $mix (export "call.mix") (local $i i32) (local $pass i32) (local $a i64) (local $b i64)
        (loop $again
            (local.set $i (i32.const 0))
            (loop $words
                (local.set $a (i64.load (local.get $i)))
                (local.set $b (i64.load (i32.and (i32.wrap_i64 (local.get $a)) (i32.const 0xffff8))))
                (local.set $a (i64.add (i64.add (local.get $a) (local.get $b))
                    (i64.shl (i64.mul (i64.and (local.get $a) (i64.const 0xffffffff)) (i64.and (local.get $b) (i64.const 0xffffffff))) (i64.const 1))))
                (local.set $b (i64.rotr (i64.xor (local.get $b) (local.get $a)) (i64.const 32)))
                (local.set $a (i64.add (i64.add (local.get $a) (local.get $b))
                    (i64.shl (i64.mul (i64.and (local.get $a) (i64.const 0xffffffff)) (i64.and (local.get $b) (i64.const 0xffffffff))) (i64.const 1))))
                (local.set $b (i64.rotr (i64.xor (local.get $b) (local.get $a)) (i64.const 24)))
                (i64.store (local.get $i) (i64.add (local.get $a) (i64.add (local.get $b) (i64.const 0x9e3779b97f4a7c15))))
                (br_if $words (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 0x100000))))
            (br_if $again (i32.lt_u (local.tee $pass (i32.add (local.get $pass) (i32.const 1))) (i32.const 12)))))"#;

/// A module of about 289 KiB, in functions of a few hundred bytes as compilers write them.
fn large() -> Vec<u8> {
    let mut body = String::from(WARM);
    for index in 0..1_070u32 {
        let step = "(local.set 1 (i64.add (i64.mul (local.get 1) (i64.const 6364136223846793005)) (i64.load offset=64 (i32.and (local.get 0) (i32.const 0xfff8)))))
            (if (i64.lt_u (local.get 1) (i64.const 77)) (then (i64.store (i32.and (local.get 0) (i32.const 0xfff8)) (local.get 1))))";
        let steps = step.repeat(5);
        let next = (index + 1) % 1_070;
        write!(
            body,
            "(func $f{index} (param i32) (result i64) (local i64) {steps}
                (if (i32.eqz (local.get 0)) (then (return (local.get 1)))) (call $f{next} (i32.sub (local.get 0) (i32.const 1))))"
        )
        .unwrap();
    }
    fixture::contract(&body)
}

fn micros(time: Duration) -> f64 {
    time.as_nanos() as f64 / 1_000.0
}

fn part(times: &mut [Duration], percent: usize) -> f64 {
    times.sort();
    micros(times[(times.len() - 1) * percent / 100])
}

fn show(what: &str, mut times: Vec<Duration>) {
    let (p10, p50, p99) = (part(&mut times, 10), part(&mut times, 50), part(&mut times, 99));
    println!("{what:52} p50 {p50:10.1} us   p10 {p10:10.1}   p99 {p99:10.1}   of {}", times.len());
}

/// A chain on a sandbox, and what its calls take.
struct Bench {
    chain: fixture::Bench,
    vm: Arc<Timed>,
}

impl Bench {
    fn open(config: VmConfig, contracts: &[(&str, Vec<u8>)]) -> Outcome<Self> {
        let vm = Arc::new(Timed::new(Vm::new(config)?));
        let chain = fixture::Bench::open_on(vm.clone(), contracts);
        vm.take();
        Ok(Self { chain, vm })
    }

    /// Calls of all these in turns, in blocks of a hundred.
    fn run(&mut self, calls: &[(&str, &str)], rounds: u64) -> Outcome<Vec<Duration>> {
        let per_block = (100 / u64::try_from(calls.len())?).max(1);
        for _ in 0..rounds.div_ceil(per_block) {
            let mut txs = Vec::new();
            for _ in 0..per_block.min(rounds) {
                for call in calls {
                    txs.push(self.chain.tx(u64::try_from(txs.len())?, *call, b"", Amount::ZERO, GAS));
                }
            }
            let committed = self.chain.produce(txs);
            if let Some(failed) = committed.receipts.iter().position(|receipt| !receipt.is_success()) {
                return Err(format!("{calls:?}: {:?}", committed.side[failed]).into());
            }
        }
        Ok(self.vm.take().into_iter().map(|(time, _)| time).collect())
    }
}

fn warm() -> Outcome {
    let small = fixture::contract(WARM);
    for (what, config) in [
        ("warm call (read, write, return)", VmConfig::default()),
        (
            "the same, pool without resident pages",
            VmConfig { allocation: Allocation::Lean, ..VmConfig::default() },
        ),
        ("the same, memory on demand", VmConfig { allocation: Allocation::OnDemand, ..VmConfig::default() }),
        (
            "the same, code not optimised",
            VmConfig { optimisation: Optimisation::None, ..VmConfig::default() },
        ),
    ] {
        let mut bench = Bench::open(config, &[("c", small.clone())])?;
        bench.run(&[("c", "warm")], 500)?;
        show(what, bench.run(&[("c", "warm")], 4_000)?);
    }
    let mut bench = Bench::open(VmConfig::default(), &[("c", large())])?;
    bench.run(&[("c", "warm")], 500)?;
    show("warm call of the large module", bench.run(&[("c", "warm")], 4_000)?);
    Ok(())
}

/// Two modules, and room for one in memory: every call loads its module from disk.
fn cold() -> Outcome {
    let folder = tempfile::tempdir()?;
    let disk = DiskCache::new(folder.path().to_owned(), [1; 32]);
    let config = VmConfig { cache_bytes_max: 1, disk: Some(disk), ..VmConfig::default() };
    let other = |code: Vec<u8>| {
        // Another hash: a custom section `x`.
        [code.as_slice(), &[0, 2, 1, b'x']].concat()
    };
    for (what, code) in [("small", fixture::contract(WARM)), ("large", large())] {
        let mut bench = Bench::open(config.clone(), &[("a", code.clone()), ("b", other(code.clone()))])?;
        bench.run(&[("a", "warm"), ("b", "warm")], 20)?;
        show(
            &format!("cold call from disk, {what} module of {} bytes", code.len()),
            bench.run(&[("a", "warm"), ("b", "warm")], 100)?,
        );
    }
    Ok(())
}

/// The first call of a module that nobody has compiled.
fn deploy() -> Outcome {
    let code = large();
    for (what, optimisation) in [("optimised", Optimisation::Speed), ("not optimised", Optimisation::None)] {
        let mut times = Vec::new();
        for _ in 0..7 {
            let vm = Arc::new(Timed::new(Vm::new(VmConfig { optimisation, ..VmConfig::default() })?));
            // Genesis runs `init`, which compiles.
            let _chain = fixture::Bench::open_on(vm.clone(), &[("c", code.clone())]);
            times.push(vm.take().first().ok_or("no call")?.0);
        }
        show(&format!("compilation, {what}, {} bytes", code.len()), times);
    }
    let mut times = Vec::new();
    let vm = Vm::new(VmConfig::default())?;
    for _ in 0..50 {
        let start = Instant::now();
        hydrogen_core::ContractVm::check(&vm, &code)?;
        times.push(start.elapsed());
    }
    show("its checks alone", times);
    Ok(())
}

/// The mixing loop as a contract, and bare: without meter, stack counter and canonical NaNs.
fn compute() -> Outcome {
    let body = format!("{WARM} {MIX}");
    let mut bench = Bench::open(VmConfig::default(), &[("c", fixture::contract_with("17", &body))])?;
    bench.run(&[("c", "mix")], 3)?;
    let mut metered = bench.run(&[("c", "mix")], 40)?;
    let metered_p50 = part(&mut metered, 50);
    show("12 passes of mixing 1 MiB, as a contract", metered);

    let mut config = wasmtime::Config::new();
    config.cranelift_opt_level(wasmtime::OptLevel::Speed);
    let engine = wasmtime::Engine::new(&config)?;
    let text = format!("(module (memory (export \"memory\") 17) {MIX})");
    let module = wasmtime::Module::new(&engine, wat::parse_str(text)?)?;
    let mut times = Vec::new();
    for _ in 0..40 {
        let start = Instant::now();
        let mut store = wasmtime::Store::new(&engine, ());
        let instance = wasmtime::Instance::new(&mut store, &module, &[])?;
        instance.get_typed_func::<(), ()>(&mut store, "call.mix")?.call(&mut store, ())?;
        times.push(start.elapsed());
    }
    let bare_p50 = part(&mut times, 50);
    show("the same, without any metering", times);
    println!("metering costs {:.1} %", (metered_p50 / bare_p50 - 1.0) * 100.0);
    Ok(())
}

fn main() -> Outcome {
    let all = || -> Outcome {
        warm()?;
        cold()?;
        deploy()?;
        compute()
    };
    // As much stack as the sandbox needs, so that calls are not handed to another thread.
    let thread = std::thread::Builder::new().stack_size(32 << 20);
    let measured = thread.spawn(move || all().map_err(|error| error.to_string()))?.join();
    Ok(measured.map_err(|_| "the measuring thread panicked")??)
}
