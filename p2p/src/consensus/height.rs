//! One height: its start, what came early for it, its end, and its log.

use super::codec::{Message, Record};
use super::context::malachite::VoteExtensionPolicy;
use super::context::{At, EngineInput, Members, Voter};
use super::error::HostError;
use super::host::Host;
use super::listen::Listening;
use super::messages::Output;
use hydrogen_core::Committed;
use hydrogen_types::codec::encode;
use std::sync::Arc;

/// Messages kept for each validator until their height starts: votes and proposals of a few rounds.
pub(crate) const EARLY_PER_VOTER_MAX: usize = 32;

impl Host {
    /// Starts the current height: a new log or the replay of the old one, then what came early.
    pub(crate) fn start_height(&mut self) -> Result<(), HostError> {
        self.started = true;
        self.round = 0;
        self.pace.started(self.now);
        let records = self.log_of_height()?;
        let (at, members) = (At(self.height), self.members.clone());
        let input = EngineInput::StartHeight(at, members, false, None, VoteExtensionPolicy::Disabled);
        self.run_engine(input)?;
        self.replay(records)?;
        self.follow_up()?;
        let height = self.height;
        let early = self.early.extract_if(.., |(at, _), _| *at <= height);
        let early: Vec<Message> = early.flat_map(|(_, messages)| messages).collect();
        for message in early {
            if self.started && message.height() == self.height {
                self.take_message(message)?;
            }
        }
        Ok(())
    }

    /// The block of this height is stored: forget what belonged to it.
    pub(crate) fn enter_next_height(&mut self, committed: &Arc<Committed>) -> Result<(), HostError> {
        let tip = self.chain.tip();
        self.tell_dissent(committed);
        self.height = tip.height.next();
        let members = Members::new(&self.chain.validators(self.height)?);
        self.members_before = Some((tip.height, std::mem::replace(&mut self.members, members)));
        self.heard.prune(tip.height);
        self.listening = Listening::anew();
        self.started = false;
        self.round = 0;
        self.timers.clear();
        self.followups.clear();
        self.published.clear();
        self.certificates.clear();
        self.executed.clear();
        self.verdicts.clear();
        self.own.clear();
        self.held.clear();
        self.proposals_seen.clear();
        self.wanted.clear();
        self.undelivered = None;
        self.tidied_round = 0;
        self.blocks.decided(tip.height, &tip.hash);
        self.parts.prune(self.height);
        let height = self.height;
        self.early.retain(|(early, _), _| *early >= height);
        self.mempool.committed(committed);
        self.drop_stuck_txs(committed)?;
        let next_due = self.chain.next_due()?;
        self.pace.committed(next_due, self.now);
        self.settle_announcements(&tip);
        self.ask_for_evidence();
        // While blocks are fetched, peers have them already.
        if !self.is_syncing() {
            self.out.push(Output::Announce(tip.height, tip.hash));
        }
        self.out.push(Output::Committed(Arc::clone(committed)));
        Ok(())
    }

    /// Keeps a checked message of a height that has not started.
    pub(crate) fn keep_early(&mut self, voter: Voter, message: Message) {
        let list = self.early.entry((message.height(), voter)).or_default();
        if list.len() < EARLY_PER_VOTER_MAX && !list.contains(&message) {
            list.push(message);
        }
    }

    /// Adds a record to the log; durable after the next flush.
    pub(crate) fn log(&mut self, record: &Record) {
        let bytes = encode(record);
        if self.logged.contains(&bytes) || self.error.is_some() {
            return;
        }
        if let Err(error) = self.disk.append(&bytes) {
            self.error = Some(error.into());
        }
    }

    /// Makes the log durable. Whoever says something that depends on it asks whether it went well.
    pub(crate) fn flush_log(&mut self) -> bool {
        if self.error.is_some() {
            return false;
        }
        self.counters.wal_flushes.add_one();
        match self.disk.flush() {
            Ok(()) => true,
            Err(error) => {
                self.error = Some(error.into());
                false
            }
        }
    }
}
