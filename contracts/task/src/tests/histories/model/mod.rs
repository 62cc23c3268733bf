//! The contract once more, as plainly as it can be said: what a call is answered, and what it leaves behind.
//!
//! Written from `task-protocol`, not from the contract. It shares with it the vocabulary, the hashes of commitments and
//! of draws, and nothing else: amounts are numbers, the list of the available a list, the verdict that of `rows`.

mod calls;
mod nodes;
mod tasks;

use crate::tests::calls::Call;
use crate::tests::net::{RELAY, owner};
use hydrogen_types::task::{
    AbortReason, Comparison, NodeState, Outcome, PenaltyReason, TaskConfig, TaskState,
};
use hydrogen_types::{Address, ChainId, Hash};
use std::collections::{BTreeMap, BTreeSet};

/// Base units of a scheduled call at a gas price of 1.
const CALL_GAS: u128 = 1_000_000_000;
/// Scheduled calls that a deposit pays for.
const CALLS_MAX: u128 = 5;

/// An answer: nothing, or the name of the refusal.
pub(super) type Answer = Result<(), &'static str>;

/// A compute node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) state: NodeState,
    pub(super) stake: u128,
    pub(super) task: Option<u64>,
    pub(super) withdraw_ms: Option<u64>,
    pub(super) types: Vec<String>,
    pub(super) earned: u128,
    pub(super) tasks_paid: u64,
    /// Latest 16.
    pub(super) penalties: Vec<(u64, PenaltyReason, u128)>,
}

/// A member of a panel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seat {
    pub(super) node: Address,
    pub(super) commitment: Option<Hash>,
    pub(super) outcome: Option<Outcome>,
    pub(super) settled: bool,
    pub(super) paid: u128,
    pub(super) fined: u128,
}

/// What a task waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    /// The draw: goes before everything else.
    Draw(u64),
    /// The verdict, at a height.
    Judge(u64),
    /// A deadline, at an uptime.
    Deadline(u64),
}

/// A task.
#[derive(Debug, Clone)]
pub(super) struct Task {
    pub(super) creator: Address,
    pub(super) gas_price: u128,
    pub(super) config: usize,
    pub(super) fee: u128,
    pub(super) comparison: Comparison,
    /// The list it is drawn from: its external type, or none.
    pub(super) list: String,
    pub(super) args_hash: Hash,
    pub(super) args_max: u64,
    pub(super) output_max: u64,
    pub(super) timeout_ms: u64,
    pub(super) state: TaskState,
    pub(super) reason: Option<AbortReason>,
    pub(super) deadline_ms: Option<u64>,
    /// Its waiting call, and the number under which it was bought.
    pub(super) due: Option<(Due, u64)>,
    pub(super) calls_run: u128,
    pub(super) draw_due: u64,
    pub(super) draw_height: u64,
    pub(super) seats: Vec<Seat>,
    pub(super) executing_ms: u64,
    pub(super) uploader: Option<usize>,
    pub(super) open: bool,
    pub(super) agreeing: [bool; 3],
    pub(super) paid: u128,
    pub(super) compensated: u128,
    pub(super) fines: u128,
    pub(super) upload_fine: u128,
    pub(super) burned: u128,
    pub(super) refunded: u128,
}

/// Everything.
#[derive(Debug, Clone)]
pub(super) struct Model {
    pub(super) chain_id: ChainId,
    pub(super) height: u64,
    pub(super) now_ms: u64,
    pub(super) beacon: Hash,
    pub(super) configs: Vec<TaskConfig>,
    pub(super) owner: Address,
    pub(super) offered: Option<Address>,
    /// Relays; of those that drain, the last task they serve.
    pub(super) relays: BTreeMap<Address, Option<u64>>,
    pub(super) nodes: BTreeMap<Address, Node>,
    /// The lists from which panels are drawn: of all, under no name, and by external type.
    pub(super) lists: BTreeMap<String, Vec<Address>>,
    pub(super) tasks: BTreeMap<u64, Task>,
    /// Ended tasks in the order of their end, with the time of their removal.
    pub(super) ended: Vec<(u64, u64)>,
    pub(super) created: u64,
    /// Block of the latest draw asked for: draws keep the order of creation.
    pub(super) draw_due: u64,
    pub(super) successes: u64,
    pub(super) aborts: u64,
    /// CNX of accounts; nobody else's is looked at.
    pub(super) purses: BTreeMap<Address, u128>,
    pub(super) allowances: BTreeMap<Address, u128>,
    pub(super) burned: u128,
    /// Gas of scheduled calls that ran.
    pub(super) gas: u128,
    /// Scheduled calls bought so far: they run in this order.
    pub(super) calls: u64,
}

impl Task {
    pub(super) fn is_over(&self) -> bool {
        matches!(self.state, TaskState::Success | TaskState::Aborted)
    }
}

/// Of the rules for configurations, those that histories break.
fn check_config(config: &TaskConfig) -> Answer {
    if config.stake_min.is_zero() {
        return Err("BadConfigAmount");
    }
    let fines = [config.missed_commit_permille, config.missed_reveal_permille, config.cheat_permille];
    let stages_ms = config.args_ms + config.timeout_ms_max + config.reveal_ms + 2 * config.upload_ms;
    if !fines.is_sorted() || config.unbonding_ms < stages_ms {
        return Err("BadConfig");
    }
    let names: BTreeSet<&String> = config.external_types.iter().map(|entry| &entry.name).collect();
    if names.len() < config.external_types.len() { Err("BadExternalTypes") } else { Ok(()) }
}

