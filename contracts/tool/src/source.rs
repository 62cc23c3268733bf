//! What modules there are and which files each is made from.
//!
//! The hash of a module is SHA-256 over its files in the order of their paths: for each, the path from the repository's
//! root with `/`, a zero byte, the length of the content as `u64` LE, the content.

use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// How a module is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A contract in Rust, on the SDK.
    Contract,
    /// A task program in Rust.
    RustProgram,
    /// A task program in C.
    CProgram,
}

/// One module.
#[derive(Debug)]
pub(crate) struct Module {
    /// Its name and its package's.
    pub(crate) name: String,
    /// How it is made.
    pub(crate) kind: Kind,
    /// Its folder.
    pub(crate) folder: PathBuf,
}

/// Contracts first, then programs, each in order of name.
pub(crate) fn modules(root: &Path) -> Result<Vec<Module>, String> {
    let mut modules = Vec::new();
    for folder in folders(&root.join("contracts"))? {
        let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
        if manifest.contains("cdylib") {
            modules.push(Module { name: name(&folder), kind: Kind::Contract, folder });
        }
    }
    for folder in folders(&root.join("contracts/programs"))? {
        let rust = folder.join("Cargo.toml").exists();
        let kind = if rust { Kind::RustProgram } else { Kind::CProgram };
        modules.push(Module { name: name(&folder), kind, folder });
    }
    Ok(modules)
}

fn name(folder: &Path) -> String {
    folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn folders(parent: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = std::fs::read_dir(parent).map_err(|error| format!("{}: {error}", parent.display()))?;
    let mut folders: Vec<PathBuf> =
        entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    Ok(folders)
}

/// The hash over the sources of a module.
pub(crate) fn digest(root: &Path, module: &Module) -> Result<[u8; 32], String> {
    let mut files = BTreeSet::new();
    collect(&module.folder, &mut files)?;
    let contracts = root.join("contracts");
    match module.kind {
        Kind::CProgram => {}
        Kind::RustProgram => {
            files.insert(contracts.join("Cargo.toml"));
            files.insert(contracts.join("Cargo.lock"));
        }
        Kind::Contract => {
            collect(&contracts.join("sdk"), &mut files)?;
            collect(&root.join("core/types"), &mut files)?;
            files.insert(contracts.join("Cargo.toml"));
            files.insert(contracts.join("Cargo.lock"));
        }
    }
    let mut hasher = Sha256::new();
    for file in files {
        let content = std::fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        let path = file.strip_prefix(root).unwrap_or(&file);
        let path: Vec<String> =
            path.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
        hasher.update(path.join("/").as_bytes());
        hasher.update([0]);
        hasher.update((content.len() as u64).to_le_bytes());
        hasher.update(&content);
    }
    Ok(hasher.finalize().into())
}

/// Files that a compiler reads: manifests, Rust and C. Tests in files of their own are left out: they are in no module.
fn collect(folder: &Path, files: &mut BTreeSet<PathBuf>) -> Result<(), String> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for entry in entries.flatten() {
        let path = entry.path();
        let name = name(&path);
        if path.is_dir() {
            if !matches!(name.as_str(), "tests" | "target" | "benches" | "examples") {
                collect(&path, files)?;
            }
        } else if name == "Cargo.toml"
            || (name.ends_with(".rs") && name != "tests.rs")
            || name.ends_with(".c")
        {
            files.insert(path);
        }
    }
    Ok(())
}
