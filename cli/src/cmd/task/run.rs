//! The commands that pay, bring and fetch.

use crate::application::{
    self, ApplicationError, Begin, Delivered, Desk, Progress, RunOptions, prepare_to_pay,
};
use crate::client::relay::Upload;
use crate::client::task;
use crate::cmd::print;
use crate::cmd::task::OrderArgs;
use crate::cmd::task::order::order;
use crate::cmd::task::teller::Teller;
use crate::cmd::task::view::refund_of;
use crate::failure::{Failure, Outcome};
use crate::session::Session;
use hydrogen_offchain::calls;
use hydrogen_types::task::{TaskState, TaskView};
use hydrogen_types::{Amount, Hash, codec};
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// One wait for the block of the draw; it ends early with the block.
const DRAW_WAIT: Duration = Duration::from_secs(20);

/// What to do with an order that was begun before.
pub(super) fn begin(resume: bool, new: bool) -> Begin {
    match (resume, new) {
        (true, _) => Begin::Resume,
        (false, true) => Begin::Anew,
        (false, false) => Begin::Once,
    }
}

pub(super) async fn run(session: &Session, args: &OrderArgs, output: Option<&Path>, begin: Begin) -> Outcome {
    let order = order(args).await?;
    let teller = Teller::new(session);
    let wallet = session.wallet(&args.from)?;
    let desk = Desk::open_with_meter(wallet, args.relay.as_deref(), teller.meter()).await?;
    let to = match output {
        Some(path) => path.to_path_buf(),
        None => scratch(session, &order.identity(desk.genesis(), &desk.wallet().address()).to_string())?,
    };
    let options = RunOptions { records: session.home.join("tasks"), begin, to: to.clone() };
    let listener = |progress: &Progress<'_>| teller.progress(progress);
    let done = application::run(&desk, &order, &options, &listener).await;
    teller.wait_for("");
    match done {
        Ok(delivered) => deliver(session, &desk, &delivered, &to, output).await,
        Err(ApplicationError::Aborted { view }) => {
            let text = refund_of(desk.client(), &view).await;
            teller.line(None, &text);
            Err(ApplicationError::Aborted { view }.into())
        }
        Err(error) => Err(unfinished(error)),
    }
}

/// A run that is not over says how to go on with it.
fn unfinished(error: ApplicationError) -> Failure {
    let is_transient = error.is_transient();
    let failure = Failure::from(error);
    if !is_transient {
        return failure;
    }
    let next = "the same command with --resume goes on and pays nothing twice";
    let hint = match failure.next_step() {
        Some(hint) => format!("{next}; {hint}"),
        None => String::from(next),
    };
    failure.hint(hint)
}

pub(super) async fn create(session: &Session, args: &OrderArgs) -> Outcome {
    let order = order(args).await?;
    let teller = Teller::new(session);
    let wallet = session.wallet(&args.from)?;
    let desk = Desk::open_with_meter(wallet, args.relay.as_deref(), teller.meter()).await?;
    let listener = |progress: &Progress<'_>| teller.progress(progress);
    let quote = prepare_to_pay(&desk, &order, &listener).await?;
    let receipt = task::send(desk.wallet(), calls::create_task(&quote.request)).await?;
    teller.wait_for("");
    if !receipt.is_success() {
        return print::receipt(session, &receipt, &[]);
    }
    let id: u64 = codec::decode(&receipt.receipt.value, 8)?;
    let (height, tx) = (receipt.height(), receipt.receipt.hash);
    teller.line(
        Some(height),
        &format!("created     task {id}; next: `hydrogen task upload {id} --input FILE --from KEY`"),
    );
    session
        .output
        .data(id, &json!({"task": id.to_string(), "height": height.to_string(), "tx": tx.to_string()}));
    Ok(())
}

