//! Blocks of all sizes between validators over real sockets.

use crate::fixture::{transfer, upload_of};
use crate::network::{Net, nonce, wait};
use hydrogen_core::Params;
use hydrogen_types::{Block, Gas, Height};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Enough for blocks of the largest size, and an interval in which transactions gather.
fn params() -> Params {
    Params {
        block_gas_max: Gas::new(100_000_000_000_000),
        block_bytes_max: 6 << 20,
        block_interval_ms: 1_500,
        ..Params::default()
    }
}

/// Gives `txs` to the first node and waits until all have decided them; returns the largest block and how long after
/// its making the last of the nodes had it.
fn decide(net: &Net, first: u64, txs: &[Vec<u8>]) -> (Block, Duration) {
    let mut committed: Vec<_> = net.nodes.iter().map(|node| node.committed()).collect();
    for tx in txs {
        net.nodes[0].submit(tx.clone()).unwrap();
    }
    let target = first + txs.len() as u64;
    let mut largest: Option<(Block, Duration)> = None;
    while nonce(&net.nodes[0]) < target {
        let mut block = None;
        for receiver in &mut committed {
            block = Some(receiver.blocking_recv().unwrap().block.clone());
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let block = block.unwrap();
        let took = now.saturating_sub(Duration::from_millis(block.header.time_ms));
        if largest.as_ref().is_none_or(|(other, _)| other.txs.len() < block.txs.len()) {
            largest = Some((block, took));
        }
    }
    wait(&net.nodes[0], || net.nodes.iter().all(|node| nonce(node) >= target));
    largest.unwrap()
}

/// Blocks of about 1 KiB, 1 MiB and 4 MiB are decided by four validators. Prints how long after its making a block is
/// final on all of them (`HYDROGEN_BLOCK_ROUNDS` times; once by default, for the result alone).
#[test]
fn blocks_of_all_sizes_are_decided() {
    let rounds = std::env::var("HYDROGEN_BLOCK_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let net = Net::start(4, params());
    wait(&net.nodes[0], || net.nodes.iter().all(|node| node.status().height.get() >= 1));
    let mut next = 0u64;
    for (name, count, bytes) in [("1 KiB", 1u64, 0usize), ("1 MiB", 2, 500_000), ("4 MiB", 8, 500_000)] {
        let mut times = Vec::new();
        let mut largest = 0;
        for _ in 0..rounds {
            let tx = |nonce| if bytes == 0 { transfer(nonce) } else { upload_of(nonce, bytes) };
            let txs: Vec<Vec<u8>> = (next..next + count).map(tx).collect();
            let (block, took) = decide(&net, next, &txs);
            next += count;
            largest = largest.max(hydrogen_types::codec::encode(&block).len());
            times.push(took);
        }
        times.sort();
        println!(
            "{name}: {largest} bytes, final p50 {:?} max {:?}",
            times[times.len() / 2],
            times[times.len() - 1]
        );
    }
    let height = net.nodes[0].status().height;
    assert!(height >= Height::new(3));
    assert_eq!(net.nodes.iter().map(|node| node.metrics().peer_faults.get()).sum::<u64>(), 0);
    let rounds: u64 = net.nodes.iter().map(|node| node.metrics().rounds_above_zero.get()).sum();
    println!("{height} blocks, rounds above 0: {rounds}");
}
