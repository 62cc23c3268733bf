//! What must hold in every simulated run, one property a file. Each is told what happens and says when it is broken.

mod agreement;
mod blame;
mod bounds;
mod conservation;
mod double_vote;
mod durability;
mod evidence;
mod roots;
mod validity;

pub use agreement::Agreement;
pub use blame::Blame;
pub use bounds::Bounds;
pub use conservation::Conservation;
pub use double_vote::DoubleVote;
pub use durability::Durability;
pub use evidence::NoFalseEvidence;
pub use roots::Roots;
pub use validity::Validity;

use hydrogen_core::{ChainReader, Committed, Genesis};
use hydrogen_p2p::consensus::{Host, Said};

/// Something that happened at an honest node.
pub enum Seen<'a> {
    /// It started, or started again.
    Booted {
        /// Which.
        node: usize,
        /// Its chain.
        reader: &'a ChainReader,
    },
    /// Its store was taken away on purpose.
    StoreLost {
        /// Which.
        node: usize,
    },
    /// A loss of power took some of the newest blocks of its store, which others have.
    BlocksLost {
        /// Which.
        node: usize,
    },
    /// It said something to other validators.
    Said {
        /// Which.
        node: usize,
        /// What.
        said: &'a Said,
    },
    /// It committed a block.
    Committed {
        /// Which.
        node: usize,
        /// The block.
        committed: &'a Committed,
        /// Whether it came from a peer, with its certificate.
        fetched: bool,
        /// Its chain.
        reader: &'a ChainReader,
        /// The latest time that the clock of any honest node shows, in ms since 1970.
        latest_ms: u64,
    },
    /// It has taken an input.
    Stepped {
        /// Which.
        node: usize,
        /// Itself.
        host: &'a Host,
    },
    /// It blamed another.
    Blamed {
        /// Which.
        node: usize,
        /// Whom.
        peer: usize,
        /// Whether that one is honest too.
        honest: bool,
        /// Why.
        reason: &'static str,
    },
    /// It found proof that a validator equivocated.
    Accused {
        /// Which.
        node: usize,
        /// Whom.
        accused: usize,
        /// Whether that one is honest too.
        honest: bool,
    },
}

/// A property of a run.
pub trait Invariant {
    /// Its name.
    fn name(&self) -> &'static str;

    /// Takes note of what happened.
    ///
    /// # Errors
    /// How it breaks the property, with the values.
    fn see(&mut self, seen: &Seen<'_>) -> Result<(), String>;
}

/// All of them, for a chain that starts from `genesis`.
#[must_use]
pub fn all(genesis: &Genesis) -> Vec<Box<dyn Invariant>> {
    vec![
        Box::new(Agreement::default()),
        Box::new(Validity::new(genesis)),
        Box::new(DoubleVote::default()),
        Box::new(Durability::default()),
        Box::new(Roots),
        Box::new(Conservation::new(genesis)),
        Box::new(Bounds),
        Box::new(Blame),
        Box::new(NoFalseEvidence),
    ]
}
