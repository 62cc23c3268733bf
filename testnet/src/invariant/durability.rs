//! What survives a loss of power.

use super::{Invariant, Seen};
use hydrogen_types::{Hash, Height};
use std::collections::BTreeMap;

/// A node that has told of a block has it after every crash; unless it had fetched that block, and all since, from peers:
/// of these a loss of power may take the newest back, and nothing else.
#[derive(Default)]
pub struct Durability {
    told: BTreeMap<usize, (Height, Hash)>,
    /// The newest that it decided by votes.
    decided: BTreeMap<usize, (Height, Hash)>,
}

impl Invariant for Durability {
    fn name(&self) -> &'static str {
        "durability"
    }

    fn see(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        match seen {
            Seen::Committed { node, committed, fetched, .. } => {
                let block = (committed.block.header.height, committed.hash);
                self.told.insert(*node, block);
                if !fetched {
                    self.decided.insert(*node, block);
                }
                Ok(())
            }
            Seen::BlocksLost { node } => {
                match self.decided.get(node) {
                    Some(block) => self.told.insert(*node, *block),
                    None => self.told.remove(node),
                };
                Ok(())
            }
            Seen::Booted { node, reader } => {
                let Some((height, hash)) = self.told.get(node) else { return Ok(()) };
                let block = reader.block(*height).map_err(|error| error.to_string())?;
                match block.map(|block| block.hash) {
                    Some(found) if found == *hash => Ok(()),
                    found => Err(format!(
                        "node {node} told of block {hash} at height {height}, after a restart it has {found:?}"
                    )),
                }
            }
            Seen::StoreLost { node } => {
                self.told.remove(node);
                self.decided.remove(node);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
