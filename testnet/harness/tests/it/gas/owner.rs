//! What the owner's calls cost, which grow with the number of relays alone.

use super::bench::Bench;
use super::table;
use hydrogen_embed::EmbeddedChain;
use hydrogen_offchain::calls;

/// Relays registered beside the first: with it, the most there may be.
const RELAYS: usize = 99;

#[test]
fn the_owners_calls_cost_what_they_did() {
    let mut bench = Bench::open(0);
    let owner = bench.owner.clone();
    let mut columns = Vec::new();
    for index in 1..=RELAYS {
        let key = EmbeddedChain::key_of(1, &format!("relay {index}"));
        bench.call(&owner, &calls::register_relay(&key.public(), &format!("https://relay-{index}.example")));
        if index == 1 || index == RELAYS {
            columns.push((format!("{} relays", index + 1), bench.most.clone()));
        }
    }
    table::check("owner", &columns);
}
