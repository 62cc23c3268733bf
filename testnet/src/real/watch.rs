//! Looks at every node all the time: no two may ever show different blocks at one height, and none may fall back.
//!
//! One task a node follows its tip and fetches the header of every height it has not seen there yet; what the first
//! node showed of a height, every other must show too.

use super::error::RealError;
use super::rpc::{Rpc, number};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Between two looks at one node.
const LOOK: Duration = Duration::from_millis(50);

/// What nodes have shown so far.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Id and state root of each height, and who showed it first.
    blocks: BTreeMap<u64, (String, String, usize)>,
    /// The highest height of each node, and when it last grew.
    heights: Vec<u64>,
    /// When the net's highest height last grew.
    grown_at: Option<Instant>,
    /// The longest time it did not grow since [`Watch::reset_gap`].
    gap: Duration,
    compared: u64,
    pub(super) violation: Option<String>,
}

impl Seen {
    /// Nothing yet, of so many nodes.
    pub(super) fn of(nodes: usize) -> Self {
        Self { heights: vec![0; nodes], ..Self::default() }
    }

    /// A node shows its height.
    pub(super) fn height(&mut self, index: usize, height: u64) {
        let top = self.heights.iter().copied().max().unwrap_or_default();
        let had = self.heights[index];
        if height < had {
            self.violation.get_or_insert(format!("node {index} fell back from height {had} to {height}"));
        }
        self.heights[index] = had.max(height);
        if height > top {
            let now = Instant::now();
            if let Some(at) = self.grown_at {
                self.gap = self.gap.max(now - at);
            }
            self.grown_at = Some(now);
        }
    }

    /// A node shows id and state root of a block.
    pub(super) fn block(&mut self, index: usize, height: u64, (hash, root): (String, String)) {
        let Some((known, known_root, first)) = self.blocks.get(&height) else {
            self.blocks.insert(height, (hash, root, index));
            return;
        };
        if *known == hash && *known_root == root {
            self.compared += u64::from(*first != index);
        } else {
            let text = format!(
                "fork at height {height}: node {first} has {known} with root {known_root}, node {index} has {hash} with root {root}"
            );
            self.violation.get_or_insert(text);
        }
    }
}

/// The look-out.
#[derive(Debug)]
pub(super) struct Watch {
    seen: Arc<Mutex<Seen>>,
    tasks: JoinSet<()>,
}

fn locked(seen: &Mutex<Seen>) -> std::sync::MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Watch {
    pub(super) fn start(rpc: &Rpc, urls: &[String]) -> Self {
        let seen = Arc::new(Mutex::new(Seen::of(urls.len())));
        let mut tasks = JoinSet::new();
        for (index, url) in urls.iter().enumerate() {
            tasks.spawn(follow(rpc.clone(), url.clone(), index, Arc::clone(&seen)));
        }
        Self { seen, tasks }
    }

    /// The highest height each node ever showed.
    pub(super) fn heights(&self) -> Vec<u64> {
        locked(&self.seen).heights.clone()
    }

    /// The highest of all.
    pub(super) fn top(&self) -> u64 {
        self.heights().into_iter().max().unwrap_or_default()
    }

    /// Starts measuring the longest pause between two blocks anew; what it was.
    pub(super) fn reset_gap(&self) -> Duration {
        let mut seen = locked(&self.seen);
        let now = Instant::now();
        let open = seen.grown_at.map_or(Duration::ZERO, |at| now - at);
        let gap = seen.gap.max(open);
        seen.gap = Duration::ZERO;
        seen.grown_at = Some(now);
        gap
    }

    /// Headers compared with one that another node had shown.
    pub(super) fn compared(&self) -> u64 {
        locked(&self.seen).compared
    }

    /// # Errors
    /// The first broken promise, if any.
    pub(super) fn check(&self) -> Result<(), RealError> {
        match &locked(&self.seen).violation {
            None => Ok(()),
            Some(text) => Err(RealError::Violation(text.clone())),
        }
    }

    pub(super) async fn stop(&mut self) {
        self.tasks.shutdown().await;
    }
}

async fn follow(rpc: Rpc, url: String, index: usize, seen: Arc<Mutex<Seen>>) {
    let mut next = 1;
    loop {
        tokio::time::sleep(LOOK).await;
        let Some(status) = rpc.status(&url).await else { continue };
        let height = status.height.get();
        {
            let mut seen = locked(&seen);
            seen.height(index, height);
            seen.block(index, height, (status.hash, status.root));
        }
        while next < height {
            let Ok(answer) = rpc.ask(&url, "chain_header", json!([next.to_string()])).await else { break };
            // A node that began with a snapshot, or that forgets, has no early blocks.
            if let Some((_, hash, root)) = shown(&answer) {
                locked(&seen).block(index, next, (hash, root));
            }
            next += 1;
        }
    }
}

/// Height, id and state root in an answer of `chain_header`; `None` when the node does not have the block.
fn shown(answer: &Value) -> Option<(u64, String, String)> {
    let header = &answer["header"];
    let text = |value: &Value| value.as_str().map(str::to_owned);
    Some((number(&header["height"])?, text(&answer["hash"])?, text(&header["state_root"])?))
}

/// A header's id and state root as the node shows them; `None` when it does not have the block.
pub(super) async fn header(rpc: &Rpc, url: &str, height: u64) -> Result<Option<(String, String)>, RealError> {
    let answer = rpc.must(url, "chain_header", json!([height.to_string()])).await?;
    match shown(&answer) {
        Some((at, hash, root)) if at == height => Ok(Some((hash, root))),
        None if answer.is_null() => Ok(None),
        _ => {
            let reason = format!("asked for the header of height {height}, got {answer}");
            Err(RealError::Node { url: url.into(), reason })
        }
    }
}
