//! The rules of the ledger: state, execution, the pool of transactions, the chain.
//!
//! ```text
//! bytes -> validate -> mempool -> block::build -> execute -> state::tree -> chain::commit -> event
//!                                 block::import ----^
//! ```
//!
//! *Invariants*: the same blocks give the same roots on every machine. Core never reads a clock, never draws
//! randomness, never does I/O but through [`store::Store`], and knows no async.

pub mod abi;
pub mod block;
pub mod chain;
pub mod crypto;
pub mod error;
pub mod evidence;
pub mod execute;
pub mod genesis;
pub mod limits;
pub mod mempool;
mod prune;
pub mod reader;
pub mod sets;
pub mod snapshot;
pub mod state;
pub mod store;
pub mod validate;
pub mod vm;

pub use block::{Committed, Executed, verify_certificate};
pub use chain::{Chain, NextDue, Tip};
pub use crypto::{NodeKeys, SecretKey, sign_tx};
pub use error::{BlockError, ChainError, TxError};
pub use evidence::{Evidence, EvidenceBook, EvidenceKey};
pub use execute::{Context, HostError, SubCall, Usage};
pub use genesis::{Genesis, GenesisContract, PARAM_RANGES, ParamRange, Params};
pub use mempool::Mempool;
pub use prune::{Earliest, Keep, KeepError};
pub use reader::{ChainReader, QueryResult};
pub use sets::{VALIDATOR_CHANGES_PAGE_MAX, ValidatorChange};
pub use store::{Batch, MemStore, Store, StoreError, Table};
pub use validate::{CheckedTx, check_tx};
pub use vm::{CodeError, ContractVm, Ending, VmCall, VmError, VmResult};
