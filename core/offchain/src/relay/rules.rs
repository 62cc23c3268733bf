//! Who may bring and take what (`task-protocol`, sections 4, 7 and 11).

use crate::agreement::{may_upload, seat};
use hydrogen_types::task::{BlobKind, Comparison, Outcome, RelayReceipt, RelayView, TaskState, TaskView};
use hydrogen_types::{Address, Hash};

/// Why a request is refused; each has its HTTP status.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The task, or the state the request needs, is in no final block yet: wait and try again.
    #[error("not seen in a final block yet, try again in {retry_s} s")]
    NotSeenYet {
        /// Seconds to wait.
        retry_s: u64,
    },
    /// The relay does not hold it.
    #[error("not here")]
    NotFound,
    /// Not this account.
    #[error("not allowed for {0}")]
    Forbidden(Address),
    /// The task is past the state in which this is possible.
    #[error("task is {0:?}")]
    WrongState(TaskState),
    /// More bytes than the task, or the relay, allows.
    #[error("{size} bytes, at most {size_max} allowed")]
    TooLarge {
        /// Sent or announced.
        size: u64,
        /// Allowed.
        size_max: u64,
    },
    /// Other bytes than the chain holds the hash of.
    #[error("the bytes hash to {got}, the chain holds {expected}")]
    HashMismatch {
        /// On the chain.
        expected: Hash,
        /// Of the body.
        got: Hash,
    },
    /// The fingerprint program gives something else than the node revealed.
    #[error("the fingerprint is not the one that was revealed")]
    FingerprintMismatch,
    /// The relay does not hold the task's program: publish it first.
    #[error("program {0} is not here: publish it first")]
    ProgramMissing(Hash),
    /// The fingerprint program found the bytes to be none that it reads.
    #[error("the fingerprint program ends with error {code} on these bytes: {reason}")]
    FingerprintError {
        /// A code of `task::error_code`.
        code: u32,
        /// For a person.
        reason: String,
    },
    /// The relay was removed: it serves tasks created before alone.
    #[error("this relay is being removed and takes tasks up to {} alone: use another relay", .last_task.unwrap_or(0))]
    Draining {
        /// The last task it still serves.
        last_task: Option<u64>,
    },
    /// The task contract does not know the relay, so it would take none of its receipts.
    #[error("the task contract does not know this relay: its owner registers it, or use another")]
    NotRegistered,
}

impl Refusal {
    /// Seconds a client waits before it asks again for what is not seen yet: a block takes no longer.
    pub const RETRY_S: u64 = 1;
    /// Seconds after which a relay may have been registered: a person does it.
    pub const RETRY_REGISTERED_S: u64 = 10;

    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::NotSeenYet { .. } | Self::NotFound => 404,
            Self::Forbidden(_) => 403,
            Self::WrongState(_) => 409,
            // Not 409: another relay takes it.
            Self::Draining { .. } => 410,
            Self::TooLarge { .. } => 413,
            Self::HashMismatch { .. } | Self::FingerprintMismatch | Self::FingerprintError { .. } => 422,
            Self::ProgramMissing(_) => 424,
            Self::NotRegistered => 503,
        }
    }

    /// The value of `Retry-After`, where waiting heals.
    #[must_use]
    pub const fn retry_after_s(&self) -> Option<u64> {
        match self {
            Self::NotSeenYet { retry_s } => Some(*retry_s),
            Self::NotRegistered => Some(Self::RETRY_REGISTERED_S),
            _ => None,
        }
    }

    /// Stable name for programs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NotSeenYet { .. } => "NotSeenYet",
            Self::NotFound => "NotFound",
            Self::Forbidden(_) => "Forbidden",
            Self::WrongState(_) => "WrongState",
            Self::TooLarge { .. } => "TooLarge",
            Self::HashMismatch { .. } => "HashMismatch",
            Self::FingerprintMismatch => "FingerprintMismatch",
            Self::ProgramMissing(_) => "ProgramMissing",
            Self::FingerprintError { .. } => "FingerprintError",
            Self::Draining { .. } => "Draining",
            Self::NotRegistered => "NotRegistered",
        }
    }

    const fn not_seen_yet() -> Self {
        Self::NotSeenYet { retry_s: Self::RETRY_S }
    }
}

/// What an upload must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// SHA-256 of the bytes.
    pub digest: Hash,
    /// Most bytes.
    pub size_max: u64,
    /// For a similar task's result: the fingerprint program and what it must give.
    pub fingerprint: Option<(Hash, Vec<u8>)>,
}

impl Expected {
    /// Refuses a body whose announced size is too large, before it is read.
    ///
    /// # Errors
    /// [`Refusal::TooLarge`].
    pub fn check_size(&self, size: u64) -> Result<(), Refusal> {
        if size > self.size_max {
            return Err(Refusal::TooLarge { size, size_max: self.size_max });
        }
        Ok(())
    }

    /// Checks a body that has been read.
    ///
    /// # Errors
    /// [`Refusal::TooLarge`] or [`Refusal::HashMismatch`].
    pub fn check(&self, digest: &Hash, size: u64) -> Result<(), Refusal> {
        self.check_size(size)?;
        if *digest != self.digest {
            return Err(Refusal::HashMismatch { expected: self.digest, got: *digest });
        }
        Ok(())
    }
}

