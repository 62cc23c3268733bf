//! A compute node of the harness: the real decisions, a disk in memory.

use crate::error::HarnessError;
use crate::external::Executor;
use crate::relays::Relays;
use crate::run::{Fetched, execute, fingerprint_program};
use hydrogen_embed::SecretKey;
use hydrogen_offchain::calls::{self, Call};
use hydrogen_offchain::compute::{
    Attempt, Computation, Duty, Me, Now, Resumes, Saved, Work, node_duty, reconcile,
};
use hydrogen_offchain::personas::{Actor, Answer};
use hydrogen_types::task::{BlobKind, NodeView, TaskView};
use hydrogen_types::{Address, Amount, ChainId, Hash};
use std::collections::BTreeMap;

/// Duties of one task in one turn at most: fetch, persist, commit, and the same again after a cleanup.
const DUTIES_MAX: usize = 8;

/// What a node did in a turn, beside its call.
pub(crate) struct Turn {
    pub(crate) calls: Vec<Call>,
    pub(crate) notes: Vec<String>,
    /// Uptime at which it wants to look again, sooner than the chain's next deadline.
    pub(crate) wake_ms: Option<u64>,
}

/// One compute node.
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) key: SecretKey,
    actor: Actor,
    me: Me,
    /// Records by task, as bytes: what would be on disk.
    disk: BTreeMap<u64, Vec<u8>>,
    /// Result bytes by task.
    results: BTreeMap<u64, Vec<u8>>,
    /// Work done in this process.
    attempts: BTreeMap<u64, Attempt>,
    resumes: Resumes,
    /// What it executes of external types, by name.
    executors: BTreeMap<String, Executor>,
}

impl Node {
    pub(crate) fn new(
        name: String,
        key: SecretKey,
        actor: Actor,
        executors: BTreeMap<String, Executor>,
        chain_id: ChainId,
    ) -> Self {
        let me =
            Me { chain_id, address: key.address(), salt_secret: key.seed_bytes(), margin_ms: Me::MARGIN_MS };
        Self {
            name,
            key,
            actor,
            me,
            disk: BTreeMap::new(),
            results: BTreeMap::new(),
            attempts: BTreeMap::new(),
            resumes: Resumes::default(),
            executors,
        }
    }

    pub(crate) fn address(&self) -> Address {
        self.me.address
    }

    /// Tasks it has a record of.
    pub(crate) fn records(&self) -> Vec<u64> {
        self.disk.keys().copied().collect()
    }

    /// Forgets everything that is not on disk, as a killed process does.
    pub(crate) fn kill(&mut self) {
        self.attempts.clear();
    }

    /// Loses its disk, too.
    pub(crate) fn lose_disk(&mut self) {
        self.kill();
        self.disk.clear();
        self.results.clear();
    }

    /// What it does about itself.
    pub(crate) fn act_alone(&mut self, now: Now, view: &NodeView, stake_min: Amount) -> Option<Call> {
        let duty = node_duty(now, view, &self.resumes, stake_min);
        let duty = self.actor.bend(duty, None, &self.me.address);
        if duty != Duty::Resume {
            return None;
        }
        if let Some(penalty_ms) = self.resumes.due(view, now.uptime_ms) {
            self.resumes.note(penalty_ms, now.uptime_ms);
        }
        Some(calls::resume())
    }

