//! The one table of host functions: what a contract may import from module `hydrogen`.
//!
//! The linker of the sandbox, the extern block of the SDK and `docs/host-functions.md` are made from it or checked
//! against it. Pointers and lengths are `i32` offsets into the contract's memory. A negative result is a code of
//! [`refusal`]; a pointer outside memory or a length beyond the limits traps.

use alloc::string::String;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::keys::Address;
use crate::tx::ChainId;
use crate::units::{Amount, Height};

/// The module name of every import.
pub const MODULE: &str = "hydrogen";

/// Parameter or result type of a host function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValType {
    /// 32-bit integer: a pointer, a length, a small code.
    I32,
    /// 64-bit integer.
    I64,
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct HostFunction {
    /// Import name.
    pub name: &'static str,
    /// Parameters with their names.
    pub params: &'static [(&'static str, ValType)],
    /// Result, if any.
    pub result: Option<ValType>,
    /// Gas of one call.
    pub gas_base: u64,
    /// Gas of one byte moved, hashed or stored.
    pub gas_per_byte: u64,
    /// What it does.
    pub doc: &'static str,
}

/// Hands the table to the macro `$callback`, row by row: `fn name(param: type, ...) -> type; base, per_byte; "doc";`.
#[macro_export]
macro_rules! host_functions {
    ($callback:ident) => {
        $callback! {
            fn input_len() -> i32; 20_000, 0; "Length of the call's arguments.";
            fn input_read(out_ptr: i32); 20_000, 100; "Copies the call's arguments to memory.";
            fn context_len() -> i32; 20_000, 0; "Length of the encoded `CallContext`.";
            fn context_read(out_ptr: i32); 100_000, 100; "Copies the encoded `CallContext` to memory.";
            fn storage_get(key_ptr: i32, key_len: i32, out_ptr: i32, out_cap: i32) -> i64; 3_000_000, 1_000; "Value length, or -1; copies at most `out_cap` bytes.";
            fn storage_set(key_ptr: i32, key_len: i32, value_ptr: i32, value_len: i32); 6_000_000, 5_000; "Stores a value; an empty one is a value.";
            fn storage_remove(key_ptr: i32, key_len: i32) -> i32; 6_000_000, 1_000; "Removes a key; 1 if it was there.";
            fn storage_range(start_ptr: i32, start_len: i32, end_ptr: i32, end_len: i32, limit: i32, out_ptr: i32, out_cap: i32) -> i64; 10_000_000, 1_000; "Keys from start (included) to end (excluded; empty for no end) in order, at most `limit` and as many as fit: borsh `Vec<(Vec<u8>, Vec<u8>)>`; its length.";
            fn transfer(to_ptr: i32, amount_ptr: i32) -> i32; 8_000_000, 0; "Moves CNX (u128 LE) from the contract; 0 or a refusal.";
            fn transfer_from(from_ptr: i32, to_ptr: i32, amount_ptr: i32) -> i32; 12_000_000, 0; "Moves CNX within the allowance that `from` gave this contract; 0 or a refusal.";
            fn balance(address_ptr: i32, out_ptr: i32); 3_000_000, 0; "Writes a balance (u128 LE).";
            fn allowance(owner_ptr: i32, spender_ptr: i32, out_ptr: i32); 3_000_000, 0; "Writes an allowance (u128 LE).";
            fn call(contract_ptr: i32, method_ptr: i32, method_len: i32, args_ptr: i32, args_len: i32, value_ptr: i32, gas: i64) -> i64; 20_000_000, 200; "Calls another contract with at most `gas` (0: all but 1/64); 0, or the callee's code. Its value stands ready for `result_read`.";
            fn result_len() -> i32; 20_000, 0; "Length of the last callee's value or message.";
            fn result_read(out_ptr: i32); 20_000, 100; "Copies the last callee's value or message.";
            fn schedule(request_ptr: i32, request_len: i32) -> i64; 12_000_000, 2_000; "Leaves a call (borsh `ScheduleRequest`) with the chain; its id, or a refusal.";
            fn unschedule(id: i64, out_ptr: i32) -> i32; 12_000_000, 0; "Takes a waiting call back; writes the CNX returned (u128 LE); 1 if it was waiting.";
            fn emit(event_ptr: i32, event_len: i32); 2_000_000, 2_000; "Emits an event: borsh `(String, Vec<Attribute>)`.";
            fn return_value(ptr: i32, len: i32); 100_000, 200; "Sets the call's value.";
            fn revert(code: i32, message_ptr: i32, message_len: i32); 100_000, 100; "Ends the call as failed with a code from 1000 and a message. Does not return.";
            fn panic(message_ptr: i32, message_len: i32, file_ptr: i32, file_len: i32, line: i32, column: i32); 100_000, 100; "Ends the call as a panic. Does not return.";
            fn beacon(out_ptr: i32); 100_000, 0; "Writes the beacon of the running block. In draws only.";
            fn sha256(ptr: i32, len: i32, out_ptr: i32); 300_000, 6_000; "SHA-256.";
            fn keccak256(ptr: i32, len: i32, out_ptr: i32); 600_000, 8_000; "Keccak-256.";
            fn ed25519_verify(key_ptr: i32, message_ptr: i32, message_len: i32, signature_ptr: i32) -> i32; 80_000_000, 4_000; "1 if the signature is valid under the strict rules.";
            fn vrf_verify(key_ptr: i32, input_ptr: i32, input_len: i32, proof_ptr: i32, out_ptr: i32) -> i32; 250_000_000, 4_000; "1 if the ECVRF proof (80 bytes) holds; writes the 64-byte output.";
            fn log(ptr: i32, len: i32); 200_000, 100; "A line for the author, kept beside the receipt.";
        }
    };
}

