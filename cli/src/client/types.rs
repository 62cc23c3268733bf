//! What a client gets to hold: the ledger's own types, read back from JSON.

use crate::rpc::types::{AccountJson, BlockParts, ErrorJson, PeersJson, ReceiptJson, StatusJson};
use hydrogen_types::{Address, Amount, Hash, Height, Receipt, SideData};
use serde_json::Value;

/// Answer of `chain_status`.
pub type Status = StatusJson;
/// Answer of `net_peers`.
pub type Peers = PeersJson;
/// A final block with typed header, transactions and receipts.
pub type BlockView = BlockParts;
/// Name and sentence of a refusal.
pub type ErrorName = ErrorJson;

/// Answer of `chain_genesis`.
#[derive(Debug, Clone)]
pub struct GenesisView {
    /// The chain's identity.
    pub hash: Hash,
    /// The document.
    pub document: Value,
}

/// Answer of `account_get`.
#[derive(Debug, Clone)]
pub struct Account {
    /// The account.
    pub address: Address,
    /// Balance.
    pub balance: Amount,
    /// Transactions sent so far: the nonce of the next.
    pub nonce: u64,
    /// What others may take from it.
    pub allowances: Vec<(Address, Amount)>,
    /// For a contract: the hash of its code.
    pub code_hash: Option<Hash>,
    /// For a contract: who may upgrade it.
    pub admin: Option<Address>,
}

impl From<AccountJson> for Account {
    fn from(account: AccountJson) -> Self {
        Self {
            address: account.address.0,
            balance: account.balance.0,
            nonce: account.nonce.0,
            allowances: account.allowances.into_iter().map(|row| (row.spender.0, row.amount.0)).collect(),
            code_hash: account.code_hash.map(|hash| hash.0),
            admin: account.admin.map(|admin| admin.0),
        }
    }
}

/// What became of a transaction.
#[derive(Debug, Clone)]
pub struct TxReceipt {
    /// What entered the receipt root.
    pub receipt: Receipt,
    /// What the node kept beside it.
    pub side: SideData,
    /// Name of the refusal, where the contract's interface has it.
    pub error: Option<ErrorJson>,
    /// The returned value by the contract's interface.
    pub result: Option<Value>,
}

impl TxReceipt {
    /// Whether all of it was done.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.receipt.is_success()
    }

    /// Block.
    #[must_use]
    pub fn height(&self) -> Height {
        self.receipt.height
    }

    /// Why it failed, in one line; `success` when it did not.
    #[must_use]
    pub fn reason(&self) -> String {
        if self.is_success() {
            return String::from("success");
        }
        let code = self.receipt.code;
        let mut text = match (&self.error, self.side.message.as_str()) {
            (Some(error), "") => format!("{} ({code}): {}", error.name, error.doc),
            (Some(error), message) => format!("{} ({code}): {message}", error.name),
            (None, "") => format!("code {code}"),
            (None, message) => format!("{message} (code {code})"),
        };
        if !self.side.location.is_empty() {
            text.push_str(&format!(" at {}", self.side.location));
        }
        text
    }
}

impl From<ReceiptJson> for TxReceipt {
    fn from(mut json: ReceiptJson) -> Self {
        let (error, result) = (json.error.take(), json.result.take());
        let (receipt, side) = json.into_parts();
        Self { receipt, side, error, result }
    }
}
