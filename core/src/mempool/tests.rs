use super::{Bounds, Inserted, Mempool};
use crate::crypto::{SecretKey, sign_tx};
use crate::error::TxError;
use crate::genesis::Params;
use crate::limits::POOL_PER_SENDER_MAX;
use crate::validate::{CheckedTx, check_tx};
use hydrogen_types::codec::encode;
use hydrogen_types::{Action, Address, Amount, ChainId, Gas, Height, TxBody};

fn tx(sender: u8, nonce: u64, gas_price: u64) -> CheckedTx {
    made(sender, nonce, gas_price, 100, 0)
}

/// For the model: `size` bytes of arguments, good for a height that follows from its nonce.
pub(super) fn tx_of(sender: u64, nonce: u64, gas_price: u64, size: usize) -> CheckedTx {
    made(u8::try_from(sender).unwrap(), nonce, gas_price, nonce % 9 + 2, size)
}

fn made(sender: u8, nonce: u64, gas_price: u64, valid_until: u64, size: usize) -> CheckedTx {
    let chain_id = ChainId::new("pool-test").unwrap();
    let key = SecretKey::from_seed([sender; 32]);
    let action = match size {
        0 => Action::Transfer { to: Address::default(), amount: Amount::ZERO },
        _ => Action::Upload { code: vec![0; size] },
    };
    let body = TxBody {
        chain_id: chain_id.clone(),
        sender: key.public(),
        nonce,
        valid_until: Height::new(valid_until),
        gas_limit: Gas::new(1_000),
        gas_price,
        action,
    };
    check_tx(&encode(&sign_tx(body, &key)), &chain_id, &Params::default()).unwrap()
}

fn order(pool: &Mempool, gas: u64) -> Vec<(u64, u64)> {
    let taken = pool.take(Gas::new(gas), usize::MAX);
    taken.iter().map(|checked| (checked.tx().body.gas_price, checked.tx().body.nonce)).collect()
}

#[test]
fn better_pay_comes_first_but_never_before_an_earlier_nonce() {
    let mut pool = Mempool::new();
    for checked in [tx(1, 0, 5), tx(1, 1, 90), tx(2, 0, 10), tx(3, 1, 99)] {
        pool.insert(checked, 0).unwrap();
    }
    assert_eq!(order(&pool, u64::MAX), [(10, 0), (5, 0), (90, 1)], "a gap waits");
    assert_eq!(order(&pool, 2_000), [(10, 0), (5, 0)], "the gas limit holds");
    pool.insert(tx(3, 0, 1), 0).unwrap();
    assert_eq!(order(&pool, u64::MAX), [(10, 0), (5, 0), (90, 1), (1, 0), (99, 1)]);
}

#[test]
fn a_replacement_pays_a_tenth_more() {
    let mut pool = Mempool::new();
    let first = tx(1, 0, 100);
    pool.insert(first.clone(), 0).unwrap();
    assert_eq!(pool.insert(first.clone(), 0), Err(TxError::AlreadyKnown));
    let refused = pool.insert(tx(1, 0, 110), 0);
    assert_eq!(refused, Err(TxError::ReplacementUnderpriced { price: 110, price_min: 111 }));
    assert_eq!(pool.insert(tx(1, 0, 111), 0), Ok(Inserted::Replaced(first.hash())));
    assert_eq!(pool.len(), 1);
}

#[test]
fn used_and_distant_nonces_are_refused() {
    let mut pool = Mempool::new();
    assert_eq!(pool.insert(tx(1, 3, 1), 4), Err(TxError::NonceTooLow { nonce: 3, expected: 4 }));
    assert!(matches!(pool.insert(tx(1, 300, 1), 4), Err(TxError::NonceTooHigh { .. })));
    assert!(pool.is_empty());
}

#[test]
fn what_can_no_longer_enter_a_block_is_dropped() {
    let mut pool = Mempool::new();
    for checked in [tx(1, 0, 5), tx(1, 1, 5), tx(2, 0, 5)] {
        pool.insert(checked, 0).unwrap();
    }
    pool.expire(Height::new(100));
    assert_eq!(pool.len(), 3, "valid until height 100, that included");
    pool.expire(Height::new(101));
    assert!(pool.is_empty());
    assert_eq!(pool.bytes, 0);
    assert!(pool.lanes.is_empty());
}

/// One sender with ten thousand transactions: a few wait, and of equal prices every sender has its turn first.
#[test]
fn one_sender_cannot_starve_others() {
    let mut pool = Mempool::new();
    let greedy = (0..1_000).filter(|nonce| pool.insert(tx(1, *nonce, 10), 0).is_ok()).count();
    assert_eq!(greedy, POOL_PER_SENDER_MAX);
    for sender in 2..12 {
        pool.insert(tx(sender, 0, 10), 0).unwrap();
    }
    let block = pool.take(Gas::new(11_000), usize::MAX);
    assert!(block.iter().all(|checked| checked.tx().body.nonce == 0), "each sender's first comes first");
    assert_eq!(block.len(), 11);
}

/// A full pool takes what pays more and drops the worst; what waits for a missing nonce goes before what is ready.
#[test]
fn a_full_pool_drops_the_worst() {
    let mut pool = Mempool::bounded(Bounds { txs_max: 4, bytes_max: 1 << 20, per_sender_max: 4 });
    for checked in [tx(1, 0, 50), tx(1, 1, 90), tx(2, 1, 99), tx(3, 0, 20)] {
        pool.insert(checked, 0).unwrap();
    }
    assert_eq!(pool.insert(tx(4, 3, 99), 0), Err(TxError::PoolFull), "not for its like");
    assert_eq!(pool.insert(tx(4, 0, 10), 0), Ok(Inserted::New), "the one with a gap goes");
    assert_eq!(pool.insert(tx(5, 0, 10), 0), Err(TxError::PoolFull));
    assert_eq!(pool.insert(tx(5, 0, 11), 0), Ok(Inserted::New));
    assert_eq!(order(&pool, u64::MAX), [(50, 0), (90, 1), (20, 0), (11, 0)]);
    assert_eq!(pool.insert(tx(6, 0, 60), 0), Ok(Inserted::New));
    assert_eq!(pool.insert(tx(7, 0, 60), 0), Ok(Inserted::New));
    assert_eq!(pool.insert(tx(8, 0, 60), 0), Ok(Inserted::New), "it is worth what must come before it");
    assert_eq!(order(&pool, u64::MAX), [(60, 0), (60, 0), (60, 0), (50, 0)]);
}
