//! The log at a start: read it, begin it anew for a new height, or replay it for the height it is about.
//!
//! *Invariants*: a log ahead of the chain (a store restored from a copy) is kept, and nothing is signed until the
//! chain has caught up with it; during replay the engine publishes recorded votes with their recorded signatures and
//! stops the node if it would vote otherwise.

use super::codec::{RECORD_BYTES_MAX, Record};
use super::context::{EngineInput, SignedProposal};
use super::error::HostError;
use super::host::Host;
use super::proposals::Verdict;
use super::wal::Disk;
use hydrogen_types::codec::{decode, encode};
use hydrogen_types::{Block, Hash, Height};
use std::io;

/// Reads the log; `None` for an empty one.
pub(crate) fn read_log(
    disk: &mut dyn Disk,
    genesis: Hash,
) -> Result<(Option<Height>, Vec<Record>), HostError> {
    let mut records = Vec::new();
    for bytes in disk.load()? {
        let record: Record = decode(&bytes, RECORD_BYTES_MAX).map_err(corrupt)?;
        records.push(record);
    }
    if records.is_empty() {
        return Ok((None, records));
    }
    let Record::Begin { genesis: found, height } = records.remove(0) else {
        return Err(corrupt("the first record is not a beginning").into());
    };
    if found != genesis {
        return Err(HostError::OtherChain { found, expected: genesis });
    }
    Ok((Some(height), records))
}

fn corrupt(reason: impl std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the vote log is corrupt: {reason}"))
}

impl Host {
    /// Whether the log allows this node to vote at the current height.
    pub(crate) fn log_allows_start(&self) -> bool {
        self.log_height.is_none_or(|height| height <= self.height)
    }

    /// Whether the log holds votes of the current height from before a restart.
    pub(crate) fn log_waits_for_replay(&self) -> bool {
        self.log_height == Some(self.height) && !self.log_records.is_empty()
    }

    /// What is to be replayed at the current height; begins the log anew if it is about another one.
    pub(crate) fn log_of_height(&mut self) -> Result<Vec<Record>, HostError> {
        self.logged.clear();
        if self.log_height == Some(self.height) {
            return Ok(std::mem::take(&mut self.log_records));
        }
        let begin = Record::Begin { genesis: self.genesis, height: self.height };
        self.disk.reset(&encode(&begin))?;
        self.log_height = Some(self.height);
        self.log_records.clear();
        Ok(Vec::new())
    }

    /// Feeds the records of an earlier run to the engine, which has just started the height.
    pub(crate) fn replay(&mut self, records: Vec<Record>) -> Result<(), HostError> {
        if records.is_empty() {
            return Ok(());
        }
        tracing::info!(height = %self.height, records = records.len(), "replaying the vote log");
        self.logged = records.iter().map(encode).collect();
        for record in &records {
            self.restore(record)?;
        }
        let inputs: Vec<EngineInput> = records.into_iter().filter_map(Record::into_input).collect();
        if let Some(state) = self.engine.as_mut() {
            state.record_recovered_own_precommit_extensions(&inputs);
            state.index_wal_entries(&inputs);
        }
        for input in inputs {
            self.feed(input)?;
        }
        if let Some(state) = self.engine.as_mut() {
            state.reset_entries_index();
        }
        // From here on a repeated input is logged again: its place among the others matters. A timer may have fired
        // without effect before the crash and with effect after it.
        self.logged.clear();
        Ok(())
    }

    /// Remembers blocks, verdicts and proposals that the records name.
    fn restore(&mut self, record: &Record) -> Result<(), HostError> {
        match record {
            Record::Block(bytes) => {
                let block: Block = decode(bytes, RECORD_BYTES_MAX).map_err(corrupt)?;
                self.blocks.insert(block.hash(), block, bytes.as_slice().into(), 0);
            }
            Record::Value(value) => {
                let id = value.value.0;
                let verdict = if value.validity.is_valid() { Verdict::Valid } else { Verdict::Invalid };
                self.verdicts.insert(id, verdict);
                if let (true, Some(round)) = (value.proposer == self.me, value.round.as_u32()) {
                    self.own.insert(round, id);
                }
            }
            Record::Proposal(SignedProposal { message, .. }) => {
                if let Some(round) = message.round.as_u32() {
                    self.proposals_seen.insert((round, message.value.0));
                }
            }
            Record::Begin { .. } | Record::Vote(_) | Record::Polka(_) | Record::Timeout(_) => {}
        }
        Ok(())
    }
}
