//! The commands that pay, bring and fetch.

use crate::application::{Desk, Follower, Order, Step, describe, is_end};
use crate::client::Client;
use crate::client::relay::Upload;
use crate::cmd::task::OrderArgs;
use crate::cmd::task::order::order;
use crate::cmd::task::view::{abort_reason, known};
use crate::failure::{Failure, Outcome};
use crate::session::Session;
use hydrogen_types::task::{TaskState, TaskView};
use hydrogen_types::{Hash, Height};
use serde_json::json;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Steps that failed for want of a node are tried again this often before the command gives up.
const TRIES_MAX: u32 = 10;

pub(super) async fn run(session: &Session, args: &OrderArgs, output: Option<&Path>, resume: bool) -> Outcome {
    let order = order(args).await?;
    let desk = Desk::open(session.wallet(&args.from)?, args.relay.as_deref()).await?;
    let found = if resume { desk.find_open(&order).await? } else { None };
    let (id, from) = match found {
        Some(view) => {
            say(session, None, &format!("going on with task {}, which is {:?}", view.id, view.state));
            (view.id, view.created_height)
        }
        None => pay(session, &desk, &order).await?,
    };
    let end = follow(session, &desk, id, from, &order.input).await.map_err(|failure| {
        let hint = format!(
            "the task goes on without this command; `--resume` or `hydrogen task watch {id}` follows it"
        );
        failure.hint(hint)
    })?;
    if end.state != TaskState::Success {
        return Err(Failure::new(format!("task {id} was aborted: {}", abort_reason(&end)))
            .hint(format!("`hydrogen task status {id}` shows what every node said")));
    }
    deliver(session, &desk, &end, output).await
}

pub(super) async fn create(session: &Session, args: &OrderArgs) -> Outcome {
    let order = order(args).await?;
    let desk = Desk::open(session.wallet(&args.from)?, args.relay.as_deref()).await?;
    let (id, height) = pay(session, &desk, &order).await?;
    session.output.data(id, &json!({"task": id.to_string(), "height": height.to_string()}));
    Ok(())
}

/// Publishes, approves, creates; the task's id and the block of its creation.
async fn pay(session: &Session, desk: &Desk, order: &Order) -> Outcome<(u64, Height)> {
    let fresh = desk.publish(&order.program).await?;
    let (hash, url) = (order.program.hash, &desk.relay().url);
    let how = if fresh { "published at" } else { "is already at" };
    say(session, None, &format!("program     {hash} {how} {url}"));
    if let Some(receipt) = desk.approve(order.fee).await? {
        say(session, Some(receipt.height()), "approved    the task contract may take fee and deposit");
    }
    let (id, receipt) = desk.create(order).await?;
    Ok((id, receipt.height()))
}

/// Follows a task to its end, bringing the arguments when they are due.
async fn follow(session: &Session, desk: &Desk, id: u64, from: Height, input: &Upload) -> Outcome<TaskView> {
    let mut follower = Follower::new(desk.client().clone(), id, from);
    let mut brought = false;
    loop {
        let steps = next(&mut follower).await?;
        tell(session, &steps);
        if steps.iter().any(|step| is_end(&step.event)) {
            return known(desk.client(), id).await;
        }
        let drawn = steps.iter().any(|step| step.event.name == "TaskStarted");
        if drawn && !brought && known(desk.client(), id).await?.state == TaskState::Started {
            bring(session, desk, id, input).await?;
            brought = true;
        }
    }
}

async fn bring(session: &Session, desk: &Desk, id: u64, input: &Upload) -> Outcome {
    let receipt = desk.upload(id, input).await?;
    say(
        session,
        Some(receipt.body.issued),
        &format!("uploaded    {} bytes to relay {}", input.size, desk.relay().url),
    );
    desk.report(id, &receipt).await.map(drop)
}

/// The next steps; an unreachable node is asked again for a while.
pub(super) async fn next(follower: &mut Follower) -> Outcome<Vec<Step>> {
    let mut tries = 0;
    loop {
        match follower.next().await {
            Ok(steps) => return Ok(steps),
            Err(error) if error.is_transient() && tries < TRIES_MAX => tries += 1,
            Err(error) => return Err(error.into()),
        }
    }
}

