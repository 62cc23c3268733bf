//! The JSON forms of chain data, in both directions: the server writes them, the client reads them.
//!
//! *Invariant*: `from` and `into` are inverse, so a client holds exactly what the node stored.

use crate::rpc::text::Text;
use hydrogen_types::{
    Address, Amount, Attribute, Block, Certificate, ChainId, CommitSignature, Event, Gas, Hash, Header, Height,
    PublicKey, Receipt, SideData, Signature, Status, Tx, Validator, Value, codec,
};
use serde::{Deserialize, Serialize};

/// Answer of `chain_status`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StatusJson {
    /// The chain.
    pub chain_id: Text<ChainId>,
    /// Hash of its genesis.
    pub genesis: Text<Hash>,
    /// Height of the newest final block.
    pub height: Text<Height>,
    /// Its id.
    pub block_hash: Text<Hash>,
    /// Its time in ms since 1970.
    pub time_ms: Text<u64>,
    /// The chain's uptime in ms.
    pub uptime_ms: Text<u64>,
    /// State root after it.
    pub state_root: Text<Hash>,
    /// Its beacon.
    pub beacon: Text<Hash>,
    /// Whether the node is behind its peers.
    pub syncing: bool,
    /// Peers connected.
    pub peers: Vec<PeerJson>,
    /// Transactions waiting.
    pub mempool_size: usize,
    /// Least price of gas in base units.
    pub gas_price_min: Text<u64>,
    /// Most gas of a block.
    pub block_gas_max: Text<Gas>,
    /// Most bytes of a transaction.
    pub tx_bytes_max: u32,
    /// Version of the program that answers.
    pub version: String,
    /// Whether `dev_*` methods are served.
    pub dev: bool,
}

/// A connected peer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PeerJson {
    /// Peer id.
    pub id: String,
    /// Where it is.
    pub address: String,
    /// The height it reported.
    pub height: Text<Height>,
}

/// Answer of `account_get`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AccountJson {
    /// The account.
    pub address: Text<Address>,
    /// Balance in base units.
    pub balance: Text<Amount>,
    /// Transactions sent so far.
    pub nonce: Text<u64>,
    /// What others may take from it.
    pub allowances: Vec<AllowanceJson>,
    /// For a contract: the hash of its code.
    pub code_hash: Option<Text<Hash>>,
    /// For a contract: who may upgrade it.
    pub admin: Option<Text<Address>>,
}

/// What one spender may take.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AllowanceJson {
    /// Who may spend.
    pub spender: Text<Address>,
    /// Up to how much, in base units.
    pub amount: Text<Amount>,
}

/// A receipt with its side data.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReceiptJson {
    /// Transaction id, or the id of the scheduled call.
    pub hash: Text<Hash>,
    /// Block.
    pub height: Text<Height>,
    /// Place in the block.
    pub index: u32,
    /// `success` or `failed`.
    pub status: StatusName,
    /// 0 for success; below 1000 the ledger's; from 1000 the contract's.
    pub code: u32,
    /// Name of the code, where known.
    #[serde(default)]
    pub error: Option<ErrorJson>,
    /// Gas used.
    pub gas_used: Text<Gas>,
    /// Fee in base units.
    pub fee: Text<Amount>,
    /// What the call returned: borsh bytes.
    pub value: Text<Vec<u8>>,
    /// What the call returned, by the contract's own interface.
    #[serde(default)]
    pub result: Option<serde_json::Value>,
    /// Events.
    pub events: Vec<EventJson>,
    /// Ids of the calls it scheduled.
    pub scheduled: Vec<Text<u64>>,
    /// What went wrong.
    pub message: String,
    /// `file:line:column` of a panic.
    pub location: String,
    /// Frames of a trap.
    pub backtrace: Vec<String>,
    /// Lines the contract logged.
    pub log: Vec<String>,
}

/// A refusal by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorJson {
    /// Name such as `NotEnoughNodes`.
    pub name: String,
    /// The sentence from the contract's interface.
    pub doc: String,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusName {
    /// All of it was done.
    Success,
    /// Nothing was done, the gas was paid.
    Failed,
}

/// An event.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EventJson {
    /// The contract that emitted it.
    pub contract: Text<Address>,
    /// Name.
    pub name: String,
    /// Attributes in order.
    pub attributes: Vec<AttributeJson>,
}

