//! The application of the harness: pays, uploads arguments, downloads results.

use crate::error::HarnessError;
use crate::relay::Relay;
use crate::relays::Relays;
use hydrogen_embed::SecretKey;
use hydrogen_offchain::calls::{self, Call};
use hydrogen_offchain::compute::Now;
use hydrogen_offchain::relay::Refusal;
use hydrogen_types::task::{BlobKind, RelayReceipt, TaskState, TaskView};
use hydrogen_types::{Hash, Height};
use std::collections::BTreeMap;

/// How often the arguments of one task are brought before the application gives up.
const TRIES_MAX: u32 = 5;
/// Pause after the first failed try, in ms of uptime; doubled after each.
const PAUSE_MS: u64 = 1_000;

/// Whoever creates tasks.
pub(crate) struct Application {
    pub(crate) key: SecretKey,
    /// Modules it has, to publish where they are missing.
    programs: BTreeMap<Hash, Vec<u8>>,
    orders: BTreeMap<u64, Order>,
}

/// What it does about one task.
struct Order {
    args: Vec<u8>,
    is_kept_back: bool,
    tries: u32,
    not_before_ms: u64,
    /// What went wrong last.
    reason: String,
    has_given_up: bool,
}

/// What it did about one task in a turn.
#[derive(Default)]
pub(crate) struct Brought {
    pub(crate) call: Option<Call>,
    pub(crate) notes: Vec<String>,
    /// Uptime at which it tries again.
    pub(crate) wake_ms: Option<u64>,
}

impl Application {
    pub(crate) fn new(key: SecretKey) -> Self {
        Self { key, programs: BTreeMap::new(), orders: BTreeMap::new() }
    }

    /// Keeps a module, and publishes it at the relay that the application would use now.
    pub(crate) fn publish(&mut self, program: &[u8], relays: &mut Relays) -> Hash {
        let hash = Hash::sha256(program);
        self.programs.insert(hash, program.to_vec());
        if let Some(relay) = relays.all_mut().find_map(|relay| relay.answering_mut().ok()) {
            relay.publish(program);
        }
        hash
    }

    /// Takes note of a task that it has created.
    pub(crate) fn created(&mut self, task: u64, args: &[u8]) {
        let order = Order {
            args: args.to_vec(),
            is_kept_back: false,
            tries: 0,
            not_before_ms: 0,
            reason: String::new(),
            has_given_up: false,
        };
        self.orders.insert(task, order);
    }

    pub(crate) fn keep_back(&mut self, task: u64) {
        if let Some(order) = self.orders.get_mut(&task) {
            order.is_kept_back = true;
        }
    }

    /// Tasks it has created.
    pub(crate) fn tasks(&self) -> Vec<u64> {
        self.orders.keys().copied().collect()
    }

    /// The contract refused the receipt of a task.
    pub(crate) fn refused(&mut self, task: u64, reason: String) {
        if let Some(order) = self.orders.get_mut(&task) {
            order.reason = reason;
        }
    }

    /// Why it brings the arguments of a task no more.
    pub(crate) fn gave_up(&self, task: u64) -> Option<String> {
        let order = self.orders.get(&task).filter(|order| order.has_given_up)?;
        Some(format!("{} tries to bring the arguments: {}", order.tries, order.reason))
    }

    /// Brings the arguments of a started task to the first relay that takes them, and the relay's receipt to the chain.
    pub(crate) fn act(&mut self, now: Now, task: &TaskView, relays: &mut Relays) -> Brought {
        let mut brought = Brought::default();
        let Some(order) = self.orders.get_mut(&task.id) else { return brought };
        if task.state != TaskState::Started || order.is_kept_back || order.has_given_up {
            return brought;
        }
        if now.uptime_ms < order.not_before_ms {
            brought.wake_ms = Some(order.not_before_ms);
            return brought;
        }
        if order.tries == TRIES_MAX {
            order.has_given_up = true;
            brought.notes.push(format!("gives up after {TRIES_MAX} tries: {}", order.reason));
            return brought;
        }
        order.not_before_ms = now.uptime_ms.saturating_add(PAUSE_MS << order.tries);
        order.tries += 1;
        let mut reasons = Vec::new();
        for index in relays.serving(task.id, None) {
            let (name, relay) = (relays.name(index), relays.at_mut(index));
            let taken = relay.answering_mut().map_err(|error| error.to_string()).and_then(|relay| {
                upload(relay, task, &self.programs, (&self.key, &order.args), now.height)
                    .map_err(|refusal| refusal.to_string())
            });
            match taken {
                Ok(receipt) => {
                    let size = order.args.len();
                    brought.notes.push(format!("uploads the arguments to {name}, {size} bytes"));
                    brought.call = Some(calls::args_uploaded(task.id, &receipt));
                    return brought;
                }
                Err(reason) => reasons.push(format!("{name}: {reason}")),
            }
        }
        order.reason = match reasons.as_slice() {
            [] => String::from("no relay serves this task"),
            some => some.join("; "),
        };
        brought.notes.push(format!("cannot upload the arguments: {}", order.reason));
        brought.wake_ms = Some(order.not_before_ms);
        brought
    }

    /// Downloads a result from the relay that holds it and checks it against the chain. `None` while there is none, or
    /// that relay does not answer.
    pub(crate) fn download(&self, task: &TaskView, relays: &Relays) -> Result<Option<Vec<u8>>, HarnessError> {
        let (Some(expected), Some(holder)) = (task.result, task.result_relay) else { return Ok(None) };
        let Some(Ok(relay)) = relays.of_id(&holder).map(Relay::answering) else { return Ok(None) };
        let bytes = relay.download(Some(task), BlobKind::Result, &self.key.address())?;
        let got = Hash::sha256(bytes);
        if got != expected {
            return Err(HarnessError::WrongResult { expected, got });
        }
        Ok(Some(bytes.to_vec()))
    }
}

/// Uploads to one relay, and publishes there what it misses of the task's programs.
fn upload(
    relay: &mut Relay,
    task: &TaskView,
    programs: &BTreeMap<Hash, Vec<u8>>,
    (key, args): (&SecretKey, &[u8]),
    seen: Height,
) -> Result<RelayReceipt, Refusal> {
    let mut published = None;
    loop {
        match relay.upload_args(Some(task), &key.address(), args, seen) {
            Err(Refusal::ProgramMissing(hash)) if published != Some(hash) && programs.contains_key(&hash) => {
                relay.publish(&programs[&hash]);
                published = Some(hash);
            }
            other => return other,
        }
    }
}
