//! Networks, simulated and measured: the simulator, what must hold in it, and tests of the tree itself (`tests/it`).
//! Networks of real processes are tested where the binary is built, in `cli/tests/it`; a task's life in memory in
//! `testnet/harness`.

pub mod invariant;
pub mod sim;