/// A typed attribute.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AttributeJson {
    /// Name.
    pub name: String,
    /// Type and value.
    #[serde(flatten)]
    pub value: ValueJson,
}

/// The value of an attribute with its type's name.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "type", content = "value", rename_all = "snake_case")]
pub enum ValueJson {
    /// Yes or no.
    Bool(bool),
    /// A number.
    U64(Text<u64>),
    /// An amount in base units.
    Amount(Text<Amount>),
    /// A hash.
    Hash(Text<Hash>),
    /// An account or contract.
    Address(Text<Address>),
    /// Text.
    Text(String),
    /// Raw bytes.
    Bytes(Text<Vec<u8>>),
}

impl ReceiptJson {
    /// Writes a receipt; the name of an error and the decoded value are added by whoever knows the contract.
    #[must_use]
    pub fn new(receipt: &Receipt, side: &SideData) -> Self {
        Self {
            hash: Text(receipt.hash),
            height: Text(receipt.height),
            index: receipt.index,
            status: if receipt.is_success() { StatusName::Success } else { StatusName::Failed },
            code: receipt.code,
            error: None,
            gas_used: Text(receipt.gas_used),
            fee: Text(receipt.fee),
            value: Text(receipt.value.clone()),
            result: None,
            events: receipt.events.iter().map(EventJson::from).collect(),
            scheduled: receipt.scheduled.iter().copied().map(Text).collect(),
            message: side.message.clone(),
            location: side.location.clone(),
            backtrace: side.backtrace.clone(),
            log: side.log.clone(),
        }
    }

    /// Reads it back.
    #[must_use]
    pub fn into_parts(self) -> (Receipt, SideData) {
        let receipt = Receipt {
            hash: self.hash.0,
            height: self.height.0,
            index: self.index,
            status: match self.status {
                StatusName::Success => Status::Success,
                StatusName::Failed => Status::Failed,
            },
            code: self.code,
            gas_used: self.gas_used.0,
            fee: self.fee.0,
            value: self.value.0,
            events: self.events.into_iter().map(Event::from).collect(),
            scheduled: self.scheduled.into_iter().map(|id| id.0).collect(),
        };
        let Self { message, location, backtrace, log, .. } = self;
        (receipt, SideData { message, location, backtrace, log })
    }
}

impl From<&Event> for EventJson {
    fn from(event: &Event) -> Self {
        let attribute = |attribute: &Attribute| AttributeJson {
            name: attribute.name.clone(),
            value: match attribute.value.clone() {
                Value::Bool(value) => ValueJson::Bool(value),
                Value::U64(value) => ValueJson::U64(Text(value)),
                Value::Amount(value) => ValueJson::Amount(Text(value)),
                Value::Hash(value) => ValueJson::Hash(Text(value)),
                Value::Address(value) => ValueJson::Address(Text(value)),
                Value::Text(value) => ValueJson::Text(value),
                Value::Bytes(value) => ValueJson::Bytes(Text(value)),
            },
        };
        Self {
            contract: Text(event.contract),
            name: event.name.clone(),
            attributes: event.attributes.iter().map(attribute).collect(),
        }
    }
}

impl From<EventJson> for Event {
    fn from(event: EventJson) -> Self {
        let attribute = |attribute: AttributeJson| Attribute {
            name: attribute.name,
            value: match attribute.value {
                ValueJson::Bool(value) => Value::Bool(value),
                ValueJson::U64(value) => Value::U64(value.0),
                ValueJson::Amount(value) => Value::Amount(value.0),
                ValueJson::Hash(value) => Value::Hash(value.0),
                ValueJson::Address(value) => Value::Address(value.0),
                ValueJson::Text(value) => Value::Text(value),
                ValueJson::Bytes(value) => Value::Bytes(value.0),
            },
        };
        Self {
            contract: event.contract.0,
            name: event.name,
            attributes: event.attributes.into_iter().map(attribute).collect(),
        }
    }
}

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
    /// Hash of the validator set.
    pub validators: Text<Hash>,
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
            codec::decode::<Tx>(&tx.bytes.0, size_max).map_err(|error| format!("transaction {:?}: {error}", tx.hash))
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
