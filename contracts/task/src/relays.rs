//! Relays and their receipts (`task-protocol`, section 4).

use crate::error::TaskError;
use crate::event::{RelayGone, RelayRegistered, RelayRemoved};
use crate::owner::check_owner;
use crate::state::{Draining, RELAYS, Task, Totals};
use alloc::string::String;
use hydrogen_sdk::{EventData, env};
use hydrogen_types::host::CallContext;
use hydrogen_types::task::{BlobKind, RelayReceipt, RelayView};
use hydrogen_types::{Address, Hash, PublicKey};

/// The receipt format there is.
const RECEIPT_VERSION: u8 = 1;
/// Longest address of a relay.
const URL_BYTES_MAX: usize = 256;
/// Most relays: the query `relays` lists them all.
pub(crate) const RELAYS_MAX: u32 = 100;

/// Most relays that drain at a time: so many may go when one task ends.
const DRAINING_MAX: usize = 8;

/// The owner registers a relay, or takes one back that drains.
pub(crate) fn register(context: &CallContext, key: PublicKey, url: String) -> Result<(), TaskError> {
    check_owner(context)?;
    let mut totals = Totals::load();
    add(&mut totals, key, url)?;
    totals.save();
    Ok(())
}

/// Stores a relay. The caller saves the counters.
pub(crate) fn add(totals: &mut Totals, key: PublicKey, url: String) -> Result<(), TaskError> {
    let id = Address::of_key(&key);
    let http = url.starts_with("http://") || url.starts_with("https://");
    if !http || url.len() > URL_BYTES_MAX || !url.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(TaskError::BadRelay {
            why: "its address is http:// or https:// and at most 256 characters",
        });
    }
    match RELAYS.load(&id) {
        Some(RelayView { draining: true, .. }) => take_back(totals, &id),
        Some(_) => return Err(TaskError::BadRelay { why: "it is registered already" }),
        None if RELAYS.range(None, RELAYS_MAX).len() >= RELAYS_MAX as usize => {
            return Err(TaskError::BadRelay { why: "there are 100 relays, as many as the contract takes" });
        }
        None => {}
    }
    RELAYS.save(&id, &RelayView { id, key, url: url.clone(), draining: false, last_task: None });
    RelayRegistered { relay: id, url }.emit();
    Ok(())
}

/// A relay drains no more: the open tasks it was counted with are the next one's, if there is one.
fn take_back(totals: &mut Totals, relay: &Address) {
    let draining = &mut totals.draining;
    let index = draining.iter().position(|entry| entry.relay == *relay).expect("who drains is listed");
    let entry = draining.remove(index);
    if let Some(next) = draining.get_mut(index) {
        next.open += entry.open;
    }
}

/// The owner removes a relay: it serves the tasks there are, and is gone when the last of them ends.
pub(crate) fn remove(context: &CallContext, id: &Address) -> Result<(), TaskError> {
    check_owner(context)?;
    let mut relay = RELAYS.load(id).ok_or(TaskError::UnknownRelay { relay: *id })?;
    if relay.draining {
        return Err(TaskError::BadRelay { why: "it was removed already and drains" });
    }
    let mut totals = Totals::load();
    if totals.draining.len() >= DRAINING_MAX {
        return Err(TaskError::BadRelay { why: "8 relays drain already: wait until one is gone" });
    }
    let last_task = totals.stats.tasks;
    let counted: u64 = totals.draining.iter().map(|entry| entry.open).sum();
    let open = totals.stats.tasks_open - counted;
    totals.draining.push(Draining { relay: *id, last_task, open });
    relay.draining = true;
    relay.last_task = Some(last_task);
    RELAYS.save(id, &relay);
    RelayRemoved { relay: *id, last_task }.emit();
    retire(&mut totals);
    totals.save();
    Ok(())
}

/// Counts a task that ended. The caller saves the counters.
pub(crate) fn task_ended(totals: &mut Totals, task: u64) {
    if let Some(entry) = totals.draining.iter_mut().find(|entry| task <= entry.last_task) {
        entry.open -= 1;
        retire(totals);
    }
}

/// Forgets the relays whose last task has ended. Whoever was removed earlier is gone earlier.
fn retire(totals: &mut Totals) {
    while totals.draining.first().is_some_and(|entry| entry.open == 0) {
        let relay = totals.draining.remove(0).relay;
        RELAYS.remove(&relay);
        RelayGone { relay }.emit();
    }
}

/// What a receipt has to be about.
pub(crate) struct Expected {
    pub(crate) kind: BlobKind,
    pub(crate) digest: Hash,
    pub(crate) size_max: u64,
}

/// Checks everything a receipt says, then its signature. The caller of the running call is the uploader.
pub(crate) fn check_receipt(
    context: &CallContext,
    task: &Task,
    receipt: &RelayReceipt,
    expected: &Expected,
) -> Result<Address, TaskError> {
    let body = &receipt.body;
    let relay = RELAYS.load(&body.relay).ok_or(TaskError::UnknownRelay { relay: body.relay })?;
    if let Some(last_task) = relay.last_task.filter(|last_task| task.view.id > *last_task) {
        return Err(TaskError::RelayDraining { relay: relay.id, last_task });
    }
    let drawn = task.view.draw_height.unwrap_or(context.height);
    let claims = [
        (body.version == RECEIPT_VERSION, "its version is not 1"),
        (body.chain_id == context.chain_id, "it is for another chain"),
        (body.task == task.view.id, "it is for another task"),
        (body.kind == expected.kind, "it is for another kind of bytes"),
        (body.digest == expected.digest, "it is for bytes with another SHA-256"),
        (body.size <= expected.size_max, "the bytes are more than the task allows"),
        (body.uploader == context.caller, "somebody else uploaded the bytes"),
        (body.issued >= drawn, "it was issued before the task was drawn"),
        (body.issued <= context.height, "it was issued at a height not reached yet"),
        (body.valid_until >= context.height, "it is no longer valid"),
        (body.kept_ms > 0, "the relay does not keep the bytes"),
    ];
    for (holds, why) in claims {
        if !holds {
            return Err(TaskError::BadReceipt { why });
        }
    }
    if !env::ed25519_verify(&relay.key, &body.sign_bytes(), &receipt.signature) {
        return Err(TaskError::BadReceipt { why: "its signature is not the relay's" });
    }
    Ok(relay.id)
}
