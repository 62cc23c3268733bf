#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use super::*;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hydrogen_core::SecretKey;
use hydrogen_types::Hash;

const NOW_S: u64 = 1_700_000_000;

fn key() -> SecretKey {
    SecretKey::from_seed([42; 32])
}

fn upload(digest: &str) -> RequestParts<'_> {
    RequestParts {
        method: "POST",
        authority: "127.0.0.1:7001",
        path: "/v1/tasks/5/args",
        query: "",
        content_digest: Some(digest),
    }
}

fn signed(parts: &RequestParts<'_>) -> SignatureHeaders {
    sign_request(parts, &key(), NOW_S, "00112233445566778899aabbccddeeff")
}

fn check(parts: &RequestParts<'_>, headers: &SignatureHeaders, now_s: u64) -> Result<Verified, SigningError> {
    verify_request(parts, &headers.signature_input, &headers.signature, now_s)
}

/// Pins the bytes: the digest of `hello` was computed with `openssl dgst -sha256 -binary | base64`.
#[test]
fn vector() {
    let digest = content_digest(&Hash::sha256(b"hello"));
    assert_eq!(digest, "sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:");
    assert_eq!(parse_content_digest(&digest), Ok(Hash::sha256(b"hello")));
    let headers = signed(&upload(&digest));
    let key_id = key().public();
    assert_eq!(
        headers.signature_input,
        format!(
            "sig1=(\"@method\" \"@authority\" \"@path\" \"@query\" \"content-digest\");created=1700000000;\
             expires=1700000060;nonce=\"00112233445566778899aabbccddeeff\";keyid=\"{key_id}\";alg=\"ed25519\""
        )
    );
    let verified = check(&upload(&digest), &headers, NOW_S).unwrap();
    assert_eq!(verified.address, key().address());
    assert_eq!(verified.nonce, "00112233445566778899aabbccddeeff");
}

#[test]
fn every_covered_part_is_bound() {
    let digest = content_digest(&Hash::sha256(b"hello"));
    let other = content_digest(&Hash::sha256(b"hallo"));
    let parts = upload(&digest);
    let headers = signed(&parts);
    let altered = [
        RequestParts { method: "GET", ..parts },
        RequestParts { authority: "127.0.0.1:7002", ..parts },
        RequestParts { path: "/v1/tasks/6/args", ..parts },
        RequestParts { query: "a=1", ..parts },
        RequestParts { content_digest: Some(&other), ..parts },
    ];
    for parts in altered {
        assert_eq!(check(&parts, &headers, NOW_S), Err(SigningError::BadSignature(key().public())));
    }
    let without = RequestParts { content_digest: None, ..parts };
    assert!(matches!(check(&without, &headers, NOW_S), Err(SigningError::Components { .. })));
}

#[test]
fn every_parameter_is_bound() {
    let digest = content_digest(&Hash::sha256(b"hello"));
    let parts = upload(&digest);
    let headers = signed(&parts);
    let other_key = SecretKey::from_seed([43; 32]).public().to_string();
    let own_key = key().public().to_string();
    for (from, to) in [
        ("created=1700000000", "created=1700000001"),
        ("expires=1700000060", "expires=1700000061"),
        ("00112233", "10112233"),
        (own_key.as_str(), other_key.as_str()),
    ] {
        let altered = SignatureHeaders {
            signature_input: headers.signature_input.replace(from, to),
            signature: headers.signature.clone(),
        };
        assert_ne!(altered.signature_input, headers.signature_input);
        assert!(matches!(check(&parts, &altered, NOW_S), Err(SigningError::BadSignature(_))), "{from}");
    }
}

#[test]
fn malformed_headers_say_what_is_wrong() {
    let parts = upload("sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:");
    let good = signed(&parts);
    for (from, to) in [
        ("alg=\"ed25519\"", "alg=\"rsa\""),
        (";alg=\"ed25519\"", ""),
        (";alg=", ";alg=\"ed25519\";alg="),
        ("nonce=\"0011", "nonce=\"00;11"),
        ("created=17", "created=+x17"),
        ("keyid=\"0x", "keyid=\""),
        ("sig1=", "sig2="),
        (";created", ";tag=\"a\";created"),
    ] {
        let bad = SignatureHeaders {
            signature_input: good.signature_input.replace(from, to),
            signature: good.signature.clone(),
        };
        assert_ne!(bad.signature_input, good.signature_input);
        assert!(matches!(check(&parts, &bad, NOW_S), Err(SigningError::Malformed { .. })), "{to}");
    }
    for signature in ["", "sig1=", "sig1=:AA:", "sig1=:!:"] {
        let bad = verify_request(&parts, &good.signature_input, signature, NOW_S);
        assert!(matches!(bad, Err(SigningError::Malformed { .. })), "{signature}");
    }
    let long = "a".repeat(2_000);
    assert!(matches!(verify_request(&parts, &long, "", NOW_S), Err(SigningError::Malformed { .. })));
}

