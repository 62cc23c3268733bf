//! Measures what the gas schedule says: `cargo run --release -p hydrogen-vm --example prices`.
//!
//! First the time of a warm call, then for operators and every host function the time over the price. 1.0 is exact (one
//! gas is one picosecond); what takes more than twice its price is measured again, since other work on the machine only
//! slows down, and if it stays so the program fails. To be run on a machine that does nothing else.

#![allow(clippy::unwrap_used, reason = "the chain of the tests is used")]

// The chain in memory and the imports are those of the tests.
#[path = "../tests/it/fixture.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod fixture;
mod support;

use hydrogen_core::{NodeKeys, SecretKey};
use hydrogen_types::codec::encode;
use hydrogen_types::host::HOST_FUNCTIONS;
use hydrogen_types::schedule::{CallKind, Due, ScheduleRequest};
use hydrogen_types::{Address, Amount, Gas, Height};
use hydrogen_vm::{Vm, VmConfig};
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;
use support::Timed;

/// Operators to measure: name, body of a loop whose counter is local 0, and rounds.
const OPERATORS: &[(&str, &str, u32)] = &[
    ("empty loop", "", 20_000),
    ("i32 add, xor", "(local.set 1 (i32.xor (i32.add (local.get 1) (local.get 0)) (i32.const 77)))", 20_000),
    ("i64 mul", "(local.set 2 (i64.mul (local.get 2) (i64.const 6364136223846793005)))", 20_000),
    ("i32 div_u", "(local.set 1 (i32.div_u (i32.const -1) (i32.add (local.get 0) (i32.const 1))))", 20_000),
    (
        "i64 div_s",
        "(local.set 2 (i64.div_s (i64.add (local.get 2) (i64.const 0x7ffffffffffff000)) (i64.extend_i32_u (i32.add (local.get 0) (i32.const 3)))))",
        20_000,
    ),
    ("i64 rem_u", "(local.set 2 (i64.rem_u (i64.const -1) (i64.add (local.get 2) (i64.const 3))))", 20_000),
    (
        "load, store",
        "(i32.store (i32.and (local.get 0) (i32.const 0x7ffc)) (i32.load (i32.and (local.get 0) (i32.const 0x7ff8))))",
        20_000,
    ),
    ("f64 add", "(local.set 3 (f64.add (local.get 3) (f64.const 1.5)))", 20_000),
    ("f64 mul", "(local.set 3 (f64.mul (local.get 3) (f64.const 1.0000001)))", 20_000),
    ("f64 div", "(local.set 3 (f64.div (f64.const 1.5) (f64.add (local.get 3) (f64.const 1))))", 20_000),
    ("f64 sqrt", "(local.set 3 (f64.sqrt (f64.add (local.get 3) (f64.const 2))))", 20_000),
    (
        "f64 to i32 and back",
        "(local.set 3 (f64.convert_i32_s (i32.trunc_sat_f64_s (f64.add (local.get 3) (f64.const 1)))))",
        20_000,
    ),
    ("call", "(local.set 1 (call $tiny (local.get 1)))", 20_000),
    (
        "call_indirect",
        "(local.set 1 (call_indirect (param i32) (result i32) (local.get 1) (i32.const 0)))",
        20_000,
    ),
    ("br_table", "(block $a (block $b (br_table $a $b $a (i32.and (local.get 0) (i32.const 3)))))", 20_000),
    ("memory.fill 1 B", "(memory.fill (i32.const 0) (i32.const 1) (i32.const 1))", 10_000),
    ("memory.fill 32 KiB", "(memory.fill (i32.const 0) (i32.const 1) (i32.const 32768))", 1_000),
    ("memory.copy 4 MiB", "(memory.copy (i32.const 65536) (i32.const 18000000) (i32.const 0x400000))", 20),
    ("memory.grow 0", "(drop (memory.grow (i32.const 0)))", 10_000),
    ("memory.grow in vain", "(drop (memory.grow (i32.const 65000)))", 100),
    ("table.get", "(drop (table.get (i32.const 0)))", 10_000),
];

/// Bodies that are run once: name and body.
const ONCE: &[(&str, &str)] = &[
    (
        "grow and touch 25 MiB",
        "(drop (memory.grow (i32.const 400))) (memory.fill (i32.const 0x2580000) (i32.const 1) (i32.const 0x18fffff))",
    ),
    ("touch the first MiB", "(memory.fill (i32.const 0) (i32.const 1) (i32.const 0xfffff))"),
];

