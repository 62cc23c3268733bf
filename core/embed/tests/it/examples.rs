//! The example contracts on the real sandbox: tokens in an escrow, a lottery drawn by the chain, a registry upgraded with
//! its names; and the clients that `hydrogen contract abi` writes for them.

use crate::sdk::module;
use hydrogen_core::abi::Interface;
use hydrogen_core::abi::client::{rust_client, typescript_client};
use hydrogen_embed::types::receipt::code;
use hydrogen_embed::types::{Action, Address, Amount, Gas, Hash, codec};
use hydrogen_embed::{EmbeddedChain, Json, SecretKey, json};

struct Stage {
    chain: EmbeddedChain,
    alice: SecretKey,
}

impl Stage {
    fn new(seed: u64) -> Self {
        let chain = EmbeddedChain::open(seed).unwrap();
        let alice = chain.funded_key();
        Self { chain, alice }
    }

    /// A key with CNX for gas.
    fn somebody(&mut self, name: &str) -> (SecretKey, Address) {
        let key = self.chain.key(name);
        let address = key.address();
        self.chain.transfer(&self.alice.clone(), &address, Amount::cnx(100)).unwrap();
        (key, address)
    }

    fn deploy(&mut self, name: &str, init: Json) -> Address {
        let code = self.chain.upload(&self.alice, module(name)).unwrap();
        self.chain.deploy(&self.alice, &code, &init).unwrap()
    }

    fn query(&mut self, contract: &Address, method: &str, args: Json) -> Json {
        self.chain.query(contract, method, &args).unwrap()
    }
}

#[test]
fn an_escrow_holds_tokens_until_the_trade_is_settled() {
    let mut stage = Stage::new(61);
    let (buyer, buyer_address) = stage.somebody("buyer");
    let (seller, seller_address) = stage.somebody("seller");
    let token =
        stage.deploy("token", json!({ "name": "Test", "symbol": "TST", "decimals": 2, "supply": "1000" }));
    let escrow = stage.deploy("escrow", json!({}));
    let alice = stage.alice.clone();
    let chain = &mut stage.chain;
    let to_buyer = json!({ "to": buyer_address.to_string(), "amount": "300" });
    chain.call(&alice, &token, "transfer", &to_buyer).unwrap();
    let open = json!({
        "token": token.to_string(), "seller": seller_address.to_string(),
        "arbiter": alice.address().to_string(), "amount": "200", "lasts_ms": "60000",
    });
    // Without an allowance the token refuses, the escrow says so, and nothing has moved.
    let refused = chain.call(&buyer, &escrow, "open", &open).unwrap_err();
    let sentence =
        "the token refused: the called contract failed with code 1001: the allowance is 0, 200 are needed";
    assert_eq!((refused.code(), refused.message()), (Some(1000), sentence));
    let allow = json!({ "spender": escrow.to_string(), "amount": "200" });
    chain.call(&buyer, &token, "approve", &allow).unwrap();
    assert_eq!(chain.call(&buyer, &escrow, "open", &open).unwrap(), json!("1"));
    let balance = |chain: &mut EmbeddedChain, of: &Address| {
        chain.query(&token, "balance", &json!({ "of": of.to_string() })).unwrap()
    };
    assert_eq!(balance(chain, &escrow), json!("200"));
    let trade = json!({ "trade": "1" });
    let early = chain.call(&buyer, &escrow, "refund", &trade).unwrap_err();
    assert_eq!(early.code(), Some(1002));
    assert_eq!(chain.call(&seller, &escrow, "release", &trade).unwrap_err().code(), Some(1002));
    chain.call(&buyer, &escrow, "release", &trade).unwrap();
    assert_eq!(chain.call(&buyer, &escrow, "release", &trade).unwrap_err().code(), Some(1001));
    assert_eq!(balance(chain, &seller_address), json!("200"));
    assert_eq!(balance(chain, &escrow), json!("0"));
    // A second trade runs out, and the buyer takes the tokens back.
    let allow = json!({ "spender": escrow.to_string(), "amount": "100" });
    chain.call(&buyer, &token, "approve", &allow).unwrap();
    let mut open = open;
    open["amount"] = json!("100");
    assert_eq!(chain.call(&buyer, &escrow, "open", &open).unwrap(), json!("2"));
    for _ in 0..4 {
        chain.advance_time(20_000).unwrap();
    }
    chain.call(&buyer, &escrow, "refund", &json!({ "trade": "2" })).unwrap();
    assert_eq!(balance(chain, &buyer_address), json!("100"));
}

