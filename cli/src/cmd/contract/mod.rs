//! `hydrogen contract`: from a module's file to its methods' results.

mod args;
mod check;
mod deploy;
mod flags;
mod inspect;
mod storage;
mod talk;
mod trace;
mod words;

pub use args::{Args, run};
pub use words::lift_globals;
