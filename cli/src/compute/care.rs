//! What the node does for itself, beside its tasks: resume, pause and quit, watch its money and the chain's rules, and
//! tell its operator.

use crate::client::{Client, task};
use crate::compute::board::Board;
use crate::compute::config::ComputeConfig;
use crate::compute::disk::Disk;
use crate::compute::error::ComputeError;
use crate::compute::executor::Executors;
use crate::compute::sender::Sender;
use crate::compute::status::{NoticeLine, fines_of};
use hydrogen_offchain::calls;
use hydrogen_offchain::compute::{
    Duty, GAS_RESERVE, Journal, Notice, NoticeKind, Now, OnStop, Resumes, StopStep, node_duty, stop_step,
    tasks_paid_for,
};
use hydrogen_offchain::personas::Actor;
use hydrogen_types::task::{NodeState, NodeView, Outcome, PROGRAM_ABI, TaskConfig, TaskView};
use hydrogen_types::{Address, Amount};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Between two looks at the configuration and the balance.
const SURVEY_PAUSE: Duration = Duration::from_secs(15);

/// The node's care for itself.
pub(crate) struct Care {
    client: Client,
    disk: Arc<Disk>,
    board: Arc<Board>,
    sender: Sender,
    account: Address,
    executors: Executors,
    on_stop: OnStop,
    resumes: Resumes,
    journal: Journal,
    survey: Option<Survey>,
    /// Program ABI by number of configuration.
    abis: BTreeMap<u64, u32>,
    /// Whether the process was asked to stop.
    pub(crate) stopping: bool,
    /// Whether it was, and nothing is owed any more.
    pub(crate) finished: bool,
}

/// What changes seldom.
struct Survey {
    at: Instant,
    config: TaskConfig,
    balance: Amount,
}

impl Care {
    pub(crate) fn new(
        config: &ComputeConfig,
        client: Client,
        disk: Arc<Disk>,
        board: Arc<Board>,
        sender: Sender,
    ) -> Result<Self, ComputeError> {
        let (resumes, journal) = (disk.resumes()?, disk.journal()?);
        Ok(Self {
            client,
            disk,
            board,
            sender,
            account: config.key.address(),
            executors: config.executors.clone(),
            on_stop: config.on_stop,
            resumes,
            journal,
            survey: None,
            abis: BTreeMap::new(),
            stopping: false,
            finished: false,
        })
    }

    /// What the node owes beside its tasks. `true` if something was sent.
    pub(crate) async fn tend(
        &mut self,
        now: Now,
        me: &Address,
        view: Option<&NodeView>,
        actor: &Actor,
    ) -> Result<bool, ComputeError> {
        let (abi, stake_min) = self.survey(now).await?;
        self.observe(now, view, stake_min)?;
        if self.stopping {
            return self.step_to_stop(now, view).await;
        }
        let Some(view) = view else { return Ok(false) };
        let at_work = matches!(view.state, NodeState::Available | NodeState::Busy);
        if abi != PROGRAM_ABI && at_work {
            self.sender.call(calls::pause(), None, now.height).await?;
            return Ok(true);
        }
        if at_work && self.resumes.paused_at_stop {
            self.resumes.paused_at_stop = false;
            self.disk.save_resumes(&self.resumes)?;
        }
        if view.task.is_some() || abi != PROGRAM_ABI {
            return Ok(false);
        }
        let duty = node_duty(now, view, &self.resumes, stake_min);
        let Duty::Resume = actor.bend(duty, None, me) else { return Ok(false) };
        if let Some(penalty_ms) = self.resumes.due(view, now.uptime_ms) {
            // Noted before it is sent: a crash between the two costs one resume, not the count.
            self.resumes.note(penalty_ms, now.uptime_ms);
            self.disk.save_resumes(&self.resumes)?;
        }
        self.sender.call(calls::resume(), None, now.height).await?;
        tracing::info!("resumed");
        Ok(true)
    }

    async fn step_to_stop(&mut self, now: Now, view: Option<&NodeView>) -> Result<bool, ComputeError> {
        match stop_step(self.on_stop, view) {
            StopStep::Pause => {
                // Noted before it is sent, so that whatever happens the next start takes it back.
                self.resumes.paused_at_stop = true;
                self.disk.save_resumes(&self.resumes)?;
                self.sender.call(calls::pause(), None, now.height).await?;
                tracing::info!("paused");
                Ok(true)
            }
            StopStep::Quit => {
                self.sender.call(calls::quit(), None, now.height).await?;
                tracing::info!("quit");
                Ok(true)
            }
            StopStep::Finish => Ok(false),
            StopStep::End => {
                self.finished = true;
                Ok(false)
            }
        }
    }

    /// The program ABI and least stake in force, and a look at the balance; not at every block.
    async fn survey(&mut self, now: Now) -> Result<(u32, Amount), ComputeError> {
        if let Some(survey) = self.survey.as_ref().filter(|survey| survey.at.elapsed() < SURVEY_PAUSE) {
            return Ok((survey.config.program_abi, survey.config.stake_min));
        }
        let config = task::config(&self.client).await?;
        let balance = self.client.account(&self.account).await?.balance;
        if balance < GAS_RESERVE {
            let text =
                format!("{balance} CNX are left for gas, below {GAS_RESERVE}: send some to {}", self.account);
            self.note(now, NoticeKind::LowBalance, None, text)?;
        } else {
            self.clear(NoticeKind::LowBalance)?;
        }
        let abi = config.program_abi;
        if abi == PROGRAM_ABI {
            self.clear(NoticeKind::ForeignAbi)?;
        } else {
            let text = format!(
                "the chain asks for program abi {abi}, this build has {PROGRAM_ABI}: the node pauses; update it, then resume"
            );
            self.note(now, NoticeKind::ForeignAbi, None, text)?;
        }
        let stake_min = config.stake_min;
        self.survey = Some(Survey { at: Instant::now(), config, balance });
        Ok((abi, stake_min))
    }

