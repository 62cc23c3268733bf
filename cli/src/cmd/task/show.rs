//! The commands that look.

use crate::application::{Follower, is_end, verify_draw as recompute};
use crate::client::task;
use crate::cmd::print;
use crate::cmd::task::run::{next, tell};
use crate::cmd::task::view::{abort_reason, json_of, known, row, text_of};
use crate::failure::{Failure, Outcome};
use crate::session::Session;
use hydrogen_offchain::calls;
use hydrogen_types::task::{TaskFilter, TaskState};
use serde_json::{Value, json};

pub(super) async fn status(session: &Session, id: u64) -> Outcome {
    let view = known(&session.client()?, id).await?;
    session.output.data(text_of(&view), &json_of(&view));
    Ok(())
}

pub(super) async fn watch(session: &Session, id: u64) -> Outcome {
    let client = session.client()?;
    let view = known(&client, id).await?;
    let mut follower = Follower::new(client.clone(), id, view.created_height);
    loop {
        let steps = next(&mut follower).await?;
        tell(session, &steps);
        if steps.iter().any(|step| is_end(&step.event)) {
            break;
        }
    }
    let view = known(&client, id).await?;
    session.output.data(text_of(&view), &json_of(&view));
    match view.state {
        TaskState::Aborted => Err(Failure::new(format!("task {id} was aborted: {}", abort_reason(&view)))),
        _ => Ok(()),
    }
}

pub(super) async fn cancel(session: &Session, id: u64, from: &str) -> Outcome {
    let wallet = session.wallet(from)?;
    let receipt = task::send(&wallet, calls::cancel(id)).await?;
    print::receipt(session, &receipt, &[("task", id.to_string())])
}

pub(super) async fn list(session: &Session, start: u64, limit: u32) -> Outcome {
    let query = calls::tasks_query(&TaskFilter::default(), Some(start), limit);
    let tasks = task::ask(&session.client()?, query).await?.tasks;
    let text = match tasks.as_slice() {
        [] => String::from("no tasks"),
        some => some.iter().map(row).collect::<Vec<_>>().join("\n"),
    };
    session.output.data(text, &Value::from(tasks.iter().map(json_of).collect::<Vec<_>>()));
    Ok(())
}

pub(super) async fn verify_draw(session: &Session, id: u64) -> Outcome {
    let report = recompute(&session.client()?, id).await?;
    let mut lines = vec![
        format!("task        {id}"),
        format!("block       {}", report.draw.height),
        format!("beacon      {}", report.beacon),
        format!("proof       0x{}", hex::encode(report.proof)),
        format!("seed        {}", report.draw.seed),
    ];
    let seats = report.draw.indexes.iter().zip(&report.draw.nodes);
    lines
        .extend(seats.map(|(index, node)| {
            format!("drawn       {node} (index {index} of {})", report.draw.candidates)
        }));
    lines.extend(report.checks.iter().map(|check| {
        let verdict = match check.holds {
            Some(true) => "holds",
            Some(false) => "WRONG",
            None => "open",
        };
        format!("{verdict:<11} {}: {}", check.what, check.detail)
    }));
    let checks: Vec<Value> = report
        .checks
        .iter()
        .map(|check| json!({"what": check.what, "holds": check.holds, "detail": check.detail}))
        .collect();
    let json = json!({
        "task": id.to_string(), "height": report.draw.height.to_string(), "beacon": report.beacon.to_string(),
        "proof": format!("0x{}", hex::encode(report.proof)), "seed": report.draw.seed.to_string(),
        "candidates": report.draw.candidates.to_string(),
        "indexes": report.draw.indexes.iter().map(u64::to_string).collect::<Vec<_>>(),
        "nodes": report.draw.nodes.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "checks": checks, "holds": report.holds()
    });
    session.output.data(lines.join("\n"), &json);
    if report.holds() {
        return Ok(());
    }
    Err(Failure::new(format!("the draw of task {id} is not what the rules give"))
        .hint("ask another node with --rpc: either this one lies, or the chain is broken"))
}
