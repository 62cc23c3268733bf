//! A node as the RPC server sees it.

use crate::rpc::text::Text;
use crate::rpc::types::{BannedJson, PeerJson};
use crate::rpc::{Network, SubmitError};
use hydrogen_core::{ChainReader, Committed};
use hydrogen_p2p::{BannedPeer, NodeHandle, NodeStatus, PeerInfo};
use hydrogen_types::{Hash, Height};
use std::fmt::Write;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::broadcast;

/// Code of a submission that found no room or no node.
const CODE_STOPPED: u32 = 290;

/// A running node.
pub struct NodeBackend {
    reader: ChainReader,
    /// Empty once the node is asked to stop.
    handle: RwLock<Option<Arc<NodeHandle>>>,
}

impl NodeBackend {
    pub(super) fn new(handle: NodeHandle) -> Self {
        Self { reader: handle.reader(), handle: RwLock::new(Some(Arc::new(handle))) }
    }

    /// Reads the chain.
    #[must_use]
    pub fn reader(&self) -> ChainReader {
        self.reader.clone()
    }

    /// Hands a transaction over.
    ///
    /// # Errors
    /// See [`SubmitError`].
    pub async fn submit(&self, bytes: Vec<u8>) -> Result<Hash, SubmitError> {
        let handle = self.handle().ok_or(SubmitError::Stopping)?;
        handle.submit_async(bytes).await.map_err(|error| match error.code {
            CODE_STOPPED => SubmitError::Busy,
            code => SubmitError::Refused { code, message: error.message },
        })
    }

    /// Every block from now on; nothing any more once the node stops.
    #[must_use]
    pub fn committed(&self) -> broadcast::Receiver<Arc<Committed>> {
        match self.handle() {
            Some(handle) => handle.committed(),
            None => broadcast::channel(1).1,
        }
    }

    /// The network around it.
    #[must_use]
    pub fn network(&self) -> Network {
        let status = self.status();
        Network {
            syncing: status.syncing,
            peers: status.peers.into_iter().map(peer_json).collect(),
            banned: status.banned.into_iter().map(banned_json).collect(),
            mempool_size: status.mempool,
        }
    }

    fn status(&self) -> NodeStatus {
        self.handle().map(|handle| handle.status()).unwrap_or_default()
    }

    /// What will end the node soon, or has ended it.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        let handle = self.handle()?;
        if let Some(reason) = handle.failure() {
            return Some(format!("stopped: {reason}"));
        }
        let status = handle.status();
        let free = status.disk_free.filter(|_| status.disk_low)?;
        Some(format!("disk: {} MiB free, the node stops soon", free >> 20))
    }

    /// The node's counters in the text format of Prometheus.
    #[must_use]
    pub fn metrics(&self) -> String {
        let mut body = String::new();
        let Some(handle) = self.handle() else { return body };
        let status = handle.status();
        let free = status.disk_free.map(|free| ("disk_free_bytes", free));
        let validators = status.peers.iter().filter(|peer| peer.validator).count();
        let gauges = [
            ("round", u64::from(status.round)),
            ("voting", u64::from(status.voting)),
            ("peer_validators", validators as u64),
            ("peers_banned_now", status.banned.len() as u64),
        ];
        let gauges = gauges.into_iter().chain(free);
        let rows = gauges.map(|(name, value)| (format!("hydrogen_{name}"), "gauge", value));
        let counters = handle.metrics().all().into_iter();
        let counters = counters.map(|(name, value)| (format!("hydrogen_{name}_total"), "counter", value));
        for (name, kind, value) in rows.chain(counters) {
            let written = write!(body, "# TYPE {name} {kind}\n{name} {value}\n");
            written.expect("a string takes all that is written");
        }
        body
    }

    pub(super) fn handle(&self) -> Option<Arc<NodeHandle>> {
        self.handle.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends the node's threads once nobody is in the middle of a submission. Blocks.
    pub(super) fn stop(&self) {
        let handle = self.handle.write().unwrap_or_else(PoisonError::into_inner).take();
        drop(handle);
    }
}

fn peer_json(peer: PeerInfo) -> PeerJson {
    PeerJson {
        id: peer.id.to_string(),
        address: peer.address.to_string(),
        height: Text(Height::new(peer.height)),
        validator: peer.validator,
        outbound: peer.outbound,
        score: peer.score,
        points: peer.points,
        faults: Text(peer.faults),
        silent_ms: Text(millis(peer.silent_for)),
        bytes_in: Text(peer.bytes_in),
        bytes_out: Text(peer.bytes_out),
    }
}

fn banned_json(banned: BannedPeer) -> BannedJson {
    BannedJson {
        id: banned.id.to_string(),
        reason: banned.reason,
        left_ms: Text(millis(banned.left)),
        times: banned.times,
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
