//! Which port each role gets.

use crate::failure::{Failure, Outcome};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

/// From the first RPC port to the first port for peers.
const P2P_OFFSET: u16 = 50;
/// From the first RPC port to the first relay's.
const RELAY_OFFSET: u16 = 90;

/// Where free ports are looked for: below those that Linux (from 32768) and others (from 49152) give away by themselves.
const FREE_FROM: u16 = 10_000;
/// How many there are.
const FREE_COUNT: u16 = 20_000;

/// The ports of a network, all on the loopback address.
pub(super) struct Ports {
    pub(super) rpc: Vec<SocketAddr>,
    pub(super) p2p: Vec<u16>,
    pub(super) relays: Vec<SocketAddr>,
}

impl Ports {
    /// Ports from `base` on, or free ones for 0; refuses those that are taken now.
    pub(super) fn choose(base: u16, validators: usize, relays: usize) -> Outcome<Self> {
        if base == 0 {
            return Self::free(validators, relays);
        }
        let relay_count = u16::try_from(relays).unwrap_or(P2P_OFFSET);
        let far = RELAY_OFFSET + relay_count;
        if base.checked_add(far).is_none() {
            return Err(Failure::new(format!("base port {base} leaves no room"))
                .hint(format!("use at most {}", u16::MAX - far)));
        }
        let count = u16::try_from(validators).unwrap_or(P2P_OFFSET);
        let ports = Self {
            rpc: (0..count).map(|index| local(base + index)).collect(),
            p2p: (0..count).map(|index| base + P2P_OFFSET + index).collect(),
            relays: (0..relay_count).map(|index| local(base + RELAY_OFFSET + index)).collect(),
        };
        let p2p = ports.p2p.iter().copied().map(local);
        for address in ports.rpc.iter().copied().chain(p2p).chain(ports.relays.iter().copied()) {
            TcpListener::bind(address).map_err(|error| {
                Failure::of(address, &error)
                    .hint("is another network up? choose another --base-port, or 0 for free ports")
            })?;
        }
        Ok(ports)
    }

    /// All listeners are held until all ports are known, so that no two are the same. What the system gives away by
    /// itself, to connections and to listeners that take any port, is not among them: it could be given away again
    /// before the processes are up. Each process looks from another port on.
    fn free(validators: usize, relays: usize) -> Outcome<Self> {
        let mut held = Vec::new();
        let first = u16::try_from(std::process::id() * 97 % u32::from(FREE_COUNT)).unwrap_or_default();
        let mut candidates = (0..FREE_COUNT).map(|step| FREE_FROM + (first + step) % FREE_COUNT);
        let mut take = || -> Outcome<SocketAddr> {
            let found = candidates.find_map(|port| TcpListener::bind(local(port)).ok());
            let listener = found.ok_or_else(|| Failure::new("no port is free between 10000 and 30000"))?;
            let address = listener.local_addr()?;
            held.push(listener);
            Ok(address)
        };
        let rpc = (0..validators).map(|_| take()).collect::<Outcome<Vec<_>>>()?;
        let p2p = (0..validators).map(|_| Ok(take()?.port())).collect::<Outcome<Vec<_>>>()?;
        let relays = (0..relays).map(|_| take()).collect::<Outcome<Vec<_>>>()?;
        Ok(Self { rpc, p2p, relays })
    }
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}
