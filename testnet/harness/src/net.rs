//! The network in a variable: turns, blocks, and what must hold after each.

use crate::application::Application;
use crate::builder::NetBuilder;
use crate::error::HarnessError;
use crate::node::Node;
use crate::relay::Relay;
use crate::relays::Relays;
use crate::report::{Line, Report, TaskReport, describe};
use hydrogen_embed::{Committed, EmbedError, EmbeddedChain, SecretKey};
use hydrogen_offchain::calls::{self, Call, Query, program_task, task_contract};
use hydrogen_types::block::Account;
use hydrogen_types::task::{CreateTask, NodeView, Stats, TaskView};
use hydrogen_types::{Action, Address, Amount, Gas, Hash, Height, Receipt};
use std::collections::BTreeMap;

/// Fee of [`Net::run_task`].
pub const FEE: Amount = Amount::cnx(30);
/// Allowed beyond the fee, for the gas deposit.
const DEPOSIT_ALLOWANCE: Amount = Amount::cnx(1);
/// Gas limit of a call to the task contract.
pub(crate) const CALL_GAS: Gas = Gas::new(20_000_000_000);

/// A call on its way into a block.
pub(crate) struct Sent {
    pub(crate) actor: String,
    pub(crate) method: &'static str,
    /// The application's task that it is about.
    pub(crate) task: Option<u64>,
}

/// An application, compute nodes, relays and a chain.
pub struct Net {
    pub(crate) chain: EmbeddedChain,
    pub(crate) application: Application,
    pub(crate) nodes: Vec<Node>,
    pub(crate) relays: Relays,
    /// May register and remove relays.
    owner: SecretKey,
    /// Most uptime that one block brings.
    pub(crate) step_ms_max: u64,
    names: BTreeMap<Address, String>,
    supply: Amount,
    lines: Vec<Line>,
    /// Notes of the running turn, which get the height of the next block.
    pub(crate) notes: Vec<(String, String)>,
    /// Who sent what in the running turn, by transaction id.
    pub(crate) sent: BTreeMap<Hash, Sent>,
}

impl Net {
    /// Options, then [`NetBuilder::start`].
    #[must_use]
    pub fn builder() -> NetBuilder {
        NetBuilder::default()
    }

    pub(crate) fn new(
        chain: EmbeddedChain,
        application: Application,
        nodes: Vec<Node>,
        relays: Relays,
        owner: SecretKey,
        step_ms_max: u64,
        names: BTreeMap<Address, String>,
    ) -> Result<Self, HarnessError> {
        let supply = total(&chain.accounts()?);
        let (lines, notes, sent) = (Vec::new(), Vec::new(), BTreeMap::new());
        Ok(Self { chain, application, nodes, relays, owner, step_ms_max, names, supply, lines, notes, sent })
    }

    /// The chain.
    #[must_use]
    pub fn chain(&self) -> &EmbeddedChain {
        &self.chain
    }

    /// The chain, to do with as one likes.
    pub fn chain_mut(&mut self) -> &mut EmbeddedChain {
        &mut self.chain
    }

    /// The first relay.
    pub fn relay_mut(&mut self) -> &mut Relay {
        self.relays.at_mut(0)
    }

    /// A relay.
    ///
    /// # Panics
    /// Beyond the last relay.
    pub fn relay_at(&mut self, index: usize) -> &mut Relay {
        self.relays.at_mut(index)
    }

    /// The owner removes a relay: it serves the tasks that were created before, and no others.
    ///
    /// # Errors
    /// The contract's refusal.
    ///
    /// # Panics
    /// Beyond the last relay.
    pub fn remove_relay(&mut self, index: usize) -> Result<(), HarnessError> {
        let (key, id) = (self.owner.clone(), self.relays.at(index).id());
        self.call(&key, &calls::remove_relay(&id)).map(drop)
    }

    /// The application keeps a module and publishes it at the first relay that answers; at others later, where it is
    /// missing.
    pub fn publish(&mut self, program: &[u8]) -> Hash {
        self.application.publish(program, &mut self.relays)
    }

    /// Stands still for `ms`: no block is made, and the next one adds to the uptime what one block may.
    ///
    /// # Errors
    /// When the chain stopped.
    pub fn outage(&mut self, ms: u64) -> Result<(), HarnessError> {
        let committed = self.chain.advance_time(ms)?;
        self.observe(&committed)
    }

