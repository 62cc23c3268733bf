//! Choosing the panel.

use super::super::net::*;
use super::super::security::Panels;
use super::old::{OldTask, equal};
use super::{CNX, Row, SHARE, gain};
use crate::task as contract;
use hydrogen_sdk::mock;
use hydrogen_types::task::Outcome;
use hydrogen_types::{Address, Amount, Hash, Height};
use std::collections::BTreeSet;

attacks!(
    a_creator_grinds_its_arguments_for_a_panel,
    a_proposer_grinds_its_block_for_a_panel,
    a_node_waits_behind_a_busy_run,
    a_creator_draws_itself,
);

const NODES: u8 = 100;
const DISHONEST: u8 = 10;

/// The old draw: the last block's hash and the creator's bytes, each pick the next free index from there on.
fn old_draw(block: &Hash, arguments: &Hash, busy: impl Fn(u64) -> bool) -> [u64; 3] {
    let mut picks = [u64::MAX; 3];
    for round in 0..3u8 {
        let mut seed: Vec<u8> =
            block.as_bytes().iter().zip(arguments.as_bytes()).map(|(a, b)| a ^ b).collect();
        seed.push(round);
        let digest = Hash::sha256(&seed);
        let (first, _) = digest.as_bytes().split_first_chunk().expect("32 bytes");
        let mut index = u64::from_le_bytes(*first) % u64::from(NODES);
        while busy(index) || picks.contains(&index) {
            index = (index + 1) % u64::from(NODES);
        }
        picks[usize::from(round)] = index;
    }
    picks
}

fn panel_after(change: impl FnOnce()) -> Vec<Address> {
    change();
    let task = contract::stats().tasks;
    view(task).seats.iter().map(|seat| seat.node).collect()
}

/// Chance of two seats, as a percentage.
fn blind(panels: &Panels) -> String {
    let points = panels.paired_basis_points();
    format!("{}.{:02} %", points / 100, points % 100)
}

fn a_creator_grinds_its_arguments_for_a_panel() -> Row {
    let block_hash = Hash::sha256(b"the last block");
    let is_pair = |picks: [u64; 3]| picks.iter().filter(|pick| **pick < u64::from(DISHONEST)).count() > 1;
    let tries = (1u64..)
        .find(|number| is_pair(old_draw(&block_hash, &Hash::sha256(&number.to_le_bytes()), |_| false)))
        .expect("one in forty");
    assert!(tries < 1_000);
    // Any three at all, in any order, just take longer.
    let chosen = BTreeSet::from([3, 33, 93]);
    let all = (1u64..5_000_000).find(|number| {
        BTreeSet::from(old_draw(&block_hash, &Hash::sha256(&number.to_le_bytes()), |_| false)) == chosen
    });
    let all = all.expect("one in 161,700");

    start(NODES);
    let network = world();
    let panels: BTreeSet<Vec<Address>> = (0..200u64)
        .map(|number| {
            panel_after(|| {
                mock::with(|world| *world = network.clone());
                let mut ground = request(Amount::cnx(30 + number % 7));
                ground.args_hash = Hash::sha256(&number.to_le_bytes());
                ground.program = Some(Hash::sha256(&number.to_be_bytes()));
                ground.fuel_max = Some(1_000 + number);
                create(ground).expect("it is paid for");
                block(100);
            })
        })
        .collect();
    assert_eq!(panels.len(), 1, "nothing that the creator sends moves the draw");
    let chance = blind(&Panels::new(u64::from(NODES), u64::from(DISHONEST)));
    Row::new(
        format!("certain: two seats for 10 of 100 after {tries} hashes, three chosen nodes after {all}"),
        format!("none: 200 tasks that differ give one panel; by luck {chance}"),
    )
}

