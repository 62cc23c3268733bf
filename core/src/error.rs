//! What can be wrong with a transaction, a block, a chain.

use crate::store::StoreError;
use crate::vm::VmError;
use hydrogen_proof::CertificateError;
use hydrogen_types::{Address, Amount, DecodeError, Gas, Hash, Height};

/// Why a transaction is refused before it is executed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TxError {
    /// Not a transaction.
    #[error("not a transaction: {0}")]
    Undecodable(DecodeError),
    /// For another chain.
    #[error("transaction is for chain `{got}`, this is `{expected}`")]
    WrongChain {
        /// Chain in the transaction.
        got: String,
        /// This chain.
        expected: String,
    },
    /// The signature does not hold under the strict rules.
    #[error("signature does not hold for sender {sender}")]
    BadSignature {
        /// Claimed sender.
        sender: Address,
    },
    /// A name or argument beyond its limit.
    #[error("{what} of {size} bytes, at most {size_max} allowed")]
    FieldTooLarge {
        /// Which field.
        what: &'static str,
        /// Its bytes.
        size: usize,
        /// Bytes allowed.
        size_max: usize,
    },
    /// Too late.
    #[error("transaction was valid until height {valid_until}, the next is {height}")]
    Expired {
        /// Last height it allows.
        valid_until: Height,
        /// Height it would enter.
        height: Height,
    },
    /// Used already: a replay.
    #[error("nonce {nonce} is below account nonce {expected}")]
    NonceTooLow {
        /// In the transaction.
        nonce: u64,
        /// Of the account.
        expected: u64,
    },
    /// A gap before it.
    #[error("nonce {nonce} is above account nonce {expected}")]
    NonceTooHigh {
        /// In the transaction.
        nonce: u64,
        /// Of the account.
        expected: u64,
    },
    /// Pays too little for its gas.
    #[error("gas price {price} is below the minimum {price_min}")]
    GasPriceTooLow {
        /// In the transaction.
        price: u64,
        /// Of the chain.
        price_min: u64,
    },
    /// Its gas does not cover what every transaction of its size costs.
    #[error("gas limit {limit} is below {needed}, the cost of the transaction itself")]
    GasLimitTooLow {
        /// In the transaction.
        limit: Gas,
        /// Needed at least.
        needed: Gas,
    },
    /// More gas than the block has left.
    #[error("gas limit {limit} is above {left}, what the block has left")]
    GasLimitTooHigh {
        /// In the transaction.
        limit: Gas,
        /// Left in the block.
        left: Gas,
    },
    /// Cannot buy its gas.
    #[error("balance {balance} CNX does not cover {needed} CNX for gas")]
    BalanceTooLow {
        /// Of the sender.
        balance: Amount,
        /// Gas limit times price.
        needed: Amount,
    },
    /// In the pool already.
    #[error("transaction is in the pool already")]
    AlreadyKnown,
    /// Another transaction of this nonce waits, and this one pays too little more.
    #[error("gas price {price} does not replace a waiting transaction, {price_min} would")]
    ReplacementUnderpriced {
        /// In the transaction.
        price: u64,
        /// Least that would do.
        price_min: u64,
    },
    /// The sender has too many waiting.
    #[error("sender has {waiting} transactions waiting, at most {waiting_max} allowed")]
    SenderFull {
        /// Waiting.
        waiting: usize,
        /// Allowed.
        waiting_max: usize,
    },
    /// The pool is full of better-paying ones.
    #[error("pool is full")]
    PoolFull,
}

impl TxError {
    /// Whether whoever sent it must have known better: the bytes alone are wrong.
    #[must_use]
    pub fn is_peer_fault(&self) -> bool {
        match self {
            // Wrong for everybody, at any height.
            Self::Undecodable(_)
            | Self::WrongChain { .. }
            | Self::BadSignature { .. }
            | Self::FieldTooLarge { .. } => true,
            // Depends on the tip or on this node's pool, which the sender cannot know.
            Self::Expired { .. }
            | Self::NonceTooLow { .. }
            | Self::NonceTooHigh { .. }
            | Self::GasPriceTooLow { .. }
            | Self::GasLimitTooLow { .. }
            | Self::GasLimitTooHigh { .. }
            | Self::BalanceTooLow { .. }
            | Self::AlreadyKnown
            | Self::ReplacementUnderpriced { .. }
            | Self::SenderFull { .. }
            | Self::PoolFull => false,
        }
    }

