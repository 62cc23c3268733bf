//! The whole life of a task inside one test: an application, compute nodes of every persona, a relay, the real
//! sandbox and the real task contract, on an embedded chain, without a socket.
//!
//! ```
//! use hydrogen_harness::Net;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../contracts/wasm/wordcount.wasm");
//! # let program = std::fs::read(file)?;
//! let mut net = Net::builder().nodes(5).seed(7).start()?;
//! let report = net.run_task(&program, b"to be or not to be")?;
//! println!("{report}");
//! assert!(report.succeeded());
//! # Ok(())
//! # }
//! ```
//!
//! ```text
//! Net::step:  application, nodes look at the tip --> submit --> one block (or the next deadline) --> checks
//!                        |                                        |
//!                        v bytes                                  v sum of all balances never changes
//!                      Relay (the real rules, blobs in memory)
//! ```
//!
//! Everything follows from the seed: the same one gives the same blocks and the same transcript.
//!
//! *Absent on purpose*: threads, clocks, disks; what a network does wrong is tested elsewhere.
#![forbid(unsafe_code)]

mod application;
mod builder;
mod error;
mod external;
mod net;
mod node;
mod relay;
mod relays;
mod report;
mod run;
mod turn;

pub use builder::NetBuilder;
pub use error::HarnessError;
pub use external::ExternalError;
pub use hydrogen_embed::EmbeddedChain;
pub use hydrogen_offchain::personas::Persona;
pub use net::{FEE, Net};
pub use relay::Relay;
pub use report::{BalanceChange, Line, NodeChange, TaskReport};
