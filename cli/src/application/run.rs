//! From arguments to result in one call, which may be killed at any moment and made again.
//!
//! ```text
//! quote -> publish -> approve -> sign -> WRITE DOWN -> send -> WRITE DOWN -> follow, bring arguments -> fetch -> forget
//! ```
//!
//! *Invariant*: of all calls for one order, resumed after each death, at most one task is paid.

use crate::application::record::{Record, Run};
use crate::application::{ApplicationError, Desk, Follower, Order, Program, Quote, Step, is_end};
use crate::client::Settled;
use hydrogen_types::task::{TaskState, TaskView};
use hydrogen_types::{Hash, Height};
use std::path::{Path, PathBuf};

/// Steps that failed for want of a node are tried again this often before a call gives up.
const TRIES_MAX: u32 = 10;
/// Signatures for one order: each but the last was overtaken by another transaction of the account.
const SIGNATURES_MAX: u32 = 10;

/// What to do with an order that an earlier call has begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// Refuse: the earlier one must be resumed, or given up by name.
    Once,
    /// Go on with it, or with the latest task of the account for the same work and arguments.
    Resume,
    /// Pay again.
    Anew,
}

/// How an order is run.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// Folder of the records.
    pub records: PathBuf,
    /// What to do with an earlier run.
    pub begin: Begin,
    /// Where the result goes.
    pub to: PathBuf,
}

