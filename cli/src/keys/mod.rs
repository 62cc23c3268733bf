//! The keystore: one JSON file a seed, readable by its owner alone, encrypted unless it says otherwise.
//!
//! *Provided*: argon2id and ChaCha20-Poly1305 over the seed, bound to the address. *Not provided*: protection of a
//! running process, or of a key in clear (those of test networks, which say so).

mod crypt;
mod file;
mod passphrase;
mod seed;
mod store;

#[cfg(test)]
mod tests;

pub use file::{KeyError, KeyFile};
pub use passphrase::Passphrase;
pub use seed::{DEV_KEYS, dev_seed, numbered_seed, random_seed};
pub use store::{KeySummary, address_of, list, open, path_of, public_key_of, seed_of, write};
