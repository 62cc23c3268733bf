//! Following a task: the events of the task contract that name it, block by block.

use crate::client::{Client, ClientError};
use hydrogen_offchain::calls::task_contract;
use hydrogen_types::{Event, Header, Height};
use std::time::Duration;

/// How long one wait for the next block is; it ends early with the block.
const WAIT: Duration = Duration::from_secs(20);
/// Looks in a row at a block that should be there by the nodes' height before it is taken for gone.
const LOOKS_MAX: u32 = 5;
/// Between two such looks: one of several nodes may be behind the others.
const LOOK: Duration = Duration::from_millis(200);

/// One thing that happened to the task.
#[derive(Debug, Clone)]
pub struct Step {
    /// Header of the block it happened in.
    pub header: Header,
    /// The event.
    pub event: Event,
}

/// Reads blocks from a height on and keeps what concerns one task.
#[derive(Debug, Clone)]
pub struct Follower {
    client: Client,
    task: u64,
    next: Height,
}

impl Follower {
    /// Follows `task` from the block of height `from` on.
    #[must_use]
    pub fn new(client: Client, task: u64, from: Height) -> Self {
        Self { client, task, next: from }
    }

    /// The steps of the next block that has any. No steps where blocks are not kept any more: what they did shows in
    /// the task itself.
    ///
    /// # Errors
    /// When no node answers for a while; it may be called again.
    pub async fn next(&mut self) -> Result<Vec<Step>, ClientError> {
        let mut looks = 0;
        loop {
            let Some(block) = self.client.block(self.next).await? else {
                let status = self.client.await_height(self.next, WAIT).await?;
                if status.height.0 >= self.next {
                    looks += 1;
                    if looks >= LOOKS_MAX {
                        self.next = status.height.0.next();
                        return Ok(Vec::new());
                    }
                    if looks > 1 {
                        tokio::time::sleep(LOOK).await;
                    }
                }
                continue;
            };
            looks = 0;
            self.next = self.next.next();
            let header = &block.block.header;
            let concerns =
                |event: &&Event| event.contract == task_contract() && event.u64("task") == Some(self.task);
            let events = block.receipts.iter().flat_map(|(receipt, _)| &receipt.events).filter(concerns);
            let steps: Vec<Step> =
                events.map(|event| Step { header: header.clone(), event: event.clone() }).collect();
            if !steps.is_empty() {
                return Ok(steps);
            }
        }
    }
}

/// Whether the task ends with this event.
#[must_use]
pub fn is_end(event: &Event) -> bool {
    event.name == "TaskSuccess" || event.name == "TaskAborted"
}
