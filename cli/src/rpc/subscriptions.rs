//! Subscriptions over WebSocket, resumable from a height: stored blocks first, then live ones, none twice.

use crate::rpc::calls::to_json;
use crate::rpc::error::{Answer, invalid};
use crate::rpc::methods::Context;
use crate::rpc::params::Args;
use crate::rpc::types::{BlockJson, HeaderJson, StatusName};
use hydrogen_types::{Address, Height};
use jsonrpsee::RpcModule;
use jsonrpsee::core::RegisterMethodError;
use jsonrpsee::core::server::{PendingSubscriptionSink, SubscriptionMessage, SubscriptionSink};
use jsonrpsee::types::{ErrorObjectOwned, Params};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::broadcast;

pub(super) fn register(module: &mut RpcModule<Context>) -> Result<(), RegisterMethodError> {
    module.register_subscription(
        "blocks_subscribe",
        "blocks",
        "blocks_unsubscribe",
        |params, pending, context, _| async move {
            match Args::parse(&params, &["from_height"]).and_then(|mut args| args.optional(0)) {
                Ok(from) => follow(pending, context, from, Content::Headers).await,
                Err(error) => pending.reject(error).await,
            }
        },
    )?;
    module.register_subscription(
        "events_subscribe",
        "events",
        "events_unsubscribe",
        |params, pending, context, _| async move {
            match Filter::parse(&params) {
                Ok((filter, from)) => follow(pending, context, from, Content::Events(filter)).await,
                Err(error) => pending.reject(error).await,
            }
        },
    )?;
    Ok(())
}

/// What a subscriber gets of each block.
enum Content {
    Headers,
    Events(Filter),
}

/// Which events: of one contract, of one name, or all.
struct Filter {
    contract: Option<Address>,
    name: Option<String>,
}

impl Filter {
    fn parse(params: &Params<'_>) -> Result<(Self, Option<Height>), ErrorObjectOwned> {
        let mut args = Args::parse(params, &["contract", "name", "from_height"])?;
        let contract = match args.json(0) {
            Value::Null => None,
            Value::String(text) if text == hydrogen_types::task::CONTRACT_NAME => {
                Some(Address::of_name(&text))
            }
            Value::String(text) => {
                Some(Address::parse(&text).map_err(|error| invalid(format!("`{text}`: {error}")))?)
            }
            other => return Err(invalid(format!("parameter `contract`: expected an address, got {other}"))),
        };
        let name = match args.json(1) {
            Value::Null => None,
            Value::String(name) => Some(name),
            other => return Err(invalid(format!("parameter `name`: expected a string, got {other}"))),
        };
        Ok((Self { contract, name }, args.optional(2)?))
    }
}

async fn follow(
    pending: PendingSubscriptionSink,
    context: Arc<Context>,
    from: Option<Height>,
    content: Content,
) {
    if let Some(from) = from.filter(|from| *from > Height::GENESIS)
        && let Err(forgotten) = context.reads().expect_kept(from)
    {
        return pending.reject(forgotten).await;
    }
    let mut committed = context.backend.committed();
    let Ok(sink) = pending.accept().await else { return };
    let content = Arc::new(content);
    let mut next = from.unwrap_or_else(|| context.backend.reader().tip().height.next()).max(Height::new(1));
    loop {
        while next <= context.backend.reader().tip().height {
            if !send_block(&sink, &context, next, &content).await {
                return;
            }
            next = next.next();
        }
        tokio::select! {
            () = sink.closed() => return,
            () = context.shutdown.clone().wait() => return,
            block = committed.recv() => {
                if matches!(block, Err(broadcast::error::RecvError::Closed)) {
                    return;
                }
            }
        }
    }
}

/// Sends what one block holds for this subscriber; false when it is gone or the node fails. A subscriber that does
/// not read holds only itself up: its queue is bounded, and blocks wait for it in the store.
async fn send_block(
    sink: &SubscriptionSink,
    context: &Arc<Context>,
    height: Height,
    content: &Arc<Content>,
) -> bool {
    let content = content.clone();
    let read = context.clone().blocking(move |context| messages(context, height, &content));
    let messages = match read.await {
        Ok(Value::Array(messages)) => messages,
        Ok(_) => Vec::new(),
        Err(_) => return false,
    };
    for message in messages {
        let Ok(raw) = serde_json::value::to_raw_value(&message) else { return false };
        if sink.send(SubscriptionMessage::from(raw)).await.is_err() {
            return false;
        }
    }
    true
}

fn messages(context: &Context, height: Height, content: &Content) -> Answer {
    let reads = context.reads();
    let block = reads.reader.block(height).map_err(|error| crate::rpc::error::unread(&error))?;
    let Some(block) = block else {
        // A subscriber that was slower than the chain forgets is told by the end of its subscription.
        return reads.expect_kept(height).map(|()| json!([]));
    };
    match content {
        Content::Headers => {
            let header = HeaderJson::from(&block.block.header);
            Ok(json!([{"hash": block.hash.to_string(), "header": to_json(&header)?,
                "txs": block.block.txs.len()}]))
        }
        Content::Events(filter) => Ok(Value::Array(events(&reads.block_json(&block)?, filter)?)),
    }
}

fn events(block: &BlockJson, filter: &Filter) -> Result<Vec<Value>, ErrorObjectOwned> {
    let mut found = Vec::new();
    for receipt in block.receipts.iter().filter(|receipt| receipt.status == StatusName::Success) {
        for (index, event) in receipt.events.iter().enumerate() {
            let of_contract = filter.contract.is_none_or(|contract| contract == event.contract.0);
            let of_name = filter.name.as_ref().is_none_or(|name| *name == event.name);
            if of_contract && of_name {
                found.push(json!({
                    "height": block.header.height.0.to_string(), "tx": receipt.hash.0.to_string(),
                    "index": index, "event": to_json(event)?
                }));
            }
        }
    }
    Ok(found)
}
