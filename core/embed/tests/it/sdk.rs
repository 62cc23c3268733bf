//! The contract SDK on the real sandbox: each host function through the SDK's face of it, by the contract `probe`.

use hydrogen_core::crypto::VrfSecret;
use hydrogen_embed::types::receipt::code;
use hydrogen_embed::types::{Address, Amount, Gas, Hash, codec, event};
use hydrogen_embed::{EmbedError, EmbeddedChain, Json, SecretKey, json};

/// The SDK's own refusal of CNX that a method does not take.
const NOT_PAYABLE: u32 = 1_000_000;

pub(crate) fn module(name: &str) -> Vec<u8> {
    let folder = std::env::var("HYDROGEN_WASM_DIR")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../contracts/wasm").into());
    let path = format!("{folder}/{name}.wasm");
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

struct Probe {
    chain: EmbeddedChain,
    alice: SecretKey,
    address: Address,
}

impl Probe {
    fn new(seed: u64) -> Self {
        let mut chain = EmbeddedChain::open(seed).unwrap();
        let alice = chain.funded_key();
        let code = chain.upload(&alice, module("probe")).unwrap();
        let address = chain.deploy(&alice, &code, &json!({})).unwrap();
        Self { chain, alice, address }
    }

    fn call(&mut self, method: &str, args: Json) -> Result<Json, EmbedError> {
        self.chain.call(&self.alice, &self.address, method, &args)
    }

    fn query(&mut self, method: &str, args: Json) -> Json {
        self.chain.query(&self.address, method, &args).unwrap()
    }

    fn fund(&mut self, amount: Amount) {
        let receipt =
            self.chain.call_borsh(&self.alice, &self.address, "deposit", Vec::new(), amount).unwrap();
        assert_eq!(receipt.value, codec::encode(&amount));
    }

    #[track_caller]
    fn check_refused(&mut self, method: &str, args: Json, code: u32, message: &str) {
        let error = self.call(method, args).unwrap_err();
        assert_eq!((error.code(), error.message()), (Some(code), message));
    }
}

fn hex(bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("0x{digits}")
}

#[test]
fn storage_is_kept_ranged_and_forgotten() {
    let mut probe = Probe::new(1);
    let large = vec![7u8; 60_000];
    let first = probe.chain.tip().height.next();
    for (key, value) in [("b", vec![1]), ("a", large.clone()), ("ab", vec![]), ("c", large.clone())] {
        probe.call("keep", json!({ "key": key, "value": hex(&value) })).unwrap();
    }
    assert_eq!(probe.query("entry", json!({ "key": "a" })), json!(hex(&large)), "more than the first guess");
    assert_eq!(probe.query("entry", json!({ "key": "ab" })), json!("0x"), "empty is a value");
    assert_eq!(probe.query("entry", json!({ "key": "z" })), Json::Null);
    // Two values of 60,000 bytes do not fit one read: the SDK reads on.
    let all = json!([["a", "60000"], ["ab", "0"], ["b", "1"], ["c", "60000"]]);
    assert_eq!(probe.query("entries", json!({ "limit": 9 })), all);
    assert_eq!(probe.query("entries", json!({ "after": "a", "limit": 2 })), json!([["ab", "0"], ["b", "1"]]));
    assert_eq!(probe.call("forget", json!({ "key": "ab" })).unwrap(), json!(true));
    assert_eq!(probe.call("forget", json!({ "key": "ab" })).unwrap(), json!(false));

    let events = probe.chain.events(first).unwrap();
    let sizes: Vec<&event::Value> = events.iter().filter_map(|(_, event)| event.get("size")).collect();
    let [small, large] = ["very_small", "large"].map(|text| event::Value::Text(text.into()));
    assert_eq!(sizes, [&small, &large, &small, &large]);
}

#[test]
fn the_context_is_what_the_chain_says() {
    let mut probe = Probe::new(2);
    let shown = probe.query("whoami", json!({}));
    let nobody = Address::default().to_string();
    let height = probe.chain.tip().height.to_string();
    let price = probe.chain.genesis().params.gas_price_min.to_string();
    let id = probe.chain.genesis().chain_id.to_string();
    assert_eq!(shown, json!([id, nobody, probe.address.to_string(), nobody, "0", height, price]));
}

#[test]
fn money_moves_and_refusals_come_back_as_errors() {
    let mut probe = Probe::new(3);
    let bob = probe.chain.key("bob");
    probe.fund(Amount::new(100));
    let to = bob.address().to_string();
    assert_eq!(probe.call("pay", json!({ "to": to, "amount": "60" })).unwrap(), json!("60"));
    probe.check_refused("pay", json!({ "to": to, "amount": "41" }), 1000, "transfer: the balance is too low");
    let alice = probe.alice.address().to_string();
    let collect = |amount: &str| json!({ "from": alice, "amount": amount });
    probe.check_refused("collect", collect("1"), 1000, "transfer: the allowance is too low");
    probe.chain.approve(&probe.alice, &probe.address, Amount::new(9)).unwrap();
    assert_eq!(probe.call("collect", collect("4")).unwrap(), json!("5"));
    assert_eq!(probe.chain.balance(&probe.address).unwrap(), Amount::new(44));
}

#[test]
fn scheduled_calls_wake_draw_and_can_be_taken_back() {
    let mut probe = Probe::new(4);
    let gas = 500_000_000_000u64;
    let args = |draw_at: Option<u64>, wake_ms: u64, note: &str| json!({ "draw_at": draw_at, "wake_ms": wake_ms.to_string(), "note": note, "gas": gas.to_string() });
    probe.check_refused(
        "schedule",
        args(None, 1 << 40, "x"),
        1001,
        "schedule: the contract cannot pay for the scheduled call",
    );
    probe.fund(Amount::cnx(10));
    let past = "schedule: due too early, of the wrong kind, or below the minimum gas price";
    probe.check_refused("schedule", args(Some(1), 0, "x"), 1001, past);

    let due = probe.chain.tip().height.plus(2);
    probe.call("schedule", args(Some(due.get()), 0, "draw")).unwrap();
    let block = probe.chain.produce().unwrap();
    assert_eq!(block.block.header.height, due);
    let beacon = block.block.header.beacon;
    let woken =
        json!({ "note": "draw", "beacon": beacon.to_string(), "height": due.to_string(), "by_itself": true });
    assert_eq!(probe.query("woken", json!({})), woken);

    let wake_ms = probe.chain.tip().uptime_ms + 60_000;
    let id = probe.call("schedule", args(None, wake_ms, "late")).unwrap();
    probe.chain.advance_time(70_000).unwrap();
    let woken = probe.query("woken", json!({}));
    assert_eq!((&woken["note"], &woken["beacon"]), (&json!("late"), &Json::Null));
    assert_eq!(probe.call("unschedule", json!({ "id": id })).unwrap(), Json::Null, "it has run");

    let id = probe.call("schedule", args(None, wake_ms + 600_000, "never")).unwrap();
    let cost = Gas::new(gas).cost(probe.chain.genesis().params.gas_price_min);
    assert_eq!(probe.call("unschedule", json!({ "id": id })).unwrap(), json!(cost.get().to_string()));
}

#[test]
fn contracts_call_each_other() {
    let mut probe = Probe::new(5);
    let code = probe.chain.upload(&probe.alice, module("counter")).unwrap();
    let counter = probe.chain.deploy(&probe.alice, &code, &json!({ "start": "5" })).unwrap();
    let forward =
        |args: &[u8]| json!({ "contract": counter.to_string(), "method": "increment", "args": hex(args) });
    let answer = probe.call("forward", forward(&3u64.to_le_bytes())).unwrap();
    assert_eq!(answer, json!([0, hex(&8u64.to_le_bytes())]));
    let answer = probe.call("forward", forward(&u64::MAX.to_le_bytes())).unwrap();
    let message = "8 and 18446744073709551615 are more than the counter holds";
    assert_eq!(answer, json!([1000, hex(message.as_bytes())]), "the caller goes on");
    let answer = probe.call("forward", forward(&[1])).unwrap();
    let message = "argument `by` is malformed: it takes u64";
    assert_eq!(answer, json!([code::BAD_ARGUMENTS, hex(message.as_bytes())]));
    let answer = probe.call("forward", forward(&[0; 9])).unwrap();
    let message = "bytes are left after the last argument";
    assert_eq!(answer, json!([code::BAD_ARGUMENTS, hex(message.as_bytes())]));
    assert_eq!(probe.chain.query(&counter, "get", &json!({})).unwrap(), json!("8"));
}

#[test]
fn hashes_signatures_and_proofs_are_the_ledgers() {
    let mut probe = Probe::new(6);
    let keccak = "0x4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45";
    let hashes = json!([Hash::sha256(b"abc").to_string(), keccak]);
    assert_eq!(probe.query("hashes", json!({ "bytes": hex(b"abc") })), hashes);

    let key = probe.alice.public().to_string();
    let mut signature = probe.alice.sign(b"abc").0;
    let signed =
        |signature: &[u8]| json!({ "key": key, "message": hex(b"abc"), "signature": hex(signature) });
    assert_eq!(probe.query("signed", signed(&signature)), json!(true));
    signature[0] ^= 1;
    assert_eq!(probe.query("signed", signed(&signature)), json!(false));

    let secret = VrfSecret::from_seed([9; 32]);
    let proof = secret.prove(b"abc");
    let output = hydrogen_core::crypto::vrf_verify(&secret.public(), b"abc", &proof).unwrap();
    let proven = |input: &[u8]| json!({ "key": secret.public().to_string(), "input": hex(input), "proof": hex(&proof) });
    assert_eq!(probe.query("proven", proven(b"abc")), json!(hex(&output)));
    assert_eq!(probe.query("proven", proven(b"abd")), Json::Null);
}

#[test]
fn what_a_contract_may_not_do_ends_its_call() {
    let mut probe = Probe::new(7);
    let error = probe.call("peek", json!({})).unwrap_err();
    assert_eq!(error.code(), Some(code::FORBIDDEN), "{error}");
    let value = codec::encode(&(String::from("k"), Vec::<u8>::new()));
    let error =
        probe.chain.call_borsh(&probe.alice, &probe.address, "keep", value, Amount::new(1)).unwrap_err();
    assert_eq!((error.code(), error.message()), (Some(NOT_PAYABLE), "this method takes no CNX"));
}

#[test]
fn a_panic_tells_its_author_what_and_where() {
    let mut probe = Probe::new(8);
    let error = probe.call("panic", json!({ "number": "13" })).unwrap_err();
    let EmbedError::Failed { receipt, side } = error else { panic!("{error}") };
    assert_eq!((receipt.code, side.message.as_str()), (code::PANIC, "13 is an unlucky number"));
    let (file, place) = side.location.split_once(':').unwrap();
    assert_eq!(file, "probe/src/lib.rs");
    assert!(place.split(':').all(|number| number.parse::<u32>().is_ok_and(|number| number > 0)), "{place}");
}

/// The allocator grows lists in place and elsewhere without mixing them up.
#[test]
fn memory_holds_what_was_put_there() {
    let mut probe = Probe::new(9);
    let (mut lists, mut last) = (Vec::new(), Vec::new());
    for number in 0..2_000u64 {
        last.push(number);
        if number % 7 == 0 {
            lists.push(last.clone());
            last.truncate(3);
        }
    }
    let sum: u64 = lists.iter().flatten().sum();
    assert_eq!(probe.query("fill", json!({ "count": "2000" })), json!(sum.to_string()));
}
