//! SHA-256 with a domain tag: the only way this ledger hashes.

use alloc::string::String;
use borsh::{BorshDeserialize, BorshSerialize};
use core::fmt;
use sha2::{Digest, Sha256};

/// A domain tag. Every hash and every signature of the ledger starts with one, followed by a zero byte, so
/// that bytes made for one purpose mean nothing for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tag(&'static str);

macro_rules! tags {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        impl Tag {
            $($(#[$doc])* pub const $name: Tag = Tag(concat!("hydrogen/", $text, "/v1"));)*
            /// Every tag in use, for the test that no two are equal.
            pub const ALL: &'static [Tag] = &[$(Tag::$name),*];
        }
    };
}

tags! {
    /// Address of an Ed25519 account key.
    ADDRESS = "address";
    /// Address of a contract deployed by an account.
    CONTRACT = "contract";
    /// Address of a contract named in genesis.
    GENESIS_CONTRACT = "genesis-contract";
    /// Transaction signing hash and id.
    TX = "tx";
    /// Block id: hash of the header.
    HEADER = "header";
    /// Signature over a prevote or precommit.
    VOTE = "vote";
    /// Signature over a proposal.
    PROPOSAL = "proposal";
    /// VRF input of a block's beacon.
    BEACON_INPUT = "beacon/input";
    /// Beacon from the VRF output.
    BEACON = "beacon/output";
    /// Seed of a task's draw.
    DRAW = "task/draw";
    /// Commitment to a task's outcome.
    COMMITMENT = "task/commitment";
    /// Signature of a relay under a receipt.
    RELAY_RECEIPT = "relay/receipt";
    /// Leaf of a list root.
    LIST_LEAF = "list/leaf";
    /// Inner node of a list root.
    LIST_INNER = "list/inner";
    /// Receipt in the receipt root.
    RECEIPT = "receipt";
    /// Key of the state tree.
    STATE_KEY = "state/key";
    /// Value of the state tree.
    STATE_VALUE = "state/value";
    /// Leaf of the state tree.
    STATE_LEAF = "state/leaf";
    /// Inner node of the state tree.
    STATE_INNER = "state/inner";
    /// Hash of a validator set.
    VALIDATORS = "validators";
    /// Hash of a genesis document.
    GENESIS = "genesis";
    /// Derivation of the account key from a seed.
    KEY_ACCOUNT = "key/account";
    /// Derivation of the consensus key from a seed.
    KEY_CONSENSUS = "key/consensus";
    /// Derivation of the VRF key from a seed.
    KEY_VRF = "key/vrf";
    /// Derivation of the libp2p identity from a seed.
    KEY_PEER = "key/peer";
    /// Salt of a compute node's commitment, from its secret.
    COMPUTE_SALT = "compute/salt";
    /// Random bytes of a task program.
    PROGRAM_RANDOM = "program/random";
    /// Id of a gossiped message.
    GOSSIP = "gossip";
}

impl Tag {
    /// The tag's text, without the zero byte that follows it in a hash.
    #[must_use]
    pub const fn text(self) -> &'static str {
        self.0
    }
}

/// A 32-byte SHA-256 digest. Shown as `0x` and 64 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, BorshSerialize, BorshDeserialize)]
pub struct Hash([u8; 32]);

impl Hash {
    /// 32 zero bytes: the empty list's root, the empty subtree, the parent of the first block.
    pub const ZERO: Hash = Hash([0; 32]);

    /// Wraps 32 bytes that already are a digest.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// SHA-256 over `tag`, a zero byte and the concatenated `parts`.
    ///
    /// The parts are not delimited: a caller whose parts vary in length encodes them first.
    #[must_use]
    pub fn of(tag: Tag, parts: &[&[u8]]) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(tag.0.as_bytes());
        hasher.update([0]);
        for part in parts {
            hasher.update(part);
        }
        Self(hasher.finalize().into())
    }

    /// Plain SHA-256, for digests that people compute with other tools: arguments, results, programs.
    #[must_use]
    pub fn sha256(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Parses `0x` and 64 hex digits (either case); `None` for anything else.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        from_hex(text.strip_prefix("0x")?).map(Self)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut short = String::new();
        for byte in &self.0[..4] {
            fmt::Write::write_fmt(&mut short, format_args!("{byte:02x}"))?;
        }
        write!(f, "0x{short}..")
    }
}

/// Parses exactly `2 * N` hex digits.
#[must_use]
pub fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let mut out = [0u8; N];
    for (byte, pair) in out.iter_mut().zip(digits.chunks_exact(2)) {
        let high = (pair[0] as char).to_digit(16)?;
        let low = (pair[1] as char).to_digit(16)?;
        *byte = u8::try_from(high * 16 + low).ok()?;
    }
    Some(out)
}
