//! `hydrogen contract`: from a project or a module's file to its methods' results.

mod args;
mod build;
mod check;
mod deploy;
mod flags;
mod frames;
mod inspect;
mod new;
mod project;
mod storage;
mod talk;
mod test;
mod trace;
mod upgrade;
mod words;

pub use args::{Args, run};
pub use words::lift_globals;