#[test]
fn a_line_break_cannot_smuggle_a_component() {
    let parts = RequestParts { path: "/v1\n\"@query\": ?", ..upload("sha-256=::") };
    assert!(matches!(check(&parts, &signed(&parts), NOW_S), Err(SigningError::Malformed { .. })));
}

#[test]
fn clocks_may_differ_by_a_minute() {
    let parts = upload("sha-256=::");
    let headers = signed(&parts);
    for now_s in [NOW_S - 60, NOW_S + 60] {
        assert!(check(&parts, &headers, now_s).is_ok());
    }
    for now_s in [NOW_S - 61, NOW_S + 61] {
        assert!(matches!(check(&parts, &headers, now_s), Err(SigningError::Clock { .. })));
    }
}

/// A signer with a foreign implementation may put any `expires` under its signature.
#[test]
fn a_request_ends_when_it_says() {
    let parts = upload("sha-256=::");
    let signed_until = |expires_s: u64| {
        let headers = signed(&parts);
        let params = headers.signature_input.replace("expires=1700000060", &format!("expires={expires_s}"));
        let base = parts.base(params.strip_prefix("sig1=").unwrap());
        let signature = STANDARD.encode(key().sign(base.as_bytes()).0);
        SignatureHeaders { signature_input: params, signature: format!("sig1=:{signature}:") }
    };
    assert!(check(&parts, &signed_until(NOW_S), NOW_S).is_ok());
    assert!(check(&parts, &signed_until(NOW_S), NOW_S + 60).is_ok(), "with the tolerance of the clocks");
    let backwards = check(&parts, &signed_until(NOW_S - 1), NOW_S);
    assert_eq!(backwards, Err(SigningError::Expired { expires_s: NOW_S - 1, now_s: NOW_S }));
}

#[test]
fn a_nonce_is_accepted_once_and_kept_for_two_minutes() {
    let parts = upload("sha-256=::");
    let request = check(&parts, &signed(&parts), NOW_S).unwrap();
    let mut nonces = Nonces::default();
    assert_eq!(nonces.accept(&request, NOW_S - 60), Ok(()));
    assert_eq!(nonces.accept(&request, NOW_S + 60), Err(SigningError::NonceUsed(request.nonce.clone())));
    let kept: Vec<_> = nonces.kept().map(|(at, key, nonce)| (at, *key, nonce.to_string())).collect();
    let mut restored = Nonces::restored(kept);
    assert_eq!(restored.accept(&request, NOW_S), Err(SigningError::NonceUsed(request.nonce.clone())));
    assert_eq!(restored.accept(&request, NOW_S + 61), Ok(()), "forgotten when the window is over");
}

#[test]
fn after_an_unclean_end_older_requests_are_refused_and_kept_nonces_too() {
    let parts = upload("sha-256=::");
    let request = check(&parts, &signed(&parts), NOW_S).unwrap();
    let mut nonces = Nonces::default().after_unclean_end(NOW_S + 1);
    let refused = SigningError::BeforeStart { created_s: NOW_S, started_s: NOW_S + 1 };
    assert_eq!(nonces.accept(&request, NOW_S + 2), Err(refused));
    // A client whose clock is ahead: its request is not older than the start, but was seen before it.
    let kept = [(NOW_S - 5, request.key, request.nonce.clone())];
    let mut nonces = Nonces::restored(kept).after_unclean_end(NOW_S - 3);
    assert_eq!(nonces.accept(&request, NOW_S), Err(SigningError::NonceUsed(request.nonce.clone())));
}

#[test]
fn no_key_fills_the_memory_alone() {
    let parts = upload("sha-256=::");
    let request = check(&parts, &signed(&parts), NOW_S).unwrap();
    let with_nonce = |index: usize| Verified { nonce: index.to_string(), ..request.clone() };
    let mut nonces = Nonces::default();
    for index in 0..NONCES_PER_KEY_MAX {
        nonces.accept(&with_nonce(index), NOW_S).unwrap();
    }
    let full = SigningError::NoncesFull(NONCES_PER_KEY_MAX);
    assert!(full.is_busy());
    assert_eq!(nonces.accept(&with_nonce(NONCES_PER_KEY_MAX), NOW_S), Err(full));
    let other = Verified { key: SecretKey::from_seed([43; 32]).public(), ..request.clone() };
    assert_eq!(nonces.accept(&other, NOW_S), Ok(()), "another key is not concerned");
    assert_eq!(nonces.len(), NONCES_PER_KEY_MAX + 1);
    let later = NOW_S + NONCE_KEPT_S + 1;
    assert_eq!(nonces.accept(&with_nonce(NONCES_PER_KEY_MAX), later), Ok(()), "the window is over");
    assert_eq!(nonces.len(), 1);
}

#[test]
fn a_clock_that_is_wrong_is_told_both_times() {
    let parts = upload("sha-256=::");
    let error = check(&parts, &signed(&parts), NOW_S + 61).unwrap_err();
    let text = error.to_string();
    assert!(text.contains(&NOW_S.to_string()) && text.contains(&(NOW_S + 61).to_string()), "{text}");
    assert_eq!((error.name(), error.is_busy()), ("ClockSkew", false));
}
