//! Error codes of the RPC. Each refusal of the ledger or of a contract carries its own number and name in `data`.

use hydrogen_core::reader::ReadError;
use hydrogen_types::receipt::SideData;
use jsonrpsee::types::ErrorObjectOwned;
use serde_json::{Value, json};

/// A parameter is missing or wrong; the message says which and what would be right.
pub const INVALID_PARAMS: i32 = -32602;
/// The node itself failed.
pub const INTERNAL: i32 = -32603;
/// A transaction was refused: `data` is `{"code", "name"}`.
pub const TX_REFUSED: i32 = -32010;
/// The block, contract or code asked for is not there.
pub const NOT_FOUND: i32 = -32011;
/// A query ended as a failed call would: `data` is `{"code", "name", "location", "backtrace"}`.
pub const CALL_FAILED: i32 = -32012;
/// The node has no room for the request now.
pub const BUSY: i32 = -32013;
/// The node is stopping.
pub const STOPPING: i32 = -32014;
/// The node has no chain yet: `data` is `{"stage"}`, and of a snapshot also `"height", "chunks", "done"`.
pub const JOINING: i32 = -32015;
/// A `dev_*` request that cannot be done.
pub const DEV_REFUSED: i32 = -32020;

/// Whether the same request may succeed later or elsewhere.
#[must_use]
pub fn is_transient(code: i32) -> bool {
    matches!(code, BUSY | STOPPING | JOINING | INTERNAL)
}

/// What a method returns.
pub(super) type Answer = Result<Value, ErrorObjectOwned>;

pub(super) fn invalid(message: impl Into<String>) -> ErrorObjectOwned {
    ErrorObjectOwned::owned(INVALID_PARAMS, message, None::<()>)
}

pub(super) fn plain(code: i32, message: impl Into<String>) -> ErrorObjectOwned {
    ErrorObjectOwned::owned(code, message, None::<()>)
}

pub(super) fn tx_refused(code: u32, message: &str) -> ErrorObjectOwned {
    ErrorObjectOwned::owned(TX_REFUSED, message, Some(json!({"code": code, "name": tx_error_name(code)})))
}

pub(super) fn call_failed(code: u32, name: Option<&str>, message: &str, side: &SideData) -> ErrorObjectOwned {
    let mut text = match (name, message) {
        (Some(name), "") => format!("{name} ({code})"),
        (Some(name), message) => format!("{name} ({code}): {message}"),
        (None, "") => format!("the call failed with code {code}"),
        (None, message) => format!("{message} (code {code})"),
    };
    if !side.location.is_empty() {
        text.push_str(&format!(" at {}", side.location));
    }
    let data = json!({"code": code, "name": name, "location": side.location, "backtrace": side.backtrace});
    ErrorObjectOwned::owned(CALL_FAILED, text, Some(data))
}

/// Why a read has no answer: the asker's fault where it is, else the node's.
pub(super) fn unread(error: &ReadError) -> ErrorObjectOwned {
    match error {
        ReadError::Refused(error) => tx_refused(error.code(), &error.to_string()),
        ReadError::NoSuchHeight { .. } | ReadError::SetUnknown { .. } | ReadError::BelowBase { .. } => {
            plain(NOT_FOUND, error.to_string())
        }
        other => {
            tracing::error!(error = other as &dyn std::error::Error, "a request could not be answered");
            plain(INTERNAL, "the node failed; its log says how")
        }
    }
}

/// The name that goes with a code of [`hydrogen_core::TxError::code`].
pub(super) fn tx_error_name(code: u32) -> Option<&'static str> {
    Some(match code {
        200 => "Undecodable",
        201 => "WrongChain",
        202 => "BadSignature",
        203 => "FieldTooLarge",
        204 => "Expired",
        205 => "NonceTooLow",
        206 => "NonceTooHigh",
        207 => "GasPriceTooLow",
        208 => "GasLimitTooLow",
        209 => "GasLimitTooHigh",
        210 => "BalanceTooLow",
        211 => "AlreadyKnown",
        212 => "ReplacementUnderpriced",
        213 => "SenderFull",
        214 => "PoolFull",
        _ => return None,
    })
}
