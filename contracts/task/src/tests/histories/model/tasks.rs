//! What happens to a task by itself: draws, deadlines, verdicts, and where its money goes.

use super::{CALL_GAS, CALLS_MAX, Due, Model, Seat};
use crate::tests::rows::{Back, Brought, Gain, Loss, NEAR, Panel, SIMILAR, expected, fingerprint};
use hydrogen_types::Hash;
use hydrogen_types::task::TaskState::{Aborted, Created, Executing, Revealing, Started, Success, Validated};
use hydrogen_types::task::{
    AbortReason, Comparison, NodeState, Outcome, PenaltyReason, TaskConfig, draw_picks, draw_seed,
};

impl Model {
    /// Its waiting call runs, and is paid for.
    pub(super) fn run(&mut self, id: u64, due: Due) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        if task.due.map(|(waiting, _)| waiting) != Some(due) {
            return;
        }
        task.due = None;
        task.calls_run += 1;
        self.gas += CALL_GAS * self.tasks[&id].gas_price;
        match due {
            Due::Draw(_) => self.draw(id),
            Due::Judge(_) | Due::Deadline(_) => self.over(id),
        }
    }

    /// The next deadline, in place of what the task waited for.
    pub(super) fn wait(&mut self, id: u64, at: u64) {
        self.calls += 1;
        let task = self.tasks.get_mut(&id).expect("it exists");
        task.deadline_ms = Some(at);
        task.due = Some((Due::Deadline(at), self.calls));
    }

    fn rules(&self, id: u64) -> &TaskConfig {
        &self.configs[self.tasks[&id].config]
    }

    fn draw(&mut self, id: u64) {
        let name = self.tasks[&id].list.clone();
        let list = self.lists.get(&name).cloned().unwrap_or_default();
        let picks = draw_picks(&draw_seed(&self.beacon, id), list.len() as u64);
        self.tasks.get_mut(&id).expect("it exists").draw_height = self.height;
        let Some(picks) = picks else { return self.abort(id, AbortReason::NotEnoughNodes, 0, 0) };
        for pick in picks {
            let node = self.lists[&name][usize::try_from(pick).expect("small")];
            self.enter(node, NodeState::Busy);
            self.nodes.get_mut(&node).expect("it was listed").task = Some(id);
            let seat = Seat { node, commitment: None, outcome: None, settled: false, paid: 0, fined: 0 };
            self.tasks.get_mut(&id).expect("it exists").seats.push(seat);
        }
        self.tasks.get_mut(&id).expect("it exists").state = Started;
        let at = self.now_ms + self.rules(id).args_ms;
        self.wait(id, at);
    }

    /// The running stage ends now: its time is over, or all that it waits for is in.
    pub(super) fn over(&mut self, id: u64) {
        let task = &self.tasks[&id];
        match task.state {
            Created => self.abort(id, AbortReason::NotEnoughNodes, 0, 0),
            Started => self.give_up(id, AbortReason::ArgsNotUploaded),
            Executing if task.seats.iter().any(|seat| seat.commitment.is_some()) => self.open_reveals(id),
            Executing | Revealing => self.judge(id),
            Validated => self.upload_missed(id),
            Success | Aborted => panic!("what ended waits for nothing"),
        }
    }

    pub(super) fn open_reveals(&mut self, id: u64) {
        let at = self.now_ms + self.rules(id).reveal_ms;
        self.tasks.get_mut(&id).expect("it exists").state = Revealing;
        self.wait(id, at);
    }

    fn cancel_fee(&self, id: u64) -> u128 {
        let (rules, fee) = (self.rules(id), self.tasks[&id].fee);
        (fee * u128::from(rules.cancel_permille) / 1_000).max(3 * rules.fee_per_node_min.get())
    }

    /// The cancel fee goes to the panel.
    pub(super) fn give_up(&mut self, id: u64, reason: AbortReason) {
        let part = self.cancel_fee(id) / 3;
        for round in 0..3 {
            self.settle(id, round, part, 0, None);
        }
        self.abort(id, reason, 0, 0);
    }

    /// Section 6 over what is in.
    fn judge(&mut self, id: u64) {
        let task = &self.tasks[&id];
        let near = if task.comparison == Comparison::Exact { &[][..] } else { NEAR };
        let brought = [0, 1, 2].map(|round| brought(&task.comparison, &task.seats[round]));
        let verdict = expected(&Panel { seats: brought, near });
        let share = task.fee / 3;
        let fault = |round: usize| match (verdict.seats[round].1, brought[round]) {
            (Loss::None, _) => None,
            (Loss::P, Brought::Unavailable) => Some(PenaltyReason::InexcusableUnavailable),
            (Loss::P, _) => Some(PenaltyReason::MissedCommit),
            (Loss::Q, _) => Some(PenaltyReason::MissedReveal),
            (Loss::Cheat, _) => Some(PenaltyReason::Cheat),
            (Loss::Pause, _) => Some(PenaltyReason::PanelTimedOut),
        };
        // Fines first: they may pay another.
        for round in (0..3).filter(|round| fault(*round).is_some()) {
            self.settle(id, round, 0, 0, fault(round));
        }
        let fines = self.tasks[&id].fines;
        for round in (0..3).filter(|round| fault(*round).is_none() && verdict.uploader != Some(*round)) {
            match verdict.seats[round].0 {
                Gain::None => self.settle(id, round, 0, 0, None),
                Gain::Share => self.settle(id, round, share, 0, None),
                Gain::Half => self.settle(id, round, share / 2, 0, None),
                Gain::Fines => self.settle(id, round, 0, share.min(fines), None),
            }
        }
        if let Some(reason) = verdict.row.ends {
            let burned = if verdict.row.back == Back::AllButCancelFee { self.cancel_fee(id) } else { 0 };
            return self.abort(id, reason, burned, 0);
        }
        let at = self.now_ms + self.rules(id).upload_ms;
        let task = self.tasks.get_mut(&id).expect("it exists");
        task.state = Validated;
        task.uploader = verdict.uploader;
        task.agreeing = [0, 1, 2].map(|round| verdict.seats[round].0 == Gain::Share);
        self.wait(id, at);
    }

    fn upload_missed(&mut self, id: u64) {
        let task = &self.tasks[&id];
        if task.open {
            let to_creator = task.upload_fine.min(task.paid);
            return self.abort(id, AbortReason::ResultNotUploaded, 0, to_creator);
        }
        let uploader = task.uploader.expect("it is valid");
        self.settle(id, uploader, 0, 0, Some(PenaltyReason::MissedUpload));
        let at = self.now_ms + self.rules(id).upload_ms;
        let task = self.tasks.get_mut(&id).expect("it exists");
        (task.open, task.uploader) = (true, None);
        task.upload_fine = task.seats[uploader].fined;
        self.wait(id, at);
    }

    /// The fine of section 8, of the task's configuration.
    fn fine(&self, id: u64, reason: PenaltyReason) -> u128 {
        let (rules, share) = (self.rules(id), self.tasks[&id].fee / 3);
        let (of_stake, of_share) = match reason {
            PenaltyReason::MissedCommit | PenaltyReason::InexcusableUnavailable => {
                (rules.missed_commit_permille, rules.missed_commit_share_permille)
            }
            PenaltyReason::MissedReveal => (rules.missed_reveal_permille, rules.missed_reveal_share_permille),
            PenaltyReason::MissedUpload => (rules.missed_upload_permille, rules.missed_upload_share_permille),
            PenaltyReason::Cheat => (rules.cheat_permille, rules.cheat_share_permille),
            _ => (0, 0),
        };
        let part = |whole: u128, permille: u64| whole * u128::from(permille) / 1_000;
        part(rules.stake_min.get(), of_stake).max(part(share, of_share))
    }

    /// Pays, fines and lets go.
    pub(super) fn settle(
        &mut self,
        id: u64,
        round: usize,
        pay: u128,
        compensation: u128,
        fault: Option<PenaltyReason>,
    ) {
        let who = self.tasks[&id].seats[round].node;
        if let Some(reason) = fault {
            let fine = self.fine(id, reason);
            let node = self.nodes.get_mut(&who).expect("it is bound");
            let fine = fine.min(node.stake);
            node.stake -= fine;
            node.penalise(id, reason, fine);
            let task = self.tasks.get_mut(&id).expect("it exists");
            task.fines += fine;
            task.seats[round].fined += fine;
        }
        self.pay(id, round, pay, compensation);
        self.tasks.get_mut(&id).expect("it exists").seats[round].settled = true;
        self.let_go(id, who, fault);
    }

    pub(super) fn pay(&mut self, id: u64, round: usize, pay: u128, compensation: u128) {
        let task = self.tasks.get_mut(&id).expect("it exists");
        let who = task.seats[round].node;
        task.paid += pay;
        task.compensated += compensation;
        task.seats[round].paid += pay + compensation;
        if pay + compensation == 0 {
            return;
        }
        self.give(who, pay + compensation);
        if let Some(node) = self.nodes.get_mut(&who) {
            node.earned += pay + compensation;
            node.tasks_paid += 1;
        }
    }

    fn abort(&mut self, id: u64, reason: AbortReason, from_fee: u128, to_creator: u128) {
        let task = self.tasks.get_mut(&id).expect("it exists");
        (task.state, task.reason) = (Aborted, Some(reason));
        self.end(id, from_fee, to_creator);
    }

    /// `from_fee` is burned; the creator gets `to_creator` of the fines, the rest of the fee, and of the deposit what
    /// no call used.
    pub(super) fn end(&mut self, id: u64, from_fee: u128, to_creator: u128) {
        let removal_ms = self.now_ms + self.rules(id).task_retention_ms;
        let task = self.tasks.get_mut(&id).expect("it exists");
        (task.deadline_ms, task.due) = (None, None);
        task.compensated += to_creator;
        task.refunded = task.fee - task.paid - from_fee;
        task.burned = from_fee + task.fines - task.compensated;
        let deposit = (CALLS_MAX - task.calls_run) * CALL_GAS * task.gas_price;
        let (creator, back, burned) = (task.creator, task.refunded + to_creator + deposit, task.burned);
        match task.state {
            Success => self.successes += 1,
            _ => self.aborts += 1,
        }
        self.give(creator, back);
        self.burned += burned;
        self.ended.push((id, removal_ms));
        self.forget_relays();
        // As many as were added, so that they do not pile up when nobody creates tasks.
        self.sweep(1);
    }
}

/// What a seat brought, by the letters that histories use.
fn brought(comparison: &Comparison, seat: &Seat) -> Brought {
    match (&seat.outcome, seat.commitment) {
        (None, None) => Brought::MissedCommit,
        (None, Some(_)) => Brought::MissedReveal,
        (Some(Outcome::Unavailable), _) => Brought::Unavailable,
        (Some(Outcome::Error { code }), _) => Brought::Error(*code),
        (Some(Outcome::Result { digest, fingerprint: print }), _) => {
            let is = |letter: &char| match comparison {
                Comparison::Exact => Hash::sha256(letter.to_string().as_bytes()) == *digest,
                Comparison::Similar { .. } => fingerprint(*letter) == *print,
            };
            Brought::Result(SIMILAR.chars().find(is).expect("a history has five results"))
        }
    }
}
