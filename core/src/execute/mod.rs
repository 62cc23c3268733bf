//! Execution: scheduled calls first, then transactions, each whole or not at all.
//!
//! ```text
//! BlockEnv, state -> Executor: draws -> ordinary calls -> transactions -> Outcome { changes, receipts }
//!                       each: checkpoint -> Context -> ContractVm -> keep | revert -> Receipt
//! ```
//!
//! *Invariants*: nothing that has seen a block's beacon acts before every draw on it is made; the sum of all balances
//! never changes; a failed call leaves a receipt, its fee and a nonce, and nothing else.

mod context;
mod env;
mod executor;
mod frames;
mod ledger;
mod native;
mod schedule;
mod trace;
mod validators;

pub use context::{Context, HostError};
pub use env::{BlockEnv, CodeInfo};
pub(crate) use executor::intrinsic_gas;
pub use executor::{Executor, Outcome};
pub(crate) use frames::Invocation;
pub use frames::SubCall;
pub use ledger::{balance_of, schedule_account};
pub(crate) use schedule::earliest;
pub use trace::{Datum, Step, TRACE_BYTES_MAX, TRACE_STEPS_MAX, Trace, TracedCall, Usage};
