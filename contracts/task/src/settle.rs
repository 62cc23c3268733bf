//! Paying, fining, freeing, and closing a task (`task-protocol`, sections 6 to 8).
//!
//! *Invariants*: a seat is freed once; fines are taken from the stake at once, and burned or handed on when the task
//! ends; after `close` not one base unit of the task is left in the contract.

use crate::config;
use crate::error::TaskError;
use crate::event::{NodePaid, NodePenalised, TaskAborted};
use crate::fsm::{NodeStep, Refusal, Step, next_task, was_missed};
use crate::money::{add, share, sub};
use crate::nodes;
use crate::penalties::fine;
use crate::relays;
use crate::state::{ENDED, Ended, NODES, PENALTIES, TASKS, Task, Totals};
use hydrogen_sdk::{EventData, env};
use hydrogen_types::host::CallContext;
use hydrogen_types::task::{AbortReason, NodeState, Penalty, PenaltyReason, TaskConfig, TaskState};
use hydrogen_types::{Address, Amount};

/// Where burned CNX goes: `Address::of_name("burned")`, to which no key and no contract leads, since code at a
/// well-known name comes from genesis alone. A test recomputes it.
pub(crate) const BURNED: Address = Address::new(BURNED_BYTES);
const BURNED_BYTES: [u8; 20] = [
    0x1b, 0xb5, 0xb5, 0x28, 0x51, 0x67, 0x6c, 0x76, 0x77, 0xe5, 0x93, 0x19, 0xf1, 0x65, 0x20, 0x12, 0x29,
    0x27, 0xb4, 0x59,
];
/// Latest penalties that a node's record keeps.
const PENALTIES_MAX: usize = 16;
/// Ended tasks that one end removes: as many as it adds, so that none pile up when nobody creates tasks.
const SWEEP_AT_END: u64 = 1;

/// Moves a task to the state after `step`, or says why not. The caller saves it.
pub(crate) fn advance(task: &mut Task, step: Step) -> Result<(), TaskError> {
    let (id, state) = (task.view.id, task.view.state);
    let missed = |reason| was_missed(reason, step);
    task.view.state = next_task(state, step).map_err(|refusal| match refusal {
        Refusal::TooLate => TaskError::TooLate { task: id },
        Refusal::Aborted if task.view.abort_reason.is_some_and(missed) => TaskError::TooLate { task: id },
        Refusal::WrongState | Refusal::Aborted => TaskError::WrongState { task: id, state },
    })?;
    Ok(())
}

/// Refuses a step after its deadline, whether or not the expiry has run.
pub(crate) fn check_in_time(context: &CallContext, task: &Task) -> Result<(), TaskError> {
    if task.view.deadline_ms.is_some_and(|deadline_ms| context.uptime_ms >= deadline_ms) {
        return Err(TaskError::TooLate { task: task.view.id });
    }
    Ok(())
}

/// Notes and tells why a task ends without a result.
pub(crate) fn announce(task: &mut Task, reason: AbortReason) {
    task.view.abort_reason = Some(reason);
    TaskAborted { task: task.view.id, reason }.emit();
}

/// What one seat gets and loses when it is freed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Dues {
    /// From the fee.
    pub(crate) pay: Amount,
    /// From the fines.
    pub(crate) compensation: Amount,
    /// Fault.
    pub(crate) fault: Option<PenaltyReason>,
}

/// One call's settling of one task. The caller saves task and counters.
pub(crate) struct Settlement<'a> {
    context: &'a CallContext,
    totals: &'a mut Totals,
    /// The task's configuration: its fees and fines.
    pub(crate) rules: TaskConfig,
    /// The configuration in force: what a free node needs.
    current: TaskConfig,
}

impl<'a> Settlement<'a> {
    pub(crate) fn new(context: &'a CallContext, totals: &'a mut Totals, task: &Task) -> Self {
        let (number, current) = config::current();
        let rules =
            if number == task.view.config { current.clone() } else { config::numbered(task.view.config) };
        Self { context, totals, rules, current }
    }

