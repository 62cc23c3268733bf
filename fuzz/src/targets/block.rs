//! Blocks: as they come, and with a header that fits the chain and the transactions.

use crate::fixture::{NEXT_NONCE, actions, lived_chain, proposer, signed};
use hydrogen_core::block::has_own_body;
use hydrogen_core::{Chain, check_tx};
use hydrogen_types::codec::{decode, encode};
use hydrogen_types::merkle::list_root;
use hydrogen_types::{Block, Hash};

/// Transactions of a mended block.
const TXS_MAX: usize = 16;

fn next_block(chain: &Chain, txs: &[Vec<u8>]) -> Block {
    let genesis = chain.genesis();
    let checked = txs.iter().filter_map(|tx| check_tx(tx, &genesis.chain_id, &genesis.params).ok());
    let now_ms = chain.tip().time_ms + 500;
    chain.build(&proposer(chain), 0, now_ms, checked.collect()).expect("a block").block
}

/// Whether the block is good as it is.
pub(super) fn run(bytes: &[u8]) -> bool {
    let chain = lived_chain();
    let bytes_max = usize::try_from(chain.genesis().params.block_bytes_max).expect("a size");
    let Ok(block) = decode::<Block>(bytes, bytes_max) else { return false };
    assert_eq!(encode(&block), bytes, "a block has one encoding");
    let now_ms = chain.tip().time_ms + 500;
    let (fresh, voted) = (chain.execute(block.clone(), Some(now_ms)), chain.execute(block.clone(), None));
    assert!(fresh.is_err() || voted.is_ok(), "a block that others voted for is judged more mildly");
    if let Ok(executed) = &voted {
        assert!(has_own_body(&block));
        assert_eq!(executed.hash, block.hash());
    }
    mended(&chain, &block);
    voted.is_ok()
}

/// The block's transactions under a header that holds but for the outcome: they are executed, and then either refused
/// or found to have another outcome than that of no transactions.
fn mended(chain: &Chain, block: &Block) {
    let mut mended = next_block(chain, &[]);
    mended.txs = block.txs.iter().take(TXS_MAX).cloned().collect();
    let leaves: Vec<Hash> = mended.txs.iter().map(|tx| Hash::sha256(&encode(tx))).collect();
    mended.header.tx_root = list_root(&leaves);
    assert!(has_own_body(&mended));
    let empty = mended.txs.is_empty();
    assert_eq!(chain.execute(mended, None).is_ok(), empty, "transactions leave a mark on the state");
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let chain = lived_chain();
    let txs: Vec<Vec<u8>> =
        (NEXT_NONCE..).zip(actions()).map(|(nonce, action)| encode(&signed(nonce, action))).collect();
    vec![
        encode(&next_block(&chain, &[])),
        encode(&next_block(&chain, &txs[..1])),
        encode(&next_block(&chain, &txs)),
    ]
}
