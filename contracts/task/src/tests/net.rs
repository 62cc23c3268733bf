//! A chain of one contract: blocks, scheduled calls, rollback of what failed. `audit` follows every call.

use super::audit::audit;
use crate::state::Task;
use crate::{Stage, TaskError, task as contract};
use hydrogen_sdk::mock::{self, World};
use hydrogen_types::codec::encode;
use hydrogen_types::host::Origin;
use hydrogen_types::task::{
    BlobKind, Comparison, CreateTask, NodeView, Outcome, RelayReceipt, RelayReceiptBody, TaskConfig,
    TaskView, commitment,
};
use hydrogen_types::{
    Address, Amount, Attribute, CallKind, Due, Hash, Height, PublicKey, Signature, Value, decode,
};
use std::string::String;
use std::vec::Vec;

pub(super) const RELAY: PublicKey = PublicKey([7; 32]);
pub(super) const SALT: [u8; 32] = [9; 32];
pub(super) const GAS_PRICE: u64 = 1_000_000;
const WALLET: Amount = Amount::cnx(100_000);

pub(super) fn owner() -> Address {
    Address::new([0xaa; 20])
}

pub(super) fn creator() -> Address {
    Address::new([0xcc; 20])
}

pub(super) fn node(number: u8) -> Address {
    Address::new([number; 20])
}

pub(super) fn result(text: &str) -> Outcome {
    Outcome::Result { digest: Hash::sha256(text.as_bytes()), fingerprint: Vec::new() }
}

/// A network of `nodes` that have joined with 400 CNX each, and a creator, all with full allowances.
pub(super) fn start(nodes: u8) {
    start_with(TaskConfig::default());
    fund(creator());
    for number in 1..=nodes {
        fund(node(number));
        call(node(number), || contract::join(Amount::cnx(400), None)).expect("a node joins");
    }
}

/// A network of nobody.
pub(super) fn start_with(config: TaskConfig) {
    mock::reset();
    mock::with(|world| world.context.gas_price = GAS_PRICE);
    let relays = Vec::from([(RELAY, String::from("http://127.0.0.1:1"))]);
    contract::init(config, owner(), relays).expect("the configuration is legal");
}

pub(super) fn fund(who: Address) {
    mock::with(|world| {
        world.balances.insert(who, WALLET);
        world.allowances.insert((who, world.context.contract), WALLET);
    });
}

pub(super) fn balance(who: Address) -> Amount {
    mock::with(|world| world.balances.get(&who).copied().unwrap_or_default())
}

/// A transaction: what it did is undone if it fails; the audit follows either way.
pub(super) fn call<T>(who: Address, method: impl FnOnce() -> Result<T, TaskError>) -> Result<T, TaskError> {
    let before = mock::with(|world| {
        world.context.caller = who;
        world.context.signer = who;
        world.context.origin = Origin::Tx;
        world.clone()
    });
    let result = method();
    if result.is_err() {
        mock::with(|world| *world = before);
    }
    audit();
    result
}

/// A block, `ms` after the one before, with its due calls.
pub(super) fn block(ms: u64) {
    tick(ms);
    run_due();
}

/// A block without its due calls, as if there were no room for them.
pub(super) fn tick(ms: u64) {
    mock::with(|world| {
        world.context.height = world.context.height.next();
        world.context.uptime_ms += ms;
        world.context.time_ms += ms;
        world.beacon = Hash::sha256(&world.context.height.get().to_le_bytes());
    });
}

/// Draws first, then ordinary calls, each by due time and id.
fn run_due() {
    let (height, uptime_ms) = mock::with(|world| (world.context.height, world.context.uptime_ms));
    let is_due = |due: Due| match due {
        Due::Height(at) => at <= height,
        Due::UptimeMs(at) => at <= uptime_ms,
    };
    let mut due: Vec<_> = mock::with(|world| world.scheduled.clone())
        .into_iter()
        .filter(|(_, request)| is_due(request.due))
        .map(|(id, request)| (request.kind, request.due, id, request))
        .collect();
    due.sort_by_key(|(kind, due, id, _)| (*kind, *due, *id));
    for (kind, _, id, request) in due {
        let removed = mock::with(|world| {
            world.context.caller = world.context.contract;
            world.context.signer = world.context.contract;
            world.context.origin = if kind == CallKind::Draw { Origin::Draw } else { Origin::Scheduled };
            world.scheduled.remove(&id).is_some()
        });
        if !removed {
            continue;
        }
        let (id, _) = request.args.split_first_chunk().expect("a task's id comes first");
        let task = Task::load(u64::from_le_bytes(*id)).expect("a call belongs to a task");
        let terms = (request.gas_price, request.refund_to);
        assert_eq!(terms, (task.gas_price, task.view.creator), "the creator pays its price");
        match request.method.as_str() {
            "draw_panel" => contract::draw_panel(decode(&request.args, 8).expect("an id")),
            "judge" => contract::judge(decode(&request.args, 8).expect("an id")),
            "deadline" => {
                let (task, stage): (u64, Stage) = decode(&request.args, 9).expect("an id and a stage");
                contract::deadline(task, stage)
            }
            other => panic!("`{other}` was scheduled"),
        }
        .expect("a scheduled call does not fail");
        audit();
    }
}

