//! `POST /v1/tasks/{id}/args` and `/result`: from a request to a receipt.

use crate::client::relay::RelayReceiptJson;
use crate::client::task;
use crate::relay::answer::Refused;
use crate::relay::auth::{Caller, authenticate};
use crate::relay::blobs::Pending;
use crate::relay::context::{Context, now_ms};
use crate::relay::index::{BlobId, Index, IndexError, StoredBlob};
use axum::Json;
use axum::body::BodyDataStream;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use hydrogen_offchain::relay::{self as rules, Blob, Decision, Expected, Refusal};
use hydrogen_types::Hash;
use hydrogen_types::task::{BlobKind, RelayReceipt, TaskView};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::time::Duration;

/// Longest silence within a body: a slow link sends something in this time, a stuck one holds a slot.
const CHUNK_TIMEOUT: Duration = Duration::from_secs(30);
/// How long the rest of a refused body is read, so that the client gets to read the refusal.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// Handles an upload.
pub(crate) async fn upload(context: Arc<Context>, task: u64, kind: BlobKind, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let mut body = body.into_data_stream();
    let done = take(&context, task, kind, &parts, &mut body).await;
    let response = match done {
        Ok((status, receipt)) => (status, Json(RelayReceiptJson::from(&receipt))).into_response(),
        Err(refused) => {
            drain(&context, &parts, body).await;
            refused.into_response()
        }
    };
    context.metrics.count("upload", response.status().as_u16());
    response
}

async fn take(
    context: &Arc<Context>,
    task_id: u64,
    kind: BlobKind,
    parts: &Parts,
    body: &mut BodyDataStream,
) -> Result<(StatusCode, RelayReceipt), Refused> {
    let caller = authenticate(context, parts)?;
    let announced = announced_digest(&caller)?;
    let _slot = context.transfers.try_acquire().map_err(|_| busy())?;
    let view =
        task::task(&context.client, task_id).await.map_err(|error| Refused::trouble("node", &error))?;
    let id = BlobId::new(task_id, kind);
    let held = context.index.blob(id).map_err(index_trouble)?.map(|stored| stored.receipt);
    match decide(context, view.as_ref(), kind, &caller, &announced, held.as_ref())? {
        Decision::AlreadyHeld(receipt) => {
            let (digest, _) = hash_only(context, body, receipt.body.size).await?;
            if digest != announced {
                return Err(Refusal::HashMismatch { expected: announced, got: digest }.into());
            }
            Ok((StatusCode::OK, *receipt))
        }
        Decision::Take(expected) => {
            let pending = receive(context, parts, body, &expected).await?;
            publish(context, id, kind, &caller, pending).await
        }
    }
}

fn decide(
    context: &Context,
    view: Option<&TaskView>,
    kind: BlobKind,
    caller: &Caller,
    announced: &Hash,
    held: Option<&RelayReceipt>,
) -> Result<Decision, Refused> {
    let decision = match kind {
        BlobKind::Args => {
            let holds = |hash: &Hash| holds_program(&context.index, hash);
            rules::may_upload_args(view, &caller.address, announced, held, holds)?
        }
        BlobKind::Result => rules::may_upload_result(view, &caller.address, announced, held)?,
    };
    if let Decision::Take(Expected { fingerprint: Some(_), .. }) = &decision {
        let message = "tasks compared by fingerprint are not served by this relay yet";
        return Err(Refused::new(StatusCode::NOT_IMPLEMENTED, "NotSupported", message));
    }
    Ok(decision)
}

/// Whether the program is here; naming it counts as using it, so that it is not the next to be evicted.
fn holds_program(index: &Index, hash: &Hash) -> bool {
    match index.program(hash) {
        Ok(Some(mut program)) => {
            program.used_ms = now_ms();
            index.put_program(hash, &program).is_ok()
        }
        Ok(None) => false,
        Err(error) => {
            tracing::error!(%error, "index cannot be read");
            false
        }
    }
}

/// The digest that an upload must announce.
pub(crate) fn announced_digest(caller: &Caller) -> Result<Hash, Refused> {
    let missing = "an upload needs a content-digest header with sha-256 (RFC 9530), covered by the signature";
    caller.digest.ok_or_else(|| Refused::new(StatusCode::BAD_REQUEST, "DigestMissing", missing))
}

/// Streams the body to disk and checks it against what is expected.
pub(crate) async fn receive(
    context: &Context,
    parts: &Parts,
    body: &mut BodyDataStream,
    expected: &Expected,
) -> Result<Pending, Refused> {
    let disk = |error: std::io::Error| Refused::trouble("disk", &error);
    let size_max = expected.size_max.min(context.limits.body_bytes_max);
    let length =
        parts.headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if let Some(size) = length.filter(|size: &u64| *size > size_max) {
        return Err(Refusal::TooLarge { size, size_max }.into());
    }
    let mut pending = context.blobs.begin().map_err(disk)?;
    while let Some(chunk) = next_chunk(body).await? {
        let size = pending.size() + chunk.len() as u64;
        if size > size_max {
            return Err(Refusal::TooLarge { size, size_max }.into());
        }
        context.metrics.bytes_in.inc_by(chunk.len() as u64);
        pending.write(&chunk).await.map_err(disk)?;
    }
    expected.check(&pending.digest(), pending.size())?;
    Ok(pending)
}

