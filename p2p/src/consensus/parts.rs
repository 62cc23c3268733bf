//! Blocks on their way: a small one whole, a large one as a manifest whose parts are asked for, a few at a time.
//!
//! ```text
//! proposer: Offer::Parts(manifest) --> receiver: ask(root, index) --> holder: the part --> checked by its hash
//! ```
//!
//! A block has one encoding, so its id has one true manifest; nobody offers one but who holds the whole block. A part is
//! checked on arrival against the manifest that it was asked for by, the whole against the id: who sends a part that
//! does not fit is at fault, and so is everybody who offered a manifest that turns out to be of something else.
//!
//! *Invariants*: parts are asked for only of blocks that a signed proposal names, and only from who offered that very
//! manifest; in flight, manifests and parts are bounded for each peer and in all.

use super::messages::{Output, Peer};
use borsh::{BorshDeserialize, BorshSerialize};
use hydrogen_types::codec::{DecodeError, decode, encode};
use hydrogen_types::{Hash, Height};
use std::collections::BTreeMap;
use std::ops::Range;

/// Bytes of a part, and of the largest block that is sent whole.
pub const PART_BYTES: usize = 64 << 10;
/// Manifests held at a time, each with the parts that are here: a block's bytes at most.
pub(crate) const ASSEMBLIES_MAX: usize = 8;
/// Of these, offered by one peer without a proposal that names them: of this height and the next.
const UNASKED_PER_PEER_MAX: usize = 2;
/// Parts asked of one peer at a time.
const IN_FLIGHT_PER_PEER_MAX: usize = 8;
/// Parts asked for at a time.
pub(crate) const IN_FLIGHT_MAX: usize = 32;
/// Time for a part before it is asked for again; doubled with each try.
const PART_TIMEOUT_MS: u64 = 500;
/// Times a part is asked for before its manifest is given up.
const TRIES_MAX: u32 = 6;

/// How a block that is not decided yet is told.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Offer {
    /// All its bytes.
    Whole(Vec<u8>),
    /// The hashes of its parts.
    Parts(Manifest),
}

impl Offer {
    /// The offer of a block in parts of `part_bytes`.
    #[must_use]
    pub fn of(height: Height, id: Hash, bytes: &[u8], part_bytes: usize) -> Self {
        if bytes.len() <= part_bytes {
            return Self::Whole(bytes.to_vec());
        }
        let parts = bytes.chunks(part_bytes.max(1)).map(Hash::sha256).collect();
        Self::Parts(Manifest { height, id, length: u32::try_from(bytes.len()).unwrap_or(u32::MAX), parts })
    }

    /// Decodes an offer of a block of at most `block_bytes_max`: a part, or a hash for every part.
    ///
    /// # Errors
    /// Too long, or malformed.
    pub fn decode(bytes: &[u8], block_bytes_max: usize, part_bytes: usize) -> Result<Self, DecodeError> {
        let hashes = block_bytes_max / part_bytes.max(1) + 1;
        let offer: Self = decode(bytes, 64 + part_bytes.max(32 * hashes))?;
        let fits = match &offer {
            Self::Whole(bytes) => bytes.len() <= part_bytes,
            Self::Parts(manifest) => manifest.fits(block_bytes_max, part_bytes),
        };
        if fits {
            return Ok(offer);
        }
        Err(DecodeError::Malformed("an offer whose length does not fit its parts".into()))
    }
}

/// What a large block is made of.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Manifest {
    /// The block's height.
    pub height: Height,
    /// Its id.
    pub id: Hash,
    /// Its bytes.
    pub length: u32,
    /// SHA-256 of each part; all but the last have the same size.
    pub parts: Vec<Hash>,
}

impl Manifest {
    /// What parts are asked for by.
    #[must_use]
    pub fn root(&self) -> Hash {
        Hash::sha256(&encode(self))
    }

    fn length(&self) -> usize {
        usize::try_from(self.length).unwrap_or(usize::MAX)
    }

