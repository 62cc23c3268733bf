//! The relay: who may bring and take what, what a receipt says, and how long bytes are kept.
//!
//! ```text
//! request + TaskView (final blocks only) --> may_* --> Expected { digest, size } or Refusal (an HTTP status)
//! body, hashed while it streams           --> Expected::check --> may_issue, issue --> receipt
//! ```
//!
//! *Provided*: nobody but the creator brings arguments or takes the result, nobody but who may upload brings it, and
//! only the bytes whose hash the chain holds. *Not provided*: secrecy of the arguments towards the panel, quotas.
//! *Requires*: the requester's signature was checked (`signing`), and the view comes from a final block.

mod receipt;
mod retention;
mod rules;
#[cfg(test)]
mod tests;

pub use receipt::{Blob, ReceiptTerms, check_receipt, issue};
pub use retention::{BlobFate, ProgramBudget, ProgramUse, blob_fate, evict_programs, make_room};
pub use rules::{Decision, Expected, Refusal, may_download, may_issue, may_upload_args, may_upload_result};
