//! Getting what a task is computed from: arguments from the task's relay first, programs from any.

use crate::client::relay::{RelayClient, RelayClientError};
use crate::client::{Client, ClientError, task};
use crate::compute::disk::{self, Disk};
use crate::compute::error::ComputeError;
use hydrogen_core::SecretKey;
use hydrogen_offchain::compute::{Computation, Work};
use hydrogen_types::task::{BlobKind, Comparison, RelayView};
use hydrogen_types::{Address, Hash};
use std::path::Path;
use std::time::Duration;

/// Most bytes of a program: what a relay takes at most by default, with room for larger ones.
const PROGRAM_BYTES_MAX: u64 = 64 << 20;
/// Time one relay is given before the next is asked, and the slowest transfer that is waited for, in bytes a second.
const RELAY_TIME: Duration = Duration::from_secs(20);
const RELAY_BYTES_PER_S: u64 = 1 << 20;

/// What a task is computed from.
#[derive(Debug)]
pub(crate) struct Fetched {
    /// The arguments.
    pub(crate) args: Vec<u8>,
    /// The program; `None` for an external type.
    pub(crate) program: Option<Vec<u8>>,
    /// The program that makes the fingerprint of a similar task.
    pub(crate) fingerprint: Option<Vec<u8>>,
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

/// The relays that serve `task`, `first` in front.
pub(crate) async fn relays(
    client: &Client,
    task: u64,
    first: Option<Address>,
) -> Result<Vec<RelayView>, ClientError> {
    let mut relays = task::relays(client).await?;
    // The contract takes no receipt of one that was removed before the task was created.
    relays.retain(|relay| relay.last_task.is_none_or(|last| task <= last));
    relays.sort_by_key(|relay| Some(relay.id) != first);
    Ok(relays)
}

/// How long one relay may take for `size_max` bytes.
pub(crate) fn relay_time(size_max: u64) -> Duration {
    RELAY_TIME + Duration::from_secs(size_max / RELAY_BYTES_PER_S)
}

/// Fetches for one attempt at a task.
pub(crate) struct Fetcher<'a> {
    pub(crate) client: &'a Client,
    pub(crate) disk: &'a Disk,
    pub(crate) key: &'a SecretKey,
    /// Most bytes of programs kept.
    pub(crate) program_bytes_max: u64,
    /// Attempts before this one: each begins with another relay.
    pub(crate) tried: usize,
}

impl Fetcher<'_> {
    /// Fetches what is not cached yet; every hash is checked, cached or not.
    pub(crate) async fn fetch(&self, work: &Work) -> Result<Fetched, FetchError> {
        let program = match &work.computation {
            Computation::Program(hash) => Some(*hash),
            Computation::External(_) => None,
        };
        let fingerprint = match &work.comparison {
            Comparison::Similar { fingerprint, .. } => Some(*fingerprint),
            Comparison::Exact => None,
        };
        let (task, hash, size_max) = (work.task, work.args_hash, work.args_bytes_max);
        let args = Wanted::Args { key: self.key, task, hash, size_max };
        let fetched = Fetched {
            args: self.get(work, args, &hash, &self.disk.args(task)).await?,
            program: self.module(work, "the program", program).await?,
            fingerprint: self.module(work, "the fingerprint program", fingerprint).await?,
        };
        let keep: Vec<Hash> = program.into_iter().chain(fingerprint).collect();
        self.disk.trim_programs(self.program_bytes_max, &keep)?;
        Ok(fetched)
    }

    async fn module(
        &self,
        work: &Work,
        what: &'static str,
        hash: Option<Hash>,
    ) -> Result<Option<Vec<u8>>, FetchError> {
        let Some(hash) = hash else { return Ok(None) };
        let module = self.get(work, Wanted::Program { what, hash }, &hash, &self.disk.program(&hash)).await?;
        self.disk.touch_program(&hash);
        Ok(Some(module))
    }

    /// The bytes of this hash from the cache at `path`, or from a relay into it.
    async fn get(
        &self,
        work: &Work,
        wanted: Wanted<'_>,
        hash: &Hash,
        path: &Path,
    ) -> Result<Vec<u8>, FetchError> {
        if let Some(bytes) = cached(path, hash)? {
            return Ok(bytes);
        }
        let what = wanted.name();
        let mut relays = relays(self.client, work.task, work.relay)
            .await
            .map_err(|error| FetchError::NotGiven { what, reason: error.to_string() })?;
        let turn = self.tried % relays.len().max(1);
        relays.rotate_left(turn);
        from_any(&relays, wanted, path).await?;
        read_back(what, path, hash)
    }
}

/// What is asked of a relay.
#[derive(Clone, Copy)]
enum Wanted<'a> {
    Args { key: &'a SecretKey, task: u64, hash: Hash, size_max: u64 },
    Program { what: &'static str, hash: Hash },
}

impl Wanted<'_> {
    fn name(self) -> &'static str {
        match self {
            Self::Args { .. } => "the arguments",
            Self::Program { what, .. } => what,
        }
    }

    fn time(self) -> Duration {
        match self {
            Self::Args { size_max, .. } => relay_time(size_max),
            Self::Program { .. } => relay_time(PROGRAM_BYTES_MAX),
        }
    }

    async fn get(self, url: &str, to: &Path) -> Result<u64, RelayClientError> {
        let relay = RelayClient::new(url)?;
        match self {
            Self::Args { key, task, hash, size_max } => {
                relay.download(key, task, BlobKind::Args, &hash, size_max, to).await
            }
            Self::Program { hash, .. } => relay.program(&hash, PROGRAM_BYTES_MAX, to).await,
        }
    }
}

async fn from_any(relays: &[RelayView], wanted: Wanted<'_>, to: &Path) -> Result<(), FetchError> {
    let mut reasons = Vec::new();
    for relay in relays {
        match tokio::time::timeout(wanted.time(), wanted.get(&relay.url, to)).await {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(RelayClientError::File { path, source })) => {
                return Err(FetchError::Own(ComputeError::Disk { path, source }));
            }
            Ok(Err(error)) => reasons.push(error.to_string()),
            Err(_) => reasons.push(format!("relay {}: too slow", relay.url)),
        }
    }
    let reason = if reasons.is_empty() { String::from("none is registered") } else { reasons.join("; ") };
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
