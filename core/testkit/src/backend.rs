//! What the kit asks of whatever runs contracts.

use crate::account::Account;
use crate::outcome::{Cost, Failure};
use hydrogen_types::{Address, Amount, Event, Height};

/// A contract under test.
#[derive(Debug, Clone, Copy)]
pub struct Contract {
    /// Its name, in the report of gas.
    pub name: &'static str,
    /// The function `native` that `#[contract]` leaves beside its module.
    pub native: fn(&str) -> bool,
    /// Path of the built module.
    pub wasm: &'static str,
}

impl Contract {
    /// The module's bytes.
    ///
    /// # Panics
    /// When the file cannot be read.
    pub(crate) fn module(&self) -> Vec<u8> {
        std::fs::read(self.wasm)
            .unwrap_or_else(|error| panic!("{}: {error}; build the contract first", self.wasm))
    }
}

/// Where a test runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackendKind {
    /// The contract's functions on the mock.
    Native,
    /// The module in the sandbox of this process.
    Vm,
    /// The module on a running `hydrogen dev`.
    Dev,
}

/// What was done.
pub(crate) struct Ran {
    pub(crate) value: Vec<u8>,
    pub(crate) events: Vec<Event>,
    pub(crate) cost: Option<Cost>,
}

/// A moment of the chain.
pub(crate) struct Moment {
    pub(crate) height: Height,
    pub(crate) time_ms: u64,
}

/// One call to be made.
pub(crate) struct Call<'a> {
    pub(crate) contract: &'a Address,
    pub(crate) method: &'a str,
    pub(crate) args: Vec<u8>,
    pub(crate) value: Amount,
}

/// A chain, or what stands for one.
///
/// Failures are those that a test may expect; a machine that fails panics.
pub(crate) trait Backend {
    fn kind(&self) -> BackendKind;
    /// Gives a fresh account its CNX.
    fn fund(&mut self, account: &Account);
    fn deploy(
        &mut self,
        from: &Account,
        contract: &Contract,
        init: Vec<u8>,
    ) -> Result<(Address, Ran), Failure>;
    fn upgrade(
        &mut self,
        from: &Account,
        address: &Address,
        contract: &Contract,
        migrate: Vec<u8>,
    ) -> Result<Ran, Failure>;
    fn call(&mut self, from: &Account, call: Call<'_>) -> Result<Ran, Failure>;
    fn query(&mut self, contract: &Address, method: &str, args: Vec<u8>) -> Result<Vec<u8>, Failure>;
    fn transfer(&mut self, from: &Account, to: &Address, amount: Amount) -> Result<(), Failure>;
    fn approve(&mut self, from: &Account, spender: &Address, amount: Amount) -> Result<(), Failure>;
    fn balance(&mut self, address: &Address) -> Amount;
    fn now(&mut self) -> Moment;
    /// Makes empty blocks; what is due in them runs.
    fn mine(&mut self, blocks: u64);
    /// Moves time on and makes a block.
    fn advance(&mut self, ms: u64);
}
