//! Getting the arguments and the program of a task, from the task's relay first, then the others.

use crate::client::relay::{RelayClient, RelayClientError};
use crate::client::{Client, ClientError, task};
use crate::compute::disk::{self, Disk};
use crate::compute::error::ComputeError;
use hydrogen_core::SecretKey;
use hydrogen_offchain::compute::{Computation, Work};
use hydrogen_types::task::{BlobKind, RelayView};
use hydrogen_types::{Address, Hash};
use std::path::Path;

/// Most bytes of a program: what a relay takes at most by default, with room for larger ones.
const PROGRAM_BYTES_MAX: u64 = 64 << 20;

/// What a task is computed from.
#[derive(Debug)]
pub(crate) struct Fetched {
    pub(crate) program: Vec<u8>,
    pub(crate) args: Vec<u8>,
}

/// Why something could not be fetched.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    /// No relay gave it; asking again may help.
    #[error("no relay gives {what}: {reason}")]
    NotGiven { what: &'static str, reason: String },
    /// The node itself is in trouble.
    #[error(transparent)]
    Own(#[from] ComputeError),
}

/// The relays of the contract, `first` in front.
pub(crate) async fn relays(client: &Client, first: Option<Address>) -> Result<Vec<RelayView>, ClientError> {
    let mut relays = task::relays(client).await?;
    relays.sort_by_key(|relay| Some(relay.id) != first);
    Ok(relays)
}

/// Fetches what is not cached yet; the hashes of both are checked, cached or not.
pub(crate) async fn fetch(
    client: &Client,
    disk: &Disk,
    key: &SecretKey,
    work: &Work,
) -> Result<Fetched, FetchError> {
    let Computation::Program(program) = &work.computation else {
        let reason = String::from("this node runs no external types");
        return Err(FetchError::NotGiven { what: "the program", reason });
    };
    let relays = relays(client, work.relay)
        .await
        .map_err(|error| FetchError::NotGiven { what: "anything", reason: error.to_string() })?;
    let args_path = disk.args(work.task);
    let args = match cached(&args_path, &work.args_hash)? {
        Some(args) => args,
        None => {
            let what =
                Wanted::Args { key, task: work.task, hash: work.args_hash, size_max: work.args_bytes_max };
            from_any(&relays, what, &args_path).await?;
            read_back("the arguments", &args_path, &work.args_hash)?
        }
    };
    let program_path = disk.program(program);
    let module = match cached(&program_path, program)? {
        Some(module) => module,
        None => {
            from_any(&relays, Wanted::Program { hash: *program }, &program_path).await?;
            disk.trim_programs(program)?;
            read_back("the program", &program_path, program)?
        }
    };
    Ok(Fetched { program: module, args })
}

/// What is asked of a relay.
#[derive(Clone, Copy)]
enum Wanted<'a> {
    Args { key: &'a SecretKey, task: u64, hash: Hash, size_max: u64 },
    Program { hash: Hash },
}

impl Wanted<'_> {
    fn name(self) -> &'static str {
        match self {
            Self::Args { .. } => "the arguments",
            Self::Program { .. } => "the program",
        }
    }

    async fn get(self, url: &str, to: &Path) -> Result<u64, RelayClientError> {
        let relay = RelayClient::new(url)?;
        match self {
            Self::Args { key, task, hash, size_max } => {
                relay.download(key, task, BlobKind::Args, &hash, size_max, to).await
            }
            Self::Program { hash } => relay.program(&hash, PROGRAM_BYTES_MAX, to).await,
        }
    }
}

async fn from_any(relays: &[RelayView], wanted: Wanted<'_>, to: &Path) -> Result<(), FetchError> {
    let mut reason = String::from("none is registered");
    for relay in relays {
        match wanted.get(&relay.url, to).await {
            Ok(_) => return Ok(()),
            Err(RelayClientError::File { path, source }) => {
                return Err(FetchError::Own(ComputeError::Disk { path, source }));
            }
            Err(error) => reason = error.to_string(),
        }
    }
    Err(FetchError::NotGiven { what: wanted.name(), reason })
}

/// A cached file whose hash still holds; a damaged one counts as absent and is fetched anew.
fn cached(path: &Path, hash: &Hash) -> Result<Option<Vec<u8>>, ComputeError> {
    Ok(disk::read(path)?.filter(|bytes| Hash::sha256(bytes) == *hash))
}

fn read_back(what: &'static str, path: &Path, hash: &Hash) -> Result<Vec<u8>, FetchError> {
    let gone = || FetchError::NotGiven {
        what,
        reason: String::from("the file just written does not have its hash"),
    };
    cached(path, hash)?.ok_or_else(gone)
}
