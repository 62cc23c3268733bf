//! Which node stood at a drawn index: the contract's list of candidates, read at the height before the draw. A task of an
//! external type is drawn from the list of those that execute it, any other from the list of all.

use crate::application::verify::Check;
use crate::client::{BlockView, Client, ClientError, task};
use crate::rpc::text::Text;
use hydrogen_core::state::keys;
use hydrogen_offchain::calls::task_contract;
use hydrogen_types::task::DrawView;
use hydrogen_types::{Address, Height, codec};
use serde_json::json;
use std::collections::BTreeMap;

/// Bytes of an address in the state.
const ADDRESS_BYTES: usize = 20;

/// Follows the three picks through the list, as the contract does: a picked node gives its place to the last one.
pub(super) async fn check_places(client: &Client, draw: &DrawView, block: &BlockView) -> Check {
    let what = String::from("these nodes stood at these indexes before the draw");
    let unchecked =
        |why: String| Check { what: what.clone(), holds: None, detail: format!("not checked: {why}") };
    let Some(before) = draw.height.previous() else {
        return unchecked("the chain begins with the draw".into());
    };
    if others_drawn(draw, block) {
        return unchecked("another task was drawn in the same block, which changed the list first".into());
    }
    match picked(client, draw, before).await {
        Ok(nodes) => Check {
            what,
            holds: Some(nodes == draw.nodes),
            detail: format!("the list of block {before}, as this node tells it (without a proof)"),
        },
        Err(error) => unchecked(error.to_string()),
    }
}

fn others_drawn(draw: &DrawView, block: &BlockView) -> bool {
    let events = block.receipts.iter().flat_map(|(receipt, _)| &receipt.events);
    let mut draws = events.filter(|event| event.contract == task_contract() && event.name == "TaskStarted");
    draws.any(|event| event.u64("task") != Some(draw.task))
}

async fn picked(client: &Client, draw: &DrawView, at: Height) -> Result<Vec<Address>, ClientError> {
    let view = task::task(client, draw.task).await?;
    let list = list_key(view.and_then(|view| view.external).as_deref());
    let mut moved: BTreeMap<u64, Address> = BTreeMap::new();
    let mut nodes = Vec::new();
    let mut left = draw.candidates;
    for index in &draw.indexes {
        left = left.saturating_sub(1);
        let node = entry(client, &list, &moved, *index, at).await?;
        let last = entry(client, &list, &moved, left, at).await?;
        moved.insert(*index, last);
        nodes.push(node);
    }
    Ok(nodes)
}

/// Where a list lies in the contract's map `available`, whose keys are its name and the index in big endian: the map's
/// name, a zero byte, the list's name (the external type, or nothing) and two zero bytes.
fn list_key(external: Option<&str>) -> Vec<u8> {
    [b"available\0".as_slice(), external.unwrap_or_default().as_bytes(), &[0, 0]].concat()
}

/// The list's entry, as the picks before left it.
async fn entry(
    client: &Client,
    list: &[u8],
    moved: &BTreeMap<u64, Address>,
    index: u64,
    at: Height,
) -> Result<Address, ClientError> {
    if let Some(address) = moved.get(&index) {
        return Ok(*address);
    }
    let key = keys::storage(&task_contract(), &[list, &index.to_be_bytes()].concat());
    let answer =
        client.request("state_get", json!([format!("0x{}", hex::encode(key)), at.to_string()])).await?;
    let bad = |reason: String| ClientError::BadValue { method: String::from("state_get"), reason };
    let value: Option<Text<Vec<u8>>> =
        serde_json::from_value(answer).map_err(|error| bad(error.to_string()))?;
    let bytes = value.ok_or_else(|| bad(format!("the list has no entry {index}")))?;
    codec::decode(&bytes.0, ADDRESS_BYTES).map_err(|error| bad(error.to_string()))
}
