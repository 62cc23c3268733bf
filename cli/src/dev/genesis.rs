//! What a development chain starts from: one validator, funded accounts, the task contract.

use crate::keys::{DEV_KEYS, dev_seed, numbered_seed};
use crate::node::contracts;
use hydrogen_core::{Genesis, NodeKeys, Params};
use hydrogen_types::task::TaskConfig;
use hydrogen_types::{Address, Amount, ChainId, PublicKey, Validator};

/// Name of every development chain.
pub const CHAIN_ID: &str = "dev";
/// CNX of each funded account.
const ACCOUNT_CNX: u64 = 1_000_000;
/// CNX that `dev_fund` has to give.
const FAUCET_CNX: u64 = 1_000_000_000;

/// A funded account.
#[derive(Debug, Clone)]
pub struct DevAccount {
    /// Name that commands take as `--from`.
    pub name: String,
    /// Address.
    pub address: Address,
    /// Its seed: public knowledge.
    pub seed: [u8; 32],
    /// Balance at genesis.
    pub balance: Amount,
}

/// The funded accounts.
#[must_use]
pub fn accounts() -> Vec<DevAccount> {
    let account = |index| {
        let seed = dev_seed(index);
        let address = NodeKeys::from_seed(seed).account.address();
        DevAccount { name: format!("dev{index}"), address, seed, balance: Amount::cnx(ACCOUNT_CNX) }
    };
    (0..DEV_KEYS).map(account).collect()
}

pub(super) fn validator() -> NodeKeys {
    NodeKeys::from_seed(numbered_seed(CHAIN_ID, 0, "validator"))
}

pub(super) fn faucet() -> NodeKeys {
    NodeKeys::from_seed(numbered_seed(CHAIN_ID, 0, "faucet"))
}

/// The genesis of a development chain that starts at `time_ms`, with the given relays registered. `dev0` owns the
/// task contract.
#[must_use]
pub fn genesis(time_ms: u64, relays: Vec<(PublicKey, String)>) -> Genesis {
    let keys = validator();
    let owner = NodeKeys::from_seed(dev_seed(0)).account.address();
    let faucet = faucet().account.address();
    let mut balances: Vec<(Address, Amount)> =
        accounts().into_iter().map(|account| (account.address, account.balance)).collect();
    balances.push((faucet, Amount::cnx(FAUCET_CNX)));
    Genesis {
        chain_id: ChainId::new(CHAIN_ID).expect("a legal name"),
        time_ms,
        params: Params { block_interval_ms: 0, uptime_capped: false, ..Params::default() },
        validators: vec![Validator {
            consensus_key: keys.consensus.public(),
            vrf_key: keys.vrf.public(),
            power: 1,
            account: keys.account.address(),
        }],
        governance: Some(keys.account.public()),
        accounts: balances,
        contracts: contracts::genesis(TaskConfig::default(), owner, relays),
    }
}
