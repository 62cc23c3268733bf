//! What may be asked of a new network.

use crate::failure::{Failure, Outcome};
use hydrogen_offchain::personas::Persona;
use std::path::PathBuf;

/// Most validators of a local network: each is a store, a sandbox and a full mesh.
const VALIDATORS_MAX: usize = 16;
/// Most compute nodes of a local network.
pub(super) const NODES_MAX: usize = 64;

/// Compute nodes that misbehave, by kind.
#[derive(Debug, Clone, Copy, Default)]
pub struct BadNodes {
    /// Always fake the result.
    pub cheats: usize,
    /// Copy another's commitment.
    pub copies: usize,
    /// Never commit.
    pub lazy: usize,
    /// Join and are gone.
    pub offline: usize,
    /// Report an error instead of the result.
    pub error_reporters: usize,
}

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
    /// Compute nodes, the bad ones included.
    pub nodes: usize,
    /// Those of them that misbehave.
    pub bad: BadNodes,
    /// First port; 0 takes free ones.
    pub base_port: u16,
    /// Keys follow from this number; new ones each time when left out.
    pub seed: Option<u64>,
}

impl UpOptions {
    /// Four validators, five honest compute nodes, on free ports, in `dir`.
    #[must_use]
    pub fn new(dir: PathBuf) -> Self {
        Self {
            dir,
            fresh: false,
            processes: false,
            validators: 4,
            nodes: 5,
            bad: BadNodes::default(),
            base_port: 0,
            seed: None,
        }
    }

    /// What each compute node is; the bad ones come last.
    ///
    /// # Errors
    /// When numbers are out of range.
    pub(super) fn personas(&self) -> Outcome<Vec<Persona>> {
        if self.validators == 0 || self.validators > VALIDATORS_MAX {
            return Err(Failure::new(format!(
                "{} validators: 1 to {VALIDATORS_MAX} are possible",
                self.validators
            )));
        }
        if self.nodes > NODES_MAX {
            return Err(Failure::new(format!(
                "{} compute nodes: at most {NODES_MAX} are possible",
                self.nodes
            )));
        }
        let bad = [
            (Persona::Fakes, self.bad.cheats),
            (Persona::Copies, self.bad.copies),
            (Persona::Lazy, self.bad.lazy),
            (Persona::Offline, self.bad.offline),
            (Persona::ErrorReporter, self.bad.error_reporters),
        ];
        let total: usize = bad.iter().map(|(_, count)| count).sum();
        let Some(honest) = self.nodes.checked_sub(total) else {
            return Err(Failure::new(format!("{total} bad compute nodes of {} in all", self.nodes))
                .hint("raise --nodes, or lower the others"));
        };
        let mut personas = vec![Persona::Honest; honest];
        for (persona, count) in bad {
            personas.extend(std::iter::repeat_n(persona, count));
        }
        Ok(personas)
    }
}
