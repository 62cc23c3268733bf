//! Compiled code on disk: what one run of the node compiled, the next need not.
//!
//! ```text
//! HASH-CONTEXT.code:  magic (16)  code (32)  module bytes (8)  pages (8)  image
//! code = HMAC-SHA256(key of this node, context, hash of the module, all that follows)
//! ```
//!
//! The context is a hash of everything that changes compiled code: wasmtime's version, settings, operator prices and the
//! processor's features, and the version of the instrumentation. It is part of the file's name and of the code.
//!
//! *Provided*: an entry is loaded only if this node wrote it, for this module, in this context. Anything else (damaged,
//! cut, swapped, of another version, of another node) is removed, logged and compiled anew. No fault of the disk reaches a
//! caller: it costs the time of a compilation.
//! *Not provided*: safety from somebody who can read the node's secret keys.
//! *Requires*: nothing of the disk; entries are not synced, since a torn one fails its code.

use crate::config::DiskCache;
use crate::engine::VM_VERSION;
use hmac::{Hmac, KeyInit, Mac};
use hydrogen_types::Hash;
use sha2::{Digest, Sha256};
use std::fs;
use std::hash::{Hash as _, Hasher};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;
use wasmtime::{Engine, Module};

const MAGIC: &[u8; 16] = b"HYDROGEN CODE 1\n";
const CODE_BYTES: usize = 32;
const HEAD_BYTES: usize = MAGIC.len() + CODE_BYTES + 16;
/// Label of the key's derivation.
const KEY_LABEL: &[u8] = b"hydrogen compiled code";
/// Largest entry that is read: the largest module compiles to less than a tenth of it.
const ENTRY_BYTES_MAX: u64 = 64 << 20;
const SUFFIX: &str = ".code";

/// The folder.
pub(crate) struct Disk {
    folder: PathBuf,
    key: [u8; 32],
    context: [u8; 32],
    bytes_max: u64,
    /// Bytes of all entries.
    bytes: Mutex<u64>,
}

/// What an entry holds.
pub(crate) struct Image {
    pub(crate) module: Module,
    /// Bytes of the module as it was uploaded.
    pub(crate) module_bytes: u64,
    /// Pages of its memory at the start.
    pub(crate) pages: u64,
}

/// Why an entry is not used.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("{0} bytes are too many or too few")]
    Size(u64),
    #[error("it is not authentic: damaged, of another module, version or node")]
    Forged,
    #[error("wasmtime does not take it: {0}")]
    Engine(wasmtime::Error),
}

/// Feeds what wasmtime hashes to SHA-256.
struct ShaHasher(Sha256);

impl Hasher for ShaHasher {
    fn finish(&self) -> u64 {
        0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
}

/// Hash of everything that changes compiled code.
fn context(engine: &Engine) -> [u8; 32] {
    let mut hasher = ShaHasher(Sha256::new());
    MAGIC.hash(&mut hasher);
    VM_VERSION.hash(&mut hasher);
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.0.finalize().into()
}

fn mac(key: &[u8; 32]) -> Hmac<Sha256> {
    Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length")
}

impl Disk {
    /// The folder, made if need be and rid of what no engine of this version will read.
    pub(crate) fn open(config: &DiskCache, engine: &Engine) -> Self {
        let key = mac(&config.secret).chain_update(KEY_LABEL).finalize().into_bytes().into();
        let disk = Self {
            folder: config.folder.clone(),
            key,
            context: context(engine),
            bytes_max: config.bytes_max,
            bytes: Mutex::new(0),
        };
        let opened = private_folder(&disk.folder).and_then(|()| disk.tidy(config.bytes_max));
        if let Err(error) = opened {
            tracing::warn!(folder = %disk.folder.display(), %error, "no folder for compiled code: compiling after each start");
        }
        disk
    }

    fn path(&self, hash: &Hash) -> PathBuf {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        self.folder.join(format!("{}-{}{SUFFIX}", hex(hash.as_bytes()), self.mark()))
    }

    /// The context as the names of files have it.
    fn mark(&self) -> String {
        self.context.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    /// The code of an entry: everything that must be as this node wrote it.
    fn code(&self, hash: &Hash, behind: &[u8]) -> Hmac<Sha256> {
        mac(&self.key).chain_update(self.context).chain_update(hash.as_bytes()).chain_update(behind)
    }

    /// The compiled module, if an authentic entry is there.
    pub(crate) fn load(&self, engine: &Engine, hash: &Hash) -> Option<Image> {
        let path = self.path(hash);
        match self.read(engine, hash, &path) {
            Ok(image) => Some(image),
            Err(Unusable::Io(error)) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                tracing::warn!(entry = %path.display(), %error, "compiled code is not used: compiling anew");
                // If it cannot be removed it will be refused again.
                drop(fs::remove_file(&path));
                None
            }
        }
    }

