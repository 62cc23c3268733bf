//! Guests that mean harm. Each ends in a receipt with its own code; the node goes on.
//!
//! Cases stand in tables of names, module items, bodies and endings. Every table becomes one contract with a method for
//! each case, which runs on two sandboxes: the usual one, and one without pool, optimisation and backtraces. Codes, gas,
//! values and state roots must be the same on both.

mod basics;
mod bombs;
mod calls;
mod floats;
mod floods;
mod malformed;
mod pointers;
mod runaway;

use crate::fixture::{Bench, contract_with};
use hydrogen_types::Amount;
use hydrogen_types::receipt::code;
use hydrogen_vm::{Allocation, Optimisation, Vm, VmConfig};
use std::sync::{Arc, OnceLock};

/// Gas limit of a case: enough for anything that is meant to end.
pub(crate) const CASE_GAS: u64 = 4_000_000_000;

/// How a case must end.
#[derive(Debug, Clone)]
pub(crate) enum Ends {
    /// With this code, and all the gas of the limit gone: the meter is not exact after a trap.
    AllGas(u32),
    /// With this code, having paid for what it did.
    Metered(u32),
    /// Well, with this value.
    Value(Vec<u8>),
}

/// One hostile method.
pub(crate) struct Case {
    /// What it tries; the name in a failure.
    pub(crate) name: String,
    /// Items of the module that it needs.
    pub(crate) items: String,
    /// The method's locals and instructions.
    pub(crate) body: String,
    pub(crate) ends: Ends,
    /// What the message for the author contains.
    pub(crate) says: &'static str,
}

pub(crate) fn case(name: &str, items: &str, body: &str, ends: Ends) -> Case {
    Case { name: name.to_owned(), items: items.to_owned(), body: body.to_owned(), ends, says: "" }
}

pub(crate) fn traps(name: &str, body: &str) -> Case {
    case(name, "", body, Ends::AllGas(code::TRAP))
}

pub(crate) fn spins(name: &str, body: &str) -> Case {
    case(name, "", body, Ends::AllGas(code::OUT_OF_GAS))
}

pub(crate) fn returns(name: &str, body: &str, value: &[u8]) -> Case {
    case(name, "", body, Ends::Value(value.to_vec()))
}

impl Case {
    pub(crate) fn saying(self, says: &'static str) -> Self {
        Self { says, ..self }
    }
}

/// A sandbox that differs from the usual one in everything that may be chosen.
pub(crate) fn other_vm() -> Arc<Vm> {
    static VM: OnceLock<Arc<Vm>> = OnceLock::new();
    let config = VmConfig {
        lanes: 2,
        cache_bytes_max: 1,
        backtrace_frames_max: None,
        allocation: Allocation::OnDemand,
        optimisation: Optimisation::None,
        ..VmConfig::default()
    };
    VM.get_or_init(|| Arc::new(Vm::new(config).unwrap())).clone()
}

/// Runs every case on two sandboxes; returns how many there were.
pub(crate) fn check(memory: &str, cases: &[Case]) -> usize {
    let mut body = String::new();
    for (index, case) in cases.iter().enumerate() {
        body.push_str(&format!("{} (func (export \"call.m{index}\") {})\n", case.items, case.body));
    }
    let code = contract_with(memory, &body);
    let mut here = Bench::open(&[("c", code.clone())]);
    let mut there = Bench::open_on(other_vm(), &[("c", code)]);
    for (index, case) in cases.iter().enumerate() {
        let run = |bench: &mut Bench| {
            let ran = bench.call_with("c", &format!("m{index}"), b"", Amount::new(1), CASE_GAS);
            (ran.receipt, ran.side.message, bench.chain.tip().state_root)
        };
        let (receipt, message, root) = run(&mut here);
        let (other, _, other_root) = run(&mut there);
        let name = &case.name;
        assert_eq!(receipt, other, "{name}: another sandbox, another receipt");
        assert_eq!(root, other_root, "{name}: another sandbox, another state");
        let gas = receipt.gas_used.get();
        match &case.ends {
            Ends::AllGas(code) => assert_eq!((receipt.code, gas), (*code, CASE_GAS), "{name}: {message}"),
            Ends::Metered(code) => {
                assert_eq!(receipt.code, *code, "{name}: {message}");
                assert!(gas < CASE_GAS, "{name} burned everything: {message}");
            }
            Ends::Value(value) => {
                assert_eq!((receipt.code, &receipt.value), (0, value), "{name}: {message}");
            }
        }
        assert!(message.contains(case.says), "{name}: `{message}` does not say `{}`", case.says);
    }
    // Whatever they did, the next call is served.
    let ran = here.call_with("c", "nothing", b"", Amount::ZERO, CASE_GAS);
    assert_eq!(ran.receipt.code, code::METHOD_NOT_FOUND);
    cases.len()
}

/// Memory of this process, in KiB.
#[cfg(target_os = "linux")]
pub(crate) fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
