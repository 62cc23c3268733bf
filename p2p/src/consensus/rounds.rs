//! What a height holds of its rounds: with every new round the old ones are forgotten, in memory and in the log.
//!
//! What may still be decided stays: the block that this node is locked on, since its precommit may be one of those that
//! decided it; the newest with two thirds of prevotes, which this node would propose again; and everything of the last
//! rounds. Another block can be decided only by precommits of others, who hold it: it is asked for, or comes with its
//! certificate.

use super::codec::{RECORD_BYTES_MAX, Record};
use super::error::HostError;
use super::host::Host;
use super::proposals::{EXECUTED_MAX, ROUNDS_KEPT};
use hydrogen_core::Executed;
use hydrogen_types::codec::decode;
use hydrogen_types::{Block, Hash};
use std::collections::BTreeSet;

impl Host {
    /// The oldest round whose proposals are looked at.
    pub(crate) fn oldest_round(&self) -> u32 {
        self.round.saturating_sub(ROUNDS_KEPT)
    }

    /// Forgets old rounds, once a round.
    pub(crate) fn tidy_rounds(&mut self) -> Result<(), HostError> {
        if self.tidied_round == self.round {
            return Ok(());
        }
        self.tidied_round = self.round;
        let oldest = self.oldest_round();
        self.own.retain(|round, _| *round >= oldest);
        self.proposals_seen.retain(|(round, _)| *round >= oldest);
        self.held.retain(|held| held.message.round.as_u32().is_some_and(|round| round >= oldest));
        let undelivered = self.undelivered.as_ref().map(|certificate| certificate.block);
        self.wanted.retain(|id, want| want.round >= oldest || Some(*id) == undelivered);
        let mut kept: BTreeSet<Hash> = self.own.values().copied().collect();
        if let Some(state) = &self.engine {
            let round_state = state.driver.round_state();
            let locked = round_state.locked.iter().chain(&round_state.valid);
            kept.extend(locked.map(|locked| locked.value.0));
        }
        self.blocks.forget_rounds(self.height, oldest, kept);
        self.verdicts.retain(|id, _| self.blocks.get(id).is_some());
        self.executed.retain(|executed| self.blocks.get(&executed.hash).is_some());
        self.compact_log()
    }

    /// Takes the bytes of forgotten blocks out of the log, when it has grown enough. The votes stay: they are small, and
    /// replay needs them all.
    fn compact_log(&mut self) -> Result<(), HostError> {
        if self.disk.bytes() <= self.compact_at_bytes {
            return Ok(());
        }
        let blocks = &self.blocks;
        self.disk.compact(&mut |bytes| match decode::<Record>(bytes, RECORD_BYTES_MAX) {
            Ok(Record::Block(bytes)) => decode::<Block>(&bytes, RECORD_BYTES_MAX)
                .is_ok_and(|block| blocks.get(&block.hash()).is_some()),
            _ => true,
        })?;
        self.compact_at_bytes = self.disk.bytes().saturating_add(self.limits.log_growth_bytes);
        self.counters.wal_compactions.add_one();
        Ok(())
    }

    /// Bytes of the vote log.
    #[must_use]
    pub fn log_bytes(&self) -> u64 {
        self.disk.bytes()
    }

    /// Keeps an outcome for the commit.
    pub(crate) fn keep_executed(&mut self, executed: Executed) {
        if self.executed.len() >= EXECUTED_MAX {
            self.executed.pop_front();
        }
        self.executed.push_back(executed);
    }

    /// The outcome of a block that is decided: kept from before the vote, or executed again.
    pub(crate) fn executed_block(&mut self, id: &Hash) -> Result<Executed, HostError> {
        if let Some(place) = self.executed.iter().position(|executed| executed.hash == *id)
            && let Some(executed) = self.executed.remove(place)
        {
            return Ok(executed);
        }
        let pooled = self.blocks.get(id).ok_or_else(|| self.missing_block(id))?;
        let height = self.height;
        self.chain.execute(pooled.block.clone(), None).map_err(|error| HostError::execution(height, &error))
    }
}
