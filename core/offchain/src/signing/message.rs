//! Building and checking the signature base.

use super::error::SigningError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hydrogen_core::SecretKey;
use hydrogen_core::crypto::verify;
use hydrogen_types::{Address, PublicKey, Signature};

/// Seconds that the clocks of client and relay may differ.
pub const CLOCK_SKEW_S: u64 = 60;
/// Seconds after `created` at which a request of ours expires.
const LIFETIME_S: u64 = 60;
/// Longest `Signature-Input` that is read: ours has below 300 bytes.
const INPUT_BYTES_MAX: usize = 1024;
/// Longest nonce.
const NONCE_BYTES_MAX: usize = 64;
/// Our label in both headers.
const LABEL: &str = "sig1";

const INPUT: &str = "signature-input";
const SIGNATURE: &str = "signature";

/// The covered parts of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestParts<'a> {
    /// In capitals.
    pub method: &'a str,
    /// Host, and port unless the scheme's own, in lower case.
    pub authority: &'a str,
    /// Path as sent.
    pub path: &'a str,
    /// Query as sent, without the `?`; empty for none.
    pub query: &'a str,
    /// Value of `Content-Digest`; present exactly on uploads.
    pub content_digest: Option<&'a str>,
}

/// The two headers to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureHeaders {
    /// Value of `Signature-Input`.
    pub signature_input: String,
    /// Value of `Signature`.
    pub signature: String,
}

/// A request whose signature holds and whose time is right. Its nonce still has to be accepted by
/// [`super::Nonces`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The key that signed.
    pub key: PublicKey,
    /// Its account.
    pub address: Address,
    /// Seconds since 1970.
    pub created_s: u64,
    /// Seconds since 1970.
    pub expires_s: u64,
    /// Unique for the key.
    pub nonce: String,
}

impl<'a> RequestParts<'a> {
    fn components(&self) -> Vec<(&'static str, String)> {
        let mut components = vec![
            ("@method", self.method.to_string()),
            ("@authority", self.authority.to_string()),
            ("@path", self.path.to_string()),
            // RFC 9421, 2.2.7: an absent query is the question mark alone.
            ("@query", format!("?{}", self.query)),
        ];
        if let Some(digest) = self.content_digest {
            components.push(("content-digest", digest.trim().to_string()));
        }
        components
    }

    /// The names covered, as `Signature-Input` lists them.
    fn names(&self) -> String {
        let names: Vec<String> = self.components().iter().map(|(name, _)| format!("\"{name}\"")).collect();
        format!("({})", names.join(" "))
    }

    /// RFC 9421, 2.5: a line for each component, then the parameters.
    pub(super) fn base(&self, params: &str) -> String {
        let mut base = String::new();
        for (name, value) in self.components() {
            base.push_str(&format!("\"{name}\": {value}\n"));
        }
        base.push_str(&format!("\"@signature-params\": {params}"));
        base
    }

    /// A line break in a part would let one component pass for two.
    fn is_single_lined(&self) -> bool {
        self.components().iter().all(|(_, value)| !value.contains(['\n', '\r']))
    }
}

/// Signs a request.
///
/// The nonce must be fresh: 16 random bytes in hex, say.
#[must_use]
pub fn sign_request(
    parts: &RequestParts<'_>,
    key: &SecretKey,
    created_s: u64,
    nonce: &str,
) -> SignatureHeaders {
    let names = parts.names();
    let expires_s = created_s.saturating_add(LIFETIME_S);
    let key_id = key.public();
    let params = format!(
        "{names};created={created_s};expires={expires_s};nonce=\"{nonce}\";keyid=\"{key_id}\";alg=\"ed25519\""
    );
    let signature = key.sign(parts.base(&params).as_bytes());
    SignatureHeaders {
        signature_input: format!("{LABEL}={params}"),
        signature: format!("{LABEL}=:{}:", STANDARD.encode(signature.0)),
    }
}

