//! A receipt in JSON.

use crate::rpc::text::Text;
use hydrogen_types::task::{BlobKind, RelayReceipt, RelayReceiptBody};
use hydrogen_types::{Address, ChainId, Hash, Height, Signature};
use serde::{Deserialize, Serialize};

/// A relay's receipt in the JSON form of the contract's interface.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RelayReceiptJson {
    body: BodyJson,
    signature: Text<Signature>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct BodyJson {
    version: u8,
    chain_id: Text<ChainId>,
    relay: Text<Address>,
    task: Text<u64>,
    kind: KindJson,
    digest: Text<Hash>,
    size: Text<u64>,
    uploader: Text<Address>,
    issued: Text<Height>,
    valid_until: Text<Height>,
    kept_ms: Text<u64>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KindJson {
    Args,
    Result,
}

impl From<&RelayReceipt> for RelayReceiptJson {
    fn from(receipt: &RelayReceipt) -> Self {
        let body = &receipt.body;
        Self {
            body: BodyJson {
                version: body.version,
                chain_id: Text(body.chain_id.clone()),
                relay: Text(body.relay),
                task: Text(body.task),
                kind: match body.kind {
                    BlobKind::Args => KindJson::Args,
                    BlobKind::Result => KindJson::Result,
                },
                digest: Text(body.digest),
                size: Text(body.size),
                uploader: Text(body.uploader),
                issued: Text(body.issued),
                valid_until: Text(body.valid_until),
                kept_ms: Text(body.kept_ms),
            },
            signature: Text(receipt.signature),
        }
    }
}

impl From<RelayReceiptJson> for RelayReceipt {
    fn from(json: RelayReceiptJson) -> Self {
        let body = json.body;
        Self {
            body: RelayReceiptBody {
                version: body.version,
                chain_id: body.chain_id.0,
                relay: body.relay.0,
                task: body.task.0,
                kind: match body.kind {
                    KindJson::Args => BlobKind::Args,
                    KindJson::Result => BlobKind::Result,
                },
                digest: body.digest.0,
                size: body.size.0,
                uploader: body.uploader.0,
                issued: body.issued.0,
                valid_until: body.valid_until.0,
                kept_ms: body.kept_ms.0,
            },
            signature: json.signature.0,
        }
    }
}
