//! Builds WebAssembly modules: for `contracts/build`, and for the authors of contracts and programs through `hydrogen`.
//!
//! ```text
//! Toolchain::find --> Cargo { ... }.module() --> bytes with names --> section::strip --> what the chain stores
//! ```
//!
//! *Invariants*: the same sources, compiler and lock file give the same bytes in every folder and for every user: paths are
//! remapped, variables that change what cargo makes do not reach it, and nothing is made incrementally. It depends on
//! nothing but the standard library: `contracts/tool` compiles the same files without a dependency.

mod cargo;
mod error;
pub mod section;
#[cfg(test)]
mod tests;
mod toolchain;

pub use cargo::{Cargo, clean, remaps};
pub use error::BuildError;
pub use toolchain::{Target, Toolchain};
