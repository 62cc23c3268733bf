//! Turns: everybody looks at the tip and acts, then a block is made.

use crate::error::HarnessError;
use crate::net::{CALL_GAS, Net, Sent, action};
use hydrogen_embed::{Committed, NextDue, SecretKey};
use hydrogen_offchain::calls::{self, Call};
use hydrogen_offchain::compute::Now;
use hydrogen_types::Amount;
use hydrogen_types::task::TaskState;
use std::sync::Arc;

/// Turns of one task at most: it ends within a few dozen, the rest would be a loop.
const TURNS_MAX: usize = 200;

/// What everybody did in a turn.
#[derive(Default)]
struct TurnOf {
    sent: usize,
    wake_ms: Option<u64>,
}

impl Net {
    /// Plays until all these tasks have ended, and every node has cleaned up after the last of them.
    ///
    /// # Errors
    /// See [`HarnessError`].
    pub fn play_all(&mut self, ids: &[u64]) -> Result<(), HarnessError> {
        ids.iter().try_for_each(|id| self.play(*id))
    }

    /// Plays until the task has ended and every node has cleaned up after it.
    ///
    /// # Errors
    /// See [`HarnessError`].
    pub fn play(&mut self, id: u64) -> Result<(), HarnessError> {
        for _ in 0..TURNS_MAX {
            if self.is_over(id)? {
                return self.turn().map(|_| ());
            }
            self.step(id)?;
        }
        Err(HarnessError::Stuck { task: id, height: self.chain.tip().height })
    }

    fn is_over(&self, id: u64) -> Result<bool, HarnessError> {
        Ok(matches!(self.task(id)?.state, TaskState::Success | TaskState::Aborted))
    }

    /// One turn of everybody, then one block: at once if somebody sent something or the next block has work, else at
    /// the next time anything is due.
    ///
    /// # Errors
    /// See [`HarnessError`].
    pub fn step(&mut self, id: u64) -> Result<Arc<Committed>, HarnessError> {
        let turn = self.turn()?;
        let tip = self.chain.tip();
        let committed = if turn.sent > 0 {
            self.chain.produce()?
        } else {
            let due = match self.chain.next_due()? {
                Some(NextDue::NextBlock) => Some(0),
                Some(NextDue::UptimeMs(ms)) => Some(ms),
                None => None,
            };
            let wake = due.into_iter().chain(turn.wake_ms).min();
            let ms = wake.ok_or(HarnessError::Stuck { task: id, height: tip.height })?;
            self.chain.advance_time(ms.saturating_sub(tip.uptime_ms).min(self.step_ms_max))?
        };
        self.observe(&committed)?;
        Ok(committed)
    }

    /// One turn of the nodes and one block, with no task to follow: nodes that were paused ask to resume, say.
    ///
    /// # Errors
    /// See [`HarnessError`].
    pub fn rest(&mut self) -> Result<(), HarnessError> {
        self.nodes_turn(&mut TurnOf::default())?;
        let committed = self.chain.produce()?;
        self.observe(&committed)
    }

    fn turn(&mut self) -> Result<TurnOf, HarnessError> {
        let mut turn = TurnOf::default();
        let relays = self.ask(calls::relays_query())?;
        self.relays.learn(relays);
        for id in self.application.tasks() {
            self.turn_of_application(id, &mut turn)?;
        }
        self.nodes_turn(&mut turn)?;
        Ok(turn)
    }

    fn turn_of_application(&mut self, id: u64, turn: &mut TurnOf) -> Result<(), HarnessError> {
        let Some(task) = self.ask(calls::task_query(id))? else { return Ok(()) };
        let now = self.now();
        let brought = self.application.act(now, &task, &mut self.relays);
        self.notes.extend(brought.notes.into_iter().map(|note| (String::from("application"), note)));
        turn.wake_ms = turn.wake_ms.into_iter().chain(brought.wake_ms).min();
        if let Some(call) = brought.call {
            let key = self.application.key.clone();
            self.send("application", Some(id), &key, &call)?;
            turn.sent += 1;
        }
        Ok(())
    }

    fn now(&self) -> Now {
        let tip = self.chain.tip();
        Now { height: tip.height, uptime_ms: tip.uptime_ms }
    }

    fn nodes_turn(&mut self, turn: &mut TurnOf) -> Result<(), HarnessError> {
        let now = self.now();
        let stake_min = self.stats()?.stake_min;
        (0..self.nodes.len()).try_for_each(|index| self.turn_of_node(index, now, stake_min, turn))
    }

    fn turn_of_node(
        &mut self,
        index: usize,
        now: Now,
        stake_min: Amount,
        turn: &mut TurnOf,
    ) -> Result<(), HarnessError> {
        let Some(view) = self.node(index)? else { return Ok(()) };
        let mut ids = self.nodes[index].records();
        ids.extend(view.task.filter(|task| !ids.contains(task)));
        let mut calls: Vec<Call> = self.nodes[index].act_alone(now, &view, stake_min).into_iter().collect();
        for id in ids {
            let task = self.ask(calls::task_query(id))?;
            let done = self.nodes[index].act(now, id, task.as_ref(), &mut self.relays)?;
            let name = self.nodes[index].name.clone();
            self.notes.extend(done.notes.into_iter().map(|note| (name.clone(), note)));
            turn.wake_ms = turn.wake_ms.into_iter().chain(done.wake_ms).min();
            calls.extend(done.calls);
        }
        let (name, key) = (self.nodes[index].name.clone(), self.nodes[index].key.clone());
        for call in calls {
            self.send(&name, None, &key, &call)?;
            turn.sent += 1;
        }
        Ok(())
    }

    fn send(
        &mut self,
        name: &str,
        task: Option<u64>,
        key: &SecretKey,
        call: &Call,
    ) -> Result<(), HarnessError> {
        let hash = self.chain.submit(key, action(call), CALL_GAS)?;
        self.sent.insert(hash, Sent { actor: name.to_string(), method: call.method, task });
        Ok(())
    }
}
