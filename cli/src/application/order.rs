//! What is to be computed, and for how much.

use crate::client::relay::{RelayClientError, Upload};
use hydrogen_types::codec::encode;
use hydrogen_types::task::{Comparison, CreateTask};
use hydrogen_types::{Address, Amount, Hash};
use std::path::Path;

/// A program by its hash, with its file where it may have to be published.
#[derive(Debug, Clone)]
pub struct Program {
    /// SHA-256 of the module.
    pub hash: Hash,
    /// The module.
    pub upload: Option<Upload>,
}

impl Program {
    /// A program in a file, published where a relay does not have it yet.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn from_file(path: impl AsRef<Path>) -> Result<Self, RelayClientError> {
        let upload = Upload::of(path.as_ref()).await?;
        Ok(Self { hash: upload.digest, upload: Some(upload) })
    }

    /// A program that a relay has.
    #[must_use]
    pub fn published(hash: Hash) -> Self {
        Self { hash, upload: None }
    }
}

/// What the panel runs.
#[derive(Debug, Clone)]
pub enum Work {
    /// A program, in the sandbox.
    Program(Program),
    /// An executor of this name, outside.
    External(String),
}

/// When two results agree.
#[derive(Debug, Clone)]
pub enum Agreement {
    /// When they are the same bytes.
    Exact,
    /// When their fingerprints are near.
    Similar {
        /// Differing bits in every 8 bytes must be below this.
        threshold: u8,
        /// Reads a result, writes its fingerprint.
        fingerprint: Program,
    },
}

/// What is to be computed, and for how much. [`Order::new`] leaves every limit to the default.
#[derive(Debug, Clone)]
pub struct Order {
    /// What runs.
    pub work: Work,
    /// When results agree.
    pub agreement: Agreement,
    /// The arguments.
    pub input: Upload,
    /// CNX for the panel.
    pub fee: Amount,
    /// Time for executing in ms of the chain's uptime; by default ten minutes, or more where the other limits need it.
    pub timeout_ms: Option<u64>,
    /// Most fuel.
    pub fuel_max: Option<u64>,
    /// Most memory.
    pub memory_bytes_max: Option<u64>,
    /// Most bytes of result.
    pub output_bytes_max: Option<u64>,
}

impl Order {
    /// A program on these arguments, compared exactly.
    #[must_use]
    pub fn new(program: Program, input: Upload, fee: Amount) -> Self {
        Self {
            work: Work::Program(program),
            agreement: Agreement::Exact,
            input,
            fee,
            timeout_ms: None,
            fuel_max: None,
            memory_bytes_max: None,
            output_bytes_max: None,
        }
    }

    /// The programs that a relay must have before it takes the arguments.
    #[must_use]
    pub fn programs(&self) -> Vec<&Program> {
        let main = match &self.work {
            Work::Program(program) => Some(program),
            Work::External(_) => None,
        };
        let fingerprint = match &self.agreement {
            Agreement::Exact => None,
            Agreement::Similar { fingerprint, .. } => Some(fingerprint),
        };
        main.into_iter().chain(fingerprint).collect()
    }

    /// The call's arguments, with limits as they are given.
    #[must_use]
    pub fn request(&self) -> CreateTask {
        let (program, external) = match &self.work {
            Work::Program(program) => (Some(program.hash), None),
            Work::External(name) => (None, Some(name.clone())),
        };
        CreateTask {
            program,
            external,
            args_hash: self.input.digest,
            args_bytes_max: None,
            comparison: match &self.agreement {
                Agreement::Exact => Comparison::Exact,
                Agreement::Similar { threshold, fingerprint } => {
                    Comparison::Similar { threshold: *threshold, fingerprint: fingerprint.hash }
                }
            },
            fee: self.fee,
            timeout_ms: self.timeout_ms,
            memory_bytes_max: self.memory_bytes_max,
            fuel_max: self.fuel_max,
            output_bytes_max: self.output_bytes_max,
        }
    }

    /// Names the same computation of the same account on the same chain, whatever it pays.
    #[must_use]
    pub fn identity(&self, genesis: &Hash, account: &Address) -> Hash {
        let request = self.request();
        let what = (request.program, request.external, request.args_hash, request.comparison);
        Hash::sha256(&encode(&(genesis, account, what)))
    }
}
