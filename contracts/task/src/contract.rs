//! The methods: who may call, then the module that does it.

use crate::error::TaskError;
use crate::schedule::Stage;
use crate::{args, commit, create, deadline, draw, nodes, owner, relays, reveal, upload, views};
use hydrogen_sdk::prelude::*;
use hydrogen_types::host::CallContext;
use hydrogen_types::task::{Comparison, CreateTask, DrawView, NodeFilter, NodePage, NodeView, Outcome};
use hydrogen_types::task::{RelayReceipt, RelayView, Stats, TaskConfig, TaskFilter, TaskPage, TaskView};

/// The context of a call by a key account: every call of the task contract is one.
fn account() -> Result<CallContext, TaskError> {
    let context = env::context();
    if context.caller == context.signer { Ok(context) } else { Err(TaskError::NotAnAccount) }
}

/// Tasks, the compute nodes that execute them, the relays that carry their bytes, and the escrow.
#[contract(
    name = "task",
    foreign(
        Comparison,
        DrawView,
        NodeFilter,
        NodePage,
        NodeView,
        Outcome,
        RelayReceipt,
        RelayView,
        Stats,
        TaskConfig,
        TaskFilter,
        TaskPage,
        TaskView,
    )
)]
pub mod task {
    use super::*;

    /// Starts with a configuration, an owner who may change it and the relays, and the first relays with their addresses.
    #[init]
    pub(crate) fn init(
        config: TaskConfig,
        owner: Address,
        relays: Vec<(PublicKey, String)>,
    ) -> Result<(), TaskError> {
        crate::init::init(config, owner, relays)
    }

    /// Pays for a task: fee and gas deposit move from the caller, within its allowance. Returns the task's id.
    #[call]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a method are its interface")]
    pub(crate) fn create_task(
        program: Option<Hash>,
        external: Option<String>,
        args_hash: Hash,
        args_bytes_max: Option<u64>,
        comparison: Comparison,
        fee: Amount,
        timeout_ms: Option<u64>,
        memory_bytes_max: Option<u64>,
        fuel_max: Option<u64>,
        output_bytes_max: Option<u64>,
    ) -> Result<u64, TaskError> {
        let request = CreateTask {
            program,
            external,
            args_hash,
            args_bytes_max,
            comparison,
            fee,
            timeout_ms,
            memory_bytes_max,
            fuel_max,
            output_bytes_max,
        };
        create::create(&account()?, request)
    }

    /// The creator proves that a relay holds the arguments.
    #[call]
    pub(crate) fn args_uploaded(task: u64, receipt: RelayReceipt) -> Result<(), TaskError> {
        args::uploaded(&account()?, task, &receipt)
    }

    /// A panel member commits to its outcome.
    #[call]
    pub(crate) fn commit(task: u64, commitment: Hash) -> Result<(), TaskError> {
        commit::commit(&account()?, task, commitment)
    }

    /// A panel member shows what it committed to.
    #[call]
    pub(crate) fn reveal(task: u64, outcome: Outcome, salt: [u8; 32]) -> Result<(), TaskError> {
        reveal::reveal(&account()?, task, outcome, &salt)
    }

    /// A node that may upload proves that a relay holds the result, and is paid.
    #[call]
    pub(crate) fn report_uploaded(task: u64, receipt: RelayReceipt) -> Result<(), TaskError> {
        upload::report(&account()?, task, &receipt)
    }

    /// The creator takes a task back that has no arguments yet, for the cancel fee.
    #[call]
    pub(crate) fn cancel(task: u64) -> Result<(), TaskError> {
        args::cancel(&account()?, task)
    }

    /// Does what the deadline that has passed says, should the chain not have done it.
    #[call]
    pub(crate) fn expire(task: u64) -> Result<(), TaskError> {
        deadline::expire(&account()?, task)
    }

    /// Stakes CNX of the caller, within its allowance, and waits to be drawn, also for tasks of these external types.
    #[call]
    pub(crate) fn join(stake: Amount, types: Option<Vec<String>>) -> Result<(), TaskError> {
        nodes::join(&account()?, stake, types)
    }

    /// Adds to the caller's stake.
    #[call]
    pub(crate) fn add_stake(amount: Amount) -> Result<(), TaskError> {
        nodes::add_stake(&account()?, amount)
    }