    /// What it does about a task, until it has sent something or has to wait.
    pub(crate) fn act(
        &mut self,
        now: Now,
        id: u64,
        task: Option<&TaskView>,
        relays: &mut Relays,
    ) -> Result<Turn, HarnessError> {
        let mut turn = Turn { calls: Vec::new(), notes: Vec::new(), wake_ms: None };
        for _ in 0..DUTIES_MAX {
            let saved = self.disk.get(&id).map(|bytes| Saved::from_bytes(bytes)).transpose()?;
            let attempt = self.attempts.get(&id).cloned().unwrap_or(Attempt::NotBegun);
            let duty = reconcile(now, &self.me, task, saved.as_ref(), &attempt);
            let duty = self.actor.bend(duty, task, &self.me.address);
            match duty {
                Duty::Idle | Duty::WaitUntil { .. } | Duty::Resume => return Ok(turn),
                Duty::FetchAndRun(work) => {
                    let made_up = task.and_then(|task| self.actor.instead_of_work(task, &self.me));
                    let attempt = match made_up {
                        Some(answer) => self.finished(id, answer),
                        None => self.fetch_and_run(&work, task, relays, &mut turn.notes),
                    };
                    let is_finished = matches!(attempt, Attempt::Finished(_));
                    self.attempts.insert(id, attempt);
                    if !is_finished {
                        turn.wake_ms = Some(work.give_up_ms);
                        return Ok(turn);
                    }
                }
                Duty::Persist(saved) => {
                    self.disk.insert(id, saved.to_bytes());
                }
                Duty::Commit { task, commitment } => {
                    turn.calls.push(calls::commit(task, &commitment));
                    return Ok(turn);
                }
                Duty::Reveal { task, outcome, salt } => {
                    turn.calls.push(calls::reveal(task, &outcome, &salt));
                    return Ok(turn);
                }
                Duty::Upload { .. } => {
                    let Some(saved) = saved else { return Ok(turn) };
                    if !self.upload(saved, task, relays, now, &mut turn.notes) {
                        return Ok(turn);
                    }
                }
                Duty::ReportUploaded { task, receipt } => {
                    turn.calls.push(calls::report_uploaded(task, &receipt));
                    return Ok(turn);
                }
                Duty::CleanUp { task } => {
                    self.disk.remove(&task);
                    self.results.remove(&task);
                    self.attempts.remove(&task);
                    return Ok(turn);
                }
            }
        }
        Ok(turn)
    }

    fn finished(&mut self, task: u64, answer: Answer) -> Attempt {
        if let Some(bytes) = answer.bytes {
            self.results.insert(task, bytes);
        }
        Attempt::Finished(answer.outcome)
    }

    fn fetch_and_run(
        &mut self,
        work: &Work,
        task: Option<&TaskView>,
        relays: &Relays,
        notes: &mut Vec<String>,
    ) -> Attempt {
        let Some(fetched) = self.fetch(work, task, relays) else {
            notes.push(String::from("gets no arguments or program from any relay, will try again"));
            return Attempt::NotFetched;
        };
        if !fetched.is_intact(work) {
            notes.push(String::from("gets other bytes than the chain holds the hashes of, will try again"));
            return Attempt::NotFetched;
        }
        let run = execute(work, &fetched, &self.executors);
        notes.push(run.note);
        match run.ended {
            Ok(answer) => {
                let kept = self.actor.keep(answer);
                self.finished(work.task, kept)
            }
            Err(attempt) => attempt,
        }
    }

    /// Each part from the first relay that gives it, the task's own asked first.
    fn fetch(&self, work: &Work, task: Option<&TaskView>, relays: &Relays) -> Option<Fetched> {
        let places = relays.serving(work.task, work.relay);
        let answering = || places.iter().filter_map(|place| relays.at(*place).answering().ok());
        let module = |hash: Hash| answering().find_map(|relay| relay.program(&hash).ok().map(<[u8]>::to_vec));
        let args = answering().find_map(|relay| {
            relay.download(task, BlobKind::Args, &self.me.address).ok().map(<[u8]>::to_vec)
        })?;
        let program = match work.computation {
            Computation::Program(hash) => Some(module(hash)?),
            Computation::External(_) => None,
        };
        let fingerprint = match fingerprint_program(work) {
            Some(hash) => Some(module(hash)?),
            None => None,
        };
        Some(Fetched { args, program, fingerprint })
    }

    /// Brings a result to the first relay that takes it, the task's own asked first.
    fn upload(
        &mut self,
        saved: Saved,
        task: Option<&TaskView>,
        relays: &mut Relays,
        now: Now,
        notes: &mut Vec<String>,
    ) -> bool {
        let Some(bytes) = self.results.get(&saved.task) else { return false };
        for place in relays.serving(saved.task, task.and_then(|task| task.relay)) {
            let name = relays.name(place);
            let Ok(relay) = relays.at_mut(place).answering_mut() else {
                notes.push(format!("gets no answer from {name}"));
                continue;
            };
            match relay.upload_result(task, &self.me.address, bytes, now.height) {
                Ok(receipt) => {
                    notes.push(format!("uploads the result to {name}, {} bytes", bytes.len()));
                    self.disk.insert(saved.task, saved.with_receipt(receipt).to_bytes());
                    return true;
                }
                Err(refusal) => notes.push(format!("is refused by {name}: {refusal}")),
            }
        }
        false
    }
}
