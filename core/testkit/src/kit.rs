//! The one handle of a test.

use crate::account::Account;
use crate::backend::{Backend, BackendKind, Call, Contract, Ran};
use crate::dev::Dev;
use crate::gas::Report;
use crate::native::Native;
use crate::outcome::{Done, Failure};
use borsh::{BorshDeserialize, BorshSerialize};
use hydrogen_types::codec::encode;
use hydrogen_types::{Address, Amount, Height};
use std::collections::BTreeMap;

/// A chain for one test, whatever it runs on. See the crate's example.
pub struct Kit {
    backend: Box<dyn Backend>,
    accounts: BTreeMap<String, Account>,
    /// Sets the accounts of one test apart from another's on a shared chain.
    salt: String,
    names: BTreeMap<Address, &'static str>,
    report: Report,
}

/// A result of another type is a mistake of the test's, or of the contract's.
#[track_caller]
fn decoded<T: BorshDeserialize>(method: &str, bytes: &[u8]) -> T {
    T::try_from_slice(bytes).unwrap_or_else(|error| {
        panic!(
            "`{method}` returned 0x{}, which is no {}: {error}",
            hex::encode(bytes),
            std::any::type_name::<T>()
        )
    })
}

impl Kit {
    fn of(backend: Box<dyn Backend>, salt: String) -> Self {
        let (accounts, names, report) = (BTreeMap::new(), BTreeMap::new(), Report::default());
        Self { backend, accounts, salt, names, report }
    }

    /// The contract's functions on the mock of this thread, empty.
    #[must_use]
    pub fn native() -> Self {
        Self::of(Box::new(Native::start()), String::new())
    }

    /// A fresh chain in memory with the real sandbox.
    ///
    /// # Panics
    /// On a machine without the means for a sandbox.
    #[cfg(feature = "vm")]
    #[must_use]
    pub fn vm() -> Self {
        Self::of(Box::new(crate::embedded::Embedded::start()), String::new())
    }

    /// A fresh `hydrogen dev`, which ends with the kit; or the one that `HYDROGEN_RPC` names. The binary is that of
    /// `HYDROGEN_BIN`, else the one built beside this test, else the one in `PATH`.
    ///
    /// # Panics
    /// When there is no binary, or it does not start.
    #[must_use]
    pub fn dev() -> Self {
        let (dev, salt) = Dev::start();
        Self::of(Box::new(dev), salt)
    }

    /// What it runs on: for the few asserts that differ.
    #[must_use]
    pub fn backend(&self) -> BackendKind {
        self.backend.kind()
    }

    /// An account of this name, with [`ACCOUNT_FUNDS`](crate::ACCOUNT_FUNDS) when it is first asked for.
    pub fn account(&mut self, name: &str) -> Account {
        if let Some(known) = self.accounts.get(name) {
            return known.clone();
        }
        let account = Account::new(name, &self.salt);
        self.backend.fund(&account);
        self.accounts.insert(name.to_owned(), account.clone());
        account
    }

    /// Makes a contract, with a tuple of arguments for its `init`. Its address.
    ///
    /// # Errors
    /// What `init` refused.
    ///
    /// # Panics
    /// When its module cannot be read.
    pub fn deploy(
        &mut self,
        from: &Account,
        contract: &Contract,
        init: &impl BorshSerialize,
    ) -> Result<Address, Failure> {
        let done = self.backend.deploy(from, contract, encode(init));
        let noted = done.as_ref().map(|(_, ran)| ran);
        self.report.note(contract.name, "init", noted);
        let (address, _) = done?;
        self.names.insert(address, contract.name);
        Ok(address)
    }

    /// Replaces a contract's module and runs `migrate` of the new one, as its admin.
    ///
    /// # Errors
    /// What `migrate` or the ledger refused.
    ///
    /// # Panics
    /// When its module cannot be read.
    pub fn upgrade(
        &mut self,
        from: &Account,
        address: &Address,
        contract: &Contract,
        migrate: &impl BorshSerialize,
    ) -> Result<Done<()>, Failure> {
        let done = self.backend.upgrade(from, address, contract, encode(migrate));
        self.report.note(contract.name, "migrate", done.as_ref());
        let Ran { events, cost, .. } = done?;
        Ok(Done { value: (), events, cost })
    }

    /// Calls a method with a tuple of arguments.
    ///
    /// # Errors
    /// What the contract or the ledger refused.
    ///
    /// # Panics
    /// When the result is no `T`.
    #[track_caller]
    pub fn call<T: BorshDeserialize>(
        &mut self,
        from: &Account,
        contract: &Address,
        method: &str,
        args: &impl BorshSerialize,
    ) -> Result<Done<T>, Failure> {
        self.call_paying(from, contract, method, args, Amount::ZERO)
    }

    /// Calls a method and sends CNX along.
    ///
    /// # Errors
    /// As [`Kit::call`].
    ///
    /// # Panics
    /// As [`Kit::call`].
    #[track_caller]
    pub fn call_paying<T: BorshDeserialize>(
        &mut self,
        from: &Account,
        contract: &Address,
        method: &str,
        args: &impl BorshSerialize,
        value: Amount,
    ) -> Result<Done<T>, Failure> {
        let done = self.backend.call(from, Call { contract, method, args: encode(args), value });
        let name = self.names.get(contract).copied().unwrap_or("unknown");
        self.report.note(name, method, done.as_ref());
        let Ran { value, events, cost } = done?;
        Ok(Done { value: decoded(method, &value), events, cost })
    }

    /// Asks a contract with a tuple of arguments.
    ///
    /// # Errors
    /// What the contract refused.
    ///
    /// # Panics
    /// When the answer is no `T`.
    #[track_caller]
    pub fn query<T: BorshDeserialize>(
        &mut self,
        contract: &Address,
        method: &str,
        args: &impl BorshSerialize,
    ) -> Result<T, Failure> {
        self.backend.query(contract, method, encode(args)).map(|value| decoded(method, &value))
    }

    /// Moves CNX.
    ///
    /// # Errors
    /// When the balance is too low.
    pub fn transfer(&mut self, from: &Account, to: &Address, amount: Amount) -> Result<(), Failure> {
        self.backend.transfer(from, to, amount)
    }

    /// Lets a contract take up to `amount` CNX of an account.
    ///
    /// # Errors
    /// What the ledger refuses.
    pub fn approve(&mut self, from: &Account, spender: &Address, amount: Amount) -> Result<(), Failure> {
        self.backend.approve(from, spender, amount)
    }

    /// CNX of an account or contract. Fees differ between backends: compare with what was before, or use contracts.
    pub fn balance(&mut self, address: &Address) -> Amount {
        self.backend.balance(address)
    }

    /// Height of the last block.
    pub fn height(&mut self) -> Height {
        self.backend.now().height
    }

    /// Time of the last block in ms since 1970. On a running chain it moves by itself.
    pub fn time_ms(&mut self) -> u64 {
        self.backend.now().time_ms
    }

    /// Makes `blocks` blocks, in which scheduled calls run as they come due.
    pub fn advance_blocks(&mut self, blocks: u64) {
        self.backend.mine(blocks);
    }

    /// Moves time on by at least `ms` and makes a block, in which scheduled calls run that are due by then.
    pub fn advance_ms(&mut self, ms: u64) {
        self.backend.advance(ms);
    }

    /// What each call used so far, a line each; without figures on the native backend.
    #[must_use]
    pub fn gas_report(&self) -> String {
        self.report.to_string()
    }
}