    /// Sends these calls of the application to the task contract in one block, in this order, and makes it. The
    /// contract's code of each.
    ///
    /// # Errors
    /// What the chain does not even take in.
    pub fn call_together(&mut self, calls: &[Call]) -> Result<Vec<Receipt>, HarnessError> {
        let key = self.application.key.clone();
        let mut hashes = Vec::new();
        for call in calls {
            let hash = self.chain.submit(&key, action(call), CALL_GAS)?;
            let sent = Sent { actor: String::from("application"), method: call.method, task: None };
            self.sent.insert(hash, sent);
            hashes.push(hash);
        }
        let committed = self.chain.produce()?;
        self.observe(&committed)?;
        let of = |hash: &Hash| committed.receipts.iter().find(|receipt| receipt.hash == *hash).cloned();
        Ok(hashes.iter().filter_map(of).collect())
    }

    /// Lets the application take note of a task that was created by hand, so that it brings its arguments.
    pub fn follow(&mut self, task: u64, args: &[u8]) {
        self.application.created(task, args);
    }

    /// Why the application has given up on the arguments of a task, if it has.
    #[must_use]
    pub fn gave_up(&self, task: u64) -> Option<String> {
        self.application.gave_up(task)
    }

    /// The application's key.
    #[must_use]
    pub fn application_key(&self) -> SecretKey {
        self.application.key.clone()
    }

    /// How many nodes there are.
    #[must_use]
    pub fn node_count(&self) -> usize {
        self.nodes.len()
    }

    /// The account key of a node.
    ///
    /// # Panics
    /// Beyond the last node.
    #[must_use]
    pub fn node_key(&self, index: usize) -> SecretKey {
        self.nodes[index].key.clone()
    }

    /// Kills a node's process and starts it again: what is on its disk stays.
    ///
    /// # Panics
    /// Beyond the last node.
    pub fn restart_node(&mut self, index: usize) {
        self.nodes[index].kill();
    }

    /// Takes a node's disk away.
    ///
    /// # Panics
    /// Beyond the last node.
    pub fn lose_disk(&mut self, index: usize) {
        self.nodes[index].lose_disk();
    }

    /// The name of an account in transcripts.
    #[must_use]
    pub fn name(&self, address: &Address) -> String {
        self.names.get(address).cloned().unwrap_or_else(|| address.to_string())
    }

    /// Asks the task contract.
    ///
    /// # Errors
    /// A refusal, or an answer of another interface.
    pub fn ask<T: borsh::BorshDeserialize>(&self, query: Query<T>) -> Result<T, HarnessError> {
        let value = self.chain.query_borsh(&task_contract(), query.method, query.args.clone())?;
        Ok(query.decode(&value)?)
    }

    /// A task.
    ///
    /// # Errors
    /// When there is none.
    pub fn task(&self, id: u64) -> Result<TaskView, HarnessError> {
        self.ask(calls::task_query(id))?.ok_or(HarnessError::NoTask(id))
    }

    /// A node as the contract sees it; `None` once it has left.
    ///
    /// # Errors
    /// When the contract cannot be asked.
    ///
    /// # Panics
    /// Beyond the last node.
    pub fn node(&self, index: usize) -> Result<Option<NodeView>, HarnessError> {
        self.ask(calls::node_query(&self.nodes[index].address()))
    }

    /// The contract's counters.
    ///
    /// # Errors
    /// When the contract cannot be asked.
    pub fn stats(&self) -> Result<Stats, HarnessError> {
        self.ask(calls::stats_query())
    }

    /// Sends one call to the task contract in a block of its own.
    ///
    /// # Errors
    /// A failed call, with its receipt.
    pub fn call(&mut self, key: &SecretKey, call: &Call) -> Result<Receipt, HarnessError> {
        let action = action(call);
        let receipt = self.chain.run(key, action, CALL_GAS)?;
        let tip = self.chain.tip().height;
        if let Some(committed) = self.chain.reader().block(tip).map_err(EmbedError::from)? {
            self.observe(&committed)?;
        }
        Ok(receipt)
    }

    /// Publishes the program, allows the contract the default fee, creates the task and plays it to its end.
    ///
    /// # Errors
    /// See [`HarnessError`]; an aborted task is a report.
    pub fn run_task(&mut self, program: &[u8], input: &[u8]) -> Result<TaskReport, HarnessError> {
        let hash = self.publish(program);
        let request = program_task(hash, input, FEE);
        self.run(&request, input)
    }

