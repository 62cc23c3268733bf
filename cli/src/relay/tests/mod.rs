//! Files, index, ranges, quotas and pace; the requests are tested over real HTTP in `tests/it/relay`.

mod docs;
mod fingerprint;
mod index;
mod limits;

use crate::relay::blobs::{Blobs, FileBlobs, Pending};
use crate::relay::range::{RangeAnswer, parse_range};
use hydrogen_types::Hash;
use std::io::{ErrorKind, Read};

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
    assert_eq!(parse_range(Some("bytes=-5"), 0), RangeAnswer::Whole, "all of nothing");
    let huge = format!("bytes=0-{}", u64::MAX);
    assert_eq!(parse_range(Some(&huge), 10), part(0, 10));
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

/// The kernel's own answer to writing on a full disk, and what is left of it.
#[tokio::test]
async fn a_full_disk_is_told_as_such() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("pending");
    std::os::unix::fs::symlink("/dev/full", &path).expect("links");
    let full = std::fs::OpenOptions::new().write(true).open(&path).expect("opens");
    let mut pending = Pending::new(full, path.clone(), folder.path().to_path_buf());
    // Buffered: the kernel is asked behind the call, so that the error may come with the next one.
    let mut error = pending.write(&[1; 4096]).await.err();
    if error.is_none() {
        error = pending.flush().await.err();
    }
    let error = error.expect("a full disk takes nothing");
    assert_eq!(error.kind(), ErrorKind::StorageFull);
    let refused = crate::relay::answer::Refused::disk(&error);
    assert_eq!((refused.status.as_u16(), refused.name), (507, "DiskFull"));
    assert!(refused.retry_s.is_some());
    drop(pending);
    assert!(!path.exists(), "nothing is left");
}

#[test]
fn the_room_of_the_disk_is_known() {
    let folder = tempfile::tempdir().expect("a folder");
    let blobs = FileBlobs::open_folder(folder.path()).expect("opens");
    assert!(blobs.free_bytes().expect("asks") > 0);
}
