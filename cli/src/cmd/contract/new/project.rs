//! The files of a new project, made from what the binary carries.
//!
//! ```text
//! NAME/  Cargo.toml Cargo.lock rustfmt.toml README.md .gitignore
//!        src/            the template, its contract's module named like the project, with native tests
//!        tests/          the built module on a chain
//!        hydrogen-sdk/   the SDK's sources, in folders as in the repository they come from
//! ```
//!
//! The SDK lies inside the project, not in a folder of the user's: whoever checks the project out, on any machine, builds
//! the same module from it, and it changes when the author wants, not when the tool is updated.

use super::Template;
use super::sources::{
    CHAIN_TESTS, CONTRACTS_LOCK, CONTRACTS_MANIFEST, File, NODE_MANIFEST, RUSTFMT, SDK, TEMPLATES,
};
use std::collections::BTreeSet;

/// Folder of the SDK in a project.
pub(super) const SDK_FOLDER: &str = "hydrogen-sdk";
/// What a contract depends on directly.
const DEPENDENCIES: &[&str] = &["borsh", "hydrogen-sdk"];
/// What the SDK's three crates depend on, each with the manifest that names its version.
const SDK_DEPENDENCIES: &[(&str, &str)] = &[
    ("bech32", NODE_MANIFEST),
    ("borsh", CONTRACTS_MANIFEST),
    ("proc-macro2", CONTRACTS_MANIFEST),
    ("quote", CONTRACTS_MANIFEST),
    ("sha2", CONTRACTS_MANIFEST),
    ("syn", CONTRACTS_MANIFEST),
];

/// All files of the project `name`: path and text.
pub(super) fn files(name: &str, template: Template) -> Vec<(String, String)> {
    let mut files = vec![
        ("Cargo.toml".into(), manifest(name, template)),
        ("Cargo.lock".into(), lock(name)),
        ("rustfmt.toml".into(), RUSTFMT.into()),
        ("README.md".into(), readme(name, template)),
        (".gitignore".into(), "/build/\n/target/\n".into()),
        (format!("{SDK_FOLDER}/Cargo.toml"), sdk_manifest()),
    ];
    let module = name.replace('-', "_");
    let own = template.name();
    for (path, text) in sources(template) {
        let text = text
            .replace(&format!("mod {own} {{"), &format!("mod {module} {{"))
            .replace(&format!("use super::{own}::"), &format!("use super::{module}::"));
        files.push((format!("src/{path}"), text));
    }
    for (path, place) in [(own, "tests/on_chain.rs"), ("chain", "tests/chain/mod.rs")] {
        let path = format!("contracts/templates/{path}.rs");
        let (_, text) = CHAIN_TESTS.iter().find(|(found, _)| *found == path).expect("each template has one");
        files.push((place.into(), (*text).into()));
    }
    files.extend(SDK.iter().map(|(path, text)| (format!("{SDK_FOLDER}/{path}"), (*text).into())));
    files
}

/// The template's files below `src`.
fn sources(template: Template) -> impl Iterator<Item = File> {
    let folder = format!("contracts/{}/src/", template.name());
    TEMPLATES.iter().filter_map(move |(path, text)| Some((path.strip_prefix(&folder)?, *text)))
}

/// Names that a project of this template cannot have: of crates it is built with, and of its other modules.
pub(super) fn taken(template: Template) -> impl Iterator<Item = &'static str> {
    let modules = sources(template).filter_map(|(path, _)| path.strip_suffix(".rs"));
    closure().into_iter().map(|package| package.name).chain(modules)
}