    fn fits(&self, block_bytes_max: usize, part_bytes: usize) -> bool {
        let length = self.length();
        length > part_bytes && length <= block_bytes_max && self.parts.len() == length.div_ceil(part_bytes)
    }
}

/// Where part `index` lies in a block of `length` bytes.
#[must_use]
pub fn part_range(length: usize, index: u32, part_bytes: usize) -> Option<Range<usize>> {
    let start = usize::try_from(index).ok()?.checked_mul(part_bytes)?;
    (start < length).then(|| start..length.min(start.saturating_add(part_bytes)))
}

struct Asked {
    peer: Peer,
    until_ms: u64,
}

struct Assembly {
    manifest: Manifest,
    root: Hash,
    /// Who offered it, in order; each says to hold all of it.
    sources: Vec<Peer>,
    parts: Vec<Option<Vec<u8>>>,
    left: usize,
    asked: BTreeMap<usize, Asked>,
    tries: Vec<u32>,
}

/// What became of an offered manifest or of a part.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// Kept, or of no use.
    Fine,
    /// Not what the peer's manifest says.
    Wrong,
    /// The last one: these are the block's id, its bytes, and who vouched for them.
    Whole(Hash, Vec<u8>, Vec<Peer>),
}

/// The blocks on their way to this node.
#[derive(Default)]
pub(crate) struct Parts {
    list: Vec<Assembly>,
}

