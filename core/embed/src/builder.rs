//! Opening an embedded chain.

use crate::chain::EmbeddedChain;
use crate::error::EmbedError;
use hydrogen_core::vm::ContractVm;
use hydrogen_core::{Genesis, GenesisContract, MemStore, NodeKeys, Params, SecretKey};
use hydrogen_types::hash::Tag;
use hydrogen_types::{Address, Amount, ChainId, Hash, Validator};
use hydrogen_vm::{Vm, VmConfig};
use std::sync::Arc;

/// Balance of the funded account.
pub const FUNDED_BALANCE: Amount = Amount::cnx(1_000_000);
/// Name of the chain unless another is asked for.
const CHAIN_ID: &str = "embedded";
/// 2026-01-01: any fixed time does, a plausible one reads better.
const TIME_MS: u64 = 1_767_225_600_000;
/// Time each block takes unless another is asked for.
const BLOCK_MS: u64 = 1_000;

/// What an embedded chain starts from.
pub struct Builder {
    seed: u64,
    params: Params,
    accounts: Vec<(Address, Amount)>,
    contracts: Vec<GenesisContract>,
    genesis: Option<Genesis>,
    vm: Option<Arc<dyn ContractVm>>,
    block_ms: u64,
}

impl Builder {
    pub(crate) fn new(seed: u64) -> Self {
        // One block may bring any time forward: advancing it is one call.
        let params = Params { uptime_capped: false, ..Params::default() };
        Self {
            seed,
            params,
            accounts: Vec::new(),
            contracts: Vec::new(),
            genesis: None,
            vm: None,
            block_ms: BLOCK_MS,
        }
    }

    /// Adds an account with a balance.
    #[must_use]
    pub fn account(mut self, address: Address, balance: Amount) -> Self {
        self.accounts.push((address, balance));
        self
    }

    /// Adds a contract at the address of its name.
    #[must_use]
    pub fn contract(mut self, contract: GenesisContract) -> Self {
        self.contracts.push(contract);
        self
    }

    /// Replaces the parameters.
    #[must_use]
    pub fn params(mut self, params: Params) -> Self {
        self.params = params;
        self
    }

    /// Replaces the whole genesis, that of a network say. The chain then follows by
    /// [`EmbeddedChain::import`]; it makes blocks itself only if the seed's validator is the only one.
    #[must_use]
    pub fn genesis(mut self, genesis: Genesis) -> Self {
        self.genesis = Some(genesis);
        self
    }

    /// Uses this sandbox, which several chains may share, instead of a new one.
    #[must_use]
    pub fn vm(mut self, vm: Arc<dyn ContractVm>) -> Self {
        self.vm = Some(vm);
        self
    }

    /// Time from one block to the next in ms.
    #[must_use]
    pub fn block_ms(mut self, block_ms: u64) -> Self {
        self.block_ms = block_ms;
        self
    }

    /// Opens the chain.
    ///
    /// # Errors
    /// A genesis that describes no chain, or a machine without the means for a sandbox.
    ///
    /// # Panics
    /// Never: the chain id is a legal one.
    pub fn open(self) -> Result<EmbeddedChain, EmbedError> {
        let keys = NodeKeys::from_seed(seed_bytes(self.seed, "validator"));
        let funded = named_key(self.seed, "funded");
        let vm: Arc<dyn ContractVm> = match self.vm {
            Some(vm) => vm,
            None => Arc::new(Vm::new(VmConfig::default())?),
        };
        let genesis = self.genesis.unwrap_or_else(|| {
            let mut accounts = vec![(funded.address(), FUNDED_BALANCE)];
            accounts.extend(self.accounts);
            Genesis {
                chain_id: ChainId::new(CHAIN_ID).expect("a legal chain id"),
                time_ms: TIME_MS,
                params: self.params,
                validators: vec![Validator {
                    consensus_key: keys.consensus.public(),
                    vrf_key: keys.vrf.public(),
                    power: 1,
                    account: keys.account.address(),
                }],
                governance: None,
                accounts,
                contracts: self.contracts,
            }
        });
        EmbeddedChain::start(Arc::new(MemStore::new()), vm, genesis, keys, self.seed, self.block_ms)
    }
}

/// 32 bytes for `name` from a small seed.
fn seed_bytes(seed: u64, name: &str) -> [u8; 32] {
    *Hash::of(Tag::GENESIS, &[b"embedded", &seed.to_le_bytes(), name.as_bytes()]).as_bytes()
}

/// The account key that `seed` has under `name`.
pub(crate) fn named_key(seed: u64, name: &str) -> SecretKey {
    SecretKey::derive(&seed_bytes(seed, name), Tag::KEY_ACCOUNT)
}
