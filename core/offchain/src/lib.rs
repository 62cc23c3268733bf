//! What happens off the chain in a task's life, as pure state machines: no I/O, no clock, no randomness.
//!
//! ```text
//!  application          compute node               relay
//!  calls::create_task   compute::reconcile -> Duty relay::may_upload_args / may_upload_result / may_download
//!        |                  |   ^                        |
//!        v                  v   | TaskView, Saved        v
//!     calls (one codec)   calls                     relay::issue (signed receipt)
//! ```
//!
//! The drivers (the binary over HTTP and disk, the harness in memory) move bytes and tell the time; every decision
//! is made here, so that both make the same ones.
//!
//! *Invariants*: an outcome is durable before its commitment is sent ([`compute::Duty::Persist`] precedes
//! [`compute::Duty::Commit`]); every duty is derived from the chain's view, so it is due again only while the chain
//! does not show it.
#![forbid(unsafe_code)]

pub mod agreement;
pub mod calls;
pub mod compute;
pub mod personas;
pub mod relay;
pub mod safety;
pub mod signing;
