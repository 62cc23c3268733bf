//! The relay in memory: the real rules over maps.

use hydrogen_embed::SecretKey;
use hydrogen_offchain::relay::{
    Blob, Decision, ReceiptTerms, Refusal, issue, may_download, may_upload_args, may_upload_result,
};
use hydrogen_types::task::{BlobKind, RelayReceipt, TaskView};
use hydrogen_types::{Address, ChainId, Hash, Height};
use std::collections::BTreeMap;

/// A relay that holds its blobs in memory.
#[derive(Debug)]
pub struct Relay {
    key: SecretKey,
    chain_id: ChainId,
    blobs: BTreeMap<(u64, u8), (RelayReceipt, Vec<u8>)>,
    programs: BTreeMap<Hash, Vec<u8>>,
    reachable: bool,
}

impl Relay {
    pub(crate) fn new(key: SecretKey, chain_id: ChainId) -> Self {
        Self { key, chain_id, blobs: BTreeMap::new(), programs: BTreeMap::new(), reachable: true }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> Address {
        self.key.address()
    }

    /// From now on nodes get nothing from it.
    pub fn cut_off(&mut self) {
        self.reachable = false;
    }

    /// Publishes a program.
    pub fn publish(&mut self, program: &[u8]) -> Hash {
        let hash = Hash::sha256(program);
        self.programs.insert(hash, program.to_vec());
        hash
    }

    /// A program.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub fn program(&self, hash: &Hash) -> Result<&[u8], Refusal> {
        let program = self.programs.get(hash).filter(|_| self.reachable);
        program.map(Vec::as_slice).ok_or(Refusal::NotFound)
    }

    /// Takes a task's arguments from `requester`.
    ///
    /// # Errors
    /// As over HTTP.
    pub fn upload_args(
        &mut self,
        task: Option<&TaskView>,
        requester: &Address,
        bytes: &[u8],
        seen: Height,
    ) -> Result<RelayReceipt, Refusal> {
        let digest = Hash::sha256(bytes);
        let held = task.and_then(|task| self.held(task.id, BlobKind::Args));
        let decision =
            may_upload_args(task, requester, &digest, held, |program| self.programs.contains_key(program))?;
        self.take(task, BlobKind::Args, decision, requester, bytes, seen)
    }

    /// Takes a task's result from `requester`.
    ///
    /// # Errors
    /// As over HTTP.
    pub fn upload_result(
        &mut self,
        task: Option<&TaskView>,
        requester: &Address,
        bytes: &[u8],
        seen: Height,
    ) -> Result<RelayReceipt, Refusal> {
        let digest = Hash::sha256(bytes);
        let held = task.and_then(|task| self.held(task.id, BlobKind::Result));
        let decision = may_upload_result(task, requester, &digest, held)?;
        self.take(task, BlobKind::Result, decision, requester, bytes, seen)
    }

    fn held(&self, task: u64, kind: BlobKind) -> Option<&RelayReceipt> {
        self.blobs.get(&key(task, kind)).map(|(receipt, _)| receipt)
    }

    fn take(
        &mut self,
        task: Option<&TaskView>,
        kind: BlobKind,
        decision: Decision,
        uploader: &Address,
        bytes: &[u8],
        seen: Height,
    ) -> Result<RelayReceipt, Refusal> {
        let expected = match decision {
            Decision::AlreadyHeld(receipt) => return Ok(*receipt),
            Decision::Take(expected) => expected,
        };
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        expected.check(&Hash::sha256(bytes), size)?;
        let task = task.map(|task| task.id).unwrap_or_default();
        let blob = Blob { task, kind, digest: expected.digest, size, uploader: *uploader };
        let receipt = issue(&self.key, &self.chain_id, ReceiptTerms::default(), seen, blob);
        self.blobs.insert(key(task, kind), (receipt.clone(), bytes.to_vec()));
        Ok(receipt)
    }

    /// Gives a task's arguments or result to `requester`.
    ///
    /// # Errors
    /// As over HTTP.
    pub fn download(
        &self,
        task: Option<&TaskView>,
        kind: BlobKind,
        requester: &Address,
    ) -> Result<&[u8], Refusal> {
        let digest = may_download(task, kind, requester)?;
        let id = task.map(|task| task.id).unwrap_or_default();
        let found = self.blobs.get(&key(id, kind)).filter(|(receipt, _)| receipt.body.digest == digest);
        found.filter(|_| self.reachable).map(|(_, bytes)| bytes.as_slice()).ok_or(Refusal::NotFound)
    }
}

fn key(task: u64, kind: BlobKind) -> (u64, u8) {
    match kind {
        BlobKind::Args => (task, 0),
        BlobKind::Result => (task, 1),
    }
}
