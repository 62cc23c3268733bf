//! The built module on a chain, through the binary, as its users will meet it.

mod chain;

use chain::Chain;

#[test]
fn it_counts_on_a_chain() {
    let Some(chain) = Chain::start() else { return };
    let contract = chain.deploy(r#"{"start": "40"}"#);
    let called = chain.ok(&["call", &contract, "increment", r#"{"by": "2"}"#, "--from", "dev1"]);
    assert!(called.contains(r#""name":"Incremented""#), "{called}");
    assert_eq!(chain.ok(&["query", &contract, "get"]), r#""42""#);
    let refused =
        chain.fails(&["call", &contract, "increment", r#"{"by": "18446744073709551615"}"#, "--from", "dev1"]);
    assert!(refused.contains("Overflow (1000)"), "{refused}");
}
