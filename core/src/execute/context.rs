//! What a running contract can reach.
//!
//! A context belongs to one transaction, scheduled call or query. It moves into the sandbox with each call and out
//! again, so that nested calls share one overlay without a lock.
//!
//! *Who writes*: `frames` by `enter` and `leave` alone; `state` through the methods below alone, which refuse what
//! the origin may not do.

use super::env::BlockEnv;
use super::trace::{Datum, Tracer};
use super::{ledger, schedule};
use crate::limits::{EVENTS_MAX, LOG_LINE_BYTES_MAX, LOG_LINES_MAX, STORAGE_RANGE_MAX};
use crate::state::{Checkpoint, Overlay, keys};
use crate::store::{Entry, StoreError};
use crate::vm::ContractVm;
use hydrogen_types::codec::encode;
use hydrogen_types::host::{CallContext, Origin, refusal};
use hydrogen_types::receipt::SideData;
use hydrogen_types::{Address, Amount, Attribute, Event, Hash, ScheduleRequest};
use std::sync::Arc;

/// Why a host function did nothing.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The store failed: the node's trouble.
    #[error("store failed under a contract")]
    Store(#[from] StoreError),
    /// The call may not do this: ends it with the code `FORBIDDEN`.
    #[error("{0}")]
    Forbidden(String),
}

/// One running call.
pub(super) struct Frame {
    pub(super) call: CallContext,
    pub(super) input: Vec<u8>,
    pub(super) value: Vec<u8>,
    pub(super) last_result: Vec<u8>,
    pub(super) events_before: usize,
    pub(super) scheduled_before: usize,
    pub(super) checkpoint: Checkpoint,
}

/// The world of a running call.
pub struct Context {
    pub(crate) state: Overlay,
    pub(crate) env: Arc<BlockEnv>,
    pub(super) vm: Arc<dyn ContractVm>,
    pub(super) frames: Vec<Frame>,
    pub(crate) events: Vec<Event>,
    pub(crate) scheduled: Vec<u64>,
    pub(crate) side: SideData,
    /// Value or message of the outermost call, once it has ended.
    pub(crate) outcome: Vec<u8>,
    /// Listens, if somebody wants to know what happens.
    pub(crate) tracer: Option<Box<Tracer>>,
    /// What is left of the stack budget, for the sandbox to hand to nested calls.
    pub stack_left: Option<u32>,
}

impl Context {
    pub(crate) fn new(state: Overlay, env: Arc<BlockEnv>, vm: Arc<dyn ContractVm>) -> Box<Self> {
        Box::new(Self {
            state,
            env,
            vm,
            frames: Vec::new(),
            events: Vec::new(),
            scheduled: Vec::new(),
            side: SideData::default(),
            outcome: Vec::new(),
            tracer: None,
            stack_left: None,
        })
    }

    pub(super) fn top(&self) -> &Frame {
        self.frames.last().expect("host functions run inside a frame")
    }

    fn top_mut(&mut self) -> &mut Frame {
        self.frames.last_mut().expect("host functions run inside a frame")
    }

    /// The running contract.
    #[must_use]
    pub fn contract(&self) -> Address {
        self.top().call.contract
    }

    /// What the contract may know about its call.
    #[must_use]
    pub fn call_context(&self) -> &CallContext {
        &self.top().call
    }

    /// The call's arguments.
    #[must_use]
    pub fn input(&self) -> &[u8] {
        &self.top().input
    }

    /// Sets the call's value.
    pub fn set_value(&mut self, value: Vec<u8>) {
        self.trace_note("value", || Datum::bytes(&value));
        self.top_mut().value = value;
    }

    /// Value or message of the last nested call.
    #[must_use]
    pub fn last_result(&self) -> &[u8] {
        &self.top().last_result
    }

    /// The bytes of a module.
    ///
    /// # Errors
    /// When the store fails.
    pub fn code(&self, hash: &Hash) -> Result<Option<Arc<[u8]>>, StoreError> {
        self.env.code(hash)
    }

