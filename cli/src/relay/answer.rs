//! How the relay answers: refusals with a stable name, a sentence and a status.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hydrogen_offchain::relay::Refusal;
use serde_json::json;

/// Seconds after which a client should ask again for what the relay has not seen yet. Blocks come faster; whole
/// seconds are what the header can say.
const RETRY_AFTER_S: u64 = Refusal::RETRY_S;

/// A request that is not granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) status: StatusCode,
    /// Stable name for programs.
    pub(crate) name: &'static str,
    /// Sentence for people.
    pub(crate) message: String,
    /// Whether asking again may help.
    pub(crate) retry: bool,
}

impl Refused {
    pub(crate) fn new(status: StatusCode, name: &'static str, message: impl Into<String>) -> Self {
        Self { status, name, message: message.into(), retry: false }
    }

    pub(crate) fn retry(mut self) -> Self {
        self.retry = true;
        self
    }

    /// The relay itself cannot do it now.
    pub(crate) fn trouble(what: &str, error: &dyn std::error::Error) -> Self {
        tracing::error!(what, %error, "request failed for a reason of the relay's own");
        let message = format!("the relay is in trouble ({what}); ask again later");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "Trouble", message).retry()
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let body = Json(json!({ "error": self.name, "message": self.message }));
        let mut response = (self.status, body).into_response();
        if self.retry {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_S));
        }
        // The rest of a refused body is not read, so the connection cannot be used again.
        if self.status != StatusCode::NOT_FOUND {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let name = match &refusal {
            Refusal::NotSeenYet { .. } => "NotSeenYet",
            Refusal::NotFound => "NotFound",
            Refusal::Forbidden(_) => "Forbidden",
            Refusal::WrongState(_) => "WrongState",
            Refusal::TooLarge { .. } => "TooLarge",
            Refusal::HashMismatch { .. } => "HashMismatch",
            Refusal::FingerprintMismatch => "FingerprintMismatch",
            Refusal::ProgramMissing(_) => "ProgramMissing",
            _ => "Refused",
        };
        let retry = refusal.retry_after_s().is_some();
        Self { status, name, message: refusal.to_string(), retry }
    }
}
