//! Who may depend on whom, read from the dependency graph that cargo resolves.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// Names of all packages that `package` is built with, itself included.
fn closure(package: &str) -> BTreeSet<String> {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--manifest-path", manifest, "-p", package])
        .args(["--edges", "normal", "--prefix", "none", "--format", "{p}"])
        .env_remove("CARGO_RESOLVER_FEATURE_UNIFICATION")
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

fn never(package: &str, forbidden: &[&str]) {
    let closure = closure(package);
    assert!(closure.contains(package), "the graph holds {package} itself");
    let found: Vec<_> = forbidden.iter().filter(|name| closure.contains(**name)).collect();
    assert!(found.is_empty(), "{package} depends on {found:?}");
}

#[test]
fn types_know_no_curve_no_json_no_async() {
    never(
        "hydrogen-types",
        &["serde", "serde_json", "tokio", "ed25519-dalek", "curve25519-dalek", "rocksdb"],
    );
}

#[test]
fn the_light_client_has_no_store() {
    never("hydrogen-proof", &["tokio", "rocksdb", "wasmtime", "libp2p", "hydrogen-core", "serde_json"]);
}

#[test]
fn core_and_its_deciders_are_synchronous_and_pure() {
    for package in ["hydrogen-core", "hydrogen-offchain"] {
        never(package, &["tokio", "wasmtime", "libp2p", "rocksdb", "getrandom", "rand"]);
    }
}

#[test]
fn embedders_get_no_network_and_no_engine_on_disk() {
    for package in ["hydrogen-vm", "hydrogen-embed", "hydrogen-harness"] {
        never(package, &["tokio", "libp2p", "rocksdb", "librocksdb-sys", "jsonrpsee"]);
    }
}

#[test]
fn agreement_knows_no_sandbox_and_no_rpc() {
    never("hydrogen-p2p", &["wasmtime", "jsonrpsee", "axum", "hydrogen-vm", "hydrogen"]);
}

/// Whoever tests a contract builds neither a node nor an async runtime.
#[test]
fn the_test_kit_has_no_node() {
    never(
        "hydrogen-test",
        &["tokio", "libp2p", "rocksdb", "librocksdb-sys", "jsonrpsee", "hydrogen", "hydrogen-p2p"],
    );
}

/// Edges among the crates of this workspace; a new one comes with a decision record.
#[test]
fn the_edges_are_the_documented_ones() {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--offline", "--no-deps", "--format-version", "1", "--manifest-path", manifest])
        .output()
        .expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo writes JSON");
    let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in metadata["packages"].as_array().expect("packages") {
        let ours = |name: &str| name == "hydrogen" || name.starts_with("hydrogen-");
        let dependencies = package["dependencies"].as_array().expect("dependencies");
        let own = dependencies
            .iter()
            .filter(|dependency| dependency["kind"].is_null())
            .filter_map(|dependency| dependency["name"].as_str())
            .filter(|name| ours(name))
            .map(str::to_owned);
        edges.insert(package["name"].as_str().expect("name").to_owned(), own.collect());
    }
    let allowed: &[(&str, &[&str])] = &[
        ("hydrogen-build", &[]),
        ("hydrogen-types", &[]),
        ("hydrogen-proof", &["hydrogen-types"]),
        ("hydrogen-core", &["hydrogen-proof", "hydrogen-types"]),
        ("hydrogen-vm", &["hydrogen-core", "hydrogen-types"]),
        ("hydrogen-embed", &["hydrogen-core", "hydrogen-types", "hydrogen-vm"]),
        ("hydrogen-offchain", &["hydrogen-core", "hydrogen-types"]),
        (
            "hydrogen-test",
            &["hydrogen-core", "hydrogen-embed", "hydrogen-harness", "hydrogen-sdk", "hydrogen-types"],
        ),
        ("hydrogen-p2p", &["hydrogen-core", "hydrogen-types"]),
        (
            "hydrogen-harness",
            &["hydrogen-core", "hydrogen-embed", "hydrogen-offchain", "hydrogen-types", "hydrogen-vm"],
        ),
        (
            "hydrogen-fuzz",
            &[
                "hydrogen-core",
                "hydrogen-offchain",
                "hydrogen-p2p",
                "hydrogen-proof",
                "hydrogen-types",
                "hydrogen-vm",
            ],
        ),
        (
            "hydrogen",
            &[
                "hydrogen-build",
                "hydrogen-core",
                "hydrogen-embed",
                "hydrogen-offchain",
                "hydrogen-p2p",
                "hydrogen-proof",
                "hydrogen-types",
                "hydrogen-vm",
            ],
        ),
    ];
    for (package, may) in allowed {
        let has = edges.get(*package).unwrap_or_else(|| panic!("no package {package}"));
        let extra: Vec<_> = has.iter().filter(|name| !may.contains(&name.as_str())).collect();
        assert!(
            extra.is_empty(),
            "{package} has new edges {extra:?}: write a record in docs/adr and list them here"
        );
    }
    assert!(
        edges.iter().all(|(_, has)| !has.contains("hydrogen-testnet")),
        "nobody uses the crate that measures networks"
    );
}
