//! The commands that look.

use crate::application::{
    ApplicationError, Follower, Step, known, next_steps, refund, verify_draw as recompute,
};
use crate::client::{Client, task};
use crate::cmd::task::teller::Teller;
use crate::cmd::task::view::{json_of, text_of};
use crate::failure::{Failure, Outcome};
use crate::rpc::types::EventJson;
use crate::session::Session;
use hydrogen_offchain::calls;
use hydrogen_types::Amount;
use hydrogen_types::task::{TaskState, TaskView};
use serde_json::{Map, Value, json};

pub(super) async fn status(session: &Session, id: u64) -> Outcome {
    let client = session.client()?;
    let view = known(&client, id).await?;
    show(session, &client, &view).await
}

async fn show(session: &Session, client: &Client, view: &TaskView) -> Outcome {
    let refunded = refunded(client, view).await?;
    let (mut text, mut json) = (text_of(view), json_of(view));
    json["refunded"] = Value::from(refunded.map(|amount| amount.get().to_string()));
    if let Some(amount) = refunded {
        text.push_str(&format!("\nrefunded    {amount} CNX of the fee"));
    }
    session.output.data(text, &json);
    Ok(())
}

async fn refunded(client: &Client, view: &TaskView) -> Outcome<Option<Amount>> {
    let config = task::ask(client, calls::config_query(Some(view.config))).await?;
    Ok(config.and_then(|config| refund(view, &config)))
}

pub(super) async fn watch(session: &Session, id: u64) -> Outcome {
    let client = session.client()?;
    let mut view = known(&client, id).await?;
    let mut follower = Follower::new(client.clone(), id, view.created_height);
    let teller = Teller::new(session);
    let ended = |view: &TaskView| matches!(view.state, TaskState::Success | TaskState::Aborted);
    loop {
        let steps = next_steps(&mut follower).await?;
        if session.output.json {
            steps.iter().for_each(|step| session.output.data("", &json_line(step)));
        } else {
            teller.steps(&steps);
        }
        let is_end = steps.iter().any(|step| crate::application::is_end(&step.event));
        // No steps: blocks are gone, and the end may be in one of them.
        if is_end || steps.is_empty() {
            view = known(&client, id).await?;
            if is_end || ended(&view) {
                break;
            }
        }
    }
    teller.wait_for("");
    show(session, &client, &view).await?;
    match view.state {
        TaskState::Aborted => Err(ApplicationError::Aborted { view: Box::new(view) }.into()),
        _ => Ok(()),
    }
}

/// One thing that happened, on one line.
fn json_line(step: &Step) -> Value {
    let event = EventJson::from(&step.event);
    let value = |value| match serde_json::to_value(value) {
        Ok(Value::Object(mut typed)) => typed.remove("value").unwrap_or_default(),
        _ => Value::Null,
    };
    let attributes: Map<String, Value> =
        event.attributes.into_iter().map(|attribute| (attribute.name, value(attribute.value))).collect();
    json!({
        "height": step.header.height.to_string(), "time_ms": step.header.time_ms.to_string(),
        "event": event.name, "attributes": attributes
    })
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
