//! The JSON forms of blocks, headers, transactions, certificates and validators.

use crate::rpc::text::Text;
use crate::rpc::types::ReceiptJson;
use hydrogen_types::{
    Address, Block, Certificate, ChainId, CommitSignature, Gas, Hash, Header, Height, PublicKey, Receipt,
    SideData, Signature, Tx, Validator, codec,
};
use serde::{Deserialize, Serialize};

/// Answer of `chain_block`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BlockJson {
    /// Id.
    pub hash: Text<Hash>,
    /// Header.
    pub header: HeaderJson,
    /// Transactions in order.
    pub txs: Vec<TxJson>,
    /// Receipts: draws, ordinary scheduled calls, transactions.
    pub receipts: Vec<ReceiptJson>,
    /// Why it is final.
    pub certificate: CertificateJson,
}

/// A header.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HeaderJson {
    /// The chain.
    pub chain_id: Text<ChainId>,
    /// Height.
    pub height: Text<Height>,
    /// Round of its first proposal.
    pub round: u32,
    /// Proposer: address of a consensus key.
    pub proposer: Text<Address>,
    /// Id of the block before.
    pub parent: Text<Hash>,
    /// Ms since 1970.
    pub time_ms: Text<u64>,
    /// The chain's uptime in ms.
    pub uptime_ms: Text<u64>,
    /// Root of the transactions.
    pub tx_root: Text<Hash>,
    /// Root of the state after it.
    pub state_root: Text<Hash>,
    /// Root of the receipts.
    pub receipt_root: Text<Hash>,
    /// Beacon.
    pub beacon: Text<Hash>,
    /// Proof of the beacon.
    pub beacon_proof: Text<[u8; 80]>,
    /// Hash of the validator set that decided it.
    pub validators: Text<Hash>,
    /// Hash of the validator set of the next height.
    pub next_validators: Text<Hash>,
    /// Gas used.
    pub gas_used: Text<Gas>,
}

/// A transaction: its fields for people, and its bytes for programs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TxJson {
    /// Id.
    pub hash: Text<Hash>,
    /// Sender's address.
    pub sender: Text<Address>,
    /// Nonce.
    pub nonce: Text<u64>,
    /// Most gas.
    pub gas_limit: Text<Gas>,
    /// Price of gas.
    pub gas_price: Text<u64>,
    /// Last height at which it could enter a block.
    pub valid_until: Text<Height>,
    /// What it does.
    pub action: serde_json::Value,
    /// Signed borsh bytes.
    pub bytes: Text<Vec<u8>>,
}

/// A certificate.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CertificateJson {
    /// Height decided.
    pub height: Text<Height>,
    /// Round in which it was decided.
    pub round: u32,
    /// Block id.
    pub block: Text<Hash>,
    /// Precommits.
    pub signatures: Vec<CommitSignatureJson>,
}

/// A precommit.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CommitSignatureJson {
    /// Address of the validator's consensus key.
    pub validator: Text<Address>,
    /// Signature.
    pub signature: Text<Signature>,
}

/// A validator.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ValidatorJson {
    /// Address of its consensus key.
    pub address: Text<Address>,
    /// Signs votes.
    pub consensus_key: Text<PublicKey>,
    /// Proves beacons.
    pub vrf_key: Text<PublicKey>,
    /// Voting power.
    pub power: Text<u64>,
    /// Receives fees.
    pub account: Text<Address>,
}

impl From<&Validator> for ValidatorJson {
    fn from(validator: &Validator) -> Self {
        Self {
            address: Text(validator.address()),
            consensus_key: Text(validator.consensus_key),
            vrf_key: Text(validator.vrf_key),
            power: Text(validator.power),
            account: Text(validator.account),
        }
    }
}

impl From<ValidatorJson> for Validator {
    fn from(validator: ValidatorJson) -> Self {
        Self {
            consensus_key: validator.consensus_key.0,
            vrf_key: validator.vrf_key.0,
            power: validator.power.0,
            account: validator.account.0,
        }
    }
}

