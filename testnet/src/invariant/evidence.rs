//! Who can be proven a liar.

use super::{Invariant, Seen};

/// Nobody ever holds proof of equivocation against an honest validator: not after any crash either.
pub struct NoFalseEvidence;

impl Invariant for NoFalseEvidence {
    fn name(&self) -> &'static str {
        "no false evidence"
    }

    fn see(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        match seen {
            Seen::Accused { node, accused, honest: true } => {
                Err(format!("node {node} has proof that honest node {accused} signed two different things"))
            }
            _ => Ok(()),
        }
    }
}
