//! Which nonces were used: each is accepted once.

use super::error::SigningError;
use super::message::{CLOCK_SKEW_S, Verified};
use hydrogen_types::PublicKey;
use std::collections::{BTreeMap, BTreeSet};

/// Seconds a nonce is kept: a request is accepted from one skew before its creation to one after, so that one seen at
/// the first instant could come again until this much later.
pub const NONCE_KEPT_S: u64 = 2 * CLOCK_SKEW_S;
/// Most nonces kept at once: about 500 requests a second over the whole window, 10 MiB.
const NONCES_MAX: usize = 65_536;
/// Most nonces of one key, so that no key alone fills the memory: 34 requests a second over the whole window.
pub const NONCES_PER_KEY_MAX: usize = 4_096;

/// The nonces of the last two minutes. The owner writes each accepted one to disk before it answers and restores them
/// at the next start; after an unclean end, which may have lost the last ones, it also refuses what is older than the
/// start.
#[derive(Debug, Clone, Default)]
pub struct Nonces {
    used: BTreeSet<(PublicKey, String)>,
    by_time: BTreeMap<u64, Vec<(PublicKey, String)>>,
    by_key: BTreeMap<PublicKey, usize>,
    started_s: u64,
}

impl Nonces {
    /// With what was kept: (seen, key, nonce).
    #[must_use]
    pub fn restored(kept: impl IntoIterator<Item = (u64, PublicKey, String)>) -> Self {
        let mut nonces = Self::default();
        for (seen_s, key, nonce) in kept {
            nonces.insert(seen_s, key, nonce);
        }
        nonces
    }

    /// After an unclean end: requests created before now are refused, besides those that were kept.
    #[must_use]
    pub fn after_unclean_end(mut self, now_s: u64) -> Self {
        self.started_s = now_s;
        self
    }

    /// How many are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.used.len()
    }

    /// Whether none is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.used.is_empty()
    }

    /// What to write at a clean end.
    pub fn kept(&self) -> impl Iterator<Item = (u64, &PublicKey, &str)> {
        self.by_time
            .iter()
            .flat_map(|(seen_s, entries)| entries.iter().map(|(key, nonce)| (*seen_s, key, nonce.as_str())))
    }

    /// Whether a verified request could still be accepted. A request that is refused for another reason afterwards
    /// need not be remembered: refused again, it does no harm, and strangers cannot fill the memory.
    ///
    /// # Errors
    /// Used before, or created before an unclean end was mended.
    pub fn check(&self, request: &Verified) -> Result<(), SigningError> {
        let Verified { created_s, key, nonce, .. } = request;
        if *created_s < self.started_s {
            return Err(SigningError::BeforeStart { created_s: *created_s, started_s: self.started_s });
        }
        if self.used.contains(&(*key, nonce.clone())) {
            return Err(SigningError::NonceUsed(nonce.clone()));
        }
        Ok(())
    }

    /// Accepts a verified request, once.
    ///
    /// # Errors
    /// As [`Nonces::check`]; or too many at once.
    pub fn accept(&mut self, request: &Verified, now_s: u64) -> Result<(), SigningError> {
        self.forget_before(now_s.saturating_sub(NONCE_KEPT_S));
        self.check(request)?;
        if self.used.len() >= NONCES_MAX {
            return Err(SigningError::NoncesFull(NONCES_MAX));
        }
        if self.by_key.get(&request.key).is_some_and(|count| *count >= NONCES_PER_KEY_MAX) {
            return Err(SigningError::NoncesFull(NONCES_PER_KEY_MAX));
        }
        self.insert(now_s, request.key, request.nonce.clone());
        Ok(())
    }

    fn insert(&mut self, seen_s: u64, key: PublicKey, nonce: String) {
        if self.used.insert((key, nonce.clone())) {
            self.by_time.entry(seen_s).or_default().push((key, nonce));
            *self.by_key.entry(key).or_default() += 1;
        }
    }

    fn forget_before(&mut self, oldest_s: u64) {
        let kept = self.by_time.split_off(&oldest_s);
        for entry in std::mem::replace(&mut self.by_time, kept).into_values().flatten() {
            if let Some(count) = self.by_key.get_mut(&entry.0) {
                *count -= 1;
                if *count == 0 {
                    self.by_key.remove(&entry.0);
                }
            }
            self.used.remove(&entry);
        }
    }
}
