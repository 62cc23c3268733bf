//! Running the compilers; what they are and how they are called is of `hydrogen-build`.

use crate::cargo::{Cargo, remaps};
use crate::error::BuildError;
use crate::source::{Kind, Module};
use crate::toolchain::{Target, Toolchain};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The way that works here, or what to install.
pub(crate) fn toolchain() -> Result<Toolchain, String> {
    let here = Path::new(".");
    let found = Toolchain::find(Target::Contract, here)
        .and_then(|_| Toolchain::find(Target::Program, here))
        .map_err(|error| format!("{error}: {}", error.advice().unwrap_or_default()));
    found.map_err(|reason| format!("{reason}; the committed modules in contracts/wasm need none"))
}

/// Compiles a module and returns its bytes, with names.
pub(crate) fn compile(toolchain: Toolchain, root: &Path, module: &Module) -> Result<Vec<u8>, String> {
    let target_dir = target_dir();
    let target = match module.kind {
        Kind::CProgram => return clang(module, &target_dir),
        Kind::Contract => Target::Contract,
        Kind::RustProgram => Target::Program,
    };
    let cargo = Cargo {
        toolchain,
        target,
        folder: &root.join("contracts"),
        package: &module.name,
        target_dir: &target_dir,
        remaps: [(root.to_path_buf(), String::new())].into_iter().chain(remaps()).collect(),
        arguments: &["--quiet", "--locked"],
    };
    cargo.module().map_err(|error: BuildError| error.to_string())
}

/// Where cargo builds: set by `contracts/build`, outside the checkout.
fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from)
}

fn clang(module: &Module, target_dir: &Path) -> Result<Vec<u8>, String> {
    let out = target_dir.join(format!("{}.wasm", module.name));
    std::fs::create_dir_all(target_dir).map_err(|error| format!("{}: {error}", target_dir.display()))?;
    let mut command = Command::new("clang");
    command.args([
        "--target=wasm32-wasi",
        "-std=c11",
        "-O2",
        "-ffp-contract=off",
        "-Wall",
        "-Wextra",
        "-Werror",
    ]);
    command.arg("-o").arg(&out).arg(module.folder.join(format!("{}.c", module.name)));
    let status = command.status().map_err(|error| format!("clang: {error}"))?;
    if !status.success() {
        return Err(format!("clang ended with {status}"));
    }
    std::fs::read(&out).map_err(|error| format!("{}: {error}", out.display()))
}
