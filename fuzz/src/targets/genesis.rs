//! Genesis. A first byte of 0 says borsh, anything else is JSON.

use crate::fixture::{NoVm, counter, genesis};
use hydrogen_core::{Chain, Genesis, MemStore};
use hydrogen_types::codec::{decode, encode};
use std::sync::Arc;

/// Largest encoding tried.
const BYTES_MAX: usize = 1 << 20;

/// Whether it describes a chain.
pub(super) fn run(bytes: &[u8]) -> bool {
    let genesis = match bytes.split_first() {
        Some((0, rest)) => match decode::<Genesis>(rest, BYTES_MAX) {
            Ok(genesis) => {
                assert_eq!(encode(&genesis), rest, "a genesis has one encoding");
                genesis
            }
            Err(_) => return false,
        },
        _ => {
            let Ok(text) = std::str::from_utf8(bytes) else { return false };
            let Ok(genesis) = Genesis::from_json(text) else { return false };
            assert!(genesis.check().is_ok(), "what is read was checked");
            genesis
        }
    };
    if genesis.check().is_err() {
        return false;
    }
    let again = Genesis::from_json(&genesis.to_json()).expect("what is written is read");
    assert_eq!(again, genesis);
    assert_eq!(again.hash(), genesis.hash());
    let store: Arc<MemStore> = Arc::default();
    let contracts = !genesis.contracts.is_empty();
    match Chain::open(store, Arc::new(NoVm), genesis) {
        Ok(chain) => assert!(chain.validators(chain.tip().height.next()).is_ok() && !contracts),
        Err(error) => assert!(contracts, "a checked genesis starts a chain: {error}"),
    }
    true
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let (bare, full) = (genesis(Vec::new()), genesis(vec![counter()]));
    let mut small = full;
    // The module does not matter here, and its hex is long.
    small.contracts[0].code.truncate(32);
    [bare, small]
        .iter()
        .flat_map(|genesis| [genesis.to_json().into_bytes(), [vec![0], encode(genesis)].concat()])
        .collect()
}
