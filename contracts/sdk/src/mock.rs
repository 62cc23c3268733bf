//! The host in memory, for unit tests of a contract's rules on the author's machine. Each thread, so each test, has its
//! own.
//!
//! *Provided*: storage, balances, allowances, context, schedule, events, log; the sizes and rights that [`Limits`] names,
//! if a test sets them. *Not provided*: gas, rollback of a failed call, other contracts (unless `callee` is set), curve
//! arithmetic (the verdict on signatures is set by the test). What counts is the real VM; this is the quick check before
//! it. `hydrogen-test` adds rollback, other contracts and the schedule.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::RefCell;
use hydrogen_types::host::{CallContext, Origin};
use hydrogen_types::{Address, Amount, Attribute, ChainId, Hash, Height, ScheduleRequest};

/// Calls another contract: its address, the method, borsh arguments, CNX. 0 and the value, or a code and a message.
pub type Callee = fn(Address, &str, &[u8], Amount) -> (u32, Vec<u8>);

/// What the real host refuses; the mock does too once a test sets it. Sizes in bytes.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Longest storage key.
    pub key_bytes_max: usize,
    /// Longest storage value.
    pub value_bytes_max: usize,
    /// Longest return value.
    pub return_bytes_max: usize,
    /// Longest event.
    pub event_bytes_max: usize,
    /// Most events of a call.
    pub events_max: usize,
}

/// Everything the mock remembers.
#[derive(Debug, Clone)]
pub struct World {
    /// What [`crate::env::context`] gives.
    pub context: CallContext,
    /// Raw storage of the contract.
    pub storage: BTreeMap<Vec<u8>, Vec<u8>>,
    /// CNX of everybody.
    pub balances: BTreeMap<Address, Amount>,
    /// CNX that an owner (first) lets a spender (second) take.
    pub allowances: BTreeMap<(Address, Address), Amount>,
    /// Waiting calls by id.
    pub scheduled: BTreeMap<u64, ScheduleRequest>,
    /// Events so far.
    pub events: Vec<(String, Vec<Attribute>)>,
    /// The beacon.
    pub beacon: Hash,
    /// What signature and proof checks answer.
    pub signatures_valid: bool,
    /// Log lines so far.
    pub log: Vec<String>,
    /// Id of the last scheduled call.
    pub last_id: u64,
    /// Arguments of the running call.
    pub input: Vec<u8>,
    /// Value the call returned.
    pub value: Vec<u8>,
    /// What answers calls of other contracts; without it, they fail with code 1.
    pub callee: Option<Callee>,
    /// What the host refuses. With it, an ended call unwinds in silence: somebody reads `ended`.
    pub limits: Option<Limits>,
    /// Code and sentence with which the host ended the running call, a refusal of the contract's own included.
    pub ended: Option<(u32, String)>,
}

impl Default for World {
    fn default() -> Self {
        let contract = Address::of_name("mock");
        let caller = Address::new([1; 20]);
        Self {
            context: CallContext {
                chain_id: ChainId::new("mock").expect("the name is legal"),
                caller,
                contract,
                signer: caller,
                value: Amount::ZERO,
                height: Height::new(1),
                time_ms: 1,
                uptime_ms: 1,
                gas_price: 1,
                origin: Origin::Tx,
            },
            storage: BTreeMap::new(),
            balances: BTreeMap::new(),
            allowances: BTreeMap::new(),
            scheduled: BTreeMap::new(),
            events: Vec::new(),
            beacon: Hash::ZERO,
            signatures_valid: true,
            log: Vec::new(),
            last_id: 0,
            input: Vec::new(),
            value: Vec::new(),
            callee: None,
            limits: None,
            ended: None,
        }
    }
}

std::thread_local! {
    static WORLD: RefCell<World> = RefCell::new(World::default());
}

/// Looks at or changes the world of this thread.
pub fn with<T>(action: impl FnOnce(&mut World) -> T) -> T {
    WORLD.with(|world| action(&mut world.borrow_mut()))
}

/// Starts over.
pub fn reset() {
    with(|world| *world = World::default());
}

