//! Host names in peers' addresses: looked up anew before every dial, since they move.

use libp2p::Multiaddr;
use libp2p::multiaddr::Protocol;
use std::net::IpAddr;

/// Replaces a leading host name by its first address of the wanted family; `None` if it has none.
pub(crate) async fn resolve(address: Multiaddr) -> Option<Multiaddr> {
    let (name, wanted): (String, fn(&IpAddr) -> bool) = match address.iter().next()? {
        Protocol::Dns(name) => (name.into_owned(), |_| true),
        Protocol::Dns4(name) => (name.into_owned(), IpAddr::is_ipv4),
        Protocol::Dns6(name) => (name.into_owned(), IpAddr::is_ipv6),
        _ => return Some(address),
    };
    let mut found = tokio::net::lookup_host((name.as_str(), 0)).await.ok()?;
    let ip = found.find_map(|socket| Some(socket.ip()).filter(wanted))?;
    address.replace(0, |_| Some(Protocol::from(ip)))
}
