//! A node's home: `config.json`, `genesis.json`, `keys/`, the chain, the vote log.

use hydrogen_core::genesis::GENESIS_BYTES_MAX;
use hydrogen_core::{Genesis, Keep, KeepError};
use hydrogen_types::Hash;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Largest configuration read.
const CONFIG_BYTES_MAX: u64 = 1 << 20;

/// Why a home cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HomeError {
    /// A file cannot be read or written.
    #[error("{}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file does not hold what it should.
    #[error("{}: {reason}", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The home belongs to another chain.
    #[error("{} belongs to the chain with genesis {stored}, not {given}", .path.display())]
    OtherGenesis {
        /// The home.
        path: PathBuf,
        /// In the home.
        stored: Hash,
        /// Given.
        given: Hash,
    },
    /// There is a home already.
    #[error("{} is a node's home already", .path.display())]
    Exists {
        /// The home.
        path: PathBuf,
    },
}

/// Free space, in MiB, below which a node stops unless told otherwise.
const DISK_RESERVE_MIB: u64 = 256;

/// How much of the past a node keeps: `"archive"` for all of it, or numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "`history` is \"archive\", or {\"blocks\": N or null for all, \"states\": N or null for all}"
)]
pub enum HistoryFile {
    /// Everything: any height can be queried.
    Named(Archive),
    /// So many heights up to the tip; null or left out for all.
    Heights {
        /// Whose blocks are kept, with certificates and receipts.
        #[serde(default)]
        blocks: Option<u64>,
        /// Whose states can be queried.
        #[serde(default)]
        states: Option<u64>,
    },
}

/// The word `archive`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Archive {
    /// The word.
    Archive,
}

impl HistoryFile {
    /// As the chain takes it.
    ///
    /// # Errors
    /// Less than peers need, or states without their blocks.
    pub fn keep(&self) -> Result<Keep, KeepError> {
        match self {
            Self::Named(Archive::Archive) => Ok(Keep::ARCHIVE),
            Self::Heights { blocks, states } => Keep::new(*blocks, *states),
        }
    }
}

impl Default for HistoryFile {
    fn default() -> Self {
        let keep = Keep::default();
        Self::Heights { blocks: keep.blocks(), states: keep.states() }
    }
}

/// What `config.json` holds. A field that is left out has the value of a new home.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NodeFile {
    /// Where the RPC listens.
    pub rpc_listen: SocketAddr,
    /// Where peers connect: a multiaddress, or a list of them.
    #[serde(with = "one_or_many")]
    pub p2p_listen: Vec<String>,
    /// Peers to keep connected to, as multiaddresses that may end in `/p2p/PEER_ID`.
    pub peers: Vec<String>,
    /// If given, only these peer ids are let in.
    pub allow: Option<Vec<String>>,
    /// Name of the key in the home.
    pub key: String,
    /// Whether to vote when the key is in the validator set.
    pub validate: bool,
    /// How much of the past to keep: all blocks and 1,000 states unless told otherwise.
    pub history: HistoryFile,
    /// The node stops before less than this is free on its disk, in MiB; 0 to run into the end.
    pub disk_reserve_mib: u64,
    /// How to catch up without a chain: `auto`, `blocks` or `snapshot`.
    pub sync: Sync,
    /// Snapshots to make for others.
    pub snapshots: SnapshotsFile,
}

/// A text, or a list of texts.
mod one_or_many {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }

    pub(super) fn serialize<S: Serializer>(texts: &[String], serializer: S) -> Result<S::Ok, S::Error> {
        match texts {
            [text] => text.serialize(serializer),
            texts => texts.serialize(serializer),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
        Ok(match OneOrMany::deserialize(deserializer)? {
            OneOrMany::One(text) => vec![text],
            OneOrMany::Many(texts) => texts,
        })
    }
}

/// How a node without a chain catches up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sync {
    /// By a snapshot if peers are far ahead and offer one, else by blocks.
    #[default]
    Auto,
    /// By all blocks from genesis on.
    Blocks,
    /// By a snapshot, or not at all.
    Snapshot,
}

/// When a node makes snapshots of the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SnapshotsFile {
    /// Blocks between two; 0 for none.
    pub every: u64,
    /// How many are kept, at least 1.
    pub keep: usize,
}

impl Default for SnapshotsFile {
    fn default() -> Self {
        Self { every: 1_000, keep: 2 }
    }
}

