use crate::{BuildError, Cargo, Target, Toolchain, remaps};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

fn cargo(target: Target) -> Command {
    let cargo = Cargo {
        toolchain: Toolchain::Rustup,
        target,
        folder: Path::new("/project"),
        package: "my-own",
        target_dir: Path::new("/target"),
        remaps: vec![(PathBuf::from("/home/me/crates"), String::from("crates"))],
        arguments: &["--locked"],
    };
    cargo.command()
}

fn variable(command: &Command, name: &str) -> String {
    let found = command.get_envs().find(|(found, _)| *found == OsStr::new(name));
    found.and_then(|(_, value)| value).unwrap_or_default().to_string_lossy().into_owned()
}

#[test]
fn cargo_is_told_all_that_decides_the_bytes() {
    let command = cargo(Target::Contract);
    let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
    assert_eq!(words.join(" "), "build --release --target wasm32-unknown-unknown -p my-own --locked");
    let flags = variable(&command, "CARGO_ENCODED_RUSTFLAGS");
    let expected = [
        "--remap-path-prefix=/home/me/crates=crates",
        "-Clink-arg=-zstack-size=65536",
        "-Clink-arg=--max-memory=67108864",
    ];
    assert_eq!(flags.split('\u{1f}').collect::<Vec<_>>(), expected);
    assert_eq!(variable(&command, "CARGO_INCREMENTAL"), "0");
    // A program is linked as its target is.
    assert!(!variable(&cargo(Target::Program), "CARGO_ENCODED_RUSTFLAGS").contains("stack-size"));
}

/// This test runs under cargo, which has set many variables: of those only the harmless ones get through.
#[test]
fn what_a_cargo_above_has_set_does_not_reach_the_compiler() {
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some(), "cargo runs this test");
    let command = cargo(Target::Contract);
    let removed =
        |name: &str| command.get_envs().any(|(found, value)| found == OsStr::new(name) && value.is_none());
    for name in ["CARGO_MANIFEST_DIR", "CARGO_PKG_NAME", "RUSTFLAGS", "RUSTC", "RUSTUP_TOOLCHAIN"] {
        assert!(removed(name), "{name}");
    }
    assert!(!removed("CARGO_HOME"));
}

#[test]
fn a_missing_toolchain_says_what_to_install() {
    let missing = BuildError::NoToolchain { target: Target::Contract };
    assert_eq!(missing.to_string(), "no compiler here makes modules for wasm32-unknown-unknown");
    let advice = missing.advice().unwrap();
    assert!(advice.contains("`rustup target add wasm32-unknown-unknown`"), "{advice}");
    assert!(advice.contains("rustc-web cargo-web") && !advice.contains("wasi-libc"), "{advice}");
}

#[test]
fn paths_of_the_library_and_of_crates_are_shortened() {
    assert_eq!(remaps()[0].1, "rust");
    assert!(remaps().iter().skip(1).all(|(from, to)| from.is_absolute() && to.is_empty()));
}