/// Tells steps to the person, each with its height.
pub(super) fn tell(session: &Session, steps: &[Step]) {
    for step in steps {
        let text = describe(&step.header, &step.event, &|address| address.to_string());
        say(session, Some(step.header.height), &text);
    }
}

fn say(session: &Session, height: Option<Height>, text: &str) {
    let height = height.map_or_else(String::new, |height| height.to_string());
    for (index, line) in text.lines().enumerate() {
        // A line that begins further right goes on with the one above it.
        let block = if index == 0 || !line.starts_with(' ') { height.as_str() } else { "" };
        session.output.say(format_args!("{block:>8}  {line}"));
    }
}

pub(super) async fn upload(
    session: &Session,
    id: u64,
    input: &Path,
    from: &str,
    relay: Option<&str>,
) -> Outcome {
    let input = Upload::of(input).await?;
    let desk = Desk::open(session.wallet(from)?, relay).await?;
    let view = known(desk.client(), id).await?;
    if view.args_hash != input.digest {
        return Err(Failure::new(format!(
            "this file hashes to {}, task {id} was created for {}",
            input.digest, view.args_hash
        ))
        .hint("give the file that the task was created with"));
    }
    let view = await_draw(desk.client(), view).await?;
    if view.state != TaskState::Started {
        return Err(Failure::new(format!("task {id} is {:?}: it takes no arguments any more", view.state)));
    }
    let receipt = desk.upload(id, &input).await?;
    let done = desk.report(id, &receipt).await?;
    let height = done.height();
    session.output.data(
        format_args!("arguments of task {id} are at relay {} since block {height}", desk.relay().url),
        &json!({"task": id.to_string(), "height": height.to_string(), "relay": desk.relay().id.to_string()}),
    );
    Ok(())
}

async fn await_draw(client: &Client, mut view: TaskView) -> Outcome<TaskView> {
    while view.state == TaskState::Created {
        let next = client.status().await?.height.0.next();
        client.await_height(next, std::time::Duration::from_secs(20)).await?;
        view = known(client, view.id).await?;
    }
    Ok(view)
}

pub(super) async fn result(session: &Session, id: u64, output: Option<&Path>, from: &str) -> Outcome {
    let desk = Desk::open(session.wallet(from)?, None).await?;
    let view = known(desk.client(), id).await?;
    deliver(session, &desk, &view, output).await
}

/// Fetches the result to where it is wanted.
async fn deliver(session: &Session, desk: &Desk, view: &TaskView, output: Option<&Path>) -> Outcome {
    let path = match output {
        Some(path) => path.to_path_buf(),
        None => scratch(session, view.id)?,
    };
    let size = desk.download(view, &path).await?;
    let digest = view.result.unwrap_or(Hash::ZERO);
    session
        .output
        .say(format_args!("result of task {}: {size} bytes, sha-256 {digest} as on the chain", view.id));
    let json = json!({
        "task": view.id.to_string(), "digest": digest.to_string(), "bytes": size.to_string(),
        "output": output.map(|path| path.display().to_string())
    });
    match output {
        Some(path) => session.output.data(path.display(), &json),
        None => {
            let bytes = std::fs::read(&path).map_err(|error| Failure::of(path.display(), &error))?;
            std::fs::remove_file(&path).map_err(|error| Failure::of(path.display(), &error))?;
            if session.output.json {
                let mut json = json;
                json["result"] = json!(format!("0x{}", hex::encode(&bytes)));
                session.output.data("", &json);
            } else {
                let mut stdout = std::io::stdout().lock();
                stdout.write_all(&bytes).and_then(|()| stdout.flush())?;
            }
        }
    }
    Ok(())
}

/// A file of the home for bytes on their way to stdout.
fn scratch(session: &Session, id: u64) -> Outcome<PathBuf> {
    let folder = session.home.join("tasks");
    std::fs::create_dir_all(&folder).map_err(|error| Failure::of(folder.display(), &error))?;
    Ok(folder.join(format!("result-{id}-{}", std::process::id())))
}
