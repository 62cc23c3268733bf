//! A recorder of what a call does: its host calls in order, nested calls inside them, and where each gas went.
//!
//! ```text
//! Executor (one receipt) -> Tracer in the Context -> frames: enter, leave      } TracedCall
//!                                                  sandbox: ready, begin, end }   steps, nested calls
//!                                                  Context: note              }
//! ```
//!
//! *Invariants*: the recorder reads the meter and never moves it, and nothing asks it what to do, so a traced call has
//! the gas and the results of any other. The parts of a [`TracedCall`] add up to its gas.

use hydrogen_types::host::CallContext;
use hydrogen_types::{Address, Amount, Gas};

/// Host calls that a trace lists, all calls together; those beyond are summed up.
pub const TRACE_STEPS_MAX: usize = 10_000;
/// Longest piece of a key, value or text that a trace repeats, in bytes: any key is shown whole.
pub const TRACE_BYTES_MAX: usize = 256;

/// One thing that a host call was given or gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Datum {
    /// Bytes: the first [`TRACE_BYTES_MAX`], and how many there are.
    Bytes(Vec<u8>, usize),
    /// A text, cut like bytes.
    Text(String),
    /// A number.
    Number(u128),
    /// CNX.
    Amount(Amount),
    /// An account or contract.
    Address(Address),
    /// Yes or no.
    Flag(bool),
    /// Nothing is there.
    Absent,
}

impl Datum {
    /// Bytes, cut.
    #[must_use]
    pub fn bytes(bytes: &[u8]) -> Self {
        Self::Bytes(bytes[..bytes.len().min(TRACE_BYTES_MAX)].to_vec(), bytes.len())
    }

    /// A text, cut.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::Text(text[..text.floor_char_boundary(TRACE_BYTES_MAX)].to_owned())
    }
}

/// One host call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Name in the table of host functions.
    pub function: &'static str,
    /// Gas of the contract's own code since the host call before.
    pub code_gas: Gas,
    /// Gas of the host call itself, without that of a nested call.
    pub gas: Gas,
    /// Bytes it was charged for.
    pub bytes: u64,
    /// What it was given and gave, by name.
    pub details: Vec<(&'static str, Datum)>,
    /// The contract it called.
    pub nested: Option<Box<TracedCall>>,
}

/// One call of a contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TracedCall {
    /// The contract.
    pub contract: Address,
    /// Who called it.
    pub caller: Address,
    /// The export that ran: `call.NAME`, `init`, ...
    pub export: String,
    /// Its arguments, cut.
    pub args: Datum,
    /// CNX that came along.
    pub value: Amount,
    /// Most gas it might use.
    pub gas_limit: Gas,
    /// Gas it used: the sum of all that follows.
    pub gas_used: Gas,
    /// Gas of making its instance.
    pub start_gas: Gas,
    /// Host calls in order.
    pub steps: Vec<Step>,
    /// Host calls that found no room in the list.
    pub unlisted_steps: u64,
    /// Gas of those, of code before them, and of calls nested in them.
    pub unlisted_gas: Gas,
    /// Gas of the contract's own code after the last host call, and what an ending that takes all gas took.
    pub tail_gas: Gas,
    /// 0, or the code it failed with.
    pub code: u32,
    /// What it returned or, as far as it has words of its own, why it failed; cut.
    pub outcome: Datum,
}

/// What a transaction's calls used, all together, failed ones included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Calls of contracts, the outermost included.
    pub calls: u64,
    /// Host calls.
    pub host_calls: u64,
    /// Storage keys read, those of ranges included.
    pub reads: u64,
    /// Bytes of the values read and, in ranges, of their keys.
    pub read_bytes: u64,
    /// Storage keys written or removed.
    pub writes: u64,
    /// Bytes of keys and values written.
    pub written_bytes: u64,
    /// Events emitted.
    pub events: u64,
    /// Bytes of their encoding, name and attributes.
    pub event_bytes: u64,
}

/// What one transaction or scheduled call did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// Gas that it cost whatever it did: of its bytes and its action. With the call's gas, all of the receipt's.
    pub intrinsic_gas: Gas,
    /// The outermost call; `None` for actions that call no contract, and for those refused before the call.
    pub call: Option<TracedCall>,
    /// What it used.
    pub usage: Usage,
}

impl Trace {
    /// Of an action that calls no contract.
    pub(crate) fn without_call() -> Self {
        Self { intrinsic_gas: Gas::ZERO, call: None, usage: Usage::default() }
    }
}

/// A call that runs.
struct Open {
    call: TracedCall,
    /// Gas left when its code last went on.
    left: u64,
    /// Gas that has a place in the trace so far.
    placed: u64,
    /// The host call that runs, and the gas left when it began.
    step: Option<(Step, u64)>,
    /// Gas of the call nested in it.
    nested_gas: u64,
}

/// The recorder.
#[derive(Default)]
pub(crate) struct Tracer {
    open: Vec<Open>,
    listed: usize,
    done: Option<TracedCall>,
    usage: Usage,
}

