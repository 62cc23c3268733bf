//! Tests with real processes and sockets.

mod bad_input;
mod demo;
mod dev;
mod network;
mod node;
mod relay;
mod story;
mod subscriptions;
mod support;
mod task;
mod testnet;
