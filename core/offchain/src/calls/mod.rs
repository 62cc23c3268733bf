//! The task contract's calls and queries as typed functions: one codec for the command line, the compute node, the
//! relay and the harness.

mod methods;
mod queries;

pub use methods::{
    Call, accept_ownership, add_stake, args_uploaded, cancel, commit, create_task, expire, join,
    offer_ownership, pause, program_task, quit, register_relay, remove_relay, report_uploaded, resume,
    reveal, set_config, withdraw,
};
pub use queries::{
    Query, config_query, decode_answer, draw_query, node_query, node_task_query, nodes_query, relays_query,
    stats_query, task_query, tasks_query,
};

use hydrogen_types::Address;
use hydrogen_types::task::CONTRACT_NAME;

/// The task contract's address, the same on every chain.
#[must_use]
pub fn task_contract() -> Address {
    Address::of_name(CONTRACT_NAME)
}
