//! A snapshot: the bytes of a manifest and of its chunks. Restored as they come, and again with a manifest that names the
//! chunks there are, so that they are decoded.

use crate::fixture::{lived_chain, lived_store};
use hydrogen_core::MemStore;
use hydrogen_core::snapshot::{Manifest, make, restore};
use hydrogen_types::Hash;
use hydrogen_types::codec::{decode, encode};
use std::io;

/// Largest input.
const BYTES_MAX: usize = 1 << 20;

/// Whether it is the snapshot that the chain makes of itself.
pub(super) fn run(bytes: &[u8]) -> bool {
    let Ok((manifest, chunks)) = decode::<(Vec<u8>, Vec<Vec<u8>>)>(bytes, BYTES_MAX) else { return false };
    let Ok(mut manifest_read) = Manifest::from_bytes(&manifest) else { return false };
    assert_eq!(manifest_read.to_bytes().expect("it was read"), manifest, "a manifest has one encoding");
    let taken = restored(&manifest_read, &chunks);
    manifest_read.chunks = chunks.iter().map(|chunk| Hash::sha256(chunk)).collect();
    taken | restored(&manifest_read, &chunks)
}

/// Nothing is restored but the state that the header names; after a refusal the store is empty.
fn restored(manifest: &Manifest, chunks: &[Vec<u8>]) -> bool {
    let chain = lived_chain();
    let store = MemStore::new();
    let mut source = |index: u32| {
        let chunk = usize::try_from(index).ok().and_then(|index| chunks.get(index));
        chunk.cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    };
    match restore(&store, chain.genesis(), manifest, &mut source) {
        Ok(tip) => {
            assert_eq!((tip.hash, tip.state_root), (manifest.header.hash(), manifest.header.state_root));
            true
        }
        Err(error) => {
            assert!(!error.to_string().is_empty(), "a refusal has a reason");
            assert!(hydrogen_core::snapshot::is_fresh(&store).expect("memory"), "a refusal leaves nothing");
            false
        }
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let height = lived_chain().tip().height;
    let mut chunks: Vec<Vec<u8>> = Vec::new();
    let manifest = make(&*lived_store(), height, &mut |_, bytes| {
        chunks.push(bytes.to_vec());
        Ok(())
    });
    let manifest = manifest.expect("a store in memory").to_bytes().expect("a small chain");
    vec![encode(&(manifest, chunks))]
}
