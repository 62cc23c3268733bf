//! Builds, strips, stamps and checks the WebAssembly modules of this folder. `contracts/build` runs it.
//!
//! ```text
//! contracts/build [NAME...]        builds to contracts/wasm: NAME.wasm (committed) and NAME.debug.wasm (not)
//! contracts/build --check          compares the source hash in every committed module with the sources
//! contracts/build --verify DIR     builds everything into DIR, for tests with HYDROGEN_WASM_DIR=DIR; the
//!                                  sentence `no toolchain` and exit code 3 where nothing can build
//! contracts/build --test           (the script's own) tests the contracts, and the node on modules rebuilt
//! ```
//!
//! A module says which sources it came from: its last section, `hydrogen.source`, holds a SHA-256 over them (see
//! `source.rs`). So anybody can tell a stale module without a compiler for WebAssembly.

mod compile;
mod source;
#[cfg(test)]
mod tests;

// The sources of `hydrogen-build`, which the command line depends on: as a dependency of this workspace they would enter its
// lock file, and so the digest of every committed module.
#[allow(dead_code, unreachable_pub, reason = "the command line uses the rest")]
#[path = "../../../core/build/src/cargo.rs"]
mod cargo;
#[allow(dead_code, unreachable_pub, reason = "as above")]
#[path = "../../../core/build/src/error.rs"]
mod error;
#[allow(unreachable_pub, reason = "as above")]
#[path = "../../../core/build/src/section.rs"]
mod section;
#[allow(dead_code, unreachable_pub, reason = "as above")]
#[path = "../../../core/build/src/toolchain.rs"]
mod toolchain;

use source::Module;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Exit code for "nothing is wrong, but there is no toolchain".
const NO_TOOLCHAIN: u8 = 3;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let root = root();
    let outcome = match words.as_slice() {
        ["--check"] => check(&root),
        ["--verify", dir] => {
            if let Err(missing) = compile::toolchain() {
                eprintln!("no toolchain: {missing}");
                return ExitCode::from(NO_TOOLCHAIN);
            }
            build(&root, &[], Path::new(dir))
        }
        names if names.iter().all(|name| !name.starts_with('-')) => {
            build(&root, names, &root.join("contracts/wasm"))
        }
        _ => Err("usage: contracts/build [NAME...] | --check | --verify DIR | --test".into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// The repository: this crate is at `contracts/tool` in it. Cargo says where that is now; where the crate was compiled
/// may have been another checkout with the same build folder.
fn root() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(PathBuf::new, PathBuf::from);
    here.ancestors().nth(2).unwrap_or(&here).to_path_buf()
}

fn build(root: &Path, names: &[&str], out: &Path) -> Result<(), String> {
    let mut modules = source::modules(root)?;
    if let Some(unknown) = names.iter().find(|name| !modules.iter().any(|module| module.name == **name)) {
        let known: Vec<&str> = modules.iter().map(|module| module.name.as_str()).collect();
        return Err(format!("there is no `{unknown}` to build; there are: {}", known.join(", ")));
    }
    modules.retain(|module| names.is_empty() || names.contains(&module.name.as_str()));
    let toolchain = compile::toolchain()?;
    std::fs::create_dir_all(out).map_err(|error| format!("{}: {error}", out.display()))?;
    for module in &modules {
        let built = compile::compile(toolchain, root, module)?;
        let digest = source::digest(root, module)?;
        let stripped = section::strip(&built).map_err(|error| error.to_string())?;
        let stripped = section::stamp(&stripped, &digest);
        write(&out.join(format!("{}.debug.wasm", module.name)), &section::stamp(&built, &digest))?;
        write(&out.join(format!("{}.wasm", module.name)), &stripped)?;
        println!("{}.wasm: {} bytes", module.name, stripped.len());
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    std::fs::write(path, bytes).map_err(|error| format!("{}: {error}", path.display()))
}

fn check(root: &Path) -> Result<(), String> {
    let folder = root.join("contracts/wasm");
    let modules = source::modules(root)?;
    let mut wrong = Vec::new();
    for module in &modules {
        if let Err(why) = check_one(root, &folder, module) {
            wrong.push(format!("contracts/wasm/{}.wasm: {why}", module.name));
        }
    }
    for name in orphans(&folder, &modules)? {
        wrong.push(format!("contracts/wasm/{name}: no source belongs to it; delete it"));
    }
    if wrong.is_empty() {
        println!("{} modules match their sources", modules.len());
        return Ok(());
    }
    wrong.push("refresh with `contracts/build` and commit contracts/wasm".into());
    Err(wrong.join("\n"))
}

fn check_one(root: &Path, folder: &Path, module: &Module) -> Result<(), String> {
    let bytes =
        std::fs::read(folder.join(format!("{}.wasm", module.name))).map_err(|error| error.to_string())?;
    let stamped = section::stamped(&bytes).map_err(|error| error.to_string())?;
    let digest = source::digest(root, module)?;
    if stamped == digest {
        return Ok(());
    }
    Err(format!("built from other sources ({} instead of {})", short(&stamped), short(&digest)))
}

fn short(digest: &[u8; 32]) -> String {
    digest[..6].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Modules that no source belongs to.
fn orphans(folder: &Path, modules: &[Module]) -> Result<Vec<String>, String> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut names: Vec<String> =
        entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names.retain(|name| match name.strip_suffix(".wasm") {
        Some(stem) => !stem.ends_with(".debug") && !modules.iter().any(|module| module.name == stem),
        None => false,
    });
    Ok(names)
}