/// What a run tells on its way.
#[derive(Debug)]
#[non_exhaustive]
pub enum Progress<'a> {
    /// The order's limits and prices.
    Quoted(&'a Quote),
    /// A relay has the program.
    Published {
        /// The program.
        program: &'a Hash,
        /// Whether it had to be brought.
        is_fresh: bool,
        /// The relay.
        url: &'a str,
    },
    /// The task contract may take what the task costs.
    Approved(Height),
    /// The creating transaction is written down and goes out.
    Sending(&'a Hash),
    /// An earlier run is gone on with.
    Resumed(&'a TaskView),
    /// An earlier run ended without a result and is forgotten.
    Forgotten(&'a TaskView),
    /// Something happened on the chain.
    Step(&'a Step),
    /// The arguments are at a relay.
    Uploaded {
        /// Their bytes.
        bytes: u64,
        /// The relay.
        url: &'a str,
        /// Block the relay had seen.
        height: Height,
    },
}

/// Hears of progress.
pub type Listener<'a> = &'a (dyn Fn(&Progress<'_>) + Send + Sync);

/// A task that has its result, and the result's size.
#[derive(Debug, Clone)]
pub struct Delivered {
    /// The task.
    pub view: TaskView,
    /// Bytes of the result.
    pub bytes: u64,
}

/// Runs an order to its result.
///
/// # Errors
/// [`ApplicationError::Aborted`] when the task ended without one. After any other error the run is not over: call again
/// with [`Begin::Resume`].
pub async fn run(
    desk: &Desk,
    order: &Order,
    options: &RunOptions,
    listener: Listener<'_>,
) -> Result<Delivered, ApplicationError> {
    check_output(&options.to, order)?;
    let identity = order.identity(desk.genesis(), &desk.wallet().address());
    let run = Run::open(&options.records, &identity)?;
    let (id, from) = match earlier(desk, order, &run, options.begin, listener).await? {
        Some(found) => found,
        None => pay(desk, order, &run, listener).await?,
    };
    let view = await_end(desk, id, from, order, listener).await?;
    if view.state == TaskState::Aborted {
        run.clear()?;
        return Err(ApplicationError::Aborted { view: Box::new(view) });
    }
    let bytes = desk.download(&view, &options.to).await?;
    run.clear()?;
    Ok(Delivered { view, bytes })
}

/// The task of an earlier run, if that is to be gone on with.
async fn earlier(
    desk: &Desk,
    order: &Order,
    run: &Run,
    begin: Begin,
    listener: Listener<'_>,
) -> Result<Option<(u64, Height)>, ApplicationError> {
    let written = run.load()?;
    match begin {
        Begin::Anew => {
            run.clear()?;
            Ok(None)
        }
        Begin::Once => {
            refuse_a_second(desk, order, run, written, listener).await?;
            Ok(None)
        }
        Begin::Resume => resume(desk, order, run, written, listener).await,
    }
}

/// What was written down, brought up to the chain; else the latest task of the account for the same order.
async fn resume(
    desk: &Desk,
    order: &Order,
    run: &Run,
    written: Option<Record>,
    listener: Listener<'_>,
) -> Result<Option<(u64, Height)>, ApplicationError> {
    let created = match written {
        Some(Record::Created { task, height }) => Some((task, height)),
        Some(Record::Intended(prepared)) => match desk.settle(&prepared).await {
            Ok(settled) => settled.map(|(task, receipt)| (task, receipt.height())),
            // Included and refused by the contract: nothing was created.
            Err(ApplicationError::CallFailed { .. }) => None,
            Err(error) => return Err(error),
        },
        None => None,
    };
    let found = match created {
        Some((task, height)) => {
            run.save(&Record::Created { task, height })?;
            let view = desk.task(task).await;
            if let Err(ApplicationError::TaskNotFound { .. }) = view {
                run.clear()?;
            }
            Some(view?)
        }
        None => desk.find(order).await?,
    };
    let Some(view) = found else {
        run.clear()?;
        return Ok(None);
    };
    run.save(&Record::Created { task: view.id, height: view.created_height })?;
    listener(&Progress::Resumed(&view));
    Ok(Some((view.id, view.created_height)))
}

/// Makes sure that nothing of this order is under way.
async fn refuse_a_second(
    desk: &Desk,
    order: &Order,
    run: &Run,
    written: Option<Record>,
    listener: Listener<'_>,
) -> Result<(), ApplicationError> {
    let under_way = |what: String| Err(ApplicationError::AlreadyUnderWay { what });
    let task = match &written {
        Some(Record::Created { task, .. }) => Some(*task),
        Some(Record::Intended(prepared)) => match desk.wallet().fate(prepared).await? {
            None => {
                return under_way(format!(
                    "its payment, transaction {}, may be included until block {}",
                    prepared.hash, prepared.valid_until
                ));
            }
            Some(Settled::Void) => None,
            Some(Settled::Final(_)) => desk.settle(prepared).await.ok().flatten().map(|(id, _)| id),
        },
        None => None,
    };
    if let Some(task) = task {
        match desk.task(task).await {
            Ok(view) if view.state == TaskState::Aborted => listener(&Progress::Forgotten(&view)),
            Ok(view) => return under_way(format!("task {task} is {:?}", view.state)),
            Err(ApplicationError::TaskNotFound { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    run.clear()?;
    match desk.find(order).await? {
        Some(view) if view.state != TaskState::Success => {
            under_way(format!("task {} is {:?}", view.id, view.state))
        }
        _ => Ok(()),
    }
}

/// Publishes, approves, signs, writes down, sends; the task's id and the block of its creation.
async fn pay(
    desk: &Desk,
    order: &Order,
    run: &Run,
    listener: Listener<'_>,
) -> Result<(u64, Height), ApplicationError> {
    let quote = prepare_to_pay(desk, order, listener).await?;
    for _ in 0..SIGNATURES_MAX {
        let prepared = match desk.prepare(&quote).await {
            // Another process of this account has used, or set anew, what was allowed to the contract.
            Err(error) if error.name() == "NotEnoughAllowance" => {
                desk.approve(order.fee).await?;
                continue;
            }
            done => done?,
        };
        run.save(&Record::Intended(prepared.clone()))?;
        listener(&Progress::Sending(&prepared.hash));
        match desk.settle(&prepared).await {
            Ok(Some((task, receipt))) => {
                let height = receipt.height();
                run.save(&Record::Created { task, height })?;
                return Ok((task, height));
            }
            Ok(None) => {}
            Err(error @ ApplicationError::CallFailed { .. }) => {
                run.clear()?;
                return Err(error);
            }
            Err(error) => return Err(error),
        }
    }
    run.clear()?;
    Err(ApplicationError::BadAnswer {
        reason: format!("{SIGNATURES_MAX} payments in a row were overtaken by others of this account"),
    })
}

/// Everything that comes before the payment: prices, programs at a relay, the allowance.
///
/// # Errors
/// As for its parts; nothing but gas has been spent.
pub async fn prepare_to_pay(
    desk: &Desk,
    order: &Order,
    listener: Listener<'_>,
) -> Result<Quote, ApplicationError> {
    let quote = desk.quote(order).await?;
    listener(&Progress::Quoted(&quote));
    for program in order.programs() {
        let is_fresh = desk.publish(program).await?;
        let url = desk.relay().map_or("", |relay| &relay.url);
        listener(&Progress::Published { program: &program.hash, is_fresh, url });
    }
    if order.programs().is_empty() {
        desk.probe().await?;
    }
    if let Some(receipt) = desk.approve(order.fee).await? {
        listener(&Progress::Approved(receipt.height()));
    }
    Ok(quote)
}

/// Follows a task to its end, bringing the arguments when they are due.
async fn await_end(
    desk: &Desk,
    id: u64,
    from: Height,
    order: &Order,
    listener: Listener<'_>,
) -> Result<TaskView, ApplicationError> {
    let mut follower = Follower::new(desk.client().clone(), id, from);
    let programs: Vec<Program> = order.programs().into_iter().cloned().collect();
    let is_over = |view: &TaskView| matches!(view.state, TaskState::Success | TaskState::Aborted);
    let mut view = desk.task(id).await?;
    let mut brought = false;
    while !is_over(&view) {
        let steps = next_steps(&mut follower).await?;
        for step in &steps {
            listener(&Progress::Step(step));
        }
        let drawn = steps.iter().any(|step| step.event.name == "TaskStarted");
        if !drawn && !steps.is_empty() && !steps.iter().any(|step| is_end(&step.event)) {
            continue;
        }
        view = desk.task(id).await?;
        // The node asked now may be a block behind the one that told of the draw.
        let is_due = view.state == TaskState::Started || (drawn && view.state == TaskState::Created);
        if is_due && !brought {
            bring(desk, id, order, &programs, listener).await?;
            brought = true;
        }
    }
    Ok(view)
}

/// Brings the arguments and shows the receipt, unless the task has moved on meanwhile.
async fn bring(
    desk: &Desk,
    id: u64,
    order: &Order,
    programs: &[Program],
    listener: Listener<'_>,
) -> Result<(), ApplicationError> {
    let done = async {
        let receipt = desk.upload_with(id, &order.input, programs).await?;
        let url = desk.relay().map_or("", |relay| &relay.url);
        let (bytes, height) = (order.input.size, receipt.body.issued);
        listener(&Progress::Uploaded { bytes, url, height });
        desk.report(id, &receipt).await.map(drop)
    };
    match done.await {
        Ok(()) => Ok(()),
        Err(error) => match desk.task(id).await?.state {
            // An earlier process has brought them, or their time is over: the task says which.
            TaskState::Created | TaskState::Started => Err(error),
            _ => Ok(()),
        },
    }
}

/// The next steps; an unreachable node is asked again for a while.
///
/// # Errors
/// When none answers at all.
pub async fn next_steps(follower: &mut Follower) -> Result<Vec<Step>, ApplicationError> {
    let mut tries = 0;
    loop {
        match follower.next().await {
            Ok(steps) => return Ok(steps),
            Err(error) if error.is_transient() && tries < TRIES_MAX => tries += 1,
            Err(error) => return Err(error.into()),
        }
    }
}

/// Sees to it that the result can be written, before it is paid for.
fn check_output(to: &Path, order: &Order) -> Result<(), ApplicationError> {
    let bad = |reason: String| ApplicationError::BadOutput { path: to.to_path_buf(), reason };
    if to.is_dir() {
        return Err(bad(String::from("it is a folder, the result is a file")));
    }
    let same = |other: &Path| match (to.canonicalize(), other.canonicalize()) {
        (Ok(to), Ok(other)) => to == other,
        _ => false,
    };
    let uploads = order.programs().into_iter().filter_map(|program| program.upload.as_ref());
    if uploads.chain([&order.input]).any(|upload| same(&upload.path)) {
        return Err(bad(String::from("the result would take the place of what it is made from")));
    }
    let name = to.file_name().ok_or_else(|| bad(String::from("it names no file")))?;
    let probe = to.with_file_name(format!(".{}.part-probe", name.to_string_lossy()));
    std::fs::File::create(&probe)
        .and_then(|_| std::fs::remove_file(&probe))
        .map_err(|error| bad(format!("the result cannot be written there: {error}")))
}
