//! Who asks: the signature over the request, and its nonce.

use crate::relay::answer::Refused;
use crate::relay::context::{Context, now_ms};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use hydrogen_offchain::signing::{
    RequestParts, SigningError, Verified, parse_content_digest, verify_request,
};
use hydrogen_types::{Address, Hash};
use std::sync::PoisonError;

/// A caller whose signature holds.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) address: Address,
    /// The digest of the body that it announced; present on uploads.
    pub(crate) digest: Option<Hash>,
    verified: Verified,
}

/// Verifies the request's signature, and that its nonce is not used. It is spent by [`spend`], once the request is
/// granted: what strangers send is not worth remembering.
pub(crate) fn authenticate(context: &Context, parts: &Parts) -> Result<Caller, Refused> {
    let headers = &parts.headers;
    let missing =
        |header: &'static str, reason: &str| SigningError::Malformed { header, reason: reason.into() };
    let input = text(headers, "signature-input")
        .ok_or_else(|| missing("signature-input", "there is none: sign the request (RFC 9421)"))?;
    let signature = text(headers, "signature").ok_or_else(|| missing("signature", "there is none"))?;
    let authority = authority(context, parts)?;
    let content_digest = text(headers, "content-digest");
    let request = RequestParts {
        method: parts.method.as_str(),
        authority: &authority,
        path: parts.uri.path(),
        query: parts.uri.query().unwrap_or(""),
        content_digest,
    };
    let verified = verify_request(&request, input, signature, now_ms() / 1_000)?;
    let digest = content_digest.map(parse_content_digest).transpose()?;
    context.nonces.lock().unwrap_or_else(PoisonError::into_inner).check(&verified)?;
    Ok(Caller { address: verified.address, digest, verified })
}

/// Spends the nonce of a request that is granted otherwise. Of two with the same nonce, one gets past.
pub(crate) fn spend(context: &Context, caller: &Caller) -> Result<(), Refused> {
    let now_s = now_ms() / 1_000;
    let Verified { key, nonce, .. } = &caller.verified;
    context.nonces.lock().unwrap_or_else(PoisonError::into_inner).accept(&caller.verified, now_s)?;
    context.index.put_nonce(key, nonce, now_s).map_err(|error| Refused::trouble("index", &error))
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
