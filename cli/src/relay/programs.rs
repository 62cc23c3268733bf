//! `PUT` and `GET /v1/programs/{hash}`: programs are published once and fetched by anyone.

use crate::compute::sandbox;
use crate::relay::answer::Refused;
use crate::relay::auth::authenticate;
use crate::relay::blobs::Pending;
use crate::relay::context::{Context, now_ms};
use crate::relay::download::serve;
use crate::relay::index::{StoredProgram, program_file};
use crate::relay::upload::{announced_digest, busy, drain, index_trouble, receive};
use axum::Json;
use axum::body::BodyDataStream;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use hydrogen_offchain::relay::{Expected, Refusal};
use hydrogen_types::{Address, Hash};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;

/// Handles a publication.
pub(crate) async fn publish(context: Arc<Context>, hash: Hash, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let mut body = body.into_data_stream();
    let response = match take(&context, hash, &parts, &mut body).await {
        Ok(()) => {
            let answer = json!({ "program": hash.to_string(), "relay": context.key.address().to_string() });
            (StatusCode::CREATED, Json(answer)).into_response()
        }
        Err(refused) => {
            drain(&context, &parts, body).await;
            refused.into_response()
        }
    };
    context.metrics.count("program", response.status().as_u16());
    response
}

/// Handles a fetch.
pub(crate) fn fetch(context: &Context, hash: &Hash, headers: &HeaderMap) -> Response {
    let found = serve(context, &program_file(hash), hash, headers);
    let response = found.unwrap_or_else(Refused::into_response);
    context.metrics.count("program", response.status().as_u16());
    response
}

async fn take(
    context: &Arc<Context>,
    hash: Hash,
    parts: &Parts,
    body: &mut BodyDataStream,
) -> Result<(), Refused> {
    let caller = authenticate(context, parts)?;
    let announced = announced_digest(&caller)?;
    if announced != hash {
        return Err(Refusal::HashMismatch { expected: hash, got: announced }.into());
    }
    let _slot = context.transfers.try_acquire().map_err(|_| busy())?;
    check_deposit(context, &caller.address).await?;
    let limits = &context.limits;
    let size_max = limits.body_bytes_max.min(limits.program_bytes_max);
    let expected = Expected { digest: hash, size_max, fingerprint: None };
    let mut pending = receive(context, parts, body, &expected).await?;
    if context.index.program(&hash).map_err(index_trouble)?.is_none() {
        check_module(&mut pending).await?;
    }
    store(context, hash, caller.address, pending).await
}

/// Only what every node can run is kept: the check is the same static one that nodes make.
async fn check_module(pending: &mut Pending) -> Result<(), Refused> {
    let disk = |error: std::io::Error| Refused::trouble("disk", &error);
    pending.flush().await.map_err(disk)?;
    let path = pending.path().map(Path::to_path_buf).unwrap_or_default();
    let checked = tokio::task::spawn_blocking(move || {
        let module = std::fs::read(path)?;
        Ok::<_, std::io::Error>(sandbox::check(&module))
    });
    let checked = checked.await.map_err(|error| Refused::trouble("check", &error))?.map_err(disk)?;
    checked.map_err(|reason| Refused::new(StatusCode::UNPROCESSABLE_ENTITY, "BadProgram", reason))
}

/// An account without CNX could be one of thousands: it may not fill the byte budget.
async fn check_deposit(context: &Context, account: &Address) -> Result<(), Refused> {
    let held =
        context.client.account(account).await.map_err(|error| Refused::trouble("node", &error))?.balance;
    let asked = context.limits.program_deposit;
    if held < asked {
        let message = format!("{account} holds {held} CNX; publishing a program asks for {asked}");
        return Err(Refused::new(StatusCode::FORBIDDEN, "DepositTooLow", message));
    }
    Ok(())
}

async fn store(context: &Arc<Context>, hash: Hash, owner: Address, pending: Pending) -> Result<(), Refused> {
    let first = hash.as_bytes()[0];
    let _lock = context.publish_lock(u64::from(first)).lock().await;
    let size = pending.size();
    if context.index.program(&hash).map_err(index_trouble)?.is_none() {
        pending.publish(&program_file(&hash)).await.map_err(|error| Refused::trouble("disk", &error))?;
    }
    let entry = StoredProgram { size, owner, used_ms: now_ms() };
    let writer = Arc::clone(context);
    let written = tokio::task::spawn_blocking(move || writer.index.put_program(&hash, &entry)).await;
    written.map_err(|error| Refused::trouble("index", &error))?.map_err(index_trouble)?;
    tracing::info!(program = %hash, size, %owner, "program stored");
    Ok(())
}
