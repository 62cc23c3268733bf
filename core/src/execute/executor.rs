//! One block's calls and transactions, one after the other.

use super::context::Context;
use super::env::BlockEnv;
use super::frames::Invocation;
use super::native::{self, Refusal};
use super::trace::{Trace, Tracer};
use super::{ledger, schedule, validators};
use crate::error::TxError;
use crate::limits::{DEPLOY_GAS, TX_BYTE_GAS, TX_GAS, UPLOAD_BYTE_GAS, VALIDATORS_GAS};
use crate::state::keys::{self, Queue};
use crate::state::{Overlay, StateRead};
use crate::store::StoreError;
use crate::validate::CheckedTx;
use crate::vm::{ContractVm, VmError};
use hydrogen_types::block::ContractInfo;
use hydrogen_types::codec::encode;
use hydrogen_types::host::{MethodKind, Origin};
use hydrogen_types::receipt::{SideData, code};
use hydrogen_types::schedule::{ScheduledCall, call_hash};
use hydrogen_types::{Action, Address, Amount, Event, Gas, Hash, Receipt, Status};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a block did.
pub struct Outcome {
    /// New values of raw keys; `None` for removals.
    pub changes: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    /// Receipts in order.
    pub receipts: Vec<Receipt>,
    /// What lies beside each receipt.
    pub side: Vec<SideData>,
    /// Gas of all receipts.
    pub gas_used: Gas,
    /// Modules uploaded.
    pub code: BTreeMap<Hash, Vec<u8>>,
}

/// What one call or action did, before it is paid for.
struct Ran {
    code: u32,
    gas_used: Gas,
    value: Vec<u8>,
    events: Vec<Event>,
    scheduled: Vec<u64>,
    side: SideData,
}

impl Ran {
    fn refused(refusal: Refusal, gas_used: Gas) -> Self {
        let side = SideData { message: refusal.message, ..SideData::default() };
        let Refusal { code, .. } = refusal;
        Self { code, gas_used, value: Vec::new(), events: Vec::new(), scheduled: Vec::new(), side }
    }

    fn done(value: Vec<u8>) -> Self {
        let side = SideData::default();
        Self { code: 0, gas_used: Gas::ZERO, value, events: Vec::new(), scheduled: Vec::new(), side }
    }
}

/// Executes a block.
pub struct Executor {
    env: Arc<BlockEnv>,
    vm: Arc<dyn ContractVm>,
    base: Arc<dyn StateRead>,
    /// Taken by a running call and put back.
    state: Overlay,
    receipts: Vec<Receipt>,
    side: Vec<SideData>,
    gas_used: Gas,
    code: BTreeMap<Hash, Vec<u8>>,
    /// The receipt whose call is recorded, and the record.
    watched: Option<usize>,
    trace: Option<Trace>,
}

impl Executor {
    /// Nothing executed yet, over `base`.
    #[must_use]
    pub fn new(env: Arc<BlockEnv>, vm: Arc<dyn ContractVm>, base: Arc<dyn StateRead>) -> Self {
        let state = Overlay::new(base.clone());
        let (receipts, side, code) = (Vec::new(), Vec::new(), BTreeMap::new());
        let (gas_used, watched, trace) = (Gas::ZERO, None, None);
        Self { env, vm, base, state, receipts, side, gas_used, code, watched, trace }
    }

    /// All that was done.
    #[must_use]
    pub fn finish(self) -> Outcome {
        let Self { state, receipts, side, gas_used, code, .. } = self;
        Outcome { changes: state.into_changes(), receipts, side, gas_used, code }
    }

    /// Records what the call with the receipt of this index does.
    pub(crate) fn watch(&mut self, index: usize) {
        self.watched = Some(index);
    }

    /// The record, once that call has run.
    pub(crate) fn take_trace(&mut self) -> Option<Trace> {
        self.trace.take()
    }

