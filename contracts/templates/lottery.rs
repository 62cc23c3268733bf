//! The built module on a chain, through the binary, as its users will meet it.

mod chain;

use chain::Chain;

#[test]
fn a_ticket_is_sold_on_a_chain() {
    let Some(chain) = Chain::start() else { return };
    let contract = chain.deploy(r#"{"price": "1000000000000000000", "blocks": "5"}"#);
    let bought = chain.ok(&["call", &contract, "buy", "--value", "1", "--from", "dev1"]);
    assert!(bought.contains(r#""name":"Bought""#), "{bought}");
    let refused = chain.fails(&["call", &contract, "buy", "--value", "2", "--from", "dev1"]);
    assert!(refused.contains("WrongPrice"), "{refused}");
}
