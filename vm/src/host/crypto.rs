//! Hashes and signatures.

use super::frame::Frame;
use super::memory;
use crate::limits::HASH_BYTES_MAX;
use crate::stop::Stop;
use hydrogen_core::crypto;
use hydrogen_types::{Hash, PublicKey, Signature};

fn hash(
    frame: &mut Frame<'_>,
    ptr: i32,
    len: i32,
    out_ptr: i32,
    digest: impl FnOnce(&[u8]) -> [u8; 32],
) -> Result<(), Stop> {
    let len = memory::length(len, HASH_BYTES_MAX, "message")?;
    frame.charge_bytes(len)?;
    let (bytes, _) = frame.parts()?;
    let digest = digest(memory::slice(bytes, ptr, len, "message")?);
    frame.write(out_ptr, &digest, "room for a digest")
}

pub(crate) fn sha256(frame: &mut Frame<'_>, ptr: i32, len: i32, out_ptr: i32) -> Result<(), Stop> {
    hash(frame, ptr, len, out_ptr, |bytes| *Hash::sha256(bytes).as_bytes())
}

pub(crate) fn keccak256(frame: &mut Frame<'_>, ptr: i32, len: i32, out_ptr: i32) -> Result<(), Stop> {
    hash(frame, ptr, len, out_ptr, crypto::keccak256)
}

pub(crate) fn ed25519_verify(
    frame: &mut Frame<'_>,
    key_ptr: i32,
    message_ptr: i32,
    message_len: i32,
    signature_ptr: i32,
) -> Result<i32, Stop> {
    let len = memory::length(message_len, HASH_BYTES_MAX, "message")?;
    frame.charge_bytes(len)?;
    let key = PublicKey(frame.read_array(key_ptr, "key")?);
    let signature = Signature(frame.read_array(signature_ptr, "signature")?);
    let (bytes, _) = frame.parts()?;
    let message = memory::slice(bytes, message_ptr, len, "message")?;
    Ok(i32::from(crypto::verify(&key, message, &signature)))
}

pub(crate) fn vrf_verify(
    frame: &mut Frame<'_>,
    key_ptr: i32,
    input_ptr: i32,
    input_len: i32,
    proof_ptr: i32,
    out_ptr: i32,
) -> Result<i32, Stop> {
    let len = memory::length(input_len, HASH_BYTES_MAX, "input")?;
    frame.charge_bytes(len)?;
    let key = PublicKey(frame.read_array(key_ptr, "key")?);
    let proof = frame.read_array(proof_ptr, "proof")?;
    let (bytes, _) = frame.parts()?;
    let output = crypto::vrf_verify(&key, memory::slice(bytes, input_ptr, len, "input")?, &proof);
    let Some(output) = output else { return Ok(0) };
    frame.write(out_ptr, &output, "room for an output")?;
    Ok(1)
}
