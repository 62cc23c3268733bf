//! Every method of section 10 as a value, so that tests can go through all of them.

use crate::{TaskError, task as contract};
use hydrogen_sdk::mock;
use hydrogen_types::host::Origin;
use hydrogen_types::task::{CreateTask, Outcome, RelayReceipt, TaskConfig};
use hydrogen_types::{Address, Amount, Hash, PublicKey};

/// A call with its arguments.
#[derive(Debug, Clone)]
pub(super) enum Call {
    Create(CreateTask),
    Args(u64, RelayReceipt),
    Commit(u64, Hash),
    Reveal(u64, Outcome, [u8; 32]),
    Report(u64, RelayReceipt),
    Cancel(u64),
    Expire(u64),
    Join(Amount, Option<Vec<String>>),
    AddStake(Amount),
    Pause,
    Resume,
    Quit,
    Withdraw,
    RegisterRelay(PublicKey, String),
    RemoveRelay(Address),
    SetConfig(Box<TaskConfig>),
    OfferOwnership(Address),
    AcceptOwnership,
}

impl Call {
    /// The method's name.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Create(_) => "create_task",
            Self::Args(..) => "args_uploaded",
            Self::Commit(..) => "commit",
            Self::Reveal(..) => "reveal",
            Self::Report(..) => "report_uploaded",
            Self::Cancel(_) => "cancel",
            Self::Expire(_) => "expire",
            Self::Join(..) => "join",
            Self::AddStake(_) => "add_stake",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Quit => "quit",
            Self::Withdraw => "withdraw",
            Self::RegisterRelay(..) => "register_relay",
            Self::RemoveRelay(_) => "remove_relay",
            Self::SetConfig(_) => "set_config",
            Self::OfferOwnership(_) => "offer_ownership",
            Self::AcceptOwnership => "accept_ownership",
        }
    }

    /// Calls it, as whom the context says. Nothing is undone if it fails.
    pub(super) fn run(&self) -> Result<(), TaskError> {
        match self.clone() {
            Self::Create(request) => contract::create_task(
                request.program,
                request.external,
                request.args_hash,
                request.args_bytes_max,
                request.comparison,
                request.fee,
                request.timeout_ms,
                request.memory_bytes_max,
                request.fuel_max,
                request.output_bytes_max,
            )
            .map(drop),
            Self::Args(task, receipt) => contract::args_uploaded(task, receipt),
            Self::Commit(task, commitment) => contract::commit(task, commitment),
            Self::Reveal(task, outcome, salt) => contract::reveal(task, outcome, salt),
            Self::Report(task, receipt) => contract::report_uploaded(task, receipt),
            Self::Cancel(task) => contract::cancel(task),
            Self::Expire(task) => contract::expire(task),
            Self::Join(stake, types) => contract::join(stake, types),
            Self::AddStake(amount) => contract::add_stake(amount),
            Self::Pause => contract::pause(),
            Self::Resume => contract::resume(),
            Self::Quit => contract::quit(),
            Self::Withdraw => contract::withdraw().map(drop),
            Self::RegisterRelay(key, url) => contract::register_relay(key, url),
            Self::RemoveRelay(relay) => contract::remove_relay(relay),
            Self::SetConfig(config) => contract::set_config(*config).map(drop),
            Self::OfferOwnership(to) => contract::offer_ownership(to),
            Self::AcceptOwnership => contract::accept_ownership(),
        }
    }
}

/// The name of a refusal, as the docs list it.
pub(super) fn name_of(error: &TaskError) -> String {
    let debug = format!("{error:?}");
    debug.split([' ', '{']).next().unwrap_or_default().to_string()
}

/// The next call comes from `caller`, in a transaction that `signer` signed.
pub(super) fn act_as(caller: Address, signer: Address) {
    mock::with(|world| {
        world.context.caller = caller;
        world.context.signer = signer;
        world.context.origin = Origin::Tx;
    });
}
