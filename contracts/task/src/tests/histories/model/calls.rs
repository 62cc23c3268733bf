//! What each step of a task is answered.

use super::{Answer, CALL_GAS, CALLS_MAX, Due, Model, Task};
use hydrogen_types::task::TaskState::{Aborted, Created, Executing, Revealing, Started, Success, Validated};
use hydrogen_types::task::{
    AbortReason, BlobKind, Comparison, CreateTask, Outcome, RelayReceipt, TaskState, commitment, task_default,
};
use hydrogen_types::{Address, Hash, Height, Signature};

/// A step of a party.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Args,
    Cancel,
    Commit,
    Reveal,
    Report,
}

impl Task {
    /// Why this step does not belong to the state: it had its time and that is over, or it never had.
    fn check_state(&self, step: Step) -> Answer {
        let own: TaskState = match step {
            Step::Args | Step::Cancel => Started,
            Step::Commit => Executing,
            Step::Reveal => Revealing,
            Step::Report => Validated,
        };
        if self.state == own {
            return Ok(());
        }
        // Stages that ended by their time alone; arguments and cancellation end with the upload.
        let late = match step {
            Step::Args | Step::Cancel => self.reason == Some(AbortReason::ArgsNotUploaded),
            Step::Commit => self.was_in(Executing),
            Step::Reveal => self.was_in(Revealing),
            Step::Report => self.reason == Some(AbortReason::ResultNotUploaded),
        };
        Err(if late { "TooLate" } else { "WrongState" })
    }

    /// Whether it has been in `stage` and is past it.
    fn was_in(&self, stage: TaskState) -> bool {
        let reached = match (self.state, self.reason) {
            (Aborted, Some(AbortReason::NotEnoughNodes)) => Created,
            (Aborted, Some(AbortReason::ArgsNotUploaded | AbortReason::Cancelled)) => Started,
            (Aborted, Some(AbortReason::NodesTimedOut)) => Executing,
            (Aborted, Some(AbortReason::ResultNotUploaded)) => Validated,
            (Aborted, _) => Revealing,
            (state, _) => state,
        };
        self.state != stage && reached >= stage
    }
}