    /// As [`Net::run_task`], with every choice of the application.
    ///
    /// # Errors
    /// See [`HarnessError`].
    pub fn run(&mut self, request: &CreateTask, input: &[u8]) -> Result<TaskReport, HarnessError> {
        let report = self.begin()?;
        let id = self.create(request, input)?;
        self.play(id)?;
        self.finish(report, id)
    }

    /// Allows the contract what a task costs and creates it. Its id.
    ///
    /// # Errors
    /// The contract's refusal.
    pub fn create(&mut self, request: &CreateTask, input: &[u8]) -> Result<u64, HarnessError> {
        let allowance = request.fee.checked_add(DEPOSIT_ALLOWANCE).unwrap_or(request.fee);
        let key = self.application.key.clone();
        self.chain.approve(&key, &task_contract(), allowance)?;
        self.create_within_allowance(request, input)
    }

    /// Creates a task with whatever the application allows the contract already. Its id.
    ///
    /// # Errors
    /// The contract's refusal.
    pub fn create_within_allowance(
        &mut self,
        request: &CreateTask,
        input: &[u8],
    ) -> Result<u64, HarnessError> {
        let key = self.application.key.clone();
        let receipt = self.call(&key, &calls::create_task(request))?;
        let id = calls::decode_answer(&receipt.value)?;
        self.application.created(id, input);
        Ok(id)
    }

    /// The application keeps the arguments of a task back.
    pub fn keep_arguments_back(&mut self, task: u64) {
        self.application.keep_back(task);
    }

    /// Writes the transcript of a block and checks what must hold after every one.
    pub(crate) fn observe(&mut self, committed: &Committed) -> Result<(), HarnessError> {
        let height = committed.block.header.height;
        for (actor, text) in std::mem::take(&mut self.notes) {
            self.lines.push(Line { height, actor, text });
        }
        for (receipt, side) in committed.receipts.iter().zip(&committed.side) {
            for event in receipt.events.iter().filter(|event| event.contract == task_contract()) {
                let line = describe(height, event, |address| self.name(address));
                self.lines.push(line);
            }
            if !receipt.is_success() {
                let sent = self.sent.get(&receipt.hash);
                let method = sent.map_or("call", |sent| sent.method);
                let actor = sent.map_or(String::from("task contract"), |sent| sent.actor.clone());
                let text = format!("{method} fails with code {}: {}", receipt.code, side.message);
                if let Some(task) = sent.and_then(|sent| sent.task) {
                    self.application.refused(task, text.clone());
                }
                self.lines.push(Line { height, actor, text });
            }
        }
        self.sent.clear();
        let got = total(&self.chain.accounts()?);
        if got != self.supply {
            return Err(HarnessError::NotConserved { height, expected: self.supply, got });
        }
        Ok(())
    }

    pub(crate) fn begin(&self) -> Result<Report, HarnessError> {
        Ok(Report {
            first: self.chain.tip().height.next(),
            first_line: self.lines.len(),
            accounts: self.chain.accounts()?,
            nodes: self.node_views()?,
        })
    }

    fn finish(&self, before: Report, id: u64) -> Result<TaskReport, HarnessError> {
        let task = self.task(id)?;
        let result = self.application.download(&task, &self.relays)?;
        let lines = self.lines[before.first_line..].to_vec();
        let events = self.events(before.first)?;
        let after = (self.chain.accounts()?, self.node_views()?);
        let report =
            TaskReport::new(task, result, lines, events, before, after, |address| self.name(address));
        Ok(TaskReport { gave_up: self.gave_up(id), ..report })
    }

    fn events(&self, first: Height) -> Result<Vec<(Height, hydrogen_types::Event)>, HarnessError> {
        let mut events = self.chain.events(first)?;
        events.retain(|(_, event)| event.contract == task_contract());
        Ok(events)
    }

    fn node_views(&self) -> Result<Vec<Option<NodeView>>, HarnessError> {
        (0..self.nodes.len()).map(|index| self.node(index)).collect()
    }
}

pub(crate) fn action(call: &Call) -> Action {
    Action::Call {
        contract: task_contract(),
        method: call.method.to_string(),
        args: call.args.clone(),
        value: Amount::ZERO,
    }
}

fn total(accounts: &[(Address, Account)]) -> Amount {
    accounts.iter().fold(Amount::ZERO, |sum, (_, account)| {
        sum.checked_add(account.balance).unwrap_or(Amount::new(u128::MAX))
    })
}
