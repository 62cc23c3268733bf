//! What lying earns and costs, in numbers (`task-protocol`, section 13): every figure comes from tasks played on the
//! contract itself, and is compared with `docs/security.md`.
//!
//! Refresh the tables with `HYDROGEN_REFRESH=1 cargo test --release --locked -p task -- security attacks`.

mod collusion;
mod income;
mod odds;
mod page;
mod play;
mod simulation;
mod strategy;
mod tables;

pub(super) use odds::Panels;
pub(super) use page::check_block;