    /// Stable number of the refusal, listed in `docs/errors.md`.
    #[must_use]
    pub fn code(&self) -> u32 {
        match self {
            Self::Undecodable(_) => 200,
            Self::WrongChain { .. } => 201,
            Self::BadSignature { .. } => 202,
            Self::FieldTooLarge { .. } => 203,
            Self::Expired { .. } => 204,
            Self::NonceTooLow { .. } => 205,
            Self::NonceTooHigh { .. } => 206,
            Self::GasPriceTooLow { .. } => 207,
            Self::GasLimitTooLow { .. } => 208,
            Self::GasLimitTooHigh { .. } => 209,
            Self::BalanceTooLow { .. } => 210,
            Self::AlreadyKnown => 211,
            Self::ReplacementUnderpriced { .. } => 212,
            Self::SenderFull { .. } => 213,
            Self::PoolFull => 214,
        }
    }
}

/// Why a block is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BlockError {
    /// A field of the header is not what it must be.
    #[error("header has {field} {got}, expected {expected}")]
    WrongField {
        /// The field.
        field: &'static str,
        /// In the header.
        got: String,
        /// What it must be.
        expected: String,
    },
    /// The time is not after the parent's, or too far ahead of this node's clock.
    #[error("block time {time_ms} ms is outside {earliest_ms} to {latest_ms} ms")]
    WrongTime {
        /// In the header.
        time_ms: u64,
        /// Parent plus 1.
        earliest_ms: u64,
        /// Latest allowed.
        latest_ms: u64,
    },
    /// The beacon's proof is not the proposer's, or not canonical.
    #[error("beacon proof does not hold for proposer {proposer}")]
    BadBeacon {
        /// Address of the proposer.
        proposer: Address,
    },
    /// More bytes than a block may have.
    #[error("block of {size} bytes, at most {size_max} allowed")]
    TooLarge {
        /// Its bytes.
        size: usize,
        /// Bytes allowed.
        size_max: usize,
    },
    /// A transaction that may not be in this block.
    #[error("transaction {index} does not belong in the block")]
    BadTx {
        /// Its place.
        index: usize,
        /// Why.
        #[source]
        source: TxError,
    },
    /// The certificate proves nothing.
    #[error("block is not certified")]
    BadCertificate(#[from] CertificateError),
    /// The certificate is for another block.
    #[error("certificate is for block {got}, the block is {expected}")]
    OtherCertificate {
        /// In the certificate.
        got: Hash,
        /// The block's hash.
        expected: Hash,
    },
    /// This node failed.
    #[error("node failed while executing a block")]
    Node(#[from] VmError),
}

impl BlockError {
    /// Whether the block itself is wrong, rather than this node.
    #[must_use]
    pub fn is_peer_fault(&self) -> bool {
        !matches!(self, Self::Node(_))
    }
}

impl From<StoreError> for BlockError {
    fn from(error: StoreError) -> Self {
        Self::Node(VmError::Store(error))
    }
}

/// Why a chain cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// The store failed: stop, reopen, replay.
    #[error("chain stopped")]
    Store(#[from] StoreError),
    /// The sandbox failed.
    #[error("chain stopped")]
    Vm(#[from] VmError),
    /// The store belongs to another chain.
    #[error("store holds a chain with genesis {stored}, not {given}")]
    OtherGenesis {
        /// In the store.
        stored: Hash,
        /// Asked for.
        given: Hash,
    },
    /// The store was written by an incompatible version, an older or a newer one.
    #[error("store has format {stored}, this program reads and writes format {known} alone")]
    OtherFormat {
        /// In the store.
        stored: u32,
        /// Of this program.
        known: u32,
    },
    /// Genesis does not describe a chain.
    #[error("genesis: {0}")]
    BadGenesis(String),
    /// The node is not the proposer of this height and round.
    #[error("not the proposer of height {height} round {round}")]
    NotProposer {
        /// Height.
        height: Height,
        /// Round.
        round: u32,
    },
}
