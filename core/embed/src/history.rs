//! Going back in time, and blocks in and out.

use crate::chain::EmbeddedChain;
use crate::error::EmbedError;
use hydrogen_core::reader::TracedReceipt;
use hydrogen_core::{Chain, CheckedTx, Committed, Genesis, MemStore};
use hydrogen_types::{Block, Certificate, Event, Hash, Height};
use std::sync::Arc;

/// A moment to come back to.
pub struct Snapshot {
    store: MemStore,
    now_ms: u64,
    waiting: Vec<CheckedTx>,
}

impl EmbeddedChain {
    /// A moment to come back to: state, blocks, time, and what waits.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot { store: self.store.fork(), now_ms: self.now_ms, waiting: self.waiting.clone() }
    }

    /// Goes back to a snapshot, which can be used again.
    ///
    /// # Errors
    /// When the chain cannot be opened again.
    pub fn revert(&mut self, snapshot: &Snapshot) -> Result<(), EmbedError> {
        let store = Arc::new(snapshot.store.fork());
        let genesis = Genesis::clone(self.chain.genesis());
        self.chain = Chain::open(store.clone(), self.vm.clone(), genesis)?;
        self.store = store;
        self.now_ms = snapshot.now_ms;
        self.waiting.clone_from(&snapshot.waiting);
        Ok(())
    }

    /// The blocks from `first` to the tip, with their certificates.
    ///
    /// # Errors
    /// When the store fails, which memory does not.
    pub fn export(&self, first: Height) -> Result<Vec<(Block, Certificate)>, EmbedError> {
        let blocks = self.committed(first)?;
        Ok(blocks.iter().map(|block| (block.block.clone(), block.certificate.clone())).collect())
    }

    /// Verifies, executes and commits a block of another chain of the same genesis.
    ///
    /// # Errors
    /// What is wrong with the block or its certificate.
    pub fn import(&mut self, block: Block, certificate: Certificate) -> Result<Arc<Committed>, EmbedError> {
        Ok(self.chain.import(block, certificate)?)
    }

    /// The events from block `first` to the tip, in order.
    ///
    /// # Errors
    /// When the store fails, which memory does not.
    pub fn events(&self, first: Height) -> Result<Vec<(Height, Event)>, EmbedError> {
        let mut events = Vec::new();
        for block in self.committed(first)? {
            for receipt in &block.receipts {
                events.extend(receipt.events.iter().map(|event| (receipt.height, event.clone())));
            }
        }
        Ok(events)
    }

    /// What a final transaction or scheduled call did, host call by host call.
    ///
    /// # Errors
    /// When it is unknown, or the state before it is no longer kept.
    pub fn trace(&self, hash: &Hash) -> Result<TracedReceipt, EmbedError> {
        self.reader().trace(hash)?.ok_or(EmbedError::UnknownReceipt(*hash))
    }

    /// The committed blocks from `first` to the tip.
    ///
    /// # Errors
    /// When the store fails, which memory does not.
    pub fn committed(&self, first: Height) -> Result<Vec<Arc<Committed>>, EmbedError> {
        let reader = self.reader();
        let mut blocks = Vec::new();
        for height in first.get().max(1)..=self.tip().height.get() {
            blocks.extend(reader.block(Height::new(height))?);
        }
        Ok(blocks)
    }
}
