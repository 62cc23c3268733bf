//! What a person is told when a node's disk, store or vote log is in the way.

use crate::failure::{Exit, Failure, Outcome};
use hydrogen_core::{ChainError, StoreError};
use hydrogen_p2p::NodeError;
use std::io::ErrorKind;
use std::path::Path;

/// What to do about a store that is not as it was written.
const DAMAGED_HINT: &str = "`hydrogen store check` says what is wrong; move the chain folder away, keep the votes folder, and \
                            start again: the blocks come from peers";

/// A failure for which the disk is to blame.
pub(crate) fn disk_failure(failure: Failure) -> Failure {
    failure.named("Disk").ending(Exit::Disk).hint(
        "free space on the disk, or mount it writable, and start again: nothing that was final is lost; `hydrogen store \
         check` makes sure; disk_reserve_mib in config.json says how much must be free",
    )
}

/// Why a store does not open.
pub(crate) fn store_failure(error: StoreError) -> Failure {
    let (disk, hint) = match &error {
        StoreError::InUse { .. } => (false, "stop the other process, or give this one another --home"),
        StoreError::Corrupt { .. } | StoreError::Damaged { .. } => (false, DAMAGED_HINT),
        StoreError::Absent { .. } => (false, "a home has a chain once `hydrogen node` has run in it"),
        StoreError::NotPermitted { .. } => (true, "run as the owner of the folder, or give it to this user"),
        error => (error.is_disk(), ""),
    };
    match (disk, hint) {
        (true, "") => disk_failure(Failure::from(error)),
        (true, hint) => disk_failure(Failure::from(error)).hint(hint),
        (false, hint) => Failure::from(error).hint(hint),
    }
}

/// Why a node does not start on its chain.
pub(super) fn node_failure(error: NodeError) -> Failure {
    if error.is_disk() {
        return disk_failure(Failure::from(error));
    }
    match &error {
        NodeError::Host(_) | NodeError::Wal { .. } => Failure::from(error).hint(
            "a damaged vote log must not be guessed at: move the votes folder away; the node then signs nothing at the \
             height where it may have signed already",
        ),
        NodeError::VotesFormat { .. } => Failure::from(error).hint(
            "use the version that wrote it, or move the votes folder away: the node then signs nothing at the height \
             where it may have signed already",
        ),
        NodeError::VotesLost { .. } => Failure::from(error).hint(
            "bring the votes folder back; if you know that this key has signed nothing at that height anywhere, start \
             once with --forget-votes",
        ),
        NodeError::Address(_) | NodeError::NoAddress => {
            Failure::from(error).hint("mend `p2p_listen` or `peers` in config.json, or what was given with --p2p-listen or --peer")
        }
        _ => Failure::from(error).hint("another process may have the port: change p2p_listen in config.json"),
    }
}

/// Makes a folder of the home.
pub(super) fn create_dir(path: &Path) -> Outcome {
    std::fs::create_dir_all(path).map_err(|error| {
        let failure = Failure::of(path.display(), &error);
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::ReadOnlyFilesystem => disk_failure(failure),
            ErrorKind::PermissionDenied => {
                disk_failure(failure).hint("run as the owner of the home, or give it to this user")
            }
            _ => failure,
        }
    })
}

/// What `hydrogen store check` says of a chain that cannot be looked at.
pub(crate) fn chain_failure(error: ChainError) -> Failure {
    match error {
        ChainError::Store(error) => store_failure(error),
        error @ ChainError::OtherFormat { .. } => Failure::from(error).hint("use the version that wrote it"),
        error @ ChainError::OtherGenesis { .. } => {
            Failure::from(error).hint("genesis.json of this home is not that of its chain")
        }
        error => Failure::from(error),
    }
}
