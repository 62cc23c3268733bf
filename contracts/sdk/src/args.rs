//! Arguments in, results out: what the code that `#[contract]` generates calls.

use crate::error::{Revert, code};
use crate::{env, sys};
use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};

/// Arguments being decoded, one after the other.
#[doc(hidden)]
#[derive(Debug)]
pub struct Args {
    bytes: Vec<u8>,
    position: usize,
}

impl Args {
    /// Of the running call.
    #[must_use]
    pub fn load() -> Self {
        Self { bytes: sys::input(), position: 0 }
    }

    /// The next argument, or the sentence that refuses it.
    pub fn take<T: BorshDeserialize>(&mut self, refusal: &str) -> T {
        let mut rest = self.bytes.get(self.position..).unwrap_or_default();
        match T::deserialize(&mut rest) {
            Ok(value) => {
                self.position = self.bytes.len() - rest.len();
                value
            }
            Err(_) => env::revert(code::BAD_ARGS, refusal),
        }
    }

    /// Refuses what is left over.
    pub fn finish(self) {
        if self.position != self.bytes.len() {
            env::revert(code::BAD_ARGS, "bytes are left after the last argument");
        }
    }
}

/// Refuses CNX sent to a method that takes none.
#[doc(hidden)]
pub fn refuse_value() {
    if !env::value().is_zero() {
        env::revert(code::NOT_PAYABLE, "this method takes no CNX");
    }
}

/// Sets the call's value.
#[doc(hidden)]
pub fn finish<T: BorshSerialize>(value: &T) {
    let bytes = hydrogen_types::codec::encode(value);
    if !bytes.is_empty() {
        sys::return_value(&bytes);
    }
}

/// Ends the call with an error.
#[doc(hidden)]
pub fn fail(error: impl Into<Revert>) -> ! {
    let revert: Revert = error.into();
    env::revert(revert.code, &revert.message)
}
