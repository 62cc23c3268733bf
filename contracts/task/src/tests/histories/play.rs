//! A history on the contract and on the model at once.

use super::compare::compare;
use super::model::{self, Model};
use super::ops::Op;
use super::wishes::{first_config, types, wish};
use crate::state::TASKS;
use crate::tests::audit::audit;
use crate::tests::calls::{Call, act_as, name_of};
use crate::tests::net::*;
use hydrogen_sdk::mock;
use hydrogen_types::task::TaskState::Success;
use hydrogen_types::task::{Comparison, CreateTask, NodeState, Outcome};
use hydrogen_types::{Address, Amount, Signature};
use std::collections::BTreeMap;

/// Nodes that have joined at the start.
const JOINED: u8 = 8;
/// Accounts that are or may become nodes.
const NODES: u8 = 12;
/// Nodes that come when everybody else may have left.
const FRESH: [u8; 3] = [80, 81, 82];
const SECOND: u64 = 1_000;
const HOUR: u64 = 3_600 * SECOND;
const DAY: u64 = 24 * HOUR;
/// What the chain's uptime moves by after an outage, however long: three heartbeats.
const OUTAGE_MS: u64 = 3 * SECOND;

/// How often each answer, state, reason and penalty was seen.
pub(super) type Coverage = BTreeMap<String, u64>;

/// Both worlds, and what the parties keep for themselves.
pub(super) struct Play {
    pub(super) model: Model,
    pub(super) coverage: Coverage,
    /// What a node committed to.
    pub(super) said: BTreeMap<(u64, Address), Outcome>,
    everything: Amount,
}

fn creators() -> [Address; 4] {
    // The last has 100 CNX.
    [creator(), node(60), node(61), node(62)]
}

fn other_contract() -> Address {
    Address::of_name("other")
}

/// Everybody who calls: the last one is a contract.
pub(super) fn people() -> Vec<Address> {
    let mut people: Vec<Address> = (1..=NODES).map(node).collect();
    people.extend(creators());
    people.extend([owner(), Address::of_key(&RELAY), node(99), other_contract()]);
    people
}

fn gas_price(who: Address) -> u64 {
    GAS_PRICE * (1 + u64::from(who.as_bytes()[0] % 3))
}

pub(super) fn pick<T: Copy>(from: &[T], index: u8) -> T {
    from[usize::from(index) % from.len()]
}

impl Play {
    /// Genesis, purses, and the first nodes.
    pub(super) fn new() -> Self {
        start_with(first_config());
        let everybody = || people().into_iter().chain(FRESH.map(node));
        for who in everybody() {
            fund(who);
        }
        let few = |who: Address, cnx| mock::with(|world| world.balances.insert(who, Amount::cnx(cnx)));
        few(creators()[3], 100);
        few(node(NODES), 405);
        let (chain_id, height, now_ms) = mock::with(|world| {
            (world.context.chain_id.clone(), world.context.height.get(), world.context.uptime_ms)
        });
        let mut model = model::genesis(chain_id, first_config(), height, now_ms);
        for who in everybody() {
            model.purses.insert(who, balance(who).get());
            model.allowances.insert(who, Amount::cnx(100_000).get());
        }
        let mut play =
            Self { model, coverage: Coverage::new(), said: BTreeMap::new(), everything: everything() };
        for number in 1..=JOINED {
            play.call(node(number), &Call::Join(Amount::cnx(400), types(number)));
        }
        play
    }

    fn see(&mut self, what: String) {
        *self.coverage.entry(what).or_default() += 1;
    }

    /// One call on both sides: the same answer, the same state, nothing lost, nothing half done.
    pub(super) fn call(&mut self, who: Address, call: &Call) {
        let receipt_valid = match call {
            Call::Args(_, receipt) | Call::Report(_, receipt) => receipt.signature == Signature([0; 64]),
            _ => true,
        };
        let is_contract = who == other_contract();
        act_as(who, if is_contract { creator() } else { who });
        mock::with(|world| {
            world.context.gas_price = gas_price(who);
            world.signatures_valid = receipt_valid;
            world.events.clear();
        });
        let before = world();
        let answer = call.run();
        let wanted = self.model.call(who, gas_price(who), is_contract, call);
        let found = answer.as_ref().map(|()| "done".to_string()).unwrap_or_else(name_of);
        assert_eq!(found, wanted.err().unwrap_or("done"), "{} by {who}: {call:?}", call.name());
        self.see(format!("{:<15} {found}", call.name()));
        if answer.is_err() {
            let after = world();
            assert_eq!(before.storage, after.storage, "a refused {} changed the state", call.name());
            assert_eq!(before.balances, after.balances, "a refused {} moved CNX", call.name());
            assert_eq!(before.scheduled, after.scheduled, "a refused {} left a call", call.name());
            return;
        }
        self.check();
    }

