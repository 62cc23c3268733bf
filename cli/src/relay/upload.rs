//! `POST /v1/tasks/{id}/args` and `/result`: from a request to a body on disk; `store` makes a receipt of it.

use crate::client::relay::RelayReceiptJson;
use crate::relay::answer::Refused;
use crate::relay::auth::{Caller, authenticate, spend};
use crate::relay::blobs::Pending;
use crate::relay::context::{Context, now_ms};
use crate::relay::head::check_standing;
use crate::relay::index::{BlobId, IndexError};
use crate::relay::pace::Pace;
use crate::relay::quota::Share;
use crate::relay::store::{self, Upload};
use axum::Json;
use axum::body::BodyDataStream;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use hydrogen_offchain::relay::{self as rules, Decision, Expected, Refusal};
use hydrogen_types::Hash;
use hydrogen_types::task::{BlobKind, Comparison, RelayReceipt, TaskView};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long the rest of a refused body is read, so that the client gets to read the refusal.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes after which the free room of the disk is looked at again.
const ROOM_CHECK_BYTES: u64 = 4 << 20;

/// Handles an upload.
pub(crate) async fn upload(context: Arc<Context>, task: u64, kind: BlobKind, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let mut body = Body { stream: body.into_data_stream(), pace: context.pace() };
    let done = take(&context, task, kind, &parts, &mut body).await;
    let response = match done {
        Ok((status, receipt)) => (status, Json(RelayReceiptJson::from(&receipt))).into_response(),
        Err(refused) => {
            drain(&context, &parts, body).await;
            refused.into_response()
        }
    };
    context.metrics.answered("upload", &response);
    response
}

async fn take(
    context: &Arc<Context>,
    task: u64,
    kind: BlobKind,
    parts: &Parts,
    body: &mut Body,
) -> Result<(StatusCode, RelayReceipt), Refused> {
    let caller = authenticate(context, parts)?;
    let announced = announced_digest(&caller)?;
    let slot = context.slot()?;
    let (view, head) = context.nodes.task(task).await?;
    let id = BlobId::new(task, kind, caller.address);
    let held = context.index.blob(id).map_err(index_trouble)?.map(|stored| stored.receipt);
    let expected = match decide(context, view.as_ref(), kind, &caller, &announced, held.as_ref())? {
        Decision::AlreadyHeld(receipt) => {
            spend(context, &caller)?;
            hash_only(context, body, receipt.body.size, &announced).await?;
            return Ok((StatusCode::OK, *receipt));
        }
        Decision::Take(expected) => expected,
    };
    let view = view.ok_or_else(|| Refused::from(Refusal::NotFound))?;
    check_standing(context, task).await?;
    let mut share = context.quotas.begin(caller.address)?;
    spend(context, &caller)?;
    let pending = receive(context, parts, body, &expected, &mut share).await?;
    let programs = match kind {
        BlobKind::Args => programs_of(&view),
        BlobKind::Result => Vec::new(),
    };
    store::keep(context, Upload { id, kind, pending, share, slot, programs, expected, view, head }).await
}

fn decide(
    context: &Context,
    view: Option<&TaskView>,
    kind: BlobKind,
    caller: &Caller,
    announced: &Hash,
    held: Option<&RelayReceipt>,
) -> Result<Decision, Refused> {
    let holds = |hash: &Hash| holds_program(context, hash);
    let decision = match kind {
        BlobKind::Args => rules::may_upload_args(view, &caller.address, announced, held, holds)?,
        BlobKind::Result => rules::may_upload_result(view, &caller.address, announced, held)?,
    };
    if let Decision::Take(Expected { fingerprint: Some((program, _)), .. }) = &decision
        && !holds(program)
    {
        return Err(Refusal::ProgramMissing(*program).into());
    }
    Ok(decision)
}

/// The programs that a task needs, its fingerprint program included; none for an external one.
fn programs_of(view: &TaskView) -> Vec<Hash> {
    let fingerprint = match view.comparison {
        Comparison::Exact => None,
        Comparison::Similar { fingerprint, .. } => Some(fingerprint),
    };
    view.program.into_iter().chain(fingerprint).collect()
}

/// Whether the program is here; naming it counts as using it, so that it is not the next to be evicted.
pub(crate) fn holds_program(context: &Context, hash: &Hash) -> bool {
    context.index.touch_program(hash, now_ms()).unwrap_or_else(|error| {
        tracing::error!(%error, "index cannot be read");
        false
    })
}

/// The digest that an upload must announce.
pub(crate) fn announced_digest(caller: &Caller) -> Result<Hash, Refused> {
    let missing = "an upload needs a content-digest header with sha-256 (RFC 9530), covered by the signature";
    caller.digest.ok_or_else(|| Refused::new(StatusCode::BAD_REQUEST, "DigestMissing", missing))
}