/// Host functions to measure, each with the body of a loop. Memory: 64 the key `k`, 128 an address.
const HOST: &[(&str, &str, u32)] = &[
    ("input_len", "(drop (call $input_len))", 10_000),
    ("input_read", "(call $input_read (i32.const 1024))", 10_000),
    ("context_len", "(drop (call $context_len))", 10_000),
    ("result_len", "(drop (call $result_len))", 10_000),
    ("result_read", "(call $result_read (i32.const 1024))", 10_000),
    ("context_read", "(call $context_read (i32.const 1024))", 10_000),
    (
        "storage_get 8 B",
        "(drop (call $storage_get (i32.const 64) (i32.const 1) (i32.const 1024) (i32.const 64)))",
        5_000,
    ),
    (
        "storage_get 60 KB",
        "(drop (call $storage_get (i32.const 66) (i32.const 1) (i32.const 1024) (i32.const 65000)))",
        500,
    ),
    (
        "storage_set 8 B",
        "(i32.store (i32.const 80) (local.get 0)) (call $storage_set (i32.const 80) (i32.const 4) (i32.const 64) (i32.const 8))",
        3_000,
    ),
    (
        "storage_set 60 KB",
        "(call $storage_set (i32.const 66) (i32.const 1) (i32.const 64) (i32.const 60000))",
        300,
    ),
    ("storage_remove", "(drop (call $storage_remove (i32.const 300) (i32.const 8)))", 3_000),
    (
        "storage_range of 30",
        "(drop (call $storage_range (i32.const 300) (i32.const 0) (i32.const 300) (i32.const 0) (i32.const 30) (i32.const 1024) (i32.const 4000)))",
        300,
    ),
    ("transfer", "(drop (call $transfer (i32.const 128) (i32.const 160)))", 3_000),
    ("transfer_from", "(drop (call $transfer_from (i32.const 1536) (i32.const 128) (i32.const 160)))", 2_000),
    ("balance", "(call $balance (i32.const 128) (i32.const 1024))", 3_000),
    ("allowance", "(call $allowance (i32.const 128) (i32.const 128) (i32.const 1024))", 3_000),
    ("return_value 32 KB", "(call $return_value (i32.const 0) (i32.const 32000))", 1_000),
    ("sha256 0 B", "(call $sha256 (i32.const 0) (i32.const 0) (i32.const 1024))", 5_000),
    ("sha256 60 KB", "(call $sha256 (i32.const 0) (i32.const 60000) (i32.const 1024))", 50),
    ("keccak256 0 B", "(call $keccak256 (i32.const 0) (i32.const 0) (i32.const 1024))", 5_000),
    ("keccak256 60 KB", "(call $keccak256 (i32.const 0) (i32.const 60000) (i32.const 1024))", 50),
    (
        "ed25519_verify",
        "(drop (call $ed25519_verify (i32.const 512) (i32.const 0) (i32.const 0) (i32.const 544)))",
        100,
    ),
    (
        "ed25519_verify 60 KB",
        "(drop (call $ed25519_verify (i32.const 512) (i32.const 0) (i32.const 60000) (i32.const 544)))",
        50,
    ),
    (
        "vrf_verify",
        "(drop (call $vrf_verify (i32.const 608) (i32.const 0) (i32.const 0) (i32.const 640) (i32.const 1024)))",
        100,
    ),
    ("emit", "(call $emit (i32.const 1600) (i32.const 11))", 250),
    (
        "schedule and unschedule",
        "(drop (call $unschedule (call $schedule (i32.const 1700) (i32.const REQUEST)) (i32.const 1024)))",
        200,
    ),
    ("unschedule of nothing", "(drop (call $unschedule (i64.const -1) (i32.const 1024)))", 1_000),
    ("log", "(call $log (i32.const 0) (i32.const 1000))", 1_000),
    (
        "call of nothing",
        "(drop (call $call (i32.const 128) (i32.const 64) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 400) (i64.const 0)))",
        1_000,
    ),
    (
        "call of the other",
        "(drop (call $call (i32.const 200) (i32.const 240) (i32.const 4) (i32.const 0) (i32.const 0) (i32.const 400) (i64.const 0)))",
        500,
    ),
];

/// Host functions that end a call, each in a call of its own.
const ENDING: &[(&str, &str)] = &[
    ("revert", "(call $revert (i32.const 1000) (i32.const 0) (i32.const 1000))"),
    (
        "panic",
        "(call $panic (i32.const 0) (i32.const 1000) (i32.const 0) (i32.const 200) (i32.const 1) (i32.const 1))",
    ),
    // Refused outside draws, but not before it is paid.
    ("beacon", "(call $beacon (i32.const 0))"),
];

