//! The built module on a chain, through the binary, as its users will meet it.

mod chain;

use chain::Chain;

#[test]
fn no_trade_is_open_on_a_fresh_chain() {
    let Some(chain) = Chain::start() else { return };
    let contract = chain.deploy("{}");
    assert_eq!(chain.ok(&["query", &contract, "trade", r#"{"trade": "1"}"#]), "null");
    let refused = chain.fails(&["call", &contract, "release", r#"{"trade": "1"}"#, "--from", "dev1"]);
    assert!(refused.contains("there is no open trade 1"), "{refused}");
}
