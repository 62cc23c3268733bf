//! What a node holds for later.

use super::{Invariant, Seen};
use hydrogen_p2p::consensus::Queue;

/// No queue of a node grows beyond its bound, whatever others send.
pub struct Bounds;

impl Bounds {
    /// Whether all queues of a node are within their bounds.
    ///
    /// # Errors
    /// The first that is not.
    pub fn check(node: usize, queues: &[Queue]) -> Result<(), String> {
        match queues.iter().find(|queue| queue.length > queue.length_max) {
            Some(queue) => Err(format!(
                "node {node} holds {} {}, at most {} allowed",
                queue.length, queue.name, queue.length_max
            )),
            None => Ok(()),
        }
    }
}

impl Invariant for Bounds {
    fn name(&self) -> &'static str {
        "bounds"
    }

    fn see(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        let Seen::Stepped { node, host } = seen else { return Ok(()) };
        Self::check(*node, &host.queues())
    }
}