impl World {
    fn pay(&mut self, from: Address, to: Address, amount: Amount) -> bool {
        let Some(left) = self.balances.get(&from).copied().unwrap_or_default().checked_sub(amount) else {
            return false;
        };
        self.balances.insert(from, left);
        let target = self.balances.entry(to).or_default();
        *target = target.checked_add(amount).expect("a test mints less than u128");
        true
    }
}

/// The same names as the border to the real host.
pub(crate) mod host {
    use super::with;
    use alloc::string::String;
    use alloc::vec::Vec;
    use core::ops::Bound;
    use hydrogen_types::codec::encode;
    use hydrogen_types::host::{Origin, refusal};
    use hydrogen_types::receipt::code;
    use hydrogen_types::{Address, Amount, Attribute, Hash, ScheduleRequest};

    use super::Limits;
    use alloc::format;

    /// Ends the running call, as the real host would.
    fn end(code: u32, message: String) -> ! {
        let watched = with(|world| {
            world.ended = Some((code, message.clone()));
            world.limits.is_some()
        });
        if watched {
            std::panic::resume_unwind(alloc::boxed::Box::new(()));
        }
        panic!("reverted with code {code}: {message}")
    }

    fn check_size(what: &str, len: usize, len_max: impl FnOnce(&Limits) -> usize) {
        if let Some(len_max) = with(|world| world.limits.as_ref().map(len_max))
            && len > len_max
        {
            end(code::TRAP, format!("{what} of {len} bytes, at most {len_max} are allowed"));
        }
    }

    fn limited_origin() -> Option<Origin> {
        with(|world| world.limits.map(|_| world.context.origin))
    }

    fn may_write() {
        if limited_origin() == Some(Origin::Query) {
            end(code::FORBIDDEN, "a query may not change anything".into());
        }
    }

    fn not_in_draw(what: &str) {
        if limited_origin() == Some(Origin::Draw) {
            end(code::FORBIDDEN, format!("a draw may not use `{what}`"));
        }
    }

    pub(crate) fn input() -> Vec<u8> {
        with(|world| world.input.clone())
    }

    pub(crate) fn with_context<T>(look: impl FnOnce(&[u8]) -> T) -> T {
        look(&encode(&with(|world| world.context.clone())))
    }

    pub(crate) fn storage_get(key: &[u8]) -> Option<Vec<u8>> {
        check_size("storage key", key.len(), |limits| limits.key_bytes_max);
        with(|world| world.storage.get(key).cloned())
    }

    pub(crate) fn storage_set(key: &[u8], value: &[u8]) {
        check_size("storage key", key.len(), |limits| limits.key_bytes_max);
        check_size("storage value", value.len(), |limits| limits.value_bytes_max);
        may_write();
        with(|world| world.storage.insert(key.into(), value.into()));
    }

    pub(crate) fn storage_remove(key: &[u8]) -> bool {
        check_size("storage key", key.len(), |limits| limits.key_bytes_max);
        may_write();
        with(|world| world.storage.remove(key).is_some())
    }

    pub(crate) fn storage_range(start: &[u8], end: &[u8], limit: u32) -> Vec<u8> {
        let end = if end.is_empty() { Bound::Unbounded } else { Bound::Excluded(end) };
        with(|world| {
            let range = world.storage.range::<[u8], _>((Bound::Included(start), end));
            encode(&range.take(limit as usize).collect::<Vec<_>>())
        })
    }

    pub(crate) fn transfer(to: &[u8; 20], amount: u128) -> i32 {
        may_write();
        with(|world| {
            let from = world.context.contract;
            let paid = world.pay(from, Address::new(*to), Amount::new(amount));
            if paid { 0 } else { refusal::BALANCE_TOO_LOW }
        })
    }

    pub(crate) fn transfer_from(from: &[u8; 20], to: &[u8; 20], amount: u128) -> i32 {
        may_write();
        not_in_draw("transfer_from");
        with(|world| {
            let (from, amount) = (Address::new(*from), Amount::new(amount));
            let pair = (from, world.context.contract);
            let Some(left) = world.allowances.get(&pair).copied().unwrap_or_default().checked_sub(amount)
            else {
                return refusal::ALLOWANCE_TOO_LOW;
            };
            if !world.pay(from, Address::new(*to), amount) {
                return refusal::BALANCE_TOO_LOW;
            }
            world.allowances.insert(pair, left);
            0
        })
    }

