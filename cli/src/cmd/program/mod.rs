//! `hydrogen program`: programs of tasks, from an empty folder to a relay.

mod args;
mod build;
mod check;
mod compile;
mod execute;
mod new;
mod publish;
mod report;

mod template;
mod toolchain;

#[cfg(test)]
mod tests;

pub use args::{Args, run};