    /// Reads a key of the running contract.
    ///
    /// # Errors
    /// When the store fails.
    pub fn storage_get(&mut self, key: &[u8]) -> Result<Option<Vec<u8>>, HostError> {
        let value = self.state.get(&keys::storage(&self.contract(), key))?;
        if let Some(tracer) = &mut self.tracer {
            tracer.read(value.as_ref().map_or(0, Vec::len));
        }
        self.trace_note("key", || Datum::bytes(key));
        self.trace_note("value", || value.as_deref().map_or(Datum::Absent, Datum::bytes));
        Ok(value)
    }

    /// Writes a key of the running contract.
    ///
    /// # Errors
    /// Forbidden in a query.
    pub fn storage_set(&mut self, key: &[u8], value: Vec<u8>) -> Result<(), HostError> {
        self.may_write()?;
        if let Some(tracer) = &mut self.tracer {
            tracer.wrote(key.len() + value.len());
        }
        self.trace_note("key", || Datum::bytes(key));
        self.trace_note("value", || Datum::bytes(&value));
        self.state.set(keys::storage(&self.contract(), key), value);
        Ok(())
    }

    /// Removes a key of the running contract; `true` if it was there.
    ///
    /// # Errors
    /// Forbidden in a query; when the store fails.
    pub fn storage_remove(&mut self, key: &[u8]) -> Result<bool, HostError> {
        self.may_write()?;
        let raw = keys::storage(&self.contract(), key);
        let present = self.state.get(&raw)?.is_some();
        if present {
            self.state.remove(raw);
        }
        if let Some(tracer) = &mut self.tracer {
            tracer.wrote(key.len());
        }
        self.trace_note("key", || Datum::bytes(key));
        self.trace_note("was_there", || Datum::Flag(present));
        Ok(present)
    }

