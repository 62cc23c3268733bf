//! The whole life of a task inside one test: an application, compute nodes of every persona, relays, the real
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
//! What a task author wants to know: does the program give one result on every node, and what becomes of a task when
//! nodes lie and a relay is gone? Two of seven nodes cheat here, and one of two relays stops:
//!
//! ```
//! use hydrogen_harness::{Net, Persona};
//! use hydrogen_types::Amount;
//! use hydrogen_types::task::{NodeState, TaskState};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../contracts/wasm/wordcount.wasm");
//! # let program = std::fs::read(file)?;
//! let mut net = Net::builder().nodes(7).cheat(2).relays(2).seed(7).start()?;
//! net.relay_at(0).stop();
//! let caught = |net: &Net, index: usize| net.node(index).map(|node| node.map(|node| node.state));
//! let mut tasks = 0;
//! // The cheats are the last two; each is removed with its stake when it is drawn among honest nodes.
//! while !(5..7).all(|index| matches!(caught(&net, index), Ok(Some(NodeState::Unbonding)))) {
//!     let report = net.run_task(&program, b"to be or not to be")?;
//!     match report.task.state {
//!         TaskState::Success => {
//!             assert_eq!(report.result.as_deref(), Some(b"2 be\n2 to\n1 not\n1 or\n".as_slice()));
//!             assert_eq!(report.task.result_relay, Some(net.relay_at(1).id()));
//!         }
//!         // Both cheats in one panel: three results differ, nobody is paid, all goes back.
//!         _ => assert!(report.task.seats.iter().all(|seat| seat.paid == Amount::ZERO)),
//!     }
//!     tasks += 1;
//!     assert!(tasks < 40, "the draw finds both");
//! }
//! assert_eq!(net.stats()?.burned, Amount::cnx(800));
//!
//! // One persona at a time: what does a node lose that never uploads?
//! let mut net = Net::builder().nodes(3).persona(Persona::NeverUploads, 1).seed(1).start()?;
//! println!("{}", net.run_task(&program, b"to be or not to be")?);
//! # Ok(())
//! # }
//! ```
//!
//! ```text
//! Net::step:  application, nodes look at the tip --> submit --> one block (or the next deadline) --> checks
//!                        |                                        |
//!                        v bytes                                  v sum of all balances never changes
//!                      Relays (the real rules, blobs in memory)
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
