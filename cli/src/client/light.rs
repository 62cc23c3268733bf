//! A light client that asks a node for what it needs, and believes nothing that does not verify.

use crate::client::{BlockView, Client, ClientError};
use crate::rpc::text::{AsText, Text};
use crate::rpc::types::ValidatorJson;
use hydrogen_proof::{LightClient, LightError, StateProof};
use hydrogen_types::{ChainId, Hash, Height, Validator, ValidatorSet, codec};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Largest proof that is read: 256 siblings and a leaf.
const PROOF_BYTES_MAX: usize = 16 << 10;
/// Times a proof is asked for while the chain moves on between two questions.
const TRIES: u32 = 5;

/// Why a light client has nothing proved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FollowError {
    /// The node did not answer, or answered nonsense.
    #[error("no proof")]
    Node(#[from] ClientError),
    /// What it answered does not verify.
    #[error("the node's answer does not hold")]
    Refused(#[from] LightError),
    /// Its proof is no proof.
    #[error("the node's proof cannot be read")]
    Malformed(#[from] codec::DecodeError),
    /// It knows no block yet.
    #[error("the node has no block to prove against")]
    NoBlock,
    /// It cannot bring the block that is trusted.
    #[error("the node has no block {height}")]
    Unknown {
        /// Height of the block.
        height: Height,
    },
    /// Its block is not the one that is trusted.
    #[error("the node's block {height} has id {got}, not {expected}")]
    OtherBlock {
        /// Height of the block.
        height: Height,
        /// Id at the node.
        got: Hash,
        /// Id that is trusted.
        expected: Hash,
    },
    /// The set that it brought for the trusted block is not the block's.
    #[error("the node's validators of height {height} are not those that block {height} names")]
    OtherSet {
        /// Height of the block.
        height: Height,
    },
}

/// A value, or its absence, that was proved.
#[derive(Debug)]
pub struct Proved {
    /// The value; `None` for proved absence.
    pub value: Option<Vec<u8>>,
    /// The block in whose state it lies.
    pub block: BlockView,
    /// Changes of the validator set that were followed to get there.
    pub hops: usize,
}

/// What is trusted, as a file holds it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustJson {
    /// The chain.
    pub chain_id: Text<ChainId>,
    /// The height from which on the set is trusted.
    pub height: Text<Height>,
    /// The set.
    pub validators: Vec<ValidatorJson>,
}

impl From<&LightClient> for TrustJson {
    fn from(light: &LightClient) -> Self {
        Self {
            chain_id: Text(light.chain_id().clone()),
            height: Text(light.height()),
            validators: light.validators().members().iter().map(ValidatorJson::from).collect(),
        }
    }
}

impl TrustJson {
    /// The client that trusts it; `None` if the validators are no set.
    #[must_use]
    pub fn into_light(self) -> Option<LightClient> {
        let set = ValidatorSet::new(self.validators.into_iter().map(Validator::from).collect())?;
        Some(LightClient::new(self.chain_id.0, self.height.0, set))
    }
}

/// Trusts the block of this height and id: fetches its header and its set, both of which the id pins.
///
/// # Errors
/// When the node cannot bring them, or brings others.
pub async fn trust_block(client: &Client, height: Height, id: Hash) -> Result<LightClient, FollowError> {
    let header = client.header(height).await?.ok_or(FollowError::Unknown { height })?;
    let got = header.hash();
    if got != id || header.height != height {
        return Err(FollowError::OtherBlock { height, got, expected: id });
    }
    let set = ValidatorSet::new(client.validators(Some(height)).await?);
    let set = set.filter(|set| set.hash() == header.validators).ok_or(FollowError::OtherSet { height })?;
    Ok(LightClient::new(header.chain_id, height, set))
}

/// Proves the value of the raw key `key` at the tip, or its absence, following the validator set from what `light`
/// trusts to the block that the proof is against. `light` trusts the newest set then.
///
/// # Errors
/// What the node would not answer, or what of its answers does not hold.
pub async fn prove(client: &Client, light: &mut LightClient, key: &[u8]) -> Result<Proved, FollowError> {
    // One node: another's tip may lie elsewhere.
    let client = client.pinned();
    let (answer, block) = fetch(&client, key).await?;
    let hops = follow(&client, light, block.block.header.height).await?;
    let proof: StateProof = codec::decode(&answer.proof.0, PROOF_BYTES_MAX)?;
    let value = answer.value.map(|value| value.0);
    light.verify_state(&block.block.header, &block.certificate, key, value.as_deref(), &proof)?;
    Ok(Proved { value, block, hops })
}

/// Takes every change of the set that holds at `height` or before.
async fn follow(client: &Client, light: &mut LightClient, height: Height) -> Result<usize, FollowError> {
    let mut hops = 0;
    loop {
        let page = client.validator_changes(light.height().next()).await?;
        let page = page.into_iter().filter(|change| change.height <= height);
        let page: Vec<_> = page.filter_map(hydrogen_core::ValidatorChange::into_hop).collect();
        if page.is_empty() {
            return Ok(hops);
        }
        for hop in page {
            light.advance(hop)?;
            hops += 1;
        }
    }
}

/// Answer of `state_proof`.
#[derive(Debug, Deserialize)]
struct Answer {
    value: Option<Text<Vec<u8>>>,
    proof: Text<Vec<u8>>,
    height: Text<Height>,
}

/// A proof and the block that it is against.
async fn fetch(client: &Client, key: &[u8]) -> Result<(Answer, BlockView), FollowError> {
    for _ in 0..TRIES {
        let answer: Answer = client.typed("state_proof", json!([key.to_vec().to_text()])).await?;
        if let Some(block) = client.block(answer.height.0).await? {
            return Ok((answer, block));
        }
    }
    Err(FollowError::NoBlock)
}