/// The line that says where `dependency` comes from.
fn dependency(manifest: &'static str, dependency: &str) -> &'static str {
    let start = format!("{dependency} = ");
    manifest.lines().find(|line| line.starts_with(&start)).expect("a manifest here names every dependency")
}

/// From the line `start` to the next empty line.
fn paragraph(manifest: &'static str, start: &str) -> &'static str {
    let from = manifest.find(start).map(|at| &manifest[at..]).expect("the manifest has this table");
    from.split("\n\n").next().unwrap_or(from).trim_end()
}

fn manifest(name: &str, template: Template) -> String {
    let borsh = dependency(CONTRACTS_MANIFEST, "borsh");
    let profile = paragraph(CONTRACTS_MANIFEST, "[profile.release]\n");
    let about = template.about();
    format!(
        r#"[package]
name = "{name}"
version = "0.1.0"
edition = "2024"
rust-version = "1.95"
description = "{about}"
publish = false

[lib]
# A module for the chain, and a library for tests.
crate-type = ["cdylib", "rlib"]

[dependencies]
{borsh}
hydrogen-sdk = {{ path = "{SDK_FOLDER}/contracts/sdk" }}

# Bytes cost gas at upload and at every call, so size comes before speed.
{profile}

# Checks on arithmetic are for what touches money; the crates from outside are built as everywhere.
[profile.release.package."*"]
overflow-checks = false

[profile.release.package.hydrogen-sdk]
overflow-checks = true

[profile.release.package.hydrogen-types]
overflow-checks = true

# The SDK has a workspace of its own.
[workspace]
exclude = ["{SDK_FOLDER}"]
"#
    )
}

fn sdk_manifest() -> String {
    let package = paragraph(CONTRACTS_MANIFEST, "[workspace.package]\n");
    let dependencies: Vec<&str> =
        SDK_DEPENDENCIES.iter().map(|(name, manifest)| dependency(manifest, name)).collect();
    format!(
        r#"# The SDK as it was when this project was made, by hydrogen {version}. It is yours to read, and to replace by a newer one.
[workspace]
resolver = "3"
members = ["contracts/sdk", "contracts/sdk/macros", "core/types"]

{package}

[workspace.dependencies]
{dependencies}
hydrogen-sdk-macros = {{ path = "contracts/sdk/macros" }}
hydrogen-types = {{ path = "core/types" }}

[workspace.lints.rust]
unsafe_code = "deny"
"#,
        version = env!("CARGO_PKG_VERSION"),
        dependencies = dependencies.join("\n"),
    )
}

/// A package of the lock file.
struct Locked {
    name: &'static str,
    text: &'static str,
}

impl Locked {
    /// Names of what it depends on; a version that stands behind a name is of no interest here.
    fn dependencies(&self) -> impl Iterator<Item = &'static str> {
        let list = self.text.split_once("dependencies = [").map_or("", |(_, list)| list);
        list.split('"').skip(1).step_by(2).filter_map(|entry| entry.split(' ').next())
    }
}

/// What a contract is built from, in the order of the lock file.
fn closure() -> Vec<Locked> {
    let packages = || {
        CONTRACTS_LOCK.split("[[package]]\n").skip(1).filter_map(|text| {
            let name = text.strip_prefix("name = \"")?.split('"').next()?;
            Some(Locked { name, text })
        })
    };
    let mut wanted: BTreeSet<&str> = DEPENDENCIES.iter().copied().collect();
    loop {
        let more: Vec<&str> = packages()
            .filter(|package| wanted.contains(package.name))
            .flat_map(|package| package.dependencies().collect::<Vec<_>>())
            .collect();
        let before = wanted.len();
        wanted.extend(more);
        if wanted.len() == before {
            return packages().filter(|package| wanted.contains(package.name)).collect();
        }
    }
}

/// The versions that the examples are built and tested with, so that a project begins with the same.
fn lock(name: &str) -> String {
    let own = DEPENDENCIES.iter().map(|dependency| format!(" \"{dependency}\",\n")).collect::<String>();
    let own = format!("name = \"{name}\"\nversion = \"0.1.0\"\ndependencies = [\n{own}]");
    let mut packages: Vec<(String, String)> = closure()
        .into_iter()
        .map(|package| (package.name.to_owned(), package.text.trim_end().to_owned()))
        .collect();
    packages.push((name.to_owned(), own));
    packages.sort();
    let head = "# This file is automatically @generated by Cargo.\n# It is not intended for manual editing.\nversion = 4\n";
    packages.iter().fold(String::from(head), |text, (_, package)| format!("{text}\n[[package]]\n{package}\n"))
}

fn readme(name: &str, template: Template) -> String {
    let (about, first) = (template.about(), template.first_calls().replace("NAME", name));
    format!(
        r"# {name}

{about}

```
hydrogen contract test               # the rules, natively, then the module on a chain in memory
hydrogen contract build              # build/{name}.wasm, checked as the chain checks it
hydrogen dev                         # a chain of your own, in another terminal
{first}
hydrogen contract upgrade ADDRESS build/{name}.wasm --from dev0
```

`src/lib.rs` is the contract, `src/tests.rs` holds tests of its rules on a host in memory, and `tests/on_chain.rs` tests of the
module on a real chain, which `hydrogen contract test` starts; `build/{name}.debug.wasm` gives names to the frames of a failure.
`{SDK_FOLDER}` holds the SDK's sources: begin with the example in `{SDK_FOLDER}/contracts/sdk/src/lib.rs`. Other crates come
from cargo as usual; they must do without `std` on `wasm32-unknown-unknown`. Commit `Cargo.lock`: the same sources, lock
file and compiler give the same bytes, so that others can check what you deployed.
"
    )
}