impl Default for NodeFile {
    fn default() -> Self {
        Self {
            rpc_listen: SocketAddr::from(([127, 0, 0, 1], crate::session::DEFAULT_RPC_PORT)),
            p2p_listen: vec![String::from("/ip4/0.0.0.0/tcp/4750")],
            peers: Vec::new(),
            allow: None,
            key: String::from("node"),
            validate: true,
            history: HistoryFile::default(),
            disk_reserve_mib: DISK_RESERVE_MIB,
            sync: Sync::Auto,
            snapshots: SnapshotsFile::default(),
        }
    }
}

/// A home.
#[derive(Debug, Clone)]
pub struct Home(PathBuf);

impl Home {
    /// The home in this folder, which need not exist yet.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self(path.into())
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The folder of the store.
    #[must_use]
    pub fn chain(&self) -> PathBuf {
        self.0.join("chain")
    }

    /// The folder of the vote log.
    #[must_use]
    pub fn votes(&self) -> PathBuf {
        self.0.join("votes")
    }

    /// The folder of the snapshots.
    #[must_use]
    pub fn snapshots(&self) -> PathBuf {
        self.0.join("snapshots")
    }

    /// Compiled code of contracts; it may be removed while the node is stopped.
    #[must_use]
    pub fn compiled(&self) -> PathBuf {
        self.0.join("compiled")
    }

    fn config_path(&self) -> PathBuf {
        self.0.join("config.json")
    }

    fn genesis_path(&self) -> PathBuf {
        self.0.join("genesis.json")
    }

    /// Whether a node was set up here.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.genesis_path().exists()
    }

    /// Writes configuration and genesis. Writing the same genesis again is fine.
    ///
    /// # Errors
    /// [`HomeError::OtherGenesis`] when the home has another; what the disk says.
    pub fn write(&self, config: &NodeFile, genesis: &Genesis) -> Result<(), HomeError> {
        if self.exists() {
            let (stored, given) = (self.genesis()?.hash(), genesis.hash());
            if stored != given {
                return Err(HomeError::OtherGenesis { path: self.0.clone(), stored, given });
            }
        }
        std::fs::create_dir_all(&self.0)
            .map_err(|source| HomeError::File { path: self.0.clone(), source })?;
        write(&self.genesis_path(), &genesis.to_json())?;
        self.write_config(config)
    }

    /// Writes the configuration alone.
    ///
    /// # Errors
    /// What the disk says.
    pub fn write_config(&self, config: &NodeFile) -> Result<(), HomeError> {
        let text = serde_json::to_string_pretty(config).expect("a configuration is plain JSON");
        write(&self.config_path(), &text)
    }

    /// Reads the configuration; that of a new home when there is none.
    ///
    /// # Errors
    /// When it is no configuration.
    pub fn config(&self) -> Result<NodeFile, HomeError> {
        let path = self.config_path();
        if !path.exists() {
            return Ok(NodeFile::default());
        }
        let text = read(&path, CONFIG_BYTES_MAX)?;
        serde_json::from_str(&text).map_err(|error| HomeError::Malformed { path, reason: error.to_string() })
    }

    /// Reads the genesis.
    ///
    /// # Errors
    /// When there is none, or it describes no chain.
    pub fn genesis(&self) -> Result<Genesis, HomeError> {
        read_genesis(&self.genesis_path())
    }
}

/// Reads a genesis document.
///
/// # Errors
/// When there is none, or it describes no chain.
pub fn read_genesis(path: &Path) -> Result<Genesis, HomeError> {
    let text = read(path, u64::try_from(GENESIS_BYTES_MAX).unwrap_or(u64::MAX))?;
    Genesis::from_json(&text).map_err(|reason| HomeError::Malformed { path: path.into(), reason })
}

fn read(path: &Path, bytes_max: u64) -> Result<String, HomeError> {
    let failed = |source| HomeError::File { path: path.into(), source };
    let size = std::fs::metadata(path).map_err(failed)?.len();
    if size > bytes_max {
        let reason = format!("{size} bytes, at most {bytes_max} allowed");
        return Err(HomeError::Malformed { path: path.into(), reason });
    }
    std::fs::read_to_string(path).map_err(failed)
}

fn write(path: &Path, text: &str) -> Result<(), HomeError> {
    std::fs::write(path, text).map_err(|source| HomeError::File { path: path.into(), source })
}

#[cfg(test)]
mod tests;
