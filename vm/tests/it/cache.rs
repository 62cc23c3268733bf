//! Compiled code on disk changes how long a call takes and nothing else.

use crate::fixture::{Bench, contract};
use hydrogen_types::Hash;
use hydrogen_types::receipt::Receipt;
use hydrogen_vm::{CacheCounts, DiskCache, Vm, VmConfig};
use std::path::Path;
use std::sync::Arc;

fn body() -> Vec<u8> {
    contract(
        r#"(data (i32.const 0) "k")
        (func (export "call.count")
            (drop (call $storage_get (i32.const 0) (i32.const 1) (i32.const 8) (i32.const 8)))
            (i64.store (i32.const 8) (i64.add (i64.load (i32.const 8)) (i64.const 1)))
            (call $storage_set (i32.const 0) (i32.const 1) (i32.const 8) (i32.const 8))
            (call $return_value (i32.const 8) (i32.const 8)))
        (func (export "call.trap") unreachable)
        (func $down (export "call.down") (call $down))"#,
    )
}

/// Runs a small life of the contract on a fresh sandbox: receipts, state, and what its cache did.
fn live(folder: Option<&Path>) -> (Vec<Receipt>, Hash, CacheCounts) {
    let disk = folder.map(|folder| DiskCache::new(folder.to_owned(), [5; 32]));
    let vm = Arc::new(Vm::new(VmConfig { lanes: 2, disk, ..VmConfig::default() }).unwrap());
    let mut bench = Bench::open_on(vm.clone(), &[("c", body())]);
    let receipts =
        ["count", "trap", "down", "count", "nothing"].map(|method| bench.call(method, b"").receipt);
    (receipts.to_vec(), bench.chain.tip().state_root, vm.cache_counts())
}

fn counts(compiled: u64, loaded: u64) -> CacheCounts {
    CacheCounts { compiled, loaded }
}

#[test]
fn results_are_the_same_without_a_folder_with_an_empty_one_a_full_one_and_a_spoiled_one() {
    let folder = tempfile::tempdir().unwrap();
    let (receipts, root, without) = live(None);
    assert_eq!(without, counts(1, 0));
    assert_eq!(receipts[0].value, 1u64.to_le_bytes());
    let check = |what: &str, expected: CacheCounts| {
        let (now, now_root, done) = live(Some(folder.path()));
        assert_eq!((&now, &now_root), (&receipts, &root), "{what}");
        assert_eq!(done, expected, "{what}");
    };
    check("an empty folder", counts(1, 0));
    check("a full one", counts(0, 1));
    let entry = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
    let good = std::fs::read(&entry).unwrap();
    for at in [20, 90, good.len() / 2, good.len() - 1] {
        let mut bad = good.clone();
        bad[at] ^= 0x40;
        std::fs::write(&entry, &bad).unwrap();
        check("a changed byte", counts(1, 0));
        check("after it was mended", counts(0, 1));
    }
    std::fs::write(&entry, &good[..good.len() / 2]).unwrap();
    check("half an entry", counts(1, 0));
    std::fs::remove_dir_all(folder.path()).unwrap();
    std::fs::write(folder.path(), b"no folder").unwrap();
    check("a file where the folder was", counts(1, 0));
    std::fs::remove_file(folder.path()).unwrap();
}
