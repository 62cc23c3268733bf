//! What the owner's calls cost, which grow with the number of relays alone.

use super::bench::Bench;
use super::table;
use hydrogen_embed::{EmbeddedChain, SecretKey};
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
            others(&mut bench, &key);
            columns.push((format!("{} relays", index + 1), bench.most.clone()));
        }
    }
    table::check("owner", &columns);
}

/// The owner's other calls; the relay is removed and registered anew, and the contract comes back in the end.
fn others(bench: &mut Bench, relay: &SecretKey) {
    let owner = bench.owner.clone();
    bench.call(&owner, &calls::remove_relay(&relay.address()));
    bench.call(&owner, &calls::register_relay(&relay.public(), "https://relay-again.example"));
    let config = bench.ask(calls::config_query(None)).expect("a configuration");
    bench.call(&owner, &calls::set_config(&config));
    let app = bench.app.clone();
    for (from, to) in [(&owner, &app), (&app, &owner)] {
        bench.call(from, &calls::offer_ownership(&to.address()));
        bench.call(to, &calls::accept_ownership());
    }
}
