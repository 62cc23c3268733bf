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

/// The nonces of the last two minutes. The owner writes each accepted one to disk before it answers, and on the next
/// start either restores them or, after an unclean end that may have lost some, refuses what is older than the start.
#[derive(Debug, Clone, Default)]
pub struct Nonces {
    used: BTreeSet<(PublicKey, String)>,
    by_time: BTreeMap<u64, Vec<(PublicKey, String)>>,
    started_s: u64,
}

impl Nonces {
    /// After a clean end, or the first start: with what was kept.
    #[must_use]
    pub fn restored(kept: impl IntoIterator<Item = (u64, PublicKey, String)>) -> Self {
        let mut nonces = Self::default();
        for (seen_s, key, nonce) in kept {
            nonces.insert(seen_s, key, nonce);
        }
        nonces
    }

    /// After an unclean end: requests created before now are refused.
    #[must_use]
    pub fn after_unclean_end(now_s: u64) -> Self {
        Self { started_s: now_s, ..Self::default() }
    }

    /// What to write at a clean end.
    pub fn kept(&self) -> impl Iterator<Item = (u64, &PublicKey, &str)> {
        self.by_time
            .iter()
            .flat_map(|(seen_s, entries)| entries.iter().map(|(key, nonce)| (*seen_s, key, nonce.as_str())))
    }

    /// Accepts a verified request, once.
    ///
    /// # Errors
    /// Used before, created before an unclean end was mended, or too many at once.
    pub fn accept(&mut self, request: &Verified, now_s: u64) -> Result<(), SigningError> {
        let Verified { created_s, key, nonce, .. } = request;
        if *created_s < self.started_s {
            return Err(SigningError::BeforeStart { created_s: *created_s, started_s: self.started_s });
        }
        self.forget_before(now_s.saturating_sub(NONCE_KEPT_S));
        if self.used.contains(&(*key, nonce.clone())) {
            return Err(SigningError::NonceUsed(nonce.clone()));
        }
        if self.used.len() >= NONCES_MAX {
            return Err(SigningError::NoncesFull(NONCES_MAX));
        }
        self.insert(now_s, *key, nonce.clone());
        Ok(())
    }

    fn insert(&mut self, seen_s: u64, key: PublicKey, nonce: String) {
        if self.used.insert((key, nonce.clone())) {
            self.by_time.entry(seen_s).or_default().push((key, nonce));
        }
    }

    fn forget_before(&mut self, oldest_s: u64) {
        let kept = self.by_time.split_off(&oldest_s);
        for entry in std::mem::replace(&mut self.by_time, kept).into_values().flatten() {
            self.used.remove(&entry);
        }
    }
}