impl Model {
    fn find(&self, id: u64) -> Result<&Task, &'static str> {
        self.tasks.get(&id).ok_or("TaskNotFound")
    }

    fn in_time(&self, id: u64) -> Answer {
        match self.tasks[&id].deadline_ms {
            Some(deadline_ms) if self.now_ms >= deadline_ms => Err("TooLate"),
            _ => Ok(()),
        }
    }

    pub(super) fn create(&mut self, who: Address, gas_price: u64, request: &CreateTask) -> Answer {
        let least_external_ms = match (&request.program, &request.external) {
            (Some(_), None) => None,
            (None, Some(name)) => Some(self.external(name)?),
            (Some(_), Some(_)) | (None, None) => return Err("NoProgram"),
        };
        if let Comparison::Similar { threshold, .. } = request.comparison
            && !(1..=32).contains(&threshold)
        {
            return Err("BadComparison");
        }
        let config = self.config().clone();
        let args_max = request.args_bytes_max.unwrap_or(task_default::ARGS_BYTES_MAX);
        let output_max = request.output_bytes_max.unwrap_or(task_default::OUTPUT_BYTES_MAX);
        let fuel_max = request.fuel_max.unwrap_or(task_default::FUEL_MAX);
        let fuel_ms = fuel_max.div_ceil(config.fuel_per_ms_min);
        // A program of fingerprints may burn as much again.
        let similar_ms = if request.comparison == Comparison::Exact { 0 } else { fuel_ms };
        let shortest = least_external_ms.unwrap_or(30_000 + fuel_ms + args_max.div_ceil(1_000)) + similar_ms;
        let timeout_ms = request.timeout_ms.unwrap_or(task_default::TIMEOUT_MS.max(shortest));
        if args_max > config.args_bytes_max || !(shortest..=config.timeout_ms_max).contains(&timeout_ms) {
            return Err("BadLimits");
        }
        let each = config.fee_per_node_min.get()
            + u128::from(timeout_ms) * config.fee_per_node_second_min.get() / 1_000;
        let fee = request.fee.get();
        if fee < 3 * each {
            return Err("FeeTooLow");
        }
        let deposit = CALLS_MAX * CALL_GAS * u128::from(gas_price);
        let (purses, allowances) = (self.purses.clone(), self.allowances.clone());
        self.pull(who, fee + deposit)?;
        let promised = 3 * self.tasks.values().filter(|task| task.state == Created).count();
        let list = request.external.clone().unwrap_or_default();
        if self.lists.get(&list).map_or(0, Vec::len) < promised + 3 {
            (self.purses, self.allowances) = (purses, allowances);
            return Err("NotEnoughNodes");
        }
        self.sweep(2);
        self.created += 1;
        self.calls += 1;
        self.draw_due = self.draw_due.max(self.height + config.draw_delay);
        let draw_due = self.draw_due;
        let task = Task {
            creator: who,
            gas_price: u128::from(gas_price),
            config: self.configs.len() - 1,
            fee,
            comparison: request.comparison.clone(),
            list,
            args_hash: request.args_hash,
            args_max,
            output_max,
            timeout_ms,
            state: Created,
            reason: None,
            deadline_ms: None,
            due: Some((Due::Draw(draw_due), self.calls)),
            calls_run: 0,
            draw_due,
            draw_height: 0,
            seats: Vec::new(),
            executing_ms: 0,
            uploader: None,
            open: false,
            agreeing: [false; 3],
            paid: 0,
            compensated: 0,
            fines: 0,
            upload_fine: 0,
            burned: 0,
            refunded: 0,
        };
        self.tasks.insert(self.created, task);
        Ok(())
    }

    /// Removes the tasks that ended first, if their time is over: at most `count`.
    pub(super) fn sweep(&mut self, count: usize) {
        for _ in 0..count {
            if self.ended.first().is_some_and(|(_, at)| self.now_ms >= *at) {
                let (id, _) = self.ended.remove(0);
                self.tasks.remove(&id);
            }
        }
    }

    /// A receipt must say that a registered relay holds these bytes from this account.
    fn check_receipt(
        &self,
        who: Address,
        id: u64,
        receipt: &RelayReceipt,
        (kind, digest, size_max): (BlobKind, Hash, u64),
    ) -> Answer {
        let body = &receipt.body;
        match self.relays.get(&body.relay) {
            None => return Err("UnknownRelay"),
            Some(Some(last)) if id > *last => return Err("RelayDraining"),
            Some(_) => {}
        }
        let (drawn, now) = (Height::new(self.tasks[&id].draw_height), Height::new(self.height));
        let about = (body.version, &body.chain_id, body.task, body.kind, body.digest, body.uploader);
        let right = about == (1, &self.chain_id, id, kind, digest, who)
            && body.size <= size_max
            && (drawn..=now).contains(&body.issued)
            && body.valid_until >= now
            && body.kept_ms > 0
            && receipt.signature == Signature([0; 64]);
        if right { Ok(()) } else { Err("BadReceipt") }
    }

    pub(super) fn args(&mut self, who: Address, id: u64, receipt: &RelayReceipt) -> Answer {
        let task = self.find(id)?;
        if task.creator != who {
            return Err("NotCreator");
        }
        task.check_state(Step::Args)?;
        let wanted = (BlobKind::Args, task.args_hash, task.args_max);
        self.in_time(id)?;
        self.check_receipt(who, id, receipt, wanted)?;
        let now_ms = self.now_ms;
        let task = self.tasks.get_mut(&id).expect("it was found");
        (task.state, task.executing_ms) = (Executing, now_ms);
        let deadline_ms = now_ms + task.timeout_ms;
        self.wait(id, deadline_ms);
        Ok(())
    }

    pub(super) fn cancel(&mut self, who: Address, id: u64) -> Answer {
        let task = self.find(id)?;
        if task.creator != who {
            return Err("NotCreator");
        }
        task.check_state(Step::Cancel)?;
        self.in_time(id)?;
        self.give_up(id, AbortReason::Cancelled);
        Ok(())
    }

    /// The caller's round; `None` where there is no panel yet.
    fn round(&self, who: Address, id: u64) -> Result<Option<usize>, &'static str> {
        let task = self.find(id)?;
        match task.seats.iter().position(|seat| seat.node == who) {
            None if !task.seats.is_empty() => Err("NotSelectedNode"),
            round => Ok(round),
        }
    }

    pub(super) fn commit(&mut self, who: Address, id: u64, commitment: Hash) -> Answer {
        let round = self.round(who, id)?;
        let task = &self.tasks[&id];
        if round.is_some_and(|round| task.seats[round].commitment.is_some()) {
            return Err("AlreadyCommitted");
        }
        task.check_state(Step::Commit)?;
        self.in_time(id)?;
        let (now_ms, config) = (self.now_ms, self.configs[task.config].clone());
        let task = self.tasks.get_mut(&id).expect("it was found");
        task.seats[round.expect("there is a panel")].commitment = Some(commitment);
        match task.seats.iter().filter(|seat| seat.commitment.is_some()).count() {
            3 => self.open_reveals(id),
            2 => {
                // As long again as the slower took, at least a minute, never more than all had.
                let took = (now_ms - task.executing_ms).max(config.straggler_ms_min);
                let at = (now_ms + took).min(task.executing_ms + task.timeout_ms);
                if task.deadline_ms != Some(at) {
                    self.wait(id, at);
                }
            }
            _ => {}
        }
        Ok(())
    }

    pub(super) fn reveal(&mut self, who: Address, id: u64, outcome: &Outcome, salt: &[u8; 32]) -> Answer {
        let round = self.round(who, id)?;
        let task = &self.tasks[&id];
        if round.is_some_and(|round| task.seats[round].outcome.is_some()) {
            return Err("AlreadyRevealed");
        }
        task.check_state(Step::Reveal)?;
        let round = round.expect("there is a panel");
        let Some(committed) = task.seats[round].commitment else { return Err("NotCommitted") };
        self.in_time(id)?;
        let sound = match (outcome, &task.comparison) {
            (Outcome::Error { code }, _) => (1..=7).contains(code),
            (Outcome::Result { fingerprint, .. }, Comparison::Exact) => fingerprint.is_empty(),
            (Outcome::Result { fingerprint, .. }, Comparison::Similar { .. }) => {
                (8..=512).contains(&fingerprint.len()) && fingerprint.len().is_multiple_of(8)
            }
            (Outcome::Unavailable, _) => true,
        };
        if !sound {
            return Err("BadOutcome");
        }
        if commitment(&self.chain_id, id, &who, outcome, salt) != committed {
            return Err("CommitmentMismatch");
        }
        let (height, calls) = (self.height, self.calls + 1);
        let task = self.tasks.get_mut(&id).expect("it was found");
        task.seats[round].outcome = Some(outcome.clone());
        if task.seats.iter().all(|seat| seat.commitment.is_none() || seat.outcome.is_some()) {
            task.due = Some((Due::Judge(height + 1), calls));
            self.calls = calls;
        }
        Ok(())
    }

    pub(super) fn report(&mut self, who: Address, id: u64, receipt: &RelayReceipt) -> Answer {
        let task = self.find(id)?;
        task.check_state(Step::Report)?;
        self.in_time(id)?;
        let round = task.seats.iter().position(|seat| seat.node == who);
        let may =
            |round: &usize| if task.open { task.agreeing[*round] } else { task.uploader == Some(*round) };
        let Some(round) = round.filter(may) else { return Err("NotUploader") };
        let Some(Outcome::Result { digest, .. }) = &task.seats[round].outcome else {
            panic!("who agrees has a result")
        };
        self.check_receipt(who, id, receipt, (BlobKind::Result, *digest, task.output_max))?;
        let (share, open) = (task.fee / 3, task.open);
        let task = self.tasks.get_mut(&id).expect("it was found");
        task.state = Success;
        task.uploader = Some(round);
        if open {
            // It was let go at the verdict.
            self.pay(id, round, share, 0);
        } else {
            self.settle(id, round, share, 0, None);
        }
        self.end(id, 0, 0);
        Ok(())
    }

    pub(super) fn expire(&mut self, id: u64) -> Answer {
        let task = self.find(id)?;
        let due = match (task.state, task.due) {
            (Success | Aborted, _) => return Err("WrongState"),
            (Created, _) => self.height >= task.draw_due + 10,
            (_, Some((Due::Judge(at), _))) => self.height >= at,
            (_, _) => task.deadline_ms.is_some_and(|at| self.now_ms >= at),
        };
        if !due {
            return Err("NotDue");
        }
        self.over(id);
        Ok(())
    }
}
