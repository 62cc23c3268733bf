//! The pool against a model that does everything by looking through a list, over random histories.

use super::tests::tx_of;
use super::{Bounds, EVICTIONS_MAX, Inserted, Mempool};
use crate::error::TxError;
use crate::validate::CheckedTx;
use hydrogen_types::{Address, Gas, Height};

/// Few, so that the pool is full most of the time.
const BOUNDS: Bounds = Bounds { txs_max: 24, bytes_max: 24 * 300, per_sender_max: 6 };
const SENDERS: u64 = 8;

struct Model {
    list: Vec<CheckedTx>,
    /// As the chain has them.
    nonces: Vec<u64>,
    /// As the pool has seen them, for senders that have something there.
    seen: Vec<u64>,
    senders: Vec<Address>,
}

fn nonce(checked: &CheckedTx) -> u64 {
    checked.tx().body.nonce
}

fn price(checked: &CheckedTx) -> u64 {
    checked.tx().body.gas_price
}

impl Model {
    fn of<'a>(&'a self, checked: &CheckedTx) -> impl Iterator<Item = &'a CheckedTx> {
        let sender = checked.sender();
        self.list.iter().filter(move |other| other.sender() == sender)
    }

    fn worth(&self, checked: &CheckedTx, next: u64) -> (bool, u64) {
        let before: Vec<_> = self.of(checked).filter(|other| nonce(other) < nonce(checked)).collect();
        let least = before.iter().map(|other| price(other)).fold(price(checked), u64::min);
        (before.len() as u64 + next == nonce(checked), least)
    }

    fn insert(&mut self, checked: &CheckedTx, sender: usize) -> Result<Inserted, TxError> {
        if self.list.contains(checked) {
            return Err(TxError::AlreadyKnown);
        }
        let next = self.nonces[sender];
        self.list.retain(|other| other.sender() != checked.sender() || nonce(other) >= next);
        self.seen[sender] = next;
        if nonce(checked) < next {
            return Err(TxError::NonceTooLow { nonce: nonce(checked), expected: next });
        }
        let replaced = self.of(checked).find(|other| nonce(other) == nonce(checked)).cloned();
        if let Some(old) = &replaced {
            let price_min = price(old) * 110 / 100 + 1;
            if price(checked) < price_min {
                return Err(TxError::ReplacementUnderpriced { price: price(checked), price_min });
            }
        } else if self.of(checked).count() >= BOUNDS.per_sender_max {
            let waiting = self.of(checked).count();
            return Err(TxError::SenderFull { waiting, waiting_max: BOUNDS.per_sender_max });
        }
        let before = self.list.clone();
        let worth = self.worth(checked, next);
        let mut dropped = 0;
        self.list.retain(|other| Some(other) != replaced.as_ref());
        while self.list.len() + 1 > BOUNDS.txs_max || self.bytes() + checked.size() > BOUNDS.bytes_max {
            let lasts =
                self.list.iter().filter(|other| self.of(other).all(|more| nonce(more) <= nonce(other)));
            let others = lasts.filter(|other| other.sender() != checked.sender());
            let worst = others
                .map(|other| (self.worth(other, self.next_of(other)), other.sender(), other))
                .min_by_key(|(worth, sender, _)| (*worth, *sender));
            match worst {
                Some((least, _, victim)) if least < worth && dropped < EVICTIONS_MAX => {
                    let victim = victim.clone();
                    self.list.retain(|other| *other != victim);
                    dropped += 1;
                }
                _ => {
                    self.list = before;
                    return Err(TxError::PoolFull);
                }
            }
        }
        self.list.push(checked.clone());
        Ok(replaced.map_or(Inserted::New, |old| Inserted::Replaced(old.hash())))
    }

    fn next_of(&self, checked: &CheckedTx) -> u64 {
        let sender = self.senders.iter().position(|sender| *sender == checked.sender());
        self.seen[sender.expect("a sender of the test")]
    }

    fn bytes(&self) -> usize {
        self.list.iter().map(CheckedTx::size).sum()
    }

    /// The best of all whose turn it is, again and again.
    fn take(&self) -> Vec<CheckedTx> {
        let mut taken: Vec<CheckedTx> = Vec::new();
        loop {
            let position = |checked: &CheckedTx| nonce(checked) - self.next_of(checked);
            let turn = |checked: &&CheckedTx| {
                let before = taken.iter().filter(|other| other.sender() == checked.sender()).count();
                before as u64 == position(checked)
            };
            let best = self.list.iter().filter(turn).min_by_key(|checked| {
                (std::cmp::Reverse(price(checked)), position(checked), checked.sender())
            });
            match best {
                Some(best) => taken.push(best.clone()),
                None => return taken,
            }
        }
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

#[test]
fn the_pool_does_what_the_model_does() {
    let (mut full, mut evicting) = (0, 0);
    for seed in 0..12 {
        let mut random = Random(seed);
        let mut pool = Mempool::bounded(BOUNDS);
        let count = usize::try_from(SENDERS).unwrap();
        let senders = (0..SENDERS).map(|sender| tx_of(sender, 0, 1, 0).sender()).collect();
        let mut model = Model { list: vec![], nonces: vec![0; count], seen: vec![0; count], senders };
        for step in 0..400 {
            let sender = random.below(SENDERS);
            let index = usize::try_from(sender).unwrap();
            match random.below(12) {
                0 => {
                    let height = Height::new(random.below(8));
                    pool.expire(height);
                    model.list.retain(|checked| checked.tx().body.valid_until >= height);
                }
                1 => {
                    if let Some(first) = model.take().first() {
                        pool.remove(&first.hash());
                        model.list.retain(|checked| checked != first);
                    }
                }
                2 => {
                    // A block with the account's next nonce: the pool's or another one.
                    let address = model.senders[index];
                    model.nonces[index] += 1;
                    let next = model.nonces[index];
                    pool.advance(&address, next);
                    model.list.retain(|other| other.sender() != address || nonce(other) >= next);
                    model.seen[index] = next;
                }
                _ => {
                    let nonce = (model.nonces[index] + random.below(8)).saturating_sub(1);
                    let size = usize::try_from(random.below(4)).unwrap() * 150;
                    let checked = tx_of(sender, nonce, 1 + random.below(30), size);
                    let before = model.list.len();
                    let expected = model.insert(&checked, index);
                    assert_eq!(
                        pool.insert(checked, model.nonces[index]),
                        expected,
                        "seed {seed} step {step}"
                    );
                    full += u32::from(expected == Err(TxError::PoolFull));
                    evicting += u32::from(expected == Ok(Inserted::New) && model.list.len() <= before);
                }
            }
            let order = |txs: &[CheckedTx]| txs.iter().map(|tx| (price(tx), nonce(tx))).collect::<Vec<_>>();
            assert_eq!(
                order(&pool.take(Gas::new(u64::MAX), usize::MAX)),
                order(&model.take()),
                "seed {seed} step {step}"
            );
            assert_eq!((pool.len(), pool.bytes()), (model.list.len(), model.bytes()));
            assert_eq!(pool.has_ready(), !model.take().is_empty());
            assert_eq!((pool.by_expiry.len(), pool.by_worth.len()), (pool.len(), pool.lanes.len()));
            assert!(pool.len() <= BOUNDS.txs_max && pool.bytes() <= BOUNDS.bytes_max);
        }
    }
    assert!(full > 50 && evicting > 50, "{full} refused, {evicting} drove others out");
}
