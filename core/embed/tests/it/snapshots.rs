//! A chain restored from a snapshot runs every contract as the one that executed all blocks: calls, scheduled calls,
//! draws, the task contract of genesis.

use super::sdk::module;
use hydrogen_core::snapshot::restore;
use hydrogen_core::{Chain, MemStore, Store, Table};
use hydrogen_embed::types::codec::encode;
use hydrogen_embed::types::task::{CONTRACT_NAME, TaskConfig, TaskInit};
use hydrogen_embed::types::{Amount, Height};
use hydrogen_embed::{EmbeddedChain, GenesisContract, SecretKey, json};
use hydrogen_vm::{Vm, VmConfig};
use std::sync::Arc;

/// Blocks with calls, money, approvals, calls due later and a new module now and then.
fn history(seed: u64) -> EmbeddedChain {
    let owner = EmbeddedChain::key_of(seed, "owner").address();
    let init = encode(&TaskInit { config: TaskConfig::default(), owner, relays: Vec::new() });
    let task = GenesisContract { name: CONTRACT_NAME.into(), code: module("task"), init, admin: None };
    let mut chain = EmbeddedChain::builder(seed).contract(task).open().unwrap();
    let alice = chain.funded_key();
    let probe = chain.upload(&alice, module("probe")).unwrap();
    let probe = chain.deploy(&alice, &probe, &json!({})).unwrap();
    chain.call_borsh(&alice, &probe, "deposit", Vec::new(), Amount::cnx(5_000)).unwrap();
    let counter = chain.upload(&alice, module("counter")).unwrap();
    let counter = chain.deploy(&alice, &counter, &json!({ "start": "5" })).unwrap();
    for number in 0..20 {
        chain.call(&alice, &counter, "increment", &json!({ "by": "3" })).unwrap();
        let tip = chain.tip();
        let draw_at = (number % 2 == 0).then_some(tip.height.get() + 2 + number % 5);
        let wake_ms = (tip.uptime_ms + 1_000 * number).to_string();
        let args = json!({ "draw_at": draw_at, "wake_ms": wake_ms, "note": "n", "gas": "300000000000" });
        chain.call(&alice, &probe, "schedule", &args).ok();
        let stranger = SecretKey::from_seed([u8::try_from(number).unwrap(); 32]);
        chain.transfer(&alice, &stranger.address(), Amount::cnx(1)).unwrap();
        chain.approve(&alice, &stranger.address(), Amount::new(u128::from(number))).unwrap();
        chain.advance_time(700).unwrap();
    }
    chain
}

#[test]
fn a_restored_chain_runs_every_contract() {
    let mut scheduled = 0;
    for seed in [3, 4] {
        let original = history(seed);
        let tip = original.tip();
        for height in [tip.height.get() / 4, tip.height.get() / 2, tip.height.get() - 3] {
            let height = Height::new(height);
            let mut chunks: Vec<Vec<u8>> = Vec::new();
            let mut sink = |_: u32, bytes: &[u8]| {
                chunks.push(bytes.to_vec());
                Ok(())
            };
            let manifest = original.reader().snapshot(height, &mut sink).unwrap();
            let store = Arc::new(MemStore::new());
            let mut source = |index: u32| Ok(chunks[usize::try_from(index).unwrap()].clone());
            restore(&*store, original.genesis(), &manifest, &mut source).unwrap();
            let vm = Arc::new(Vm::new(VmConfig::default()).unwrap());
            let mut copy = Chain::open(store.clone(), vm, (**original.genesis()).clone()).unwrap();
            for block in original.committed(height.next()).unwrap() {
                let imported = copy.import(block.block.clone(), block.certificate.clone()).unwrap();
                assert_eq!(imported.receipts, block.receipts);
                scheduled += block.receipts.len().saturating_sub(block.block.txs.len());
            }
            assert_eq!(copy.tip(), tip);
            let full = original.reader().snapshot(tip.height, &mut |_, _| Ok(())).unwrap();
            let again = copy.reader().snapshot(tip.height, &mut |_, _| Ok(())).unwrap();
            assert_eq!(again.id(), full.id(), "every key, value and module");
            assert_eq!(store.range(Table::Code, &[], None, 9).unwrap().len(), 3);
        }
    }
    assert!(scheduled > 30, "only {scheduled} scheduled calls ran after a restore");
}