macro_rules! val_type {
    (i32) => {
        ValType::I32
    };
    (i64) => {
        ValType::I64
    };
}

macro_rules! result_type {
    () => {
        None
    };
    ($result:ident) => {
        Some(val_type!($result))
    };
}

macro_rules! table {
    ($(fn $name:ident($($param:ident: $type:ident),*) $(-> $result:ident)?; $base:literal, $byte:literal; $doc:literal;)*) => {
        /// The table, in the order of the docs.
        pub const HOST_FUNCTIONS: &[HostFunction] = &[$(HostFunction {
            name: stringify!($name),
            params: &[$((stringify!($param), val_type!($type))),*],
            result: result_type!($($result)?),
            gas_base: $base,
            gas_per_byte: $byte,
            doc: $doc,
        }),*];
    };
}

host_functions!(table);

/// Where the running call came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Origin {
    /// A transaction.
    Tx,
    /// A read-only query: nothing may be written.
    Query,
    /// A draw, which alone may read the beacon.
    Draw,
    /// An ordinary scheduled call.
    Scheduled,
}

/// What a contract may know about the call it is in.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CallContext {
    /// The chain.
    pub chain_id: ChainId,
    /// Who called: an account, a contract, or the contract itself in a scheduled call.
    pub caller: Address,
    /// The running contract.
    pub contract: Address,
    /// Who signed the transaction; the contract itself in a scheduled call; the zero address in a query.
    pub signer: Address,
    /// CNX that came with the call.
    pub value: Amount,
    /// Height of the running block; of the tip in a query.
    pub height: Height,
    /// Time of the running block in ms since 1970.
    pub time_ms: u64,
    /// The chain's uptime in ms.
    pub uptime_ms: u64,
    /// Base units for each gas of the running transaction or call.
    pub gas_price: u64,
    /// Where the call came from.
    pub origin: Origin,
}

/// Prefixes of exported functions: the export `call.NAME` is the method `NAME` that transactions may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum MethodKind {
    /// Runs once, at deployment. Export `init`.
    Init,
    /// Changes state. Export `call.NAME`.
    Call,
    /// Reads. Export `query.NAME`.
    Query,
    /// Runs once, at an upgrade. Export `migrate`.
    Migrate,
    /// Run by the schedule alone. Export `scheduled.NAME`.
    Scheduled,
}

impl MethodKind {
    /// The export's name for a method.
    #[must_use]
    pub fn export(self, method: &str) -> String {
        match self {
            Self::Init => String::from("init"),
            Self::Migrate => String::from("migrate"),
            Self::Call => alloc::format!("call.{method}"),
            Self::Query => alloc::format!("query.{method}"),
            Self::Scheduled => alloc::format!("scheduled.{method}"),
        }
    }
}

/// Negative results of host functions.
pub mod refusal {
    /// The key, call or account is not there.
    pub const ABSENT: i32 = -1;
    /// The balance is too small.
    pub const BALANCE_TOO_LOW: i32 = -2;
    /// The allowance is too small.
    pub const ALLOWANCE_TOO_LOW: i32 = -3;
    /// Due now or in the past, a draw due at a time, or a gas price below the minimum.
    pub const BAD_SCHEDULE: i32 = -4;
    /// More gas than one block runs for scheduled calls.
    pub const SCHEDULE_TOO_LARGE: i32 = -5;
    /// Too many calls outstanding for this contract.
    pub const SCHEDULE_FULL: i32 = -6;
}
