//! The decoders of this crate as functions over bytes, and one sample of everything they read: for fuzzing, golden files
//! and signature vectors, which live outside this crate. No node uses it.

mod samples;

pub use samples::{Family, Sample, samples};

use crate::consensus::codec::{Message, RECORD_BYTES_MAX, Record};
use crate::consensus::context::SignedVote;
use crate::consensus::verify::Verifier;
use crate::runtime::frames::Frames;
use crate::runtime::wire::{ANNOUNCEMENT_BYTES, Limits};
use futures::executor::block_on;
use futures::io::Cursor;
use hydrogen_core::Params;
use hydrogen_types::codec::{decode, encode};
use hydrogen_types::{ChainId, Hash, Height, PublicKey, Signature};
use libp2p::StreamProtocol;
use libp2p::request_response::Codec;

fn frames(params: &Params) -> (Frames, StreamProtocol) {
    (Frames::new(Limits::new(params)), StreamProtocol::new("/hydrogen/internals/1"))
}

/// Reads one frame with a request as a node's socket does; gives the frame that says the same.
#[must_use]
pub fn request(frame: &[u8], params: &Params) -> Option<Vec<u8>> {
    let (mut frames, name) = frames(params);
    let request = block_on(frames.read_request(&name, &mut Cursor::new(frame))).ok()?.ok()?;
    let mut again = Cursor::new(Vec::new());
    block_on(frames.write_request(&name, &mut again, Ok(request))).ok()?;
    Some(again.into_inner())
}

/// Reads one frame with an answer; gives the frame that says the same.
#[must_use]
pub fn response(frame: &[u8], params: &Params) -> Option<Vec<u8>> {
    let (mut frames, name) = frames(params);
    let response = block_on(frames.read_response(&name, &mut Cursor::new(frame))).ok()?;
    let mut again = Cursor::new(Vec::new());
    block_on(frames.write_response(&name, &mut again, response)).ok()?;
    Some(again.into_inner())
}

/// Reads a vote, proposal or certificate; gives its encoding.
#[must_use]
pub fn message(bytes: &[u8]) -> Option<Vec<u8>> {
    Message::decode(bytes).ok().map(|message| message.encode())
}

/// Reads a record of the vote log; gives its encoding.
#[must_use]
pub fn record(bytes: &[u8]) -> Option<Vec<u8>> {
    decode::<Record>(bytes, RECORD_BYTES_MAX).ok().map(|record| encode(&record))
}

/// Reads a gossiped announcement; gives its encoding.
#[must_use]
pub fn announcement(bytes: &[u8]) -> Option<Vec<u8>> {
    decode::<(Height, Hash)>(bytes, ANNOUNCEMENT_BYTES).ok().map(|announcement| encode(&announcement))
}

/// What the vote in `bytes` signs; `None` if they are no vote.
#[must_use]
pub fn vote_message(bytes: &[u8], chain_id: &ChainId) -> Option<Vec<u8>> {
    let Message::Vote(SignedVote { message, .. }) = Message::decode(bytes).ok()? else { return None };
    Some(Verifier::new(chain_id.clone()).vote_bytes(&message))
}

/// Whether the vote in `bytes`, with `signature` for its own, passes as one by `key`: what the host asks before it
/// counts a vote.
#[must_use]
pub fn vote_holds(bytes: &[u8], chain_id: &ChainId, key: &PublicKey, signature: Signature) -> bool {
    let Ok(Message::Vote(SignedVote { message, .. })) = Message::decode(bytes) else { return false };
    Verifier::new(chain_id.clone()).vote(&SignedVote::new(message, signature), key)
}