impl Parts {
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.list.iter().map(|assembly| assembly.asked.len()).sum()
    }

    /// Whether somebody has offered parts of this block.
    pub(crate) fn expects(&self, id: &Hash) -> bool {
        self.list.iter().any(|assembly| assembly.manifest.id == *id)
    }

    /// A peer offers a block in parts.
    pub(crate) fn offer(&mut self, peer: Peer, manifest: Manifest, wanted: &dyn Fn(&Hash) -> bool) -> Taken {
        let root = manifest.root();
        let other = |known: &&Assembly| known.manifest.id == manifest.id && known.sources.contains(&peer);
        match self.list.iter().find(other) {
            Some(known) if known.root == root => return Taken::Fine,
            Some(_) => return Taken::Wrong,
            None => {}
        }
        if let Some(known) = self.list.iter_mut().find(|known| known.root == root) {
            known.sources.push(peer);
            return Taken::Fine;
        }
        if !wanted(&manifest.id) {
            let idle = self.list.iter().filter(|known| !wanted(&known.manifest.id));
            let of_peer = idle.filter(|known| known.sources.first() == Some(&peer)).count();
            if of_peer >= UNASKED_PER_PEER_MAX {
                return Taken::Fine;
            }
        }
        if self.list.len() >= ASSEMBLIES_MAX {
            // What a proposal names goes before what none does.
            let Some(idle) = self.list.iter().position(|known| !wanted(&known.manifest.id)) else {
                return Taken::Fine;
            };
            if !wanted(&manifest.id) {
                return Taken::Fine;
            }
            self.list.remove(idle);
        }
        let count = manifest.parts.len();
        self.list.push(Assembly {
            manifest,
            root,
            sources: vec![peer],
            parts: vec![None; count],
            left: count,
            asked: BTreeMap::new(),
            tries: vec![0; count],
        });
        Taken::Fine
    }

    /// Asks for parts of the wanted blocks, as many as may be in flight.
    pub(crate) fn ask(&mut self, now_ms: u64, wanted: &dyn Fn(&Hash) -> bool) -> Vec<Output> {
        for assembly in &mut self.list {
            assembly.asked.retain(|_, asked| asked.until_ms > now_ms);
        }
        self.list.retain(|assembly| {
            !assembly.sources.is_empty() && assembly.tries.iter().all(|tries| *tries <= TRIES_MAX)
        });
        let mut load: BTreeMap<Peer, usize> = BTreeMap::new();
        for asked in self.list.iter().flat_map(|assembly| assembly.asked.values()) {
            *load.entry(asked.peer).or_default() += 1;
        }
        let mut left = IN_FLIGHT_MAX.saturating_sub(load.values().sum());
        let mut out = Vec::new();
        for assembly in self.list.iter_mut().filter(|assembly| wanted(&assembly.manifest.id)) {
            for index in 0..assembly.parts.len() {
                if left == 0 {
                    return out;
                }
                if assembly.parts[index].is_some() || assembly.asked.contains_key(&index) {
                    continue;
                }
                let tries = assembly.tries[index];
                let turn = index.saturating_add(usize::try_from(tries).unwrap_or(0));
                let sources = assembly.sources.len();
                let free = (0..sources).map(|step| assembly.sources[turn.wrapping_add(step) % sources]);
                let peer =
                    { free }.find(|peer| load.get(peer).is_none_or(|load| *load < IN_FLIGHT_PER_PEER_MAX));
                let Some(peer) = peer else { break };
                *load.entry(peer).or_default() += 1;
                left -= 1;
                assembly.tries[index] += 1;
                let until_ms = now_ms.saturating_add(PART_TIMEOUT_MS << tries.min(TRIES_MAX));
                assembly.asked.insert(index, Asked { peer, until_ms });
                out.push(Output::AskPart(peer, assembly.root, u32::try_from(index).unwrap_or(u32::MAX)));
            }
        }
        out
    }

    /// When the first part is late.
    pub(crate) fn next_wake(&self) -> Option<u64> {
        self.list.iter().flat_map(|assembly| assembly.asked.values()).map(|asked| asked.until_ms).min()
    }

    /// A part arrives.
    pub(crate) fn take(&mut self, peer: Peer, root: Hash, index: u32, bytes: Vec<u8>) -> Taken {
        let Some(place) = self.list.iter().position(|assembly| assembly.root == root) else {
            return Taken::Fine;
        };
        let assembly = &mut self.list[place];
        let Ok(index) = usize::try_from(index) else { return Taken::Fine };
        match assembly.parts.get(index) {
            Some(None) => {}
            // Asked for twice, or not at all.
            _ => return Taken::Fine,
        }
        if Hash::sha256(&bytes) != assembly.manifest.parts[index] {
            assembly.asked.remove(&index);
            assembly.sources.retain(|source| *source != peer);
            return Taken::Wrong;
        }
        assembly.asked.remove(&index);
        assembly.parts[index] = Some(bytes);
        assembly.left -= 1;
        if assembly.left > 0 {
            return Taken::Fine;
        }
        let Assembly { manifest, sources, parts, .. } = self.list.remove(place);
        Taken::Whole(manifest.id, parts.into_iter().flatten().flatten().collect(), sources)
    }

    /// A peer does not have what it offered any more.
    pub(crate) fn missing(&mut self, peer: Peer, root: Hash) {
        for assembly in self.list.iter_mut().filter(|assembly| assembly.root == root) {
            assembly.sources.retain(|source| *source != peer);
            assembly.asked.retain(|_, asked| asked.peer != peer);
        }
    }

    /// A peer is gone.
    pub(crate) fn gone(&mut self, peer: Peer) {
        for assembly in &mut self.list {
            assembly.sources.retain(|source| *source != peer);
            assembly.asked.retain(|_, asked| asked.peer != peer);
        }
    }

    /// A part that is here already, for others.
    pub(crate) fn part(&self, root: &Hash, index: u32) -> Option<&[u8]> {
        let assembly = self.list.iter().find(|assembly| assembly.root == *root)?;
        assembly.parts.get(usize::try_from(index).ok()?)?.as_deref()
    }

    /// The block is here.
    pub(crate) fn forget(&mut self, id: &Hash) {
        self.list.retain(|assembly| assembly.manifest.id != *id);
    }

    /// Forgets everything below `height`.
    pub(crate) fn prune(&mut self, height: Height) {
        self.list.retain(|assembly| assembly.manifest.height >= height);
    }
}
