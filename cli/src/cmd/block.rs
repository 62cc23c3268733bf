//! `hydrogen block`: one block with its receipts.

use crate::client::TxReceipt;
use crate::cmd::print;
use crate::failure::{Failure, Outcome};
use crate::rpc::types::BlockJson;
use crate::session::Session;
use serde_json::json;

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A height or a hash; the newest block when left out.
    block: Option<String>,
}

/// Runs the command.
///
/// # Errors
/// A sentence for the person who typed it.
pub async fn run(args: Args, session: &Session) -> Outcome {
    let answer = session.client()?.request("chain_block", json!([args.block])).await?;
    if answer.is_null() {
        let which = args.block.unwrap_or_else(|| String::from("yet"));
        return Err(Failure::new(format!("no block {which}")).hint("`hydrogen block` shows the newest"));
    }
    let block: BlockJson = serde_json::from_value(answer.clone())?;
    session.output.data(text(block), &answer);
    Ok(())
}

fn text(block: BlockJson) -> String {
    let header = &block.header;
    let mut lines = vec![
        format!("block      {}", block.hash.0),
        format!("height     {} (round {})", header.height.0, header.round),
        format!("time       {} ms, uptime {} ms", header.time_ms.0, header.uptime_ms.0),
        format!("proposer   {}", header.proposer.0),
        format!("parent     {}", header.parent.0),
        format!("state      {}", header.state_root.0),
        format!("beacon     {}", header.beacon.0),
        format!(
            "signed     {} validators in round {}",
            block.certificate.signatures.len(),
            block.certificate.round
        ),
        format!("gas        {}", header.gas_used.0),
        format!("txs        {}", block.txs.len()),
    ];
    for tx in &block.txs {
        lines.push(format!("  tx       {} from {}: {}", tx.hash.0, tx.sender.0, tx.action));
    }
    for receipt in block.receipts {
        let receipt = TxReceipt::from(receipt);
        lines.push(format!("  receipt  {}: {}", receipt.receipt.hash, receipt.reason()));
        lines
            .extend(receipt.receipt.events.iter().map(|event| format!("    event  {}", print::event(event))));
    }
    lines.join("\n")
}