/// What becomes of an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Take the body, check it against this, then issue a receipt: 201.
    Take(Expected),
    /// The same bytes from the same account are here already: 200 with this receipt, whatever the task's state.
    AlreadyHeld(Box<RelayReceipt>),
}

/// Whether `requester` may upload the task's arguments. `task` is `None` while no final block shows it; `held` is the
/// receipt given for them earlier; `body_digest` is the digest the request announces.
///
/// # Errors
/// The refusal to answer with.
pub fn may_upload_args(
    task: Option<&TaskView>,
    requester: &Address,
    body_digest: &Hash,
    held: Option<&RelayReceipt>,
    holds_program: impl Fn(&Hash) -> bool,
) -> Result<Decision, Refusal> {
    let task = task.ok_or(Refusal::not_seen_yet())?;
    if task.creator != *requester {
        return Err(Refusal::Forbidden(*requester));
    }
    if let Some(decision) = already_held(held, requester, body_digest) {
        return Ok(decision);
    }
    match task.state {
        TaskState::Created => return Err(Refusal::not_seen_yet()),
        TaskState::Started => {}
        TaskState::Executing
        | TaskState::Revealing
        | TaskState::Validated
        | TaskState::Success
        | TaskState::Aborted => return Err(Refusal::WrongState(task.state)),
    }
    let expected = Expected { digest: task.args_hash, size_max: task.args_bytes_max, fingerprint: None };
    if *body_digest != expected.digest {
        return Err(Refusal::HashMismatch { expected: expected.digest, got: *body_digest });
    }
    let fingerprint = match &task.comparison {
        Comparison::Exact => None,
        Comparison::Similar { fingerprint, .. } => Some(fingerprint),
    };
    if let Some(missing) = task.program.iter().chain(fingerprint).find(|program| !holds_program(program)) {
        return Err(Refusal::ProgramMissing(*missing));
    }
    Ok(Decision::Take(expected))
}

/// Whether `requester` may upload the task's result now.
///
/// # Errors
/// The refusal to answer with.
pub fn may_upload_result(
    task: Option<&TaskView>,
    requester: &Address,
    body_digest: &Hash,
    held: Option<&RelayReceipt>,
) -> Result<Decision, Refusal> {
    let task = task.ok_or(Refusal::not_seen_yet())?;
    let seat = seat(task, requester).ok_or(Refusal::Forbidden(*requester))?;
    if let Some(decision) = already_held(held, requester, body_digest) {
        return Ok(decision);
    }
    match task.state {
        TaskState::Created | TaskState::Started | TaskState::Executing | TaskState::Revealing => {
            return Err(Refusal::not_seen_yet());
        }
        TaskState::Validated => {}
        TaskState::Success | TaskState::Aborted => return Err(Refusal::WrongState(task.state)),
    }
    let Some(Outcome::Result { digest, fingerprint }) = &seat.outcome else {
        return Err(Refusal::Forbidden(*requester));
    };
    if !may_upload(task, requester) {
        return Err(Refusal::Forbidden(*requester));
    }
    let program = match &task.comparison {
        Comparison::Exact => None,
        Comparison::Similar { fingerprint, .. } => Some(*fingerprint),
    };
    let expected = Expected {
        digest: *digest,
        size_max: task.output_bytes_max,
        fingerprint: program.map(|program| (program, fingerprint.clone())),
    };
    if *body_digest != expected.digest {
        return Err(Refusal::HashMismatch { expected: expected.digest, got: *body_digest });
    }
    Ok(Decision::Take(expected))
}

/// Whether the contract would take receipts of `relay` for `task`: `views` are the relays it knows.
///
/// # Errors
/// [`Refusal::NotRegistered`] or [`Refusal::Draining`].
pub fn may_issue(views: &[RelayView], relay: &Address, task: u64) -> Result<(), Refusal> {
    let view = views.iter().find(|view| view.id == *relay).ok_or(Refusal::NotRegistered)?;
    if view.draining && view.last_task.is_none_or(|last| task > last) {
        return Err(Refusal::Draining { last_task: view.last_task });
    }
    Ok(())
}

fn already_held(held: Option<&RelayReceipt>, requester: &Address, body_digest: &Hash) -> Option<Decision> {
    let receipt = held?;
    let same = receipt.body.uploader == *requester && receipt.body.digest == *body_digest;
    same.then(|| Decision::AlreadyHeld(Box::new(receipt.clone())))
}

/// Whether `requester` may download the task's arguments (its creator and panel) or result (its creator).
/// The digest names the blob to serve; where the relay does not hold it the answer is [`Refusal::NotFound`].
/// What an aborted task ended without is `NotFound` too, what may still come is [`Refusal::NotSeenYet`].
///
/// # Errors
/// The refusal to answer with.
pub fn may_download(task: Option<&TaskView>, kind: BlobKind, requester: &Address) -> Result<Hash, Refusal> {
    let task = task.ok_or(Refusal::not_seen_yet())?;
    let is_creator = task.creator == *requester;
    match kind {
        BlobKind::Args if is_creator || seat(task, requester).is_some() => Ok(task.args_hash),
        // No result is to come any more.
        BlobKind::Result if is_creator && task.state == TaskState::Aborted => Err(Refusal::NotFound),
        BlobKind::Result if is_creator => task.result.ok_or(Refusal::not_seen_yet()),
        BlobKind::Args | BlobKind::Result => Err(Refusal::Forbidden(*requester)),
    }
}
