//! The chain that is decided, checked from its bytes alone.

use super::{Invariant, Seen};
use hydrogen_core::block::BeaconTurn;
use hydrogen_core::limits::CLOCK_AHEAD_MS_MAX;
use hydrogen_core::{Committed, Genesis, Params, check_tx, verify_certificate};
use hydrogen_types::codec::encode;
use hydrogen_types::{Address, ChainId, Hash, Height, ValidatorSet};
use std::collections::BTreeMap;

/// What is decided is a chain: each block follows the one before, is certified by more than two thirds, has a true
/// beacon and a time that an honest clock allows, and holds signed transactions, each sender's in the order of nonces.
pub struct Validity {
    chain_id: ChainId,
    params: Params,
    height: Height,
    hash: Hash,
    beacon: Hash,
    time_ms: u64,
    nonces: BTreeMap<Address, u64>,
}

impl Validity {
    /// Starts at `genesis`.
    #[must_use]
    pub fn new(genesis: &Genesis) -> Self {
        Self {
            chain_id: genesis.chain_id.clone(),
            params: genesis.params.clone(),
            height: Height::GENESIS,
            hash: genesis.hash(),
            beacon: genesis.hash(),
            time_ms: genesis.time_ms,
            nonces: BTreeMap::new(),
        }
    }

    fn check(&mut self, committed: &Committed, set: &ValidatorSet, latest_ms: u64) -> Result<(), String> {
        let header = &committed.block.header;
        let at = |what: String| format!("height {}: {what}", header.height);
        if header.parent != self.hash || header.hash() != committed.hash {
            return Err(at(format!("parent {}, the block before is {}", header.parent, self.hash)));
        }
        if header.time_ms <= self.time_ms {
            return Err(at(format!("time {} does not follow {}", header.time_ms, self.time_ms)));
        }
        let bound_ms = (self.time_ms + 1).max(latest_ms + CLOCK_AHEAD_MS_MAX);
        if header.time_ms > bound_ms {
            return Err(at(format!("time {}, no honest clock allows more than {bound_ms}", header.time_ms)));
        }
        if header.validators != set.hash() {
            return Err(at(format!("validator set {}, the state names {}", header.validators, set.hash())));
        }
        let certificate = &committed.certificate;
        if certificate.block != committed.hash || certificate.round < header.round {
            return Err(at(format!(
                "certificate for block {} in round {}",
                certificate.block, certificate.round
            )));
        }
        verify_certificate(&self.chain_id, set, certificate).map_err(|error| at(error.to_string()))?;
        let proposer = set.proposer(header.height, header.round);
        if header.proposer != proposer.address() {
            return Err(at(format!("proposer {}, in turn was {}", header.proposer, proposer.address())));
        }
        let key = &proposer.vrf_key;
        let (chain_id, parent) = (&self.chain_id, &self.beacon);
        let turn = BeaconTurn { chain_id, height: header.height, parent };
        let beacon = turn.check(key, &header.beacon_proof);
        if beacon != Some(header.beacon) {
            return Err(at(format!("beacon {}, its proof gives {beacon:?}", header.beacon)));
        }
        for tx in &committed.block.txs {
            check_tx(&encode(tx), &self.chain_id, &self.params).map_err(|error| at(error.to_string()))?;
            let nonce = self.nonces.entry(tx.body.sender_address()).or_default();
            if tx.body.nonce != *nonce {
                return Err(at(format!("a transaction with nonce {}, expected {nonce}", tx.body.nonce)));
            }
            *nonce += 1;
        }
        (self.height, self.hash) = (header.height, committed.hash);
        (self.beacon, self.time_ms) = (header.beacon, header.time_ms);
        Ok(())
    }
}

impl Invariant for Validity {
    fn name(&self) -> &'static str {
        "validity"
    }

    fn see(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        let Seen::Committed { committed, reader, latest_ms, .. } = seen else { return Ok(()) };
        let height = committed.block.header.height;
        if height <= self.height {
            return Ok(());
        }
        if height != self.height.next() {
            return Err(format!("height {height} is decided before {}", self.height.next()));
        }
        let set = reader.validators(Some(height)).map_err(|error| error.to_string())?;
        self.check(committed, &set, *latest_ms)
    }
}
