//! What the relay forgets: blobs some time after their task's end, programs beyond the byte budget, old nonces.

use crate::relay::context::{Context, now_ms};
use crate::relay::head;
use crate::relay::index::{BlobId, IndexError, StoredBlob, program_file};
use crate::relay::metrics::{Because, level};
use crate::relay::nodes::{Head, NodesError};
use crate::relay::programs;
use hydrogen_offchain::relay::{BlobFate, blob_fate};
use hydrogen_offchain::signing::NONCE_KEPT_S;
use std::collections::BTreeSet;
use std::io;
use std::time::Duration;

/// Why a sweep stopped early; the next one goes on.
#[derive(Debug, thiserror::Error)]
enum SweepError {
    #[error("index: {0}")]
    Index(#[from] IndexError),
    #[error(transparent)]
    Nodes(#[from] NodesError),
    #[error("disk: {0}")]
    Disk(#[from] io::Error),
    #[error("programs: {0}")]
    Programs(Box<dyn std::error::Error + Send + Sync>),
}

/// Sweeps for ever.
pub(crate) async fn sweep_for_ever(context: &Context) {
    loop {
        let done = sweep(context).await;
        let reason = if done.is_ok() { "done" } else { "stopped early" };
        context.metrics.sweeps.get_or_create(&Because { reason }).inc();
        if let Err(error) = done {
            tracing::warn!(%error, "sweep stopped early");
        }
        tokio::time::sleep(Duration::from_millis(context.limits.sweep_interval_ms)).await;
    }
}

async fn sweep(context: &Context) -> Result<(), SweepError> {
    context.index.nonces((now_ms() / 1_000).saturating_sub(NONCE_KEPT_S))?;
    context.index.put_height(context.nodes.head().height)?;
    head::refresh_standing(context).await?;
    for (id, stored) in context.index.blobs()? {
        sweep_blob(context, id, stored).await?;
    }
    programs::trim(context).await.map_err(SweepError::Programs)?;
    Ok(())
}

/// Decides on one blob.
async fn sweep_blob(context: &Context, id: BlobId, mut stored: StoredBlob) -> Result<(), SweepError> {
    let (view, Head { uptime_ms: now_ms, .. }) = match stored.ended_ms {
        // An ended task never opens again: no need to ask.
        Some(_) => (None, context.nodes.head()),
        // The nodes that are asked are no older than the receipt, so that a task they do not know has been removed.
        None => context.nodes.task(id.task).await?,
    };
    match blob_fate(view.as_ref(), stored.ended_ms, stored.receipt.body.kept_ms, now_ms) {
        BlobFate::Keep => {}
        BlobFate::KeepUntil { .. } => {
            if stored.ended_ms.is_none() {
                stored.ended_ms = Some(now_ms);
                context.index.put_blob(id, &stored)?;
            }
        }
        BlobFate::Remove => {
            let size = stored.receipt.body.size;
            // The entry goes first: a receipt is never served without its bytes.
            context.index.remove_blob(id)?;
            context.blobs.remove(&id.file_name())?;
            context.quotas.release(&stored.receipt.body.uploader, size);
            context.metrics.gone("task ended", size);
            tracing::info!(task = id.task, kind = ?id.kind, size, "removed: its task has ended");
        }
    }
    Ok(())
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
        match context.blobs.remove(&name) {
            Ok(()) => context.metrics.gone("stray", 0),
            Err(error) => tracing::warn!(%error, name, "stray blob stays"),
        }
    }
    Ok(())
}

/// Sets the gauges to what is so now.
pub(crate) fn gauge(context: &Context) -> Result<(), IndexError> {
    let metrics = &context.metrics;
    let head = context.nodes.head();
    metrics.height.set(level(head.height.get()));
    metrics.node_seen_ms.set(level(head.seen.elapsed().as_millis()));
    metrics.blobs.set(level(context.index.blobs()?.len()));
    let programs = context.index.programs()?;
    metrics.programs.set(level(programs.len()));
    metrics.program_bytes.set(level(programs.values().map(|program| program.size).sum::<u64>()));
    let sums = context.quotas.sums();
    metrics.quota_accounts.set(level(sums.accounts));
    metrics.quota_bytes.set(level(sums.bytes));
    metrics.quota_bytes_most.set(level(sums.bytes_most));
    let nonces = context.nonces.lock().unwrap_or_else(std::sync::PoisonError::into_inner).len();
    metrics.nonces.set(level(nonces));
    let taken = context.limits.transfers_max.saturating_sub(context.transfers.available_permits());
    metrics.transfers.set(level(taken));
    Ok(())
}
