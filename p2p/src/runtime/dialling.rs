//! Dials under way: names are resolved beside the loop, which never waits for them.

use super::resolve::resolve;
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::{Multiaddr, PeerId};
use tokio::task::JoinSet;

/// See the module.
#[derive(Default)]
pub(super) struct Dialling(JoinSet<(Option<PeerId>, Option<Multiaddr>)>);

impl Dialling {
    /// Begins to resolve an address of a peer, or of whoever is there.
    pub(super) fn begin(&mut self, id: Option<PeerId>, address: Multiaddr) {
        self.0.spawn(async move { (id, resolve(address).await) });
    }

    /// What is to be dialled next; `None` while nothing is under way. Safe to cancel.
    pub(super) async fn next(&mut self) -> Option<DialOpts> {
        loop {
            if let Ok((id, Some(address))) = self.0.join_next().await? {
                return Some(options(id, address));
            }
        }
    }
}

fn options(id: Option<PeerId>, address: Multiaddr) -> DialOpts {
    match id {
        Some(id) => DialOpts::peer_id(id)
            .addresses(vec![address])
            .condition(PeerCondition::DisconnectedAndNotDialing)
            .build(),
        None => DialOpts::unknown_peer_id().address(address).build(),
    }
}
