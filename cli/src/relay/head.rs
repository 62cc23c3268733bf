//! Following the chain: its newest final block, and whether the task contract knows this relay.

use crate::relay::context::Context;
use crate::relay::nodes::NodesError;
use hydrogen_offchain::relay::{Refusal, may_issue};
use std::sync::PoisonError;
use std::time::Duration;

/// How long a single wait for the next block is; it ends early with the block.
const WAIT: Duration = Duration::from_secs(10);
/// Pause after a node did not answer.
const PAUSE: Duration = Duration::from_millis(500);
/// Without word from a node for so long, the relay is not healthy: two heartbeats and a wait.
pub(crate) const STALE_AFTER: Duration = Duration::from_secs(30);

/// Follows the chain for ever.
pub(crate) async fn follow(context: &Context) {
    let mut last = String::new();
    loop {
        match context.nodes.follow(WAIT).await {
            Ok(()) => last.clear(),
            Err(error) => {
                let text = error.to_string();
                if text != last {
                    tracing::warn!(%error, "the chain cannot be followed; trying on");
                    last = text;
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Asks the contract which relays there are, and remembers it.
pub(crate) async fn refresh_standing(context: &Context) -> Result<(), NodesError> {
    let relays = context.nodes.relays().await?;
    *context.relays.lock().unwrap_or_else(PoisonError::into_inner) = relays;
    Ok(())
}

/// Whether the contract would take a receipt for `task` from this relay. Before a refusal it is asked anew: relays are
/// registered at any time.
pub(crate) async fn check_standing(
    context: &Context,
    task: u64,
) -> Result<(), crate::relay::answer::Refused> {
    if standing(context, task).is_ok() {
        return Ok(());
    }
    refresh_standing(context).await?;
    Ok(standing(context, task)?)
}

/// By what was remembered last.
pub(crate) fn standing(context: &Context, task: u64) -> Result<(), Refusal> {
    let relays = context.relays.lock().unwrap_or_else(PoisonError::into_inner);
    may_issue(&relays, &context.key.address(), task)
}
