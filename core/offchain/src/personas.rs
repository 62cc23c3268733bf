//! How nodes misbehave, for harnesses and test networks: a persona bends what an honest node would do.
//!
//! ```text
//! reconcile --> Duty --> Actor::bend --> the driver does it
//!                          FetchAndRun: Actor::instead_of_work, or the work and then Actor::keep
//! ```
//!
//! Accomplices know each other by their addresses alone, and what they say together follows from these addresses and
//! the task: so they agree in one process and in many, without a word.

#[cfg(test)]
mod tests;

use crate::agreement::seat;
use crate::compute::{Duty, Me};
use hydrogen_types::hash::Tag;
use hydrogen_types::task::{Comparison, Outcome, TaskView, error_code};
use hydrogen_types::{Address, Hash};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Bytes of a fingerprint that is made up: one item.
const FAKE_FINGERPRINT_BYTES: usize = 8;

/// The kind of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Persona {
    /// Does what it should.
    Honest,
    /// Never runs anything: reports a result that looks random and is its own.
    Fakes,
    /// Reports one fake with its accomplice when two of them are in a panel; alone it does what it should.
    FakesWhenPaired,
    /// Commits to what another member committed to, which it then cannot reveal.
    Copies,
    /// Never commits.
    Lazy,
    /// Commits, then is silent.
    NeverReveals,
    /// Never uploads.
    NeverUploads,
    /// Brings other bytes to the relay than it revealed the digest of.
    UploadsGarbage,
    /// Reports an error of the task instead of its result.
    ErrorReporter,
    /// Claims that no relay gave the arguments.
    ClaimsUnavailable,
    /// Joined, then gone.
    Offline,
}

impl Persona {
    /// All kinds.
    pub const ALL: [Self; 11] = [
        Self::Honest,
        Self::Fakes,
        Self::FakesWhenPaired,
        Self::Copies,
        Self::Lazy,
        Self::NeverReveals,
        Self::NeverUploads,
        Self::UploadsGarbage,
        Self::ErrorReporter,
        Self::ClaimsUnavailable,
        Self::Offline,
    ];

    /// Its name in plans, status and transcripts.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Honest => "honest",
            Self::Fakes => "cheat",
            Self::FakesWhenPaired => "paired cheat",
            Self::Copies => "copies",
            Self::Lazy => "lazy",
            Self::NeverReveals => "never reveals",
            Self::NeverUploads => "never uploads",
            Self::UploadsGarbage => "uploads garbage",
            Self::ErrorReporter => "reports errors",
            Self::ClaimsUnavailable => "claims unavailable",
            Self::Offline => "offline",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|persona| persona.name() == name)
    }
}

/// What a node says of a task, with the result bytes it keeps for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What it commits to and reveals.
    pub outcome: Outcome,
    /// What it would bring to a relay.
    pub bytes: Option<Vec<u8>>,
}

/// A node's persona, and whom it is in league with.
#[derive(Debug, Clone)]
pub struct Actor {
    persona: Persona,
    /// Addresses of all nodes of the league, this one's among them.
    league: Arc<BTreeSet<Address>>,
}

impl From<Persona> for Actor {
    fn from(persona: Persona) -> Self {
        Self { persona, league: Arc::default() }
    }
}

impl Actor {
    /// A node of a network: its accomplices are all nodes there of its own persona.
    #[must_use]
    pub fn among(persona: Persona, nodes: impl IntoIterator<Item = (Address, Persona)>) -> Self {
        let same = nodes.into_iter().filter(|(_, other)| *other == persona).map(|(address, _)| address);
        Self { persona, league: Arc::new(same.collect()) }
    }

    /// Its persona.
    #[must_use]
    pub const fn persona(&self) -> Persona {
        self.persona
    }

    /// What it says without fetching or running anything; `None` if it does the work.
    #[must_use]
    pub fn instead_of_work(&self, task: &TaskView, me: &Me) -> Option<Answer> {
        let id = task.id.to_le_bytes();
        let said = |outcome| Some(Answer { outcome, bytes: None });
        match self.persona {
            Persona::Fakes => Some(fake(task, &[b"alone", &me.salt_secret, &id])),
            Persona::FakesWhenPaired if self.is_paired(task, &me.address) => {
                let league: Vec<u8> = self.league.iter().flat_map(|node| *node.as_bytes()).collect();
                Some(fake(task, &[b"together", &league, &id]))
            }
            Persona::ErrorReporter => said(Outcome::Error { code: error_code::TRAP }),
            Persona::ClaimsUnavailable => said(Outcome::Unavailable),
            Persona::Honest
            | Persona::FakesWhenPaired
            | Persona::Copies
            | Persona::Lazy
            | Persona::NeverReveals
            | Persona::NeverUploads
            | Persona::UploadsGarbage
            | Persona::Offline => None,
        }
    }

    /// What it keeps of the answer that its work gave.
    #[must_use]
    pub fn keep(&self, answer: Answer) -> Answer {
        let Answer { outcome, bytes } = answer;
        let bytes = match self.persona {
            Persona::UploadsGarbage => bytes.map(|bytes| [b"garbage ".as_slice(), &bytes].concat()),
            _ => bytes,
        };
        Answer { outcome, bytes }
    }

    /// What it does in the place of an honest node's duty.
    #[must_use]
    pub fn bend(&self, duty: Duty, task: Option<&TaskView>, me: &Address) -> Duty {
        match (self.persona, duty) {
            (Persona::Offline, _)
            | (Persona::Lazy, Duty::Commit { .. })
            | (Persona::NeverReveals, Duty::Reveal { .. })
            | (Persona::NeverUploads, Duty::Upload { .. } | Duty::ReportUploaded { .. }) => Duty::Idle,
            (Persona::Copies, Duty::Commit { task: id, .. }) => {
                match task.and_then(|task| others_commitment(task, me)) {
                    Some(commitment) => Duty::Commit { task: id, commitment },
                    None => Duty::Idle,
                }
            }
            (_, duty) => duty,
        }
    }

    fn is_paired(&self, task: &TaskView, me: &Address) -> bool {
        let in_league = |node: &Address| node != me && self.league.contains(node);
        seat(task, me).is_some() && task.seats.iter().any(|seat| in_league(&seat.node))
    }
}

fn others_commitment(task: &TaskView, me: &Address) -> Option<Hash> {
    seat(task, me)?;
    task.seats.iter().filter(|seat| seat.node != *me).find_map(|seat| seat.commitment)
}

/// A result that looks random and is the same in every run from the same parts. For a similar task its fingerprint is
/// made up too: a relay that runs the fingerprint program refuses the bytes.
fn fake(task: &TaskView, parts: &[&[u8]]) -> Answer {
    let bytes = Hash::of(Tag::COMPUTE_SALT, parts).as_bytes().to_vec();
    let fingerprint = match task.comparison {
        Comparison::Exact => Vec::new(),
        Comparison::Similar { .. } => bytes[..FAKE_FINGERPRINT_BYTES].to_vec(),
    };
    Answer { outcome: Outcome::Result { digest: Hash::sha256(&bytes), fingerprint }, bytes: Some(bytes) }
}
