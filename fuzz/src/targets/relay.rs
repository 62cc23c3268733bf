//! What relays and their clients read: a receipt as borsh, or the two headers of a signed request, one a line. The
//! first byte says which.

use crate::fixture::{genesis, rich};
use hydrogen_offchain::relay::{Blob, ReceiptTerms, check_receipt, issue};
use hydrogen_offchain::signing::{RequestParts, parse_content_digest, sign_request, verify_request};
use hydrogen_types::codec::{decode, encode};
use hydrogen_types::task::{BlobKind, RelayReceipt};
use hydrogen_types::{Address, Hash, Height};

/// Largest receipt read.
const BYTES_MAX: usize = 4_096;
/// The time at which requests are judged.
const NOW_S: u64 = 1_700_000_000;

fn blob() -> Blob {
    Blob {
        task: 7,
        kind: BlobKind::Args,
        digest: Hash::new([5; 32]),
        size: 1_000,
        uploader: Address::new([7; 20]),
    }
}

fn receipt() -> RelayReceipt {
    issue(&rich(), &genesis(Vec::new()).chain_id, ReceiptTerms::default(), Height::new(9), blob())
}

fn parts() -> RequestParts<'static> {
    RequestParts {
        method: "PUT",
        authority: "relay:80",
        path: "/v1/tasks/7/arguments",
        query: "",
        content_digest: None,
    }
}

/// Whether it is what the key has signed.
pub(super) fn run(bytes: &[u8]) -> bool {
    let Some((reader, rest)) = bytes.split_first() else { return false };
    if reader % 2 == 0 {
        let Ok(receipt) = decode::<RelayReceipt>(rest, BYTES_MAX) else { return false };
        assert_eq!(encode(&receipt), rest, "a receipt has one encoding");
        let holds = check_receipt(&receipt, &rich().public(), &genesis(Vec::new()).chain_id, &blob());
        assert!(!holds || rich().sign(&receipt.body.sign_bytes()) == receipt.signature, "a forged receipt");
        return holds;
    }
    let Ok(text) = std::str::from_utf8(rest) else { return false };
    let (input, signature) = text.split_once('\n').unwrap_or((text, ""));
    parse_content_digest(input).ok();
    match verify_request(&parts(), input, signature, NOW_S) {
        Ok(verified) => {
            assert!(verified.key == rich().public(), "a forged request");
            assert!(verified.created_s.abs_diff(NOW_S) <= 60 && !verified.nonce.is_empty());
            true
        }
        Err(error) => {
            assert!(error.to_string().len() < 8_192, "an answer as long as the question");
            false
        }
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let headers = sign_request(&parts(), &rich(), NOW_S, "00112233");
    let request = format!("{}\n{}", headers.signature_input, headers.signature);
    vec![[vec![0], encode(&receipt())].concat(), [vec![1], request.into_bytes()].concat()]
}
