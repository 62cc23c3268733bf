//! A seed under a passphrase: argon2id for the key, ChaCha20-Poly1305 for the box.

use crate::keys::file::KeyError;
use crate::keys::passphrase::Passphrase;
use crate::rpc::text::Text;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// KiB of memory of new boxes: a quarter second on a small machine.
const MEMORY_KIB: u32 = 64 * 1024;
/// Passes of new boxes.
const PASSES: u32 = 3;
/// A file may not make its reader allocate more than this.
const MEMORY_KIB_MAX: u32 = 1024 * 1024;
/// Nor work longer than this many passes.
const PASSES_MAX: u32 = 16;

/// An encrypted seed with all it takes to open it but the passphrase.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Sealed {
    /// Always `argon2id`.
    kdf: String,
    memory_kib: u32,
    passes: u32,
    salt: Text<Vec<u8>>,
    /// Always `chacha20poly1305`.
    cipher: String,
    nonce: Text<Vec<u8>>,
    ciphertext: Text<Vec<u8>>,
}

impl Sealed {
    /// Encrypts. `bound` is authenticated with it, so that no box can be put under another name.
    pub(super) fn seal(seed: &[u8; 32], passphrase: &Passphrase, bound: &str) -> Result<Self, KeyError> {
        let mut random = [0u8; 28];
        getrandom::fill(&mut random).map_err(|error| KeyError::Randomness(error.to_string()))?;
        let (salt, nonce) = random.split_at(16);
        let key = derive(passphrase, salt, MEMORY_KIB, PASSES)?;
        let payload = Payload { msg: seed, aad: bound.as_bytes() };
        let ciphertext = ChaCha20Poly1305::new(Key::from_slice(key.as_slice()))
            .encrypt(Nonce::from_slice(nonce), payload)
            .map_err(|_| KeyError::WrongPassphrase)?;
        Ok(Self {
            kdf: String::from("argon2id"),
            memory_kib: MEMORY_KIB,
            passes: PASSES,
            salt: Text(salt.to_vec()),
            cipher: String::from("chacha20poly1305"),
            nonce: Text(nonce.to_vec()),
            ciphertext: Text(ciphertext),
        })
    }

    /// Decrypts.
    pub(super) fn open(&self, passphrase: &Passphrase, bound: &str) -> Result<Zeroizing<[u8; 32]>, KeyError> {
        let known = self.kdf == "argon2id" && self.cipher == "chacha20poly1305";
        let sized =
            self.nonce.0.len() == 12 && self.memory_kib <= MEMORY_KIB_MAX && self.passes <= PASSES_MAX;
        if !known || !sized {
            return Err(KeyError::Unsupported);
        }
        let key = derive(passphrase, &self.salt.0, self.memory_kib, self.passes)?;
        let payload = Payload { msg: &self.ciphertext.0, aad: bound.as_bytes() };
        let seed = ChaCha20Poly1305::new(Key::from_slice(key.as_slice()))
            .decrypt(Nonce::from_slice(&self.nonce.0), payload)
            .map(Zeroizing::new)
            .map_err(|_| KeyError::WrongPassphrase)?;
        let seed = <[u8; 32]>::try_from(seed.as_slice()).map_err(|_| KeyError::Unsupported)?;
        Ok(Zeroizing::new(seed))
    }
}

fn derive(
    passphrase: &Passphrase,
    salt: &[u8],
    memory_kib: u32,
    passes: u32,
) -> Result<Zeroizing<[u8; 32]>, KeyError> {
    let params = argon2::Params::new(memory_kib, passes, 1, Some(32)).map_err(|_| KeyError::Unsupported)?;
    let argon = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    let mut key = Zeroizing::new([0u8; 32]);
    argon.hash_password_into(passphrase.as_bytes(), salt, key.as_mut()).map_err(|_| KeyError::Unsupported)?;
    Ok(key)
}
