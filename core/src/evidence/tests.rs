use super::{EVIDENCE_BYTES_MAX, Evidence, EvidenceBook, EvidenceError, EvidenceKey, Statement, Step};
use crate::crypto::SecretKey;
use crate::limits::{EVIDENCE_MAX, EVIDENCE_PER_VALIDATOR_MAX};
use crate::store::MemStore;
use hydrogen_types::codec::encode;
use hydrogen_types::{Address, ChainId, Hash, Height, Validator, ValidatorSet};
use std::sync::Arc;

fn chain_id() -> ChainId {
    ChainId::new("evidence-test").unwrap()
}

fn pairs() -> [(Statement, Statement); 4] {
    let (a, b) = (Hash::new([1; 32]), Hash::new([2; 32]));
    [
        (Statement::Prevote(Some(b)), Statement::Prevote(None)),
        (Statement::Precommit(Some(a)), Statement::Precommit(Some(b))),
        (Statement::Proposal { block: a, locked: None }, Statement::Proposal { block: b, locked: Some(0) }),
        (Statement::Proposal { block: a, locked: None }, Statement::Proposal { block: a, locked: Some(1) }),
    ]
}

fn record(seed: u8, height: u64, round: u32, pair: (Statement, Statement)) -> Evidence {
    let key = SecretKey::from_seed([seed; 32]);
    let height = Height::new(height);
    let sign = |said: Statement| (said, key.sign(&said.sign_bytes(&chain_id(), height, round)));
    Evidence::new(height, round, key.public(), sign(pair.0), sign(pair.1)).unwrap()
}

#[test]
fn a_pair_proves_itself_in_one_form() {
    for pair in pairs() {
        let evidence = record(7, 5, 2, pair);
        assert_eq!(evidence, record(7, 5, 2, (pair.1, pair.0)), "either order gives the same record");
        let bytes = encode(&evidence);
        assert!(bytes.len() <= EVIDENCE_BYTES_MAX / 2 + 8, "{} bytes", bytes.len());
        assert_eq!(Evidence::read(&bytes, &chain_id()).as_ref(), Ok(&evidence));
        let other = ChainId::new("another").unwrap();
        assert!(matches!(Evidence::read(&bytes, &other), Err(EvidenceError::BadSignature(_))));
        let Evidence { first, second, .. } = evidence.clone();
        let swapped = Evidence { first: second, second: first, ..evidence.clone() };
        assert!(matches!(Evidence::read(&encode(&swapped), &chain_id()), Err(EvidenceError::NoPair(..))));
        let same = Evidence { second: first, ..evidence.clone() };
        assert!(matches!(Evidence::read(&encode(&same), &chain_id()), Err(EvidenceError::NoPair(..))));
        let key = evidence.about();
        assert_eq!(EvidenceKey::from_bytes(&key.to_bytes()), Some(key));
    }
    let (prevote, precommit) = (pairs()[0].0, pairs()[1].0);
    let (one, other) = (record(7, 5, 2, pairs()[0]), record(7, 5, 2, pairs()[1]));
    let mixed = Evidence::new(one.height, 2, one.key, (prevote, one.first.1), (precommit, other.first.1));
    assert_eq!(mixed, None, "a prevote and a precommit do not contradict each other");
}

/// Whatever byte is changed, cut or added, the record proves nothing any more.
#[test]
fn a_changed_record_proves_nothing() {
    for pair in pairs() {
        let bytes = encode(&record(7, 5, 2, pair));
        for at in 0..bytes.len() {
            for change in [1, 128] {
                let mut changed = bytes.clone();
                changed[at] ^= change;
                assert!(Evidence::read(&changed, &chain_id()).is_err(), "byte {at} of {pair:?}");
            }
            assert!(Evidence::read(&bytes[..at], &chain_id()).is_err());
        }
        assert!(Evidence::read(&[&bytes[..], &[0]].concat(), &chain_id()).is_err());
    }
}

#[test]
fn only_validators_of_the_height_are_accused() {
    let member = |seed: u8| {
        let key = SecretKey::from_seed([seed; 32]).public();
        Validator { consensus_key: key, vrf_key: key, power: 1, account: Address::default() }
    };
    let set = ValidatorSet::new(vec![member(1), member(2)]).unwrap();
    assert_eq!(record(2, 5, 0, pairs()[0]).check_member(&set), Ok(()));
    let stranger = record(3, 5, 0, pairs()[0]);
    let refusal = EvidenceError::NoValidator(stranger.validator(), Height::new(5));
    assert_eq!(stranger.check_member(&set), Err(refusal));
}

/// One record about one thing; a liar fills its own room only; the oldest goes first; all of it outlives the book.
#[test]
fn the_book_is_bounded_and_durable() {
    let store = Arc::new(MemStore::new());
    let mut book = EvidenceBook::open(store.clone()).unwrap();
    assert!(book.keep(&record(1, 1, 0, pairs()[0])).unwrap());
    assert!(!book.keep(&record(1, 1, 0, pairs()[0])).unwrap());
    assert!(book.keep(&record(1, 1, 0, pairs()[1])).unwrap(), "another step");
    let key = SecretKey::from_seed([9; 32]).public();
    let unsigned = |validator: u8, height: u64| {
        let mut evidence = record(1, 1, 0, pairs()[0]);
        (evidence.height, evidence.key) = (Height::new(height), key);
        evidence.key.0[0] = validator;
        evidence
    };
    for height in 0..2 * EVIDENCE_PER_VALIDATOR_MAX as u64 {
        book.keep(&unsigned(1, 10 + height)).unwrap();
    }
    assert_eq!(book.len(), 2 + EVIDENCE_PER_VALIDATOR_MAX);
    for number in 0..EVIDENCE_MAX as u64 {
        let validator = 2 + u8::try_from(number / EVIDENCE_PER_VALIDATOR_MAX as u64).unwrap();
        book.keep(&unsigned(validator, 1_000 + number)).unwrap();
    }
    assert_eq!(book.len(), EVIDENCE_MAX);
    let about_first = record(1, 1, 0, pairs()[0]).about();
    assert_eq!(about_first.step, Step::Prevote);
    assert!(!book.contains(&about_first), "the oldest went");
    assert!(!book.wants(&about_first), "and does not come back");
    let reopened = EvidenceBook::open(store.clone()).unwrap();
    assert_eq!(reopened.len(), EVIDENCE_MAX);
    let stored = super::read_all(&*store).unwrap();
    assert!(stored.iter().all(|evidence| book.contains(&evidence.about())));
    assert!(stored.is_sorted_by_key(Evidence::about));
}