async fn hash_only(
    context: &Context,
    body: &mut BodyDataStream,
    size_max: u64,
) -> Result<(Hash, u64), Refused> {
    let mut hasher = Sha256::new();
    let mut size = 0;
    while let Some(chunk) = next_chunk(body).await? {
        size += chunk.len() as u64;
        if size > size_max {
            return Err(Refusal::TooLarge { size, size_max }.into());
        }
        context.metrics.bytes_in.inc_by(chunk.len() as u64);
        hasher.update(&chunk);
    }
    Ok((Hash::new(hasher.finalize().into()), size))
}

async fn next_chunk(body: &mut BodyDataStream) -> Result<Option<bytes::Bytes>, Refused> {
    let broken = |message: String| Refused::new(StatusCode::BAD_REQUEST, "BodyBroken", message);
    match tokio::time::timeout(CHUNK_TIMEOUT, body.next()).await {
        Ok(Some(Ok(chunk))) => Ok(Some(chunk)),
        Ok(Some(Err(error))) => Err(broken(format!("the body broke off: {error}"))),
        Ok(None) => Ok(None),
        Err(_) => Err(broken(format!("nothing of the body came for {} s", CHUNK_TIMEOUT.as_secs()))),
    }
}

/// Makes the blob and its receipt durable, in this order; then the receipt may be seen.
async fn publish(
    context: &Arc<Context>,
    id: BlobId,
    kind: BlobKind,
    caller: &Caller,
    pending: Pending,
) -> Result<(StatusCode, RelayReceipt), Refused> {
    let _lock = context.publish_lock(id.task).lock().await;
    if let Some(stored) = context.index.blob(id).map_err(index_trouble)? {
        // Another upload of the same bytes was faster (other bytes do not get this far).
        return Ok((StatusCode::OK, stored.receipt));
    }
    let (size, digest, uploader) = (pending.size(), pending.digest(), caller.address);
    if !context.reserve(&uploader, size) {
        let most = context.limits.account_bytes_max;
        let message =
            format!("{uploader} would have more than {most} bytes stored here; older tasks must end first");
        return Err(Refused::new(StatusCode::PAYLOAD_TOO_LARGE, "QuotaExceeded", message));
    }
    let stored = async {
        pending.publish(&id.file_name()).await.map_err(|error| Refused::trouble("disk", &error))?;
        let blob = Blob { task: id.task, kind, digest, size, uploader };
        let seen = context.head.borrow().height;
        let receipt = rules::issue(&context.key, &context.chain_id, context.limits.terms, seen, blob);
        let entry = StoredBlob { receipt: receipt.clone(), ended_ms: None };
        let writer = Arc::clone(context);
        let written = tokio::task::spawn_blocking(move || writer.index.put_blob(id, &entry)).await;
        written.map_err(|error| Refused::trouble("index", &error))?.map_err(index_trouble)?;
        Ok(receipt)
    }
    .await;
    match stored {
        Ok(receipt) => {
            context.metrics.receipts.inc();
            tracing::info!(task = id.task, ?kind, size, %uploader, "stored");
            Ok((StatusCode::CREATED, receipt))
        }
        Err(refused) => {
            context.release(&uploader, size);
            Err(refused)
        }
    }
}

/// Reads away what is left of a refused body, within bounds: a connection closed on unread bytes is reset, and the
/// refusal is lost with it.
pub(crate) async fn drain(context: &Context, parts: &Parts, mut body: BodyDataStream) {
    if parts.headers.contains_key(header::EXPECT) {
        // The client waits for a go-ahead before it sends; it gets the refusal instead.
        return;
    }
    let rest = async {
        let mut left = context.limits.body_bytes_max;
        while let Some(Ok(chunk)) = body.next().await {
            left = left.saturating_sub(chunk.len() as u64);
            if left == 0 {
                break;
            }
        }
    };
    if tokio::time::timeout(DRAIN_TIMEOUT, rest).await.is_err() {
        tracing::debug!("a refused body was not read to its end");
    }
}

pub(crate) fn busy() -> Refused {
    let message = "all transfer slots are taken; ask again";
    Refused::new(StatusCode::SERVICE_UNAVAILABLE, "Busy", message).retry()
}

pub(crate) fn index_trouble(error: IndexError) -> Refused {
    Refused::trouble("index", &error)
}
