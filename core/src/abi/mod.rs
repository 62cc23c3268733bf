//! Contract interfaces: JSON at the edge, borsh inside.
//!
//! ```text
//! module --section--> records --parse--> Interface --encode--> borsh of arguments  <- JSON
//!                                            |------decode--> JSON                 <- borsh of a result
//!                                            `------client--> source code of clients
//! ```
//!
//! JSON forms: numbers of 64 bits and more, amounts, heights and gas are decimal strings (a JSON number up to 2^53 is
//! taken too; amounts are in base units), smaller ones are numbers; bytes, hashes, keys and signatures are `0x` hex;
//! addresses are bech32m; an `Option` is its value, `null` or, as a field or argument, absent; a variant without fields
//! is its name, one with fields `{"name": {fields}}`; tuples and lists are arrays.
//!
//! *Invariants*: a module, JSON and borsh are all outside input: nothing here panics on them, and depth, records and
//! values are bounded by constants.

pub mod client;
mod decode;
mod encode;
mod error;
mod event;
mod interface;
mod section;
mod stored;
#[cfg(test)]
mod tests;
mod types;

pub use error::AbiError;
pub use event::event_to_json;
pub use interface::{ErrorInfo, Interface, MethodInfo};
pub use stored::StoredEntry;
