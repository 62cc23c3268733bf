//! Who asks: the signature over the request, and its nonce.

use crate::relay::answer::Refused;
use crate::relay::context::{Context, now_ms};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use hydrogen_offchain::signing::{RequestParts, parse_content_digest, verify_request};
use hydrogen_types::{Address, Hash};

/// A caller whose signature holds.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) address: Address,
    /// The digest of the body that it announced; present on uploads.
    pub(crate) digest: Option<Hash>,
}

/// Verifies the request's signature and spends its nonce.
pub(crate) fn authenticate(context: &Context, parts: &Parts) -> Result<Caller, Refused> {
    let unsigned = |message: String| Refused::new(StatusCode::UNAUTHORIZED, "BadSignature", message);
    let headers = &parts.headers;
    let input = text(headers, "signature-input")
        .ok_or_else(|| unsigned(String::from("no signature-input header: sign the request (RFC 9421)")))?;
    let signature =
        text(headers, "signature").ok_or_else(|| unsigned(String::from("no signature header")))?;
    let authority = authority(context, parts)?;
    let content_digest = text(headers, "content-digest");
    let request = RequestParts {
        method: parts.method.as_str(),
        authority: &authority,
        path: parts.uri.path(),
        query: parts.uri.query().unwrap_or(""),
        content_digest,
    };
    let now_s = now_ms() / 1_000;
    let verified =
        verify_request(&request, input, signature, now_s).map_err(|error| unsigned(error.to_string()))?;
    let digest =
        content_digest.map(parse_content_digest).transpose().map_err(|error| unsigned(error.to_string()))?;
    {
        let mut nonces = context.nonces.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        nonces.accept(&verified, now_s).map_err(|error| unsigned(error.to_string()))?;
    }
    context
        .index
        .put_nonce(&verified.key, &verified.nonce, now_s)
        .map_err(|error| Refused::trouble("index", &error))?;
    Ok(Caller { address: verified.address, digest })
}

/// The host the request is for. It must be this relay, or a request made to another could be played back here.
fn authority(context: &Context, parts: &Parts) -> Result<String, Refused> {
    let named = match parts.uri.authority() {
        Some(authority) => authority.as_str(),
        None => text(&parts.headers, header::HOST.as_str()).unwrap_or(""),
    };
    let named = named.to_ascii_lowercase();
    if context.authorities.contains(&named) {
        return Ok(named);
    }
    let known: Vec<&str> = context.authorities.iter().map(String::as_str).collect();
    let message = format!("this relay is {}, the request is for `{named}`", known.join(" or "));
    Err(Refused::new(StatusCode::MISDIRECTED_REQUEST, "WrongAuthority", message))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