    fn check(&mut self) {
        audit();
        compare(&self.model);
        assert_eq!(everything(), self.everything, "CNX was made or lost");
        for (name, attributes) in world().events {
            if let Some(reason) = attributes.iter().find(|attribute| attribute.name == "reason") {
                self.see(format!("{name} {:?}", reason.value));
            }
            self.see(format!("event {name}"));
        }
    }

    /// A block: the chain's uptime moves by `ms`, the clock by `real_ms`.
    pub(super) fn block(&mut self, ms: u64, real_ms: u64, runs: bool) {
        mock::with(|world| {
            world.context.time_ms += real_ms - ms;
            world.events.clear();
        });
        if runs {
            block(ms)
        } else {
            tick(ms)
        }
        let world = world();
        self.model.block(world.context.height.get(), world.context.uptime_ms, world.beacon, runs);
        self.check();
    }

    /// One of the last four tasks.
    fn task(&self, index: u8) -> u64 {
        self.model.created.saturating_sub(u64::from(index % 4))
    }

    /// One of the open tasks.
    fn open(&self, index: u8) -> Option<u64> {
        let tasks = self.model.tasks.iter().filter(|(_, task)| !task.is_over());
        let open: Vec<u64> = tasks.map(|(id, _)| *id).collect();
        (!open.is_empty()).then(|| pick(&open, index))
    }

    /// To the next of what happens.
    pub(super) fn step(&mut self, op: Op) {
        match op {
            Op::Create { by, kind } => self.call(pick(&creators(), by), &Call::Create(wish(kind))),
            Op::Act { task, seat, say } => match self.open(task) {
                Some(task) => self.act(task, seat, say),
                None => self.call(pick(&creators(), seat), &Call::Create(wish(say))),
            },
            Op::Any { by, what, task, say } => {
                let who = pick(&people(), by);
                let call = self.any(who, what, self.task(task), say);
                self.call(who, &call);
            }
            Op::Node { node: number, what } => {
                let who = node(1 + number % NODES);
                let state = self.model.nodes.get(&who).map(|node| node.state);
                let call = match what % 16 {
                    0 | 1 => Call::Pause,
                    2 => Call::Quit,
                    3 => Call::Withdraw,
                    4..=10 if state == Some(NodeState::Paused) => {
                        self.call(who, &Call::AddStake(Amount::cnx(u64::from(what) * 4)));
                        Call::Resume
                    }
                    4..=9 if state == Some(NodeState::Unbonding) => Call::Withdraw,
                    4..=12 if state.is_none() => {
                        Call::Join(Amount::cnx(395 + u64::from(what % 4) * 35), types(number / NODES))
                    }
                    4..=6 => Call::AddStake(Amount::cnx(u64::from(what))),
                    7..=9 => Call::AddStake(Amount::cnx(4_000)),
                    10 => Call::Join(Amount::cnx(400), None),
                    _ => Call::Resume,
                };
                self.call(who, &call);
            }
            Op::Owner { by, what, say } => {
                let call = self.owners(what, say);
                let who = match &call {
                    _ if by.is_multiple_of(4) => pick(&people(), say),
                    Call::AcceptOwnership => self.model.offered.unwrap_or_else(owner),
                    _ => self.model.owner,
                };
                self.call(who, &call);
            }
            Op::Allow { by, cnx } => {
                let who = pick(&people(), by);
                let amount = if cnx.is_multiple_of(2) { Amount::cnx(u64::from(cnx)) } else { Amount::ZERO };
                mock::with(|world| world.allowances.insert((who, world.context.contract), amount));
                self.model.allowances.insert(who, amount.get());
            }
            Op::Time { task, what, ms } => {
                self.time(self.open(task).unwrap_or_default(), what, u64::from(ms))
            }
        }
        self.look();
    }

