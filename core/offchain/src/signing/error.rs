//! Why a signed request is refused. All are answered with 401, but a full memory of nonces, which passes.

use hydrogen_types::PublicKey;

/// Why a signed request is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SigningError {
    /// A header that is not of this profile's form.
    #[error("malformed {header}: {reason}")]
    Malformed {
        /// Which header.
        header: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// Other components than the profile's are covered.
    #[error("the signature must cover exactly {expected}, it covers {got}")]
    Components {
        /// Asked for.
        expected: String,
        /// Covered.
        got: String,
    },
    /// Created too far from this clock.
    #[error(
        "created at {created_s} by the clock of the client, this clock says {now_s}: at most {skew_s} s may lie \
         between, so set the one that is wrong"
    )]
    Clock {
        /// In the request.
        created_s: u64,
        /// Here.
        now_s: u64,
        /// Allowed.
        skew_s: u64,
    },
    /// Past its end, or it ends before it begins.
    #[error("expired at {expires_s}, this clock says {now_s}")]
    Expired {
        /// In the request.
        expires_s: u64,
        /// Here.
        now_s: u64,
    },
    /// The signature does not hold for the key it names.
    #[error("the signature is not one of {0} over this request")]
    BadSignature(PublicKey),
    /// The nonce was used before.
    #[error("nonce {0} was used before")]
    NonceUsed(String),
    /// Too many nonces are being remembered.
    #[error("{0} requests within two minutes are remembered already, try again later")]
    NoncesFull(usize),
    /// Created before this relay started after an unclean end: its nonces from then are lost.
    #[error("created at {created_s}, before this relay started at {started_s}: sign again")]
    BeforeStart {
        /// In the request.
        created_s: u64,
        /// Of the relay.
        started_s: u64,
    },
}

impl SigningError {
    /// Stable name for programs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "SignatureMalformed",
            Self::Components { .. } => "SignatureIncomplete",
            Self::Clock { .. } => "ClockSkew",
            Self::Expired { .. } => "Expired",
            Self::BadSignature(_) => "BadSignature",
            Self::NonceUsed(_) => "NonceUsed",
            Self::NoncesFull(_) => "NoncesFull",
            Self::BeforeStart { .. } => "BeforeStart",
        }
    }

    /// Whether the same key may try again later with nothing changed but time and nonce.
    #[must_use]
    pub const fn is_busy(&self) -> bool {
        matches!(self, Self::NoncesFull(_))
    }
}
