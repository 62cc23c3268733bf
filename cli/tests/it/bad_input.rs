//! What is refused, and in which words.

use crate::support::{Dev, hydrogen};
use hydrogen::client::{Client, ClientError};
use hydrogen::keys::dev_seed;
use hydrogen_core::{NodeKeys, sign_tx};
use hydrogen_types::{Action, Address, Amount, ChainId, Gas, Height, TxBody, codec};

#[test]
fn a_mistyped_address_is_refused_with_the_reason() {
    let dev = Dev::start();
    let mut address = dev.address("dev1");
    let last = address.pop().expect("not empty");
    address.push(if last == 'q' { 'p' } else { 'q' });
    let failure = dev.fails(&["tx", "transfer", &address, "1", "--from", "dev0"]);
    assert!(failure.contains("not an address") && failure.contains(&address), "{failure}");
    let failure = dev.fails(&["tx", "transfer", "nobody", "1", "--from", "dev0"]);
    assert!(failure.contains("neither an address"), "{failure}");
    let failure = dev.fails(&["tx", "transfer", "dev1", "1", "--from", "nobody"]);
    assert!(failure.contains("no key `nobody`"), "{failure}");
}

#[test]
fn a_transaction_for_another_chain_is_refused() {
    let dev = Dev::start();
    let key = NodeKeys::from_seed(dev_seed(0)).account;
    let body = TxBody {
        chain_id: ChainId::new("other").expect("legal"),
        sender: key.public(),
        nonce: 0,
        valid_until: Height::new(100),
        gas_limit: Gas::new(1_000_000_000),
        gas_price: 1_000_000,
        action: Action::Transfer { to: Address::default(), amount: Amount::cnx(1) },
    };
    let bytes = codec::encode(&sign_tx(body, &key));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let client = Client::new(std::slice::from_ref(&dev.rpc)).expect("an address");
    let refused = runtime.block_on(client.submit(&bytes)).expect_err("refused");
    assert_eq!((refused.code(), refused.name()), (Some(201), Some("WrongChain")));
    assert_eq!(refused.to_string(), "transaction is for chain `other`, this is `dev`");
    // Garbage, too.
    let refused = runtime.block_on(client.submit(&[1, 2, 3])).expect_err("refused");
    assert_eq!(refused.name(), Some("Undecodable"));
    assert!(matches!(refused, ClientError::Refused { .. }));
}

#[test]
fn a_module_with_an_unknown_import_names_it() {
    let dev = Dev::start();
    // (module (import "env" "now" (func)) (memory (export "memory") 1))
    let module = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x02\x0b\x01\x03env\x03now\0\0\
        \x05\x03\x01\0\x01\x07\x0a\x01\x06memory\x02\0";
    let file = dev.home.path().join("bad.wasm");
    std::fs::write(&file, module).expect("written");
    let file = file.to_str().expect("a path");
    for command in [vec!["contract", "check", file], vec!["contract", "deploy", file, "--from", "dev0"]] {
        let failure = dev.fails(&command);
        assert!(failure.contains("`env.now`"), "{failure}");
    }
    assert_eq!(dev.ok(&["account", "show", "dev0"])["nonce"], "0");
    // All of it, as data.
    let output = dev.run(&["contract", "check", file]);
    assert_eq!(output.status.code(), Some(1));
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((&answer["ok"], &answer["unseen"]), (&false.into(), &serde_json::Value::Null));
    let findings = answer["findings"].as_array().expect("a list");
    assert_eq!(findings.len(), 1);
    assert_eq!((&findings[0]["kind"], &findings[0]["offset"]), (&"import".into(), &17.into()));
    assert!(findings[0]["mend"].as_str().expect("text").contains("wasm_import_module"));
}

#[test]
fn a_node_that_is_not_there_is_said_to_be_so() {
    let home = tempfile::tempdir().expect("a folder");
    let output = hydrogen(home.path())
        .args(["account", "show", "dev0", "--rpc", "http://127.0.0.1:1"])
        .output()
        .expect("the binary runs");
    assert_eq!(output.status.code(), Some(4), "trying again may help");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("no node answered: http://127.0.0.1:1"), "{stderr}");
}

#[test]
fn amounts_that_are_none_are_refused_before_anything_is_sent() {
    let home = tempfile::tempdir().expect("a folder");
    for amount in ["1.2.3", "-1", "1e18", "0.0000000000000000001"] {
        let output = hydrogen(home.path())
            .args(["tx", "transfer", "dev1", "--from", "dev0", "--", amount])
            .output()
            .expect("the binary runs");
        assert_eq!(output.status.code(), Some(2), "{amount}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(amount));
    }
}

#[test]
fn requests_beyond_the_limits_are_refused_and_the_node_goes_on() {
    let dev = Dev::start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let post = |body: String| {
        let request =
            reqwest::Client::new().post(&dev.rpc).header("content-type", "application/json").body(body);
        runtime.block_on(async { request.send().await.expect("an answer").text().await.expect("a text") })
    };
    // The node answers without reading on, so the client may meet a closed connection before the answer.
    let large = runtime.block_on(async {
        let body = "x".repeat(9 << 20);
        let sent =
            reqwest::Client::new().post(&dev.rpc).header("content-type", "application/json").body(body);
        match sent.send().await {
            Ok(answer) => answer.text().await.expect("a text"),
            Err(error) if error.is_request() && !error.is_connect() => String::from("too large: cut off"),
            Err(error) => panic!("{error}"),
        }
    });
    assert!(large.contains("too big") || large.contains("too large"), "{large}");
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"chain_status"}"#;
    let batch = post(format!("[{}]", vec![call; 1_001].join(",")));
    assert!(batch.contains("at most 1000") || batch.contains("1000"), "{batch}");
    let deep = post(format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)));
    assert!(deep.contains("error"), "{deep}");
    assert!(post(call.into()).contains("\"height\":\"0\""));
}