/// Checks a request's signature and its time.
///
/// # Errors
/// The first thing that is wrong; all of them are the client's fault.
pub fn verify_request(
    parts: &RequestParts<'_>,
    signature_input: &str,
    signature: &str,
    now_s: u64,
) -> Result<Verified, SigningError> {
    let malformed =
        |header: &'static str, reason: &str| SigningError::Malformed { header, reason: reason.to_string() };
    if signature_input.len() > INPUT_BYTES_MAX {
        return Err(malformed(INPUT, "too long"));
    }
    if !parts.is_single_lined() {
        return Err(malformed(INPUT, "a line break in a covered part"));
    }
    let (label, params) =
        signature_input.trim().split_once('=').ok_or_else(|| malformed(INPUT, "no label"))?;
    let end = params.find(')').ok_or_else(|| malformed(INPUT, "no list of components"))?;
    let (names, rest) = params.split_at(end + 1);
    if names != parts.names() {
        return Err(SigningError::Components { expected: parts.names(), got: names.to_string() });
    }
    let verified = read_params(rest)?;
    check_time(&verified, now_s)?;
    let encoded = signature
        .trim()
        .strip_prefix(label)
        .and_then(|rest| rest.strip_prefix("=:"))
        .and_then(|rest| rest.strip_suffix(':'))
        .ok_or_else(|| malformed(SIGNATURE, "no `LABEL=:BASE64:` with the label of signature-input"))?;
    let bytes = STANDARD.decode(encoded).map_err(|_| malformed(SIGNATURE, "not base64"))?;
    let bytes = <[u8; 64]>::try_from(bytes).map_err(|_| malformed(SIGNATURE, "not 64 bytes"))?;
    if !verify(&verified.key, parts.base(params).as_bytes(), &Signature(bytes)) {
        return Err(SigningError::BadSignature(verified.key));
    }
    Ok(verified)
}

/// Reads `;created=..;expires=..;nonce="..";keyid="..";alg="ed25519"` in any order, each exactly once.
fn read_params(text: &str) -> Result<Verified, SigningError> {
    let malformed = |reason: String| SigningError::Malformed { header: INPUT, reason };
    let (mut created_s, mut expires_s, mut nonce, mut key, mut alg) = (None, None, None, None, None);
    let text = text.strip_prefix(';').ok_or_else(|| malformed("no parameters".to_string()))?;
    for param in text.split(';') {
        let (name, value) =
            param.split_once('=').ok_or_else(|| malformed(format!("parameter `{param}` has no value")))?;
        let quoted = || {
            let inner = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            inner.filter(|inner| is_plain(inner)).ok_or_else(|| malformed(format!("bad value of `{name}`")))
        };
        let number = || value.parse::<u64>().map_err(|_| malformed(format!("bad value of `{name}`")));
        let again = match name {
            "created" => created_s.replace(number()?).is_some(),
            "expires" => expires_s.replace(number()?).is_some(),
            "nonce" => nonce.replace(quoted()?.to_string()).is_some(),
            "keyid" => key.replace(quoted()?.to_string()).is_some(),
            "alg" => alg.replace(quoted()?.to_string()).is_some(),
            _ => return Err(malformed(format!("unknown parameter `{name}`"))),
        };
        if again {
            return Err(malformed(format!("`{name}` twice")));
        }
    }
    let missing = |name: &str| malformed(format!("no `{name}`"));
    let key_id = key.ok_or_else(|| missing("keyid"))?;
    let key = PublicKey::from_hex(&key_id).ok_or_else(|| malformed("keyid is no 0x-hex key".to_string()))?;
    let nonce = nonce.ok_or_else(|| missing("nonce"))?;
    if nonce.is_empty() || nonce.len() > NONCE_BYTES_MAX {
        return Err(malformed(format!("a nonce has 1 to {NONCE_BYTES_MAX} characters")));
    }
    if alg.ok_or_else(|| missing("alg"))? != "ed25519" {
        return Err(malformed("alg must be ed25519".to_string()));
    }
    Ok(Verified {
        key,
        address: Address::of_key(&key),
        created_s: created_s.ok_or_else(|| missing("created"))?,
        expires_s: expires_s.ok_or_else(|| missing("expires"))?,
        nonce,
    })
}

/// Characters that need no escape and end nothing.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\' | b';' | b','))
}

fn check_time(verified: &Verified, now_s: u64) -> Result<(), SigningError> {
    let Verified { created_s, expires_s, .. } = *verified;
    if created_s.abs_diff(now_s) > CLOCK_SKEW_S {
        return Err(SigningError::Clock { created_s, now_s, skew_s: CLOCK_SKEW_S });
    }
    // A client's clock may be behind ours: its expiry is judged with the same tolerance as its creation.
    if expires_s < created_s || expires_s.saturating_add(CLOCK_SKEW_S) < now_s {
        return Err(SigningError::Expired { expires_s, now_s });
    }
    Ok(())
}