    /// Receipts so far.
    pub(crate) fn receipts(&self) -> &[Receipt] {
        &self.receipts
    }

    /// The state as it stands, for genesis to write accounts into.
    pub(crate) fn state_mut(&mut self) -> &mut Overlay {
        &mut self.state
    }

    /// The receipt and side data of the last call or transaction.
    #[must_use]
    pub fn last(&self) -> Option<(&Receipt, &SideData)> {
        self.receipts.last().zip(self.side.last())
    }

    /// Begins the block: must come before all that runs in it.
    ///
    /// # Errors
    /// When the store fails.
    pub fn enter_block(&mut self) -> Result<(), StoreError> {
        validators::enter_block(&mut self.state)
    }

    /// Runs what is due: all draws, then ordinary calls, as far as the block's gas for them goes.
    ///
    /// # Errors
    /// When this machine fails.
    pub fn run_scheduled(&mut self) -> Result<(), VmError> {
        let mut gas_left = self.env.params.scheduled_gas_max;
        // Listed before any runs: what a call schedules now is for later blocks.
        let mut calls = Vec::new();
        for queue in [Queue::Draw, Queue::Height, Queue::Uptime] {
            let moment = schedule::moment(queue, self.env.height, self.env.uptime_ms);
            calls.extend(schedule::due(&self.state, queue, moment)?);
        }
        for (key, call) in calls {
            if call.request.gas > gas_left {
                break;
            }
            if let Some(call) = schedule::take(&mut self.state, key)? {
                gas_left = gas_left.saturating_sub(call.request.gas);
                self.run_call(call)?;
            }
        }
        Ok(())
    }

    fn run_call(&mut self, call: ScheduledCall) -> Result<(), VmError> {
        let request = call.request;
        let origin = match request.kind {
            hydrogen_types::CallKind::Draw => Origin::Draw,
            hydrogen_types::CallKind::Ordinary => Origin::Scheduled,
        };
        let ran = self.invoke(Invocation {
            caller: call.contract,
            signer: call.contract,
            contract: call.contract,
            kind: MethodKind::Scheduled,
            method: request.method,
            args: request.args,
            value: Amount::ZERO,
            gas: request.gas,
            gas_price: request.gas_price,
            origin,
        })?;
        let rest = request.gas.saturating_sub(ran.gas_used).cost(request.gas_price);
        self.pay(&ledger::schedule_account(), &request.refund_to, rest)?;
        self.close(call_hash(call.id), &ledger::schedule_account(), request.gas_price, ran)
    }

    /// Runs a transaction.
    ///
    /// # Errors
    /// The outer error when this machine fails; the inner when the transaction may not enter this block (nothing was
    /// changed then).
    pub fn run_tx(&mut self, checked: &CheckedTx) -> Result<Result<(), TxError>, VmError> {
        let body = &checked.tx().body;
        let sender = checked.sender();
        if let Err(error) = self.admit(checked)? {
            return Ok(Err(error));
        }
        let mut account = ledger::account(&self.state, &sender)?;
        account.nonce += 1;
        ledger::set_account(&mut self.state, &sender, &account);
        self.pay(&sender, &ledger::schedule_account(), body.gas_limit.cost(body.gas_price))?;

        let checkpoint = self.state.checkpoint();
        let intrinsic = intrinsic_gas(checked);
        let mut ran = self.act(checked, body.gas_limit.saturating_sub(intrinsic))?;
        if ran.code != code::SUCCESS {
            self.state.revert(checkpoint);
        }
        ran.gas_used = ran.gas_used.saturating_add(intrinsic).min(body.gas_limit);
        let rest = body.gas_limit.saturating_sub(ran.gas_used).cost(body.gas_price);
        self.pay(&ledger::schedule_account(), &sender, rest)?;
        self.close(checked.hash(), &ledger::schedule_account(), body.gas_price, ran)?;
        Ok(Ok(()))
    }

