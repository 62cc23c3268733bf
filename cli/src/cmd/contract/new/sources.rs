//! What the binary carries: the SDK's sources and the example contracts, which are the templates.

/// A file: its path from the repository's root, and its text.
pub(super) type File = (&'static str, &'static str);

macro_rules! files {
    ($($path:literal)*) => {
        &[$(($path, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../", $path)))),*]
    };
}

/// The SDK, its macros and the vocabulary of the ledger: all that a contract is built from, but for crates from outside.
pub(super) const SDK: &[File] = files![
    "contracts/sdk/Cargo.toml"
    "contracts/sdk/macros/Cargo.toml"
    "contracts/sdk/macros/build.rs"
    "contracts/sdk/macros/src/contract.rs"
    "contracts/sdk/macros/src/derive.rs"
    "contracts/sdk/macros/src/foreign.rs"
    "contracts/sdk/macros/src/lib.rs"
    "contracts/sdk/macros/src/record.rs"
    "contracts/sdk/macros/src/storage.rs"
    "contracts/sdk/macros/src/text.rs"
    "contracts/sdk/src/args.rs"
    "contracts/sdk/src/client.rs"
    "contracts/sdk/src/env.rs"
    "contracts/sdk/src/error.rs"
    "contracts/sdk/src/event.rs"
    "contracts/sdk/src/indexed.rs"
    "contracts/sdk/src/key.rs"
    "contracts/sdk/src/lib.rs"
    "contracts/sdk/src/mock.rs"
    "contracts/sdk/src/storage.rs"
    "contracts/sdk/src/sys.rs"
    "contracts/sdk/src/tests.rs"
    "contracts/sdk/src/vector.rs"
    "core/types/Cargo.toml"
    "core/types/src/block.rs"
    "core/types/src/codec.rs"
    "core/types/src/event.rs"
    "core/types/src/hash.rs"
    "core/types/src/host.rs"
    "core/types/src/keys.rs"
    "core/types/src/lib.rs"
    "core/types/src/merkle.rs"
    "core/types/src/receipt.rs"
    "core/types/src/schedule.rs"
    "core/types/src/schema.rs"
    "core/types/src/task/config.rs"
    "core/types/src/task/mod.rs"
    "core/types/src/task/page.rs"
    "core/types/src/task/view.rs"
    "core/types/src/tests.rs"
    "core/types/src/tx.rs"
    "core/types/src/units.rs"
];

/// The contracts of this repository that a project may start from.
pub(super) const TEMPLATES: &[File] = files![
    "contracts/counter/src/lib.rs"
    "contracts/counter/src/tests.rs"
    "contracts/escrow/src/lib.rs"
    "contracts/escrow/src/tests.rs"
    "contracts/escrow/src/token.rs"
    "contracts/lottery/src/lib.rs"
    "contracts/lottery/src/tests.rs"
    "contracts/token/src/lib.rs"
    "contracts/token/src/tests.rs"
];

/// Tests of the built module on a chain, one a template, and the chain that they share.
pub(super) const CHAIN_TESTS: &[File] = files![
    "contracts/templates/chain.rs"
    "contracts/templates/counter.rs"
    "contracts/templates/escrow.rs"
    "contracts/templates/lottery.rs"
    "contracts/templates/token.rs"
];

/// Manifest of the workspace that the SDK and the examples are built in here.
pub(super) const CONTRACTS_MANIFEST: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../contracts/Cargo.toml"));
/// Manifest of the node's workspace, which `core/types` inherits from.
pub(super) const NODE_MANIFEST: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"));
/// The versions that the examples are built with.
pub(super) const CONTRACTS_LOCK: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../contracts/Cargo.lock"));
/// How the examples are formatted.
pub(super) const RUSTFMT: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../contracts/rustfmt.toml"));