fn count(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

impl Tracer {
    /// What was recorded.
    pub(crate) fn finish(self) -> (Option<TracedCall>, Usage) {
        (self.done, self.usage)
    }

    /// A frame opens.
    pub(super) fn enter(&mut self, call: &CallContext, export: String, args: &[u8], gas_limit: Gas) {
        self.usage.calls = self.usage.calls.saturating_add(1);
        let call = TracedCall {
            contract: call.contract,
            caller: call.caller,
            export,
            args: Datum::bytes(args),
            value: call.value,
            gas_limit,
            gas_used: Gas::ZERO,
            start_gas: Gas::ZERO,
            steps: Vec::new(),
            unlisted_steps: 0,
            unlisted_gas: Gas::ZERO,
            tail_gas: Gas::ZERO,
            code: 0,
            outcome: Datum::Absent,
        };
        self.open.push(Open { call, left: 0, placed: 0, step: None, nested_gas: 0 });
    }

    /// The frame closes.
    pub(super) fn leave(&mut self, code: u32, outcome: &[u8], gas_used: Gas) {
        let Some(mut open) = self.open.pop() else { return };
        let tail = gas_used.get().saturating_sub(open.placed);
        open.call.gas_used = gas_used;
        open.call.tail_gas = Gas::new(tail);
        open.call.code = code;
        open.call.outcome = match (code, std::str::from_utf8(outcome)) {
            (0, _) => Datum::bytes(outcome),
            (_, Ok(text)) => Datum::text(text),
            (_, Err(_)) => Datum::bytes(outcome),
        };
        match self.open.last_mut() {
            Some(caller) => {
                caller.nested_gas = gas_used.get();
                if let Some((step, _)) = &mut caller.step {
                    step.nested = Some(Box::new(open.call));
                }
            }
            None => self.done = Some(open.call),
        }
    }

    fn ready(&mut self, start_gas: u64, left: u64) {
        if let Some(open) = self.open.last_mut() {
            open.call.start_gas = Gas::new(start_gas);
            open.placed = start_gas;
            open.left = left;
        }
    }

    fn begin(&mut self, function: &'static str, left: u64) {
        self.usage.host_calls = self.usage.host_calls.saturating_add(1);
        if let Some(open) = self.open.last_mut() {
            let code_gas = Gas::new(open.left.saturating_sub(left));
            let (gas, bytes, details) = (Gas::ZERO, 0, Vec::new());
            open.nested_gas = 0;
            open.step = Some((Step { function, code_gas, gas, bytes, details, nested: None }, left));
        }
    }

    fn note(&mut self, name: &'static str, datum: Datum) {
        let Some((step, _)) = self.open.last_mut().and_then(|open| open.step.as_mut()) else { return };
        // A range is read in parts: they count as one.
        match (step.details.iter_mut().find(|(known, _)| *known == name), datum) {
            (Some((_, Datum::Number(sum))), Datum::Number(more)) => *sum = sum.saturating_add(more),
            (Some(_), _) => {}
            (None, datum) => step.details.push((name, datum)),
        }
    }

    fn end(&mut self, left: u64, bytes: u64) {
        let Some(open) = self.open.last_mut() else { return };
        let Some((mut step, began)) = open.step.take() else { return };
        let whole = began.saturating_sub(left);
        step.gas = Gas::new(whole.saturating_sub(open.nested_gas));
        step.bytes = bytes;
        let with_code = whole.saturating_add(step.code_gas.get());
        open.placed = open.placed.saturating_add(with_code);
        open.left = left;
        if self.listed < TRACE_STEPS_MAX {
            self.listed += 1;
            open.call.steps.push(step);
        } else {
            open.call.unlisted_steps = open.call.unlisted_steps.saturating_add(1);
            open.call.unlisted_gas = open.call.unlisted_gas.saturating_add(Gas::new(with_code));
        }
    }

    pub(super) fn read(&mut self, value_bytes: usize) {
        self.usage.reads = self.usage.reads.saturating_add(1);
        self.usage.read_bytes = self.usage.read_bytes.saturating_add(count(value_bytes));
    }

    pub(super) fn wrote(&mut self, bytes: usize) {
        self.usage.writes = self.usage.writes.saturating_add(1);
        self.usage.written_bytes = self.usage.written_bytes.saturating_add(count(bytes));
    }

    pub(super) fn emitted(&mut self, bytes: usize) {
        self.usage.events = self.usage.events.saturating_add(1);
        self.usage.event_bytes = self.usage.event_bytes.saturating_add(count(bytes));
    }
}

/// What the sandbox tells the recorder, if there is one.
impl super::Context {
    /// Whether a recorder listens: reading the meter for it is in vain otherwise.
    #[must_use]
    pub fn is_traced(&self) -> bool {
        self.tracer.is_some()
    }

    /// The instance is made: what that cost, and the gas its code begins with.
    pub fn trace_ready(&mut self, start_gas: u64, left: u64) {
        if let Some(tracer) = &mut self.tracer {
            tracer.ready(start_gas, left);
        }
    }

    /// A host call begins, before it is charged for.
    pub fn trace_begin(&mut self, function: &'static str, left: u64) {
        if let Some(tracer) = &mut self.tracer {
            tracer.begin(function, left);
        }
    }

    /// The running host call was given or gives this.
    pub fn trace_note(&mut self, name: &'static str, datum: impl FnOnce() -> Datum) {
        if let Some(tracer) = &mut self.tracer {
            tracer.note(name, datum());
        }
    }

    /// The host call ends, well or not.
    pub fn trace_end(&mut self, left: u64, bytes: u64) {
        if let Some(tracer) = &mut self.tracer {
            tracer.end(left, bytes);
        }
    }
}
