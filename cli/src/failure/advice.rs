//! What to do next, by the kind of error: the one place where a command's hint and exit code come from.

use crate::application::ApplicationError;
use crate::client::ClientError;
use crate::client::relay::RelayClientError;
use crate::compute::ComputeError;
use crate::failure::{Exit, Failure};
use hydrogen_types::task::{AbortReason, TaskState, TaskView};
use std::error::Error;

/// Adds name, hint and exit code of an error of ours.
pub(super) fn advise(failure: Failure, error: &(dyn Error + 'static)) -> Failure {
    if let Some(error) = error.downcast_ref::<ApplicationError>() {
        let failure = failure.named(error.name()).ending(match error {
            ApplicationError::Aborted { .. } => Exit::NoResult,
            error if error.is_transient() => Exit::TryAgain,
            _ => Exit::Failed,
        });
        return hinted(failure, of_application(error));
    }
    if let Some(error) = error.downcast_ref::<ClientError>() {
        return of_client_failure(failure, error);
    }
    if let Some(error) = error.downcast_ref::<RelayClientError>() {
        let failure = failure.ending(if error.is_transient() { Exit::TryAgain } else { Exit::Failed });
        return hinted(failure, of_relay(error));
    }
    if let Some(ComputeError::Client(error)) = error.downcast_ref::<ComputeError>() {
        return of_client_failure(failure, error);
    }
    failure
}

fn hinted(failure: Failure, hint: Option<String>) -> Failure {
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

fn of_client_failure(mut failure: Failure, error: &ClientError) -> Failure {
    failure = failure.named(error.kind());
    if error.is_transient() {
        failure = failure.ending(Exit::TryAgain);
    }
    hinted(failure, of_client(error))
}

fn of_client(error: &ClientError) -> Option<String> {
    let hint = match error {
        ClientError::Unreachable { .. } => {
            "is a node running there? name others with --rpc URL or HYDROGEN_RPC; `hydrogen testnet up` starts a network"
        }
        ClientError::BadAnswer { .. } => "is this the address of a node's RPC, and of this version?",
        ClientError::NotFinal { .. } => "look again with `hydrogen tx show HASH`; the network may be down",
        _ => return error.name().and_then(of_refusal),
    };
    Some(hint.into())
}

/// What to do about a refusal of the ledger or of the task contract.
fn of_refusal(name: &str) -> Option<String> {
    let hint = match name {
        "NotEnoughNodes" => {
            "three compute nodes must be free: wait and try again, or see `hydrogen compute list --state available`"
        }
        "NotEnoughTokens" | "BalanceTooLow" => {
            "get CNX first; on a test network `hydrogen testnet fund WHO AMOUNT` gives some"
        }
        "NotEnoughAllowance" => "another process of this account changed the allowance meanwhile: try again",
        "FeeTooLow" => "offer at least what it says with --fee",
        "BadLimits" => {
            "choose limits within the bounds; `hydrogen contract query task config '{}'` shows them all"
        }
        "NotCreator" => "only the account that created a task may do this: give its key with --from",
        "WrongState" | "TooLate" => "`hydrogen task status ID` shows where the task stands",
        "TaskNotFound" => "`hydrogen task list` shows the tasks that are kept; ended ones go after a week",
        "AlreadyJoined" => {
            "`hydrogen compute status WHO` shows the node; `hydrogen compute add-stake` adds to its stake"
        }
        "NotJoined" | "NodeNotFound" => "`hydrogen compute join --stake AMOUNT --from KEY` stakes and joins",
        "StakeTooLow" => "stake more with `hydrogen compute add-stake AMOUNT --from KEY`",
        "StillUnbonding" => {
            "the stake is free when the unbonding time is over: `hydrogen compute status WHO` shows when"
        }
        "IllegalNodeStatus" => {
            "`hydrogen compute status WHO` shows the state; a node at work changes it after its task"
        }
        "NonceTooLow" | "NonceTooHigh" | "ReplacementUnderpriced" => {
            "another transaction of this account is on its way: try again in a moment"
        }
        _ => return None,
    };
    Some(hint.into())
}

fn of_relay(error: &RelayClientError) -> Option<String> {
    let hint = match error {
        RelayClientError::Unreachable { .. } => {
            "is it running? `hydrogen contract query task relays '{}'` lists them"
        }
        RelayClientError::Refused { status: 403, .. } => {
            "the relay gives this to the task's creator alone: give its key with --from; clocks may differ by a minute"
        }
        RelayClientError::Refused { status: 413, .. } => {
            "the relay takes no body of this size: use another with --relay"
        }
        RelayClientError::Refused { status: 422, .. } => {
            "the bytes are not those that were announced: did the file change?"
        }
        _ => return None,
    };
    Some(hint.into())
}

fn of_application(error: &ApplicationError) -> Option<String> {
    let hint = match error {
        ApplicationError::Client(error) => return of_client(error),
        ApplicationError::Relay(error) => return of_relay(error),
        ApplicationError::CallFailed { .. } => "its gas is paid, and nothing else was changed".into(),
        ApplicationError::FeeTooLow { fee_min, .. } => {
            format!("offer at least {fee_min} CNX with --fee, or ask for less time with --timeout-ms")
        }
        ApplicationError::NotEnoughTokens { account, .. } => {
            format!("get CNX first; on a test network `hydrogen testnet fund {account} AMOUNT` gives some")
        }
        ApplicationError::BadLimit { field: "timeout_ms", .. } => {
            "leave --timeout-ms out for a time that fits; less --fuel-max needs less time".into()
        }
        ApplicationError::BadLimit { .. } | ApplicationError::ArgsTooLarge { .. } => {
            "`hydrogen contract query task config '{}'` shows the limits of this chain".into()
        }
        ApplicationError::OtherArgs { .. } => "give the file that the task was created with".into(),
        ApplicationError::UnknownType { .. } => {
            "nodes announce types with `hydrogen compute join --types`; the contract's owner lists them"
                .into()
        }
        ApplicationError::ProgramMissing { .. } => {
            "publish it with `hydrogen program publish FILE`, or give its file instead of its hash".into()
        }
        ApplicationError::NoRelay { reasons, .. } if reasons.is_empty() => {
            "`hydrogen relay` starts one; the owner of the task contract registers it with `register_relay`"
                .into()
        }
        ApplicationError::NoRelay { .. } | ApplicationError::RelayGone { .. } => {
            "`hydrogen contract query task relays '{}'` lists the relays; choose one with --relay".into()
        }
        ApplicationError::BadReceipt { .. } => "use another relay with --relay".into(),
        ApplicationError::TaskNotFound { .. } => {
            "`hydrogen task list` shows the tasks that are kept; ended ones go after a week".into()
        }
        ApplicationError::NotStarted { task, .. } => format!("`hydrogen task watch {task}` follows it"),
        ApplicationError::NotDrawn { task } => format!("`hydrogen task status {task}` shows where it stands"),
        ApplicationError::NoResult { task, state: TaskState::Aborted } => {
            format!("`hydrogen task status {task}` says why")
        }
        ApplicationError::NoResult { task, .. } => format!("`hydrogen task watch {task}` waits for it"),
        ApplicationError::Aborted { view } => of_abort(view),
        ApplicationError::AlreadyUnderWay { .. } => {
            "--resume goes on with it and pays nothing; --new pays for another task".into()
        }
        ApplicationError::RunLocked { .. } => "wait for it, or stop it and use --resume".into(),
        ApplicationError::BadRecord { .. } => {
            "if no task of yours is open in `hydrogen task list`, remove the file".into()
        }
        ApplicationError::BlockMissing { .. } => "ask a node that keeps old blocks with --rpc".into(),
        ApplicationError::Flooded => "try again when less is going on".into(),
        ApplicationError::BadOutput { .. } => "choose another file with -o".into(),
        _ => return None,
    };
    Some(hint)
}

/// What the creator can do about a task that ended without a result.
fn of_abort(view: &TaskView) -> String {
    let next = match view.abort_reason {
        Some(AbortReason::NotEnoughNodes | AbortReason::NodesTimedOut | AbortReason::NoQuorum) => {
            "run it again, with more time if the work is long"
        }
        Some(AbortReason::ArgsNotUploaded) => {
            "run it again, and let it run on until the arguments are at a relay"
        }
        Some(AbortReason::Cancelled) => "run it again when it is wanted",
        Some(AbortReason::ResultsDiffer) => {
            "run the program twice with `hydrogen program run`; where results may differ a little, use --similar"
        }
        Some(AbortReason::TaskError) => "try it with `hydrogen program run`, which tells more of the error",
        Some(AbortReason::Unavailable) => "run it again with another --relay",
        Some(AbortReason::ResultNotUploaded) | None => "run it again",
    };
    format!("{next}; `hydrogen task status {}` shows what every node said", view.id)
}
