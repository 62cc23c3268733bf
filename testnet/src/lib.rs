//! Networks, simulated and measured: the simulator, what must hold in it, networks of real processes under faults, and
//! tests of the tree itself (`tests/it`). A task's life in memory is in `testnet/harness`.

pub mod hostile;
pub mod invariant;
pub mod real;
pub mod sim;
