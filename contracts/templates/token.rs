//! The built module on a chain, through the binary, as its users will meet it.

mod chain;

use chain::Chain;

#[test]
fn tokens_exist_on_a_chain() {
    let Some(chain) = Chain::start() else { return };
    let contract = chain.deploy(r#"{"name": "Test token", "symbol": "TST", "decimals": 6, "supply": "100"}"#);
    let described = chain.ok(&["query", &contract, "describe"]);
    assert!(described.contains(r#""supply":"100""#), "{described}");
    let refused = chain.fails(&["call", &contract, "burn", r#"{"amount": "1"}"#, "--from", "dev1"]);
    assert!(refused.contains("BalanceTooLow"), "{refused}");
}
