//! HTTP Message Signatures (RFC 9421) for requests to a relay, over plain strings.
//!
//! One fixed profile: the components `@method`, `@authority`, `@path`, `@query` and, on uploads, `content-digest`
//! (RFC 9530, SHA-256); the parameters `created`, `expires`, `nonce`, `keyid` (the account's public key as 0x-hex) and
//! `alg="ed25519"`.
//!
//! *Provided*: a request cannot be altered in any covered part, sent to another relay, or sent twice.
//! *Not provided*: secrecy; that the body has the announced digest (whoever reads the body hashes it).
//! *Requires*: a clock within [`CLOCK_SKEW_S`], a fresh nonce for every request, and TLS where secrecy matters.

mod digest;
mod error;
mod message;
mod nonces;
#[cfg(test)]
mod tests;

pub use digest::{content_digest, parse_content_digest};
pub use error::SigningError;
pub use message::{CLOCK_SKEW_S, RequestParts, SignatureHeaders, Verified, sign_request, verify_request};
pub use nonces::{NONCE_KEPT_S, NONCES_PER_KEY_MAX, Nonces};
