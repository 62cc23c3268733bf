//! What parties do next: the step that a task waits for, mostly, or anything by anybody.

use super::model;
use super::play::{Play, people, pick};
use super::wishes::{config, found, receipt_of, relay_key, wish};
use crate::tests::calls::Call;
use crate::tests::net::*;
use hydrogen_types::task::TaskState::{Created, Executing, Revealing, Started, Success, Validated};
use hydrogen_types::task::{BlobKind, Comparison, Outcome, RelayReceipt, TaskState, commitment};
use hydrogen_types::{Address, Amount, ChainId, Hash};

impl Play {
    /// What the task's state asks for, mostly.
    pub(super) fn act(&mut self, id: u64, seat: u8, say: u8) {
        let Some(task) = self.model.tasks.get(&id) else { return };
        let (state, creator) = (task.state, task.creator);
        let comparison = task.comparison.clone();
        // Mostly somebody whose turn it is.
        let idle = |seat: &model::Seat| match state {
            Executing => seat.commitment.is_none(),
            _ => seat.commitment.is_some() && seat.outcome.is_none(),
        };
        let waiting = (0..task.seats.len()).find(|round| idle(&task.seats[*round]));
        let round = waiting.filter(|_| !seat.is_multiple_of(4)).unwrap_or(usize::from(seat / 4 % 3));
        let Some(node) = task.seats.get(round).map(|seat| seat.node) else {
            if state == Created {
                self.block(100, 100, !say.is_multiple_of(8));
            }
            return;
        };
        if state == Revealing && waiting.is_none() && !seat.is_multiple_of(4) {
            return self.block(100, 100, true);
        }
        let uploader = task.uploader.map_or(node, |round| task.seats[round].node);
        match state {
            Started if say.is_multiple_of(8) => self.call(creator, &Call::Cancel(id)),
            Started => {
                let receipt = self.receipt(id, BlobKind::Args, Hash::sha256(b"args"), creator, say);
                self.call(creator, &Call::Args(id, receipt));
            }
            Executing => {
                let outcome = found(&comparison, say);
                let chain_id: &ChainId = &self.model.chain_id;
                let hash = commitment(chain_id, id, &node, &outcome, &SALT);
                self.call(node, &Call::Commit(id, hash));
                self.said.entry((id, node)).or_insert(outcome);
            }
            Revealing => {
                let outcome = self.said.get(&(id, node)).cloned().unwrap_or(Outcome::Unavailable);
                let call = match say % 32 {
                    0 => Call::Reveal(id, found(&comparison, say / 32), SALT),
                    1 => Call::Reveal(id, outcome, [0; 32]),
                    2 => Call::Reveal(id, Outcome::Error { code: 9 }, SALT),
                    3 => Call::Reveal(id, Outcome::Result { digest: Hash::ZERO, fingerprint: vec![1] }, SALT),
                    _ => Call::Reveal(id, outcome, SALT),
                };
                self.call(node, &call);
            }
            Validated => {
                let node = if say.is_multiple_of(4) { node } else { uploader };
                let receipt = self.receipt(id, BlobKind::Result, self.digest(id, node), node, say);
                self.call(node, &Call::Report(id, receipt));
            }
            Created | Success | TaskState::Aborted => {}
        }
    }

    /// What a node has said its result is.
    fn digest(&self, id: u64, node: Address) -> Hash {
        match self.said.get(&(id, node)) {
            Some(Outcome::Result { digest, .. }) => *digest,
            _ => Hash::ZERO,
        }
    }

    /// Any method, with arguments as right as this caller can make them.
    pub(super) fn any(&self, who: Address, what: u8, id: u64, say: u8) -> Call {
        let id = if say == 0 { id + 1_000 } else { id };
        let comparison = self.model.tasks.get(&id).map_or(Comparison::Exact, |task| task.comparison.clone());
        let outcome = self.said.get(&(id, who)).cloned().unwrap_or_else(|| found(&comparison, say));
        match what % 16 {
            0 => Call::Create(wish(say)),
            1 => Call::Args(id, self.receipt(id, BlobKind::Args, Hash::sha256(b"args"), who, say)),
            2 => Call::Commit(id, Hash::sha256(&[say])),
            3 => Call::Reveal(id, outcome, SALT),
            4 => Call::Report(id, self.receipt(id, BlobKind::Result, self.digest(id, who), who, say)),
            5 => Call::Cancel(id),
            6..=8 => Call::Expire(id),
            9 => Call::Join(Amount::cnx(400), None),
            10 => Call::AddStake(Amount::cnx(1)),
            11 => Call::Pause,
            12 => Call::Resume,
            13 => Call::Quit,
            14 => Call::Withdraw,
            _ => self.owners(say / 16, say),
        }
    }

    pub(super) fn owners(&self, what: u8, say: u8) -> Call {
        let relay = relay_key(say);
        match what % 8 {
            0..=2 => Call::RegisterRelay(relay, "http://127.0.0.1:2".into()),
            3 | 4 => Call::RemoveRelay(Address::of_key(&relay)),
            5 => Call::SetConfig(Box::new(config(say))),
            6 => Call::OfferOwnership(pick(&people(), say)),
            _ => Call::AcceptOwnership,
        }
    }

    /// The receipt of a relay that serves the task, mostly.
    fn receipt(&self, task: u64, kind: BlobKind, digest: Hash, uploader: Address, say: u8) -> RelayReceipt {
        let first = Address::of_key(&RELAY);
        let serving = |last: &Option<u64>| last.is_none_or(|last| task <= last);
        let drains = self.model.relays.iter().find(|(_, last)| !serving(last)).map(|(relay, _)| *relay);
        let relay = match self.model.relays.get(&first) {
            _ if say % 4 == 2 && drains.is_some() => drains.unwrap_or(first),
            Some(last) if serving(last) => first,
            _ => self.model.relays.iter().find(|(_, last)| serving(last)).map_or(first, |(relay, _)| *relay),
        };
        receipt_of(task, kind, digest, uploader, relay, say)
    }
}
