//! What parties ask for, find and prove, chosen by a number.

use crate::tests::net::*;
use crate::tests::rows::{EXACT, SIMILAR, fingerprint};
use hydrogen_types::task::{BlobKind, Comparison, CreateTask, Outcome, RelayReceipt, task_default};
use hydrogen_types::{Address, Amount, ChainId, Hash, Height, PublicKey, Signature};

/// One of four relays that the owner may register.
pub(super) fn relay_key(say: u8) -> PublicKey {
    PublicKey([100 + say % 4; 32])
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
    let usual = request(Amount::new(30_000_000_000_000_000_001));
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
        _ => usual,
    }
}

/// A relay's receipt, wrong in one way in a quarter of the cases.
pub(super) fn receipt_of(
    task: u64,
    kind: BlobKind,
    digest: Hash,
    uploader: Address,
    say: u8,
) -> RelayReceipt {
    let mut receipt = receipt(task, kind, digest, uploader);
    let body = &mut receipt.body;
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
