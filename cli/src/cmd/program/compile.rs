//! Running the compilers. The same sources give the same bytes, from whichever folder.

use crate::cmd::program::toolchain::{Clang, DEBIAN_SOURCE, DEBIAN_WASI, RUST_TARGET, Rust};
use crate::failure::{Failure, Outcome};
use serde_json::Value;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What the C compiler is told: `template/c/Makefile` says the same.
pub(super) const C_FLAGS: &[&str] =
    &["-std=gnu11", "-Os", "-Wall", "-Wextra", "-Werror=date-time", "-Wl,--strip-all"];

/// A program's source.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Project {
    /// A package.
    Rust,
    /// Its files, relative to the folder, in order of name.
    C(Vec<PathBuf>),
}

impl Project {
    /// What lies in `folder`.
    pub(super) fn of(folder: &Path) -> Outcome<Self> {
        if folder.join("Cargo.toml").is_file() {
            return Ok(Self::Rust);
        }
        let mut files = c_files(folder, Path::new(""))?;
        if folder.join("src").is_dir() {
            files.extend(c_files(folder, Path::new("src"))?);
        }
        if files.is_empty() {
            return Err(Failure::new(format!(
                "{} has neither a Cargo.toml nor a C file, nor has its folder `src`",
                folder.display()
            ))
            .hint("name the program's folder with --path; `hydrogen program new NAME` begins one"));
        }
        Ok(Self::C(files))
    }
}

fn c_files(folder: &Path, below: &Path) -> Outcome<Vec<PathBuf>> {
    let failed = |error| Failure::of(folder.join(below).display(), &error);
    let mut files = Vec::new();
    for entry in fs::read_dir(folder.join(below)).map_err(failed)? {
        let name = PathBuf::from(entry.map_err(failed)?.file_name());
        if name.extension().is_some_and(|extension| extension == "c") {
            files.push(below.join(name));
        }
    }
    files.sort();
    Ok(files)
}

/// Compiles C files of `folder` into `output`, which is absolute.
pub(super) fn c(clang: &Clang, folder: &Path, files: &[PathBuf], output: &Path) -> Outcome {
    let mut command = Command::new(&clang.path);
    // Relative names: `__FILE__` says the same wherever the folder lies.
    command.current_dir(folder).arg(format!("--target={}", clang.target)).args(C_FLAGS);
    command.arg("-o").arg(output).args(files).arg("-lm");
    run(command)
}

/// One binary of a package.
#[derive(Debug)]
pub(super) struct Binary {
    /// Its name.
    pub(super) name: String,
    /// The workspace's folder.
    root: PathBuf,
    /// Where cargo builds.
    target: PathBuf,
}

impl Binary {
    /// The only one of the package in `folder`, or the one called `wanted`.
    pub(super) fn find(rust: Rust, folder: &Path, wanted: Option<&str>) -> Outcome<Self> {
        let mut command = rust.cargo();
        command.current_dir(folder).args(["metadata", "--no-deps", "--format-version", "1"]);
        let output = command.stderr(Stdio::inherit()).output();
        let output = output.map_err(|error| Failure::of("cargo", &error))?;
        if !output.status.success() {
            return Err(Failure::new(format!("cargo cannot read {}/Cargo.toml", folder.display()))
                .hint("its message stands above"));
        }
        let metadata: Value = serde_json::from_slice(&output.stdout)?;
        let path = |name: &str| PathBuf::from(metadata[name].as_str().unwrap_or_default());
        let names = binaries(&metadata, &folder.join("Cargo.toml"));
        let name = choose(&names, wanted)?;
        Ok(Self { name, root: path("workspace_root"), target: path("target_directory") })
    }

    /// Compiles it and copies the module to `output`.
    pub(super) fn compile(&self, rust: Rust, folder: &Path, output: &Path) -> Outcome {
        let mut command = rust.cargo();
        command.current_dir(folder).args([
            "build",
            "--release",
            "--target",
            RUST_TARGET,
            "--bin",
            &self.name,
        ]);
        let mut flags = remaps(&self.root);
        flags.push("-Cstrip=symbols".to_owned());
        if rust == Rust::Debian {
            command.arg("-Zbuild-std=std,panic_abort");
            flags.push(format!("-L{DEBIAN_WASI}"));
            flags.push("-Clink-self-contained=no".to_owned());
            flags.push(format!("-Clink-arg={DEBIAN_WASI}/crt1-command.o"));
        }
        // The flags are ours alone: others would give other bytes.
        command.env_remove("RUSTFLAGS").env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"));
        command.env("CARGO_INCREMENTAL", "0");
        // Nobody reads stdout but for the command's answer.
        command.stdout(Stdio::null());
        run(command)?;
        let built = self.target.join(RUST_TARGET).join("release").join(format!("{}.wasm", self.name));
        fs::copy(&built, output).map_err(|error| Failure::of(built.display(), &error))?;
        Ok(())
    }
}

/// Names of the binaries of the package with this manifest.
fn binaries(metadata: &Value, manifest: &Path) -> Vec<String> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let packages = list(&metadata["packages"]).into_iter();
    let ours = packages.filter(|package| package["manifest_path"].as_str().map(Path::new) == Some(manifest));
    let targets = ours.flat_map(|package| list(&package["targets"]));
    let binaries = targets.filter(|target| list(&target["kind"]).iter().any(|kind| kind == "bin"));
    binaries.filter_map(|target| target["name"].as_str().map(str::to_owned)).collect()
}

pub(super) fn choose(names: &[String], wanted: Option<&str>) -> Outcome<String> {
    match (names, wanted) {
        (_, Some(wanted)) if names.iter().any(|name| name == wanted) => Ok(wanted.to_owned()),
        ([], _) => Err(Failure::new("this package has no binary").hint(
            "a program is a binary, with `fn main` in src/main.rs; in a workspace name the member's folder with --path",
        )),
        (_, Some(wanted)) => Err(Failure::new(format!("there is no binary `{wanted}`"))
            .hint(format!("there are: {}", names.join(", ")))),
        ([only], None) => Ok(only.clone()),
        (_, None) => Err(Failure::new(format!("this package has {} binaries", names.len()))
            .hint(format!("choose one with --bin: {}", names.join(", ")))),
    }
}

/// Paths in messages of panics: from the workspace, a registry or the library, never the machine's.
fn remaps(root: &Path) -> Vec<String> {
    let mut pairs = vec![(root.to_path_buf(), "."), (PathBuf::from(DEBIAN_SOURCE), "rust")];
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo")));
    for below in ["registry/src", "git/checkouts"] {
        let entries = home.as_ref().and_then(|home| fs::read_dir(home.join(below)).ok());
        let folders = entries.into_iter().flatten().flatten().map(|entry| (entry.path(), ""));
        pairs.extend(folders);
    }
    pairs.into_iter().map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display())).collect()
}

fn run(mut command: Command) -> Outcome {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command.stdin(Stdio::null()).status().map_err(|error| Failure::of(&name, &error))?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(format!("{name} ended with {status}"))
        .named("CompilerFailed")
        .hint("its message stands above"))
}
