//! The contracts that this program carries for the genesis of local networks.

use hydrogen_core::GenesisContract;
use hydrogen_types::task::{CONTRACT_NAME, TaskConfig, TaskInit};
use hydrogen_types::{Address, PublicKey, codec};

/// The task contract's module.
pub const TASK: &[u8] = include_bytes!("../../../contracts/wasm/task.wasm");

/// The genesis contracts: the task contract with its configuration, owner and relays.
#[must_use]
pub fn genesis(config: TaskConfig, owner: Address, relays: Vec<(PublicKey, String)>) -> Vec<GenesisContract> {
    let init = codec::encode(&TaskInit { config, owner, relays });
    vec![GenesisContract { name: CONTRACT_NAME.into(), code: TASK.to_vec(), init, admin: Some(owner) }]
}
