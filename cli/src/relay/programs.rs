//! `PUT` and `GET /v1/programs/{hash}`: programs are published once and fetched by anyone.

use crate::relay::answer::Refused;
use crate::relay::auth::{authenticate, spend};
use crate::relay::blobs::Pending;
use crate::relay::check;
use crate::relay::context::{Context, now_ms};
use crate::relay::download::{Wanted, serve};
use crate::relay::index::{IndexError, StoredProgram, program_file};
use crate::relay::upload::{Body, announced_digest, drain, hash_only, holds_program, index_trouble, receive};
use axum::Json;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use hydrogen_offchain::relay::{Expected, ProgramUse, Refusal, make_room};
use hydrogen_types::{Address, Hash};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;

/// Seconds after which open tasks may have ended that keep the byte budget full.
const RETRY_FULL_S: u64 = 60;

/// Handles a publication.
pub(crate) async fn publish(context: Arc<Context>, hash: Hash, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let mut body = Body { stream: body.into_data_stream(), pace: context.pace() };
    let response = match take(&context, hash, &parts, &mut body).await {
        Ok(status) => {
            let answer = json!({ "program": hash.to_string(), "relay": context.key.address().to_string() });
            (status, Json(answer)).into_response()
        }
        Err(refused) => {
            drain(&context, &parts, body).await;
            refused.into_response()
        }
    };
    context.metrics.answered("program", &response);
    response
}

/// Handles a fetch.
pub(crate) fn fetch(context: &Context, hash: &Hash, parts: &Parts) -> Response {
    let wanted = Wanted { name: program_file(hash), digest: *hash, size: None };
    let found = if holds_program(context, hash) {
        serve(context, &wanted, parts)
    } else {
        Err(Refusal::NotFound.into())
    };
    let response = found.unwrap_or_else(Refused::into_response);
    context.metrics.answered("program", &response);
    response
}

async fn take(
    context: &Arc<Context>,
    hash: Hash,
    parts: &Parts,
    body: &mut Body,
) -> Result<StatusCode, Refused> {
    let caller = authenticate(context, parts)?;
    let announced = announced_digest(&caller)?;
    if announced != hash {
        return Err(Refusal::HashMismatch { expected: hash, got: announced }.into());
    }
    let slot = context.slot()?;
    check_deposit(context, &caller.address).await?;
    let mut share = context.quotas.begin(caller.address)?;
    spend(context, &caller)?;
    let budget = context.limits.program_budget();
    let size_max = context.limits.body_bytes_max.min(budget.all).min(budget.owner);
    if holds_program(context, &hash) {
        hash_only(context, body, context.limits.body_bytes_max, &hash).await?;
        return Ok(StatusCode::OK);
    }
    let expected = Expected { digest: hash, size_max, fingerprint: None };
    let mut pending = receive(context, parts, body, &expected, &mut share).await?;
    check::module(context, &mut pending).await?;
    let (context, owner) = (Arc::clone(context), caller.address);
    // Goes on when the client hangs up: a program is here as a whole or not at all.
    let stored = tokio::spawn(async move { store(&context, hash, owner, pending, slot).await }).await;
    stored.unwrap_or_else(|error| Err(Refused::trouble("store", &error)))
}

/// An account without CNX could be one of thousands: it may not fill the byte budget.
async fn check_deposit(context: &Context, account: &Address) -> Result<(), Refused> {
    let held = context.nodes.balance(account).await?;
    let asked = context.limits.program_deposit;
    if held < asked {
        let message = format!("{account} holds {held} CNX; publishing a program asks for {asked}");
        return Err(Refused::new(StatusCode::FORBIDDEN, "DepositTooLow", message));
    }
    Ok(())
}

async fn store(
    context: &Arc<Context>,
    hash: Hash,
    owner: Address,
    pending: Pending,
    _slot: OwnedSemaphorePermit,
) -> Result<StatusCode, Refused> {
    let _programs = context.programs.lock().await;
    if holds_program(context, &hash) {
        return Ok(StatusCode::OK);
    }
    let size = pending.size();
    let held = uses(context).map_err(index_trouble)?;
    let open = context.index.open_programs().map_err(index_trouble)?;
    let budget = context.limits.program_budget();
    let evicted = make_room(&held, &open, &owner, size, budget).ok_or_else(|| {
        let message = format!(
            "{size} more bytes of programs fit in neither the {} of one account nor the {} of all beside those \
             that open tasks name: use another relay, or ask again when tasks have ended",
            budget.owner, budget.all
        );
        Refused::new(StatusCode::INSUFFICIENT_STORAGE, "ProgramsFull", message).retry_after(RETRY_FULL_S)
    })?;
    for program in evicted {
        remove(context, &program).map_err(|error| Refused::trouble("eviction", error.as_ref()))?;
    }
    let name = program_file(&hash);
    pending.publish(&name).await.map_err(|error| Refused::disk(&error))?;
    let entry = StoredProgram { size, owner, used_ms: now_ms() };
    let writer = Arc::clone(context);
    let written = tokio::task::spawn_blocking(move || writer.index.put_program(&hash, &entry)).await;
    let written = written.map_err(|error| Refused::trouble("index", &error))?.map_err(index_trouble);
    if written.is_err() {
        drop(context.blobs.remove(&name));
    }
    written?;
    tracing::info!(program = %hash, size, %owner, "program stored");
    Ok(StatusCode::CREATED)
}

/// All programs, as the rules of eviction see them.
pub(crate) fn uses(context: &Context) -> Result<Vec<ProgramUse>, IndexError> {
    let programs = context.index.programs()?.into_iter();
    let of = |(hash, program): (Hash, StoredProgram)| ProgramUse {
        hash,
        size: program.size,
        owner: program.owner,
        used_ms: program.used_ms,
    };
    Ok(programs.map(of).collect())
}

/// Removes a program; its entry first, so that none is promised without its bytes. The caller holds the lock.
pub(crate) fn remove(
    context: &Context,
    hash: &Hash,
) -> Result<(), Box<dyn std::error::Error + Send + Sync + 'static>> {
    let size = context.index.program(hash)?.map_or(0, |program| program.size);
    context.index.remove_program(hash)?;
    context.blobs.remove(&program_file(hash))?;
    context.metrics.gone("program evicted", size);
    tracing::info!(program = %hash, "program evicted");
    Ok(())
}

/// Removes programs beyond the byte budget: after a start with a smaller one.
pub(crate) async fn trim(context: &Context) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let _programs = context.programs.lock().await;
    let open: BTreeSet<Hash> = context.index.open_programs()?;
    let held = uses(context)?;
    for hash in hydrogen_offchain::relay::evict_programs(&held, &open, context.limits.program_bytes_max) {
        remove(context, &hash)?;
    }
    Ok(())
}