    /// The caller is not drawn any more, after its task if it has one.
    #[call]
    pub(crate) fn pause() -> Result<(), TaskError> {
        nodes::pause(&account()?)
    }

    /// The caller is drawn again.
    #[call]
    pub(crate) fn resume() -> Result<(), TaskError> {
        nodes::resume(&account()?)
    }

    /// The caller leaves, after its task if it has one; its stake is free when the unbonding time is over.
    #[call]
    pub(crate) fn quit() -> Result<(), TaskError> {
        nodes::quit(&account()?)
    }

    /// Pays the caller's stake out. Returns it.
    #[call]
    pub(crate) fn withdraw() -> Result<Amount, TaskError> {
        nodes::withdraw(&account()?)
    }

    /// The owner registers a relay, or takes one back that drains.
    #[call]
    pub(crate) fn register_relay(key: PublicKey, url: String) -> Result<(), TaskError> {
        relays::register(&account()?, key, url)
    }

    /// The owner removes a relay: it serves the tasks created so far, and is gone when the last of them ends.
    #[call]
    pub(crate) fn remove_relay(relay: Address) -> Result<(), TaskError> {
        relays::remove(&account()?, &relay)
    }

    /// The owner puts a configuration in force, for tasks created from then on. Returns its number.
    #[call]
    pub(crate) fn set_config(config: TaskConfig) -> Result<u64, TaskError> {
        owner::set_config(&account()?, config)
    }

    /// The owner offers the contract to another account; to itself: takes an offer back.
    #[call]
    pub(crate) fn offer_ownership(to: Address) -> Result<(), TaskError> {
        owner::offer(&account()?, to)
    }

    /// The account that the contract was offered to becomes its owner.
    #[call]
    pub(crate) fn accept_ownership() -> Result<(), TaskError> {
        owner::accept(&account()?)
    }

    /// Draws the panel of a task.
    #[scheduled]
    pub(crate) fn draw_panel(task: u64) -> Result<(), TaskError> {
        draw::run(&env::context(), task)
    }

    /// Ends a stage whose time is over.
    #[scheduled]
    pub(crate) fn deadline(task: u64, stage: Stage) -> Result<(), TaskError> {
        deadline::run(&env::context(), task, stage)
    }

    /// Judges a task whose outcomes are all revealed.
    #[scheduled]
    pub(crate) fn judge(task: u64) -> Result<(), TaskError> {
        reveal::judge_due(&env::context(), task)
    }

    /// A task, unless it ended long ago.
    #[query]
    pub(crate) fn task(task: u64) -> Option<TaskView> {
        views::task(task)
    }

    /// Tasks from id `start` on that pass the filter: at most `limit` and at most 50, and where the next page starts.
    #[query]
    pub(crate) fn tasks(filter: Option<TaskFilter>, start: Option<u64>, limit: Option<u32>) -> TaskPage {
        views::tasks(&filter.unwrap_or_default(), start, limit)
    }

    /// A node.
    #[query]
    pub(crate) fn node(node: Address) -> Option<NodeView> {
        views::node(&node)
    }

    /// Nodes by address after `after` that pass the filter: at most `limit` and at most 50, and after which address
    /// the next page starts.
    #[query]
    pub(crate) fn nodes(filter: Option<NodeFilter>, after: Option<Address>, limit: Option<u32>) -> NodePage {
        views::nodes(&filter.unwrap_or_default(), after, limit)
    }

    /// The task a node is bound to.
    #[query]
    pub(crate) fn node_task(node: Address) -> Option<TaskView> {
        views::node_task(&node)
    }

    /// A configuration by number, or the one in force.
    #[query]
    pub(crate) fn config(number: Option<u64>) -> Option<TaskConfig> {
        views::config(number)
    }

    /// Counters.
    #[query]
    pub(crate) fn stats() -> Stats {
        views::stats()
    }

    /// All relays.
    #[query]
    pub(crate) fn relays() -> Vec<RelayView> {
        views::relays()
    }

    /// What the draw of a task was made of.
    #[query]
    pub(crate) fn draw(task: u64) -> Option<DrawView> {
        views::draw(task)
    }
}
