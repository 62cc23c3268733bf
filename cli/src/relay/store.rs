//! From a body on disk to a durable blob with a receipt.
//!
//! ```text
//! lock of the blob -> fingerprint -> synced file, named -> synced index entry -> receipt may be seen
//! ```
//!
//! *Invariants*: all of it goes on when the client hangs up, so that its next try finds the receipt; the file goes again
//! when the entry cannot be written; arguments get an entry only while the programs of their task are here.

use crate::relay::answer::Refused;
use crate::relay::blobs::Pending;
use crate::relay::check;
use crate::relay::context::Context;
use crate::relay::index::{BlobId, StoredBlob};
use crate::relay::nodes::Head;
use crate::relay::quota::Share;
use crate::relay::upload::{holds_program, index_trouble};
use axum::http::StatusCode;
use hydrogen_offchain::relay::{self as rules, Blob, Expected, Refusal};
use hydrogen_types::Hash;
use hydrogen_types::task::{BlobKind, RelayReceipt, TaskView};
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;

/// A body that is on disk and has the digest of its task.
pub(crate) struct Upload {
    pub(crate) id: BlobId,
    pub(crate) kind: BlobKind,
    pub(crate) pending: Pending,
    pub(crate) share: Share,
    pub(crate) slot: OwnedSemaphorePermit,
    /// What must be here for a receipt.
    pub(crate) programs: Vec<Hash>,
    pub(crate) expected: Expected,
    pub(crate) view: TaskView,
    /// The block that all this was decided from.
    pub(crate) head: Head,
}

/// Stores it; 201, or 200 if another try of the same was faster.
pub(crate) async fn keep(
    context: &Arc<Context>,
    upload: Upload,
) -> Result<(StatusCode, RelayReceipt), Refused> {
    let context = Arc::clone(context);
    let stored = tokio::spawn(async move { publish(&context, upload).await }).await;
    stored.unwrap_or_else(|error| Err(Refused::trouble("store", &error)))
}

async fn publish(context: &Arc<Context>, mut upload: Upload) -> Result<(StatusCode, RelayReceipt), Refused> {
    let _lock = context.locks.hold(upload.id).await;
    if let Some(stored) = context.index.blob(upload.id).map_err(index_trouble)? {
        // Another try was faster. It is of the same bytes: the chain holds one digest for each uploader.
        return Ok((StatusCode::OK, stored.receipt));
    }
    if let Some((program, revealed)) = &upload.expected.fingerprint {
        check::fingerprint(context, &mut upload.pending, &upload.view, program, revealed).await?;
    }
    let Upload { id, kind, pending, share, slot, programs, head, .. } = upload;
    let (size, digest, uploader) = (pending.size(), pending.digest(), id.uploader);
    let blob = Blob { task: id.task, kind, digest, size, uploader };
    let identity = context.nodes.identity();
    let receipt = rules::issue(&context.key, &identity.chain_id, context.limits.terms, head.height, blob);
    pending.publish(&id.file_name()).await.map_err(|error| Refused::disk(&error))?;
    let entry = StoredBlob { receipt: receipt.clone(), programs, ended_ms: None };
    if let Err(refused) = enter(context, id, entry).await {
        // Without an entry the file would only take room; what stays all the same is swept at the next start.
        drop(context.blobs.remove(&id.file_name()));
        return Err(refused);
    }
    share.keep(size);
    drop(slot);
    context.metrics.receipts.inc();
    tracing::info!(task = id.task, ?kind, size, %uploader, "stored");
    Ok((StatusCode::CREATED, receipt))
}

async fn enter(context: &Arc<Context>, id: BlobId, entry: StoredBlob) -> Result<(), Refused> {
    // No program goes between this look and the entry that protects it.
    let _programs = context.programs.lock().await;
    if let Some(missing) = entry.programs.iter().find(|program| !holds_program(context, program)) {
        return Err(Refusal::ProgramMissing(*missing).into());
    }
    let writer = Arc::clone(context);
    let written = tokio::task::spawn_blocking(move || writer.index.put_blob(id, &entry)).await;
    written.map_err(|error| Refused::trouble("index", &error))?.map_err(index_trouble)
}
