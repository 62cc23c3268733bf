//! What holds over the tree itself, as tests: see `tests/it`. Networks of real processes are tested where the binary
//! is built, in `cli/tests/it`; a task's life in memory in `testnet/harness`.
