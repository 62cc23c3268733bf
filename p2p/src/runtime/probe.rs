//! Asking a peer which chain it follows, before anything is set up to join it.

use super::resolve::resolve;
use super::transport::{self, AddressError};
use super::wire::protocol_name;
use crate::config::peer_keypair;
use futures::StreamExt;
use hydrogen_core::{Genesis, NodeKeys};
use libp2p::swarm::SwarmEvent;
use libp2p::{Multiaddr, Swarm, identify};
use std::time::Duration;

/// Longest time that a probe takes: a connection and one message each way.
const PROBE_TIMEOUT: Duration = Duration::from_secs(8);

/// Why a peer could not be asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProbeError {
    /// This build cannot use its address.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// There is no way to it.
    #[error("no connection: {reason}")]
    Unreachable {
        /// What was in the way.
        reason: String,
    },
    /// It is there but did not say, within this time.
    #[error("no answer within {} s", PROBE_TIMEOUT.as_secs())]
    Silent,
    /// It speaks of another chain, or is no node of one.
    #[error("it follows `{theirs}`, this genesis is `{ours}`")]
    OtherChain {
        /// The name of its protocol, with the first 16 digits of its genesis hash.
        theirs: String,
        /// The name it would have on the chain of the genesis given.
        ours: String,
    },
}

/// Connects to a peer with the node's own identity, which an allow list may ask for, and compares the chain it follows
/// with `genesis`.
///
/// # Errors
/// [`ProbeError::OtherChain`] when they differ; the others when it cannot be told.
pub async fn probe(address: Multiaddr, keys: &NodeKeys, genesis: &Genesis) -> Result<(), ProbeError> {
    let ours = protocol_name(genesis, "node");
    let theirs = tokio::time::timeout(PROBE_TIMEOUT, ask(address, keys, &ours)).await;
    let theirs = theirs.map_err(|_| ProbeError::Silent)??;
    if theirs == ours { Ok(()) } else { Err(ProbeError::OtherChain { theirs, ours }) }
}

async fn ask(address: Multiaddr, keys: &NodeKeys, ours: &str) -> Result<String, ProbeError> {
    transport::check(&address)?;
    let unreachable = |reason: String| ProbeError::Unreachable { reason };
    let resolved = resolve(address).await;
    let address = resolved.ok_or_else(|| unreachable(String::from("its host name has no address")))?;
    let mut swarm = swarm(keys, ours).map_err(|error| unreachable(error.to_string()))?;
    swarm.dial(address).map_err(|error| unreachable(error.to_string()))?;
    loop {
        match swarm.select_next_some().await {
            SwarmEvent::Behaviour(identify::Event::Received { info, .. }) => return Ok(info.protocol_version),
            SwarmEvent::OutgoingConnectionError { error, .. } => return Err(unreachable(error.to_string())),
            SwarmEvent::ConnectionClosed { cause, .. } => {
                let cause = cause.map_or_else(|| String::from("no reason given"), |error| error.to_string());
                return Err(unreachable(format!("it hung up: {cause}")));
            }
            _ => {}
        }
    }
}

fn swarm(
    keys: &NodeKeys,
    ours: &str,
) -> Result<Swarm<identify::Behaviour>, Box<dyn std::error::Error + Send + Sync>> {
    transport::swarm(peer_keypair(keys), PROBE_TIMEOUT, |keypair| {
        Ok(identify::Behaviour::new(identify::Config::new(ours.to_owned(), keypair.public())))
    })
}
