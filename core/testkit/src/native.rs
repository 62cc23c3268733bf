//! Contracts as functions of this process, on the SDK's mock: one mock for each thread, so for each test.
//!
//! The mock knows one contract; this keeps the storage of all, moves that of the running one into the mock and out
//! again, and takes everything back when a call fails. Every call is a block of its own.

use crate::account::{ACCOUNT_FUNDS, Account};
use crate::backend::{Backend, BackendKind, Call, Contract, Moment, Ran};
use crate::outcome::Failure;
use hydrogen_core::limits::{
    ARGS_BYTES_MAX, CALL_DEPTH_MAX, EVENT_BYTES_MAX, EVENTS_MAX, STORAGE_KEY_BYTES_MAX,
    STORAGE_VALUE_BYTES_MAX, VALUE_BYTES_MAX,
};
use hydrogen_sdk::mock::{self, Limits, World};
use hydrogen_types::codec::encode;
use hydrogen_types::host::{CallContext, MethodKind, Origin};
use hydrogen_types::receipt::code;
use hydrogen_types::{Address, Amount, CallKind, ChainId, Due, Event, Hash, Height, ScheduleRequest};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// 2026-01-01, as on the embedded chain.
const TIME_MS: u64 = 1_767_225_600_000;
/// From one block to the next, as on the embedded chain.
const BLOCK_MS: u64 = 1_000;
/// Base units for each gas, as on a fresh chain.
const GAS_PRICE: u64 = 1_000_000;
/// What scheduled calls of one block may run one after the other.
const DUE_MAX: usize = 4_096;

/// What the mock refuses, as the ledger does.
const LIMITS: Limits = Limits {
    key_bytes_max: STORAGE_KEY_BYTES_MAX,
    value_bytes_max: STORAGE_VALUE_BYTES_MAX,
    return_bytes_max: VALUE_BYTES_MAX,
    event_bytes_max: EVENT_BYTES_MAX,
    events_max: EVENTS_MAX,
};

#[derive(Clone)]
struct Deployed {
    entry: fn(&str) -> bool,
    admin: Address,
    storage: BTreeMap<Vec<u8>, Vec<u8>>,
}

/// What the mock has no place for.
#[derive(Clone, Default)]
struct State {
    contracts: BTreeMap<Address, Deployed>,
    /// Contracts that run, the outermost first.
    running: Vec<Address>,
    /// Events so far, with their contracts.
    events: Vec<Event>,
    /// Who scheduled what.
    owners: BTreeMap<u64, Address>,
    deployed: u64,
    height: u64,
    time_ms: u64,
    uptime_ms: u64,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

fn state<T>(look: impl FnOnce(&mut State) -> T) -> T {
    STATE.with(|state| look(&mut state.borrow_mut()))
}

pub(crate) struct Native;

/// One call into a contract.
struct Entry<'a> {
    caller: Address,
    signer: Address,
    contract: Address,
    kind: MethodKind,
    method: &'a str,
    args: &'a [u8],
    value: Amount,
    origin: Origin,
}

/// Tags what the running contract has emitted and scheduled so far as its own.
fn claim(contract: Address) {
    let (events, ids) = mock::with(|world| {
        (std::mem::take(&mut world.events), world.scheduled.keys().copied().collect::<Vec<_>>())
    });
    state(|state| {
        state.events.extend(events.into_iter().map(|(name, attributes)| Event {
            contract,
            name,
            attributes,
        }));
        for id in ids {
            state.owners.entry(id).or_insert(contract);
        }
    });
}

fn context(entry: &Entry<'_>) -> CallContext {
    let (height, time_ms, uptime_ms) = state(|state| (state.height, state.time_ms, state.uptime_ms));
    CallContext {
        chain_id: ChainId::new("native").expect("a legal name"),
        caller: entry.caller,
        contract: entry.contract,
        signer: entry.signer,
        value: entry.value,
        height: Height::new(height),
        time_ms,
        uptime_ms,
        gas_price: GAS_PRICE,
        origin: entry.origin,
    }
}

