//! One task, told as it happens.

use crate::application::{Desk, Follower, Order, describe, is_end};
use crate::client::task;
use crate::demo::names::Names;
use crate::demo::stage::Narrator;
use crate::failure::{Failure, Outcome};
use hydrogen_types::event::Value;
use hydrogen_types::task::{AbortReason, TaskState, TaskView};
use hydrogen_types::{Address, Event};
use std::time::{Duration, Instant};

/// A task that has ended.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) view: TaskView,
    /// From sending `create_task` to seeing its end in a final block.
    pub(super) took: Duration,
    /// Nodes fined as cheats.
    pub(super) caught: Vec<Address>,
}

/// Runs one task from creation to its end.
pub(super) async fn tell(desk: &Desk, order: &Order, names: &Names, narrator: &Narrator) -> Outcome<Told> {
    for program in order.programs() {
        let fresh = desk.publish(program).await?;
        let how = if fresh { "published at the relay" } else { "is at the relay already" };
        narrator.line(None, &format!("program     {} {how}", program.hash));
    }
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
    Ok(Told { view, took, caught })
}

impl Told {
    /// How long it took and, without success, what that means.
    pub(super) fn summary(&self) -> String {
        let took_ms = self.took.as_millis();
        match self.view.state {
            TaskState::Success => format!("            {took_ms} ms from create_task to TaskSuccess"),
            _ => format!(
                "            two cheats in one panel: no two results agree, nobody is paid ({took_ms} ms)"
            ),
        }
    }

    /// Refuses any end but success, and, where `cheats` may have met in one panel, three results that differ.
    pub(super) fn check(&self, cheats: usize) -> Outcome {
        let (state, reason) = (self.view.state, self.view.abort_reason);
        let have_met = cheats > 1 && reason == Some(AbortReason::ResultsDiffer);
        if state == TaskState::Success || have_met {
            return Ok(());
        }
        let reason = reason.map_or_else(String::new, |reason| format!(": {reason:?}"));
        Err(Failure::new(format!("task {} ended as {state:?}{reason}", self.view.id)))
    }
}

/// The node that this event fines as a cheat.
fn cheat(event: &Event) -> Option<Address> {
    let is_cheat = event.name == "NodePenalised" && event.get("reason") == Some(&Value::Text("cheat".into()));
    is_cheat.then(|| event.address("node")).flatten()
}
