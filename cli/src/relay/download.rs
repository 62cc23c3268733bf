//! `GET` and `HEAD` of arguments, results and programs: whole or one range, streamed from the file.

use crate::relay::answer::Refused;
use crate::relay::auth::{authenticate, spend};
use crate::relay::context::Context;
use crate::relay::metrics::Metrics;
use crate::relay::pace::Pace;
use crate::relay::range::{RangeAnswer, parse_range};
use crate::relay::upload::index_trouble;
use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use hydrogen_offchain::relay::{Refusal, may_download};
use hydrogen_offchain::signing::content_digest;
use hydrogen_types::Hash;
use hydrogen_types::task::BlobKind;
use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::sync::Arc;
use std::time::Instant;
use tokio::io::AsyncReadExt;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::io::ReaderStream;

/// Bytes read from a file at a time.
const CHUNK_BYTES: usize = 64 << 10;

/// Handles a download of a task's blob.
pub(crate) async fn download(context: Arc<Context>, task: u64, kind: BlobKind, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let response = find(&context, task, kind, &parts).await.unwrap_or_else(Refused::into_response);
    context.metrics.answered("download", &response);
    response
}

async fn find(context: &Arc<Context>, task: u64, kind: BlobKind, parts: &Parts) -> Result<Response, Refused> {
    let caller = authenticate(context, parts)?;
    let (view, _) = context.nodes.task(task).await?;
    let digest = may_download(view.as_ref(), kind, &caller.address)?;
    spend(context, &caller)?;
    let stored = context.index.blobs_of(task, kind).map_err(index_trouble)?;
    let stored = stored.into_iter().find(|(_, stored)| stored.receipt.body.digest == digest);
    // The arguments of a running task may still be on their way here.
    let absent = || Refused::from(Refusal::NotFound).retry();
    let (id, stored) = stored.ok_or_else(absent)?;
    let wanted = Wanted { name: id.file_name(), digest, size: Some(stored.receipt.body.size) };
    serve(context, &wanted, parts)
}

/// A blob to serve.
pub(crate) struct Wanted {
    pub(crate) name: String,
    pub(crate) digest: Hash,
    /// What its receipt says.
    pub(crate) size: Option<u64>,
}

/// Answers with a blob, or the range of it that the headers ask for.
pub(crate) fn serve(context: &Context, wanted: &Wanted, parts: &Parts) -> Result<Response, Refused> {
    let disk = |error: io::Error| Refused::disk(&error);
    let slot = context.slot()?;
    let (mut file, size) = context.blobs.open(&wanted.name).map_err(disk)?.ok_or(Refusal::NotFound)?;
    if wanted.size.is_some_and(|promised| promised != size) {
        return Err(Refused::trouble("blob", &io::Error::other(format!("{} is damaged", wanted.name))));
    }
    let tag = format!("\"{}\"", wanted.digest);
    if names_tag(&parts.headers, header::IF_NONE_MATCH, &tag) {
        let mut response = StatusCode::NOT_MODIFIED.into_response();
        put(&mut response, header::ETAG, tag);
        return Ok(response);
    }
    // A range of what the client began with; if it began with something else, all of it.
    let same =
        !parts.headers.contains_key(header::IF_RANGE) || names_tag(&parts.headers, header::IF_RANGE, &tag);
    let range = parts.headers.get(header::RANGE).filter(|_| same).and_then(|value| value.to_str().ok());
    let (status, start, end) = match parse_range(range, size) {
        RangeAnswer::Whole => (StatusCode::OK, 0, size),
        RangeAnswer::Part { start, end } => (StatusCode::PARTIAL_CONTENT, start, end),
        RangeAnswer::Unsatisfiable => {
            let mut response = StatusCode::RANGE_NOT_SATISFIABLE.into_response();
            put(&mut response, header::CONTENT_RANGE, format!("bytes */{size}"));
            return Ok(response);
        }
    };
    let body = if parts.method == Method::HEAD {
        Body::empty()
    } else {
        file.seek(SeekFrom::Start(start)).map_err(disk)?;
        stream(file, end - start, slot, context.pace(), Arc::clone(&context.metrics))
    };
    let mut response = (status, body).into_response();
    put(&mut response, header::CONTENT_TYPE, String::from("application/octet-stream"));
    put(&mut response, header::CONTENT_LENGTH, (end - start).to_string());
    put(&mut response, header::ACCEPT_RANGES, String::from("bytes"));
    put(&mut response, header::ETAG, tag);
    put(&mut response, HeaderName::from_static("repr-digest"), content_digest(&wanted.digest));
    if status == StatusCode::PARTIAL_CONTENT {
        put(&mut response, header::CONTENT_RANGE, format!("bytes {start}-{}/{size}", end - 1));
    } else {
        put(&mut response, HeaderName::from_static("content-digest"), content_digest(&wanted.digest));
    }
    Ok(response)
}

fn names_tag(headers: &HeaderMap, name: HeaderName, tag: &str) -> bool {
    let lists = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|entry| matches!(entry.trim(), "*") || entry.trim() == tag)
}

/// The body; the slot is held until the last byte has gone or the client has. One that takes it too slowly is cut off.
fn stream(
    file: File,
    length: u64,
    slot: OwnedSemaphorePermit,
    mut pace: Pace,
    metrics: Arc<Metrics>,
) -> Body {
    let reader = tokio::fs::File::from_std(file).take(length);
    let chunks = ReaderStream::with_capacity(reader, CHUNK_BYTES);
    Body::from_stream(chunks.map(move |chunk| {
        let _held = &slot;
        let chunk = chunk?;
        let size = chunk.len() as u64;
        let slow = |rate: u64| io::Error::new(io::ErrorKind::TimedOut, format!("{rate} bytes a second"));
        pace.add(size, Instant::now()).map_err(slow)?;
        metrics.bytes_out.inc_by(size);
        Ok::<_, io::Error>(chunk)
    }))
}

fn put(response: &mut Response, name: HeaderName, value: String) {
    if let Ok(value) = HeaderValue::from_str(&value) {
        response.headers_mut().insert(name, value);
    }
}