impl Model {
    pub(super) fn config(&self) -> &TaskConfig {
        self.configs.last().expect("genesis gives one")
    }

    fn pull(&mut self, who: Address, amount: u128) -> Answer {
        let (purse, allowance) = (self.purses.get(&who), self.allowances.get(&who));
        let (purse, allowance) = (*purse.unwrap_or(&0), *allowance.unwrap_or(&0));
        if purse < amount {
            return Err("NotEnoughTokens");
        }
        if allowance < amount {
            return Err("NotEnoughAllowance");
        }
        self.purses.insert(who, purse - amount);
        self.allowances.insert(who, allowance - amount);
        Ok(())
    }

    fn give(&mut self, who: Address, amount: u128) {
        *self.purses.entry(who).or_default() += amount;
    }

    /// A transaction of `who`; of a contract if `contract`.
    pub(super) fn call(&mut self, who: Address, gas_price: u64, contract: bool, call: &Call) -> Answer {
        if contract {
            return Err("NotAnAccount");
        }
        match call {
            Call::Create(request) => self.create(who, gas_price, request),
            Call::Args(task, receipt) => self.args(who, *task, receipt),
            Call::Commit(task, commitment) => self.commit(who, *task, *commitment),
            Call::Reveal(task, outcome, salt) => self.reveal(who, *task, outcome, salt),
            Call::Report(task, receipt) => self.report(who, *task, receipt),
            Call::Cancel(task) => self.cancel(who, *task),
            Call::Expire(task) => self.expire(*task),
            Call::Join(stake, types) => self.join(who, stake.get(), types.as_deref().unwrap_or_default()),
            Call::AddStake(amount) => self.add_stake(who, amount.get()),
            Call::Pause => self.pause(who),
            Call::Resume => self.resume(who),
            Call::Quit => self.quit(who),
            Call::Withdraw => self.withdraw(who),
            Call::RegisterRelay(..) | Call::RemoveRelay(_) | Call::SetConfig(_) | Call::OfferOwnership(_)
                if who != self.owner =>
            {
                Err("NotOwner")
            }
            Call::RegisterRelay(key, _) => self.register_relay(Address::of_key(key)),
            Call::RemoveRelay(relay) => self.remove_relay(*relay),
            Call::SetConfig(config) => {
                check_config(config)?;
                self.configs.push((**config).clone());
                Ok(())
            }
            Call::OfferOwnership(to) => {
                self.offered = (*to != who).then_some(*to);
                Ok(())
            }
            Call::AcceptOwnership if self.offered == Some(who) => {
                (self.owner, self.offered) = (who, None);
                Ok(())
            }
            Call::AcceptOwnership => Err("NotOffered"),
        }
    }

    fn register_relay(&mut self, relay: Address) -> Answer {
        match self.relays.get(&relay) {
            Some(None) => Err("BadRelay"),
            // One that drains is taken back.
            Some(Some(_)) | None => {
                self.relays.insert(relay, None);
                Ok(())
            }
        }
    }

    fn remove_relay(&mut self, relay: Address) -> Answer {
        match self.relays.get(&relay) {
            None => return Err("UnknownRelay"),
            Some(Some(_)) => return Err("BadRelay"),
            Some(None) => self.relays.insert(relay, Some(self.created)),
        };
        self.forget_relays();
        Ok(())
    }

    /// A relay is gone when the last task that it serves has ended.
    fn forget_relays(&mut self) {
        let open: Vec<u64> =
            self.tasks.iter().filter(|(_, task)| !task.is_over()).map(|(id, _)| *id).collect();
        self.relays.retain(|_, last| last.is_none_or(|last| open.iter().any(|id| *id <= last)));
    }

    /// A block at this time: what is due runs, draws first, then by what it waits for and by when it was bought.
    pub(super) fn block(&mut self, height: u64, now_ms: u64, beacon: Hash, runs: bool) {
        (self.height, self.now_ms, self.beacon) = (height, now_ms, beacon);
        if !runs {
            return;
        }
        let is_due = |due: Due| match due {
            Due::Draw(at) | Due::Judge(at) => at <= height,
            Due::Deadline(at) => at <= now_ms,
        };
        let waiting =
            self.tasks.iter().filter_map(|(id, task)| task.due.map(|(due, number)| (due, number, *id)));
        let mut due: Vec<_> = waiting.filter(|(due, _, _)| is_due(*due)).collect();
        due.sort_unstable();
        for (due, _, id) in due {
            self.run(id, due);
        }
    }

    /// Gas that the chain holds or used: of calls that ran and of calls that wait.
    pub(super) fn gas_held(&self) -> u128 {
        let waiting =
            self.tasks.values().filter(|task| task.due.is_some()).map(|task| CALL_GAS * task.gas_price);
        self.gas + waiting.sum::<u128>()
    }
}

/// At the start of a history: the nodes have joined, everybody has its purse.
pub(super) fn genesis(chain_id: ChainId, config: TaskConfig, height: u64, now_ms: u64) -> Model {
    Model {
        chain_id,
        height,
        now_ms,
        beacon: Hash::ZERO,
        configs: vec![config],
        owner: owner(),
        offered: None,
        relays: BTreeMap::from([(Address::of_key(&RELAY), None)]),
        nodes: BTreeMap::new(),
        lists: BTreeMap::new(),
        tasks: BTreeMap::new(),
        ended: Vec::new(),
        created: 0,
        draw_due: 0,
        successes: 0,
        aborts: 0,
        purses: BTreeMap::new(),
        allowances: BTreeMap::new(),
        burned: 0,
        gas: 0,
        calls: 0,
    }
}
