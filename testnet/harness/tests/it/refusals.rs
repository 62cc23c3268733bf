//! What an application hears when something is missing.

use crate::{INPUT, program, refusal};
use hydrogen_harness::{FEE, Net};
use hydrogen_offchain::calls::{program_task, task_contract};
use hydrogen_types::Amount;
use hydrogen_types::task::TaskState;

const NOT_ENOUGH_TOKENS: u32 = 1006;
const NOT_ENOUGH_ALLOWANCE: u32 = 1007;
const NOT_ENOUGH_NODES: u32 = 1008;

fn net(nodes: usize) -> Net {
    Net::builder().nodes(nodes).seed(40).start().unwrap()
}

#[test]
fn no_allowance() {
    let mut net = net(5);
    let hash = net.publish(&program("wordcount"));
    let request = program_task(hash, INPUT, FEE);
    let (code, message) = refusal(net.create_within_allowance(&request, INPUT));
    assert_eq!(code, NOT_ENOUGH_ALLOWANCE, "{message}");
    assert!(message.contains("allowance"), "{message}");
    // With the allowance the same call succeeds: nothing was left behind.
    assert_eq!(net.create(&request, INPUT).unwrap(), 1);
}

#[test]
fn too_little_cnx() {
    let mut net = net(5);
    let hash = net.publish(&program("wordcount"));
    let request = program_task(hash, INPUT, Amount::cnx(1_000_000));
    let (code, message) = refusal(net.create(&request, INPUT));
    assert_eq!(code, NOT_ENOUGH_TOKENS, "{message}");
}

#[test]
fn two_nodes_only() {
    let mut net = net(2);
    let hash = net.publish(&program("wordcount"));
    let (code, message) = refusal(net.create(&program_task(hash, INPUT, FEE), INPUT));
    assert_eq!(code, NOT_ENOUGH_NODES, "{message}");
}

/// The relay's answers: before the draw is seen wait, other bytes never, then the receipt.
#[test]
fn the_relay_takes_the_arguments_once_and_only_those() {
    let mut net = net(5);
    let hash = net.publish(&program("wordcount"));
    let id = net.create(&program_task(hash, INPUT, FEE), INPUT).unwrap();
    let creator = net.application_key().address();
    let seen = net.chain().tip().height;
    let created = net.task(id).unwrap();
    assert_eq!(created.state, TaskState::Created);
    let early = net.relay_mut().upload_args(Some(&created), &creator, INPUT, seen).unwrap_err();
    assert_eq!((early.status(), early.retry_after_s()), (404, Some(1)));
    net.chain_mut().produce().unwrap();
    let started = net.task(id).unwrap();
    assert_eq!(started.state, TaskState::Started);
    let relay = net.relay_mut();
    assert_eq!(relay.upload_args(Some(&started), &creator, b"other", seen).unwrap_err().status(), 422);
    let stranger = started.seats[0].node;
    assert_eq!(relay.upload_args(Some(&started), &stranger, INPUT, seen).unwrap_err().status(), 403);
    let receipt = relay.upload_args(Some(&started), &creator, INPUT, seen).unwrap();
    assert_eq!(relay.upload_args(Some(&started), &creator, INPUT, seen).unwrap(), receipt);
}

/// A receipt that the relay did not sign for this task is refused by the contract.
#[test]
fn a_forged_receipt() {
    let mut net = net(5);
    let hash = net.publish(&program("wordcount"));
    let id = net.create(&program_task(hash, INPUT, FEE), INPUT).unwrap();
    net.chain_mut().produce().unwrap();
    let key = net.application_key();
    let (seen, started) = (net.chain().tip().height, net.task(id).unwrap());
    let mut receipt = net.relay_mut().upload_args(Some(&started), &key.address(), INPUT, seen).unwrap();
    receipt.body.kept_ms += 1;
    let forged = hydrogen_offchain::calls::args_uploaded(id, &receipt);
    let (code, message) = refusal(net.call(&key, &forged).map(|_| 0));
    assert_eq!(code, 1021, "{message}");
}

#[test]
fn another_accounts_allowance_is_not_taken() {
    let mut net = net(5);
    let key = net.node_key(0);
    net.chain_mut().approve(&key, &task_contract(), Amount::cnx(50)).unwrap();
    let hash = net.publish(&program("wordcount"));
    let (code, _) = refusal(net.create_within_allowance(&program_task(hash, INPUT, FEE), INPUT));
    assert_eq!(code, NOT_ENOUGH_ALLOWANCE);
}
