//! Calls of other contracts with types instead of bytes: what the clients that `hydrogen contract abi` writes are made
//! of.

use crate::env;
use crate::error::CallError;
use borsh::{BorshDeserialize, BorshSerialize};
use hydrogen_types::codec::encode;
use hydrogen_types::{Address, Amount, Gas};

/// Code of a call whose result is not of the expected type: the other contract is not what it was taken for.
pub const OTHER_INTERFACE: u32 = 1_000_001;

/// A contract to call, and what each call may take along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Callee {
    /// Its address.
    pub address: Address,
    /// CNX sent along.
    pub value: Amount,
    /// Gas at most; zero for all that is left but 1/64.
    pub gas: Gas,
}

impl Callee {
    /// Sends no CNX and limits no gas.
    #[must_use]
    pub const fn new(address: Address) -> Self {
        Self { address, value: Amount::ZERO, gas: Gas::ZERO }
    }

    /// Calls a method with a tuple of arguments. If it fails, what it did is undone and the caller goes on.
    ///
    /// # Errors
    /// The callee's code and message, or [`OTHER_INTERFACE`].
    pub fn call<T: BorshDeserialize>(
        &self,
        method: &str,
        args: &impl BorshSerialize,
    ) -> Result<T, CallError> {
        let bytes = env::call(&self.address, method, &encode(args), self.value, self.gas)?;
        T::try_from_slice(&bytes).map_err(|_| CallError {
            code: OTHER_INTERFACE,
            message: "the contract answered with another type than its interface says".into(),
        })
    }
}
