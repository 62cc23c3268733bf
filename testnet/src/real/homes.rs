//! Homes of validators: keys, genesis, configuration, written as the node reads them.

use super::error::RealError;
use super::links::Place;
use hydrogen_core::{Genesis, GenesisContract, NodeKeys, Params, SecretKey};
use hydrogen_p2p::peer_id;
use hydrogen_types::codec::encode;
use hydrogen_types::{Amount, ChainId, Hash, Tag, Validator};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// The contract that the load calls.
pub(super) const COUNTER: &str = "counter";
/// What each account of the load has at first.
pub(super) const BALANCE: Amount = Amount::cnx(1_000_000);
/// What each validator has at first.
const VALIDATOR_BALANCE: Amount = Amount::cnx(1_000);

/// A seed that follows from a number and a name.
fn seed(number: u64, name: &str) -> [u8; 32] {
    *Hash::sha256(format!("network of processes, seed {number}, {name}").as_bytes()).as_bytes()
}

/// The keys of validator `index`.
pub(super) fn validator(number: u64, index: usize) -> NodeKeys {
    NodeKeys::from_seed(seed(number, &format!("validator-{index}")))
}

/// The key of account `index` of the load.
pub(super) fn account(number: u64, index: usize) -> SecretKey {
    SecretKey::derive(&seed(number, &format!("account-{index}")), Tag::KEY_ACCOUNT)
}

/// The chain that all start from.
pub(super) fn genesis(number: u64, validators: usize, accounts: usize, params: Params) -> Genesis {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let member = |index| {
        let keys = validator(number, index);
        Validator {
            consensus_key: keys.consensus.public(),
            vrf_key: keys.vrf.public(),
            power: 1,
            account: keys.account.address(),
        }
    };
    let mut funded: Vec<_> = (0..accounts).map(|index| (account(number, index).address(), BALANCE)).collect();
    funded
        .extend((0..validators).map(|index| (validator(number, index).account.address(), VALIDATOR_BALANCE)));
    Genesis {
        chain_id: ChainId::new("processes").expect("a legal chain id"),
        time_ms: u64::try_from(now).unwrap_or(u64::MAX),
        params,
        validators: (0..validators).map(member).collect(),
        governance: None,
        accounts: funded,
        contracts: vec![GenesisContract {
            name: COUNTER.into(),
            code: include_bytes!("../../../contracts/wasm/counter.wasm").to_vec(),
            init: encode(&0u64),
            admin: None,
        }],
    }
}

/// Writes one home for each place; their folders.
pub(super) fn write(
    dir: &Path,
    number: u64,
    genesis: &Genesis,
    places: &[Place],
) -> Result<Vec<PathBuf>, RealError> {
    let peer = |index: usize| {
        let id = peer_id(&validator(number, index));
        format!("/ip4/{}/tcp/{}/p2p/{id}", places[index].p2p.ip(), places[index].p2p.port())
    };
    let mut homes = Vec::new();
    for (index, place) in places.iter().enumerate() {
        let home = dir.join(format!("validator-{index}"));
        let config = json!({
            "rpc_listen": place.rpc.to_string(),
            "p2p_listen": format!("/ip4/{}/tcp/{}", place.p2p.ip(), place.p2p.port()),
            "peers": (0..places.len()).filter(|other| *other != index).map(peer).collect::<Vec<_>>(),
            "key": "node",
        });
        let seed = seed(number, &format!("validator-{index}"));
        let account = NodeKeys::from_seed(seed).account;
        let key = json!({
            "version": 1,
            "address": account.address().to_string(),
            "public_key": account.public().to_string(),
            "seed_in_clear": Hash::new(seed).to_string(),
        });
        let keys = home.join("keys");
        std::fs::create_dir_all(&keys).map_err(RealError::at(&keys))?;
        for (path, text) in [
            (home.join("config.json"), config.to_string()),
            (home.join("genesis.json"), genesis.to_json()),
            (keys.join("node.json"), key.to_string()),
        ] {
            std::fs::write(&path, text).map_err(RealError::at(&path))?;
        }
        homes.push(home);
    }
    Ok(homes)
}
