//! The application of the harness: pays, uploads arguments, downloads results.

use crate::error::HarnessError;
use crate::relay::Relay;
use hydrogen_embed::SecretKey;
use hydrogen_offchain::calls::{self, Call};
use hydrogen_types::task::{BlobKind, TaskState, TaskView};
use hydrogen_types::{Hash, Height};
use std::collections::{BTreeMap, BTreeSet};

/// Whoever creates tasks.
pub(crate) struct Application {
    pub(crate) key: SecretKey,
    /// Arguments by task.
    pub(crate) args: BTreeMap<u64, Vec<u8>>,
    /// Tasks whose arguments it keeps back.
    pub(crate) kept_back: BTreeSet<u64>,
}

impl Application {
    pub(crate) fn new(key: SecretKey) -> Self {
        Self { key, args: BTreeMap::new(), kept_back: BTreeSet::new() }
    }

    /// Brings the arguments of a started task to the relay, and the relay's receipt to the chain.
    pub(crate) fn act(
        &self,
        task: &TaskView,
        relay: &mut Relay,
        seen: Height,
    ) -> Result<Option<(Call, String)>, HarnessError> {
        let Some(args) = self.args.get(&task.id) else { return Ok(None) };
        if task.state != TaskState::Started || self.kept_back.contains(&task.id) {
            return Ok(None);
        }
        let receipt = relay.upload_args(Some(task), &self.key.address(), args, seen)?;
        let note = format!("uploads the arguments, {} bytes", args.len());
        Ok(Some((calls::args_uploaded(task.id, &receipt), note)))
    }

    /// Downloads a result and checks it against the chain.
    pub(crate) fn download(&self, task: &TaskView, relay: &Relay) -> Result<Option<Vec<u8>>, HarnessError> {
        let Some(expected) = task.result else { return Ok(None) };
        let bytes = relay.download(Some(task), BlobKind::Result, &self.key.address())?;
        let got = Hash::sha256(bytes);
        if got != expected {
            return Err(HarnessError::WrongResult { expected, got });
        }
        Ok(Some(bytes.to_vec()))
    }
}
