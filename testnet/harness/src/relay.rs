//! The relays in memory: the real rules over maps.

use hydrogen_embed::SecretKey;
use hydrogen_offchain::relay::{
    Blob, Decision, Expected, ReceiptTerms, Refusal, issue, may_download, may_upload_args, may_upload_result,
};
use hydrogen_types::task::{BlobKind, RelayReceipt, TaskView};
use hydrogen_types::{Address, ChainId, Hash, Height};
use hydrogen_vm::program::{self, ProgramEnding, ProgramLimits};
use std::collections::BTreeMap;

/// Why a relay gave nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotServed {
    /// Nobody listens there.
    #[error("does not answer")]
    Down,
    /// It answered with a refusal.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// A relay that holds its blobs in memory.
#[derive(Debug)]
pub struct Relay {
    key: SecretKey,
    chain_id: ChainId,
    terms: ReceiptTerms,
    blobs: BTreeMap<(u64, u8), (RelayReceipt, Vec<u8>)>,
    programs: BTreeMap<Hash, Vec<u8>>,
    is_up: bool,
    gives: bool,
}

impl Relay {
    pub(crate) fn new(key: SecretKey, chain_id: ChainId) -> Self {
        let terms = ReceiptTerms::default();
        let (blobs, programs) = (BTreeMap::new(), BTreeMap::new());
        Self { key, chain_id, terms, blobs, programs, is_up: true, gives: true }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> Address {
        self.key.address()
    }

    /// From now on it takes everything and gives nothing: the fault that no honest node can help.
    pub fn cut_off(&mut self) {
        self.gives = false;
    }

    /// Stops its process: it answers nobody, what it holds stays.
    pub fn stop(&mut self) {
        self.is_up = false;
    }

    /// Starts it again.
    pub fn start(&mut self) {
        self.is_up = true;
    }

    /// What its receipts promise from now on.
    pub fn set_terms(&mut self, terms: ReceiptTerms) {
        self.terms = terms;
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
        let program = self.programs.get(hash).filter(|_| self.gives);
        program.map(Vec::as_slice).ok_or(Refusal::NotFound)
    }

    /// Itself, while it runs.
    pub(crate) fn answering(&self) -> Result<&Self, NotServed> {
        if self.is_up { Ok(self) } else { Err(NotServed::Down) }
    }

    /// Likewise.
    pub(crate) fn answering_mut(&mut self) -> Result<&mut Self, NotServed> {
        if self.is_up { Ok(self) } else { Err(NotServed::Down) }
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

    /// Takes a task's result from `requester`; for a similar task only if the fingerprint program gives what the node
    /// revealed.
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
        if let (Decision::Take(expected), Some(task)) = (&decision, task) {
            self.check_fingerprint(expected, task, bytes)?;
        }
        self.take(task, BlobKind::Result, decision, requester, bytes, seen)
    }

    fn check_fingerprint(&self, expected: &Expected, task: &TaskView, bytes: &[u8]) -> Result<(), Refusal> {
        let Some((program, revealed)) = &expected.fingerprint else { return Ok(()) };
        let module = self.programs.get(program).ok_or(Refusal::ProgramMissing(*program))?;
        let limits = ProgramLimits {
            memory_bytes_max: task.memory_bytes_max,
            fuel_max: task.fuel_max,
            output_bytes_max: task.output_bytes_max,
        };
        let (clock_ms, seed) = (task.draw_time_ms.unwrap_or(0), task.draw_seed.unwrap_or(Hash::ZERO));
        let given = program::fingerprint(module, bytes, limits, clock_ms, seed).map(|run| run.ending);
        match given {
            Ok(ProgramEnding::Result(given)) if given == *revealed => Ok(()),
            _ => Err(Refusal::FingerprintMismatch),
        }
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
        let receipt = issue(&self.key, &self.chain_id, self.terms, seen, blob);
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
        found.filter(|_| self.gives).map(|(_, bytes)| bytes.as_slice()).ok_or(Refusal::NotFound)
    }
}

fn key(task: u64, kind: BlobKind) -> (u64, u8) {
    match kind {
        BlobKind::Args => (task, 0),
        BlobKind::Result => (task, 1),
    }
}
