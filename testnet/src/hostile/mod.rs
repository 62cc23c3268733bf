//! A hostile peer: it speaks libp2p with this chain's protocol names, and misbehaves in every way that has a name here.
//!
//! ```text
//! Kind -> Forge (bytes by hand) -> Attacker (one identity at one node) -> attack (all nodes at once)
//! ```
//!
//! *Invariants*: what it sends is written by hand where a node's own types could not say it; it keeps the code of the
//! node out of its own way, so that a limit of ours never hides an attack.

mod bytes;
mod kinds;
mod peer;
mod raw;

pub use kinds::{Kind, Outcome};

use hydrogen_core::Genesis;
use libp2p::Multiaddr;
use libp2p::PeerId;
use libp2p::identity::Keypair;
use libp2p::multiaddr::Protocol;
use peer::Attacker;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

/// Connections that a half-open attack tries to hold at one node.
const HALF_OPEN: usize = 300;
/// Between two identities.
const IDENTITY_EVERY: Duration = Duration::from_millis(10);

/// Why an attack cannot be made.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Who attacks: an identity, and an address of this machine's loopback network.
#[derive(Debug, Clone)]
pub struct Villain {
    identity: Keypair,
    from: Ipv4Addr,
}

impl Villain {
    /// The villain of this number: two numbers have two identities and two addresses.
    #[must_use]
    pub fn new(number: u8) -> Self {
        let identity = Keypair::ed25519_from_bytes([number; 32]).expect("a seed has 32 bytes");
        Self { identity, from: Ipv4Addr::new(127, 0, 66, number) }
    }

    /// Its peer id.
    #[must_use]
    pub fn id(&self) -> PeerId {
        self.identity.public().to_peer_id()
    }

    fn listens(&self) -> Multiaddr {
        Multiaddr::from(self.from).with(Protocol::Tcp(0))
    }
}

/// Attacks all `targets` until then; how often the attacker got in.
///
/// # Errors
/// This machine does not let it.
pub async fn attack(
    kind: Kind,
    villain: &Villain,
    targets: &[Multiaddr],
    genesis: &Genesis,
    until: Instant,
) -> Result<u64, Failure> {
    let mut tasks = JoinSet::new();
    for target in targets {
        let (target, villain, genesis) = (target.clone(), villain.clone(), genesis.clone());
        match kind {
            Kind::HalfOpen => drop(tasks.spawn(half_open(villain.from, target, until))),
            Kind::Identities => drop(tasks.spawn(identities(villain, target, genesis, until))),
            _ => {
                let attacker = Attacker::new(kind, &villain.identity, &villain.listens(), target, &genesis)?;
                tasks.spawn(attacker.run(until));
            }
        }
    }
    let mut entered = 0;
    while let Some(count) = tasks.join_next().await {
        entered += count?;
    }
    Ok(entered)
}

fn socket_of(address: &Multiaddr) -> Option<SocketAddr> {
    let mut parts = address.iter();
    match (parts.next()?, parts.next()?) {
        (Protocol::Ip4(ip), Protocol::Tcp(port)) => Some(SocketAddr::new(IpAddr::V4(ip), port)),
        _ => None,
    }
}

/// Opens connections without a word and holds them; how many it could open.
async fn half_open(from: Ipv4Addr, target: Multiaddr, until: Instant) -> u64 {
    let Some(target) = socket_of(&target) else { return 0 };
    let (mut held, mut opened): (Vec<TcpStream>, u64) = (Vec::new(), 0);
    while Instant::now() < until {
        // Those that the node has closed read as ended.
        held.retain(|stream| !matches!(stream.try_read(&mut [0; 64]), Ok(0) | Err(_)) || still_open(stream));
        if held.len() < HALF_OPEN
            && let Ok(stream) = open(from, target).await
        {
            opened += 1;
            held.push(stream);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    opened
}

fn still_open(stream: &TcpStream) -> bool {
    matches!(stream.try_read(&mut [0; 64]), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
}

async fn open(from: Ipv4Addr, target: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::new(from.into(), 0))?;
    socket.connect(target).await
}

/// A new identity again and again, from one address; how often one got in.
async fn identities(villain: Villain, target: Multiaddr, genesis: Genesis, until: Instant) -> u64 {
    let mut tasks = JoinSet::new();
    let mut entered = 0;
    while Instant::now() < until {
        let identity = Keypair::generate_ed25519();
        let made = Attacker::new(Kind::Mute, &identity, &villain.listens(), target.clone(), &genesis);
        if let Ok(attacker) = made {
            tasks.spawn(attacker.run(until.min(Instant::now() + Duration::from_secs(2))));
        }
        while let Some(Ok(count)) = tasks.try_join_next() {
            entered += count;
        }
        tokio::time::sleep(IDENTITY_EVERY).await;
    }
    while let Some(ended) = tasks.join_next().await {
        entered += ended.unwrap_or_default();
    }
    entered
}