fn pay(world: &mut World, from: Address, to: Address, amount: Amount) -> bool {
    let Some(rest) = world.balances.get(&from).copied().unwrap_or_default().checked_sub(amount) else {
        return false;
    };
    world.balances.insert(from, rest);
    let target = world.balances.entry(to).or_default();
    *target = target.checked_add(amount).expect("a test mints less than 2^128");
    true
}

/// Runs an entry; a failed one leaves everything as it was.
fn run(entry: &Entry<'_>) -> Result<Vec<u8>, Failure> {
    let before = (mock::with(|world| world.clone()), state(|state| state.clone()));
    let done = attempt(entry);
    let outer = before.0.clone();
    match &done {
        Ok(_) if entry.origin != Origin::Query => {
            // The caller goes on with its own storage, input and value; what belongs to all stays.
            mock::with(|world| {
                world.context = outer.context;
                world.storage = outer.storage;
                (world.input, world.value) = (outer.input, outer.value);
            });
            state(|state| {
                state.running.pop();
            });
        }
        _ => {
            mock::with(|world| *world = before.0);
            state(|state| *state = before.1);
        }
    }
    done
}

fn attempt(entry: &Entry<'_>) -> Result<Vec<u8>, Failure> {
    let contract = entry.contract;
    let Some(deployed) = state(|state| state.contracts.get(&contract).cloned()) else {
        return Err(Failure::new(code::CONTRACT_NOT_FOUND, format!("no contract at {contract}")));
    };
    let (again, depth) = state(|state| (state.running.contains(&contract), state.running.len()));
    if again {
        return Err(Failure::new(code::REENTRANCY, "the contract is running already, further up"));
    }
    if depth >= CALL_DEPTH_MAX {
        return Err(Failure::new(code::DEPTH_EXCEEDED, "more than 16 contracts deep"));
    }
    if entry.args.len() > ARGS_BYTES_MAX {
        let message = format!("arguments of {} bytes, at most {ARGS_BYTES_MAX}", entry.args.len());
        return Err(Failure::new(code::TRAP, message));
    }
    if !mock::with(|world| pay(world, entry.caller, contract, entry.value)) {
        return Err(Failure::new(code::BALANCE_TOO_LOW, "the caller cannot pay the value"));
    }
    state(|state| state.running.push(contract));
    let context = context(entry);
    mock::with(|world| {
        world.context = context;
        world.storage = deployed.storage;
        world.input = entry.args.to_vec();
        world.value = Vec::new();
        world.ended = None;
    });
    let export = entry.kind.export(entry.method);
    match catch_unwind(AssertUnwindSafe(|| (deployed.entry)(&export))) {
        Ok(true) => {}
        Ok(false) => return Err(Failure::new(code::METHOD_NOT_FOUND, "no such method")),
        Err(panic) => return Err(ended(&*panic)),
    }
    claim(contract);
    let (storage, value) = mock::with(|world| (world.storage.clone(), world.value.clone()));
    state(|state| {
        if let Some(deployed) = state.contracts.get_mut(&contract) {
            deployed.storage = storage;
        }
    });
    Ok(value)
}

/// Why a call unwound: the host ended it, or the contract panicked.
fn ended(panic: &(dyn std::any::Any + Send)) -> Failure {
    if let Some((code, message)) = mock::with(|world| world.ended.take()) {
        return Failure::new(code, message);
    }
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    Failure::new(code::PANIC, text.unwrap_or("the contract panicked"))
}

