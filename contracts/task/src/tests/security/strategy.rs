//! The strategies of section 13: what a party plays in each of its seats, once it knows how many of them it has.

use super::super::net::result;
use hydrogen_types::task::{Outcome, error_code};

/// What one dishonest seat does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Move {
    /// Computes the true result and reveals it.
    Work,
    /// Commits to an invented result, the same in all seats of the party, and reveals it.
    Fake,
    /// The same, but reveals nothing.
    FakeAndHide,
    /// Never commits.
    Silent,
    /// Claims that no relay gave the arguments.
    Unavailable,
    /// Reports an error of the program, the same in all seats of the party.
    Error,
}

impl Move {
    /// Every move.
    pub(super) const ALL: [Self; 6] =
        [Self::Work, Self::Fake, Self::FakeAndHide, Self::Silent, Self::Unavailable, Self::Error];

    /// What it commits to.
    pub(super) fn outcome(self) -> Option<Outcome> {
        match self {
            Self::Work => Some(truth()),
            Self::Fake | Self::FakeAndHide => Some(result("fake")),
            Self::Silent => None,
            Self::Unavailable => Some(Outcome::Unavailable),
            Self::Error => Some(Outcome::Error { code: error_code::TRAP }),
        }
    }
}

/// What an honest node finds.
pub(super) fn truth() -> Outcome {
    result("true")
}

/// A strategy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strategy {
    AlwaysFake,
    FakeAndHide,
    SilentUnlessPaired,
    UnavailableUnlessPaired,
    ReportErrors,
    WithholdUpload,
    HonestUnlessPaired,
}

impl Strategy {
    /// Every strategy, in the order of the tables.
    pub(super) const ALL: [Self; 7] = [
        Self::AlwaysFake,
        Self::FakeAndHide,
        Self::SilentUnlessPaired,
        Self::UnavailableUnlessPaired,
        Self::ReportErrors,
        Self::WithholdUpload,
        Self::HonestUnlessPaired,
    ];

    /// Its name in the tables.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::AlwaysFake => "always fake",
            Self::FakeAndHide => "fake and hide",
            Self::SilentUnlessPaired => "time out unless paired",
            Self::UnavailableUnlessPaired => "`Unavailable` unless paired",
            Self::ReportErrors => "report errors",
            Self::WithholdUpload => "withhold the upload",
            Self::HonestUnlessPaired => "honest unless paired",
        }
    }

    /// What each of its seats does when it has `seats` of them.
    pub(super) fn plays(self, seats: usize) -> Move {
        let alone = match self {
            Self::AlwaysFake => Move::Fake,
            Self::FakeAndHide => Move::FakeAndHide,
            Self::SilentUnlessPaired => Move::Silent,
            Self::UnavailableUnlessPaired => Move::Unavailable,
            Self::ReportErrors => return Move::Error,
            Self::WithholdUpload => return Move::Work,
            Self::HonestUnlessPaired => Move::Work,
        };
        if seats > 1 { Move::Fake } else { alone }
    }

    /// Whether it uploads a result when it may.
    pub(super) fn uploads(self) -> bool {
        self != Self::WithholdUpload
    }

    /// Whether it lives from work where it can not decide alone: the one that no stake prevents.
    pub(super) fn is_honest_when_alone(self) -> bool {
        self == Self::HonestUnlessPaired
    }
}