    /// Keys of the running contract from `start` to `end` (excluded) in order, at most `limit`.
    ///
    /// # Errors
    /// When the store fails.
    pub fn storage_range(
        &mut self,
        start: &[u8],
        end: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Entry>, HostError> {
        let (lower, upper) = keys::storage_range(&self.contract(), start, end);
        let entries = self.state.range(&lower, &upper, limit.min(STORAGE_RANGE_MAX))?;
        let own = |(key, value): Entry| (key[keys::STORAGE_PREFIX_BYTES..].to_vec(), value);
        let entries: Vec<Entry> = entries.into_iter().map(own).collect();
        if let Some(tracer) = &mut self.tracer {
            entries.iter().for_each(|(key, value)| tracer.read(key.len() + value.len()));
        }
        self.trace_note("start", || Datum::bytes(start));
        self.trace_note("entries", || number(entries.len()));
        Ok(entries)
    }

    /// Moves CNX of the running contract; 0 or a refusal.
    ///
    /// # Errors
    /// Forbidden in a query; when the store fails.
    pub fn transfer(&mut self, to: Address, amount: Amount) -> Result<i32, HostError> {
        self.may_write()?;
        let from = self.contract();
        self.trace_note("to", || Datum::Address(to));
        self.trace_note("amount", || Datum::Amount(amount));
        let moved = ledger::transfer(&mut self.state, &from, &to, amount)?;
        Ok(if moved { 0 } else { refusal::BALANCE_TOO_LOW })
    }

    /// Moves CNX that `from` allowed the running contract to move; 0 or a refusal.
    ///
    /// # Errors
    /// Forbidden in a query or a draw; when the store fails.
    pub fn transfer_from(&mut self, from: Address, to: Address, amount: Amount) -> Result<i32, HostError> {
        self.may_write()?;
        self.not_in_draw("transfer_from")?;
        self.trace_note("from", || Datum::Address(from));
        self.trace_note("to", || Datum::Address(to));
        self.trace_note("amount", || Datum::Amount(amount));
        let spender = self.contract();
        let allowed = ledger::allowance(&self.state, &from, &spender)?;
        let Some(rest) = allowed.checked_sub(amount) else { return Ok(refusal::ALLOWANCE_TOO_LOW) };
        if !ledger::transfer(&mut self.state, &from, &to, amount)? {
            return Ok(refusal::BALANCE_TOO_LOW);
        }
        ledger::approve(&mut self.state, &from, &spender, rest);
        Ok(0)
    }

    /// Balance of an address.
    ///
    /// # Errors
    /// Forbidden in a draw; when the store fails.
    pub fn balance(&mut self, address: &Address) -> Result<Amount, HostError> {
        self.not_in_draw("balance")?;
        let balance = ledger::balance_of(&self.state, address)?;
        self.trace_note("of", || Datum::Address(*address));
        self.trace_note("amount", || Datum::Amount(balance));
        Ok(balance)
    }

    /// What `spender` may take from `owner`.
    ///
    /// # Errors
    /// Forbidden in a draw; when the store fails.
    pub fn allowance(&mut self, owner: &Address, spender: &Address) -> Result<Amount, HostError> {
        self.not_in_draw("allowance")?;
        let allowed = ledger::allowance(&self.state, owner, spender)?;
        self.trace_note("owner", || Datum::Address(*owner));
        self.trace_note("spender", || Datum::Address(*spender));
        self.trace_note("amount", || Datum::Amount(allowed));
        Ok(allowed)
    }

    /// Leaves a call with the chain; its id, or a refusal.
    ///
    /// # Errors
    /// Forbidden in a query; when the store fails.
    pub fn schedule(&mut self, request: ScheduleRequest) -> Result<i64, HostError> {
        self.may_write()?;
        let contract = self.contract();
        self.trace_note("method", || Datum::text(&request.method));
        match schedule::add(&mut self.state, &self.env, contract, request)? {
            Ok(id) => {
                self.scheduled.push(id);
                self.trace_note("id", || Datum::Number(u128::from(id)));
                Ok(i64::try_from(id).unwrap_or(i64::MAX))
            }
            Err(code) => Ok(i64::from(code)),
        }
    }

    /// Takes a waiting call of the running contract back; the CNX returned, or `None` if it does not wait.
    ///
    /// # Errors
    /// Forbidden in a query or a draw; when the store fails.
    pub fn unschedule(&mut self, id: u64) -> Result<Option<Amount>, HostError> {
        self.may_write()?;
        self.not_in_draw("unschedule")?;
        let contract = self.contract();
        let refund = schedule::remove(&mut self.state, contract, id)?;
        self.trace_note("id", || Datum::Number(u128::from(id)));
        self.trace_note("refund", || refund.map_or(Datum::Absent, Datum::Amount));
        Ok(refund)
    }

    /// Emits an event of the running contract.
    ///
    /// # Errors
    /// Forbidden in a query, or beyond the number of events of a receipt.
    pub fn emit(&mut self, name: String, attributes: Vec<Attribute>) -> Result<(), HostError> {
        self.may_write()?;
        if self.events.len() >= EVENTS_MAX {
            return Err(HostError::Forbidden(format!("more than {EVENTS_MAX} events in one call")));
        }
        let contract = self.contract();
        if let Some(tracer) = &mut self.tracer {
            tracer.emitted(encode(&(&name, &attributes)).len());
        }
        self.trace_note("event", || Datum::text(&name));
        self.events.push(Event { contract, name, attributes });
        Ok(())
    }

    /// The beacon of the running block.
    ///
    /// # Errors
    /// Forbidden outside draws.
    pub fn beacon(&self) -> Result<Hash, HostError> {
        if self.top().call.origin == Origin::Draw {
            return Ok(self.env.beacon);
        }
        Err(HostError::Forbidden(String::from("the beacon can be read in a draw only: schedule one")))
    }

    /// Keeps a line for the author, as far as there is room.
    pub fn log(&mut self, mut line: String) {
        self.trace_note("line", || Datum::text(&line));
        if self.side.log.len() < LOG_LINES_MAX {
            let cut = line.floor_char_boundary(LOG_LINE_BYTES_MAX);
            line.truncate(cut);
            self.side.log.push(line);
        }
    }

    fn may_write(&self) -> Result<(), HostError> {
        if self.top().call.origin == Origin::Query {
            return Err(HostError::Forbidden(String::from("a query may not change anything")));
        }
        Ok(())
    }

    fn not_in_draw(&self, what: &str) -> Result<(), HostError> {
        if self.top().call.origin == Origin::Draw {
            return Err(HostError::Forbidden(format!("a draw may not use `{what}`")));
        }
        Ok(())
    }
}

fn number(count: usize) -> Datum {
    Datum::Number(u128::try_from(count).unwrap_or(u128::MAX))
}