/// What the mock's `call` comes to: one contract calls another.
fn callee(contract: Address, method: &str, args: &[u8], value: Amount) -> (u32, Vec<u8>) {
    let caller = mock::with(|world| world.context.clone());
    let refuse = |code, message: &str| (code, Vec::from(message.as_bytes()));
    match caller.origin {
        Origin::Draw => return refuse(code::FORBIDDEN, "a draw may not call other contracts"),
        Origin::Query if !value.is_zero() => {
            return refuse(code::FORBIDDEN, "a query may not move CNX");
        }
        _ => {}
    }
    claim(caller.contract);
    let kind = if caller.origin == Origin::Query { MethodKind::Query } else { MethodKind::Call };
    let (signer, origin) = (caller.signer, caller.origin);
    let done = run(&Entry { caller: caller.contract, signer, contract, kind, method, args, value, origin });
    match done {
        Ok(value) => (0, value),
        // Only a contract's own words reach its caller.
        Err(failure) if failure.code >= code::CONTRACT_MIN || failure.code == code::PANIC => {
            (failure.code, failure.message.into_bytes())
        }
        Err(failure) => (failure.code, Vec::new()),
    }
}

impl Native {
    pub(crate) fn start() -> Self {
        mock::with(|world| {
            *world = World {
                balances: BTreeMap::new(),
                callee: Some(callee),
                limits: Some(LIMITS),
                ..World::default()
            };
        });
        state(|state| *state = State { time_ms: TIME_MS, ..State::default() });
        Self
    }

    /// A block begins: time moves on, and what is due runs.
    fn next_block(&mut self, ms: u64) {
        state(|state| {
            state.height += 1;
            state.time_ms = state.time_ms.saturating_add(ms);
            state.uptime_ms = state.uptime_ms.saturating_add(ms);
        });
        self.run_due();
    }

    /// Draws first, then ordinary calls, each in the order of its moment and id.
    fn run_due(&mut self) {
        let (height, uptime_ms) = state(|state| (state.height, state.uptime_ms));
        let is_due = |request: &ScheduleRequest| match request.due {
            Due::Height(due) => due.get() <= height,
            Due::UptimeMs(due) => due <= uptime_ms,
        };
        let mut due: Vec<(u64, ScheduleRequest)> = mock::with(|world| {
            let due = world.scheduled.iter().filter(|(_, request)| is_due(request));
            due.map(|(id, request)| (*id, request.clone())).take(DUE_MAX).collect()
        });
        due.sort_by_key(|(id, request)| (request.kind, request.due, *id));
        for (id, request) in due {
            let Some(contract) = state(|state| state.owners.remove(&id)) else { continue };
            if mock::with(|world| world.scheduled.remove(&id)).is_none() {
                continue;
            }
            let beacon = Hash::sha256(&encode(&("beacon of the native backend", height)));
            mock::with(|world| world.beacon = beacon);
            let origin = if request.kind == CallKind::Draw { Origin::Draw } else { Origin::Scheduled };
            let failed = run(&Entry {
                caller: contract,
                signer: contract,
                contract,
                kind: MethodKind::Scheduled,
                method: &request.method,
                args: &request.args,
                value: Amount::ZERO,
                origin,
            });
            // As on the chain, a scheduled call that fails changes nothing and tells nobody but its receipt.
            drop(failed);
            let price = request.gas.cost(request.gas_price);
            let back = mock::with(|world| pay(world, Address::default(), request.refund_to, price));
            assert!(back, "what was bought can be given back");
        }
    }

    fn run_tx(&mut self, entry: &Entry<'_>) -> Result<Ran, Failure> {
        self.next_block(BLOCK_MS);
        state(|state| state.events.clear());
        let value = run(entry)?;
        Ok(Ran { value, events: state(|state| std::mem::take(&mut state.events)), cost: None })
    }

    fn entry<'a>(
        from: &Account,
        contract: Address,
        kind: MethodKind,
        method: &'a str,
        args: &'a [u8],
    ) -> Entry<'a> {
        let sender = from.address();
        let (value, origin) = (Amount::ZERO, Origin::Tx);
        Entry { caller: sender, signer: sender, contract, kind, method, args, value, origin }
    }
}

