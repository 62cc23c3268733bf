//! How nodes misbehave, for harnesses and test networks: a persona bends what an honest node would do.

use crate::agreement::seat;
use crate::compute::Duty;
use hydrogen_types::hash::Tag;
use hydrogen_types::task::{Outcome, TaskView, error_code};
use hydrogen_types::{Address, Hash};

/// The kind of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Persona {
    /// Does what it should.
    Honest,
    /// Never runs anything: reports a digest that looks random and is its own.
    Fakes,
    /// Commits to what another member committed to, which it then cannot reveal.
    Copies,
    /// Never commits.
    Lazy,
    /// Commits, then is silent.
    NeverReveals,
    /// Never uploads.
    NeverUploads,
    /// Reports an error of the task instead of its result.
    ErrorReporter,
    /// Claims that no relay gave the arguments.
    ClaimsUnavailable,
    /// Joined, then gone.
    Offline,
}

impl Persona {
    /// What it reports in the place of the honest outcome.
    #[must_use]
    pub fn outcome(self, honest: Outcome, secret: &[u8; 32], task: u64) -> Outcome {
        match self {
            Self::Fakes => {
                Outcome::Result { digest: fake_digest(secret, task), fingerprint: fake_fingerprint(&honest) }
            }
            Self::ErrorReporter => Outcome::Error { code: error_code::TRAP },
            Self::ClaimsUnavailable => Outcome::Unavailable,
            Self::Honest
            | Self::Copies
            | Self::Lazy
            | Self::NeverReveals
            | Self::NeverUploads
            | Self::Offline => honest,
        }
    }

    /// What it does in the place of an honest node's duty.
    #[must_use]
    pub fn bend(self, duty: Duty, task: Option<&TaskView>, me: &Address) -> Duty {
        match (self, duty) {
            (Self::Offline, _)
            | (Self::Lazy, Duty::Commit { .. })
            | (Self::NeverReveals, Duty::Reveal { .. })
            | (Self::NeverUploads, Duty::Upload { .. } | Duty::ReportUploaded { .. }) => Duty::Idle,
            (Self::Copies, Duty::Commit { task: id, .. }) => {
                match task.and_then(|task| others_commitment(task, me)) {
                    Some(commitment) => Duty::Commit { task: id, commitment },
                    None => Duty::Idle,
                }
            }
            (_, duty) => duty,
        }
    }
}

fn others_commitment(task: &TaskView, me: &Address) -> Option<Hash> {
    seat(task, me)?;
    task.seats.iter().filter(|seat| seat.node != *me).find_map(|seat| seat.commitment)
}

/// Looks random, differs between nodes and tasks, and is the same in every run of one seed.
fn fake_digest(secret: &[u8; 32], task: u64) -> Hash {
    Hash::of(Tag::COMPUTE_SALT, &[b"fake", secret, &task.to_le_bytes()])
}

/// Of the length an honest one has, with every bit turned.
fn fake_fingerprint(honest: &Outcome) -> Vec<u8> {
    match honest {
        Outcome::Result { fingerprint, .. } => fingerprint.iter().map(|byte| !byte).collect(),
        Outcome::Error { .. } | Outcome::Unavailable => Vec::new(),
    }
}
