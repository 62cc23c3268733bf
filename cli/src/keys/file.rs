//! The key file.

use crate::keys::crypt::Sealed;
use crate::keys::passphrase::Passphrase;
use crate::rpc::text::Text;
use hydrogen_core::NodeKeys;
use hydrogen_types::{Address, PublicKey};
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Version of the format.
const VERSION: u32 = 1;
/// Largest key file read.
const FILE_BYTES_MAX: u64 = 16 * 1024;

/// Why a key cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error("key file {}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is a key of this name already.
    #[error("{} exists already", .path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The file is no key file.
    #[error("{} is not a key file: {reason}", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The passphrase is not this key's, or the file was changed.
    #[error("the passphrase does not open this key")]
    WrongPassphrase,
    /// Made by another version.
    #[error("the key file uses a method this version does not know")]
    Unsupported,
    /// The address in the file is not that of its seed.
    #[error("the file says address {said}, its seed gives {real}")]
    WrongAddress {
        /// Written in the file.
        said: Address,
        /// Derived.
        real: Address,
    },
    /// No randomness.
    #[error("the system gives no randomness: {0}")]
    Randomness(String),
}

/// A key on disk.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KeyFile {
    version: u32,
    address: Text<Address>,
    public_key: Text<PublicKey>,
    /// For a key in clear, the seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seed_in_clear: Option<Text<Vec<u8>>>,
    /// Otherwise the encrypted seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sealed: Option<Sealed>,
}

impl KeyFile {
    /// A key in clear: for test networks.
    #[must_use]
    pub fn clear(seed: &[u8; 32]) -> Self {
        Self { seed_in_clear: Some(Text(seed.to_vec())), ..Self::nameplate(seed) }
    }

    /// An encrypted key.
    ///
    /// # Errors
    /// When the system gives no randomness or no memory.
    pub fn encrypted(seed: &[u8; 32], passphrase: &Passphrase) -> Result<Self, KeyError> {
        let plate = Self::nameplate(seed);
        let sealed = Sealed::seal(seed, passphrase, &plate.address.0.to_string())?;
        Ok(Self { sealed: Some(sealed), ..plate })
    }

    fn nameplate(seed: &[u8; 32]) -> Self {
        let account = NodeKeys::from_seed(*seed).account;
        Self {
            version: VERSION,
            address: Text(account.address()),
            public_key: Text(account.public()),
            seed_in_clear: None,
            sealed: None,
        }
    }

    /// The account's address, without opening the key.
    #[must_use]
    pub fn address(&self) -> Address {
        self.address.0
    }

    /// The account's public key, without opening the key.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        self.public_key.0
    }

    /// Whether the seed stands in clear.
    #[must_use]
    pub fn is_clear(&self) -> bool {
        self.seed_in_clear.is_some()
    }

    /// The seed; `passphrase` is asked for only when the key is encrypted.
    ///
    /// # Errors
    /// A wrong passphrase, a changed file, or what `passphrase` had to say.
    pub fn seed<E: From<KeyError>>(
        &self,
        passphrase: impl FnOnce() -> Result<Passphrase, E>,
    ) -> Result<Zeroizing<[u8; 32]>, E> {
        let seed = match (&self.seed_in_clear, &self.sealed) {
            (Some(seed), None) => {
                let seed = <[u8; 32]>::try_from(seed.0.as_slice()).map_err(|_| KeyError::Unsupported)?;
                Zeroizing::new(seed)
            }
            (None, Some(sealed)) => sealed.open(&passphrase()?, &self.address.0.to_string())?,
            _ => return Err(KeyError::Unsupported.into()),
        };
        let real = NodeKeys::from_seed(*seed).account.address();
        if real != self.address.0 {
            return Err(KeyError::WrongAddress { said: self.address.0, real }.into());
        }
        Ok(seed)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it is not there, too large, or no key file.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let failed = |source| KeyError::File { path: path.into(), source };
        let malformed = |reason: String| KeyError::Malformed { path: path.into(), reason };
        let size = std::fs::metadata(path).map_err(failed)?.len();
        if size > FILE_BYTES_MAX {
            return Err(malformed(format!("{size} bytes, at most {FILE_BYTES_MAX}")));
        }
        let bytes = std::fs::read(path).map_err(failed)?;
        let file: Self = serde_json::from_slice(&bytes).map_err(|error| malformed(error.to_string()))?;
        if file.version == VERSION { Ok(file) } else { Err(KeyError::Unsupported) }
    }

    /// Writes a new file that only its owner may read, and never over another.
    ///
    /// # Errors
    /// [`KeyError::Exists`], or what the disk had to say.
    pub fn write_new(&self, path: &Path) -> Result<(), KeyError> {
        let failed = |source| KeyError::File { path: path.into(), source };
        if let Some(parent) = path.parent() {
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(parent).map_err(failed)?;
        }
        let mut file =
            std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(
                |error| match error.kind() {
                    std::io::ErrorKind::AlreadyExists => KeyError::Exists { path: path.into() },
                    _ => failed(error),
                },
            )?;
        let text = serde_json::to_string_pretty(self).expect("a key file is plain JSON");
        file.write_all(text.as_bytes()).and_then(|()| file.write_all(b"\n")).map_err(failed)?;
        file.sync_all().map_err(failed)
    }
}
