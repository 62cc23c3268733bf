//! Validator sets, blocks, and the index both ways.

use super::Check;
use crate::block::{Committed, has_own_body, receipt_root, verify_certificate};
use crate::chain::{block_key, receipt_key};
use crate::sets::{self, ValidatorChange};
use crate::store::Table;
use borsh::BorshDeserialize;
use hydrogen_types::codec::encode;
use hydrogen_types::{Hash, Height, ValidatorSet};

impl Check<'_> {
    /// Every set is named by a header that the one before it certified, back to that of genesis.
    pub(super) fn sets(&mut self) {
        let mut from = Height::GENESIS;
        let mut before: Option<ValidatorSet> = None;
        loop {
            let page = match sets::from_height(self.store, from, sets::VALIDATOR_CHANGES_PAGE_MAX) {
                Ok(page) => page,
                Err(error) => return self.report.add(Table::Index, format!("validator sets: {error}")),
            };
            let Some(last) = page.last() else { break };
            // Also when a record says a height other than its key's: no page is looked at twice.
            if last.height < from {
                return self
                    .report
                    .add(Table::Index, "a validator set says another height than it is kept under");
            }
            from = Height::new(last.height.get().saturating_add(1));
            let more = page.len() == sets::VALIDATOR_CHANGES_PAGE_MAX;
            for change in page {
                if let Err(wrong) = self.set(&change, before.as_ref()) {
                    let height = change.height;
                    self.report.add(Table::Index, format!("validator set of height {height}: {wrong}"));
                }
                self.report.sets += 1;
                before = Some(change.validators);
            }
            if !more {
                break;
            }
        }
        if self.report.sets == 0 {
            self.report.add(Table::Index, "no validator set is recorded");
        }
    }

    fn set(&self, change: &ValidatorChange, before: Option<&ValidatorSet>) -> Result<(), String> {
        if sets::at(self.store, change.height).ok().as_ref() != Some(&change.validators) {
            return Err("it is not found by its height".into());
        }
        let (Some(before), Some((header, certificate))) = (before, &change.proof) else {
            let first = self.genesis.validator_set()?;
            let at_one = change.height == Height::GENESIS.next();
            let known = before.is_none() && change.proof.is_none() && change.validators == first && at_one;
            return if known { Ok(()) } else { Err("neither genesis nor a header names it".into()) };
        };
        if header.next_validators != change.validators.hash() || header.height.next() != change.height {
            return Err("its header names another set or height".into());
        }
        if certificate.block != header.hash() || certificate.height != header.height {
            return Err("its certificate is for another header".into());
        }
        let chain_id = &self.genesis.chain_id;
        verify_certificate(chain_id, before, certificate).map_err(|error| error.to_string())
    }

    /// Every block that is kept, from the tip backwards.
    pub(super) fn blocks(&mut self) {
        let (first, last) = (self.earliest.block.get(), self.tip.height.get());
        let mut child_parent = Some(self.tip.hash);
        for height in (first..=last).rev() {
            let height = Height::new(height);
            let name = format!("block {height}");
            let bytes = self.get(Table::Blocks, &height.get().to_be_bytes(), &name);
            child_parent = match bytes.map(|bytes| self.block(height, &bytes, child_parent)) {
                Some(parent) => parent,
                None => {
                    self.report.add(Table::Blocks, format!("{name} is missing"));
                    None
                }
            };
            self.report.blocks += 1;
            if self.report.blocks.is_multiple_of(1_000) {
                (self.progress)(
                    "blocks",
                    self.report.blocks,
                    Some(last.saturating_add(1).saturating_sub(first)),
                );
            }
        }
        if first == 1 && child_parent.is_some_and(|parent| parent != self.genesis.hash()) {
            self.report.add(Table::Blocks, "block 1 does not follow genesis");
        }
        let below = self.store.range(Table::Blocks, &[], Some(&first.to_be_bytes()), 1);
        let above = self.store.range(Table::Blocks, &last.saturating_add(1).to_be_bytes(), None, 1);
        for (stray, place) in [(below, "below the history"), (above, "above the tip")] {
            if stray.is_ok_and(|stray| !stray.is_empty()) {
                self.report.add(Table::Blocks, format!("there is a block {place}"));
            }
        }
    }

    /// Checks one block, whose id is `id` by the word of the block after it; the id of its parent.
    fn block(&mut self, height: Height, bytes: &[u8], id: Option<Hash>) -> Option<Hash> {
        let name = format!("block {height}");
        let Ok(committed) = Committed::try_from_slice(bytes) else {
            self.report.add(Table::Blocks, format!("{name} cannot be decoded"));
            return None;
        };
        let header = &committed.block.header;
        let hash = header.hash();
        let receipts = &committed.receipts;
        let in_place = receipts
            .iter()
            .zip(0u32..)
            .all(|(receipt, index)| receipt.height == height && receipt.index == index);
        let certificate = &committed.certificate;
        let wrong = [
            (header.height != height, "lies at another height"),
            (committed.hash != hash, "is kept under another id"),
            (id.is_some_and(|id| id != hash), "is not the parent of the block after it"),
            (header.chain_id != self.genesis.chain_id, "belongs to another chain"),
            (!has_own_body(&committed.block), "has transactions other than its header says"),
            (receipt_root(receipts) != header.receipt_root, "has receipts other than its header says"),
            (!in_place || committed.side.len() != receipts.len(), "has receipts out of place"),
            (certificate.height != height || certificate.block != hash, "has another block's certificate"),
            (encode(&committed) != bytes, "is not encoded as it would be written"),
        ];
        for (_, what) in wrong.iter().filter(|(wrong, _)| *wrong) {
            self.report.add(Table::Blocks, format!("{name} {what}"));
        }
        match sets::at(self.store, height) {
            Ok(set) if set.hash() != header.validators => {
                self.report
                    .add(Table::Index, format!("{name} was decided by another validator set than recorded"));
            }
            Ok(set) => {
                if let Err(error) = verify_certificate(&self.genesis.chain_id, &set, certificate) {
                    self.report.add(Table::Blocks, format!("{name}: {error}"));
                }
            }
            Err(error) => self.report.add(Table::Index, format!("validator set of {name}: {error}")),
        }
        if height == self.tip.height {
            let tip = &self.tip;
            let same = header.time_ms == tip.time_ms
                && header.uptime_ms == tip.uptime_ms
                && header.beacon == tip.beacon
                && header.state_root == tip.state_root;
            if !same {
                self.report.add(Table::Meta, "the tip record says otherwise than the header of its block");
            }
        }
        self.found_by_index(&committed);
        self.report.receipts += committed.receipts.len() as u64;
        Some(header.parent)
    }

    fn found_by_index(&mut self, committed: &Committed) {
        let height = committed.block.header.height;
        let name = format!("entry of block {height}");
        if self.get(Table::Index, &block_key(&committed.hash), &name) != Some(encode(&height)) {
            self.report.add(Table::Index, format!("block {height} is not found by its id"));
        }
        for receipt in &committed.receipts {
            let place = encode(&(height, receipt.index));
            if self.get(Table::Index, &receipt_key(&receipt.hash), &name) != Some(place) {
                let index = receipt.index;
                self.report
                    .add(Table::Index, format!("receipt {index} of block {height} is not found by its hash"));
            }
        }
    }

    /// Every entry of the index leads somewhere: since each block and receipt has its own, counting is enough.
    pub(super) fn index(&mut self) {
        let [mut blocks, mut receipts, mut sets, mut backwards, mut other] = [0u64; 5];
        self.report.index = self.scan(Table::Index, |_, key, _| match (key.first(), key.len()) {
            (Some(b'b'), 33) => blocks += 1,
            (Some(b'r'), 33) => receipts += 1,
            (Some(b'v'), 9) => sets += 1,
            (Some(b'w'), 9) => backwards += 1,
            // Evidence of equivocation leads nowhere: it proves itself.
            (Some(b'e'), 34) => {}
            _ => other += 1,
        });
        let rows = [
            ("blocks by id", blocks, self.report.blocks),
            ("receipts by hash", receipts, self.report.receipts),
            ("validator sets", sets, self.report.sets),
            ("validator sets by height", backwards, self.report.sets),
            ("unknown kinds", other, 0),
        ];
        for (what, found, expected) in rows {
            if found > expected {
                let more = found - expected;
                self.report.add(Table::Index, format!("{more} entries of {what} lead nowhere"));
            }
        }
    }
}
