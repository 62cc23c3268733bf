//! Turns: everybody looks at the tip and acts, then a block is made.

use crate::error::HarnessError;
use crate::net::{CALL_GAS, Net, action};
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
    /// Plays until the task has ended and every node has cleaned up after it.
    ///
    /// # Errors
    /// See [`HarnessError`].
    pub fn play(&mut self, id: u64) -> Result<(), HarnessError> {
        for _ in 0..TURNS_MAX {
            if self.is_over(id)? {
                return self.turn(id).map(|_| ());
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
        let turn = self.turn(id)?;
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
            self.chain.advance_time(ms.saturating_sub(tip.uptime_ms))?
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

    fn turn(&mut self, id: u64) -> Result<TurnOf, HarnessError> {
        let tip = self.chain.tip();
        let mut turn = TurnOf::default();
        if let Some(task) = self.ask(calls::task_query(id))?
            && let Some((call, note)) = self.application.act(&task, &mut self.relay, tip.height)?
        {
            self.notes.push((String::from("application"), note));
            let key = self.application.key.clone();
            self.send("application", &key, &call)?;
            turn.sent += 1;
        }
        self.nodes_turn(&mut turn)?;
        Ok(turn)
    }

    fn nodes_turn(&mut self, turn: &mut TurnOf) -> Result<(), HarnessError> {
        let tip = self.chain.tip();
        let now = Now { height: tip.height, uptime_ms: tip.uptime_ms };
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
            let done = self.nodes[index].act(now, id, task.as_ref(), &mut self.relay)?;
            let name = self.nodes[index].name.clone();
            self.notes.extend(done.notes.into_iter().map(|note| (name.clone(), note)));
            turn.wake_ms = turn.wake_ms.into_iter().chain(done.wake_ms).min();
            calls.extend(done.calls);
        }
        let (name, key) = (self.nodes[index].name.clone(), self.nodes[index].key.clone());
        for call in calls {
            self.send(&name, &key, &call)?;
            turn.sent += 1;
        }
        Ok(())
    }

    fn send(&mut self, name: &str, key: &SecretKey, call: &Call) -> Result<(), HarnessError> {
        let hash = self.chain.submit(key, action(call), CALL_GAS)?;
        self.sent.insert(hash, (name.to_string(), call.method));
        Ok(())
    }
}
