//! An author's project: which package, where it builds, and what is built of it.

use crate::failure::{Failure, Outcome};
use hydrogen_build::{BuildError, Cargo, Target, Toolchain, clean, remaps, section};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Folder of the built modules, in the project's.
pub(super) const OUT_FOLDER: &str = "build";

/// A package that makes a contract.
#[derive(Debug)]
pub(super) struct Project {
    /// Its folder.
    pub(super) folder: PathBuf,
    /// The package's name.
    pub(super) name: String,
    /// Where cargo builds.
    target_dir: PathBuf,
}

/// The files of a built module.
#[derive(Debug)]
pub(super) struct Built {
    /// What is deployed.
    pub(super) file: PathBuf,
    /// The same with names.
    pub(super) debug_file: PathBuf,
    /// The module that is deployed.
    pub(super) module: Vec<u8>,
    /// What the compiler calls itself.
    pub(super) compiler: String,
}

impl Project {
    /// The package whose manifest lies in `folder`.
    ///
    /// # Errors
    /// When there is none, or it makes no module.
    pub(super) fn open(folder: &Path) -> Outcome<Self> {
        let manifest = folder.join("Cargo.toml");
        if !manifest.is_file() {
            return Err(Failure::new(format!("there is no project in {}: no Cargo.toml", folder.display()))
                .hint("`hydrogen contract new NAME` makes one; --path DIR names another folder"));
        }
        let failed = |error| Failure::of(manifest.display(), &error);
        let folder = folder.canonicalize().map_err(failed)?;
        let metadata = metadata(&folder)?;
        let manifest = folder.join("Cargo.toml");
        let packages = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
        let own = packages.iter().find(|package| {
            package["manifest_path"].as_str().is_some_and(|path| Path::new(path) == manifest)
        });
        let Some(own) = own else {
            return Err(Failure::new(format!("{} is a workspace without a package", manifest.display()))
                .hint(members(packages)));
        };
        let name = own["name"].as_str().unwrap_or_default().to_owned();
        let makes_module = own["targets"].as_array().is_some_and(|targets| {
            targets.iter().any(|target| {
                target["crate_types"]
                    .as_array()
                    .is_some_and(|types| types.iter().any(|kind| kind == "cdylib"))
            })
        });
        if !makes_module {
            return Err(Failure::new(format!("the package `{name}` makes no module: it has no `cdylib`"))
                .hint("add to its Cargo.toml:\n[lib]\ncrate-type = [\"cdylib\", \"rlib\"]"));
        }
        let path_of = |field: &str| PathBuf::from(metadata[field].as_str().unwrap_or_default());
        let target_dir = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
        Ok(Self { folder, name, target_dir: target_dir.unwrap_or_else(|| path_of("target_directory")) })
    }

    /// Compiles the module, strips it and writes both forms.
    ///
    /// # Errors
    /// When nothing here compiles for the chain, or it does not compile.
    pub(super) fn build(&self) -> Outcome<Built> {
        let toolchain = Toolchain::find(Target::Contract, &self.folder).map_err(|error| failed(&error))?;
        let cargo = Cargo {
            toolchain,
            target: Target::Contract,
            folder: &self.folder,
            package: &self.name,
            // Not where native tests are built: theirs may be another compiler.
            target_dir: &self.target_dir.join("hydrogen"),
            remaps: remaps(),
            arguments: &[],
        };
        let named = cargo.module().map_err(|error| failed(&error))?;
        let module = section::strip(&named).map_err(|error| failed(&error))?;
        let out = self.folder.join(OUT_FOLDER);
        let built = Built {
            file: out.join(format!("{}.wasm", self.name)),
            debug_file: out.join(format!("{}.debug.wasm", self.name)),
            module,
            compiler: toolchain.compiler(&self.folder),
        };
        std::fs::create_dir_all(&out)
            .and_then(|()| std::fs::write(&built.debug_file, &named))
            .and_then(|()| std::fs::write(&built.file, &built.module))
            .map_err(|error| Failure::of(out.display(), &error))?;
        Ok(built)
    }
}

/// A failure with what to do about it.
fn failed(error: &BuildError) -> Failure {
    let failure = Failure::of("the module was not built", error);
    match error.advice() {
        Some(advice) => failure.named("NoToolchain").hint(advice),
        None => failure.hint("the compiler's own words are above"),
    }
}

fn members(packages: &[Value]) -> String {
    let folders: Vec<String> = packages
        .iter()
        .filter_map(|package| Path::new(package["manifest_path"].as_str()?).parent())
        .map(|folder| folder.display().to_string())
        .collect();
    format!("name one of its packages with --path: {}", folders.join(", "))
}

/// What cargo knows of the project. Nothing is downloaded for it.
fn metadata(folder: &Path) -> Outcome<Value> {
    let program =
        if Command::new("cargo").arg("--version").output().is_ok() { "cargo" } else { "/usr/bin/cargo" };
    let mut command = Command::new(program);
    clean(&mut command);
    command.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]).current_dir(folder);
    let output = command.output().map_err(|error| {
        Failure::of("cargo does not start", &error)
            .hint("install Rust: https://rustup.rs, or Debian's `cargo-web`")
    })?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        return Err(Failure::new(format!("cargo cannot read {}: {}", folder.display(), words.trim()))
            .hint("mend Cargo.toml, or compare it with that of a new project"));
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
