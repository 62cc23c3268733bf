//! Transactions: what an account signs.

use crate::block::Validator;
use crate::codec::encode;
use crate::hash::{Hash, Tag};
use crate::keys::{Address, PublicKey, Signature};
use crate::units::{Amount, Gas, Height};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};
use core::fmt;

/// Longest chain id in bytes: it is inside every signature and every commitment.
pub const CHAIN_ID_BYTES_MAX: usize = 32;
/// Longest method name in bytes.
pub const METHOD_BYTES_MAX: usize = 64;

/// The name of a chain: 1 to 32 characters of `a-z`, `0-9` and `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub struct ChainId(String);

impl ChainId {
    /// Checks and wraps a name.
    ///
    /// # Errors
    /// A sentence for the person who typed it.
    pub fn new(name: &str) -> Result<Self, String> {
        let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if name.is_empty() || name.len() > CHAIN_ID_BYTES_MAX || !name.bytes().all(legal) {
            return Err(alloc::format!(
                "chain id `{name}` must be 1 to {CHAIN_ID_BYTES_MAX} characters of a-z, 0-9 and -"
            ));
        }
        Ok(Self(name.to_string()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ChainId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a transaction does.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Action {
    /// Moves CNX. Runs no code.
    Transfer {
        /// Receiver.
        to: Address,
        /// How much.
        amount: Amount,
    },
    /// Sets (not adds to) what `spender` may take from the sender's balance.
    Approve {
        /// Who may spend.
        spender: Address,
        /// Up to how much; zero takes the allowance back.
        amount: Amount,
    },
    /// Stores a contract module; it is active one height later.
    Upload {
        /// The module's bytes.
        code: Vec<u8>,
    },
    /// Makes a contract of an active module; the sender becomes its admin.
    Deploy {
        /// Code hash of the module.
        code: Hash,
        /// Borsh arguments of the contract's `init`.
        init: Vec<u8>,
    },
    /// Calls a contract.
    Call {
        /// The contract.
        contract: Address,
        /// The method's name.
        method: String,
        /// Borsh arguments.
        args: Vec<u8>,
        /// CNX moved to the contract before it runs, back if it fails.
        value: Amount,
    },
    /// Replaces a contract's code and runs its `migrate`. By the admin alone.
    Upgrade {
        /// The contract.
        contract: Address,
        /// Code hash of the new module.
        code: Hash,
        /// Borsh arguments of the new code's `migrate`.
        migrate: Vec<u8>,
    },
    /// Hands the right to upgrade to another account, or gives it up for good.
    SetAdmin {
        /// The contract.
        contract: Address,
        /// The new admin; `None` freezes the code.
        admin: Option<Address>,
    },
    /// Adds a validator, changes it, or removes it (a power of 0), from the height after next on. By the governance key
    /// of genesis alone; all changes of a block together move at most a third of the power.
    SetValidator {
        /// The validator, named by its consensus key.
        validator: Validator,
    },
}

/// The signed part of a transaction.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct TxBody {
    /// The chain it is meant for.
    pub chain_id: ChainId,
    /// Who pays and signs.
    pub sender: PublicKey,
    /// The sender's transaction count so far.
    pub nonce: u64,
    /// Last height at which it may enter a block.
    pub valid_until: Height,
    /// Most gas it may use; all of it is bought up front, the rest comes back.
    pub gas_limit: Gas,
    /// Base units paid for each gas.
    pub gas_price: u64,
    /// What it does.
    pub action: Action,
}

impl TxBody {
    /// The hash that is signed, and the transaction's id: it covers everything but the signature.
    #[must_use]
    pub fn hash(&self) -> Hash {
        Hash::of(Tag::TX, &[&encode(self)])
    }

    /// The sender's address.
    #[must_use]
    pub fn sender_address(&self) -> Address {
        Address::of_key(&self.sender)
    }
}

/// A signed transaction. Its id is the hash of its body: a second valid signature makes no second transaction.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Tx {
    /// What is signed.
    pub body: TxBody,
    /// Ed25519 over [`TxBody::hash`].
    pub signature: Signature,
}

impl Tx {
    /// The transaction's id.
    #[must_use]
    pub fn hash(&self) -> Hash {
        self.body.hash()
    }
}
