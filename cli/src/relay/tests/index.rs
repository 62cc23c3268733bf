//! What the index remembers, and how it knows in which way it was left.

use crate::relay::index::{BlobId, Index, StoredBlob, StoredProgram};
use hydrogen_core::SecretKey;
use hydrogen_offchain::relay::{Blob, ReceiptTerms, issue};
use hydrogen_types::task::BlobKind;
use hydrogen_types::{Address, ChainId, Hash, Height};

fn stored(task: u64, kind: BlobKind, uploader: Address, programs: Vec<Hash>) -> (BlobId, StoredBlob) {
    let key = SecretKey::from_seed([7; 32]);
    let chain_id = ChainId::new("dev").expect("legal");
    let blob = Blob { task, kind, digest: Hash::sha256(b"x"), size: 1, uploader };
    let receipt = issue(&key, &chain_id, ReceiptTerms::default(), Height::new(3), blob);
    (BlobId::new(task, kind, uploader), StoredBlob { receipt, programs, ended_ms: None })
}

#[test]
fn the_index_remembers_and_knows_how_it_was_left() {
    let folder = tempfile::tempdir().expect("a folder");
    let key = SecretKey::from_seed([7; 32]);
    let hash = Hash::sha256(b"program");
    let (id, blob) = stored(7, BlobKind::Result, key.address(), Vec::new());
    let program = StoredProgram { size: 1, owner: key.address(), used_ms: 5 };
    {
        let index = Index::open(folder.path()).expect("opens");
        assert!(index.was_clean(), "a first start has nothing to be unclean about");
        assert_eq!(index.chain().expect("asks"), None);
        index.bind_chain("dev 1").expect("binds");
        index.mark_in_use().expect("marks");
        index.put_blob(id, &blob).expect("writes");
        index.put_program(&hash, &program).expect("writes");
        index.put_nonce(&key.public(), "once", 100).expect("writes");
        index.put_height(Height::new(9)).expect("writes");
        // No clean close: as a kill leaves it.
    }
    {
        let index = Index::open(folder.path()).expect("opens");
        assert!(!index.was_clean());
        assert_eq!(index.chain().expect("asks").as_deref(), Some("dev 1"));
        assert_eq!(index.height().expect("asks"), Height::new(9));
        assert_eq!(index.blob(id).expect("reads"), Some(blob.clone()));
        assert_eq!(index.blob(BlobId::new(7, BlobKind::Args, key.address())).expect("reads"), None);
        assert_eq!(index.blobs().expect("reads"), [(id, blob)]);
        assert_eq!(index.programs().expect("reads").get(&hash), Some(&program));
        assert_eq!(index.nonces(100).expect("reads"), [(100, key.public(), String::from("once"))]);
        assert_eq!(index.nonces(101).expect("reads"), []);
        assert_eq!(index.nonces(0).expect("reads"), [], "old ones are removed");
        index.mark_in_use().expect("marks");
        index.close_clean().expect("closes");
    }
    assert!(Index::open(folder.path()).expect("opens").was_clean());
    // A start that ends before it serves leaves the mark.
    assert!(Index::open(folder.path()).expect("opens").was_clean());
}

#[test]
fn each_uploader_has_a_blob_of_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let index = Index::open(folder.path()).expect("opens");
    let of = |task, byte| stored(task, BlobKind::Result, Address::new([byte; 20]), Vec::new());
    let (first, second, other) = (of(7, 1), of(7, 255), of(8, 1));
    for (id, blob) in [&first, &second, &other] {
        index.put_blob(*id, blob).expect("writes");
    }
    assert_eq!(index.blobs_of(7, BlobKind::Result).expect("reads"), [first.clone(), second.clone()]);
    assert_eq!(index.blobs_of(8, BlobKind::Result).expect("reads"), [other]);
    assert_eq!(index.blobs_of(7, BlobKind::Args).expect("reads"), []);
    assert_ne!(first.0.file_name(), second.0.file_name());
    index.remove_blob(first.0).expect("removes");
    assert_eq!(index.blobs_of(7, BlobKind::Result).expect("reads"), [second]);
}

#[test]
fn programs_are_open_while_a_task_that_names_them_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let index = Index::open(folder.path()).expect("opens");
    let (one, two) = (Hash::sha256(b"one"), Hash::sha256(b"two"));
    let (id, mut blob) = stored(7, BlobKind::Args, Address::new([1; 20]), vec![one, two]);
    index.put_blob(id, &blob).expect("writes");
    assert_eq!(index.open_programs().expect("reads"), [one, two].into());
    blob.ended_ms = Some(5);
    index.put_blob(id, &blob).expect("writes");
    assert_eq!(index.open_programs().expect("reads"), [].into());
}

#[test]
fn use_of_a_program_is_noted_now_and_then() {
    let folder = tempfile::tempdir().expect("a folder");
    let index = Index::open(folder.path()).expect("opens");
    let hash = Hash::sha256(b"program");
    assert!(!index.touch_program(&hash, 10).expect("asks"), "what is not there is not made");
    let program = StoredProgram { size: 1, owner: Address::new([1; 20]), used_ms: 5_000 };
    index.put_program(&hash, &program).expect("writes");
    let used_ms = || index.program(&hash).expect("reads").expect("is there").used_ms;
    assert!(index.touch_program(&hash, 5_999).expect("asks"));
    assert_eq!(used_ms(), 5_000);
    assert!(index.touch_program(&hash, 6_000).expect("asks"));
    assert_eq!(used_ms(), 6_000);
}

/// Version 1 had one blob for a task: its homes are not read as if they were empty.
#[test]
fn a_home_of_another_version_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    {
        let index = Index::open(folder.path()).expect("opens");
        index.bind_chain("dev 1").expect("binds");
    }
    {
        let options = rocksdb::Options::default();
        let names = ["blobs", "programs", "nonces", "meta"];
        let db = rocksdb::DB::open_cf(&options, folder.path(), names).expect("opens");
        let meta = db.cf_handle("meta").expect("is there");
        db.delete_cf(meta, b"format").expect("deletes");
    }
    let refused = Index::open(folder.path()).err().expect("refused").to_string();
    assert!(refused.contains("format 1") && refused.contains("--home"), "{refused}");
}
