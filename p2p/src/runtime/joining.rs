//! What a node that has not opened its chain yet tells of itself, and the word that ends it.

use hydrogen_types::Height;
use std::fmt;
use std::sync::Arc;
use tokio::sync::watch;

/// Where a node stands before it runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum JoinStage {
    /// The chain is being opened.
    #[default]
    Opening,
    /// Peers are asked how far they are and which snapshots they have.
    Looking,
    /// A snapshot is being fetched.
    Fetching {
        /// Its height.
        height: Height,
        /// Its chunks.
        chunks: usize,
        /// How many of them are here.
        done: usize,
    },
    /// The state of a snapshot is being put into the store.
    Restoring {
        /// Its height.
        height: Height,
        /// Its chunks.
        chunks: usize,
        /// How many of them have been read.
        done: usize,
    },
}

impl JoinStage {
    /// One word for programs.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Opening => "opening",
            Self::Looking => "looking",
            Self::Fetching { .. } => "fetching",
            Self::Restoring { .. } => "restoring",
        }
    }

    /// The snapshot's height, its chunks, and how many of them are done; `None` while there is none.
    #[must_use]
    pub fn progress(&self) -> Option<(Height, usize, usize)> {
        match *self {
            Self::Opening | Self::Looking => None,
            Self::Fetching { height, chunks, done } | Self::Restoring { height, chunks, done } => {
                Some((height, chunks, done))
            }
        }
    }
}

impl fmt::Display for JoinStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Opening => f.write_str("opening the chain"),
            Self::Looking => f.write_str("asking peers for a snapshot"),
            Self::Fetching { height, chunks, done } => {
                write!(f, "fetching the snapshot of height {height}: {done} of {chunks} chunks are here")
            }
            Self::Restoring { height, chunks, done } => {
                write!(f, "restoring the snapshot of height {height}: {done} of {chunks} chunks are read")
            }
        }
    }
}

/// Shared by a node that starts and by whoever started it. Clones are the same.
#[derive(Debug, Clone)]
pub struct Joining(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    stage: watch::Sender<JoinStage>,
    stop: watch::Sender<bool>,
}

impl Default for Joining {
    fn default() -> Self {
        let (stage, stop) = (watch::Sender::new(JoinStage::default()), watch::Sender::new(false));
        Self(Arc::new(Inner { stage, stop }))
    }
}

impl Joining {
    /// Where the node stands.
    #[must_use]
    pub fn stage(&self) -> JoinStage {
        *self.0.stage.borrow()
    }

    /// Asks the join to end. What is on the disk stays, and the next start goes on from there.
    pub fn stop(&self) {
        self.0.stop.send_replace(true);
    }

    /// Whether it was asked to end.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        *self.0.stop.borrow()
    }

    /// Waits until it is asked to end.
    pub(super) async fn stopped(&self) {
        let mut stop = self.0.stop.subscribe();
        // The sender lives as long as this.
        stop.wait_for(|stop| *stop).await.ok();
    }

    pub(super) fn set(&self, stage: JoinStage) {
        self.0.stage.send_replace(stage);
    }
}
