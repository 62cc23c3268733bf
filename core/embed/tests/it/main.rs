//! The embedded chain through its public face, with the real sandbox and the committed counter contract.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod draws;
mod examples;
mod sdk;
mod snapshots;
mod traces;

use hydrogen_embed::types::{Action, Address, Amount, Gas, Height};
use hydrogen_embed::{EmbedError, EmbeddedChain, SecretKey, json};

fn counter_module() -> Vec<u8> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../contracts/wasm/counter.wasm");
    std::fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn with_counter(seed: u64) -> (EmbeddedChain, SecretKey, Address) {
    let mut chain = EmbeddedChain::open(seed).unwrap();
    let alice = chain.funded_key();
    let code = chain.upload(&alice, counter_module()).unwrap();
    let counter = chain.deploy(&alice, &code, &json!({ "start": "5" })).unwrap();
    (chain, alice, counter)
}

fn total(chain: &EmbeddedChain) -> u128 {
    chain.accounts().unwrap().iter().map(|(_, account)| account.balance.get()).sum()
}

#[test]
fn calls_return_values_and_events() {
    let (mut chain, alice, counter) = with_counter(1);
    let first = chain.tip().height.next();
    assert_eq!(chain.call(&alice, &counter, "increment", &json!({ "by": "3" })).unwrap(), json!("8"));
    assert_eq!(chain.query(&counter, "get", &json!({})).unwrap(), json!("8"));
    let events = chain.events(first).unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!((events[0].0, events[0].1.name.as_str()), (first, "Incremented"));
    assert_eq!(events[0].1.address("caller"), Some(alice.address()));
}

#[test]
fn a_failed_call_carries_its_receipt_and_changes_only_the_gas() {
    let (mut chain, alice, counter) = with_counter(2);
    let nonce = |chain: &EmbeddedChain| chain.reader().account(&alice.address(), None).unwrap().nonce;
    let (before, supply) = (nonce(&chain), total(&chain));
    let failed =
        chain.call(&alice, &counter, "increment", &json!({ "by": u64::MAX.to_string() })).unwrap_err();
    let EmbedError::Failed { receipt, .. } = &failed else { panic!("{failed}") };
    assert_eq!((receipt.code, failed.code()), (1000, Some(1000)));
    assert!(receipt.gas_used > Gas::ZERO && !receipt.fee.is_zero());
    assert!(failed.message().contains("more than the counter holds"), "{failed}");
    assert_eq!(nonce(&chain), before + 1);
    assert_eq!(chain.query(&counter, "get", &json!({})).unwrap(), json!("5"));
    assert_eq!(total(&chain), supply);
}

#[test]
fn refusals_name_what_is_wrong() {
    let (mut chain, alice, counter) = with_counter(3);
    let poor = chain.key("poor");
    let refused = chain.transfer(&poor, &alice.address(), Amount::cnx(1)).unwrap_err();
    assert!(refused.to_string().contains("balance 0 CNX"), "{refused}");
    let nowhere = Address::of_name("nowhere");
    let missing = chain.call(&alice, &nowhere, "increment", &json!({ "by": "1" })).unwrap_err();
    assert!(matches!(missing, EmbedError::NoContract(address) if address == nowhere));
    let foreign = chain.call(&alice, &counter, "decrement", &json!({})).unwrap_err();
    assert!(matches!(foreign, EmbedError::Interface(_)), "{foreign}");
    let garbage = chain.upload(&alice, b"not a module".to_vec()).unwrap_err();
    assert!(garbage.code().is_some_and(|code| code != 0), "{garbage}");
}

#[test]
fn the_same_seed_gives_the_same_chain() {
    let run = |seed| {
        let (mut chain, alice, counter) = with_counter(seed);
        chain.call(&alice, &counter, "increment", &json!({ "by": "1" })).unwrap();
        chain.tip()
    };
    assert_eq!(run(4), run(4));
    assert_ne!(run(4).hash, run(5).hash);
}

#[test]
fn a_snapshot_can_be_reverted_to_again_and_again() {
    let (mut chain, alice, counter) = with_counter(6);
    let (before, snapshot) = (chain.tip(), chain.snapshot());
    let mut after = Vec::new();
    for _ in 0..2 {
        chain.call(&alice, &counter, "increment", &json!({ "by": "1" })).unwrap();
        after.push(chain.tip());
        chain.revert(&snapshot).unwrap();
        assert_eq!(chain.tip(), before);
        assert_eq!(chain.query(&counter, "get", &json!({})).unwrap(), json!("5"));
    }
    assert_eq!(after[0], after[1]);
}

#[test]
fn exported_blocks_give_the_same_roots_elsewhere_and_altered_ones_do_not() {
    let (mut chain, alice, counter) = with_counter(7);
    chain.call(&alice, &counter, "increment", &json!({ "by": "2" })).unwrap();
    chain.advance_time(60_000).unwrap();
    let blocks = chain.export(Height::new(1)).unwrap();
    assert!(blocks.len() >= 4);
    let genesis = chain.genesis().as_ref().clone();
    let mut follower = EmbeddedChain::builder(99).genesis(genesis).open().unwrap();
    let mut forged = blocks[0].clone();
    forged.0.header.state_root = hydrogen_embed::types::Hash::ZERO;
    assert!(matches!(follower.import(forged.0, forged.1), Err(EmbedError::Block(_))));
    let mut unsigned = blocks[0].clone();
    unsigned.1.signatures.clear();
    assert!(matches!(follower.import(unsigned.0, unsigned.1), Err(EmbedError::Block(_))));
    for (block, certificate) in blocks {
        follower.import(block, certificate).unwrap();
    }
    assert_eq!(follower.tip(), chain.tip());
    assert_eq!(follower.query(&counter, "get", &json!({})).unwrap(), json!("7"));
}

#[test]
fn several_transactions_share_a_block_and_time_moves_on() {
    let mut chain = EmbeddedChain::open(8).unwrap();
    let (alice, bob) = (chain.funded_key(), chain.key("bob").address());
    let start = chain.tip();
    for amount in 1..=3 {
        let action = Action::Transfer { to: bob, amount: Amount::cnx(amount) };
        chain.submit(&alice, action, Gas::new(1_000_000_000)).unwrap();
    }
    let committed = chain.produce().unwrap();
    assert_eq!(committed.receipts.len(), 3);
    assert_eq!(chain.balance(&bob).unwrap(), Amount::cnx(6));
    chain.advance_time(3_600_000).unwrap();
    let tip = chain.tip();
    assert_eq!(tip.uptime_ms - start.uptime_ms, 3_601_000);
    assert_eq!(tip.height.get(), 2);
}
