//! Checking a draw from the outside: proof, beacon, seed, picks.
//!
//! *Provided*: whoever names the validator set can not have chosen the indexes otherwise than the rules say. *Not
//! provided*: proof that a node stood at the index that was drawn; the list before the draw is what the node tells.

mod places;

use crate::application::ApplicationError;
use crate::client::{BlockView, Client, task};
use hydrogen_core::block::BeaconTurn;
use hydrogen_core::verify_certificate;
use hydrogen_offchain::calls;
use hydrogen_types::task::{DrawView, draw_picks, draw_seed};
use hydrogen_types::{Hash, Height, ValidatorSet};

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What.
    pub what: String,
    /// `None` where it could not be checked; the text says why.
    pub holds: Option<bool>,
    /// What was found.
    pub detail: String,
}

/// A draw and what was checked of it.
#[derive(Debug, Clone)]
pub struct DrawReport {
    /// The draw, as the contract tells it.
    pub draw: DrawView,
    /// Beacon of its block.
    pub beacon: Hash,
    /// Proof of the beacon.
    pub proof: [u8; 80],
    /// All checks in order.
    pub checks: Vec<Check>,
}

impl DrawReport {
    /// Whether nothing that was checked is wrong.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.checks.iter().all(|check| check.holds != Some(false))
    }
}

/// Recomputes the draw of a task.
///
/// # Errors
/// There is no such task, it is not drawn, or the node does not keep the block.
pub async fn verify_draw(client: &Client, id: u64) -> Result<DrawReport, ApplicationError> {
    let draw = task::ask(client, calls::draw_query(id)).await?;
    let draw = draw.ok_or(ApplicationError::NotDrawn { task: id })?;
    let block = block(client, draw.height).await?;
    let parent_beacon = match draw.height.previous() {
        Some(Height::GENESIS) | None => client.genesis().await?.hash,
        Some(parent) => self::block(client, parent).await?.block.header.beacon,
    };
    let members = client.validators(Some(draw.height)).await?;
    let validators = ValidatorSet::new(members)
        .ok_or_else(|| ApplicationError::BadAnswer { reason: String::from("its validator set is none") })?;
    let mut checks = check_block(&block, &validators);
    let header = &block.block.header;
    checks.push(check_proof(&block, &validators, &parent_beacon));
    let seed = draw_seed(&header.beacon, id);
    checks.push(Check {
        what: "seed is the hash of this beacon and the task's id".into(),
        holds: Some(seed == draw.seed),
        detail: seed.to_string(),
    });
    checks.push(check_picks(&draw, &seed));
    checks.push(places::check_places(client, &draw, &block).await);
    Ok(DrawReport { beacon: header.beacon, proof: header.beacon_proof, draw, checks })
}

async fn block(client: &Client, height: Height) -> Result<BlockView, ApplicationError> {
    client.block(height).await?.ok_or(ApplicationError::BlockMissing { height })
}

fn check_block(block: &BlockView, validators: &ValidatorSet) -> Vec<Check> {
    let header = &block.block.header;
    let hash = header.hash();
    let certificate = &block.certificate;
    let signed = verify_certificate(&header.chain_id, validators, certificate);
    let same = certificate.block == hash && certificate.height == header.height;
    vec![
        Check {
            what: "validators named by the node are those in the header".into(),
            holds: Some(validators.hash() == header.validators),
            detail: format!("{} validators, set {}", validators.members().len(), header.validators),
        },
        Check {
            what: "two thirds of their power signed this header".into(),
            holds: Some(same && signed.is_ok()),
            detail: match signed {
                Ok(()) => format!("{} signatures over block {hash}", certificate.signatures.len()),
                Err(error) => error.to_string(),
            },
        },
        Check {
            what: "proposer had the turn".into(),
            holds: Some(validators.proposer(header.height, header.round).address() == header.proposer),
            detail: format!("{} at height {} round {}", header.proposer, header.height, header.round),
        },
    ]
}

fn check_proof(block: &BlockView, validators: &ValidatorSet, parent_beacon: &Hash) -> Check {
    let header = &block.block.header;
    let made = validators.get(&header.proposer).and_then(|proposer| {
        let (chain_id, proof) = (&header.chain_id, &header.beacon_proof);
        BeaconTurn { chain_id, height: header.height, parent: parent_beacon }.check(&proposer.vrf_key, proof)
    });
    Check {
        what: "beacon is proved by the proposer's VRF key over the beacon before".into(),
        holds: Some(made == Some(header.beacon)),
        detail: match made {
            Some(beacon) => format!("proof gives {beacon}"),
            None => String::from("the proof does not hold"),
        },
    }
}

pub(super) fn check_picks(draw: &DrawView, seed: &Hash) -> Check {
    let picks = draw_picks(seed, draw.candidates);
    Check {
        what: "three picks follow from seed and number of candidates".into(),
        holds: Some(picks.is_some_and(|picks| picks.as_slice() == draw.indexes)),
        detail: match picks {
            Some([first, second, third]) => {
                format!("indexes {first}, {second}, {third} of {} candidates", draw.candidates)
            }
            None => format!("{} candidates are too few", draw.candidates),
        },
    }
}
