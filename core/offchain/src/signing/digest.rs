//! The header `Content-Digest` (RFC 9530) with SHA-256.

use super::error::SigningError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hydrogen_types::Hash;

const HEADER: &str = "content-digest";

/// The header's value for a body of this hash.
#[must_use]
pub fn content_digest(hash: &Hash) -> String {
    format!("sha-256=:{}:", STANDARD.encode(hash.as_bytes()))
}

/// The hash in a header's value.
///
/// # Errors
/// Anything but one SHA-256 digest.
pub fn parse_content_digest(value: &str) -> Result<Hash, SigningError> {
    let malformed = |reason: &str| SigningError::Malformed { header: HEADER, reason: String::from(reason) };
    let text = value
        .trim()
        .strip_prefix("sha-256=:")
        .and_then(|rest| rest.strip_suffix(':'))
        .ok_or_else(|| malformed("one `sha-256=:BASE64:` is asked for"))?;
    let bytes = STANDARD.decode(text).map_err(|_| malformed("not base64"))?;
    let bytes = <[u8; 32]>::try_from(bytes).map_err(|_| malformed("not 32 bytes"))?;
    Ok(Hash::new(bytes))
}
