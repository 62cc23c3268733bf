//! The transports of a node, and the addresses that go with them: TCP always, QUIC if the feature `quic` is on.
//!
//! ```text
//! /ip4/../tcp/PORT          -> TCP, Noise, Yamux
//! /ip4/../udp/PORT/quic-v1  -> QUIC, with TLS and streams of its own
//! ```
//!
//! *Invariants*: whatever the transport, a connection passes the same gate, limits and lists, which know peers and
//! addresses alone; an address that this build cannot use is told at the start, not dialled for ever.

use libp2p::identity::Keypair;
use libp2p::multiaddr::Protocol;
use libp2p::swarm::NetworkBehaviour;
use libp2p::{Multiaddr, Swarm, SwarmBuilder, noise, tcp, yamux};
use std::error::Error;
use std::time::Duration;

#[cfg(feature = "quic")]
/// Streams that a peer may have open on one QUIC connection: its requests, and one or two of every other protocol.
const QUIC_STREAMS_MAX: u32 = 256;
#[cfg(feature = "quic")]
/// Bytes that a peer may send on one QUIC stream before they are read.
const QUIC_STREAM_BYTES_MAX: u32 = 1 << 20;
#[cfg(feature = "quic")]
/// And on all streams of one connection.
const QUIC_CONNECTION_BYTES_MAX: u32 = 4 << 20;

/// Why an address is of no use to this build.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// It is one of QUIC, and the feature is off.
    #[error(
        "{0} is an address of QUIC, which this program was built without: build it with the feature `quic`, or use an address such as /ip4/HOST/tcp/PORT"
    )]
    QuicLeftOut(Multiaddr),
    /// It is nothing that a node can use.
    #[error(
        "{0} is neither /ip4/HOST/tcp/PORT nor /ip4/HOST/udp/PORT/quic-v1 (ip6, dns, dns4 and dns6 will do, and /p2p/PEER_ID may follow)"
    )]
    Unknown(Multiaddr),
}

/// Whether this build can listen on an address, or dial it.
pub(crate) fn check(address: &Multiaddr) -> Result<(), AddressError> {
    let unknown = || AddressError::Unknown(address.clone());
    let mut parts = address.iter();
    let host = parts.next().ok_or_else(unknown)?;
    if !matches!(
        host,
        Protocol::Ip4(_) | Protocol::Ip6(_) | Protocol::Dns(_) | Protocol::Dns4(_) | Protocol::Dns6(_)
    ) {
        return Err(unknown());
    }
    let quic = match parts.next() {
        Some(Protocol::Tcp(_)) => false,
        Some(Protocol::Udp(_)) if matches!(parts.next(), Some(Protocol::QuicV1)) => true,
        _ => return Err(unknown()),
    };
    if !matches!((parts.next(), parts.next()), (None | Some(Protocol::P2p(_)), None)) {
        return Err(unknown());
    }
    if quic && !cfg!(feature = "quic") {
        return Err(AddressError::QuicLeftOut(address.clone()));
    }
    Ok(())
}

/// Whether an address is one of TCP, which every build can dial.
pub(crate) fn is_tcp(address: &Multiaddr) -> bool {
    address.iter().any(|part| matches!(part, Protocol::Tcp(_)))
}

type Failure = Box<dyn Error + Send + Sync>;

/// A swarm with all transports of this build; to be made inside the runtime that will drive it.
pub(crate) fn swarm<B: NetworkBehaviour>(
    keypair: Keypair,
    idle: Duration,
    behaviour: impl FnOnce(&Keypair) -> Result<B, Failure>,
) -> Result<Swarm<B>, Failure> {
    let builder = SwarmBuilder::with_existing_identity(keypair).with_tokio().with_tcp(
        tcp::Config::default().nodelay(true),
        noise::Config::new,
        yamux::Config::default,
    )?;
    #[cfg(feature = "quic")]
    let builder = builder.with_quic_config(|mut config| {
        config.max_concurrent_stream_limit = QUIC_STREAMS_MAX;
        config.max_stream_data = QUIC_STREAM_BYTES_MAX;
        config.max_connection_data = QUIC_CONNECTION_BYTES_MAX;
        config
    });
    let builder = builder.with_behaviour(behaviour)?;
    Ok(builder.with_swarm_config(|config| config.with_idle_connection_timeout(idle)).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(text: &str) -> Result<(), AddressError> {
        check(&text.parse().unwrap())
    }

    #[test]
    fn addresses_of_tcp_are_taken() {
        let id = "12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN";
        for host in ["ip4/10.0.0.1", "ip6/::1", "dns/node.example.org", "dns4/a.b", "dns6/a.b"] {
            assert_eq!(ask(&format!("/{host}/tcp/4750")), Ok(()));
            assert_eq!(ask(&format!("/{host}/tcp/4750/p2p/{id}")), Ok(()));
        }
    }

    #[test]
    fn others_are_refused() {
        let texts = ["/ip4/10.0.0.1", "/ip4/10.0.0.1/udp/1", "/ip4/10.0.0.1/udp/1/quic", "/memory/7"];
        for text in texts.iter().chain(&["/ip4/10.0.0.1/tcp/1/ws", "/tcp/1", "/p2p-circuit"]) {
            assert!(matches!(ask(text), Err(AddressError::Unknown(_))), "{text}");
        }
    }

    /// What QUIC needs is said with the address: the feature.
    #[test]
    fn quic_needs_its_feature() {
        let text = "/ip4/10.0.0.1/udp/4750/quic-v1";
        let answer = ask(text).map_err(|error| error.to_string());
        if cfg!(feature = "quic") {
            assert_eq!(answer, Ok(()));
        } else {
            let answer = answer.unwrap_err();
            assert!(answer.starts_with(text) && answer.contains("feature `quic`"), "{answer}");
        }
    }
}
