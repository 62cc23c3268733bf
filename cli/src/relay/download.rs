//! `GET` of arguments, results and programs: whole or one range, streamed from the file.

use crate::client::task;
use crate::relay::answer::Refused;
use crate::relay::auth::authenticate;
use crate::relay::context::Context;
use crate::relay::index::BlobId;
use crate::relay::range::{RangeAnswer, parse_range};
use crate::relay::upload::{busy, index_trouble};
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hydrogen_offchain::relay::{Refusal, may_download};
use hydrogen_offchain::signing::content_digest;
use hydrogen_types::Hash;
use hydrogen_types::task::BlobKind;
use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::sync::Arc;
use tokio::io::AsyncReadExt;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::io::ReaderStream;

/// Bytes read from a file at a time.
const CHUNK_BYTES: usize = 64 << 10;

/// Handles a download of a task's blob.
pub(crate) async fn download(context: Arc<Context>, task: u64, kind: BlobKind, request: Request) -> Response {
    let response = find(&context, task, kind, request).await.unwrap_or_else(Refused::into_response);
    context.metrics.count("download", response.status().as_u16());
    response
}

async fn find(
    context: &Arc<Context>,
    task_id: u64,
    kind: BlobKind,
    request: Request,
) -> Result<Response, Refused> {
    let (parts, _) = request.into_parts();
    let caller = authenticate(context, &parts)?;
    let view =
        task::task(&context.client, task_id).await.map_err(|error| Refused::trouble("node", &error))?;
    let digest = may_download(view.as_ref(), kind, &caller.address)?;
    let id = BlobId::new(task_id, kind);
    let stored = context.index.blob(id).map_err(index_trouble)?;
    let stored = stored.filter(|stored| stored.receipt.body.digest == digest);
    // The arguments of a running task may still be on their way here.
    let absent = || Refused::from(Refusal::NotFound).retry();
    stored.ok_or_else(absent)?;
    serve(context, &id.file_name(), &digest, &parts.headers)
}

/// Answers with a blob, or the range of it that the headers ask for.
pub(crate) fn serve(
    context: &Context,
    name: &str,
    digest: &Hash,
    headers: &HeaderMap,
) -> Result<Response, Refused> {
    let disk = |error: std::io::Error| Refused::trouble("disk", &error);
    let slot = Arc::clone(&context.transfers).try_acquire_owned().map_err(|_| busy())?;
    let (mut file, size) = context.blobs.open(name).map_err(disk)?.ok_or(Refusal::NotFound)?;
    let range = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    let (status, start, end) = match parse_range(range, size) {
        RangeAnswer::Whole => (StatusCode::OK, 0, size),
        RangeAnswer::Part { start, end } => (StatusCode::PARTIAL_CONTENT, start, end),
        RangeAnswer::Unsatisfiable => {
            let mut response = StatusCode::RANGE_NOT_SATISFIABLE.into_response();
            put(&mut response, header::CONTENT_RANGE, format!("bytes */{size}"));
            return Ok(response);
        }
    };
    file.seek(SeekFrom::Start(start)).map_err(disk)?;
    context.metrics.bytes_out.inc_by(end - start);
    let mut response = (status, stream(file, end - start, slot)).into_response();
    put(&mut response, header::CONTENT_TYPE, String::from("application/octet-stream"));
    put(&mut response, header::CONTENT_LENGTH, (end - start).to_string());
    put(&mut response, header::ACCEPT_RANGES, String::from("bytes"));
    put(&mut response, header::ETAG, format!("\"{digest}\""));
    match status {
        StatusCode::PARTIAL_CONTENT => {
            put(&mut response, header::CONTENT_RANGE, format!("bytes {start}-{}/{size}", end - 1));
        }
        _ => put(&mut response, header::HeaderName::from_static("content-digest"), content_digest(digest)),
    }
    Ok(response)
}

/// The body; the slot is held until the last byte has gone or the client has.
fn stream(file: File, length: u64, slot: OwnedSemaphorePermit) -> Body {
    let reader = tokio::fs::File::from_std(file).take(length);
    let chunks = ReaderStream::with_capacity(reader, CHUNK_BYTES);
    Body::from_stream(futures::StreamExt::map(chunks, move |chunk| {
        let _held = &slot;
        chunk
    }))
}

fn put(response: &mut Response, name: header::HeaderName, value: String) {
    if let Ok(value) = HeaderValue::from_str(&value) {
        response.headers_mut().insert(name, value);
    }
}
