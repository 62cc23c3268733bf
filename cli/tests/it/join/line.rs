//! A line between two nodes that carries so many bytes a second, and counts them.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Bytes carried at once.
const PIECE: usize = 8 << 10;

/// See the module.
pub(super) struct Line {
    /// Where to dial instead of the node.
    pub(super) address: String,
    /// Bytes a second from the node; 0 for as many as come.
    pub(super) rate: Arc<AtomicU64>,
    /// Bytes that came from the node.
    pub(super) carried: Arc<AtomicU64>,
}

impl Line {
    /// A line to the node at a multiaddress of the loopback.
    pub(super) fn to(peer: &str, rate: u64) -> Self {
        let parts: Vec<&str> = peer.split('/').collect();
        let (target, id) = (format!("127.0.0.1:{}", parts[4]), parts[6].to_owned());
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let (rate, carried) = (Arc::new(AtomicU64::new(rate)), Arc::new(AtomicU64::new(0)));
        let (slow, count) = (Arc::clone(&rate), Arc::clone(&carried));
        std::thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                let Ok(far) = TcpStream::connect(&target) else { continue };
                let (near_too, far_too) = (near.try_clone().expect("open"), far.try_clone().expect("open"));
                let (slow, count) = (Arc::clone(&slow), Arc::clone(&count));
                std::thread::spawn(move || carry(near_too, far_too, |_| ()));
                std::thread::spawn(move || {
                    carry(far, near, |bytes| {
                        count.fetch_add(bytes, Ordering::Relaxed);
                        let ms = (bytes * 1_000).checked_div(slow.load(Ordering::Relaxed));
                        std::thread::sleep(Duration::from_millis(ms.unwrap_or(0)));
                    });
                });
            }
        });
        Self { address: format!("/ip4/127.0.0.1/tcp/{port}/p2p/{id}"), rate, carried }
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream, mut passed: impl FnMut(u64)) {
    let mut buffer = [0; PIECE];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
        passed(count as u64);
    }
    from.shutdown(std::net::Shutdown::Both).ok();
    to.shutdown(std::net::Shutdown::Both).ok();
}
