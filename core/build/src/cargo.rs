//! Running cargo so that the same sources give the same bytes.

use crate::error::BuildError;
use crate::toolchain::{DEBIAN_RUSTC, DEBIAN_SOURCE, DEBIAN_WASI, Target, Toolchain};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Stack of a contract: the sandbox keeps small memories resident, and counts the stack itself.
const CONTRACT_STACK: &str = "-zstack-size=65536";
/// Most memory of a contract: what the sandbox gives at most.
const CONTRACT_MEMORY: &str = "--max-memory=67108864";
/// Variables of cargo that say where crates come from or how it talks, not what it makes of them.
const HARMLESS: &[&str] = &[
    "CARGO_HOME",
    "CARGO_BUILD_JOBS",
    "CARGO_HTTP_",
    "CARGO_NET_",
    "CARGO_REGISTR",
    "CARGO_SOURCE_",
    "CARGO_TERM_",
];

/// One module to be made by cargo, in release.
#[derive(Debug, Clone)]
pub struct Cargo<'a> {
    /// With what.
    pub toolchain: Toolchain,
    /// For what.
    pub target: Target,
    /// Where cargo runs: a workspace's or a package's folder.
    pub folder: &'a Path,
    /// The package.
    pub package: &'a str,
    /// Where it builds.
    pub target_dir: &'a Path,
    /// Folders whose names must not reach the module, each with what stands there instead; see [`remaps`].
    pub remaps: Vec<(PathBuf, String)>,
    /// More arguments, such as `--locked`.
    pub arguments: &'a [&'a str],
}

impl Cargo<'_> {
    /// Compiles; the module's bytes, with names. What the compiler says goes to this process's stderr.
    ///
    /// # Errors
    /// [`BuildError::Ended`] when it does not compile.
    pub fn module(&self) -> Result<Vec<u8>, BuildError> {
        let mut command = self.command();
        let program = self.toolchain.cargo().to_owned();
        let status =
            command.status().map_err(|source| BuildError::NotStarted { program: program.clone(), source })?;
        if !status.success() {
            return Err(BuildError::Ended { program, status });
        }
        let path = self
            .target_dir
            .join(self.target.triple())
            .join("release")
            .join(format!("{}.wasm", self.package.replace('-', "_")));
        std::fs::read(&path).map_err(|source| BuildError::File { path, source })
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(self.toolchain.cargo());
        clean(&mut command);
        command.args(["build", "--release", "--target", self.target.triple(), "-p", self.package]);
        command.args(self.arguments).current_dir(self.folder);
        let mut flags: Vec<String> = self
            .remaps
            .iter()
            .map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display()))
            .collect();
        if self.target == Target::Contract {
            flags.extend([CONTRACT_STACK, CONTRACT_MEMORY].map(|argument| format!("-Clink-arg={argument}")));
        }
        if self.toolchain == Toolchain::Debian {
            command.env("RUSTC", DEBIAN_RUSTC).env("RUSTC_BOOTSTRAP", "1");
            match self.target {
                Target::Contract => {
                    command.args(["-Zbuild-std=core,alloc", "-Zbuild-std-features=optimize_for_size"]);
                }
                Target::Program => {
                    command.arg("-Zbuild-std=std,panic_abort");
                    flags.push(format!("-L{DEBIAN_WASI}"));
                    flags.push("-Clink-self-contained=no".into());
                    flags.push(format!("-Clink-arg={DEBIAN_WASI}/crt1-command.o"));
                }
            }
        }
        command.env("CARGO_TARGET_DIR", self.target_dir).env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"));
        command.env("CARGO_INCREMENTAL", "0");
        command
    }
}

/// Takes away the variables that change what a compiler makes, or that a cargo above this process has set for itself.
pub fn clean(command: &mut Command) {
    for variable in ["RUSTUP_TOOLCHAIN", "LD_LIBRARY_PATH", "RUSTFLAGS", "CARGO", "RUSTC"] {
        command.env_remove(variable);
    }
    for (name, _) in std::env::vars_os() {
        let Some(text) = name.to_str() else { continue };
        let harmless = HARMLESS.iter().any(|start| text.starts_with(start));
        if (text.starts_with("CARGO_") || text.starts_with("__CARGO")) && !harmless {
            command.env_remove(&name);
        }
    }
}

/// Paths in panic messages: from a crate's folder or the library's, never the machine's. Those of a workspace's own files
/// are relative by themselves; a folder that lies outside it needs a pair of its own.
#[must_use]
pub fn remaps() -> Vec<(PathBuf, String)> {
    let mut pairs = vec![(PathBuf::from(DEBIAN_SOURCE), String::from("rust"))];
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo")));
    if let Some(registries) = home.and_then(|home| std::fs::read_dir(home.join("registry/src")).ok()) {
        pairs.extend(registries.flatten().map(|entry| (entry.path(), String::new())));
    }
    pairs
}
