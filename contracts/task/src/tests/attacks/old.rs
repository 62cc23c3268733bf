//! The rules that the attacks were made for, as small as they can be: one task with a fee of 30, three nodes with 400
//! at stake each, one deadline, an operator who owns the contract.

use super::{SHARE, STAKE};

/// Minutes until somebody may cancel.
pub(super) const PATIENCE_MINUTES: u64 = 15;

/// A task under the old rules, and what everybody has of it so far.
#[derive(Debug, Clone)]
pub(super) struct OldTask {
    /// Of the nodes.
    pub(super) nodes: [i128; 3],
    /// Of the creator.
    pub(super) creator: i128,
    /// Of the contract's owner.
    pub(super) owner: i128,
    /// Minutes the nodes were bound.
    pub(super) minutes: u64,
    /// Whether the result can be fetched.
    pub(super) served: bool,
    stakes: [i128; 3],
    escrow: i128,
    /// Results as numbers, in the order of their disclosure.
    disclosed: Vec<(usize, u64)>,
    errors: Vec<usize>,
    /// The two that made it a success.
    agreed: Option<(usize, usize)>,
}

impl OldTask {
    pub(super) fn new() -> Self {
        Self {
            nodes: [0; 3],
            creator: -3 * SHARE,
            owner: 0,
            minutes: 0,
            served: false,
            stakes: [STAKE; 3],
            escrow: 3 * SHARE,
            disclosed: Vec::new(),
            errors: Vec::new(),
            agreed: None,
        }
    }

    fn pay(&mut self, node: usize) {
        let paid = SHARE.min(self.escrow);
        self.escrow -= paid;
        self.nodes[node] += paid;
    }

    /// The whole stake goes to the owner.
    fn slash(&mut self, node: usize) {
        let stake = std::mem::take(&mut self.stakes[node]);
        self.nodes[node] -= stake;
        self.owner += stake;
    }

    /// A result is shown, and judged at once against what was shown before.
    pub(super) fn disclose(&mut self, node: usize, shown: u64, agree: impl Fn(u64, u64) -> bool) {
        let earlier = self.disclosed.clone();
        self.disclosed.push((node, shown));
        if let Some((first, _)) = self.agreed {
            let (_, valid) = earlier[earlier.iter().position(|(by, _)| *by == first).expect("it was shown")];
            return if agree(valid, shown) { self.pay(node) } else { self.slash(node) };
        }
        if let Some((other, _)) = earlier.iter().find(|(_, found)| agree(*found, shown)) {
            // The first of them is to upload and is paid for that.
            self.agreed = Some((*other, node));
            self.served = true;
            self.pay(node);
            for (loser, _) in earlier.iter().filter(|(by, _)| by != other) {
                self.slash(*loser);
            }
        }
    }

    /// An error, in clear. Two of them end the task: both are paid, a result is slashed.
    pub(super) fn report_error(&mut self, node: usize) {
        self.errors.push(node);
        if let [one, other] = self.errors[..] {
            self.pay(one);
            self.pay(other);
            self.slash(3 - one - other);
            self.end();
        }
    }

    /// Whoever is to upload says that it did.
    pub(super) fn claim_upload(&mut self) {
        let (uploader, _) = self.agreed.expect("two agree");
        self.pay(uploader);
    }

    /// Takes what can be had back at any time, and ends the task whatever it was.
    pub(super) fn cancel(&mut self) {
        self.served = false;
        self.end();
    }

    /// Nothing happens until somebody may cancel, and does.
    pub(super) fn wait_and_cancel(&mut self) {
        self.minutes += PATIENCE_MINUTES;
        self.cancel();
    }

    /// Leaves at once, with the stake.
    pub(super) fn quit(&mut self, node: usize) {
        self.stakes[node] = 0;
    }

    fn end(&mut self) {
        self.creator += std::mem::take(&mut self.escrow);
    }
}

pub(super) fn equal(one: u64, other: u64) -> bool {
    one == other
}

/// All honest, so that the model is not only good at losing.
#[test]
fn an_honest_task_pays_three_shares() {
    let mut task = OldTask::new();
    for node in 0..3 {
        task.disclose(node, 7, equal);
    }
    task.claim_upload();
    assert_eq!((task.nodes, task.creator, task.owner), ([SHARE; 3], -3 * SHARE, 0));
    assert!(task.served);
}
