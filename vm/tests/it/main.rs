//! The sandbox from outside: contracts on a real chain in memory, programs through `program::run`.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "tests")]

mod cache;
mod checks;
mod fingerprints;
mod fixture;
mod gas;
mod generated;
mod host;
mod hostile;
mod light;
mod nested;
mod phash;
mod programs;
mod report;
mod wasi;
