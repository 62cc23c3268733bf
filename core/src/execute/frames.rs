//! Calls into contracts, nested up to a limit: each in a frame that is kept or taken back when it ends.

use super::context::{Context, Frame};
use super::ledger;
use super::trace::Datum;
use crate::limits::CALL_DEPTH_MAX;
use crate::state::{Checkpoint, keys};
use crate::vm::{Ending, VmCall, VmError, VmResult};
use hydrogen_types::block::ContractInfo;
use hydrogen_types::host::{CallContext, MethodKind, Origin};
use hydrogen_types::receipt::code;
use hydrogen_types::{Address, Amount, Gas};

/// What became of a nested call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubCall {
    /// 0 for success, else the callee's code.
    pub code: u32,
    /// Gas the callee used.
    pub gas_used: Gas,
}

/// A call to be made: who, what, with which rights.
pub(crate) struct Invocation {
    pub(crate) caller: Address,
    pub(crate) signer: Address,
    pub(crate) contract: Address,
    pub(crate) kind: MethodKind,
    pub(crate) method: String,
    pub(crate) args: Vec<u8>,
    pub(crate) value: Amount,
    pub(crate) gas: Gas,
    pub(crate) gas_price: u64,
    pub(crate) origin: Origin,
}

impl Context {
    /// Runs a call from outside: a transaction, a scheduled call, a query. Rolls back what a failed one changed.
    pub(crate) fn run(self: Box<Self>, entry: Invocation) -> (Box<Self>, Result<SubCall, VmError>) {
        self.enter_and_call(entry)
    }

    /// Calls another contract. The callee's changes are rolled back if it fails; the caller's stay.
    pub fn call_contract(
        mut self: Box<Self>,
        contract: Address,
        method: String,
        args: Vec<u8>,
        value: Amount,
        gas: Gas,
    ) -> (Box<Self>, Result<SubCall, VmError>) {
        self.trace_note("contract", || Datum::Address(contract));
        self.trace_note("method", || Datum::text(&method));
        let call = &self.top().call;
        if call.origin == Origin::Draw {
            return self.refuse(code::FORBIDDEN, "a draw may not call other contracts");
        }
        if call.origin == Origin::Query && !value.is_zero() {
            return self.refuse(code::FORBIDDEN, "a query may not move CNX");
        }
        let kind = if call.origin == Origin::Query { MethodKind::Query } else { MethodKind::Call };
        let entry = Invocation {
            caller: call.contract,
            signer: call.signer,
            contract,
            kind,
            method,
            args,
            value,
            gas,
            gas_price: call.gas_price,
            origin: call.origin,
        };
        if self.frames.iter().any(|frame| frame.call.contract == contract) {
            return self.refuse(code::REENTRANCY, "the contract is running already, further up");
        }
        if self.frames.len() >= CALL_DEPTH_MAX {
            return self.refuse(code::DEPTH_EXCEEDED, "more than 16 contracts deep");
        }
        self.enter_and_call(entry)
    }

    fn enter_and_call(mut self: Box<Self>, entry: Invocation) -> (Box<Self>, Result<SubCall, VmError>) {
        let info = match self.state.read::<ContractInfo>(&keys::contract(&entry.contract)) {
            Ok(Some(info)) => info,
            Ok(None) => {
                let message = format!("no contract at {}", entry.contract);
                return self.refuse(code::CONTRACT_NOT_FOUND, &message);
            }
            Err(error) => return (self, Err(VmError::Store(error))),
        };
        let checkpoint = self.state.checkpoint();
        match ledger::transfer(&mut self.state, &entry.caller, &entry.contract, entry.value) {
            Ok(true) => {}
            Ok(false) => return self.refuse(code::BALANCE_TOO_LOW, "the caller cannot pay the value"),
            Err(error) => return (self, Err(VmError::Store(error))),
        }
        let call = VmCall { code: info.code, export: entry.kind.export(&entry.method), gas: entry.gas };
        let frame = self.frame(entry, checkpoint);
        if let Some(tracer) = &mut self.tracer {
            tracer.enter(&frame.call, call.export.clone(), &frame.input, call.gas);
        }
        self.frames.push(frame);
        let vm = self.vm.clone();
        let (mut context, result) = vm.call(call, self);
        match result {
            Ok(result) => {
                let sub = context.leave(result);
                (context, Ok(sub))
            }
            Err(error) => (context, Err(error)),
        }
    }

    fn frame(&self, entry: Invocation, checkpoint: Checkpoint) -> Frame {
        let call = CallContext {
            chain_id: self.env.chain_id.clone(),
            caller: entry.caller,
            contract: entry.contract,
            signer: entry.signer,
            value: entry.value,
            height: self.env.height,
            time_ms: self.env.time_ms,
            uptime_ms: self.env.uptime_ms,
            gas_price: entry.gas_price,
            origin: entry.origin,
        };
        Frame {
            call,
            input: entry.args,
            value: Vec::new(),
            last_result: Vec::new(),
            events_before: self.events.len(),
            scheduled_before: self.scheduled.len(),
            checkpoint,
        }
    }

    /// Closes the top frame: keeps or takes back what it did.
    fn leave(&mut self, result: VmResult) -> SubCall {
        let frame = self.frames.pop().expect("a call that ended had a frame");
        let code = result.ending.code();
        let outcome = if result.ending == Ending::Returned {
            frame.value
        } else {
            self.state.revert(frame.checkpoint);
            self.events.truncate(frame.events_before);
            self.scheduled.truncate(frame.scheduled_before);
            self.explain(result.ending, result.backtrace)
        };
        if let Some(tracer) = &mut self.tracer {
            tracer.leave(code, &outcome, result.gas_used);
        }
        self.hand_up(outcome);
        SubCall { code, gas_used: result.gas_used }
    }

    /// Notes why a call failed and returns the sentence its caller may read. Only a contract's own words are the
    /// same on every machine, so only those are returned.
    fn explain(&mut self, ending: Ending, backtrace: Vec<String>) -> Vec<u8> {
        let own_words = matches!(ending, Ending::Reverted { .. } | Ending::Panicked { .. });
        let (message, location) = match ending {
            Ending::Returned => (String::new(), String::new()),
            Ending::Reverted { message, .. } => (message, String::new()),
            Ending::Panicked { message, location } => (message, location),
            Ending::OutOfGas => (String::from("out of gas"), String::new()),
            Ending::Trapped(text) => (text, String::new()),
            Ending::StackExhausted => (String::from("stack exhausted"), String::new()),
            Ending::MethodNotFound => (String::from("no such method"), String::new()),
            Ending::Forbidden(text) => (text, String::new()),
        };
        self.side.message.clone_from(&message);
        self.side.location = location;
        self.side.backtrace = backtrace;
        if own_words { message.into_bytes() } else { Vec::new() }
    }

    fn refuse(mut self: Box<Self>, code: u32, message: &str) -> (Box<Self>, Result<SubCall, VmError>) {
        self.trace_note("refused", || Datum::text(message));
        self.side.message = message.to_owned();
        self.hand_up(Vec::new());
        (self, Ok(SubCall { code, gas_used: Gas::ZERO }))
    }

    fn hand_up(&mut self, outcome: Vec<u8>) {
        match self.frames.last_mut() {
            Some(caller) => caller.last_result = outcome,
            None => self.outcome = outcome,
        }
    }
}
