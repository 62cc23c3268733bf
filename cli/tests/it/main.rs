//! Tests with real processes and sockets.

mod author;
mod bad_input;
mod book;
mod chaos;
mod compute;
mod contract;
mod demo;
mod dev;
mod disk;
mod join;
mod kill;
mod network;
mod node;
mod program;
mod relay;
mod story;
mod subscriptions;
mod support;
mod task;
mod task_net;
mod testnet;
mod validators;
mod wrong;
