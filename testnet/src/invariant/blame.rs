//! Who may be blamed.

use super::{Invariant, Seen};

/// No honest node blames another honest one: what it is blamed for, it would be banned for.
pub struct Blame;

impl Invariant for Blame {
    fn name(&self) -> &'static str {
        "blame"
    }

    fn see(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        match seen {
            Seen::Blamed { node, peer, honest: true, reason } => {
                Err(format!("node {node} blames honest node {peer}: {reason}"))
            }
            _ => Ok(()),
        }
    }
}
