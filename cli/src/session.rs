//! What every command starts from: the global flags, and what they lead to.

use crate::client::{Client, Wallet};
use crate::failure::{Failure, Outcome};
use crate::keys;
use crate::output::Output;
use hydrogen_core::SecretKey;
use hydrogen_types::Address;
use std::path::PathBuf;

/// Where the first node of a local testnet and `hydrogen dev` listen.
pub const DEFAULT_RPC_PORT: u16 = 4700;

/// The global flags of one invocation.
#[derive(Debug, Clone)]
pub struct Session {
    /// RPC URLs in the order given; the default one when none was.
    pub rpc: Vec<String>,
    /// The home: keys, and for a node its chain.
    pub home: PathBuf,
    /// A file that holds the passphrase of keys.
    pub passphrase_file: Option<PathBuf>,
    /// Where words go.
    pub output: Output,
}

impl Session {
    /// A client of the given nodes.
    ///
    /// # Errors
    /// When a URL is none.
    pub fn client(&self) -> Outcome<Client> {
        Ok(Client::new(&self.rpc)?)
    }

    /// The secret key of an account named in the home, or in a file.
    ///
    /// # Errors
    /// When there is no such key, or its passphrase is wrong.
    pub fn account_key(&self, name: &str) -> Outcome<SecretKey> {
        Ok(keys::open(self, name)?.account)
    }

    /// A wallet of [`Session::account_key`].
    ///
    /// # Errors
    /// As for its parts.
    pub fn wallet(&self, name: &str) -> Outcome<Wallet> {
        Ok(Wallet::new(self.client()?, self.account_key(name)?))
    }

    /// An address as people write it: `cnx1...`, a contract that genesis names, or the name of a key.
    ///
    /// # Errors
    /// Says which reading failed and why.
    pub fn address(&self, text: &str) -> Outcome<Address> {
        if text == hydrogen_types::task::CONTRACT_NAME {
            return Ok(Address::of_name(text));
        }
        if text.to_ascii_lowercase().starts_with("cnx1") {
            return Address::parse(text).map_err(|error| {
                Failure::new(format!("`{text}`: {error}"))
                    .hint("compare it with the original, or use a key's name")
            });
        }
        if let Some(address) = keys::address_of(self, text)? {
            return Ok(address);
        }
        Err(Failure::new(format!(
            "`{text}` is neither an address, nor a contract of genesis, nor a key in {}",
            self.home.display()
        ))
        .hint("an address starts with cnx1; `hydrogen keys list` shows the keys"))
    }
}
