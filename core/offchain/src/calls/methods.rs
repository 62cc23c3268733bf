//! Builders of calls: the method's name and its borsh arguments, in the order of the contract.

use borsh::BorshSerialize;
use hydrogen_types::codec::encode;
use hydrogen_types::task::{Comparison, CreateTask, Outcome, RelayReceipt, TaskConfig};
use hydrogen_types::{Address, Amount, Hash, PublicKey};

/// A call of the task contract, ready for [`hydrogen_types::Action::Call`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The method.
    pub method: &'static str,
    /// Its borsh arguments.
    pub args: Vec<u8>,
}

impl Call {
    fn new<T: BorshSerialize>(method: &'static str, args: &T) -> Self {
        Self { method, args: encode(args) }
    }
}

/// A task for `program` on `args` with every default, compared exactly.
#[must_use]
pub fn program_task(program: Hash, args: &[u8], fee: Amount) -> CreateTask {
    CreateTask {
        program: Some(program),
        external: None,
        args_hash: Hash::sha256(args),
        args_bytes_max: None,
        comparison: Comparison::Exact,
        fee,
        timeout_ms: None,
        memory_bytes_max: None,
        fuel_max: None,
        output_bytes_max: None,
    }
}

/// Creates and pays a task; its value is the id.
#[must_use]
pub fn create_task(task: &CreateTask) -> Call {
    Call::new("create_task", task)
}

/// The creator's proof that a relay holds the arguments.
#[must_use]
pub fn args_uploaded(task: u64, receipt: &RelayReceipt) -> Call {
    Call::new("args_uploaded", &(task, receipt))
}

/// A panel member commits to its outcome.
#[must_use]
pub fn commit(task: u64, commitment: &Hash) -> Call {
    Call::new("commit", &(task, commitment))
}

/// A panel member shows what it committed to.
#[must_use]
pub fn reveal(task: u64, outcome: &Outcome, salt: &[u8; 32]) -> Call {
    Call::new("reveal", &(task, outcome, salt))
}

/// An agreeing node's proof that a relay holds the result.
#[must_use]
pub fn report_uploaded(task: u64, receipt: &RelayReceipt) -> Call {
    Call::new("report_uploaded", &(task, receipt))
}

/// The creator takes a task back that has no arguments yet.
#[must_use]
pub fn cancel(task: u64) -> Call {
    Call::new("cancel", &(task,))
}

/// Anyone asks for what a deadline that has passed says.
#[must_use]
pub fn expire(task: u64) -> Call {
    Call::new("expire", &(task,))
}

/// A node stakes and waits to be drawn.
#[must_use]
pub fn join(stake: Amount, types: Option<&[String]>) -> Call {
    Call::new("join", &(stake, types))
}

/// A node adds to its stake.
#[must_use]
pub fn add_stake(amount: Amount) -> Call {
    Call::new("add_stake", &(amount,))
}

/// A node asks not to be drawn.
#[must_use]
pub fn pause() -> Call {
    Call::new("pause", &())
}

/// A paused node asks to be drawn again.
#[must_use]
pub fn resume() -> Call {
    Call::new("resume", &())
}

/// A node leaves.
#[must_use]
pub fn quit() -> Call {
    Call::new("quit", &())
}

/// A node that left takes its stake.
#[must_use]
pub fn withdraw() -> Call {
    Call::new("withdraw", &())
}

/// The owner registers a relay.
#[must_use]
pub fn register_relay(key: &PublicKey, url: &str) -> Call {
    Call::new("register_relay", &(key, url))
}

/// The owner removes a relay.
#[must_use]
pub fn remove_relay(relay: &Address) -> Call {
    Call::new("remove_relay", &(relay,))
}

/// The owner puts a configuration in force, for tasks created from then on.
#[must_use]
pub fn set_config(config: &TaskConfig) -> Call {
    Call::new("set_config", &(config,))
}

/// The owner offers the contract to another account.
#[must_use]
pub fn offer_ownership(to: &Address) -> Call {
    Call::new("offer_ownership", &(to,))
}

/// The account that the contract was offered to becomes its owner.
#[must_use]
pub fn accept_ownership() -> Call {
    Call::new("accept_ownership", &())
}
