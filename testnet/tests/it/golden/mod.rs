//! Golden files: bytes and roots that must not drift, in text that a person can read: a name and hex a line.
//!
//! A difference means that nodes of this version and of the one before do not understand each other's messages, or that
//! this version cannot read what that one has written, or comes to other roots. If that is meant, write the files anew
//! with `HYDROGEN_REFRESH=1` and say in the change's message what becomes of old homes and old peers.

mod canned;

pub(crate) use canned::imports;

use canned::Canned;
use hydrogen_core::state::keys;
use hydrogen_p2p::internals::{Family, message, record, request, response, samples};
use hydrogen_proof::{Hop, LightClient, verify_state};
use hydrogen_types::codec::encode;
use hydrogen_types::{Address, Height};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Compares entries with the file of this name, or writes it.
fn check(file: &str, entries: &[(String, Vec<u8>)]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/golden").join(file);
    let mut text = String::new();
    for (name, bytes) in entries {
        writeln!(text, "{name} = {}", hex(bytes)).expect("a string");
    }
    if std::env::var_os("HYDROGEN_REFRESH").is_some() {
        std::fs::write(&path, &text).expect("a writable tree");
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    let changed: Vec<String> = golden
        .lines()
        .filter(|line| !text.lines().any(|new| new == *line))
        .chain(text.lines().filter(|line| !golden.lines().any(|old| old == *line)))
        .map(|line| line.chars().take(160).collect())
        .collect();
    assert!(
        golden == text,
        "{file} has drifted: nodes of two versions would not understand each other, or this one cannot read an older \
         home. If that is meant, refresh with HYDROGEN_REFRESH=1 and say so. Changed, old lines first: {changed:#?}"
    );
}

#[test]
fn messages_requests_and_log_records_are_pinned() {
    let name = |family: Family| format!("{family:?}").to_lowercase();
    let entries = samples()
        .into_iter()
        .map(|sample| (format!("{}.{}", name(sample.family), sample.name), sample.bytes));
    check("wire.txt", &entries.collect::<Vec<_>>());
}

/// A variant without a sample would not be pinned. What a decoder says of a bare tag tells whether it knows it: one that
/// it does not know is refused at once, whatever follows.
#[test]
fn every_variant_has_a_sample() {
    let params = canned::params();
    let framed = |bytes: &[u8]| {
        let length = u32::try_from(bytes.len()).expect("short");
        [&length.to_le_bytes(), bytes].concat()
    };
    let reads = |family: Family, bytes: &[u8]| match family {
        Family::Request => request(&framed(bytes), &params).is_some(),
        Family::Response => response(&framed(bytes), &params).is_some(),
        Family::Message => message(bytes).is_some(),
        Family::Record => record(bytes).is_some(),
        Family::Gossip => true,
    };
    for family in [Family::Request, Family::Response, Family::Message, Family::Record] {
        let of_family: Vec<_> = samples().into_iter().filter(|sample| sample.family == family).collect();
        assert!(
            of_family.iter().all(|sample| reads(family, &sample.bytes)),
            "{family:?}: a sample is not read"
        );
        let tags: BTreeSet<u8> = of_family.iter().map(|sample| sample.bytes[0]).collect();
        let last = *tags.last().expect("a sample");
        assert_eq!(
            tags.len(),
            usize::from(last) + 1,
            "{family:?}: a variant before tag {last} has no sample"
        );
        // Whatever a further variant holds, one of these would be read as it.
        let rests: Vec<Vec<u8>> = (0..700).map(|length| vec![0; length]).collect();
        let next = last + 1;
        assert!(
            !rests.iter().any(|rest| reads(family, &[vec![next], rest.clone()].concat())),
            "{family:?}: tag {next} has no sample: add one to p2p/src/internals/samples.rs"
        );
    }
}

#[test]
fn a_canned_chain_has_these_blocks_and_roots() {
    let canned = Canned::new();
    let mut entries = vec![("genesis.hash".to_owned(), canned.chain.genesis().hash().as_bytes().to_vec())];
    for committed in &canned.blocks {
        let header = &committed.block.header;
        let at = |what: &str| format!("block {}.{what}", header.height);
        let hashes = [
            ("id", committed.hash),
            ("state_root", header.state_root),
            ("receipt_root", header.receipt_root),
            ("tx_root", header.tx_root),
            ("beacon", header.beacon),
            ("validators", header.validators),
        ];
        entries.extend(hashes.map(|(what, hash)| (at(what), hash.as_bytes().to_vec())));
        entries.push((at("gas_used"), encode(&header.gas_used)));
        let codes: Vec<u32> = committed.receipts.iter().map(|receipt| receipt.code).collect();
        entries.push((at("codes"), encode(&codes)));
    }
    check("chain.txt", &entries);
}

/// The chain holds what it is there to pin: good receipts of every action, a draw, a changed validator set.
#[test]
fn the_canned_chain_is_about_something() {
    let canned = Canned::new();
    let receipts: Vec<_> = canned.blocks.iter().flat_map(|block| &block.receipts).collect();
    assert!(receipts.iter().all(|receipt| receipt.code == 0), "{receipts:#?}");
    assert!(receipts.iter().any(|receipt| !receipt.scheduled.is_empty()));
    let actions: BTreeSet<u8> =
        canned.blocks.iter().flat_map(|block| &block.block.txs).map(canned::kind).collect();
    assert_eq!(actions.len(), 8, "one of each action: {actions:?}");
    assert_ne!(canned.blocks[0].block.header.validators, canned.blocks[5].block.header.validators);
}

#[test]
fn headers_blocks_transactions_receipts_and_certificates_are_pinned() {
    let canned = Canned::new();
    let mut entries = Vec::new();
    let mut seen = BTreeSet::new();
    for tx in canned.blocks.iter().flat_map(|block| &block.block.txs) {
        if seen.insert(canned::kind(tx)) {
            entries.push((format!("tx.{}", canned::kind(tx)), encode(tx)));
        }
    }
    let block = &canned.blocks[3];
    entries.push(("header".to_owned(), encode(&block.block.header)));
    entries.push(("block".to_owned(), encode(&block.block)));
    entries.push(("certificate".to_owned(), encode(&block.certificate)));
    let receipts = canned.blocks.iter().flat_map(|block| &block.receipts);
    let scheduled = receipts.clone().find(|receipt| !receipt.scheduled.is_empty());
    entries.push(("receipt.scheduling".to_owned(), encode(scheduled.expect("a draw"))));
    entries.push(("receipt.first".to_owned(), encode(receipts.clone().next().expect("a receipt"))));
    entries.push(("committed".to_owned(), encode(&**block)));
    check("types.txt", &entries);
}

#[test]
fn proofs_of_presence_and_absence_are_pinned() {
    let canned = Canned::new();
    let reader = canned.chain.reader();
    let keys = [
        ("present", keys::account(&canned::rich().address())),
        ("absent", keys::account(&Address::new([0xee; 20]))),
    ];
    let mut entries = Vec::new();
    for (name, key) in keys {
        let (tip, value, proof) = reader.state_proof(&key).expect("a store in memory");
        assert_eq!(value.is_some(), name == "present");
        verify_state(&tip.state_root, &key, value.as_deref(), &proof).expect("a true proof");
        entries.push((format!("{name}.key"), key));
        entries.push((format!("{name}.value"), value.unwrap_or_default()));
        entries.push((format!("{name}.proof"), encode(&proof)));
    }
    check("proof.txt", &entries);
}

/// The light client reads the same chain from genesis to its tip.
#[test]
fn a_light_client_follows_the_canned_chain() {
    let canned = Canned::new();
    let genesis = canned.chain.genesis();
    let set = genesis.validator_set().expect("a checked genesis");
    let mut client = LightClient::new(genesis.chain_id.clone(), Height::new(1), set);
    for committed in &canned.blocks {
        let header = committed.block.header.clone();
        let next = canned.chain.reader().validators(Some(header.height.next())).expect("it is kept");
        client
            .advance(Hop { header, certificate: committed.certificate.clone(), next })
            .unwrap_or_else(|error| panic!("{error}"));
    }
}