const WARM: &str = r#"
    (func (export "call.warm")
        (drop (call $storage_get (i32.const 64) (i32.const 1) (i32.const 1024) (i32.const 64)))
        (call $storage_set (i32.const 64) (i32.const 1) (i32.const 1024) (i32.const 8))
        (call $return_value (i32.const 1024) (i32.const 8)))
    (func (export "call.empty"))"#;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\{byte:02x}")).collect()
}

/// A plan far ahead.
fn request() -> Vec<u8> {
    encode(&ScheduleRequest {
        kind: CallKind::Ordinary,
        due: Due::Height(Height::new(1_000_000)),
        method: String::from("a"),
        args: Vec::new(),
        gas: Gas::new(1),
        gas_price: 1_000_000,
        refund_to: Address::new([9; 20]),
    })
}

fn module(keys: &NodeKeys) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let mut text = format!(
        "(module {} (memory (export \"memory\") 600) (table 1 funcref) (elem (i32.const 0) $tiny)
        (func $tiny (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
        (data (i32.const 64) \"k\\00b\\00\") (data (i32.const 128) \"{}\") (data (i32.const 160) \"\\01\")
        (data (i32.const 200) \"{}\") (data (i32.const 240) \"warm\")
        (data (i32.const 512) \"{}{}\") (data (i32.const 608) \"{}{}\")
        (data (i32.const 1536) \"{}\") (data (i32.const 1600) \"\\03\\00\\00\\00Saw\") (data (i32.const 1700) \"{}\")",
        fixture::imports(),
        hex(&[9; 20]),
        hex(Address::of_name("other").as_bytes()),
        hex(&keys.account.public().0),
        hex(&keys.account.sign(b"").0),
        hex(&keys.vrf.public().0),
        hex(&keys.vrf.prove(b"")),
        hex(SecretKey::from_seed([2; 32]).address().as_bytes()),
        hex(&request()),
    );
    text.push_str(
        "(func (export \"init\") (local i32)
            (call $storage_set (i32.const 64) (i32.const 1) (i32.const 64) (i32.const 8))
            (call $storage_set (i32.const 66) (i32.const 1) (i32.const 64) (i32.const 60000))
            (loop $l
                (i32.store (i32.const 80) (local.get 0))
                (call $storage_set (i32.const 80) (i32.const 4) (i32.const 64) (i32.const 8))
                (br_if $l (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 1000)))))",
    );
    text.push_str(WARM);
    let request_len = request().len().to_string();
    for (index, (_, body, rounds)) in OPERATORS.iter().chain(HOST).enumerate() {
        let body = body.replace("REQUEST", &request_len);
        write!(
            text,
            "(func (export \"call.m{index}\") (local i32 i32 i64 f64) (loop $l {body}
                (br_if $l (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const {rounds}))))
                (i32.store (i32.const 0) (local.get 1)) (i64.store (i32.const 8) (local.get 2))
                (f64.store (i32.const 16) (local.get 3)))"
        )?;
    }
    for (index, (_, body)) in ONCE.iter().enumerate() {
        write!(text, "(func (export \"call.once{index}\") {body})")?;
    }
    for (index, (_, body)) in ENDING.iter().enumerate() {
        write!(text, "(func (export \"call.ending{index}\") {body})")?;
    }
    text.push(')');
    Ok(wat::parse_str(text)?)
}

struct Bench {
    chain: fixture::Bench,
    vm: Arc<Timed>,
}

/// Gas of the transactions of one block.
const BLOCK_GAS: u64 = 999_000_000_000;

impl Bench {
    fn open() -> Result<Self, Box<dyn std::error::Error>> {
        let vm = Arc::new(Timed::new(Vm::new(VmConfig::default())?));
        let big = module(&NodeKeys::from_seed([1; 32]))?;
        let contracts = [("big", big), ("other", fixture::contract(WARM))];
        let mut chain = fixture::Bench::open_on(vm.clone(), &contracts);
        // Something to transfer.
        chain.call_with("big", "empty", b"", Amount::cnx(1), BLOCK_GAS);
        chain.approve("big", Amount::cnx(1));
        Ok(Self { chain, vm })
    }

    /// Runs `method` so many times, each in a transaction, `per_block` in a block; time and gas of each.
    fn run(
        &mut self,
        contract: &str,
        method: &str,
        blocks: usize,
        per_block: u64,
    ) -> Result<Vec<(Duration, u64)>, Box<dyn std::error::Error>> {
        self.vm.take();
        for _ in 0..blocks {
            let tx =
                |ahead| self.chain.tx(ahead, (contract, method), b"", Amount::ZERO, BLOCK_GAS / per_block);
            let committed = self.chain.produce((0..per_block).map(tx).collect());
            for (receipt, side) in committed.receipts.iter().zip(&committed.side) {
                if !receipt.is_success() && !method.starts_with("ending") {
                    return Err(format!("{method}: code {}: {}", receipt.code, side.message).into());
                }
            }
        }
        Ok(self.vm.take())
    }

