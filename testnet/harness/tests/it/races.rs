//! Two that want the same at the same time: in one block, in either order.

use crate::{INPUT, program};
use hydrogen_harness::{FEE, Net};
use hydrogen_offchain::calls::{self, program_task, task_contract};
use hydrogen_types::task::{AbortReason, CreateTask, TaskState};
use hydrogen_types::{Amount, Receipt};

const NOT_ENOUGH_NODES: u32 = 1008;

/// Two creations in one block; the ids of those that succeeded, and the codes of the others.
fn two_creations(net: &mut Net) -> (Vec<u64>, Vec<u32>) {
    let hash = net.publish(&program("wordcount"));
    let request: CreateTask = program_task(hash, INPUT, FEE);
    let key = net.application_key();
    net.chain_mut().approve(&key, &task_contract(), Amount::cnx(100)).unwrap();
    let call = calls::create_task(&request);
    let receipts = net.call_together(&[call.clone(), call]).unwrap();
    let (created, refused): (Vec<Receipt>, Vec<Receipt>) =
        receipts.into_iter().partition(Receipt::is_success);
    let ids: Vec<u64> = created.iter().map(|receipt| calls::decode_answer(&receipt.value).unwrap()).collect();
    ids.iter().for_each(|id| net.follow(*id, INPUT));
    (ids, refused.iter().map(|receipt| receipt.code).collect())
}

/// Five nodes are enough for one of two tasks: the second is refused at once and pays nothing but gas.
#[test]
fn two_tasks_race_for_the_last_three_nodes() {
    for nodes in [3, 5] {
        let mut net = Net::builder().nodes(nodes).seed(80).start().unwrap();
        let (ids, refused) = two_creations(&mut net);
        assert_eq!((ids.as_slice(), refused.as_slice()), ([1].as_slice(), [NOT_ENOUGH_NODES].as_slice()));
        net.play_all(&ids).unwrap();
        assert_eq!(net.task(1).unwrap().state, TaskState::Success);
        // The nodes are free again: what was refused before is taken now.
        assert!(net.run_task(&program("wordcount"), INPUT).unwrap().succeeded());
    }
}

#[test]
fn six_nodes_carry_two_tasks_at_once() {
    let mut net = Net::builder().nodes(6).seed(81).start().unwrap();
    let (ids, refused) = two_creations(&mut net);
    assert_eq!((ids.as_slice(), refused.len()), ([1, 2].as_slice(), 0));
    net.chain_mut().produce().unwrap();
    let mut panel: Vec<_> =
        ids.iter().flat_map(|id| net.task(*id).unwrap().seats).map(|seat| seat.node).collect();
    panel.sort();
    panel.dedup();
    assert_eq!(panel.len(), 6, "no node is in both panels");
    net.play_all(&ids).unwrap();
    for id in ids {
        assert_eq!(net.task(id).unwrap().state, TaskState::Success);
    }
    let contract = net.chain().balance(&task_contract()).unwrap();
    assert_eq!(contract, Amount::cnx(6 * 400), "nothing but the stakes is left");
}

/// A started task whose arguments its creator has a receipt for, but has not reported.
fn with_receipt(seed: u64) -> (Net, u64, calls::Call) {
    let mut net = Net::builder().nodes(3).seed(seed).start().unwrap();
    let hash = net.publish(&program("wordcount"));
    let id = net.create(&program_task(hash, INPUT, FEE), INPUT).unwrap();
    net.keep_arguments_back(id);
    net.chain_mut().produce().unwrap();
    let (seen, task) = (net.chain().tip().height, net.task(id).unwrap());
    assert_eq!(task.state, TaskState::Started);
    let creator = net.application_key().address();
    let receipt = net.relay_mut().upload_args(Some(&task), &creator, INPUT, seen).unwrap();
    (net, id, calls::args_uploaded(id, &receipt))
}

#[test]
fn an_upload_ahead_of_its_cancel_wins() {
    let (mut net, id, uploaded) = with_receipt(82);
    let receipts = net.call_together(&[uploaded, calls::cancel(id)]).unwrap();
    assert!(receipts[0].is_success() && !receipts[1].is_success());
    net.play(id).unwrap();
    let task = net.task(id).unwrap();
    assert_eq!(task.state, TaskState::Success);
    assert!(task.seats.iter().all(|seat| seat.paid == Amount::cnx(10)));
}

#[test]
fn a_cancel_ahead_of_its_upload_wins() {
    let (mut net, id, uploaded) = with_receipt(83);
    let receipts = net.call_together(&[calls::cancel(id), uploaded]).unwrap();
    assert!(receipts[0].is_success() && !receipts[1].is_success());
    net.play(id).unwrap();
    let task = net.task(id).unwrap();
    assert_eq!(task.abort_reason, Some(AbortReason::Cancelled));
    // A tenth of the fee, a third of it to each; nobody is left bound.
    assert!(task.seats.iter().all(|seat| seat.paid == Amount::cnx(1) && seat.settled));
    assert_eq!(net.stats().unwrap().nodes_available, 3);
    assert_eq!(net.chain().balance(&task_contract()).unwrap(), Amount::cnx(3 * 400));
}
