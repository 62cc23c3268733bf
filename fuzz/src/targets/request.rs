//! Frames of the request protocol. The first byte says who reads the rest.

use crate::fixture::genesis;
use hydrogen_p2p::internals::{Family, announcement, request, response, samples};

/// Whether the bytes are read.
pub(super) fn run(bytes: &[u8]) -> bool {
    let Some((reader, rest)) = bytes.split_first() else { return false };
    let params = genesis(Vec::new()).params;
    let again = match reader % 3 {
        0 => request(rest, &params),
        1 => response(rest, &params),
        _ => announcement(rest),
    };
    let Some(again) = again else { return false };
    // A socket may hold more than one frame; of gossip every byte is read.
    assert_eq!(again, rest[..again.len()], "a message has one encoding");
    assert!(reader % 3 < 2 || again.len() == rest.len());
    true
}

fn framed(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).expect("a sample is short");
    [&length.to_le_bytes(), bytes].concat()
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let seed = |sample: &hydrogen_p2p::internals::Sample| match sample.family {
        Family::Request => Some([vec![0], framed(&sample.bytes)].concat()),
        Family::Response => Some([vec![1], framed(&sample.bytes)].concat()),
        Family::Gossip => Some([vec![2], sample.bytes.clone()].concat()),
        Family::Message | Family::Record => None,
    };
    samples().iter().filter_map(seed).collect()
}
