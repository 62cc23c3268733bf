//! One task, told as it happens.

use crate::application::{Desk, Follower, Order, describe, is_end};
use crate::client::task;
use crate::demo::names::Names;
use crate::demo::stage::Narrator;
use crate::failure::{Failure, Outcome};
use hydrogen_types::event::Value;
use hydrogen_types::task::{TaskState, TaskView};
use hydrogen_types::{Address, Event};
use std::time::{Duration, Instant};

/// A task that ended in success.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) view: TaskView,
    /// From sending `create_task` to seeing `TaskSuccess` in a final block.
    pub(super) took: Duration,
    /// Nodes fined as cheats.
    pub(super) caught: Vec<Address>,
}

/// Runs one task from creation to success.
pub(super) async fn tell(desk: &Desk, order: &Order, names: &Names, narrator: &Narrator) -> Outcome<Told> {
    let fresh = desk.publish(&order.program).await?;
    let how = if fresh { "published at the relay" } else { "is at the relay already" };
    narrator.line(None, &format!("program     {} {how}", order.program.hash));
    if let Some(receipt) = desk.approve(order.fee).await? {
        narrator.line(Some(receipt.height()), "approved    the task contract may take fee and deposit");
    }
    let start = Instant::now();
    let (id, receipt) = desk.create(order).await?;
    let mut follower = Follower::new(desk.client().clone(), id, receipt.height());
    let mut caught = Vec::new();
    let mut brought = false;
    loop {
        let steps = follower.next().await?;
        for step in &steps {
            let text = describe(&step.header, &step.event, &|address| names.of(address));
            narrator.line(Some(step.header.height), &text);
            caught.extend(cheat(&step.event));
        }
        if steps.iter().any(|step| is_end(&step.event)) {
            break;
        }
        if !brought && steps.iter().any(|step| step.event.name == "TaskStarted") {
            brought = true;
            let receipt = desk.upload(id, &order.input).await?;
            let (size, digest) = (order.input.size, order.input.digest);
            narrator
                .line(Some(receipt.body.issued), &format!("uploaded    {size} bytes of arguments, {digest}"));
            desk.report(id, &receipt).await?;
        }
    }
    let took = start.elapsed();
    let view = task::task(desk.client(), id)
        .await?
        .ok_or_else(|| Failure::new(format!("task {id} is gone from the chain")))?;
    if view.state != TaskState::Success {
        return Err(Failure::new(format!("task {id} ended as {:?}: {:?}", view.state, view.abort_reason)));
    }
    Ok(Told { view, took, caught })
}

/// The node that this event fines as a cheat.
fn cheat(event: &Event) -> Option<Address> {
    let is_cheat = event.name == "NodePenalised" && event.get("reason") == Some(&Value::Text("cheat".into()));
    is_cheat.then(|| event.address("node")).flatten()
}
