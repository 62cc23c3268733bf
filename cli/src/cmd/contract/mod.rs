//! `hydrogen contract`: from a module's file to its methods' results.

mod args;
mod check;
mod deploy;
mod inspect;
mod talk;

pub use args::{Args, run};
