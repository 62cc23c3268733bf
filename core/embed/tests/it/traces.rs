//! Traces: every receipt of a busy chain is executed again with the recorder on, comes out the same, and its gas is
//! found again to the last unit in what the trace lists.

use crate::sdk::module;
use hydrogen_core::limits::HISTORY_HEIGHTS;
use hydrogen_embed::types::host::HOST_FUNCTIONS;
use hydrogen_embed::types::receipt::{Receipt, code};
use hydrogen_embed::types::{Action, Amount, Gas, Hash, Height, codec};
use hydrogen_embed::{Datum, EmbedError, EmbeddedChain, Step, TracedCall, TracedReceipt, Usage, json};

/// The parts of a call and of all calls in it add up to what it used.
#[track_caller]
fn check_sum(call: &TracedCall) {
    let mut sum = call.start_gas.get() + call.unlisted_gas.get() + call.tail_gas.get();
    for step in &call.steps {
        sum += step.code_gas.get() + step.gas.get();
        if let Some(nested) = &step.nested {
            check_sum(nested);
            sum += nested.gas_used.get();
        }
    }
    assert_eq!(sum, call.gas_used.get(), "{} of {}", call.export, call.contract);
    assert!(call.gas_used <= call.gas_limit);
}

/// The trace of a receipt, reconciled with it.
#[track_caller]
fn traced(chain: &EmbeddedChain, receipt: &Receipt) -> TracedReceipt {
    let traced = chain.trace(&receipt.hash).unwrap();
    assert_eq!(traced.receipt, *receipt);
    let of_call = traced.trace.call.as_ref().map_or(0, |call| call.gas_used.get());
    assert_eq!(traced.trace.intrinsic_gas.get() + of_call, receipt.gas_used.get());
    if let Some(call) = &traced.trace.call {
        check_sum(call);
        assert_eq!(call.code, receipt.code);
    }
    traced
}

fn names(call: &TracedCall) -> Vec<&str> {
    call.steps.iter().map(|step| step.function).collect()
}

fn step<'a>(call: &'a TracedCall, function: &str) -> &'a Step {
    call.steps.iter().find(|step| step.function == function).unwrap_or_else(|| panic!("{:?}", names(call)))
}

/// A step costs what the table of host functions says of its name and its bytes.
#[track_caller]
fn check_price(step: &Step) {
    let row = HOST_FUNCTIONS.iter().find(|row| row.name == step.function).unwrap();
    let price = row.gas_base + row.gas_per_byte * step.bytes;
    // Gas is taken in units of fuel, 40 gas each, twice in a call at most.
    assert!(
        (price..price + 80).contains(&step.gas.get()),
        "{}: {} instead of {price}",
        step.function,
        step.gas
    );
}

/// A chain with successes, refusals, panics, nested calls, scheduled calls and actions without a call.
fn busy_chain() -> EmbeddedChain {
    let mut chain = EmbeddedChain::open(71).unwrap();
    let alice = chain.funded_key();
    let bob = chain.key("bob");
    chain.transfer(&alice, &bob.address(), Amount::cnx(100)).unwrap();
    let deploy = |chain: &mut EmbeddedChain, name: &str, init| {
        let code = chain.upload(&alice, module(name)).unwrap();
        chain.deploy(&alice, &code, &init).unwrap()
    };
    let token = json!({ "name": "Test", "symbol": "TST", "decimals": 2, "supply": "1000" });
    let token = deploy(&mut chain, "token", token);
    let escrow = deploy(&mut chain, "escrow", json!({}));
    let probe = deploy(&mut chain, "probe", json!({}));
    let price = Amount::cnx(1);
    let lottery = deploy(&mut chain, "lottery", json!({ "price": price.get().to_string(), "blocks": "3" }));
    let open = json!({
        "token": token.to_string(), "seller": bob.address().to_string(), "arbiter": alice.address().to_string(),
        "amount": "200", "lasts_ms": "60000",
    });
    // The callee refuses, and the escrow with it; then it goes through.
    assert_eq!(chain.call(&alice, &escrow, "open", &open).unwrap_err().code(), Some(1000));
    let allow = json!({ "spender": escrow.to_string(), "amount": "200" });
    chain.call(&alice, &token, "approve", &allow).unwrap();
    chain.call(&alice, &escrow, "open", &open).unwrap();
    // Two in one block: the second is executed again after the first.
    for key in ["one", "two"] {
        let args = codec::encode(&(key, vec![7u8; 2_000]));
        let action = Action::Call { contract: probe, method: "keep".into(), args, value: Amount::ZERO };
        chain.submit(&alice, action, Gas::new(10_000_000_000)).unwrap();
    }
    chain.produce().unwrap();
    let panicked = chain.call(&alice, &probe, "panic", &json!({ "number": "13" })).unwrap_err();
    assert_eq!(panicked.code(), Some(code::PANIC));
    let starved = Action::Call {
        contract: probe,
        method: "keep".into(),
        args: codec::encode(&("three", vec![1u8; 3_000])),
        value: Amount::ZERO,
    };
    assert_eq!(chain.run(&alice, starved, Gas::new(95_000_000)).unwrap_err().code(), Some(code::OUT_OF_GAS));
    let missing = chain.call_borsh(&alice, &probe, "nothing", Vec::new(), Amount::ZERO).unwrap_err();
    assert_eq!(missing.code(), Some(code::METHOD_NOT_FOUND));
    assert_eq!(
        chain.call_borsh(&alice, &probe, "peek", Vec::new(), Amount::ZERO).unwrap_err().code(),
        Some(code::FORBIDDEN)
    );
    chain.call_borsh(&bob, &lottery, "buy", Vec::new(), price).unwrap();
    for _ in 0..4 {
        chain.produce().unwrap();
    }
    chain
}

