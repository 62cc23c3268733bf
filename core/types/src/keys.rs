//! Addresses, public keys and signatures as bytes; the curve is elsewhere.

use crate::hash::{Hash, Tag, from_hex};
use alloc::string::{String, ToString};
use bech32::{Bech32m, Hrp};
use borsh::{BorshDeserialize, BorshSerialize};
use core::fmt;

/// The human-readable part of every address.
pub const ADDRESS_PREFIX: &str = "cnx";

/// The 20 bytes that name an account or a contract. Text form: bech32m with prefix `cnx`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, BorshSerialize, BorshDeserialize)]
pub struct Address([u8; 20]);

/// Why a text is not an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddressError {
    /// Not bech32m: a mistyped character, a wrong checksum, a foreign alphabet.
    Malformed(String),
    /// Another prefix than `cnx`.
    WrongPrefix(String),
    /// Another length than 20 bytes.
    WrongLength(usize),
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(reason) => write!(f, "not an address: {reason}"),
            Self::WrongPrefix(prefix) => {
                write!(f, "an address starts with `{ADDRESS_PREFIX}1`, this one with `{prefix}1`")
            }
            Self::WrongLength(length) => write!(f, "an address holds 20 bytes, this one {length}"),
        }
    }
}

impl core::error::Error for AddressError {}

impl Address {
    /// Wraps 20 bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    /// The address of an account: first 20 bytes of the tagged hash of its public key.
    #[must_use]
    pub fn of_key(key: &PublicKey) -> Self {
        Self::truncate(Hash::of(Tag::ADDRESS, &[&key.0]))
    }

    /// The address of the contract that `deployer` deploys with the transaction of nonce `nonce`.
    #[must_use]
    pub fn of_contract(deployer: &Address, nonce: u64) -> Self {
        Self::truncate(Hash::of(Tag::CONTRACT, &[&deployer.0, &nonce.to_le_bytes()]))
    }

    /// The address of a contract that genesis calls `name`, such as `task`.
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        Self::truncate(Hash::of(Tag::GENESIS_CONTRACT, &[name.as_bytes()]))
    }

    fn truncate(hash: Hash) -> Self {
        let mut bytes = [0; 20];
        bytes.copy_from_slice(&hash.as_bytes()[..20]);
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }

    /// Parses the bech32m text form.
    ///
    /// # Errors
    /// Says what is wrong: the checksum, the prefix or the length.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let checked = bech32::primitives::decode::CheckedHrpstring::new::<Bech32m>(text)
            .map_err(|error| AddressError::Malformed(error.to_string()))?;
        let prefix = checked.hrp().to_lowercase();
        if prefix != ADDRESS_PREFIX {
            return Err(AddressError::WrongPrefix(prefix));
        }
        let mut bytes = [0u8; 20];
        let mut length = 0usize;
        for byte in checked.byte_iter() {
            if let Some(slot) = bytes.get_mut(length) {
                *slot = byte;
            }
            length += 1;
        }
        if length == 20 { Ok(Self(bytes)) } else { Err(AddressError::WrongLength(length)) }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hrp = Hrp::parse_unchecked(ADDRESS_PREFIX);
        let text = bech32::encode::<Bech32m>(hrp, &self.0).map_err(|_| fmt::Error)?;
        f.write_str(&text)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A 32-byte Ed25519 public key (or VRF key on the same curve). Shown as `0x` hex.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct PublicKey(pub [u8; 32]);

impl PublicKey {
    /// Parses `0x` and 64 hex digits.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        from_hex(text.strip_prefix("0x")?).map(Self)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Hash::new(self.0), f)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&Hash::new(self.0), f)
    }
}

/// A 64-byte Ed25519 signature.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct Signature(pub [u8; 64]);

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02x}{:02x}..", self.0[0], self.0[1])
    }
}
