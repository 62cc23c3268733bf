//! Nodes over real sockets on the loopback, and a host whose log fails. Agreement under faults is simulated in
//! `testnet`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod blocks;
mod conduct;
mod fixture;
#[cfg(feature = "kad")]
mod kad;
mod log;
mod network;
mod puppet;
#[cfg(feature = "quic")]
mod quic;
mod sync;
mod transports;
