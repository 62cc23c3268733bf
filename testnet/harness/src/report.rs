//! What came of a task: every step with its block, and every balance.

use hydrogen_types::block::Account;
use hydrogen_types::task::{NodeState, NodeView, TaskState, TaskView};
use hydrogen_types::{Address, Amount, Event, Height, Value};
use std::collections::BTreeMap;
use std::fmt;

/// One line of the transcript.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The block.
    pub height: Height,
    /// Who.
    pub actor: String,
    /// Did what.
    pub text: String,
}

/// An account before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BalanceChange {
    /// Its name.
    pub name: String,
    /// The account.
    pub address: Address,
    /// Before the task was created.
    pub before: Amount,
    /// After it ended.
    pub after: Amount,
}

impl BalanceChange {
    /// After less before, in base units.
    ///
    /// # Panics
    /// Never: all CNX there are fit.
    #[must_use]
    pub fn difference(&self) -> i128 {
        let signed = |amount: Amount| i128::try_from(amount.get()).expect("all CNX there are fit i128");
        signed(self.after) - signed(self.before)
    }
}

/// A node's stake and state before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeChange {
    /// Its name.
    pub name: String,
    /// Before the task was created.
    pub before: Option<(NodeState, Amount)>,
    /// After it ended.
    pub after: Option<(NodeState, Amount)>,
}

/// What came of a task.
#[derive(Debug, Clone)]
pub struct TaskReport {
    /// The task at its end.
    pub task: TaskView,
    /// The result as the application downloaded it, its hash checked.
    pub result: Option<Vec<u8>>,
    /// Why the application brought no arguments, if it tried and gave up.
    pub gave_up: Option<String>,
    /// Every step with its block.
    pub transcript: Vec<Line>,
    /// The task contract's events since before the task was created.
    pub events: Vec<(Height, Event)>,
    /// Every account whose balance changed; the differences add up to 0.
    pub balances: Vec<BalanceChange>,
    /// Every node whose stake or state changed.
    pub nodes: Vec<NodeChange>,
}

/// How things stood before.
pub(crate) struct Report {
    pub(crate) first: Height,
    pub(crate) first_line: usize,
    pub(crate) accounts: Vec<(Address, Account)>,
    pub(crate) nodes: Vec<Option<NodeView>>,
}

impl TaskReport {
    pub(crate) fn new(
        task: TaskView,
        result: Option<Vec<u8>>,
        transcript: Vec<Line>,
        events: Vec<(Height, Event)>,
        before: Report,
        after: (Vec<(Address, Account)>, Vec<Option<NodeView>>),
        name: impl Fn(&Address) -> String,
    ) -> Self {
        let mut balances: BTreeMap<Address, (Amount, Amount)> = BTreeMap::new();
        for (address, account) in before.accounts {
            balances.entry(address).or_default().0 = account.balance;
        }
        for (address, account) in after.0 {
            balances.entry(address).or_default().1 = account.balance;
        }
        let balances = balances
            .into_iter()
            .filter(|(_, (before, after))| before != after)
            .map(|(address, (before, after))| BalanceChange { name: name(&address), address, before, after })
            .collect();
        let state = |view: &Option<NodeView>| view.as_ref().map(|view| (view.state, view.stake));
        let nodes = before
            .nodes
            .iter()
            .zip(&after.1)
            .enumerate()
            .map(|(index, (before, after))| NodeChange {
                name: format!("node-{index}"),
                before: state(before),
                after: state(after),
            })
            .filter(|change| change.before != change.after)
            .collect();
        Self { task, result, gave_up: None, transcript, events, balances, nodes }
    }

    /// Whether the task ended in success.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.task.state == TaskState::Success
    }

    /// Sum of all balance changes; anything but 0 is a fault of the ledger.
    #[must_use]
    pub fn balance_sum(&self) -> i128 {
        self.balances.iter().map(BalanceChange::difference).sum()
    }

    /// The events of one name.
    pub fn events_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Event> {
        self.events.iter().map(|(_, event)| event).filter(move |event| event.name == name)
    }
}

impl fmt::Display for TaskReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.transcript {
            writeln!(f, "block {:>4}  {:<15} {}", line.height.get(), line.actor, line.text)?;
        }
        writeln!(f, "\nbalances, in CNX")?;
        for change in &self.balances {
            let name = &change.name;
            writeln!(
                f,
                "  {name:<16} {:>28}  to {:>28}  {}",
                change.before,
                change.after,
                signed(change.difference())
            )?;
        }
        writeln!(f, "  {:<16} {}", "sum", signed(self.balance_sum()))?;
        if !self.nodes.is_empty() {
            writeln!(f, "\nstakes, in CNX")?;
        }
        for change in &self.nodes {
            let show = |side: &Option<(NodeState, Amount)>| match side {
                Some((state, stake)) => format!("{state:?} {stake}"),
                None => String::from("gone"),
            };
            writeln!(f, "  {:<16} {}  to  {}", change.name, show(&change.before), show(&change.after))?;
        }
        Ok(())
    }
}

fn signed(difference: i128) -> String {
    let amount = Amount::new(difference.unsigned_abs());
    match difference {
        0 => String::from("0"),
        1.. => format!("+{amount}"),
        _ => format!("-{amount}"),
    }
}

/// An event of the task contract as a line: who did what.
pub(crate) fn describe(height: Height, event: &Event, name: impl Fn(&Address) -> String) -> Line {
    let actor = event
        .address("node")
        .or(event.address("creator"))
        .map_or(String::from("task contract"), |a| name(&a));
    let mut text = event.name.clone();
    for attribute in &event.attributes {
        if matches!(attribute.name.as_str(), "node" | "creator") {
            continue;
        }
        let value = match &attribute.value {
            Value::Bool(value) => value.to_string(),
            Value::U64(value) => value.to_string(),
            Value::Amount(amount) => format!("{amount} CNX"),
            Value::Hash(hash) => format!("{hash:?}"),
            Value::Address(address) => name(address),
            Value::Text(text) => text.clone(),
            Value::Bytes(bytes) => format!("{} bytes", bytes.len()),
        };
        text.push_str(&format!("  {} {value}", attribute.name));
    }
    Line { height, actor, text }
}
