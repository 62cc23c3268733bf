use crate::testnet::options::UpOptions;
use crate::testnet::ports::Ports;
use hydrogen_offchain::personas::Persona;
use std::collections::BTreeSet;
use std::path::PathBuf;

fn options() -> UpOptions {
    UpOptions::new(PathBuf::from("unused"))
}

#[track_caller]
fn refused(options: &UpOptions, expected: &str) {
    let failure = options.personas().expect_err("out of range");
    assert!(failure.to_string().contains(expected), "{failure}");
}

#[test]
fn bad_nodes_come_last_in_the_order_of_their_kinds() {
    let bad = vec![(Persona::Fakes, 2), (Persona::Lazy, 1)];
    let personas = UpOptions { bad, ..options() }.personas().expect("in range");
    let expected = [Persona::Honest, Persona::Honest, Persona::Fakes, Persona::Fakes, Persona::Lazy];
    assert_eq!(personas, expected);
}

#[test]
fn numbers_out_of_range_are_named() {
    refused(&UpOptions { validators: 0, ..options() }, "0 validators: a local network has 1 to 16");
    refused(&UpOptions { relays: 9, ..options() }, "9 relays: a local network has 1 to 8");
    refused(&UpOptions { nodes: 65, ..options() }, "65 compute nodes: a local network has 0 to 64");
    let bad = vec![(Persona::Fakes, 3), (Persona::Lazy, usize::MAX)];
    refused(&UpOptions { bad, ..options() }, "bad compute nodes of 5 in all");
}

#[test]
fn free_ports_are_all_different() {
    let ports = Ports::choose(0, 4, 8).expect("free ports");
    let mut all: BTreeSet<u16> =
        ports.rpc.iter().chain(&ports.relays).map(|address| address.port()).collect();
    all.extend(&ports.p2p);
    assert_eq!(all.len(), 4 + 4 + 8);
}

#[test]
fn a_base_port_without_room_is_refused() {
    let failure = Ports::choose(65_500, 4, 2).err().expect("no room");
    assert!(failure.to_string().contains("base port 65500 leaves no room"), "{failure}");
    assert!(failure.to_string().contains("use at most 65443"), "{failure}");
}
