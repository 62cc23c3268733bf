//! `hydrogen peers`: who a node is connected to.

use crate::failure::Outcome;
use crate::session::Session;

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command.
///
/// # Errors
/// A sentence for the person who typed it.
pub async fn run(_args: Args, session: &Session) -> Outcome {
    let status = session.client()?.status().await?;
    let lines: Vec<String> = status
        .peers
        .iter()
        .map(|peer| format!("{:<54} {:<40} height {}", peer.id, peer.address, peer.height.0))
        .collect();
    if lines.is_empty() {
        session.output.say("the node has no peers");
    }
    session.output.data(lines.join("\n"), &serde_json::to_value(&status.peers)?);
    Ok(())
}
