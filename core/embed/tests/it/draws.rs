//! Attacks on a draw by what runs around it: other contracts' scheduled calls, and transactions of the drawing block.
//! The real task contract, and an attacker's contract that tries everything, on the whole executor.

use hydrogen_embed::types::codec::encode;
use hydrogen_embed::types::host::{HOST_FUNCTIONS, MODULE, ValType};
use hydrogen_embed::types::receipt::{Receipt, code};
use hydrogen_embed::types::task::{CONTRACT_NAME, TaskConfig, TaskInit};
use hydrogen_embed::types::{
    Action, Address, Amount, CallKind, Due, Gas, Hash, Height, ScheduleRequest, decode,
};
use hydrogen_embed::{Builder, EmbeddedChain, GenesisContract, Json, SecretKey, json};
use std::fmt::Write;

const NODES: usize = 5;
const GAS: u64 = 1_000_000_000;

fn task_contract() -> Address {
    Address::of_name(CONTRACT_NAME)
}

/// A contract of the attacker, by hand. `plan` schedules what it is told; the scheduled ones look at the beacon and keep
/// it, call the task contract, ask for its balance, or schedule a call for a block
/// that is running (its argument).
fn attacker() -> Vec<u8> {
    let kind = |kind: &ValType| if matches!(kind, ValType::I32) { "i32" } else { "i64" };
    let mut text = String::from("(module\n");
    for row in HOST_FUNCTIONS {
        let params: Vec<&str> = row.params.iter().map(|(_, param)| kind(param)).collect();
        let result = row.result.as_ref().map(|result| format!("(result {})", kind(result)));
        let (name, params, result) = (row.name, params.join(" "), result.unwrap_or_default());
        writeln!(text, "(import \"{MODULE}\" \"{name}\" (func ${name} (param {params}) {result}))").unwrap();
    }
    let bytes = |bytes: &[u8]| bytes.iter().map(|byte| format!("\\{byte:02x}")).collect::<String>();
    let target = bytes(task_contract().as_bytes());
    write!(
        text,
        r#"(memory (export "memory") 1)
        (data (i32.const 0) "key")
        (data (i32.const 16) "{target}")
        (data (i32.const 64) "stats")
        (func (export "init"))
        (func (export "call.fund"))
        (func $schedules
            (call $input_read (i32.const 1024))
            (i64.store (i32.const 512) (call $schedule (i32.const 1024) (call $input_len)))
            (call $return_value (i32.const 512) (i32.const 8)))
        (func $looks
            (call $beacon (i32.const 256))
            (call $storage_set (i32.const 0) (i32.const 3) (i32.const 256) (i32.const 32))
            (call $return_value (i32.const 256) (i32.const 32)))
        (func $acts
            (call $beacon (i32.const 256))
            (i64.store (i32.const 512) (call $call (i32.const 16) (i32.const 64) (i32.const 5)
                (i32.const 64) (i32.const 0) (i32.const 768) (i64.const 0)))
            (call $return_value (i32.const 512) (i32.const 8)))
        (func $owns
            (call $balance (i32.const 16) (i32.const 256)))
        (func (export "call.plan") (call $schedules))
        (func (export "call.look") (call $looks))
        (func (export "scheduled.look") (call $looks))
        (func (export "scheduled.act") (call $acts))
        (func (export "scheduled.own") (call $owns))
        (func (export "scheduled.hurry") (call $schedules))
        (func (export "query.seen")
            (drop (call $storage_get (i32.const 0) (i32.const 3) (i32.const 256) (i32.const 32)))
            (call $return_value (i32.const 256) (i32.const 32))))"#
    )
    .unwrap();
    wat::parse_str(&text).unwrap()
}

struct Net {
    chain: EmbeddedChain,
    app: SecretKey,
    nodes: Vec<SecretKey>,
    attacker: Address,
}

impl Net {
    fn new(seed: u64) -> Self {
        let nodes: Vec<SecretKey> =
            (0..NODES).map(|number| EmbeddedChain::key_of(seed, &format!("node {number}"))).collect();
        let owner = nodes[0].address();
        let init = encode(&TaskInit { config: TaskConfig::default(), owner, relays: Vec::new() });
        let code = super::sdk::module(CONTRACT_NAME);
        let contract = GenesisContract { name: CONTRACT_NAME.into(), code, init, admin: None };
        let mut builder: Builder = EmbeddedChain::builder(seed).contract(contract);
        for node in &nodes {
            builder = builder.account(node.address(), Amount::cnx(1_000));
        }
        let mut chain = builder.open().unwrap();
        let app = chain.funded_key();
        for node in nodes.iter().chain([&app]) {
            chain.approve(node, &task_contract(), Amount::cnx(1_000)).unwrap();
        }
        for node in &nodes {
            let stake = Amount::cnx(400).get().to_string();
            chain.call(node, &task_contract(), "join", &json!({ "stake": stake })).unwrap();
        }
        let code = chain.upload(&app, attacker()).unwrap();
        let gas = Gas::new(100_000_000_000);
        let deployed = chain.run(&app, Action::Deploy { code, init: Vec::new() }, gas).unwrap();
        let attacker: Address = decode(&deployed.value, 20).unwrap();
        chain.transfer(&app, &attacker, Amount::cnx(100)).unwrap();
        Self { chain, app, nodes, attacker }
    }

    fn request(&self, kind: CallKind, due: Height, method: &str, args: Vec<u8>) -> Vec<u8> {
        let gas_price = self.chain.genesis().params.gas_price_min;
        let (gas, refund_to) = (Gas::new(GAS), self.attacker);
        let due = Due::Height(due);
        encode(&ScheduleRequest { kind, due, method: method.into(), args, gas, gas_price, refund_to })
    }