impl Backend for Native {
    fn kind(&self) -> BackendKind {
        BackendKind::Native
    }

    fn fund(&mut self, account: &Account) {
        mock::with(|world| {
            let balance = world.balances.entry(account.address()).or_default();
            *balance = balance.checked_add(ACCOUNT_FUNDS).expect("a test mints less than 2^128");
        });
    }

    fn deploy(
        &mut self,
        from: &Account,
        contract: &Contract,
        init: Vec<u8>,
    ) -> Result<(Address, Ran), Failure> {
        let admin = from.address();
        let number = state(|state| {
            state.deployed += 1;
            state.deployed
        });
        let address = Address::of_contract(&admin, number);
        let deployed = Deployed { entry: contract.native, admin, storage: BTreeMap::new() };
        state(|state| drop(state.contracts.insert(address, deployed)));
        let done = self.run_tx(&Self::entry(from, address, MethodKind::Init, "", &init));
        if done.is_err() {
            state(|state| drop(state.contracts.remove(&address)));
        }
        Ok((address, done?))
    }

    fn upgrade(
        &mut self,
        from: &Account,
        address: &Address,
        contract: &Contract,
        migrate: Vec<u8>,
    ) -> Result<Ran, Failure> {
        let Some(before) = state(|state| state.contracts.get(address).cloned()) else {
            return Err(Failure::new(code::CONTRACT_NOT_FOUND, format!("no contract at {address}")));
        };
        if before.admin != from.address() {
            let message = format!("{} is not the admin of {address}", from.address());
            return Err(Failure::new(code::NOT_ADMIN, message));
        }
        let after = Deployed { entry: contract.native, ..before.clone() };
        state(|state| drop(state.contracts.insert(*address, after)));
        let done = self.run_tx(&Self::entry(from, *address, MethodKind::Migrate, "", &migrate));
        if done.is_err() {
            state(|state| drop(state.contracts.insert(*address, before)));
        }
        done
    }

    fn call(&mut self, from: &Account, call: Call<'_>) -> Result<Ran, Failure> {
        let entry = Self::entry(from, *call.contract, MethodKind::Call, call.method, &call.args);
        self.run_tx(&Entry { value: call.value, ..entry })
    }

    fn query(&mut self, contract: &Address, method: &str, args: Vec<u8>) -> Result<Vec<u8>, Failure> {
        let nobody = Address::default();
        run(&Entry {
            caller: nobody,
            signer: nobody,
            contract: *contract,
            kind: MethodKind::Query,
            method,
            args: &args,
            value: Amount::ZERO,
            origin: Origin::Query,
        })
    }

    fn transfer(&mut self, from: &Account, to: &Address, amount: Amount) -> Result<(), Failure> {
        self.next_block(BLOCK_MS);
        if mock::with(|world| pay(world, from.address(), *to, amount)) {
            return Ok(());
        }
        let balance = self.balance(&from.address());
        let message = format!("a balance of {balance} CNX does not cover {amount} CNX");
        Err(Failure::new(code::BALANCE_TOO_LOW, message))
    }

    fn approve(&mut self, from: &Account, spender: &Address, amount: Amount) -> Result<(), Failure> {
        self.next_block(BLOCK_MS);
        mock::with(|world| {
            world.allowances.insert((from.address(), *spender), amount);
        });
        Ok(())
    }

    fn balance(&mut self, address: &Address) -> Amount {
        mock::with(|world| world.balances.get(address).copied().unwrap_or_default())
    }

    fn now(&mut self) -> Moment {
        state(|state| Moment { height: Height::new(state.height), time_ms: state.time_ms })
    }

    fn mine(&mut self, blocks: u64) {
        for _ in 0..blocks {
            self.next_block(BLOCK_MS);
        }
    }

    fn advance(&mut self, ms: u64) {
        self.next_block(ms);
    }
}
