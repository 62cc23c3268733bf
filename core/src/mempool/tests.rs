use super::{Inserted, Mempool};
use crate::crypto::{SecretKey, sign_tx};
use crate::error::TxError;
use crate::genesis::Params;
use crate::validate::{CheckedTx, check_tx};
use hydrogen_types::codec::encode;
use hydrogen_types::{Action, Address, Amount, ChainId, Gas, Height, TxBody};

fn tx(sender: u8, nonce: u64, gas_price: u64) -> CheckedTx {
    let chain_id = ChainId::new("pool-test").unwrap();
    let key = SecretKey::from_seed([sender; 32]);
    let body = TxBody {
        chain_id: chain_id.clone(),
        sender: key.public(),
        nonce,
        valid_until: Height::new(100),
        gas_limit: Gas::new(1_000),
        gas_price,
        action: Action::Transfer { to: Address::default(), amount: Amount::ZERO },
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