pub(super) fn world() -> World {
    mock::with(|world| world.clone())
}

pub(super) fn request(fee: Amount) -> CreateTask {
    CreateTask {
        program: Some(Hash::sha256(b"program")),
        external: None,
        args_hash: Hash::sha256(b"args"),
        args_bytes_max: None,
        comparison: Comparison::Exact,
        fee,
        timeout_ms: None,
        memory_bytes_max: None,
        fuel_max: None,
        output_bytes_max: None,
    }
}

pub(super) fn create(request: CreateTask) -> Result<u64, TaskError> {
    call(creator(), || {
        contract::create_task(
            request.program,
            request.external,
            request.args_hash,
            request.args_bytes_max,
            request.comparison,
            request.fee,
            request.timeout_ms,
            request.memory_bytes_max,
            request.fuel_max,
            request.output_bytes_max,
        )
    })
}

pub(super) fn view(task: u64) -> TaskView {
    contract::task(task).expect("the task is there")
}

pub(super) fn node_view(address: Address) -> NodeView {
    contract::node(address).expect("the node is there")
}

pub(super) fn receipt(task: u64, kind: BlobKind, digest: Hash, uploader: Address) -> RelayReceipt {
    let (height, chain_id) = mock::with(|world| (world.context.height, world.context.chain_id.clone()));
    let body = RelayReceiptBody {
        version: 1,
        chain_id,
        relay: Address::of_key(&RELAY),
        task,
        kind,
        digest,
        size: 4,
        uploader,
        issued: height,
        valid_until: Height::new(height.get() + 100),
        kept_ms: 3_600_000,
    };
    RelayReceipt { body, signature: Signature([0; 64]) }
}

pub(super) fn upload_args(task: u64) -> Result<(), TaskError> {
    let receipt = receipt(task, BlobKind::Args, Hash::sha256(b"args"), creator());
    call(creator(), || contract::args_uploaded(task, receipt))
}

pub(super) fn commit(task: u64, node: Address, outcome: &Outcome) -> Result<(), TaskError> {
    let chain_id = mock::with(|world| world.context.chain_id.clone());
    let hash = commitment(&chain_id, task, &node, outcome, &SALT);
    call(node, || contract::commit(task, hash))
}

pub(super) fn reveal(task: u64, node: Address, outcome: &Outcome) -> Result<(), TaskError> {
    call(node, || contract::reveal(task, outcome.clone(), SALT))
}

pub(super) fn report(task: u64, node: Address, outcome: &Outcome) -> Result<(), TaskError> {
    let Outcome::Result { digest, .. } = outcome else { panic!("only results are uploaded") };
    let receipt = receipt(task, BlobKind::Result, *digest, node);
    call(node, || contract::report_uploaded(task, receipt))
}

/// A task of 30 CNX that was drawn, with its panel in rounds.
pub(super) fn drawn() -> (u64, [Address; 3]) {
    let task = create(request(Amount::cnx(30))).expect("it is paid for");
    block(100);
    let panel: Vec<Address> = view(task).seats.iter().map(|seat| seat.node).collect();
    (task, panel.try_into().expect("three were drawn"))
}

/// The same with its arguments.
pub(super) fn executing() -> (u64, [Address; 3]) {
    let (task, panel) = drawn();
    upload_args(task).expect("in time");
    (task, panel)
}

/// The same, committed and revealed with the given outcomes (`None`: nothing), and judged.
pub(super) fn judged(outcomes: [Option<Outcome>; 3]) -> (u64, [Address; 3]) {
    let (task, panel) = executing();
    for (node, outcome) in panel.iter().zip(&outcomes) {
        if let Some(outcome) = outcome {
            commit(task, *node, outcome).expect("in time");
        }
    }
    if outcomes.iter().any(Option::is_none) {
        block(600_000);
    }
    for (node, outcome) in panel.iter().zip(&outcomes) {
        if let Some(outcome) = outcome {
            reveal(task, *node, outcome).expect("in time");
        }
    }
    block(100);
    (task, panel)
}

/// Events called `name`, as their attributes.
pub(super) fn events(name: &str) -> Vec<Vec<Attribute>> {
    let all = mock::with(|world| world.events.clone());
    all.into_iter().filter(|event| event.0 == name).map(|event| event.1).collect()
}

pub(super) fn attribute(event: &[Attribute], name: &str) -> Value {
    event.iter().find(|attribute| attribute.name == name).expect("the event has it").value.clone()
}

/// Bytes of a value, to compare whole states.
pub(super) fn bytes(view: &TaskView) -> Vec<u8> {
    encode(view)
}