    /// What a small call takes.
    fn warm(&mut self, method: &str) -> Result<(), Box<dyn std::error::Error>> {
        let mut calls = self.run("other", method, 20, 200)?;
        calls.sort();
        let at = |part: usize| calls[calls.len() * part / 100].0.as_nanos() as f64 / 1_000.0;
        let (p10, p50, p99) = (at(10), at(50), at(99));
        println!("call `{method}`: p50 {p50:.1} us, p10 {p10:.1} us, p99 {p99:.1} us, {} gas", calls[0].1);
        Ok(())
    }

    /// The fastest of many runs of the big contract's method, since other work on the machine only slows down.
    fn best(&mut self, method: &str) -> Result<(Duration, u64), Box<dyn std::error::Error>> {
        let calls = self.run("big", method, 8, 5)?;
        // A nested call is noted before its caller, and costs less.
        let gas = calls.iter().map(|call| call.1).max().ok_or("no call")?;
        calls.into_iter().filter(|call| call.1 == gas).min().ok_or_else(|| "no call".into())
    }
}

/// Time over price, printed.
fn report(name: &str, time: Duration, gas: u64, rounds: u32) -> f64 {
    let ps = time.as_nanos() as f64 * 1_000.0;
    let each = ps / 1_000.0 / f64::from(rounds);
    let ratio = ps / gas as f64;
    println!("{name:24} {each:12.1} ns  {:14.0} gas  time/price {ratio:5.2}", gas as f64 / f64::from(rounds));
    ratio
}

/// Most that anything may take of its price.
const RATIO_MAX: f64 = 2.0;
/// Times that an outlier is measured again.
const TRIES: usize = 5;

impl Bench {
    /// Measures and prints; the least ratio of up to [`TRIES`] if the first is too large.
    fn check(
        &mut self,
        dear: &mut Vec<String>,
        name: &str,
        method: &str,
        idle: (Duration, u64),
        rounds: u32,
    ) -> Result<(), Box<dyn std::error::Error>> {
        for _ in 0..TRIES {
            let (time, gas) = self.best(method)?;
            if report(name, time.saturating_sub(idle.0), gas - idle.1, rounds) <= RATIO_MAX {
                return Ok(());
            }
        }
        dear.push(name.to_owned());
        Ok(())
    }
}

fn measure() -> Result<(), Box<dyn std::error::Error>> {
    let mut bench = Bench::open()?;
    for method in ["warm", "empty"] {
        bench.warm(method)?;
    }
    let names =
        HOST.iter().map(|row| row.0).chain(ENDING.iter().map(|row| row.0)).collect::<Vec<_>>().join(" ");
    for row in HOST_FUNCTIONS {
        // `call` is two of them, for one.
        assert!(names.contains(row.name), "no measurement of `{}`", row.name);
    }
    let idle = bench.best("empty")?;
    let mut dear = Vec::new();
    for (index, (name, _, rounds)) in OPERATORS.iter().chain(HOST).enumerate() {
        bench.check(&mut dear, name, &format!("m{index}"), idle, *rounds)?;
    }
    // These touch pages that the instance's own price covers, or end the call, so the instance counts.
    let none = (Duration::ZERO, 0);
    for (index, (name, _)) in ONCE.iter().enumerate() {
        bench.check(&mut dear, name, &format!("once{index}"), none, 1)?;
    }
    for (index, (name, _)) in ENDING.iter().enumerate() {
        bench.check(&mut dear, name, &format!("ending{index}"), none, 1)?;
    }
    if dear.is_empty() {
        Ok(())
    } else {
        Err(format!("more than twice their price: {}", dear.join(", ")).into())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    type Part = fn() -> Result<(), Box<dyn std::error::Error>>;
    let small: Part = || Bench::open()?.warm("warm");
    for (what, stack_size, part) in [
        ("from a thread with a small stack:", 2 << 20, small),
        ("from one with a large stack:", 32 << 20, measure),
    ] {
        println!("{what}");
        let thread = std::thread::Builder::new().stack_size(stack_size);
        let measured = thread.spawn(move || part().map_err(|error| error.to_string()))?.join();
        measured.map_err(|_| "the measuring thread panicked")??;
    }
    Ok(())
}
