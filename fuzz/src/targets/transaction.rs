//! Transactions: as they come, and mended so that they reach the executor.

use crate::fixture::{NEXT_NONCE, actions, lived_chain, proposer, rich, signed};
use hydrogen_core::{check_tx, sign_tx};
use hydrogen_types::codec::{decode, encode};
use hydrogen_types::{Gas, Tx};

/// Most gas that a mended transaction may use: 50 ms.
const GAS_MAX: u64 = 50_000_000_000;

/// Whether the bytes pass as they are.
pub(super) fn run(bytes: &[u8]) -> bool {
    let chain = lived_chain();
    let genesis = chain.genesis();
    let taken = check_tx(bytes, &genesis.chain_id, &genesis.params);
    if let Ok(checked) = &taken {
        assert_eq!(encode(checked.tx()), bytes, "a transaction has one encoding");
    }
    let bytes_max = usize::try_from(genesis.params.tx_bytes_max).expect("a size");
    if let Ok(Tx { mut body, .. }) = decode::<Tx>(bytes, bytes_max) {
        body.chain_id = genesis.chain_id.clone();
        (body.sender, body.nonce) = (rich().public(), NEXT_NONCE);
        body.valid_until = body.valid_until.max(chain.tip().height.next());
        body.gas_limit = Gas::new(body.gas_limit.get().min(GAS_MAX));
        body.gas_price = body.gas_price.clamp(genesis.params.gas_price_min, 2_000_000);
        let mended = encode(&sign_tx(body, &rich()));
        if let Ok(checked) = check_tx(&mended, &genesis.chain_id, &genesis.params) {
            let waits = chain.reader().check_waiting(&checked).is_ok();
            let now_ms = chain.tip().time_ms + 500;
            let built = chain.build(&proposer(&chain), 0, now_ms, vec![checked]).expect("a block");
            assert!(waits || built.block.txs.is_empty(), "the pool refuses what a block would take");
            let executed = chain.execute(built.block, Some(now_ms)).expect("what was built is good");
            assert_eq!((executed.hash, executed.receipts), (built.hash, built.receipts));
        }
    }
    taken.is_ok()
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    actions().into_iter().map(|action| encode(&signed(NEXT_NONCE, action))).collect()
}
