//! Relays and their receipts (`task-protocol`, section 4).

use crate::error::TaskError;
use crate::event::RelayRegistered;
use crate::state::{OWNER, RELAYS, Task};
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

/// The owner registers a relay.
pub(crate) fn register(context: &CallContext, key: PublicKey, url: String) -> Result<(), TaskError> {
    if OWNER.load() != Some(context.caller) {
        return Err(TaskError::NotOwner);
    }
    add(key, url)
}

/// Stores a relay.
pub(crate) fn add(key: PublicKey, url: String) -> Result<(), TaskError> {
    let id = Address::of_key(&key);
    let http = url.starts_with("http://") || url.starts_with("https://");
    if !http || url.len() > URL_BYTES_MAX || !url.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(TaskError::BadRelay {
            why: "its address is http:// or https:// and at most 256 characters",
        });
    }
    if RELAYS.contains(&id) {
        return Err(TaskError::BadRelay { why: "it is registered already" });
    }
    if RELAYS.range(None, RELAYS_MAX).len() >= RELAYS_MAX as usize {
        return Err(TaskError::BadRelay { why: "there are 100 relays, as many as the contract takes" });
    }
    RELAYS.save(&id, &RelayView { id, key, url: url.clone(), draining: false, last_task: None });
    RelayRegistered { relay: id, url }.emit();
    Ok(())
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
