//! A snapshot: the state after one block, in chunks, for a node that does not want to execute all blocks before it.
//!
//! ```text
//! make(store, height)  -> chunks (state in key order, then modules in hash order) + manifest
//! manifest.check(genesis): genesis' validators -> hops -> header   (what is trusted, and why)
//! restore(store, manifest, chunks): every chunk's hash, order, the root, the modules -> a chain that stands there
//! ```
//!
//! *Invariants*: nodes that make a snapshot of the same block make the same chunks; a store that is being restored has
//! no format mark, so that nobody takes it for a chain; a snapshot that proves false leaves the store empty.
//!
//! *Absent on purpose*: files and peers (whoever calls brings the chunks), blocks, receipts and the way back to earlier
//! heights: history begins at the snapshot's height.

mod make;
mod restore;
#[cfg(test)]
mod tests;

pub use make::{Sink, make};
pub(crate) use restore::clear;
pub use restore::{Source, is_fresh, restore};

use crate::genesis::Genesis;
use crate::limits::CODE_BYTES_MAX;
use crate::store::StoreError;
use borsh::{BorshDeserialize, BorshSerialize};
use hydrogen_proof::{Hop, LightClient, LightError};
use hydrogen_types::codec::{decode, encode};
use hydrogen_types::{Certificate, DecodeError, Hash, Header, Height};
use std::io;

/// Version of manifests and chunks.
pub const SNAPSHOT_VERSION: u16 = 1;
/// A chunk ends with the entry that brings it to so many bytes.
pub const CHUNK_BYTES: usize = 512 << 10;
/// Largest chunk: one byte short of its end, then the largest entry, a module, with what surrounds it.
pub const CHUNK_BYTES_MAX: usize = CHUNK_BYTES + CODE_BYTES_MAX + (64 << 10);
/// Most chunks of a snapshot: 16 GiB of state and more.
pub const CHUNKS_MAX: usize = 1 << 15;
/// Largest manifest, in bytes: all hashes of chunks and over a hundred changes of a set of 128 validators.
pub const MANIFEST_BYTES_MAX: usize = 4 << 20;

/// Why a snapshot cannot be made, or is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The store failed.
    #[error("store failed")]
    Store(#[from] StoreError),
    /// A chunk cannot be kept or had.
    #[error("chunk {index} cannot be kept or read")]
    Chunk {
        /// Its place.
        index: u32,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The state of the height is not there.
    #[error(
        "no snapshot can be made of height {height}: the tip is {tip}, and the way back to it is not kept"
    )]
    NoSuchHeight {
        /// Asked for.
        height: Height,
        /// Where the chain stands.
        tip: Height,
    },
    /// More chunks than a snapshot may have.
    #[error("snapshot of {chunks} chunks, at most {CHUNKS_MAX} allowed")]
    TooManyChunks {
        /// How many.
        chunks: usize,
    },
    /// The manifest is too large to be served.
    #[error("manifest of {size} bytes, at most {MANIFEST_BYTES_MAX} allowed")]
    ManifestTooLarge {
        /// Its bytes.
        size: usize,
    },
    /// The bytes are no manifest.
    #[error("not a manifest: {0}")]
    BadManifest(DecodeError),
    /// Written by another version.
    #[error("snapshot has version {got}, this program reads {SNAPSHOT_VERSION}")]
    OtherVersion {
        /// In the manifest.
        got: u16,
    },
    /// Of another chain.
    #[error("snapshot is of the chain with genesis {got}, this is {expected}")]
    OtherChain {
        /// In the manifest.
        got: Hash,
        /// This chain's.
        expected: Hash,
    },
    /// Genesis does not describe a chain.
    #[error("genesis: {0}")]
    BadGenesis(String),
    /// The header does not follow from the validators of genesis.
    #[error("snapshot of height {height} is not certified")]
    NotCertified {
        /// In the header.
        height: Height,
        /// What does not hold.
        #[source]
        source: LightError,
    },
    /// The bytes of a chunk are not those that the manifest names.
    #[error("chunk {index} has hash {got}, the manifest names {expected}")]
    WrongChunk {
        /// Its place.
        index: u32,
        /// Of the bytes.
        got: Hash,
        /// In the manifest.
        expected: Hash,
    },
    /// The bytes of a chunk have the right hash, but hold no entries, or not in order.
    #[error("chunk {index} is malformed: {reason}")]
    MalformedChunk {
        /// Its place.
        index: u32,
        /// What is wrong.
        reason: String,
    },
    /// All chunks together are another state.
    #[error("the chunks give state root {got}, the certified header has {expected}")]
    WrongRoot {
        /// Of the chunks.
        got: Hash,
        /// In the header.
        expected: Hash,
    },
    /// A module that the state names is missing, or one is there that it does not name.
    #[error("module {code} is {}", if *.missing { "missing" } else { "not one that the state names" })]
    WrongModule {
        /// Its hash.
        code: Hash,
        /// Whether it is missing.
        missing: bool,
    },
}