    fn submit(&mut self, from: &SecretKey, contract: Address, method: &str, args: Vec<u8>) {
        let action = Action::Call { contract, method: method.into(), args, value: Amount::ZERO };
        self.chain.submit(from, action, Gas::new(10_000_000_000)).unwrap();
    }

    /// A `create_task` for the next block.
    fn submit_task(&mut self) {
        let some = Some(Hash::sha256(b"program"));
        let comparison = hydrogen_embed::types::task::Comparison::Exact;
        let none: Option<u64> = None;
        let args = encode(&(
            (some, None::<String>, Hash::sha256(b"arguments"), none, comparison, Amount::cnx(30)),
            (none, none, none, none),
        ));
        self.submit(&self.app.clone(), task_contract(), "create_task", args);
    }

    fn task(&mut self, id: u64) -> Json {
        self.chain.query(&task_contract(), "task", &json!({ "task": id.to_string() })).unwrap()
    }
}

fn named(receipt: &Receipt, name: &str) -> bool {
    receipt.events.iter().any(|event| event.name == name)
}

#[test]
fn a_contract_that_schedules_around_a_draw_learns_and_changes_nothing_before_it() {
    let mut net = Net::new(21);
    let due = net.chain.tip().height.plus(2);
    // In the block of the creation, and paid for before it: everything that can be due with the draw.
    let hurried = net.request(CallKind::Ordinary, due, "look", Vec::new());
    let plans = [
        net.request(CallKind::Ordinary, due, "look", Vec::new()),
        net.request(CallKind::Draw, due, "act", Vec::new()),
        net.request(CallKind::Draw, due, "own", Vec::new()),
        net.request(CallKind::Draw, due, "hurry", hurried),
        net.request(CallKind::Draw, due, "look", Vec::new()),
    ];
    let app = net.app.clone();
    for plan in plans {
        net.submit(&app, net.attacker, "plan", plan);
    }
    net.submit_task();
    let created = net.chain.produce().unwrap();
    assert!(created.receipts.iter().all(Receipt::is_success), "{:?}", created.side);
    let task = net.task(1);
    assert_eq!(
        (&task["state"], &task["seats"], &task["draw_seed"]),
        (&json!("created"), &json!([]), &Json::Null)
    );
    assert_ne!(created.block.header.beacon, Hash::ZERO);

    // In the block of the draw: transactions of those who might not like their panel, and of one who wants to be drawn
    // by a beacon that it knows.
    for node in net.nodes.clone() {
        net.submit(&node, task_contract(), "quit", Vec::new());
    }
    net.submit(&app, net.attacker, "look", Vec::new());
    let drawn = net.chain.produce().unwrap();
    let header = &drawn.block.header;
    assert_eq!(header.height, due);
    let codes: Vec<u32> = drawn.receipts.iter().map(|receipt| receipt.code).collect();
    let message = |index: usize| drawn.side[index].message.as_str();

    // Draws first, and of them the task contract's.
    assert!(named(&drawn.receipts[0], "TaskStarted"));
    assert_eq!(codes[..6], [0, 0, code::FORBIDDEN, 0, 0, code::FORBIDDEN], "{:?}", drawn.side);
    assert!(message(1).contains("a draw may not call other contracts"), "{}", message(1));
    assert_eq!(decode::<i64>(&drawn.receipts[1].value, 8).unwrap(), i64::from(code::FORBIDDEN));
    assert!(message(2).contains("a draw may not use `balance`"), "{}", message(2));
    // Nothing more can be put into this block once its beacon is known.
    let refused: i64 = decode(&drawn.receipts[3].value, 8).unwrap();
    assert!(refused < 0, "{refused}");
    // Its own draw does see the beacon, for its own affairs.
    assert_eq!(drawn.receipts[4].value, header.beacon.as_bytes());
    assert_eq!(net.chain.query_borsh(&net.attacker, "seen", Vec::new()).unwrap(), header.beacon.as_bytes());
    // Ordinary calls and transactions come after all draws, and do not see it.
    assert!(message(5).contains("the beacon can be read in a draw only"), "{}", message(5));
    assert_eq!(codes[6..], [0, 0, 0, 0, 0, code::FORBIDDEN]);

    // Five nodes asked to leave in the block of the draw: the three that it drew stay bound.
    let task = net.task(1);
    assert_eq!(task["state"], json!("started"));
    let seats: Vec<String> = task["seats"]
        .as_array()
        .unwrap()
        .iter()
        .map(|seat| seat["node"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!((seats.len(), &task["candidates"]), (3, &json!("5")));
    for node in &net.nodes {
        let address = node.address().to_string();
        let shown = net.chain.query(&task_contract(), "node", &json!({ "node": address })).unwrap();
        let expected = if seats.contains(&address) { "pending_quit" } else { "unbonding" };
        assert_eq!(shown["state"], json!(expected));
    }
}

/// The task created in the block whose beacon everybody knows afterwards is drawn by the next one.
#[test]
fn a_task_is_never_drawn_by_the_beacon_of_the_block_that_created_it() {
    let mut net = Net::new(22);
    net.submit_task();
    let created = net.chain.produce().unwrap();
    let drawn = net.chain.produce().unwrap();
    let seed = |beacon: &Hash| json!(hydrogen_embed::types::task::draw_seed(beacon, 1).to_string());
    let task = net.task(1);
    assert_ne!(task["draw_seed"], seed(&created.block.header.beacon));
    assert_eq!(task["draw_seed"], seed(&drawn.block.header.beacon));
}