fn a_proposer_grinds_its_block_for_a_panel() -> Row {
    let arguments = Hash::sha256(b"arguments");
    let tries = (1u64..)
        .find(|number| {
            let picks = old_draw(&Hash::sha256(&number.to_le_bytes()), &arguments, |_| false);
            picks.iter().filter(|pick| **pick < u64::from(DISHONEST)).count() > 1
        })
        .expect("one in forty");

    start(NODES);
    let network = world();
    let panels: BTreeSet<Vec<Address>> = (0..50u64)
        .map(|number| {
            panel_after(|| {
                mock::with(|world| *world = network.clone());
                create(request(Amount::cnx(30))).expect("it is paid for");
                // The proposer's to choose: the time, and what else is in the block before.
                drop(call(owner(), || contract::expire(number)));
                block(100 + number);
            })
        })
        .collect();
    assert_eq!(panels.len(), 1, "the beacon alone decides");
    let panels = Panels::new(u64::from(NODES), u64::from(DISHONEST));
    let (all, pairs) = (panels.total(), panels.0[2] + panels.0[3]);
    let twice = 10_000 * (all * all - (all - pairs) * (all - pairs)) / (all * all);
    Row::new(
        format!("certain: two seats for 10 of 100 after {tries} blocks built and thrown away"),
        format!(
            "one block built is one beacon; withholding it is a second draw: {}.{:02} % instead of {}",
            twice / 100,
            twice % 100,
            blind(&panels)
        ),
    )
}

fn a_node_waits_behind_a_busy_run() -> Row {
    // Thirty busy ones before index 40: 31 of 100 starts end there.
    let is_busy = |index: u64| (10..40).contains(&index);
    let starts = (0..u64::from(NODES)).filter(|start| {
        let mut index = *start;
        while is_busy(index) {
            index = (index + 1) % u64::from(NODES);
        }
        index == 40
    });
    assert_eq!(starts.count(), 31);

    start(20);
    for number in 5..=10 {
        call(node(number), contract::pause).expect("it is free");
    }
    let network = world();
    let draws = 400u64;
    let drawn = (0..draws).filter(|draw| {
        let panel = panel_after(|| {
            mock::with(|world| *world = network.clone());
            mock::with(|world| world.context.height = Height::new(5_000 + draw));
            create(request(Amount::cnx(30))).expect("it is paid for");
            block(100);
        });
        panel.contains(&node(11))
    });
    let drawn = drawn.count();
    // Three of fourteen: 85.7, with a deviation of 8.2.
    assert!((45..=126).contains(&drawn), "{drawn}");
    Row::new(
        "31 % of the first picks instead of 1.43 %, one node behind 30 busy ones of 100",
        format!("none: {drawn} of {draws} panels, 86 expected, one behind 6 of 20"),
    )
}

/// The whole fee came back through three seats of its own. Here its one seat is luck, and it pays the others.
fn a_creator_draws_itself() -> Row {
    // Some arguments draw its own three, and then it pays itself.
    let mut old = OldTask::new();
    for node in 0..3 {
        old.disclose(node, 7, equal);
    }
    old.claim_upload();
    let old = old.creator + old.nodes.iter().sum::<i128>();
    assert_eq!(old, 0);
    let truth = result("true");
    let play = |own: &Outcome| {
        start(2);
        call(creator(), || contract::join(Amount::cnx(400), None)).expect("creators may be nodes");
        let nodes = [node(1), node(2)];
        let before = super::wealth(creator());
        let paid = gain(&nodes, || {
            let (task, panel) = executing();
            for node in panel {
                commit(task, node, if node == creator() { own } else { &truth }).expect("in time");
            }
            for node in panel {
                reveal(task, node, if node == creator() { own } else { &truth }).expect("in time");
            }
            block(100);
            let uploader = view(task).uploader.expect("two agree at least");
            report(task, uploader, &truth).expect("it is its turn");
        });
        (paid, before - super::wealth(creator()))
    };
    let (paid, spent) = play(&truth);
    assert_eq!(paid, 2 * SHARE);
    assert_eq!(spent / CNX, 20, "gas aside");
    let (paid, spent) = play(&result("false"));
    assert_eq!((paid, spent / CNX), (2 * SHARE, 420));
    Row::new(
        format!("{} for any result: a ground panel of its own hands the fee back", super::cnx(old)),
        "-20 CNX with a true result, -420 with a false one",
    )
}
