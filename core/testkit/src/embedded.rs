//! The real sandbox on a chain in memory.

use crate::account::{ACCOUNT_FUNDS, Account};
use crate::backend::{Backend, BackendKind, Call, Contract, Moment, Ran};
use crate::outcome::{Cost, Failure};
use hydrogen_embed::{EmbedError, EmbeddedChain};
use hydrogen_types::receipt::code;
use hydrogen_types::{Action, Address, Amount, Gas, Hash, Receipt};

/// Everything on the chain follows from it.
const SEED: u64 = 1;
/// Gas limit of a call; what it does not use comes back.
const CALL_GAS: Gas = Gas::new(100_000_000_000);

pub(crate) struct Embedded(EmbeddedChain);

/// What is no contract's doing ends the test.
fn broken(error: EmbedError) -> ! {
    panic!("the chain in memory failed: {error}")
}

impl Embedded {
    pub(crate) fn start() -> Self {
        Self(EmbeddedChain::open(SEED).unwrap_or_else(|error| broken(error)))
    }

    fn cost(&self, receipt: &Receipt) -> Cost {
        let traced = self.0.trace(&receipt.hash).unwrap_or_else(|error| broken(error));
        Cost { gas: receipt.gas_used, usage: traced.trace.usage }
    }

    fn failure(&self, error: EmbedError) -> Failure {
        match error {
            EmbedError::Failed { receipt, side } => {
                let cost = Some(self.cost(&receipt));
                Failure { code: receipt.code, message: side.message, cost }
            }
            EmbedError::QueryFailed { code, message } => Failure { code, message, cost: None },
            EmbedError::Refused(error) => Failure::new(error.code(), error.to_string()),
            other => broken(other),
        }
    }

    fn ran(&self, done: Result<Receipt, EmbedError>) -> Result<Ran, Failure> {
        let receipt = done.map_err(|error| self.failure(error))?;
        let cost = Some(self.cost(&receipt));
        Ok(Ran { value: receipt.value, events: receipt.events, cost })
    }

    fn run(&mut self, from: &Account, action: Action) -> Result<Ran, Failure> {
        let done = self.0.run(from.key(), action, CALL_GAS);
        self.ran(done)
    }

    /// Stores a module, unless it is stored already.
    fn upload(&mut self, contract: &Contract) -> Result<Hash, Failure> {
        let module = contract.module();
        let hash = Hash::sha256(&module);
        let payer = self.0.funded_key();
        match self.0.upload(&payer, module) {
            Ok(hash) => Ok(hash),
            Err(error) if error.code() == Some(code::CODE_EXISTS) => Ok(hash),
            Err(error) => Err(self.failure(error)),
        }
    }
}

impl Backend for Embedded {
    fn kind(&self) -> BackendKind {
        BackendKind::Vm
    }

    fn fund(&mut self, account: &Account) {
        let faucet = self.0.funded_key();
        let paid = self.0.transfer(&faucet, &account.address(), ACCOUNT_FUNDS);
        drop(paid.unwrap_or_else(|error| broken(error)));
    }

    fn deploy(
        &mut self,
        from: &Account,
        contract: &Contract,
        init: Vec<u8>,
    ) -> Result<(Address, Ran), Failure> {
        let code = self.upload(contract)?;
        let ran = self.run(from, Action::Deploy { code, init })?;
        let address = hydrogen_types::decode(&ran.value, ran.value.len());
        Ok((address.expect("a deployment returns an address"), ran))
    }

    fn upgrade(
        &mut self,
        from: &Account,
        address: &Address,
        contract: &Contract,
        migrate: Vec<u8>,
    ) -> Result<Ran, Failure> {
        let code = self.upload(contract)?;
        self.run(from, Action::Upgrade { contract: *address, code, migrate })
    }

    fn call(&mut self, from: &Account, call: Call<'_>) -> Result<Ran, Failure> {
        let Call { contract, method, args, value } = call;
        self.run(from, Action::Call { contract: *contract, method: method.to_owned(), args, value })
    }

    fn query(&mut self, contract: &Address, method: &str, args: Vec<u8>) -> Result<Vec<u8>, Failure> {
        self.0.query_borsh(contract, method, args).map_err(|error| self.failure(error))
    }

    fn transfer(&mut self, from: &Account, to: &Address, amount: Amount) -> Result<(), Failure> {
        self.run(from, Action::Transfer { to: *to, amount }).map(drop)
    }

    fn approve(&mut self, from: &Account, spender: &Address, amount: Amount) -> Result<(), Failure> {
        self.run(from, Action::Approve { spender: *spender, amount }).map(drop)
    }

    fn balance(&mut self, address: &Address) -> Amount {
        self.0.balance(address).unwrap_or_else(|error| broken(error))
    }

    fn now(&mut self) -> Moment {
        let tip = self.0.tip();
        Moment { height: tip.height, time_ms: tip.time_ms }
    }

    fn mine(&mut self, blocks: u64) {
        for _ in 0..blocks {
            drop(self.0.produce().unwrap_or_else(|error| broken(error)));
        }
    }

    fn advance(&mut self, ms: u64) {
        drop(self.0.advance_time(ms).unwrap_or_else(|error| broken(error)));
    }
}
