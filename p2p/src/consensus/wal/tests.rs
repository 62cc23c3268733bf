//! Logs that are torn, damaged, shortened.

use super::*;

fn filled(home: &Path) -> Vec<u8> {
    let mut disk = FileDisk::open(home).unwrap();
    disk.reset(b"begin").unwrap();
    disk.append(b"one").unwrap();
    disk.append(b"two").unwrap();
    disk.flush().unwrap();
    disk.append(b"three").unwrap();
    disk.flush().unwrap();
    std::fs::read(home.join(WAL_FILE)).unwrap()
}

/// Cut anywhere, the log keeps a prefix of whole batches and can be appended to.
#[test]
fn torn_tail_is_dropped() {
    let home = tempfile::tempdir().unwrap();
    let whole = filled(home.path());
    for cut in 0..=whole.len() {
        std::fs::write(home.path().join(WAL_FILE), &whole[..cut]).unwrap();
        let mut disk = FileDisk::open(home.path()).unwrap();
        let records = disk.load().unwrap();
        let all: [&[u8]; 4] = [b"begin", b"one", b"two", b"three"];
        assert!([0, 1, 3, 4].contains(&records.len()), "cut at {cut}");
        assert!(records.iter().zip(all).all(|(record, expected)| record == expected));
        disk.append(b"next").unwrap();
        disk.flush().unwrap();
        assert_eq!(disk.load().unwrap().len(), records.len() + 1, "cut at {cut}");
    }
}

/// A flipped bit in a batch that others follow is not a torn tail.
#[test]
fn corruption_stops() {
    let home = tempfile::tempdir().unwrap();
    let whole = filled(home.path());
    let mut bad = whole.clone();
    bad[14] ^= 1;
    std::fs::write(home.path().join(WAL_FILE), &bad).unwrap();
    assert!(FileDisk::open(home.path()).unwrap().load().is_err());
    let mut tail = whole;
    let last = tail.len() - 1;
    tail[last] ^= 1;
    std::fs::write(home.path().join(WAL_FILE), &tail).unwrap();
    assert_eq!(FileDisk::open(home.path()).unwrap().load().unwrap().len(), 3);
}

/// A log without some of its records: the others stay in order, and it can be appended to and read again.
#[test]
fn compaction_keeps_the_rest() {
    let home = tempfile::tempdir().unwrap();
    filled(home.path());
    let mut disk = FileDisk::open(home.path()).unwrap();
    disk.load().unwrap();
    let before = disk.bytes();
    disk.append(b"four").unwrap();
    disk.compact(&mut |record| record != b"two").unwrap();
    assert_eq!(disk.bytes(), std::fs::metadata(home.path().join(WAL_FILE)).unwrap().len());
    assert!(disk.bytes() < before + 3 * 20);
    disk.append(b"five").unwrap();
    disk.flush().unwrap();
    drop(disk);
    let records = FileDisk::open(home.path()).unwrap().load().unwrap();
    let expected: [&[u8]; 5] = [b"begin", b"one", b"three", b"four", b"five"];
    assert_eq!(records, expected);
}
