//! Agreement in a simulated network with a virtual clock, and over real sockets on the loopback.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod agreement;
mod fixture;
mod hostile;
mod network;
mod sim;
