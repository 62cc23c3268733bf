//! Named accounts: the same name is the same key on every backend.

use hydrogen_core::SecretKey;
use hydrogen_types::hash::Tag;
use hydrogen_types::{Address, Amount, Hash};

/// CNX that an account starts with.
pub const ACCOUNT_FUNDS: Amount = Amount::cnx(10_000);

/// An account of a test.
#[derive(Clone)]
pub struct Account {
    name: String,
    key: SecretKey,
}

impl Account {
    pub(crate) fn new(name: &str, salt: &str) -> Self {
        let seed = Hash::sha256(format!("hydrogen-test {salt} {name}").as_bytes());
        Self { name: name.to_owned(), key: SecretKey::derive(seed.as_bytes(), Tag::KEY_ACCOUNT) }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> Address {
        self.key.address()
    }

    /// Its key; public knowledge, like everything that follows from a name.
    #[must_use]
    pub fn key(&self) -> &SecretKey {
        &self.key
    }
}