    fn admit(&self, checked: &CheckedTx) -> Result<Result<(), TxError>, StoreError> {
        let account = ledger::account(&self.state, &checked.sender())?;
        let limits = crate::validate::Moment {
            height: self.env.height,
            gas_price_min: self.env.params.gas_price_min,
            gas_left: self.env.params.block_gas_max.saturating_sub(self.gas_used),
        };
        Ok(crate::validate::check_ready(checked, &account, &limits, intrinsic_gas(checked)))
    }

    fn act(&mut self, checked: &CheckedTx, gas: Gas) -> Result<Ran, VmError> {
        let sender = checked.sender();
        let body = &checked.tx().body;
        let refused = |refusal| Ok(Ran::refused(refusal, Gas::ZERO));
        match &body.action {
            Action::Transfer { to, amount } => {
                match native::transfer(&mut self.state, &sender, to, *amount)? {
                    Ok(()) => Ok(Ran::done(Vec::new())),
                    Err(refusal) => refused(refusal),
                }
            }
            Action::Approve { spender, amount } => {
                ledger::approve(&mut self.state, &sender, spender, *amount);
                Ok(Ran::done(Vec::new()))
            }
            Action::Upload { code } => match native::upload(&mut self.state, &self.env, &*self.vm, code)? {
                Ok(hash) => {
                    self.code.insert(hash, code.clone());
                    Ok(Ran::done(encode(&hash)))
                }
                Err(refusal) => refused(refusal),
            },
            Action::Deploy { code, init } => self.deploy(checked, *code, init.clone(), gas),
            Action::Call { contract, method, args, value } => self.invoke(Invocation {
                method: method.clone(),
                value: *value,
                ..entry(checked, *contract, MethodKind::Call, args.clone(), gas)
            }),
            Action::Upgrade { contract, code, migrate } => {
                let mut info = match native::require_admin(&self.state, contract, &sender)? {
                    Ok(info) => info,
                    Err(refusal) => return refused(refusal),
                };
                if let Err(refusal) = native::require_active(&self.state, &self.env, code)? {
                    return refused(refusal);
                }
                info.code = *code;
                self.state.write(keys::contract(contract), &info);
                self.invoke(entry(checked, *contract, MethodKind::Migrate, migrate.clone(), gas))
            }
            Action::SetValidator { validator } => {
                let governance = self.env.governance;
                match validators::change(&mut self.state, governance, &body.sender, validator)? {
                    Ok(()) => Ok(Ran::done(Vec::new())),
                    Err(refusal) => refused(refusal),
                }
            }
            Action::SetAdmin { contract, admin } => {
                match native::require_admin(&self.state, contract, &sender)? {
                    Ok(info) => {
                        self.state.write(keys::contract(contract), &ContractInfo { admin: *admin, ..info });
                        Ok(Ran::done(Vec::new()))
                    }
                    Err(refusal) => refused(refusal),
                }
            }
        }
    }

    fn deploy(&mut self, checked: &CheckedTx, code: Hash, init: Vec<u8>, gas: Gas) -> Result<Ran, VmError> {
        if let Err(refusal) = native::require_active(&self.state, &self.env, &code)? {
            return Ok(Ran::refused(refusal, Gas::ZERO));
        }
        let contract = Address::of_contract(&checked.sender(), checked.tx().body.nonce);
        let info = ContractInfo { code, admin: Some(checked.sender()), genesis: false, scheduled: 0 };
        self.state.write(keys::contract(&contract), &info);
        let mut ran = self.invoke(entry(checked, contract, MethodKind::Init, init, gas))?;
        if ran.code == code::SUCCESS {
            ran.value = encode(&contract);
        }
        Ok(ran)
    }

