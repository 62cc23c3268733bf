//! What each account has stored and under way here.
//!
//! *Invariant*: an upload's bytes count from before they are written until its blob is removed, or its [`Share`] is
//! dropped because it came to nothing.

use crate::relay::answer::Refused;
use crate::relay::config::RelayLimits;
use axum::http::StatusCode;
use hydrogen_types::Address;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Seconds after which an account over its bytes may ask again: tasks end in minutes, and their bytes go later.
const RETRY_BYTES_S: u64 = 60;

#[derive(Debug, Default, Clone, Copy)]
struct Account {
    bytes: u64,
    uploads: usize,
}

/// The accounts with anything here.
#[derive(Debug)]
pub(crate) struct Quotas {
    accounts: Mutex<BTreeMap<Address, Account>>,
    bytes_max: u64,
    uploads_max: usize,
}

/// Sums over all accounts.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct QuotaUse {
    pub(crate) accounts: u64,
    /// Bytes stored and under way.
    pub(crate) bytes: u64,
    /// Of the account with most.
    pub(crate) bytes_most: u64,
}

impl Quotas {
    /// With the bytes of what is stored already.
    pub(crate) fn new(limits: &RelayLimits, stored: impl Iterator<Item = (Address, u64)>) -> Self {
        let mut accounts = BTreeMap::<Address, Account>::new();
        for (account, bytes) in stored {
            let entry = accounts.entry(account).or_default();
            entry.bytes = entry.bytes.saturating_add(bytes);
        }
        let (bytes_max, uploads_max) = (limits.account_bytes_max, limits.account_uploads_max);
        Self { accounts: Mutex::new(accounts), bytes_max, uploads_max }
    }

    /// Starts an upload of `account`.
    pub(crate) fn begin(self: &Arc<Self>, account: Address) -> Result<Share, Refused> {
        let mut accounts = self.lock();
        let entry = accounts.entry(account).or_default();
        if entry.uploads >= self.uploads_max {
            let message = format!(
                "{account} has {} uploads under way here, at most that many at a time",
                entry.uploads
            );
            return Err(Refused::new(StatusCode::TOO_MANY_REQUESTS, "TooManyUploads", message).retry());
        }
        entry.uploads += 1;
        Ok(Share { quotas: Arc::clone(self), account, bytes: 0 })
    }

    /// Takes back the bytes of a blob that was removed.
    pub(crate) fn release(&self, account: &Address, bytes: u64) {
        change(&mut self.lock(), account, |entry| entry.bytes = entry.bytes.saturating_sub(bytes));
    }

    pub(crate) fn sums(&self) -> QuotaUse {
        self.lock().values().fold(QuotaUse::default(), |sums, entry| QuotaUse {
            accounts: sums.accounts + 1,
            bytes: sums.bytes.saturating_add(entry.bytes),
            bytes_most: sums.bytes_most.max(entry.bytes),
        })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Address, Account>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn change(accounts: &mut BTreeMap<Address, Account>, account: &Address, by: impl FnOnce(&mut Account)) {
    if let Some(entry) = accounts.get_mut(account) {
        by(entry);
        if entry.bytes == 0 && entry.uploads == 0 {
            accounts.remove(account);
        }
    }
}

/// One upload's part of its account's quota; given back when dropped, unless [`Share::keep`] was called.
#[derive(Debug)]
pub(crate) struct Share {
    quotas: Arc<Quotas>,
    account: Address,
    bytes: u64,
}

impl Share {
    /// Raises what this upload counts with to `bytes`.
    pub(crate) fn raise(&mut self, bytes: u64) -> Result<(), Refused> {
        let more = bytes.saturating_sub(self.bytes);
        let most = self.quotas.bytes_max;
        let mut accounts = self.quotas.lock();
        let entry = accounts.entry(self.account).or_default();
        let sum = entry.bytes.saturating_add(more);
        if sum > most {
            let account = self.account;
            let message = format!(
                "{account} would have {sum} bytes stored or under way here, at most {most} allowed: older tasks \
                 must end first, or use another relay"
            );
            let refused = Refused::new(StatusCode::PAYLOAD_TOO_LARGE, "QuotaExceeded", message);
            return Err(refused.retry_after(RETRY_BYTES_S));
        }
        entry.bytes = sum;
        self.bytes += more;
        Ok(())
    }

    /// The upload has become a blob of `bytes`: they count until [`Quotas::release`].
    pub(crate) fn keep(mut self, bytes: u64) {
        self.bytes = self.bytes.saturating_sub(bytes);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let bytes = self.bytes;
        change(&mut self.quotas.lock(), &self.account, |entry| {
            entry.bytes = entry.bytes.saturating_sub(bytes);
            entry.uploads = entry.uploads.saturating_sub(1);
        });
    }
}
