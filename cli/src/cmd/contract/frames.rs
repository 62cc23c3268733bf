//! Names for the frames of a failure, from the module that `contract build` keeps beside the stripped one.
//!
//! A node knows a module without names, so its frames are numbers. *Invariant*: names are used only if stripping the module
//! they come from gives the very code that ran; anything else would tell tales.

#[cfg(test)]
mod tests;

use crate::client::{Client, ClientError, TxReceipt};
use crate::cmd::contract::project::OUT_FOLDER;
use crate::failure::{Failure, Outcome};
use hydrogen_build::section;
use hydrogen_types::{Address, Hash};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use wasmparser::{KnownCustom, Name, Parser, Payload};

/// Largest module with names that is read, in bytes: names make a module several times its size.
const DEBUG_BYTES_MAX: u64 = 64 << 20;
/// Most files looked at for the right one.
const FILES_MAX: usize = 64;

/// Names of functions by their index.
#[derive(Debug, Default)]
struct Names(BTreeMap<u32, String>);

impl Names {
    /// Names for the code of `hash`: from `debug` if that is given, else from a `*.debug.wasm` beside `near`, in this
    /// folder or in `build` of it or a folder above.
    ///
    /// # Errors
    /// When the file that was given is not of this code.
    fn find(hash: &Hash, debug: Option<&Path>, near: Option<&Path>) -> Outcome<Self> {
        if let Some(file) = debug {
            return Self::read(file, hash).ok_or_else(|| {
                Failure::new(format!("{} is not the module with names of code {hash}", file.display()))
                    .hint("give the `.debug.wasm` that was built together with the deployed module")
            });
        }
        let found = candidates(near).into_iter().take(FILES_MAX).find_map(|file| Self::read(&file, hash));
        Ok(found.unwrap_or_default())
    }

    /// The names in `file`, if it is the code of `hash` with names.
    fn read(file: &Path, hash: &Hash) -> Option<Self> {
        if std::fs::metadata(file).ok()?.len() > DEBUG_BYTES_MAX {
            return None;
        }
        let named = std::fs::read(file).ok()?;
        let stripped = section::strip(&named).ok()?;
        let same = Hash::sha256(&stripped) == *hash
            || section::stamped(&named)
                .is_ok_and(|stamp| Hash::sha256(&section::stamp(&stripped, &stamp)) == *hash);
        same.then(|| Self::parse(&named))
    }

    fn parse(module: &[u8]) -> Self {
        let mut names = BTreeMap::new();
        for payload in Parser::new(0).parse_all(module).map_while(Result::ok) {
            let Payload::CustomSection(section) = payload else { continue };
            let KnownCustom::Name(parts) = section.as_known() else { continue };
            for part in parts.into_iter().map_while(Result::ok) {
                let Name::Function(functions) = part else { continue };
                let functions = functions.into_iter().map_while(Result::ok);
                names.extend(functions.map(|function| (function.index, readable(function.name))));
            }
        }
        Self(names)
    }

    /// Frames with their names, where these are known.
    fn name(&self, frames: &[String]) -> Vec<String> {
        let named = |frame: &String| {
            let index = frame.strip_prefix("function ")?.split(' ').next()?.parse().ok()?;
            Some(format!("{frame} {}", self.0.get(&index)?))
        };
        frames.iter().map(|frame| named(frame).unwrap_or_else(|| frame.clone())).collect()
    }
}

/// A name as its author would write it: no mangling, no hash.
fn readable(name: &str) -> String {
    let text = format!("{:#}", rustc_demangle::demangle(name));
    // The linker writes some names without mangling but with the compiler's hash.
    match text.rsplit_once("::h") {
        Some((head, hash)) if hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            head.into()
        }
        _ => text,
    }
}

/// Files that may hold the names.
fn candidates(near: Option<&Path>) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = near.and_then(Path::parent).map(Path::to_path_buf).into_iter().collect();
    if let Ok(here) = std::env::current_dir() {
        folders.push(here.clone());
        folders.extend(here.ancestors().map(|folder| folder.join(OUT_FOLDER)));
    }
    let mut files: Vec<PathBuf> = Vec::new();
    for folder in folders {
        let folder = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder };
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
        files.extend(entries.filter(|path| path.to_string_lossy().ends_with(".debug.wasm")));
    }
    files
}

/// Whose frames they are.
pub(super) enum Code<'a> {
    /// Of a module in a file.
    Module { hash: &'a Hash, file: &'a Path },
    /// Of whatever a contract runs now.
    Contract { client: &'a Client, contract: &'a Address },
}

impl Code<'_> {
    async fn names(&self, debug: Option<&Path>) -> Outcome<Names> {
        match self {
            Self::Module { hash, file } => Names::find(hash, debug, Some(file)),
            Self::Contract { client, contract } => match client.account(contract).await?.code_hash {
                Some(hash) => Names::find(&hash, debug, None),
                None => Ok(Names::default()),
            },
        }
    }
}

/// The failure of a call or query, with the frames that the chain gave, and their names.
pub(super) async fn explain(error: ClientError, code: &Code<'_>, debug: Option<&Path>) -> Failure {
    let frames = match &error {
        ClientError::WouldFail { receipt } => receipt.side.backtrace.clone(),
        ClientError::Refused { data: Some(data), .. } => data["backtrace"]
            .as_array()
            .map(|frames| frames.iter().filter_map(|frame| Some(frame.as_str()?.to_owned())).collect())
            .unwrap_or_default(),
        _ => Vec::new(),
    };
    if frames.is_empty() {
        return error.into();
    }
    match code.names(debug).await {
        Ok(names) => Failure::from(error).frames(names.name(&frames)),
        Err(failure) => failure,
    }
}

/// A receipt with its frames named, or the failure.
///
/// # Errors
/// What came instead of a receipt; also when the file that was given is not of this code.
pub(super) async fn named(
    receipt: Result<TxReceipt, ClientError>,
    code: &Code<'_>,
    debug: Option<&Path>,
) -> Outcome<TxReceipt> {
    match receipt {
        Ok(mut receipt) => {
            if !receipt.side.backtrace.is_empty() {
                receipt.side.backtrace = code.names(debug).await?.name(&receipt.side.backtrace);
            }
            Ok(receipt)
        }
        Err(error) => Err(explain(error, code, debug).await),
    }
}
