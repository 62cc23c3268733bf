//! The state: raw keys and values, an overlay for the running block, a tree for the root.
//!
//! *Invariants*: the root depends on the set of keys and values alone, never on their history or on the store.

pub mod keys;
mod overlay;
mod tree;
mod view;

#[cfg(test)]
mod tests;

pub use overlay::{Checkpoint, Overlay};
pub(crate) use tree::audit_page;
pub use tree::{EMPTY_ROOT, TreeUpdate, prove, update};
pub use view::{History, StateRead, StoreState, Undo};
