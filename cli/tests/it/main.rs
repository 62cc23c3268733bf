//! Tests with real processes and sockets.

mod bad_input;
mod dev;
mod support;
