//! Messages between validators and records of the vote log. The first byte says which.

use hydrogen_p2p::consensus::forge::read;
use hydrogen_p2p::internals::{Family, Sample, message, record, samples};

/// Whether the bytes are read.
pub(super) fn run(bytes: &[u8]) -> bool {
    let Some((reader, rest)) = bytes.split_first() else { return false };
    let again = if reader % 2 == 0 {
        let again = message(rest);
        assert!(again.is_some() || read(rest).is_none(), "one reader takes what another refuses");
        again
    } else {
        record(rest)
    };
    let Some(again) = again else { return false };
    assert_eq!(again, rest, "a message has one encoding");
    true
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let seed = |sample: &Sample| match sample.family {
        Family::Message => Some([vec![0], sample.bytes.clone()].concat()),
        Family::Record => Some([vec![1], sample.bytes.clone()].concat()),
        Family::Request | Family::Response | Family::Gossip => None,
    };
    samples().iter().filter_map(seed).collect()
}
