//! What each fault costs (`task-protocol`, section 8).

use crate::money::permille;
use hydrogen_types::Amount;
use hydrogen_types::task::{PenaltyReason, TaskConfig};

/// The fine for `reason` under the task's configuration, with `share` a third of its fee: the larger of a part of
/// `stake_min` and a multiple of the share. What is taken is at most the stake.
pub(crate) fn fine(config: &TaskConfig, share: Amount, reason: PenaltyReason) -> Amount {
    let (of_stake, of_share) = match reason {
        PenaltyReason::MissedCommit | PenaltyReason::InexcusableUnavailable => {
            (config.missed_commit_permille, config.missed_commit_share_permille)
        }
        PenaltyReason::MissedReveal => (config.missed_reveal_permille, config.missed_reveal_share_permille),
        PenaltyReason::MissedUpload => (config.missed_upload_permille, config.missed_upload_share_permille),
        PenaltyReason::Cheat => (config.cheat_permille, config.cheat_share_permille),
        PenaltyReason::PanelTimedOut | PenaltyReason::StakeTooLow => return Amount::ZERO,
    };
    permille(config.stake_min, of_stake).max(permille(share, of_share))
}

#[cfg(test)]
mod tests {
    use super::fine;
    use hydrogen_types::Amount;
    use hydrogen_types::task::{PenaltyReason, TaskConfig};

    fn check(share: u64, reason: PenaltyReason, expected: u64) {
        assert_eq!(
            fine(&TaskConfig::default(), Amount::cnx(share), reason),
            Amount::cnx(expected),
            "{reason:?}"
        );
    }

    #[test]
    fn a_small_share_is_fined_by_the_stake_and_a_large_one_by_itself() {
        check(1, PenaltyReason::MissedCommit, 4);
        check(100, PenaltyReason::MissedCommit, 150);
        check(1, PenaltyReason::InexcusableUnavailable, 4);
        check(1, PenaltyReason::MissedReveal, 40);
        check(100, PenaltyReason::MissedReveal, 300);
        check(1, PenaltyReason::MissedUpload, 4);
        check(100, PenaltyReason::MissedUpload, 100);
        check(1, PenaltyReason::Cheat, 80);
        check(10, PenaltyReason::Cheat, 400);
        check(100, PenaltyReason::PanelTimedOut, 0);
    }
}
