//! What parties ask for, find and prove, chosen by a number.

use crate::tests::net::*;
use crate::tests::rows::{EXACT, SIMILAR, fingerprint};
use hydrogen_types::task::{
    BlobKind, Comparison, CreateTask, ExternalType, Outcome, RelayReceipt, TaskConfig, task_default,
};
use hydrogen_types::{Address, Amount, ChainId, Hash, Height, PublicKey, Signature};

/// One of four relays that the owner may register, or the first.
pub(super) fn relay_key(say: u8) -> PublicKey {
    if say % 5 == 4 { RELAY } else { PublicKey([100 + say % 5; 32]) }
}

/// The configuration of genesis: the default one with two external types.
pub(super) fn first_config() -> TaskConfig {
    let types = [("render", 60_000), ("audio", 30_000)];
    let external_types =
        types.map(|(name, timeout_ms_min)| ExternalType { name: name.into(), timeout_ms_min }).into();
    TaskConfig { external_types, ..TaskConfig::default() }
}

/// What an owner may put in force, and in a third what is refused.
pub(super) fn config(say: u8) -> TaskConfig {
    let usual = first_config();
    match say % 12 {
        0 => TaskConfig { stake_min: Amount::ZERO, ..usual },
        1 => TaskConfig { missed_commit_permille: 101, ..usual },
        2 => TaskConfig { unbonding_ms: 4_499_999, ..usual },
        3 => {
            let external_types = [usual.external_types.clone(), usual.external_types.clone()].concat();
            TaskConfig { external_types, ..usual }
        }
        4 | 5 => TaskConfig { stake_min: Amount::cnx(500), ..usual },
        6 => TaskConfig { draw_delay: 3, task_retention_ms: 3_600_000, ..usual },
        7 => TaskConfig { external_types: Vec::new(), cancel_permille: 0, ..usual },
        8 => TaskConfig { reveal_ms: 60_000, upload_ms: 10_000, missed_upload_permille: 500, ..usual },
        9 => TaskConfig { cheat_share_permille: 3_000, straggler_ms_min: 10_000, ..usual },
        _ => usual,
    }
}

/// External types by a node's number: none, one or both.
pub(super) fn types(number: u8) -> Option<Vec<String>> {
    let names: &[&str] = match number % 4 {
        0 => return None,
        1 => &["render"],
        2 => &["audio", "render"],
        _ => &["render", "audio"],
    };
    Some(names.iter().map(ToString::to_string).collect())
}

/// What a node finds: mostly the truth.
pub(super) fn found(comparison: &Comparison, say: u8) -> Outcome {
    let letters = if *comparison == Comparison::Exact { EXACT } else { SIMILAR };
    let letter = |index: u8| letters.chars().nth(usize::from(index) % letters.len()).expect("it is within");
    let result = |letter: char| match comparison {
        Comparison::Exact => result(&letter.to_string()),
        Comparison::Similar { .. } => Outcome::Result {
            digest: Hash::sha256(format!("similar {letter}").as_bytes()),
            fingerprint: fingerprint(letter),
        },
    };
    match say % 16 {
        0 | 1 => Outcome::Unavailable,
        2 | 3 => Outcome::Error { code: 1 },
        4 => Outcome::Error { code: 2 },
        5..=7 => result(letter(say / 16)),
        _ => result(letter(0)),
    }
}

/// What a creator asks for: fees that make shares or stakes decide the fines, and in an eighth something refused.
pub(super) fn wish(kind: u8) -> CreateTask {
    // Odd numbers, so that no division comes out even.
    let usual = flavour(kind / 32, request(Amount::new(30_000_000_000_000_000_001)));
    match kind % 32 {
        0 => CreateTask { fee: Amount::cnx(11), ..usual },
        1 => CreateTask { program: None, ..usual },
        2 => CreateTask { timeout_ms: Some(1), ..usual },
        3 => {
            CreateTask { comparison: Comparison::Similar { threshold: 33, fingerprint: Hash::ZERO }, ..usual }
        }
        4..=7 => CreateTask { fee: Amount::cnx(3_000), ..usual },
        8..=11 => CreateTask { fee: Amount::new(12_000_000_000_000_000_002), ..usual },
        12..=14 => {
            let (timeout_ms, fuel_max, args_bytes_max) = (Some(60_000), Some(1_000), Some(1_000));
            CreateTask { fee: Amount::cnx(4), timeout_ms, fuel_max, args_bytes_max, ..usual }
        }
        15 => CreateTask { program: None, external: Some("nothing".into()), ..usual },
        16 => CreateTask { program: None, external: Some("Render".into()), ..usual },
        _ => usual,
    }
}

/// A program or an external type, compared exactly or by fingerprints.
fn flavour(say: u8, usual: CreateTask) -> CreateTask {
    let similar = Comparison::Similar { threshold: 5, fingerprint: Hash::sha256(b"fingerprint") };
    match say % 8 {
        0..=2 => usual,
        3 | 4 => CreateTask { comparison: similar, ..usual },
        5 | 6 => CreateTask { program: None, external: Some("render".into()), ..usual },
        _ => CreateTask { program: None, external: Some("audio".into()), comparison: similar, ..usual },
    }
}

/// A relay's receipt, wrong in one way in a quarter of the cases.
pub(super) fn receipt_of(
    task: u64,
    kind: BlobKind,
    digest: Hash,
    uploader: Address,
    relay: Address,
    say: u8,
) -> RelayReceipt {
    let mut receipt = receipt(task, kind, digest, uploader);
    let body = &mut receipt.body;
    body.relay = relay;
    match say % 64 {
        1 => body.version = 2,
        2 => body.chain_id = ChainId::new("other").expect("the name is legal"),
        3 => body.task += 1,
        4 => body.kind = if kind == BlobKind::Args { BlobKind::Result } else { BlobKind::Args },
        5 => body.digest = Hash::sha256(b"other"),
        6 => body.size = task_default::ARGS_BYTES_MAX + 1,
        7 => body.uploader = owner(),
        9 => body.issued = Height::new(0),
        10 => body.issued = body.issued.next(),
        11 => body.valid_until = Height::new(body.issued.get().saturating_sub(1)),
        12 => body.kept_ms = 0,
        13 => receipt.signature = Signature([1; 64]),
        14..=15 => body.relay = owner(),
        17..=24 => body.relay = Address::of_key(&relay_key(say)),
        _ => {}
    }
    receipt
}
