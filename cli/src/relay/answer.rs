//! How the relay answers: refusals with a stable name, a sentence and a status.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hydrogen_offchain::relay::Refusal;
use hydrogen_offchain::signing::SigningError;
use serde_json::json;

/// Seconds after which a client should ask again for what the relay has not seen yet. Blocks come faster; whole
/// seconds are what the header can say.
const RETRY_AFTER_S: u64 = Refusal::RETRY_S;
/// Seconds after which a disk may have room again: a sweep or a person makes it.
const RETRY_DISK_S: u64 = 60;

/// A request that is not granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) status: StatusCode,
    /// Stable name for programs.
    pub(crate) name: &'static str,
    /// Sentence for people.
    pub(crate) message: String,
    /// Seconds after which asking again may help.
    pub(crate) retry_s: Option<u64>,
}

/// Travels with a refusal's response, for the counters.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reason(pub(crate) &'static str);

impl Refused {
    pub(crate) fn new(status: StatusCode, name: &'static str, message: impl Into<String>) -> Self {
        Self { status, name, message: message.into(), retry_s: None }
    }

    /// Asking again soon may help.
    pub(crate) fn retry(self) -> Self {
        self.retry_after(RETRY_AFTER_S)
    }

    /// Asking again after so many seconds may help.
    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_s = Some(seconds);
        self
    }

    /// The relay itself cannot do it now.
    pub(crate) fn trouble(what: &str, error: &dyn std::error::Error) -> Self {
        tracing::error!(what, %error, "request failed for a reason of the relay's own");
        let message = format!("the relay is in trouble ({what}); ask again later");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "Trouble", message).retry()
    }

    /// Reading or writing a blob did not work.
    pub(crate) fn disk(error: &std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                tracing::error!(%error, "disk full");
                Self::disk_full("the relay's disk is full")
            }
            _ => Self::trouble("disk", error),
        }
    }

    /// There is no room for a blob.
    pub(crate) fn disk_full(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INSUFFICIENT_STORAGE, "DiskFull", message).retry_after(RETRY_DISK_S)
    }

    /// All slots of some kind are taken.
    pub(crate) fn busy(what: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "Busy", format!("{what}; ask again")).retry()
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let body = Json(json!({ "error": self.name, "message": self.message }));
        let mut response = (self.status, body).into_response();
        if let Some(seconds) = self.retry_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        // The rest of a refused body is not read, so the connection cannot be used again.
        if self.status != StatusCode::NOT_FOUND {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response.extensions_mut().insert(Reason(self.name));
        response
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
        Self { status, name: refusal.name(), message: refusal.to_string(), retry_s: refusal.retry_after_s() }
    }
}

impl From<SigningError> for Refused {
    fn from(error: SigningError) -> Self {
        if error.is_busy() {
            return Self::new(StatusCode::SERVICE_UNAVAILABLE, error.name(), error.to_string()).retry();
        }
        let refused = Self::new(StatusCode::UNAUTHORIZED, error.name(), error.to_string());
        // Signed again, it is as good as any.
        if matches!(error, SigningError::BeforeStart { .. }) { refused.retry() } else { refused }
    }
}