    fn time(&mut self, task: u64, what: u8, ms: u64) {
        let deadline_ms = self.model.tasks.get(&task).and_then(|task| task.deadline_ms);
        let left = deadline_ms.map_or(ms, |at| at.saturating_sub(self.model.now_ms));
        match what % 32 {
            0..=13 => self.block(ms % (5 * SECOND), ms % (5 * SECOND), true),
            14..=17 => self.block(ms, ms, true),
            18 | 19 => self.block(left.saturating_sub(1), left, true),
            20..=24 => self.block(left, left, true),
            25 => self.block(left, left, false),
            26 => self.block(left + ms, left + ms, false),
            27 => (0..12).for_each(|_| self.block(100, 100, false)),
            28 => self.block(OUTAGE_MS, DAY, true),
            29 | 30 => self.block(2 * HOUR, 2 * HOUR, true),
            _ if ms.is_multiple_of(8) => self.block(8 * DAY, 8 * DAY, true),
            // To the moment at which the oldest task may be removed.
            _ if ms % 8 < 3 => {
                let at = self.model.ended.first().map_or(0, |(_, at)| *at);
                let ms = at.saturating_sub(self.model.now_ms);
                self.block(ms, ms, true);
            }
            _ => self.block(0, 0, true),
        }
    }

    /// What is seen between happenings.
    fn look(&mut self) {
        let mut seen: Vec<String> = Vec::new();
        for task in self.model.tasks.values() {
            let reason = task.reason.map_or(String::new(), |reason| format!(" {reason:?}"));
            seen.push(format!("task {:?}{reason}", task.state));
            if task.state == Success {
                let kind = if task.list.is_empty() { "a program" } else { "an external type" };
                let how = if task.comparison == Comparison::Exact { "exact" } else { "similar" };
                seen.push(format!("success of {kind}, {how}"));
            }
        }
        seen.extend(self.model.nodes.values().map(|node| format!("node {:?}", node.state)));
        for what in seen {
            self.see(what);
        }
    }

    /// Everybody goes home: whatever was left open ends, whoever is there leaves, and nothing stays behind.
    pub(super) fn finish(&mut self) {
        for _ in 0..8 {
            self.block(HOUR + 1, HOUR + 1, true);
        }
        assert!(self.model.tasks.values().all(model::Task::is_over));
        self.clear();
        let all: Vec<Address> = self.model.nodes.keys().copied().collect();
        for who in &all {
            if self.model.nodes[who].withdraw_ms.is_none() {
                self.call(*who, &Call::Quit);
            }
        }
        self.block(9 * DAY, 9 * DAY, true);
        for who in all {
            self.call(who, &Call::Withdraw);
        }
        let contract = world().context.contract;
        assert_eq!(balance(contract), Amount::ZERO, "somebody's CNX stayed behind");
        let left = |name: &str| world().storage.keys().filter(|key| key.starts_with(name.as_bytes())).count();
        let lists = ["nodes\0", "available\0", "sizes\0", "penalties\0"];
        assert_eq!(lists.map(left), [0; 4], "a node left something behind");
    }

    /// Time passes, and a few more tasks: what ended before is removed.
    fn clear(&mut self) {
        let (last, who) = (self.model.created, node(99));
        for number in FRESH {
            self.call(node(number), &Call::Join(Amount::cnx(500), None));
        }
        self.block(9 * DAY, 9 * DAY, true);
        mock::with(|world| world.allowances.insert((who, world.context.contract), Amount::cnx(100_000)));
        self.model.allowances.insert(who, Amount::cnx(100_000).get());
        for _ in 0..=last.div_ceil(3) {
            let rich = CreateTask { fee: Amount::cnx(30), ..wish(255 % 32) };
            self.call(who, &Call::Create(rich));
            for _ in 0..4 {
                self.block(100, 100, true);
            }
            self.call(who, &Call::Cancel(self.model.created));
        }
        let oldest = TASKS.range(None, 1).first().map(|(id, _)| *id);
        assert!(oldest > Some(last), "task {oldest:?} of {last} was not removed");
    }
}

fn everything() -> Amount {
    world().balances.values().fold(Amount::ZERO, |sum, part| crate::money::add(sum, *part))
}
