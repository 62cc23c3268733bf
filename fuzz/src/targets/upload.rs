//! Modules of contracts: their checks, then all that the ledger does with one that passes.

use crate::fixture::{COUNTER, genesis, vm};
use hydrogen_core::abi::Interface;
use hydrogen_core::{Chain, ChainError, GenesisContract, MemStore};
use hydrogen_types::Gas;
use std::sync::Arc;

/// Most gas of its `init`: 10 ms, for a loop without end is among the seeds.
const GAS_MAX: Gas = Gas::new(10_000_000_000);

/// Whether the checks pass.
pub(super) fn run(bytes: &[u8]) -> bool {
    let vm = vm();
    // Reading an interface asks nothing of the rest of the module, and must survive any.
    Interface::parse(bytes).ok();
    if let Err(error) = vm.check(bytes) {
        assert!(!error.message.is_empty(), "a refusal has a reason");
        return false;
    }
    let contract = GenesisContract { name: "it".into(), code: bytes.to_vec(), init: Vec::new(), admin: None };
    let store: Arc<MemStore> = Arc::default();
    let mut genesis = genesis(vec![contract]);
    (genesis.params.block_gas_max, genesis.params.scheduled_gas_max) = (GAS_MAX, GAS_MAX);
    match Chain::open(store, vm, genesis) {
        Err(ChainError::Vm(error)) => panic!("a module that passes compiles and runs: {error:?}"),
        Ok(_) | Err(_) => true,
    }
}

/// Sections of a module, each with a byte for its kind and its length before it.
fn section(kind: u8, bytes: &[u8]) -> Vec<u8> {
    [vec![kind, u8::try_from(bytes.len()).expect("a short section")], bytes.to_vec()].concat()
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let memory = section(5, &[1, 1, 1, 2]);
    let bare = [b"\0asm\x01\0\0\0".to_vec(), memory.clone(), section(7, b"\x01\x06memory\x02\0")].concat();
    // One exported function without parameters: its body is `nop`, or a loop without end.
    let with_body = |body: &[u8]| {
        let code = [vec![1, u8::try_from(body.len() + 1).expect("a short body"), 0], body.to_vec()].concat();
        let exports = [b"\x02\x06memory\x02\0".to_vec(), b"\x04init\0\0".to_vec()].concat();
        let parts = [section(1, &[1, 0x60, 0, 0]), section(3, &[1, 0]), memory.clone(), section(7, &exports)];
        [b"\0asm\x01\0\0\0".to_vec(), parts.concat(), section(10, &code)].concat()
    };
    let bodies: [&[u8]; 4] =
        [&[0x01, 0x0b], &[0x03, 0x40, 0x0c, 0, 0x0b, 0x0b], &[0, 0x0b], &[0x10, 0, 0x0b]];
    let mut seeds: Vec<Vec<u8>> = bodies.iter().map(|body| with_body(body)).collect();
    seeds.extend([bare, COUNTER.to_vec()]);
    seeds.retain(|seed| vm().check(seed).is_ok());
    seeds
}