    /// Whether programs of tasks with this configuration run here as everywhere; says so if not.
    pub(crate) async fn speaks_abi_of(
        &mut self,
        now: Now,
        config: u64,
        task: u64,
    ) -> Result<bool, ComputeError> {
        let abi = match self.abis.get(&config) {
            Some(abi) => *abi,
            None => {
                let found = task::ask(&self.client, calls::config_query(Some(config))).await?;
                let Some(found) = found else { return Ok(true) };
                self.abis.insert(config, found.program_abi);
                found.program_abi
            }
        };
        if abi != PROGRAM_ABI {
            let text = format!(
                "task {task} asks for program abi {abi}, this build has {PROGRAM_ABI}: it is not executed"
            );
            self.note(now, NoticeKind::ForeignAbi, Some(task), text)?;
        }
        Ok(abi == PROGRAM_ABI)
    }

    fn observe(&mut self, now: Now, view: Option<&NodeView>, stake_min: Amount) -> Result<(), ComputeError> {
        let before = self.journal.clone();
        for notice in self.journal.observe(now.uptime_ms, view, stake_min) {
            self.board.tell(&notice);
        }
        if self.journal != before {
            self.disk.save_journal(&self.journal)?;
        }
        let lacking = view.into_iter().flat_map(|view| &view.types);
        let lacking: Vec<&str> =
            lacking.filter(|name| self.executors.get(name).is_none()).map(String::as_str).collect();
        if lacking.is_empty() {
            return self.clear(NoticeKind::TypeWithoutCommand);
        }
        let text = format!(
            "joined with types that have no command here: {}; start with --executor TYPE=COMMAND, or quit and join again",
            lacking.join(", ")
        );
        self.note(now, NoticeKind::TypeWithoutCommand, None, text)
    }

    /// A node that does not join says why.
    pub(crate) fn note_unfit(&mut self, error: &ComputeError) {
        let ComputeError::Unfit(unfit) = error else { return };
        let now = Now { height: hydrogen_types::Height::GENESIS, uptime_ms: 0 };
        if let Err(error) = self.note(now, NoticeKind::Unfit, None, unfit.to_string()) {
            tracing::error!(%error, "journal not written");
        }
        let notices = self.lines();
        self.board.change(|status| status.notices = notices);
    }

    fn note(
        &mut self,
        now: Now,
        kind: NoticeKind,
        task: Option<u64>,
        text: String,
    ) -> Result<(), ComputeError> {
        let notice = Notice { at_ms: now.uptime_ms, kind, task, text };
        if self.journal.note(notice.clone()) {
            self.board.tell(&notice);
            self.disk.save_journal(&self.journal)?;
        }
        Ok(())
    }

    fn clear(&mut self, kind: NoticeKind) -> Result<(), ComputeError> {
        if self.journal.clear(kind) { self.disk.save_journal(&self.journal) } else { Ok(()) }
    }

    pub(crate) fn count_outcome(&self, outcome: &Outcome) {
        self.board.change(|status| match outcome {
            Outcome::Result { .. } => status.outcomes.result += 1,
            Outcome::Error { .. } => status.outcomes.error += 1,
            Outcome::Unavailable => status.outcomes.unavailable += 1,
        });
    }

    fn lines(&self) -> Vec<NoticeLine> {
        self.journal.notices().map(NoticeLine::from).collect()
    }

    /// Hangs out how the node fares.
    pub(crate) fn tell(
        &self,
        now: Now,
        view: Option<&NodeView>,
        current: Option<&TaskView>,
        records: &[u64],
    ) -> Result<(), ComputeError> {
        let cache_bytes = self.disk.cache_bytes()?;
        let balance = self.survey.as_ref().map_or(Amount::ZERO, |survey| survey.balance);
        let amount = |amount: Option<Amount>| amount.unwrap_or_default().get().to_string();
        let notices = self.lines();
        self.board.change(|status| {
            status.stopping = self.stopping;
            status.height = now.height.to_string();
            status.uptime_ms = now.uptime_ms.to_string();
            status.state = view.map_or_else(|| String::from("absent"), |view| format!("{:?}", view.state));
            status.stake = amount(view.map(|view| view.stake));
            status.task = view.and_then(|view| view.task).map(|task| task.to_string());
            status.stage = current.map(|task| format!("{:?}", task.state));
            status.deadline_ms = current.and_then(|task| task.deadline_ms).map(|ms| ms.to_string());
            status.records = records.iter().map(u64::to_string).collect();
            status.tasks_paid = view.map_or(0, |view| view.tasks_paid).to_string();
            status.earned = amount(view.map(|view| view.earned));
            status.fines = fines_of(&self.journal);
            status.balance = balance.get().to_string();
            status.tasks_paid_for = tasks_paid_for(balance).to_string();
            status.resumes_left = self.resumes.left(now.uptime_ms).to_string();
            status.cache_bytes = cache_bytes.to_string();
            status.notices = notices;
        });
        Ok(())
    }
}
