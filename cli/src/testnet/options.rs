//! What may be asked of a new network.

use crate::failure::{Failure, Outcome};
use hydrogen_offchain::personas::Persona;
use std::path::PathBuf;

/// Most validators of a local network: each is a store, a sandbox and a full mesh.
const VALIDATORS_MAX: usize = 16;
/// Most relays of a local network.
const RELAYS_MAX: usize = 8;
/// Most compute nodes of a local network.
pub(super) const NODES_MAX: usize = 64;

/// A new network.
#[derive(Debug, Clone)]
pub struct UpOptions {
    /// Its folder.
    pub dir: PathBuf,
    /// Remove what an earlier network left in the folder.
    pub fresh: bool,
    /// One process a role.
    pub processes: bool,
    /// Validators.
    pub validators: usize,
    /// Relays.
    pub relays: usize,
    /// Compute nodes, the bad ones included.
    pub nodes: usize,
    /// How many of them misbehave, and how.
    pub bad: Vec<(Persona, usize)>,
    /// First port; 0 takes free ones.
    pub base_port: u16,
    /// Keys follow from this number; new ones each time when left out.
    pub seed: Option<u64>,
}

impl UpOptions {
    /// Four validators, a relay, five honest compute nodes, on free ports, in `dir`.
    #[must_use]
    pub fn new(dir: PathBuf) -> Self {
        Self {
            dir,
            fresh: false,
            processes: false,
            validators: 4,
            relays: 1,
            nodes: 5,
            bad: Vec::new(),
            base_port: 0,
            seed: None,
        }
    }

    /// What each compute node is; the bad ones come last.
    ///
    /// # Errors
    /// When numbers are out of range.
    pub(super) fn personas(&self) -> Outcome<Vec<Persona>> {
        within("validators", self.validators, 1, VALIDATORS_MAX)?;
        within("relays", self.relays, 1, RELAYS_MAX)?;
        within("compute nodes", self.nodes, 0, NODES_MAX)?;
        let total = self.bad.iter().fold(0usize, |sum, (_, count)| sum.saturating_add(*count));
        let Some(honest) = self.nodes.checked_sub(total) else {
            return Err(Failure::new(format!("{total} bad compute nodes of {} in all", self.nodes))
                .hint("raise --nodes, or lower the others"));
        };
        let mut personas = vec![Persona::Honest; honest];
        for (persona, count) in &self.bad {
            personas.extend(std::iter::repeat_n(*persona, *count));
        }
        Ok(personas)
    }
}

fn within(what: &str, count: usize, least: usize, most: usize) -> Outcome {
    if (least..=most).contains(&count) {
        return Ok(());
    }
    Err(Failure::new(format!("{count} {what}: a local network has {least} to {most}")))
}
