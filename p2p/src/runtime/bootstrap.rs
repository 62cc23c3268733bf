//! Before a node starts: whether its store should begin from a snapshot of peers, and if so, that it does.

use super::join::{Joined, join};
use super::joining::{JoinStage, Joining};
use super::snapshots::{read_chunk, read_manifest};
use super::{NodeError, THREAD_STACK_BYTES};
use crate::config::{NodeConfig, Snapshots, SyncMode};
use crate::consensus::causes;
use hydrogen_core::snapshot::{Manifest, SnapshotError, is_fresh, restore};
use hydrogen_core::{Genesis, Store};
use hydrogen_types::{Hash, Height};
use std::collections::BTreeSet;
use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

/// A node whose peers are fewer blocks ahead takes the blocks.
pub(super) const BEHIND_MIN: u64 = 500;
/// Snapshots that are fetched and prove false before the node takes blocks.
const ATTEMPTS_MAX: usize = 3;

/// Makes a fresh store begin from a snapshot of peers, if they are far ahead and offer one; says its height. Blocks the
/// calling thread until then; `joining` tells how far it is, and can end it. To be called before the chain is opened.
///
/// # Errors
/// The network cannot be set up, the store fails, a snapshot is required and nobody offers one, or
/// [`NodeError::Stopped`].
pub fn bootstrap(
    store: &dyn Store,
    genesis: &Genesis,
    config: &NodeConfig,
    joining: &Joining,
) -> Result<Option<Height>, NodeError> {
    super::check_addresses(config)?;
    let Some(snapshots) = config.snapshots.as_ref() else { return Ok(None) };
    let fresh = is_fresh(store).map_err(|error| NodeError::Restore(error.into()))?;
    let wanted = match config.sync {
        SyncMode::Blocks => false,
        SyncMode::Snapshot => true,
        SyncMode::Auto => old_enough(genesis),
    };
    if !fresh || !wanted || config.peers.is_empty() {
        return Ok(None);
    }
    let begun = begin(store, genesis, (config, snapshots), joining);
    joining.set(JoinStage::Opening);
    match begun {
        Ok(None) if config.sync == SyncMode::Snapshot => Err(NodeError::NoSnapshot),
        begun => begun,
    }
}

fn begin(
    store: &dyn Store,
    genesis: &Genesis,
    (config, snapshots): (&NodeConfig, &Snapshots),
    joining: &Joining,
) -> Result<Option<Height>, NodeError> {
    let mut refused = BTreeSet::new();
    for _ in 0..ATTEMPTS_MAX {
        joining.set(JoinStage::Looking);
        let Some(joined) = fetch(genesis, (config, snapshots), &refused, joining)? else { break };
        match take(store, genesis, &joined, joining) {
            Ok(height) => return Ok(Some(height)),
            Err(_) if joining.is_stopping() => return Err(NodeError::Stopped),
            Err(error @ (SnapshotError::Chunk { .. } | SnapshotError::WrongChunk { .. })) => {
                // Each chunk was right when it came: this disk lost it. Those that are whole are not fetched again.
                tracing::warn!(reason = causes(&error), "the snapshot's files are damaged: they are mended");
                let again = joined.folder.with_extension("fetching");
                std::fs::rename(&joined.folder, again).map_err(NodeError::SnapshotFiles)?;
            }
            Err(error) if error.is_peer_fault() => {
                tracing::warn!(
                    reason = causes(&error),
                    "the snapshot is false: those who offered it are left alone"
                );
                refused.insert(joined.id);
                std::fs::remove_dir_all(&joined.folder).map_err(NodeError::SnapshotFiles)?;
            }
            Err(error) => return Err(NodeError::Restore(error)),
        }
    }
    Ok(None)
}

/// Whether the chain can have many blocks: it has at most one in each interval since its genesis.
fn old_enough(genesis: &Genesis) -> bool {
    let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let least_ms = BEHIND_MIN.saturating_mul(genesis.params.block_interval_ms);
    now_ms >= u128::from(genesis.time_ms.saturating_add(least_ms))
}

/// Runs the fetch on a thread of its own: the caller may be inside an async runtime.
fn fetch(
    genesis: &Genesis,
    config: (&NodeConfig, &Snapshots),
    refused: &BTreeSet<Hash>,
    joining: &Joining,
) -> Result<Option<Joined>, NodeError> {
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().name("hydrogen-join".into());
        let work = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.map_err(NodeError::Thread)?.block_on(join(genesis, config, refused, joining))
        };
        let thread = builder.stack_size(THREAD_STACK_BYTES).spawn_scoped(scope, work);
        let joined = thread.map_err(NodeError::Thread)?.join();
        joined.unwrap_or_else(|_| Err(NodeError::Network("the thread hydrogen-join panicked".into())))
    })
}

fn take(
    store: &dyn Store,
    genesis: &Genesis,
    joined: &Joined,
    joining: &Joining,
) -> Result<Height, SnapshotError> {
    let folder = &joined.folder;
    let missing = || SnapshotError::Chunk { index: 0, source: io::ErrorKind::NotFound.into() };
    let manifest = read_manifest(folder).ok_or_else(missing)?;
    let Manifest { bytes, ref chunks, .. } = manifest;
    let (height, chunks) = (manifest.height(), chunks.len());
    tracing::info!(%height, bytes, "restoring the state from a snapshot");
    let mut source = |index: u32| {
        if joining.is_stopping() {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let done = usize::try_from(index).unwrap_or(usize::MAX);
        joining.set(JoinStage::Restoring { height, chunks, done });
        read_chunk(folder, done)
    };
    let tip = restore(store, genesis, &manifest, &mut source)?;
    tracing::info!(height = %tip.height, root = %tip.state_root, "state restored");
    Ok(tip.height)
}