impl From<&Header> for HeaderJson {
    fn from(header: &Header) -> Self {
        Self {
            chain_id: Text(header.chain_id.clone()),
            height: Text(header.height),
            round: header.round,
            proposer: Text(header.proposer),
            parent: Text(header.parent),
            time_ms: Text(header.time_ms),
            uptime_ms: Text(header.uptime_ms),
            tx_root: Text(header.tx_root),
            state_root: Text(header.state_root),
            receipt_root: Text(header.receipt_root),
            beacon: Text(header.beacon),
            beacon_proof: Text(header.beacon_proof),
            validators: Text(header.validators),
            next_validators: Text(header.next_validators),
            gas_used: Text(header.gas_used),
        }
    }
}

impl From<HeaderJson> for Header {
    fn from(header: HeaderJson) -> Self {
        Self {
            chain_id: header.chain_id.0,
            height: header.height.0,
            round: header.round,
            proposer: header.proposer.0,
            parent: header.parent.0,
            time_ms: header.time_ms.0,
            uptime_ms: header.uptime_ms.0,
            tx_root: header.tx_root.0,
            state_root: header.state_root.0,
            receipt_root: header.receipt_root.0,
            beacon: header.beacon.0,
            beacon_proof: header.beacon_proof.0,
            validators: header.validators.0,
            next_validators: header.next_validators.0,
            gas_used: header.gas_used.0,
        }
    }
}

impl From<&Certificate> for CertificateJson {
    fn from(certificate: &Certificate) -> Self {
        let signature = |commit: &CommitSignature| CommitSignatureJson {
            validator: Text(commit.validator),
            signature: Text(commit.signature),
        };
        Self {
            height: Text(certificate.height),
            round: certificate.round,
            block: Text(certificate.block),
            signatures: certificate.signatures.iter().map(signature).collect(),
        }
    }
}

impl From<CertificateJson> for Certificate {
    fn from(certificate: CertificateJson) -> Self {
        let signature = |commit: CommitSignatureJson| CommitSignature {
            validator: commit.validator.0,
            signature: commit.signature.0,
        };
        Self {
            height: certificate.height.0,
            round: certificate.round,
            block: certificate.block.0,
            signatures: certificate.signatures.into_iter().map(signature).collect(),
        }
    }
}

impl From<&Tx> for TxJson {
    fn from(tx: &Tx) -> Self {
        Self {
            hash: Text(tx.hash()),
            sender: Text(tx.body.sender_address()),
            nonce: Text(tx.body.nonce),
            gas_limit: Text(tx.body.gas_limit),
            gas_price: Text(tx.body.gas_price),
            valid_until: Text(tx.body.valid_until),
            action: crate::rpc::action::to_json(&tx.body.action),
            bytes: Text(codec::encode(tx)),
        }
    }
}

/// A block whose receipts and transactions are typed again.
#[derive(Debug, Clone)]
pub struct BlockParts {
    /// Header and transactions.
    pub block: Block,
    /// Id, as the node said; recompute it with [`Header::hash`] before trusting the node with it.
    pub hash: Hash,
    /// Receipts with side data.
    pub receipts: Vec<(Receipt, SideData)>,
    /// Why it is final.
    pub certificate: Certificate,
}

impl BlockJson {
    /// Reads it back; the error names the transaction whose bytes are not one.
    ///
    /// # Errors
    /// A sentence, when a transaction's bytes do not decode.
    pub fn into_parts(self) -> Result<BlockParts, String> {
        let size_max = usize::try_from(u32::MAX).unwrap_or(usize::MAX);
        let tx = |tx: TxJson| {
            codec::decode::<Tx>(&tx.bytes.0, size_max)
                .map_err(|error| format!("transaction {:?}: {error}", tx.hash))
        };
        Ok(BlockParts {
            block: Block {
                header: self.header.into(),
                txs: self.txs.into_iter().map(tx).collect::<Result<_, _>>()?,
            },
            hash: self.hash.0,
            receipts: self.receipts.into_iter().map(ReceiptJson::into_parts).collect(),
            certificate: self.certificate.into(),
        })
    }
}
