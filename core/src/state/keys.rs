//! The schema of the state: every raw key, in one place. The first byte names the kind.

use hydrogen_types::codec::encode;
use hydrogen_types::{Address, CallKind, Due, Hash};

const ACCOUNT: u8 = 1;
const ALLOWANCE: u8 = 2;
const CONTRACT: u8 = 3;
const STORAGE: u8 = 4;
const CODE: u8 = 5;
const SCHEDULE: u8 = 6;
const SCHEDULE_INDEX: u8 = 7;
const META: u8 = 8;

fn join(kind: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut key = vec![kind];
    parts.iter().for_each(|part| key.extend_from_slice(part));
    key
}

/// `Account` of an address.
#[must_use]
pub fn account(address: &Address) -> Vec<u8> {
    join(ACCOUNT, &[address.as_bytes()])
}

/// Start and end of all accounts.
#[must_use]
pub fn accounts() -> (Vec<u8>, Vec<u8>) {
    (vec![ACCOUNT], vec![ACCOUNT + 1])
}

/// The address in an account's key.
#[must_use]
pub fn account_address(key: &[u8]) -> Option<Address> {
    let (kind, rest) = key.split_first()?;
    (*kind == ACCOUNT).then_some(())?;
    Some(Address::new(rest.try_into().ok()?))
}

/// `Amount` that `spender` may take from `owner`; absent for none.
#[must_use]
pub fn allowance(owner: &Address, spender: &Address) -> Vec<u8> {
    join(ALLOWANCE, &[owner.as_bytes(), spender.as_bytes()])
}

/// Start and end of an owner's allowances.
#[must_use]
pub fn allowances(owner: &Address) -> (Vec<u8>, Vec<u8>) {
    prefix_range(join(ALLOWANCE, &[owner.as_bytes()]))
}

/// The spender in an allowance's key.
#[must_use]
pub fn allowance_spender(key: &[u8]) -> Option<Address> {
    Some(Address::new(key.get(21..)?.try_into().ok()?))
}

/// `ContractInfo` of an address.
#[must_use]
pub fn contract(address: &Address) -> Vec<u8> {
    join(CONTRACT, &[address.as_bytes()])
}

/// A contract's own key.
#[must_use]
pub fn storage(contract: &Address, key: &[u8]) -> Vec<u8> {
    join(STORAGE, &[contract.as_bytes(), key])
}

/// Start and end of a contract's keys from `start` to `end` (to its last for `None`).
#[must_use]
pub fn storage_range(contract: &Address, start: &[u8], end: Option<&[u8]>) -> (Vec<u8>, Vec<u8>) {
    let upper = match end {
        Some(end) => storage(contract, end),
        None => prefix_range(join(STORAGE, &[contract.as_bytes()])).1,
    };
    (storage(contract, start), upper)
}

/// The least key above all that begin with `prefix`; `None` if there is none.
#[must_use]
pub fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let (_, end) = prefix_range(prefix.to_vec());
    (!end.is_empty()).then_some(end)
}

/// Length of what stands before a contract's own key.
pub const STORAGE_PREFIX_BYTES: usize = 21;

/// `CodeInfo` of a module.
#[must_use]
pub fn code(hash: &Hash) -> Vec<u8> {
    join(CODE, &[hash.as_bytes()])
}

/// The module's hash in the key of a `CodeInfo`; `None` for another key.
#[must_use]
pub fn code_hash(key: &[u8]) -> Option<Hash> {
    let (kind, rest) = key.split_first()?;
    (*kind == CODE).then_some(())?;
    Some(Hash::new(rest.try_into().ok()?))
}

/// Start and end of all modules; a key is the kind and the module's hash.
#[must_use]
pub fn codes() -> (Vec<u8>, Vec<u8>) {
    (vec![CODE], vec![CODE + 1])
}

/// Queues of the schedule, in the order in which a block runs them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queue {
    /// Draws, by height.
    Draw,
    /// Ordinary calls due at a height.
    Height,
    /// Ordinary calls due at a time.
    Uptime,
}

impl Queue {
    /// The queue of a call.
    #[must_use]
    pub fn of(kind: CallKind, due: Due) -> Self {
        match (kind, due) {
            (CallKind::Draw, _) => Self::Draw,
            (CallKind::Ordinary, Due::Height(_)) => Self::Height,
            (CallKind::Ordinary, Due::UptimeMs(_)) => Self::Uptime,
        }
    }

    fn number(self) -> u8 {
        match self {
            Self::Draw => 0,
            Self::Height => 1,
            Self::Uptime => 2,
        }
    }
}

/// `ScheduledCall`: ordered by queue, genesis contracts first, then due, then id.
#[must_use]
pub fn scheduled(queue: Queue, genesis: bool, due: Due, id: u64) -> Vec<u8> {
    let moment = match due {
        Due::Height(height) => height.get(),
        Due::UptimeMs(ms) => ms,
    };
    join(SCHEDULE, &[&[queue.number(), u8::from(!genesis)], &moment.to_be_bytes(), &id.to_be_bytes()])
}

/// Start and end of the calls of a queue due up to and including `moment`.
#[must_use]
pub fn scheduled_until(queue: Queue, genesis: bool, moment: u64) -> (Vec<u8>, Vec<u8>) {
    let prefix = join(SCHEDULE, &[&[queue.number(), u8::from(!genesis)]]);
    let mut end = prefix.clone();
    match moment.checked_add(1) {
        Some(next) => end.extend_from_slice(&next.to_be_bytes()),
        None => end = prefix_range(prefix.clone()).1,
    }
    (prefix, end)
}

/// Key of a waiting call by its id.
#[must_use]
pub fn scheduled_index(id: u64) -> Vec<u8> {
    join(SCHEDULE_INDEX, &[&id.to_be_bytes()])
}

/// The id that the next scheduled call gets.
#[must_use]
pub fn next_scheduled_id() -> Vec<u8> {
    join(META, &[b"next-scheduled-id"])
}

/// `ValidatorSet` that decides the next height.
#[must_use]
pub fn validators() -> Vec<u8> {
    join(META, &[b"validators"])
}

/// `ValidatorSet` that decides the height after next; absent if it is the same.
#[must_use]
pub fn next_validators() -> Vec<u8> {
    join(META, &[b"next-validators"])
}

/// A key that names the chain, so that an empty genesis has a root of its own.
#[must_use]
pub fn genesis() -> Vec<u8> {
    join(META, &[&encode(&"genesis")])
}

/// All keys that start with `prefix`.
fn prefix_range(prefix: Vec<u8>) -> (Vec<u8>, Vec<u8>) {
    let mut end = prefix.clone();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            break;
        }
    }
    (prefix, end)
}
