//! Which request goes where, and what the relay says of itself.

use crate::relay::answer::Refused;
use crate::relay::context::Context;
use crate::relay::head::{STALE_AFTER, standing};
use crate::relay::{download, programs, sweep, upload};
use axum::Json;
use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use hydrogen_offchain::relay::Refusal;
use hydrogen_types::Hash;
use hydrogen_types::task::BlobKind;
use serde_json::{Map, Value, json};
use std::sync::Arc;

type Shared = State<Arc<Context>>;

pub(crate) fn router(context: Arc<Context>) -> Router {
    Router::new()
        .route("/v1/tasks/{id}/args", post(post_args).get(get_args))
        .route("/v1/tasks/{id}/result", post(post_result).get(get_result))
        .route("/v1/programs/{hash}", get(get_program).put(put_program))
        .route("/v1/info", get(info))
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .fallback(|| async {
            Refused::new(StatusCode::NOT_FOUND, "NoSuchPath", "no such path").into_response()
        })
        .with_state(context)
}

async fn post_args(State(context): Shared, Path(id): Path<String>, request: Request) -> Response {
    match task_id(&id) {
        Ok(task) => upload::upload(context, task, BlobKind::Args, request).await,
        Err(refused) => refused.into_response(),
    }
}

async fn post_result(State(context): Shared, Path(id): Path<String>, request: Request) -> Response {
    match task_id(&id) {
        Ok(task) => upload::upload(context, task, BlobKind::Result, request).await,
        Err(refused) => refused.into_response(),
    }
}

async fn get_args(State(context): Shared, Path(id): Path<String>, request: Request) -> Response {
    match task_id(&id) {
        Ok(task) => download::download(context, task, BlobKind::Args, request).await,
        Err(refused) => refused.into_response(),
    }
}

async fn get_result(State(context): Shared, Path(id): Path<String>, request: Request) -> Response {
    match task_id(&id) {
        Ok(task) => download::download(context, task, BlobKind::Result, request).await,
        Err(refused) => refused.into_response(),
    }
}

async fn put_program(State(context): Shared, Path(hash): Path<String>, request: Request) -> Response {
    match program_hash(&hash) {
        Ok(hash) => programs::publish(context, hash, request).await,
        Err(refused) => refused.into_response(),
    }
}

async fn get_program(State(context): Shared, Path(hash): Path<String>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    match program_hash(&hash) {
        Ok(hash) => programs::fetch(&context, &hash, &parts),
        Err(refused) => refused.into_response(),
    }
}

/// What a client must know before it comes with a file; numbers are decimal strings.
async fn info(State(context): Shared) -> Response {
    let identity = context.nodes.identity();
    let registration = match standing(&context, u64::MAX) {
        Ok(()) => "registered",
        Err(Refusal::Draining { .. }) => "draining",
        Err(_) => "unknown",
    };
    let mut info = Map::new();
    for (name, value) in [
        ("relay", context.key.address().to_string()),
        ("key", context.key.public().to_string()),
        ("chain_id", identity.chain_id.as_str().to_owned()),
        ("genesis", identity.genesis.to_string()),
        ("height", context.nodes.head().height.to_string()),
        ("registration", registration.to_owned()),
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
    ] {
        info.insert(name.to_owned(), Value::String(value));
    }
    let limits = context.limits.table().into_iter();
    info.extend(limits.map(|(name, value)| (name.to_owned(), Value::String(value))));
    Json(Value::Object(info)).into_response()
}

/// Healthy: a node of the chain answered lately.
async fn health(State(context): Shared) -> Response {
    let head = context.nodes.head();
    let healthy = head.seen.elapsed() < STALE_AFTER;
    let status = if healthy { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = json!({
        "healthy": healthy,
        "height": head.height.to_string(),
        "node_seen_ms": u64::try_from(head.seen.elapsed().as_millis()).unwrap_or(u64::MAX).to_string(),
    });
    (status, Json(body)).into_response()
}

async fn metrics(State(context): Shared) -> Response {
    match sweep::gauge(&context) {
        Ok(()) => context.metrics.encode().into_response(),
        Err(error) => upload::index_trouble(error).into_response(),
    }
}

fn task_id(text: &str) -> Result<u64, Refused> {
    let message = || format!("`{text}` is not a task id: a number is asked for");
    text.parse().map_err(|_| Refused::new(StatusCode::BAD_REQUEST, "BadTaskId", message()))
}

fn program_hash(text: &str) -> Result<Hash, Refused> {
    let message = || format!("`{text}` is not a hash: 0x and 64 hex digits are asked for");
    Hash::from_hex(text).ok_or_else(|| Refused::new(StatusCode::BAD_REQUEST, "BadHash", message()))
}