    /// Runs a call in a context of its own and brings the state back.
    pub(crate) fn invoke_genesis(
        &mut self,
        contract: Address,
        init: Vec<u8>,
        gas: Gas,
    ) -> Result<(), VmError> {
        let nobody = Address::default();
        let ran = self.invoke(Invocation {
            caller: nobody,
            signer: nobody,
            contract,
            kind: MethodKind::Init,
            method: String::new(),
            args: init,
            value: Amount::ZERO,
            gas,
            gas_price: self.env.params.gas_price_min,
            origin: Origin::Tx,
        })?;
        self.close(Hash::ZERO, &nobody, 0, ran)
    }

    fn invoke(&mut self, invocation: Invocation) -> Result<Ran, VmError> {
        let blank = Overlay::new(self.base.clone());
        let state = std::mem::replace(&mut self.state, blank);
        let mut context = Context::new(state, self.env.clone(), self.vm.clone());
        if self.watched == Some(self.receipts.len()) {
            context.tracer = Some(Box::new(Tracer::default()));
        }
        let (context, result) = context.run(invocation);
        let Context { state, events, scheduled, side, outcome, tracer, .. } = *context;
        self.state = state;
        if let Some((call, usage)) = tracer.map(|tracer| tracer.finish()) {
            self.trace = Some(Trace { intrinsic_gas: Gas::ZERO, call, usage });
        }
        let sub = result?;
        let value = if sub.code == code::SUCCESS { outcome } else { Vec::new() };
        Ok(Ran { code: sub.code, gas_used: sub.gas_used, value, events, scheduled, side })
    }

    fn pay(&mut self, from: &Address, to: &Address, amount: Amount) -> Result<(), StoreError> {
        let paid = ledger::transfer(&mut self.state, from, to, amount)?;
        assert!(paid, "gas is checked before it is bought and held until it is used");
        Ok(())
    }

    /// Pays the fee and writes the receipt; what was done is final now.
    fn close(&mut self, hash: Hash, payer: &Address, gas_price: u64, ran: Ran) -> Result<(), VmError> {
        let fee = ran.gas_used.cost(gas_price);
        let proposer = self.env.fee_account;
        self.pay(payer, &proposer, fee)?;
        self.state.settle();
        self.gas_used = self.gas_used.saturating_add(ran.gas_used);
        let index = u32::try_from(self.receipts.len()).expect("a block's gas bounds its receipts");
        let success = ran.code == code::SUCCESS;
        self.receipts.push(Receipt {
            hash,
            height: self.env.height,
            index,
            status: if success { Status::Success } else { Status::Failed },
            code: ran.code,
            gas_used: ran.gas_used,
            fee,
            value: ran.value,
            events: if success { ran.events } else { Vec::new() },
            scheduled: if success { ran.scheduled } else { Vec::new() },
        });
        self.side.push(ran.side);
        Ok(())
    }
}

fn entry(checked: &CheckedTx, contract: Address, kind: MethodKind, args: Vec<u8>, gas: Gas) -> Invocation {
    let sender = checked.sender();
    Invocation {
        caller: sender,
        signer: sender,
        contract,
        kind,
        method: String::new(),
        args,
        value: Amount::ZERO,
        gas,
        gas_price: checked.tx().body.gas_price,
        origin: Origin::Tx,
    }
}

/// Gas that a transaction costs whatever it does.
#[must_use]
pub(crate) fn intrinsic_gas(checked: &CheckedTx) -> Gas {
    let bytes = u64::try_from(checked.size()).unwrap_or(u64::MAX);
    let action = match &checked.tx().body.action {
        Action::Upload { code } => {
            u64::try_from(code.len()).unwrap_or(u64::MAX).saturating_mul(UPLOAD_BYTE_GAS)
        }
        Action::Deploy { .. } | Action::Upgrade { .. } => DEPLOY_GAS,
        Action::SetValidator { .. } => VALIDATORS_GAS,
        Action::Transfer { .. } | Action::Approve { .. } | Action::Call { .. } | Action::SetAdmin { .. } => 0,
    };
    Gas::new(TX_GAS.saturating_add(bytes.saturating_mul(TX_BYTE_GAS)).saturating_add(action))
}