/// A body under way.
pub(crate) struct Body {
    pub(crate) stream: BodyDataStream,
    pub(crate) pace: Pace,
}

impl Body {
    async fn next(&mut self, context: &Context) -> Result<Option<bytes::Bytes>, Refused> {
        let broken = |message: String| Refused::new(StatusCode::BAD_REQUEST, "BodyBroken", message);
        let slow = |message: String| Refused::new(StatusCode::REQUEST_TIMEOUT, "TooSlow", message).retry();
        let patience = context.idle_timeout();
        let chunk = match tokio::time::timeout(patience, self.stream.next()).await {
            Ok(Some(Ok(chunk))) => chunk,
            Ok(Some(Err(error))) => return Err(broken(format!("the body broke off: {error}"))),
            Ok(None) => return Ok(None),
            Err(_) => return Err(slow(format!("nothing of the body came for {} ms", patience.as_millis()))),
        };
        let size = chunk.len() as u64;
        context.metrics.bytes_in.inc_by(size);
        self.pace.add(size, Instant::now()).map_err(|rate| {
            let least = context.limits.rate_min;
            slow(format!("the body comes with {rate} bytes a second, at least {least} are asked for"))
        })?;
        Ok(Some(chunk))
    }
}

/// Streams the body to disk and checks it against what is expected.
pub(crate) async fn receive(
    context: &Context,
    parts: &Parts,
    body: &mut Body,
    expected: &Expected,
    share: &mut Share,
) -> Result<Pending, Refused> {
    let disk = |error: std::io::Error| Refused::disk(&error);
    let size_max = expected.size_max.min(context.limits.body_bytes_max);
    let within = |size: u64| {
        if size > size_max { Err(Refused::from(Refusal::TooLarge { size, size_max })) } else { Ok(()) }
    };
    let length = parts.headers.get(header::CONTENT_LENGTH);
    let length: u64 = length.and_then(|value| value.to_str().ok()?.parse().ok()).unwrap_or(0);
    within(length)?;
    share.raise(length)?;
    check_room(context, length)?;
    let mut pending = context.blobs.begin().map_err(disk)?;
    let mut looked_at = 0;
    while let Some(chunk) = body.next(context).await? {
        let size = pending.size() + chunk.len() as u64;
        within(size)?;
        share.raise(size)?;
        if size - looked_at > ROOM_CHECK_BYTES {
            check_room(context, 0)?;
            looked_at = size;
        }
        pending.write(&chunk).await.map_err(disk)?;
    }
    expected.check(&pending.digest(), pending.size())?;
    Ok(pending)
}

/// The disk is never filled to the brim: the index could not be written any more.
fn check_room(context: &Context, more: u64) -> Result<(), Refused> {
    let free = context.blobs.free_bytes().map_err(|error| Refused::disk(&error))?;
    let least = context.limits.free_bytes_min;
    if free < least.saturating_add(more) {
        let message = format!(
            "the relay has {free} bytes of disk left for {more} more, and keeps {least} free: use another relay, or \
             ask again later"
        );
        return Err(Refused::disk_full(message));
    }
    Ok(())
}

/// Reads a body that is here already: it must be the same.
pub(crate) async fn hash_only(
    context: &Context,
    body: &mut Body,
    size_max: u64,
    expected: &Hash,
) -> Result<(), Refused> {
    let mut hasher = Sha256::new();
    let mut size = 0;
    while let Some(chunk) = body.next(context).await? {
        size += chunk.len() as u64;
        if size > size_max {
            return Err(Refusal::TooLarge { size, size_max }.into());
        }
        hasher.update(&chunk);
    }
    let got = Hash::new(hasher.finalize().into());
    if got != *expected {
        return Err(Refusal::HashMismatch { expected: *expected, got }.into());
    }
    Ok(())
}

/// Reads away what is left of a refused body, within bounds: a connection closed on unread bytes is reset, and the
/// refusal is lost with it.
pub(crate) async fn drain(context: &Context, parts: &Parts, mut body: Body) {
    if parts.headers.contains_key(header::EXPECT) {
        // The client waits for a go-ahead before it sends; it gets the refusal instead.
        return;
    }
    let rest = async {
        let mut left = context.limits.body_bytes_max;
        while let Some(Ok(chunk)) = body.stream.next().await {
            left = left.saturating_sub(chunk.len() as u64);
            if left == 0 {
                break;
            }
        }
    };
    if tokio::time::timeout(DRAIN_TIMEOUT.min(context.idle_timeout()), rest).await.is_err() {
        tracing::debug!("a refused body was not read to its end");
    }
}

pub(crate) fn index_trouble(error: IndexError) -> Refused {
    Refused::trouble("index", &error)
}