    pub(crate) fn balance(address: &[u8; 20]) -> u128 {
        not_in_draw("balance");
        with(|world| world.balances.get(&Address::new(*address)).copied().unwrap_or_default().get())
    }

    pub(crate) fn allowance(owner: &[u8; 20], spender: &[u8; 20]) -> u128 {
        not_in_draw("allowance");
        let pair = (Address::new(*owner), Address::new(*spender));
        with(|world| world.allowances.get(&pair).copied().unwrap_or_default().get())
    }

    pub(crate) fn call(
        contract: &[u8; 20],
        method: &str,
        args: &[u8],
        value: u128,
        _: u64,
    ) -> (u32, Vec<u8>) {
        if let Some(callee) = with(|world| world.callee) {
            return callee(Address::new(*contract), method, args, Amount::new(value));
        }
        (1, alloc::format!("the mock has no other contract to call `{method}` on").into_bytes())
    }

    pub(crate) fn schedule(request: &[u8]) -> i64 {
        may_write();
        let request: ScheduleRequest = borsh::from_slice(request).expect("the SDK encodes a request");
        with(|world| {
            let cost = request.gas.cost(request.gas_price);
            let contract = world.context.contract;
            if !world.pay(contract, Address::default(), cost) {
                return i64::from(refusal::BALANCE_TOO_LOW);
            }
            world.last_id += 1;
            world.scheduled.insert(world.last_id, request);
            world.last_id.cast_signed()
        })
    }

    pub(crate) fn unschedule(id: u64) -> Option<u128> {
        may_write();
        not_in_draw("unschedule");
        with(|world| {
            let request = world.scheduled.remove(&id)?;
            let cost = request.gas.cost(request.gas_price);
            let contract = world.context.contract;
            let back = world.pay(Address::default(), contract, cost);
            assert!(back, "what was bought can be given back");
            Some(cost.get())
        })
    }

    pub(crate) fn emit(event: &[u8]) {
        check_size("event", event.len(), |limits| limits.event_bytes_max);
        may_write();
        let full =
            |limits: &Limits, events: usize| (events >= limits.events_max).then_some(limits.events_max);
        if let Some(events_max) =
            with(|world| world.limits.as_ref().and_then(|limits| full(limits, world.events.len())))
        {
            end(code::FORBIDDEN, format!("more than {events_max} events in one call"));
        }
        let event: (String, Vec<Attribute>) = borsh::from_slice(event).expect("the SDK encodes an event");
        with(|world| world.events.push(event));
    }

    pub(crate) fn return_value(value: &[u8]) {
        check_size("return value", value.len(), |limits| limits.return_bytes_max);
        with(|world| world.value = value.into());
    }

    pub(crate) fn revert(code: u32, message: &str) -> ! {
        end(code, message.into())
    }

    pub(crate) fn beacon() -> [u8; 32] {
        if limited_origin().is_some_and(|origin| origin != Origin::Draw) {
            end(code::FORBIDDEN, "the beacon can be read in a draw only: schedule one".into());
        }
        with(|world| *world.beacon.as_bytes())
    }

    pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
        *Hash::sha256(bytes).as_bytes()
    }

    pub(crate) fn keccak256(_: &[u8]) -> [u8; 32] {
        panic!("the mock has no keccak-256")
    }

    pub(crate) fn ed25519_verify(_: &[u8; 32], _: &[u8], _: &[u8; 64]) -> bool {
        with(|world| world.signatures_valid)
    }

    pub(crate) fn vrf_verify(_: &[u8; 32], _: &[u8], proof: &[u8; 80]) -> Option<[u8; 64]> {
        let mut out = [0; 64];
        out.copy_from_slice(&proof[..64]);
        with(|world| world.signatures_valid).then_some(out)
    }

    pub(crate) fn log(line: &str) {
        with(|world| world.log.push(line.into()));
    }
}
