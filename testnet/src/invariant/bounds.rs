//! What a node holds for later.

use super::{Invariant, Seen};

/// No queue of a node grows beyond its bound, whatever others send.
pub struct Bounds;

impl Invariant for Bounds {
    fn name(&self) -> &'static str {
        "bounds"
    }

    fn see(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        let Seen::Stepped { node, host } = seen else { return Ok(()) };
        match host.queues().into_iter().find(|queue| queue.length > queue.length_max) {
            Some(queue) => Err(format!(
                "node {node} holds {} {}, at most {} allowed",
                queue.length, queue.name, queue.length_max
            )),
            None => Ok(()),
        }
    }
}
