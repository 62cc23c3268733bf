//! A relay's signed word.

use hydrogen_core::SecretKey;
use hydrogen_core::crypto::verify;
use hydrogen_types::task::{BlobKind, RelayReceipt, RelayReceiptBody};
use hydrogen_types::{Address, ChainId, Hash, Height, PublicKey};

/// Version of the receipt's body.
const VERSION: u8 = 1;

/// What a relay promises in every receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceiptTerms {
    /// Blocks in which the contract takes the receipt.
    pub valid_blocks: u64,
    /// How long the bytes are kept after the task's end.
    pub kept_ms: u64,
}

impl Default for ReceiptTerms {
    /// A thousand seconds of the fastest blocks, so that no stage outlives a receipt; a day kept.
    fn default() -> Self {
        Self { valid_blocks: 10_000, kept_ms: 24 * 3_600_000 }
    }
}

/// The blob a receipt is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blob {
    /// The task.
    pub task: u64,
    /// Arguments or result.
    pub kind: BlobKind,
    /// SHA-256.
    pub digest: Hash,
    /// Bytes.
    pub size: u64,
    /// Who brought it.
    pub uploader: Address,
}

/// Signs a receipt for `blob`, which is on disk, at the final height `seen`.
#[must_use]
pub fn issue(
    key: &SecretKey,
    chain_id: &ChainId,
    terms: ReceiptTerms,
    seen: Height,
    blob: Blob,
) -> RelayReceipt {
    let body = RelayReceiptBody {
        version: VERSION,
        chain_id: chain_id.clone(),
        relay: key.address(),
        task: blob.task,
        kind: blob.kind,
        digest: blob.digest,
        size: blob.size,
        uploader: blob.uploader,
        issued: seen,
        valid_until: seen.plus(terms.valid_blocks),
        kept_ms: terms.kept_ms,
    };
    let signature = key.sign(&body.sign_bytes());
    RelayReceipt { body, signature }
}

/// Whether a receipt is what `relay` signed for `blob` on this chain: an uploader checks before it sends it on.
#[must_use]
pub fn check_receipt(receipt: &RelayReceipt, relay: &PublicKey, chain_id: &ChainId, blob: &Blob) -> bool {
    let body = &receipt.body;
    body.version == VERSION
        && body.chain_id == *chain_id
        && body.relay == Address::of_key(relay)
        && body.task == blob.task
        && body.kind == blob.kind
        && body.digest == blob.digest
        && body.size == blob.size
        && body.uploader == blob.uploader
        && verify(relay, &body.sign_bytes(), &receipt.signature)
}
