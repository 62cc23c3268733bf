//! Ed25519 secret keys.

use super::vrf::VrfSecret;
use ed25519_dalek::{Signer, SigningKey};
use hydrogen_types::{Address, Hash, PublicKey, Signature, Tag, Tx, TxBody};
use std::fmt;

/// An Ed25519 secret key; wiped from memory when dropped.
#[derive(Clone)]
pub struct SecretKey(SigningKey);

impl SecretKey {
    /// The key whose RFC 8032 seed is `seed`.
    #[must_use]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(SigningKey::from_bytes(&seed))
    }

    /// The key that `seed` has for the purpose `tag`.
    #[must_use]
    pub fn derive(seed: &[u8; 32], tag: Tag) -> Self {
        Self::from_seed(*Hash::of(tag, &[seed]).as_bytes())
    }

    /// The public key.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// The address of the public key.
    #[must_use]
    pub fn address(&self) -> Address {
        Address::of_key(&self.public())
    }

    /// Signs `message`, which must start with a domain tag.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature(self.0.sign(message).to_bytes())
    }

    /// The RFC 8032 seed, for a keystore.
    #[must_use]
    pub fn seed_bytes(&self) -> [u8; 32] {
        self.0.to_bytes()
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey(of {})", self.address())
    }
}

/// The keys of one node, each for one purpose.
#[derive(Debug, Clone)]
pub struct NodeKeys {
    /// Pays and is paid.
    pub account: SecretKey,
    /// Signs votes and proposals.
    pub consensus: SecretKey,
    /// Proves beacons.
    pub vrf: VrfSecret,
    /// Identifies the node to its peers.
    pub peer: SecretKey,
}

impl NodeKeys {
    /// Derives all four from one seed by tags.
    #[must_use]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self {
            account: SecretKey::derive(&seed, Tag::KEY_ACCOUNT),
            consensus: SecretKey::derive(&seed, Tag::KEY_CONSENSUS),
            vrf: VrfSecret::from_seed(SecretKey::derive(&seed, Tag::KEY_VRF).seed_bytes()),
            peer: SecretKey::derive(&seed, Tag::KEY_PEER),
        }
    }
}

/// Signs a transaction.
#[must_use]
pub fn sign_tx(body: TxBody, key: &SecretKey) -> Tx {
    let signature = key.sign(body.hash().as_bytes());
    Tx { body, signature }
}
