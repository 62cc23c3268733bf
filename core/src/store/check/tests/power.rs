//! A power cut while blocks are taken from peers faster than the disk follows: what is left on a real disk is the chain
//! at an earlier height, sound to the last byte, and goes on from there.

use super::*;
use crate::block::Committed;
use crate::store::RocksStore;
use std::path::{Path, PathBuf};

/// Blocks that are on the disk for good, and those behind them.
const SYNCED: u64 = 8;
const BLOCKS: u64 = 40;
/// Bytes of a module in each block: the engine writes files meanwhile, and begins new logs.
const MODULE: usize = 150_000;

/// Bytes that no compression shrinks.
fn noise(seed: u64) -> Vec<u8> {
    let mut hash = Hash::sha256(&seed.to_le_bytes());
    let next = || {
        hash = Hash::sha256(hash.as_bytes());
        Some(*hash.as_bytes())
    };
    std::iter::from_fn(next).flatten().take(MODULE).collect()
}

fn roomy() -> Genesis {
    let params = Params { block_gas_max: Gas::new(20_000_000_000_000), ..Params::default() };
    Genesis { params, accounts: vec![(app().address(), Amount::cnx(1_000_000))], ..genesis() }
}

fn upload(nonce: u64) -> CheckedTx {
    let body = TxBody {
        chain_id: genesis().chain_id,
        sender: app().public(),
        nonce,
        valid_until: Height::new(1_000),
        gas_limit: Gas::new(1_000_000_000_000),
        gas_price: 1_000_000,
        action: Action::Upload { code: noise(nonce) },
    };
    check_tx(&encode(&sign_tx(body, &app())), &genesis().chain_id, &Params::default()).unwrap()
}

fn open(folder: &Path) -> Chain {
    let store: Arc<dyn Store> = Arc::new(RocksStore::open(folder).unwrap());
    Chain::open(store, Arc::new(AnyCode), roomy()).unwrap()
}

/// The engine's logs, oldest first, with their bytes.
fn logs(folder: &Path) -> Vec<(PathBuf, u64)> {
    let mut found: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "log"))
        .map(|entry| (entry.path(), entry.metadata().unwrap().len()))
        .collect();
    found.sort();
    found
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[test]
fn a_power_cut_takes_refetchable_blocks_back_in_order() {
    let folders = tempfile::tempdir().unwrap();
    let whole = folders.path().join("whole");
    let mut chain = open(&whole);
    let keys = NodeKeys::from_seed([1; 32]);
    let (mut blocks, mut durable) = (Vec::<Arc<Committed>>::new(), None);
    for nonce in 0..BLOCKS {
        let now_ms = chain.tip().time_ms + 100;
        let executed = chain.build(&keys, 0, now_ms, vec![upload(nonce)]).unwrap();
        assert!(executed.receipts[0].is_success(), "{:?}", executed.receipts[0]);
        let certificate = certify(&roomy().chain_id, &executed.block, &[&keys.consensus]);
        let committed = if nonce < SYNCED {
            chain.commit(executed, certificate).unwrap()
        } else {
            chain.commit_refetchable(executed, certificate).unwrap()
        };
        blocks.push(committed);
        if nonce + 1 == SYNCED {
            durable = logs(&whole).pop();
        }
    }
    let tip = chain.tip();
    drop(chain);
    let (durable, durable_bytes) = durable.unwrap();
    let (newest, bytes) = logs(&whole).pop().unwrap();
    // What the engine has written to older logs is on the disk before it begins a new one's files.
    let least = if newest == durable { durable_bytes } else { 0 };
    let mut heights = Vec::new();
    for (number, part) in [0u64, 13, 50, 77, 100].into_iter().enumerate() {
        let cut = folders.path().join(number.to_string());
        copy(&whole, &cut);
        let log = std::fs::File::options().write(true).open(cut.join(newest.file_name().unwrap())).unwrap();
        log.set_len(least + (bytes - least) * part / 100).unwrap();
        let store: Arc<dyn Store> = Arc::new(RocksStore::open(&cut).unwrap());
        let report = check(&store, &roomy(), Some(Arc::new(AnyCode)), &mut |_, _, _| {}).unwrap();
        assert_eq!(report.problems, [], "cut at {part} of 100");
        drop(store);
        let mut chain = open(&cut);
        let height = chain.tip().height.get();
        assert!(height >= SYNCED, "cut at {part} of 100: {height}");
        heights.push(height);
        for missing in &blocks[usize::try_from(height).unwrap()..] {
            chain.import(missing.block.clone(), missing.certificate.clone()).unwrap();
        }
        assert_eq!(chain.tip(), tip);
    }
    println!("{} logs at the end; cuts left the chain at heights {heights:?}", logs(&whole).len());
    assert!(
        heights.is_sorted() && heights[0] < BLOCKS && heights[heights.len() - 1] == BLOCKS,
        "{heights:?}"
    );
}
