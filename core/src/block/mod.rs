//! Blocks: making one, checking one, and what is kept of it.

mod beacon;
mod build;
mod check;
mod run;

pub use beacon::{BeaconProof, BeaconTurn};
pub use hydrogen_proof::verify_certificate;
pub use run::has_own_body;
pub(crate) use run::{Ground, hashed, receipt_root, undo_of};

use crate::crypto::SecretKey;
use crate::execute::Outcome;
use crate::state::TreeUpdate;
use borsh::{BorshDeserialize, BorshSerialize};
use hydrogen_types::block::{VoteKind, vote_sign_bytes};
use hydrogen_types::receipt::SideData;
use hydrogen_types::{Block, Certificate, ChainId, CommitSignature, Hash, Height, Receipt};
use std::collections::BTreeMap;

/// Where a chain stands.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Tip {
    /// Height of the last block; 0 at genesis.
    pub height: Height,
    /// Its id; the genesis hash at genesis.
    pub hash: Hash,
    /// Its time in ms since 1970.
    pub time_ms: u64,
    /// The chain's uptime in ms.
    pub uptime_ms: u64,
    /// Its beacon; the genesis hash at genesis.
    pub beacon: Hash,
    /// State root after it.
    pub state_root: Hash,
}

/// A block that was executed over the tip and can be committed. It holds what it would write.
#[derive(Debug, Clone)]
pub struct Executed {
    /// The block.
    pub block: Block,
    /// Its id.
    pub hash: Hash,
    /// Receipts in order.
    pub receipts: Vec<Receipt>,
    /// What lies beside each receipt.
    pub side: Vec<SideData>,
    pub(crate) changes: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    pub(crate) pages: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    pub(crate) code: BTreeMap<Hash, Vec<u8>>,
}

impl Executed {
    fn new(block: Block, outcome: Outcome, tree: TreeUpdate) -> Self {
        let Outcome { changes, receipts, side, code, .. } = outcome;
        Self { hash: block.hash(), block, receipts, side, changes, pages: tree.pages, code }
    }
}

/// A final block and all that is kept of it.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Committed {
    /// The block.
    pub block: Block,
    /// Its id.
    pub hash: Hash,
    /// Why it is final.
    pub certificate: Certificate,
    /// Receipts in order.
    pub receipts: Vec<Receipt>,
    /// What lies beside each receipt.
    pub side: Vec<SideData>,
}

/// A certificate signed by the given consensus keys: for a chain whose validators all live in one program.
#[must_use]
pub fn certify(chain_id: &ChainId, block: &Block, keys: &[&SecretKey]) -> Certificate {
    let (height, round, hash) = (block.header.height, block.header.round, block.hash());
    let message = vote_sign_bytes(chain_id, VoteKind::Precommit, height, round, Some(hash));
    let sign = |key: &&SecretKey| CommitSignature { validator: key.address(), signature: key.sign(&message) };
    Certificate { height, round, block: hash, signatures: keys.iter().map(sign).collect() }
}
