//! Quotas, locks, pace, and hosts.

use crate::relay::RelayLimits;
use crate::relay::index::BlobId;
use crate::relay::listener::too_many;
use crate::relay::locks::Locks;
use crate::relay::pace::Pace;
use crate::relay::quota::{QuotaUse, Quotas};
use crate::relay::server::public_authority;
use hydrogen_types::Address;
use hydrogen_types::task::BlobKind;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

const ONE: Address = Address::new([1; 20]);
const TWO: Address = Address::new([2; 20]);

fn quotas() -> Arc<Quotas> {
    let limits = RelayLimits { account_bytes_max: 100, account_uploads_max: 2, ..RelayLimits::default() };
    Arc::new(Quotas::new(&limits, [(ONE, 30), (ONE, 10)].into_iter()))
}

#[test]
fn uploads_under_way_count_before_they_end() {
    let quotas = quotas();
    let mut first = quotas.begin(ONE).expect("one");
    first.raise(60).expect("40 stored and 60 under way are 100");
    let mut second = quotas.begin(ONE).expect("two");
    let refused = second.raise(1).expect_err("101");
    assert_eq!((refused.status.as_u16(), refused.name), (413, "QuotaExceeded"));
    assert!(refused.retry_s.is_some());
    let refused = quotas.begin(ONE).expect_err("a third at a time");
    assert_eq!((refused.status.as_u16(), refused.name), (429, "TooManyUploads"));
    quotas.begin(TWO).expect("another account").raise(100).expect("has its own");

    drop(first);
    second.raise(1).expect("what broke off counts no more");
    second.raise(1).expect("the same again adds nothing");
    assert_eq!(quotas.sums(), QuotaUse { accounts: 1, bytes: 41, bytes_most: 41 });
    second.keep(1);
    assert_eq!(quotas.sums().bytes, 41, "what was stored counts on");
    quotas.release(&ONE, 41);
    assert_eq!(quotas.sums(), QuotaUse::default(), "and nothing is left of it when it is removed");
}

/// More was announced than came: the rest is given back.
#[test]
fn what_was_reserved_beyond_the_blob_is_given_back() {
    let quotas = quotas();
    let mut share = quotas.begin(TWO).expect("begins");
    share.raise(80).expect("fits");
    share.keep(50);
    assert_eq!(quotas.sums().bytes, 90);
}

#[test]
fn one_blob_has_one_publisher_at_a_time_and_others_do_not_wait() {
    let locks = Locks::default();
    let id = |task| BlobId::new(task, BlobKind::Result, ONE);
    let mut context = Context::from_waker(Waker::noop());
    let Poll::Ready(first) = pin!(locks.hold(id(1))).poll(&mut context) else { panic!("free") };
    assert!(pin!(locks.hold(id(2))).poll(&mut context).is_ready());
    {
        let mut second = pin!(locks.hold(id(1)));
        assert!(second.as_mut().poll(&mut context).is_pending());
        drop(first);
        assert!(second.as_mut().poll(&mut context).is_ready());
    }
    assert_eq!(locks.len(), 0, "no lock stays that nobody holds");
    // A wait that is given up leaves nothing either.
    let Poll::Ready(held) = pin!(locks.hold(id(3))).poll(&mut context) else { panic!("free") };
    assert!(pin!(locks.hold(id(3))).poll(&mut context).is_pending());
    assert_eq!(locks.len(), 1);
    drop(held);
    assert_eq!(locks.len(), 0);
}

#[test]
fn a_body_that_is_too_slow_is_noticed_after_a_while() {
    let start = Instant::now();
    let at = |ms| start + Duration::from_millis(ms);
    let mut pace = Pace::new(start, Duration::from_secs(30), 1_000);
    assert_eq!(pace.add(1, at(30_000)), Ok(()), "slow, but not for long enough to say so");
    assert_eq!(pace.add(39_999, at(40_000)), Ok(()));
    assert_eq!(pace.add(0, at(40_001)), Err(999));
    assert_eq!(pace.add(2, at(40_002)), Ok(()));
}

#[test]
fn the_answer_beyond_the_bounds_is_whole() {
    let text = std::str::from_utf8(too_many()).expect("UTF-8");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
    assert!(head.contains(&format!("content-length: {}", body.len())), "{} bytes", body.len());
    assert!(head.contains("retry-after: "));
    let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(body["error"], "TooManyConnections");
}

#[test]
fn a_public_url_is_a_host_as_clients_sign_it() {
    for (url, expected) in [
        ("https://Relay.Example", "relay.example"),
        ("https://relay.example:443/", "relay.example"),
        ("http://relay.example:80", "relay.example"),
        ("https://relay.example:80", "relay.example:80"),
        ("http://[::1]:4800", "[::1]:4800"),
    ] {
        assert_eq!(public_authority(url).expect("good"), expected, "{url}");
    }
    for url in ["relay.example", "ftp://relay.example", "https://relay.example/relay", "https://", ""] {
        let refused = public_authority(url).expect_err(url).to_string();
        assert!(refused.contains("no path"), "{refused}");
    }
}