    /// Pays or fines the seat's node and lets it go. Returns what it was fined.
    pub(crate) fn free(&mut self, task: &mut Task, round: usize, dues: Dues) -> Amount {
        let address = task.view.seats[round].node;
        assert!(!task.view.seats[round].settled, "a seat is freed once");
        let mut node = NODES.load(&address).expect("a bound node exists");
        let mut fined = Amount::ZERO;
        if let Some(reason) = dues.fault {
            fined = fine(&self.rules, share(task.view.fee), reason).min(node.stake);
            node.stake = sub(node.stake, fined);
            self.totals.stats.staked = sub(self.totals.stats.staked, fined);
            task.books.fines = add(task.books.fines, fined);
            self.record(task.view.id, &address, reason, fined);
        }
        let earned = add(dues.pay, dues.compensation);
        if !earned.is_zero() {
            node.earned = add(node.earned, earned);
            node.tasks_paid += 1;
            hand_over(task, &address, dues);
        }
        let seat = &mut task.view.seats[round];
        seat.paid = add(seat.paid, earned);
        seat.fined = add(seat.fined, fined);
        seat.settled = true;
        let low = node.stake < self.current.stake_min;
        let step = match dues.fault {
            Some(PenaltyReason::Cheat) => NodeStep::Remove,
            Some(PenaltyReason::MissedCommit | PenaltyReason::PanelTimedOut) => NodeStep::SettlePaused,
            _ if low => NodeStep::SettlePaused,
            _ => NodeStep::Settle,
        };
        if dues.fault.is_none() && low && node.state == NodeState::Busy {
            self.record(task.view.id, &address, PenaltyReason::StakeTooLow, Amount::ZERO);
        }
        node.task = None;
        let withdraw_ms = self.context.uptime_ms + self.current.unbonding_ms;
        nodes::enter(self.totals, &address, &mut node, step, withdraw_ms)
            .expect("a bound node can be let go");
        NODES.save(&address, &node);
        fined
    }

    fn record(&self, task: u64, node: &Address, reason: PenaltyReason, amount: Amount) {
        let mut penalties = PENALTIES.load(node).unwrap_or_default();
        if penalties.len() >= PENALTIES_MAX {
            penalties.remove(0);
        }
        penalties.push(Penalty { task, reason, amount, at_ms: self.context.uptime_ms });
        PENALTIES.save(node, &penalties);
        NodePenalised { node: *node, task, reason, amount }.emit();
    }

    /// The end: `from_fee` is burned, the creator gets `to_creator` of the fines, the rest of the fee and the deposit.
    pub(crate) fn close(&mut self, task: &mut Task, from_fee: Amount, to_creator: Amount) {
        task.books.close(task.view.fee, from_fee, to_creator);
        let deposit = core::mem::take(&mut task.view.deposit);
        let back = add(add(task.books.refunded, to_creator), deposit);
        transfer(&task.view.creator, back);
        transfer(&BURNED, task.books.burned);
        task.view.deadline_ms = None;
        let stats = &mut self.totals.stats;
        stats.burned = add(stats.burned, task.books.burned);
        stats.tasks_open -= 1;
        match task.view.state {
            TaskState::Success => stats.tasks_success += 1,
            _ => stats.tasks_aborted += 1,
        }
        let remove_ms = self.context.uptime_ms + self.rules.task_retention_ms;
        ENDED.save(&self.totals.ended_next, &Ended { task: task.view.id, remove_ms });
        self.totals.ended_next += 1;
        relays::task_ended(self.totals, task.view.id);
        sweep(self.totals, self.context.uptime_ms, SWEEP_AT_END);
    }
}

/// Pays a node that is free already: who uploads when every agreeing node may.
pub(crate) fn pay_freed(task: &mut Task, round: usize, pay: Amount) {
    let address = task.view.seats[round].node;
    if let Some(mut node) = NODES.load(&address) {
        node.earned = add(node.earned, pay);
        node.tasks_paid += 1;
        NODES.save(&address, &node);
    }
    task.view.seats[round].paid = add(task.view.seats[round].paid, pay);
    hand_over(task, &address, Dues { pay, ..Dues::default() });
}

fn hand_over(task: &mut Task, node: &Address, dues: Dues) {
    task.books.paid = add(task.books.paid, dues.pay);
    task.books.compensated = add(task.books.compensated, dues.compensation);
    let amount = add(dues.pay, dues.compensation);
    transfer(node, amount);
    NodePaid { node: *node, task: task.view.id, amount }.emit();
}

fn transfer(to: &Address, amount: Amount) {
    if !amount.is_zero() {
        env::transfer(to, amount).expect("the contract holds what its tasks and stakes brought");
    }
}

/// Removes the tasks that ended first, if their retention is over: at most `count`. One with a longer retention, from an
/// earlier configuration, lets those that ended after it wait.
pub(crate) fn sweep(totals: &mut Totals, uptime_ms: u64, count: u64) {
    for _ in 0..count {
        let Some(ended) = ENDED.load(&totals.ended_first) else { return };
        if uptime_ms < ended.remove_ms {
            return;
        }
        TASKS.remove(&ended.task);
        ENDED.remove(&totals.ended_first);
        totals.ended_first += 1;
    }
}
