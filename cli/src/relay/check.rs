//! What the relay runs: fingerprint programs on results, and the static check of programs. A few at a time, off the
//! threads that serve.

use crate::compute::sandbox;
use crate::relay::answer::Refused;
use crate::relay::blobs::Pending;
use crate::relay::context::Context;
use crate::relay::index::program_file;
use crate::relay::metrics::Because;
use axum::http::StatusCode;
use hydrogen_offchain::relay::Refusal;
use hydrogen_types::Hash;
use hydrogen_types::task::TaskView;
use hydrogen_vm::program::{self, HostShortage, ProgramEnding, ProgramLimits, ProgramOutcome};
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;

/// Runs the fingerprint program `hash` on an uploaded result, as the node did: it must give what the node revealed.
pub(crate) async fn fingerprint(
    context: &Arc<Context>,
    pending: &mut Pending,
    view: &TaskView,
    hash: &Hash,
    revealed: &[u8],
) -> Result<(), Refused> {
    let count = |reason| {
        context.metrics.fingerprint_runs.get_or_create(&Because { reason }).inc();
    };
    let path = flushed(pending).await?;
    let limits = ProgramLimits {
        memory_bytes_max: view.memory_bytes_max,
        fuel_max: view.fuel_max,
        ..ProgramLimits::default()
    };
    // Both are known once the task is drawn, long before there is a result.
    let (clock_ms, seed) = (view.draw_time_ms.unwrap_or(0), view.draw_seed.unwrap_or(Hash::ZERO));
    let (reader, hash) = (Arc::clone(context), *hash);
    let slot = slot(context).await?;
    let ran = tokio::task::spawn_blocking(move || {
        let _held = slot;
        let module = read_program(&reader, &hash)?;
        let result = std::fs::read(path)?;
        Ok::<_, io::Error>(program::fingerprint(&module, &result, limits, clock_ms, seed))
    });
    let ran = ran.await.map_err(|error| Refused::trouble("fingerprint", &error))?;
    match ran.map_err(|error| Refused::disk(&error))? {
        Ok(ProgramOutcome { ending: ProgramEnding::Result(bytes), .. }) if bytes == revealed => {
            count("match");
            Ok(())
        }
        Ok(ProgramOutcome { ending: ProgramEnding::Result(_), .. }) => {
            count("mismatch");
            Err(Refusal::FingerprintMismatch.into())
        }
        Ok(ProgramOutcome { ending: ProgramEnding::Error { code, reason }, .. }) => {
            count("error");
            Err(Refusal::FingerprintError { code, reason }.into())
        }
        Err(shortage) => {
            count("shortage");
            Err(short(&shortage))
        }
    }
}

/// Only what every node can run is kept: the check is the same static one that nodes make.
pub(crate) async fn module(context: &Arc<Context>, pending: &mut Pending) -> Result<(), Refused> {
    let path = flushed(pending).await?;
    let slot = slot(context).await?;
    let checked = tokio::task::spawn_blocking(move || {
        let _held = slot;
        let module = std::fs::read(path)?;
        Ok::<_, io::Error>(sandbox::check(&module))
    });
    let checked = checked.await.map_err(|error| Refused::trouble("check", &error))?;
    let checked = checked.map_err(|error| Refused::disk(&error))?;
    checked.map_err(|reason| Refused::new(StatusCode::UNPROCESSABLE_ENTITY, "BadProgram", reason))
}

async fn slot(context: &Context) -> Result<OwnedSemaphorePermit, Refused> {
    // Who waits here holds a transfer slot, so that few can wait.
    let slot = Arc::clone(&context.checks).acquire_owned().await;
    slot.map_err(|_| Refused::busy("the relay is stopping"))
}

async fn flushed(pending: &mut Pending) -> Result<PathBuf, Refused> {
    pending.flush().await.map_err(|error| Refused::disk(&error))?;
    pending.path().map(PathBuf::from).ok_or_else(|| Refused::busy("the body is gone"))
}

/// A program whose bytes are still those of its name: a damaged one must not accuse a node.
fn read_program(context: &Context, hash: &Hash) -> io::Result<Vec<u8>> {
    let gone = || io::Error::other(format!("program {hash} is gone or damaged"));
    let (mut file, size) = context.blobs.open(&program_file(hash))?.ok_or_else(gone)?;
    let mut module = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    file.read_to_end(&mut module)?;
    if Hash::sha256(&module) == *hash { Ok(module) } else { Err(gone()) }
}

fn short(shortage: &HostShortage) -> Refused {
    Refused::trouble("fingerprint", shortage)
}
