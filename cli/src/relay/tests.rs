//! Files, index and ranges; the requests are tested over real HTTP in `tests/it/relay.rs`.

use crate::relay::blobs::{Blobs, FileBlobs};
use crate::relay::index::{BlobId, Index, StoredBlob, StoredProgram};
use crate::relay::range::{RangeAnswer, parse_range};
use hydrogen_core::SecretKey;
use hydrogen_offchain::relay::{Blob, ReceiptTerms, issue};
use hydrogen_types::task::BlobKind;
use hydrogen_types::{ChainId, Hash, Height};
use std::io::Read;

#[test]
fn ranges() {
    let part = |start, end| RangeAnswer::Part { start, end };
    let cases = [
        (None, RangeAnswer::Whole),
        (Some("bytes=0-3"), part(0, 4)),
        (Some("bytes=4-"), part(4, 10)),
        (Some("bytes=-3"), part(7, 10)),
        (Some("bytes=-30"), part(0, 10)),
        (Some("bytes=9-99"), part(9, 10)),
        (Some("bytes=10-"), RangeAnswer::Unsatisfiable),
        (Some("bytes=10-12"), RangeAnswer::Unsatisfiable),
        (Some("bytes=-0"), RangeAnswer::Unsatisfiable),
        // Malformed, or more than one: the header is ignored.
        (Some("bytes=3-1"), RangeAnswer::Whole),
        (Some("bytes=0-1,3-4"), RangeAnswer::Whole),
        (Some("bytes=a-b"), RangeAnswer::Whole),
        (Some("bytes=-"), RangeAnswer::Whole),
        (Some("lines=0-3"), RangeAnswer::Whole),
    ];
    for (header, expected) in cases {
        assert_eq!(parse_range(header, 10), expected, "{header:?}");
    }
    assert_eq!(parse_range(Some("bytes=0-0"), 0), RangeAnswer::Unsatisfiable);
}

#[tokio::test]
async fn a_broken_upload_leaves_nothing_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let blobs = FileBlobs::open_folder(folder.path()).expect("opens");
    let mut pending = blobs.begin().expect("begins");
    pending.write(b"half").await.expect("writes");
    let path = pending.path().expect("a file").to_path_buf();
    assert!(path.exists());
    drop(pending);
    assert!(!path.exists());
    assert_eq!(blobs.names().expect("lists"), Vec::<String>::new());

    // One that was cut off by the end of the process goes at the next start.
    let pending = blobs.begin().expect("begins");
    let path = pending.path().expect("a file").to_path_buf();
    std::mem::forget(pending);
    FileBlobs::open_folder(folder.path()).expect("opens");
    assert!(!path.exists());
}

#[tokio::test]
async fn a_published_blob_has_all_its_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    let blobs = FileBlobs::open_folder(folder.path()).expect("opens");
    let mut pending = blobs.begin().expect("begins");
    pending.write(b"hello ").await.expect("writes");
    pending.write(b"world").await.expect("writes");
    assert_eq!((pending.size(), pending.digest()), (11, Hash::sha256(b"hello world")));
    pending.publish("args-7").await.expect("publishes");
    let (mut file, size) = blobs.open("args-7").expect("opens").expect("is there");
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).expect("reads");
    assert_eq!((size, bytes.as_slice()), (11, b"hello world".as_slice()));
    blobs.remove("args-7").expect("removes");
    assert!(blobs.open("args-7").expect("asks").is_none());
    blobs.remove("args-7").expect("absent is no error");
}

#[test]
fn the_index_remembers_and_knows_how_it_was_left() {
    let folder = tempfile::tempdir().expect("a folder");
    let key = SecretKey::from_seed([7; 32]);
    let chain_id = ChainId::new("dev").expect("legal");
    let digest = Hash::sha256(b"x");
    let blob = Blob { task: 7, kind: BlobKind::Result, digest, size: 1, uploader: key.address() };
    let receipt = issue(&key, &chain_id, ReceiptTerms::default(), Height::new(3), blob);
    let stored = StoredBlob { receipt, ended_ms: None };
    let program = StoredProgram { size: 1, owner: key.address(), used_ms: 5 };
    let id = BlobId::new(7, BlobKind::Result);
    {
        let index = Index::open(folder.path()).expect("opens");
        assert!(index.was_clean(), "a first start has nothing to be unclean about");
        assert_eq!(index.bind_chain("dev 1").expect("binds"), "dev 1");
        index.put_blob(id, &stored).expect("writes");
        index.put_program(&digest, &program).expect("writes");
        index.put_nonce(&key.public(), "once", 100).expect("writes");
        // No clean close: as a kill leaves it.
    }
    {
        let index = Index::open(folder.path()).expect("opens");
        assert!(!index.was_clean());
        assert_eq!(index.bind_chain("dev 2").expect("asks"), "dev 1");
        assert_eq!(index.blob(id).expect("reads"), Some(stored.clone()));
        assert_eq!(index.blob(BlobId::new(7, BlobKind::Args)).expect("reads"), None);
        assert_eq!(index.blobs().expect("reads"), [(id, stored)]);
        assert_eq!(index.programs().expect("reads").get(&digest), Some(&program));
        assert_eq!(index.nonces(100).expect("reads"), [(100, key.public(), String::from("once"))]);
        assert_eq!(index.nonces(101).expect("reads"), []);
        assert_eq!(index.nonces(0).expect("reads"), [], "old ones are removed");
        index.close_clean().expect("closes");
    }
    assert!(Index::open(folder.path()).expect("opens").was_clean());
}
