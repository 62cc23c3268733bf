//! What the relay forgets: blobs some time after their task's end, programs beyond the byte budget, old nonces.

use crate::client::{ClientError, task};
use crate::relay::context::{Context, now_ms};
use crate::relay::index::{BlobId, IndexError, StoredBlob, program_file};
use hydrogen_offchain::relay::{BlobFate, ProgramUse, blob_fate, evict_programs};
use hydrogen_offchain::signing::NONCE_KEPT_S;
use hydrogen_types::Hash;
use std::collections::BTreeSet;
use std::io;
use std::time::Duration;

/// Time between two sweeps: nothing here is urgent, and each asks the node once for every open task.
const INTERVAL: Duration = Duration::from_secs(60);

/// Why a sweep stopped early; the next one goes on.
#[derive(Debug, thiserror::Error)]
enum SweepError {
    #[error("index")]
    Index(#[from] IndexError),
    #[error("node")]
    Node(#[from] ClientError),
    #[error("disk")]
    Disk(#[from] io::Error),
}

/// Sweeps for ever.
pub(crate) async fn sweep_for_ever(context: &Context) {
    loop {
        tokio::time::sleep(INTERVAL).await;
        if let Err(error) = sweep(context).await {
            tracing::warn!(%error, "sweep stopped early");
        }
    }
}

async fn sweep(context: &Context) -> Result<(), SweepError> {
    let mut open = BTreeSet::new();
    for (id, stored) in context.index.blobs()? {
        if let Some(program) = sweep_blob(context, id, stored).await? {
            open.insert(program);
        }
    }
    let programs: Vec<ProgramUse> = context
        .index
        .programs()?
        .into_iter()
        .map(|(hash, program)| ProgramUse { hash, size: program.size, used_ms: program.used_ms })
        .collect();
    for hash in evict_programs(&programs, &open, context.limits.program_bytes_max) {
        tracing::info!(program = %hash, "program evicted");
        context.index.remove_program(&hash)?;
        context.blobs.remove(&program_file(&hash))?;
    }
    context.index.nonces((now_ms() / 1_000).saturating_sub(NONCE_KEPT_S))?;
    Ok(())
}

/// Decides on one blob; the program of its task if that is still open.
async fn sweep_blob(
    context: &Context,
    id: BlobId,
    mut stored: StoredBlob,
) -> Result<Option<Hash>, SweepError> {
    let now_ms = context.head.borrow().uptime_ms;
    let view = match stored.ended_ms {
        // An ended task never opens again: no need to ask.
        Some(_) => None,
        None => task::task(&context.client, id.task).await?,
    };
    match blob_fate(view.as_ref(), stored.ended_ms, stored.receipt.body.kept_ms, now_ms) {
        BlobFate::Keep => return Ok(view.and_then(|view| view.program)),
        BlobFate::KeepUntil { .. } => {
            if stored.ended_ms.is_none() {
                stored.ended_ms = Some(now_ms);
                context.index.put_blob(id, &stored)?;
            }
        }
        BlobFate::Remove => {
            // The entry goes first: a receipt is never served without its bytes.
            context.index.remove_blob(id)?;
            context.blobs.remove(&id.file_name())?;
            context.release(&stored.receipt.body.uploader, stored.receipt.body.size);
        }
    }
    Ok(None)
}

/// At the start: removes files that no entry names, left by a stop between the two.
pub(crate) fn remove_strays(context: &Context) -> Result<(), IndexError> {
    let mut known: BTreeSet<String> =
        context.index.blobs()?.into_iter().map(|(id, _)| id.file_name()).collect();
    known.extend(context.index.programs()?.keys().map(program_file));
    let names = match context.blobs.names() {
        Ok(names) => names,
        Err(error) => {
            tracing::warn!(%error, "blobs cannot be listed; strays stay");
            return Ok(());
        }
    };
    for name in names.into_iter().filter(|name| !known.contains(name)) {
        if let Err(error) = context.blobs.remove(&name) {
            tracing::warn!(%error, name, "stray blob stays");
        }
    }
    Ok(())
}