#[test]
fn a_lottery_is_drawn_by_the_chain_itself() {
    let mut stage = Stage::new(62);
    let price = Amount::cnx(1);
    let lottery = stage.deploy("lottery", json!({ "price": price.get().to_string(), "blocks": "5" }));
    let players: Vec<(SecretKey, Address)> =
        ["ann", "ben", "cyn"].iter().map(|name| stage.somebody(name)).collect();
    for (key, _) in &players {
        stage.chain.call_borsh(key, &lottery, "buy", Vec::new(), price).unwrap();
    }
    for _ in 0..6 {
        stage.chain.produce().unwrap();
    }
    let last = stage.query(&lottery, "last", json!({}));
    assert_eq!(last["tickets"], json!(3), "drawn in time: {last}");
    let addresses: Vec<String> = players.iter().map(|(_, address)| address.to_string()).collect();
    assert!(addresses.iter().any(|address| last["winner"] == json!(address)), "{last}");
    let prize: u128 = last["prize"].as_str().unwrap().parse().unwrap();
    assert!(prize > 2 * price.get() && prize < 3 * price.get(), "three tickets less the draw's gas: {prize}");
    assert_eq!(stage.chain.balance(&lottery).unwrap(), Amount::ZERO);
    assert_eq!(stage.query(&lottery, "tickets", json!({ "start": 0 })), json!(["2", []]));
}

#[test]
fn an_upgrade_keeps_the_names_of_the_first_version() {
    let mut stage = Stage::new(63);
    let (ben, ben_address) = stage.somebody("ben");
    let registry = stage.deploy("registry", json!({}));
    let alice = stage.alice.clone();
    let alice_text = alice.address().to_string();
    for name in ["apple", "pear", "plum"] {
        stage.chain.call(&alice, &registry, "register", &json!({ "name": name })).unwrap();
    }
    assert_eq!(stage.query(&registry, "count", json!({})), json!("3"));
    let code_hash = stage.chain.upload(&alice, module("registry-v2")).unwrap();
    let upgrade =
        |hash: Hash| Action::Upgrade { contract: registry, code: hash, migrate: codec::encode(&60_000u64) };
    let gas = Gas::new(1_000_000_000);
    // Only the admin upgrades.
    let refused = stage.chain.run(&ben, upgrade(code_hash), gas).unwrap_err();
    assert_eq!(refused.code(), Some(code::NOT_ADMIN));
    assert_eq!(stage.chain.run(&alice, upgrade(code_hash), gas).unwrap().code, code::SUCCESS);
    // Names in both forms answer alike.
    assert_eq!(stage.query(&registry, "owner", json!({ "name": "pear" })), json!(alice_text));
    let names = |stage: &mut Stage, owner: &str| {
        stage.query(&registry, "names_of", json!({ "owner": owner, "after": null }))
    };
    assert_eq!(names(&mut stage, &alice_text), json!([]));
    let give = json!({ "name": "pear", "to": ben_address.to_string() });
    stage.chain.call(&alice, &registry, "give", &give).unwrap();
    assert_eq!(stage.chain.call(&alice, &registry, "give", &give).unwrap_err().code(), Some(1002));
    assert_eq!(stage.chain.call(&ben, &registry, "convert", &json!({ "limit": 100 })).unwrap(), json!(2));
    assert_eq!(names(&mut stage, &alice_text), json!(["apple", "plum"]));
    assert_eq!(names(&mut stage, &ben_address.to_string()), json!(["pear"]));
    // A name that has ended is free again.
    let taken = stage.chain.call(&ben, &registry, "register", &json!({ "name": "plum" })).unwrap_err();
    assert_eq!(taken.code(), Some(1000));
    for _ in 0..4 {
        stage.chain.advance_time(20_000).unwrap();
    }
    assert_eq!(stage.query(&registry, "owner", json!({ "name": "plum" })), Json::Null);
    stage.chain.call(&ben, &registry, "register", &json!({ "name": "plum" })).unwrap();
    assert_eq!(names(&mut stage, &ben_address.to_string()), json!(["pear", "plum"]));
    assert_eq!(names(&mut stage, &alice_text), json!(["apple"]));
}

/// What the escrow calls the token with is what the generator writes for the token's module. `HYDROGEN_REFRESH=1`
/// writes it anew.
#[test]
fn the_escrow_uses_the_client_written_for_the_token() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../contracts/escrow/src/token.rs");
    let written = rust_client(&Interface::parse(&module("token")).unwrap());
    if std::env::var_os("HYDROGEN_REFRESH").is_some() {
        std::fs::write(path, &written).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap();
    assert_eq!(committed, written, "refresh with HYDROGEN_REFRESH=1, then contracts/build escrow");
}

/// Every committed contract has a client in both languages, with each of its methods in it.
#[test]
fn clients_have_all_methods() {
    for name in ["counter", "escrow", "lottery", "probe", "registry", "registry-v2", "task", "token"] {
        let interface = Interface::parse(&module(name)).unwrap();
        let (rust, typescript) = (rust_client(&interface), typescript_client(&interface));
        for method in interface.methods() {
            use hydrogen_embed::types::host::MethodKind;
            if matches!(method.kind(), MethodKind::Call | MethodKind::Query) {
                let called = format!("call({:?}", method.name());
                assert!(rust.contains(&called), "{name}: {called}");
                assert!(typescript.contains(&format!("this.address, {:?}", method.name())), "{name}");
            }
        }
        for (code, _) in interface.errors() {
            assert!(rust.contains(&format!(": u32 = {code};")) && typescript.contains(&format!(": {code},")));
        }
    }
}