    fn read(&self, engine: &Engine, hash: &Hash, path: &Path) -> Result<Image, Unusable> {
        let file = fs::File::open(path)?;
        let mut entry = Vec::new();
        file.take(ENTRY_BYTES_MAX + 1).read_to_end(&mut entry)?;
        let size = u64::try_from(entry.len()).unwrap_or(u64::MAX);
        if size > ENTRY_BYTES_MAX || entry.len() < HEAD_BYTES {
            return Err(Unusable::Size(size));
        }
        let (head, image) = entry.split_at(HEAD_BYTES);
        let (magic, rest) = head.split_at(MAGIC.len());
        let (code, numbers) = rest.split_at(CODE_BYTES);
        let expected = self.code(hash, &entry[MAGIC.len() + CODE_BYTES..]);
        if magic != MAGIC || expected.verify_slice(code).is_err() {
            return Err(Unusable::Forged);
        }
        let number = |at: usize| {
            let bytes = numbers.get(at..at + 8).and_then(|bytes| bytes.try_into().ok());
            bytes.map(u64::from_le_bytes).ok_or(Unusable::Forged)
        };
        // SAFETY: wasmtime requires bytes that `Module::serialize` made. The code above proves that a holder of this
        // node's key wrote exactly these bytes for this module, version, processor and settings, and `store` is the only
        // place that computes such a code, over what `serialize` returned. They are in memory of our own since before
        // the check, so nobody can change them after it.
        #[expect(unsafe_code, reason = "the only way to load compiled code")]
        let module = unsafe { Module::deserialize(engine, image) }.map_err(Unusable::Engine)?;
        Ok(Image { module, module_bytes: number(0)?, pages: number(8)? })
    }

    /// Keeps a compiled module. What goes wrong is logged and costs a compilation after the next start.
    pub(crate) fn store(&self, hash: &Hash, image: &Image) {
        let path = self.path(hash);
        if let Err(error) = self.write(hash, image, &path) {
            tracing::warn!(entry = %path.display(), %error, "compiled code is not kept");
            // What was written of it is of no use, and takes room on a disk that may be full.
            drop(fs::remove_file(part(&path)));
        }
    }

    fn write(&self, hash: &Hash, image: &Image, path: &Path) -> io::Result<()> {
        let mut behind = Vec::new();
        behind.extend_from_slice(&image.module_bytes.to_le_bytes());
        behind.extend_from_slice(&image.pages.to_le_bytes());
        behind.extend_from_slice(&image.module.serialize().map_err(io::Error::other)?);
        let code = self.code(hash, &behind).finalize().into_bytes();
        let part = part(path);
        let mut file = fs::File::create(&part)?;
        file.write_all(MAGIC)?;
        file.write_all(&code)?;
        file.write_all(&behind)?;
        drop(file);
        fs::rename(&part, path)?;
        let mut bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        *bytes += u64::try_from(HEAD_BYTES + behind.len()).unwrap_or(u64::MAX);
        let over = *bytes > self.bytes_max;
        drop(bytes);
        // Some room at once, so that not every entry looks through the folder.
        if over { self.tidy(self.bytes_max / 4 * 3) } else { Ok(()) }
    }

    /// Removes what no engine of this version reads, then the oldest until the rest has at most so many bytes.
    fn tidy(&self, bytes_max: u64) -> io::Result<()> {
        let ending = format!("-{}{SUFFIX}", self.mark());
        let mut kept: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            let current = entry.file_name().to_str().is_some_and(|name| name.ends_with(&ending));
            if current {
                kept.push((
                    metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH),
                    metadata.len(),
                    entry.path(),
                ));
            } else if metadata.is_file() {
                fs::remove_file(entry.path())?;
            }
        }
        kept.sort();
        let mut bytes = kept.iter().map(|(_, size, _)| size).sum::<u64>();
        for (_, size, path) in &kept {
            if bytes <= bytes_max {
                break;
            }
            fs::remove_file(path)?;
            bytes -= size;
        }
        *self.bytes.lock().unwrap_or_else(PoisonError::into_inner) = bytes;
        Ok(())
    }
}

fn part(path: &Path) -> PathBuf {
    path.with_extension("part")
}

/// Makes a folder that only its owner may use.
fn private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(test)]
mod tests;
