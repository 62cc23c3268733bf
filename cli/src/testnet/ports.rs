//! Which port each role gets.

use crate::failure::{Failure, Outcome};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

/// From the first RPC port to the first port for peers.
const P2P_OFFSET: u16 = 50;
/// From the first RPC port to the relay's.
const RELAY_OFFSET: u16 = 90;

/// The ports of a network, all on the loopback address.
pub(super) struct Ports {
    pub(super) rpc: Vec<SocketAddr>,
    pub(super) p2p: Vec<u16>,
    pub(super) relay: SocketAddr,
}

impl Ports {
    /// Ports from `base` on, or free ones for 0; refuses those that are taken now.
    pub(super) fn choose(base: u16, validators: usize) -> Outcome<Self> {
        if base == 0 {
            return Self::free(validators);
        }
        let far = base.checked_add(RELAY_OFFSET).ok_or_else(|| {
            Failure::new(format!("base port {base} leaves no room"))
                .hint(format!("use at most {}", u16::MAX - RELAY_OFFSET))
        })?;
        let count = u16::try_from(validators).unwrap_or(P2P_OFFSET);
        let ports = Self {
            rpc: (0..count).map(|index| local(base + index)).collect(),
            p2p: (0..count).map(|index| base + P2P_OFFSET + index).collect(),
            relay: local(far),
        };
        let all = ports.rpc.iter().copied().chain(ports.p2p.iter().copied().map(local)).chain([ports.relay]);
        for address in all {
            TcpListener::bind(address).map_err(|error| {
                Failure::of(address, &error)
                    .hint("is another network up? choose another --base-port, or 0 for free ports")
            })?;
        }
        Ok(ports)
    }

    /// All listeners are held until all ports are known, so that no two are the same.
    fn free(validators: usize) -> Outcome<Self> {
        let mut held = Vec::new();
        let mut take = || -> Outcome<SocketAddr> {
            let listener = TcpListener::bind(local(0))?;
            let address = listener.local_addr()?;
            held.push(listener);
            Ok(address)
        };
        let rpc = (0..validators).map(|_| take()).collect::<Outcome<Vec<_>>>()?;
        let p2p = (0..validators).map(|_| Ok(take()?.port())).collect::<Outcome<Vec<_>>>()?;
        Ok(Self { rpc, p2p, relay: take()? })
    }
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}
