//! The newest final block the relay has seen.

use crate::client::{Client, ClientError, Status};
use hydrogen_types::Height;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How long a single wait for the next block is; it ends early with the block.
const WAIT: Duration = Duration::from_secs(10);
/// Pause after a node did not answer.
const PAUSE: Duration = Duration::from_millis(500);
/// Without word from a node for so long, the relay is not healthy: two heartbeats and a wait.
pub(crate) const STALE_AFTER: Duration = Duration::from_secs(30);

/// What the relay follows.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    pub(crate) height: Height,
    /// The chain's uptime at that block: what ended tasks are kept by.
    pub(crate) uptime_ms: u64,
    /// When a node last answered.
    pub(crate) seen: Instant,
}

impl Head {
    pub(crate) fn of(status: &Status) -> Self {
        Self { height: status.height.0, uptime_ms: status.uptime_ms.0, seen: Instant::now() }
    }
}

/// Follows the chain for ever.
pub(crate) async fn follow(client: Client, heads: watch::Sender<Head>) {
    loop {
        let next = heads.borrow().height.next();
        match client.await_height(next, WAIT).await {
            Ok(status) => {
                heads.send_replace(Head::of(&status));
            }
            Err(error) => pause(&error).await,
        }
    }
}

async fn pause(error: &ClientError) {
    tracing::warn!(%error, "no node answers; following again soon");
    tokio::time::sleep(PAUSE).await;
}
