//! Receiving a file: into a part beside its place, begun again where the way broke, checked, then renamed.
//!
//! *Invariant*: what stands under the final name has the hash that was asked for, all of it.

use crate::client::relay::{RelayClient, RelayClientError};
use hydrogen_core::SecretKey;
use hydrogen_types::Hash;
use reqwest::{Response, StatusCode};
use sha2::{Digest, Sha256};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

/// Breaks in a row, without a byte in between, after which a download is given up.
const BREAKS_MAX: u32 = 3;

/// What is wanted, and where it goes.
pub(super) struct Wanted<'a> {
    /// Who asks; nobody for what everybody may have.
    pub(super) key: Option<&'a SecretKey>,
    /// Path of the request.
    pub(super) path: &'a str,
    /// SHA-256 of the bytes.
    pub(super) digest: &'a Hash,
    /// Most bytes taken.
    pub(super) size_max: u64,
    /// The file.
    pub(super) to: &'a Path,
    /// Distinguishes this part from those of other downloads to the same file.
    pub(super) suffix: String,
}

/// Bytes on their way into a file.
struct Part {
    path: PathBuf,
    file: File,
    hasher: Sha256,
    size: u64,
}

impl Part {
    async fn create(path: PathBuf) -> Result<Self, RelayClientError> {
        let made = File::create(&path).await;
        let file = made.map_err(|source| RelayClientError::File { path: path.clone(), source })?;
        Ok(Self { path, file, hasher: Sha256::new(), size: 0 })
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), RelayClientError> {
        self.hasher.update(bytes);
        self.size += bytes.len() as u64;
        let written = self.file.write_all(bytes).await;
        written.map_err(|source| RelayClientError::File { path: self.path.clone(), source })
    }

    /// Begins anew: the relay sends from the start.
    async fn clear(&mut self) -> Result<(), RelayClientError> {
        *self = Self::create(self.path.clone()).await?;
        Ok(())
    }

    async fn finish(mut self, to: &Path) -> Result<(u64, Hash), RelayClientError> {
        let file_error = |source| RelayClientError::File { path: to.to_path_buf(), source };
        self.file.flush().await.map_err(file_error)?;
        self.file.sync_all().await.map_err(file_error)?;
        Ok((self.size, Hash::new(self.hasher.finalize().into())))
    }
}

/// Fetches what is wanted; its size.
pub(super) async fn fetch(relay: &RelayClient, wanted: &Wanted<'_>) -> Result<u64, RelayClientError> {
    let name = wanted.to.file_name().unwrap_or_default();
    let mut hidden = OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".part-{}", wanted.suffix));
    let part_path = wanted.to.with_file_name(hidden);
    let received = receive(relay, wanted, &part_path).await;
    if received.is_err() {
        drop(tokio::fs::remove_file(&part_path).await);
    }
    received
}

async fn receive(
    relay: &RelayClient,
    wanted: &Wanted<'_>,
    part_path: &Path,
) -> Result<u64, RelayClientError> {
    // The first answer decides whether there is anything to write: a refusal leaves no file behind.
    let first = relay.get(wanted.key, wanted.path, 0).await?;
    let mut part = Part::create(part_path.to_path_buf()).await.map_err(|error| at(error, wanted.to))?;
    let mut response = Some(first);
    let mut breaks = 0;
    loop {
        let before = part.size;
        let moved = match response.take() {
            Some(response) => take(relay, wanted, &mut part, response).await,
            None => match relay.get(wanted.key, wanted.path, part.size).await {
                Ok(response) => take(relay, wanted, &mut part, response).await,
                Err(error) => Err(error),
            },
        };
        match moved {
            Ok(()) => break,
            Err(error) if !matches!(error, RelayClientError::Unreachable { .. }) => return Err(error),
            Err(_) if part.size > before => breaks = 0,
            Err(error) => {
                breaks += 1;
                if breaks >= BREAKS_MAX {
                    return Err(error);
                }
            }
        }
    }
    let (size, got) = part.finish(wanted.to).await?;
    if got != *wanted.digest {
        return Err(RelayClientError::WrongBytes { url: relay.url().into(), expected: *wanted.digest, got });
    }
    let renamed = tokio::fs::rename(part_path, wanted.to).await;
    renamed.map_err(|source| RelayClientError::File { path: wanted.to.to_path_buf(), source })?;
    Ok(size)
}

/// Moves one answer's bytes into the part.
async fn take(
    relay: &RelayClient,
    wanted: &Wanted<'_>,
    part: &mut Part,
    mut response: Response,
) -> Result<(), RelayClientError> {
    if part.size > 0 && response.status() != StatusCode::PARTIAL_CONTENT {
        part.clear().await?;
    }
    let total = part.size + response.content_length().unwrap_or(0);
    while let Some(chunk) = response.chunk().await.map_err(|error| relay.unreachable(&error))? {
        if part.size + chunk.len() as u64 > wanted.size_max {
            return Err(RelayClientError::TooLarge { url: relay.url().into(), size_max: wanted.size_max });
        }
        part.write(&chunk).await?;
        relay.moved(part.size, total);
    }
    Ok(())
}

/// The person knows the final file, not the part.
fn at(error: RelayClientError, to: &Path) -> RelayClientError {
    match error {
        RelayClientError::File { source, .. } => RelayClientError::File { path: to.to_path_buf(), source },
        other => other,
    }
}