#[test]
fn every_receipt_is_found_again_to_the_last_unit_of_gas() {
    let chain = busy_chain();
    let (mut receipts, mut scheduled) = (0, 0);
    for block in chain.committed(Height::new(1)).unwrap() {
        scheduled += block.receipts.len() - block.block.txs.len();
        for receipt in &block.receipts {
            traced(&chain, receipt);
            receipts += 1;
        }
    }
    assert!(receipts >= 20 && scheduled >= 1, "{receipts} receipts, {scheduled} of them scheduled");
}

#[test]
fn a_trace_lists_reads_writes_and_events_at_the_prices_of_the_table() {
    let (mut chain, alice, counter) = crate::with_counter(72);
    let args = codec::encode(&3u64);
    let receipt = chain.call_borsh(&alice, &counter, "increment", args, Amount::ZERO).unwrap();
    let traced = traced(&chain, &receipt);
    let call = traced.trace.call.unwrap();
    assert_eq!(
        (call.contract, call.caller, call.export.as_str()),
        (counter, alice.address(), "call.increment")
    );
    call.steps.iter().for_each(check_price);
    let number = |value: u64| Datum::Bytes(value.to_le_bytes().to_vec(), 8);
    let key = Datum::Bytes(b"count\0".to_vec(), 6);
    assert_eq!(step(&call, "storage_get").details, [("key", key.clone()), ("value", number(5))]);
    assert_eq!(step(&call, "storage_set").details, [("key", key), ("value", number(8))]);
    assert_eq!(step(&call, "emit").details, [("event", Datum::Text("Incremented".into()))]);
    assert_eq!(call.outcome, number(8));
    let Usage { calls, host_calls, reads, read_bytes, writes, written_bytes, events, event_bytes } =
        traced.trace.usage;
    assert_eq!((calls, reads, read_bytes, writes, written_bytes, events), (1, 1, 8, 1, 14, 1));
    assert_eq!(host_calls, u64::try_from(call.steps.len()).unwrap());
    assert!(event_bytes > 40, "{event_bytes}");
    assert!(call.steps.iter().all(|step| step.code_gas > Gas::ZERO), "code runs before every host call");
}

#[test]
fn a_nested_call_stands_inside_the_host_call_that_made_it() {
    let chain = busy_chain();
    let nested: Vec<TracedCall> = chain
        .committed(Height::new(1))
        .unwrap()
        .iter()
        .flat_map(|block| &block.receipts)
        .filter_map(|receipt| traced(&chain, receipt).trace.call)
        .filter(|call| call.export == "call.open")
        .collect();
    assert_eq!(nested.len(), 2, "one that the token refused, one that went through");
    for (call, inner_code) in nested.iter().zip([1001, 0]) {
        let step = step(call, "call");
        let inner = step.nested.as_ref().expect("the token's call");
        assert_eq!((inner.export.as_str(), inner.code), ("call.transfer_from", inner_code));
        assert_eq!(inner.caller, call.contract);
        check_price(step);
    }
    let refusal = step(&nested[0], "call").nested.as_ref().unwrap().outcome.clone();
    assert_eq!(refusal, Datum::Text("the allowance is 0, 200 are needed".into()));
}

#[test]
fn what_cannot_be_traced_says_so() {
    let (chain, ..) = crate::with_counter(73);
    let unknown = chain.trace(&Hash::ZERO).unwrap_err();
    assert!(matches!(unknown, EmbedError::UnknownReceipt(hash) if hash == Hash::ZERO), "{unknown}");
    // The state before a block is kept for 1,000 heights.
    let (mut chain, alice, counter) = crate::with_counter(74);
    let args = codec::encode(&3u64);
    let receipt = chain.call_borsh(&alice, &counter, "increment", args, Amount::ZERO).unwrap();
    for _ in 0..HISTORY_HEIGHTS {
        chain.produce().unwrap();
    }
    let forgotten = chain.trace(&receipt.hash).unwrap_err().to_string();
    let before = receipt.height.get() - 1;
    assert!(forgotten.starts_with(&format!("no state at height {before}: heights ")), "{forgotten}");
}
