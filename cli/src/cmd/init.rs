//! `hydrogen init`: writes a node's home, for a chain of its own or to join another's.

use crate::failure::{Failure, Outcome};
use crate::keys::{self, KeyFile, Passphrase};
use crate::node::{Home, NodeFile, contracts, read_genesis};
use crate::session::Session;
use hydrogen_core::{Genesis, NodeKeys, Params};
use hydrogen_types::task::TaskConfig;
use hydrogen_types::{Amount, ChainId, Hash, Validator};
use serde_json::json;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

/// CNX of the first account of a new chain.
const FIRST_ACCOUNT_CNX: u64 = 1_000_000_000;

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Genesis of the chain to join; without it a new chain is made, with this node as its validator.
    #[arg(long, value_name = "FILE")]
    genesis: Option<PathBuf>,
    /// Hash that the genesis must have.
    #[arg(long, value_name = "HASH", requires = "genesis")]
    genesis_hash: Option<String>,
    /// A peer to connect to; may be given several times.
    #[arg(long, value_name = "MULTIADDR")]
    peer: Vec<String>,
    /// Name of the new chain.
    #[arg(long, default_value = "local", conflicts_with = "genesis")]
    chain_id: String,
    /// Keep the node's key unencrypted: for test networks alone.
    #[arg(long)]
    clear: bool,
}

/// Runs the command.
///
/// # Errors
/// A sentence for the person who typed it.
pub async fn run(args: Args, session: &Session) -> Outcome {
    let home = Home::new(&session.home);
    let config = NodeFile { peers: args.peer.clone(), ..NodeFile::default() };
    let given = args.genesis.as_ref().map(|path| read_genesis(path)).transpose()?;
    if let (Some(text), Some(genesis)) = (&args.genesis_hash, &given) {
        expect_hash(text, genesis)?;
    }
    let seed = match keys::address_of(session, &config.key)? {
        Some(_) => *keys::seed_of(session, &config.key)?,
        None => new_key(session, &config.key, args.clear)?,
    };
    let genesis = match given {
        Some(genesis) => genesis,
        None if home.exists() => home.genesis()?,
        None => new_chain(&args.chain_id, &NodeKeys::from_seed(seed))?,
    };
    home.write(&config, &genesis)
        .map_err(|error| Failure::from(error).hint("this home follows another chain: give another --home"))?;
    let hash = genesis.hash().to_string();
    let path = home.path().display();
    let text = format!(
        "home       {path}\nchain      {} {hash}\nnext       hydrogen node --home {path}",
        genesis.chain_id
    );
    let json = json!({"home": home.path(), "chain_id": genesis.chain_id.to_string(), "genesis": hash});
    session.output.data(text, &json);
    Ok(())
}

fn expect_hash(text: &str, genesis: &Genesis) -> Outcome {
    let expected = Hash::from_hex(text)
        .ok_or_else(|| Failure::new(format!("`{text}` is not a hash")).hint("write 0x and 64 hex digits"))?;
    let hash = genesis.hash();
    if hash == expected {
        return Ok(());
    }
    Err(Failure::new(format!("the genesis has hash {hash}, not {expected}"))
        .hint("get the genesis of the chain you mean to join"))
}

fn new_key(session: &Session, name: &str, clear: bool) -> Outcome<[u8; 32]> {
    let seed = keys::random_seed()?;
    let key = if clear {
        KeyFile::clear(&seed)
    } else {
        KeyFile::encrypted(&seed, &Passphrase::required(session)?)?
    };
    let path = keys::write(&session.home, name, &key)?;
    if clear {
        session
            .output
            .say(format_args!("{} holds the key in clear: anyone who reads it owns it", path.display()));
    }
    Ok(seed)
}

fn new_chain(chain_id: &str, keys: &NodeKeys) -> Outcome<Genesis> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let account = keys.account.address();
    Ok(Genesis {
        chain_id: ChainId::new(chain_id).map_err(Failure::new)?,
        time_ms: u64::try_from(now).unwrap_or(u64::MAX),
        params: Params::default(),
        validators: vec![Validator {
            consensus_key: keys.consensus.public(),
            vrf_key: keys.vrf.public(),
            power: 1,
            account,
        }],
        governance: Some(keys.account.public()),
        accounts: vec![(account, Amount::cnx(FIRST_ACCOUNT_CNX))],
        contracts: contracts::genesis(TaskConfig::default(), account, Vec::new()),
    })
}
