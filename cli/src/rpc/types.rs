//! The JSON forms of chain data, in both directions: the server writes them, the client reads them.
//!
//! *Invariant*: `from` and `into` are inverse, so a client holds exactly what the node stored.

use crate::rpc::text::Text;
use hydrogen_types::{
    Address, Amount, Attribute, ChainId, Event, Gas, Hash, Height, Receipt, SideData, Status, Value,
};
use serde::{Deserialize, Serialize};

pub use crate::rpc::block_types::{
    BlockJson, BlockParts, CertificateJson, CommitSignatureJson, HeaderJson, TxJson, ValidatorJson,
};

pub use crate::rpc::set_types::{ValidatorChangeJson, ValidatorChangesJson};

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
    /// The lowest height whose block is kept; one above the tip when none is.
    #[serde(default)]
    pub earliest_block: Text<Height>,
    /// The lowest height whose state can be queried.
    #[serde(default)]
    pub earliest_state: Text<Height>,
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
    /// Whether it says that it votes.
    #[serde(default)]
    pub validator: bool,
    /// Whether this node dialled it.
    #[serde(default)]
    pub outbound: bool,
    /// What gossip thinks of it; below -80 nothing of it is listened to.
    #[serde(default)]
    pub score: f64,
    /// Points against it, which fade; at 100 it is banned.
    #[serde(default)]
    pub points: u32,
    /// Faults, ever.
    #[serde(default)]
    pub faults: Text<u64>,
    /// Milliseconds since it was last heard.
    #[serde(default)]
    pub silent_ms: Text<u64>,
    /// Bytes of messages received from it since it connected.
    #[serde(default)]
    pub bytes_in: Text<u64>,
    /// Bytes of messages sent to it.
    #[serde(default)]
    pub bytes_out: Text<u64>,
}

/// A peer that is kept out for a while.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BannedJson {
    /// Peer id.
    pub id: String,
    /// What it did last.
    pub reason: String,
    /// Milliseconds until it may come back.
    pub left_ms: Text<u64>,
    /// How often it was banned, this time included.
    pub times: u32,
}

/// Answer of `net_peers`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PeersJson {
    /// Connected.
    pub peers: Vec<PeerJson>,
    /// Kept out, the longest ban first.
    pub banned: Vec<BannedJson>,
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
