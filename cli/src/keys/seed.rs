//! Where seeds come from: the system's randomness, or for test networks a number.

use crate::failure::{Failure, Outcome};
use hydrogen_types::Hash;

/// Funded accounts of `hydrogen dev`, named `dev0` and on.
pub const DEV_KEYS: u32 = 10;

/// A seed that nobody knows.
///
/// # Errors
/// When the system gives no randomness.
pub fn random_seed() -> Outcome<[u8; 32]> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)
        .map_err(|error| Failure::new(format!("the system gives no randomness: {error}")))?;
    Ok(seed)
}

/// The seed of `dev0` and its siblings: public knowledge, for development alone.
#[must_use]
pub fn dev_seed(index: u32) -> [u8; 32] {
    numbered_seed("dev", 0, &index.to_string())
}

/// The seed of a role in a test network made from a number: the same number, the same keys.
#[must_use]
pub fn numbered_seed(network: &str, number: u64, role: &str) -> [u8; 32] {
    *Hash::sha256(format!("hydrogen {network} seed {number} {role}").as_bytes()).as_bytes()
}