impl SnapshotError {
    /// Whether the snapshot itself is wrong, rather than this node.
    #[must_use]
    pub fn is_peer_fault(&self) -> bool {
        !matches!(self, Self::Store(_) | Self::Chunk { .. } | Self::NoSuchHeight { .. } | Self::BadGenesis(_))
    }
}

/// What a snapshot consists of, and why its state is the right one.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Manifest {
    /// [`SNAPSHOT_VERSION`].
    pub version: u16,
    /// Hash of the chain's genesis.
    pub genesis: Hash,
    /// The block whose state this is.
    pub header: Header,
    /// Why the block is final.
    pub certificate: Certificate,
    /// From the validators of genesis to those that decided the block, in order.
    pub hops: Vec<Hop>,
    /// Hash of each chunk's bytes, in order.
    pub chunks: Vec<Hash>,
    /// Bytes of all chunks together.
    pub bytes: u64,
}

/// Entries of a chunk. In all chunks of a snapshot together, state comes before modules, each in order.
#[derive(Debug, Clone, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
struct Chunk {
    /// Raw keys and values.
    state: Vec<(Vec<u8>, Vec<u8>)>,
    /// Modules; their SHA-256 is what the state names them by.
    code: Vec<Vec<u8>>,
}

impl Manifest {
    /// Names what was snapshot and how it was cut, whichever certificate came with it: two nodes that offer the same
    /// id have the same chunks.
    #[must_use]
    pub fn id(&self) -> Hash {
        let named =
            ("hydrogen snapshot", self.version, self.genesis, self.header.hash(), &self.chunks, self.bytes);
        Hash::sha256(&encode(&named))
    }

    /// The height of the block whose state this is.
    #[must_use]
    pub fn height(&self) -> Height {
        self.header.height
    }

    /// The bytes that peers are sent.
    ///
    /// # Errors
    /// [`SnapshotError::ManifestTooLarge`].
    pub fn to_bytes(&self) -> Result<Vec<u8>, SnapshotError> {
        let bytes = encode(self);
        if bytes.len() > MANIFEST_BYTES_MAX {
            return Err(SnapshotError::ManifestTooLarge { size: bytes.len() });
        }
        Ok(bytes)
    }

    /// Decodes what a peer sent. It is not to be trusted before [`Manifest::check`].
    ///
    /// # Errors
    /// When it is no manifest of this version, or describes too much.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SnapshotError> {
        if bytes.len() > MANIFEST_BYTES_MAX {
            return Err(SnapshotError::ManifestTooLarge { size: bytes.len() });
        }
        // The version comes first, so that another one's fields are not taken for damage.
        if let Some(got) = bytes.first_chunk().map(|first| u16::from_le_bytes(*first))
            && got != SNAPSHOT_VERSION
        {
            return Err(SnapshotError::OtherVersion { got });
        }
        let manifest: Self = decode(bytes, MANIFEST_BYTES_MAX).map_err(SnapshotError::BadManifest)?;
        if manifest.chunks.len() > CHUNKS_MAX {
            return Err(SnapshotError::TooManyChunks { chunks: manifest.chunks.len() });
        }
        Ok(manifest)
    }

    /// Checks that the header is final on the chain of `genesis`: that its certificate is signed by validators that
    /// follow, change by change, from those of genesis. The chunks are checked by [`restore`].
    ///
    /// # Errors
    /// What does not hold.
    pub fn check(&self, genesis: &Genesis) -> Result<(), SnapshotError> {
        let expected = genesis.hash();
        if self.genesis != expected {
            return Err(SnapshotError::OtherChain { got: self.genesis, expected });
        }
        let height = self.height();
        let uncertified = |source| SnapshotError::NotCertified { height, source };
        let validators = genesis.validator_set().map_err(SnapshotError::BadGenesis)?;
        let mut client = LightClient::new(genesis.chain_id.clone(), Height::new(1), validators);
        for hop in &self.hops {
            client.advance(hop.clone()).map_err(uncertified)?;
        }
        client.verify_header(&self.header, &self.certificate).map_err(uncertified)
    }
}
