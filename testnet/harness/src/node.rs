//! A compute node of the harness: the real decisions, a disk in memory.

use crate::error::HarnessError;
use crate::relay::Relay;
use crate::run::{execute, is_intact};
use hydrogen_embed::SecretKey;
use hydrogen_offchain::calls::{self, Call};
use hydrogen_offchain::compute::{
    Attempt, Computation, Duty, Me, Now, Resumes, Saved, Work, node_duty, reconcile,
};
use hydrogen_offchain::personas::Persona;
use hydrogen_types::task::{BlobKind, NodeView, Outcome, TaskView};
use hydrogen_types::{Address, Amount, ChainId};
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
    persona: Persona,
    me: Me,
    /// Records by task, as bytes: what would be on disk.
    disk: BTreeMap<u64, Vec<u8>>,
    /// Result bytes by task.
    results: BTreeMap<u64, Vec<u8>>,
    /// Work done in this process.
    attempts: BTreeMap<u64, Attempt>,
    resumes: Resumes,
}

impl Node {
    pub(crate) fn new(name: String, key: SecretKey, persona: Persona, chain_id: ChainId) -> Self {
        let me =
            Me { chain_id, address: key.address(), salt_secret: key.seed_bytes(), margin_ms: Me::MARGIN_MS };
        Self {
            name,
            key,
            persona,
            me,
            disk: BTreeMap::new(),
            results: BTreeMap::new(),
            attempts: BTreeMap::new(),
            resumes: Resumes::default(),
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
        let duty = self.persona.bend(duty, None, &self.me.address);
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
        relay: &mut Relay,
    ) -> Result<Turn, HarnessError> {
        let mut turn = Turn { calls: Vec::new(), notes: Vec::new(), wake_ms: None };
        for _ in 0..DUTIES_MAX {
            let saved = self.disk.get(&id).map(|bytes| Saved::from_bytes(bytes)).transpose()?;
            let attempt = self.attempts.get(&id).cloned().unwrap_or(Attempt::NotBegun);
            let duty = reconcile(now, &self.me, task, saved.as_ref(), &attempt);
            let duty = self.persona.bend(duty, task, &self.me.address);
            match duty {
                Duty::Idle | Duty::WaitUntil { .. } | Duty::Resume => return Ok(turn),
                Duty::FetchAndRun(work) => {
                    let attempt = self.fetch_and_run(&work, task, relay, &mut turn.notes);
                    let finished = matches!(attempt, Attempt::Finished(_));
                    self.attempts.insert(id, attempt);
                    if !finished {
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
                    if !self.upload(saved, task, relay, now, &mut turn.notes) {
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

    fn fetch_and_run(
        &mut self,
        work: &Work,
        task: Option<&TaskView>,
        relay: &Relay,
        notes: &mut Vec<String>,
    ) -> Attempt {
        let args = relay.download(task, BlobKind::Args, &self.me.address);
        let Computation::Program(program) = &work.computation else {
            return Attempt::HostShort;
        };
        let (Ok(args), Ok(program)) = (args, relay.program(program)) else {
            notes.push(String::from("gets no arguments or program from the relay, will try again"));
            return Attempt::NotFetched;
        };
        if !is_intact(work, program, args) {
            notes.push(String::from("gets other bytes than the chain holds the hashes of, will try again"));
            return Attempt::NotFetched;
        }
        // A node that lies about its outcome does not run anything.
        let ran = match self.persona {
            Persona::Fakes | Persona::ErrorReporter | Persona::ClaimsUnavailable => None,
            Persona::Honest
            | Persona::Copies
            | Persona::Lazy
            | Persona::NeverReveals
            | Persona::NeverUploads
            | Persona::Offline => Some(execute(work, program, args)),
        };
        let honest = match ran {
            Some(Err(shortage)) => {
                notes.push(format!("is short of its host: {shortage}"));
                return Attempt::HostShort;
            }
            Some(Ok(run)) => {
                notes.push(run.note);
                if let Some(output) = run.output {
                    self.results.insert(work.task, output);
                }
                run.outcome
            }
            None => Outcome::Unavailable,
        };
        let outcome = self.persona.outcome(honest, &self.me.salt_secret, work.task);
        Attempt::Finished(outcome)
    }

    fn upload(
        &mut self,
        saved: Saved,
        task: Option<&TaskView>,
        relay: &mut Relay,
        now: Now,
        notes: &mut Vec<String>,
    ) -> bool {
        let Some(bytes) = self.results.get(&saved.task) else { return false };
        match relay.upload_result(task, &self.me.address, bytes, now.height) {
            Ok(receipt) => {
                notes.push(format!("uploads the result, {} bytes", bytes.len()));
                self.disk.insert(saved.task, saved.with_receipt(receipt).to_bytes());
                true
            }
            Err(refusal) => {
                notes.push(format!("is refused by the relay: {refusal}"));
                false
            }
        }
    }
}