pub(super) async fn upload(
    session: &Session,
    id: u64,
    input: &Path,
    from: &str,
    relay: Option<&str>,
) -> Outcome {
    let input = Upload::of(input).await?;
    let teller = Teller::new(session);
    let desk = Desk::open_with_meter(session.wallet(from)?, relay, teller.meter()).await?;
    let view = desk.task(id).await?;
    if view.args_hash != input.digest {
        let (expected, got) = (view.args_hash, input.digest);
        return Err(ApplicationError::OtherArgs { task: id, expected, got }.into());
    }
    teller.wait_for("waiting for the draw");
    let view = await_draw(&desk, view).await?;
    if view.state != TaskState::Started {
        return Err(ApplicationError::NotStarted { task: id, state: view.state }.into());
    }
    teller.wait_for("bringing the arguments");
    let receipt = desk.upload(id, &input).await?;
    let done = desk.report(id, &receipt).await?;
    teller.wait_for("");
    let height = done.height();
    let (relay, url) =
        desk.relay().map(|relay| (relay.id.to_string(), relay.url.clone())).unwrap_or_default();
    session.output.data(
        format_args!("arguments of task {id} are at relay {url} since block {height}"),
        &json!({"task": id.to_string(), "height": height.to_string(), "relay": relay, "url": url}),
    );
    Ok(())
}

async fn await_draw(desk: &Desk, mut view: TaskView) -> Outcome<TaskView> {
    while view.state == TaskState::Created {
        let next = desk.client().status().await?.height.0.next();
        desk.client().await_height(next, DRAW_WAIT).await?;
        view = desk.task(view.id).await?;
    }
    Ok(view)
}

pub(super) async fn cancel(session: &Session, id: u64, from: &str) -> Outcome {
    let desk = Desk::open(session.wallet(from)?, None).await?;
    let receipt = desk.cancel(id).await?;
    let view = desk.task(id).await?;
    session.output.say(refund_of(desk.client(), &view).await);
    print::receipt(session, &receipt, &[("task", id.to_string())])
}

pub(super) async fn result(session: &Session, id: u64, output: Option<&Path>, from: &str) -> Outcome {
    let teller = Teller::new(session);
    let desk = Desk::open_with_meter(session.wallet(from)?, None, teller.meter()).await?;
    let view = desk.task(id).await?;
    let to = match output {
        Some(path) => path.to_path_buf(),
        None => scratch(session, &format!("{id}-{}", std::process::id()))?,
    };
    teller.wait_for("fetching the result");
    let fetched = desk.download(&view, &to).await;
    teller.wait_for("");
    deliver(session, &desk, &Delivered { view, bytes: fetched? }, &to, output).await
}

/// Says what came, and writes it to stdout where no file was named.
async fn deliver(
    session: &Session,
    desk: &Desk,
    delivered: &Delivered,
    to: &Path,
    output: Option<&Path>,
) -> Outcome {
    let Delivered { view, bytes } = delivered;
    let digest = view.result.unwrap_or(Hash::ZERO);
    session
        .output
        .say(format_args!("result of task {}: {bytes} bytes, sha-256 {digest} as on the chain", view.id));
    let mut json = json!({
        "task": view.id.to_string(), "digest": digest.to_string(), "bytes": bytes.to_string(),
        "fee": view.fee.get().to_string(), "paid": paid(view).get().to_string(),
        "output": output.map(|path| path.display().to_string())
    });
    if let Some(path) = output {
        session.output.say(refund_of(desk.client(), view).await);
        session.output.data(path.display(), &json);
        return Ok(());
    }
    let result = std::fs::read(to).map_err(|error| Failure::of(to.display(), &error))?;
    std::fs::remove_file(to).map_err(|error| Failure::of(to.display(), &error))?;
    if session.output.json {
        json["result"] = Value::from(format!("0x{}", hex::encode(&result)));
        session.output.data("", &json);
        return Ok(());
    }
    let mut stdout = std::io::stdout().lock();
    Ok(stdout.write_all(&result).and_then(|()| stdout.flush())?)
}

fn paid(view: &TaskView) -> Amount {
    Amount::new(view.seats.iter().map(|seat| seat.paid.get()).fold(0, u128::saturating_add))
}

/// A file of the home for bytes on their way to stdout.
fn scratch(session: &Session, name: &str) -> Outcome<PathBuf> {
    let folder = session.home.join("tasks");
    std::fs::create_dir_all(&folder).map_err(|error| Failure::of(folder.display(), &error))?;
    Ok(folder.join(format!("result-{name}")))
}
