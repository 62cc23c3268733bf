//! `hydrogen init`: writes a node's home, for a chain of its own or to join another's.

use crate::failure::{Failure, Outcome};
use crate::keys::{self, KeyFile, Passphrase};
use crate::node::{Home, HomeError, NodeFile, contracts, read_genesis};
use crate::session::Session;
use hydrogen_core::{Genesis, NodeKeys, Params};
use hydrogen_p2p::{Multiaddr, ProbeError};
use hydrogen_types::task::TaskConfig;
use hydrogen_types::{Address, Amount, ChainId, Hash, PublicKey, Validator};
use serde_json::json;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

/// CNX of the first account of a new chain.
const FIRST_ACCOUNT_CNX: u64 = 1_000_000_000;

/// CNX of the governance key, when it is not the node's.
const GOVERNANCE_CNX: u64 = 1_000;

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
    /// The key that may change the new chain's validator set: its name, or its public key as 0x and 64 hex digits; the
    /// node's own when left out.
    #[arg(long, value_name = "KEY", conflicts_with = "genesis")]
    governance: Option<String>,
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
    let peers: Vec<Multiaddr> =
        args.peer.iter().map(|text| crate::node::multiaddr(text)).collect::<Outcome<_>>()?;
    let config = configuration(&home, &args.peer)?;
    let known = keys::address_of(session, &config.key)?.is_some();
    let seed = if known { *keys::seed_of(session, &config.key)? } else { keys::random_seed()? };
    let keys = NodeKeys::from_seed(seed);
    let genesis = genesis(session, &args, &home, &keys)?;
    let unheard = ask_peers(session, &peers, &keys, &genesis).await?;
    if !known {
        write_key(session, &config.key, &seed, args.clear)?;
    }
    let existed = home.exists();
    home.write(&config, &genesis)?;
    show(session, &home, &genesis, &keys, existed, &unheard);
    Ok(())
}

/// That of a new home, or of the one that is there, with the peers that were given.
fn configuration(home: &Home, peers: &[String]) -> Outcome<NodeFile> {
    let mut config = home.config()?;
    let fresh: Vec<String> = peers.iter().filter(|peer| !config.peers.contains(peer)).cloned().collect();
    config.peers.extend(fresh);
    Ok(config)
}

/// The genesis given, that of the home, or a new one; a home never changes its chain.
fn genesis(session: &Session, args: &Args, home: &Home, keys: &NodeKeys) -> Outcome<Genesis> {
    let given = args.genesis.as_ref().map(|path| read_genesis(path)).transpose()?;
    if let (Some(text), Some(genesis)) = (&args.genesis_hash, &given) {
        expect_hash(text, genesis)?;
    }
    let stored = if home.exists() { Some(home.genesis()?) } else { None };
    match (stored, given) {
        (Some(stored), Some(given)) if stored.hash() != given.hash() => {
            let path = home.path().to_path_buf();
            let error = HomeError::OtherGenesis { path, stored: stored.hash(), given: given.hash() };
            Err(Failure::from(error).hint("this home follows another chain: give another --home"))
        }
        (Some(stored), _) if args.governance.is_some() => Err(Failure::new(format!(
            "{} is a home of chain `{}` already: its genesis stays as it is",
            home.path().display(),
            stored.chain_id
        ))
        .hint("a new chain needs another --home")),
        (Some(stored), _) => Ok(stored),
        (None, Some(given)) => Ok(given),
        (None, None) => {
            let governance = args.governance.as_ref().map(|text| public_key(session, text)).transpose()?;
            new_chain(&args.chain_id, keys, governance)
        }
    }
}

/// Asks every peer which chain it follows. One of another chain is refused; those that cannot be asked are told of, and
/// given back.
async fn ask_peers(
    session: &Session,
    peers: &[Multiaddr],
    keys: &NodeKeys,
    genesis: &Genesis,
) -> Outcome<Vec<String>> {
    let mut unheard = Vec::new();
    for peer in peers {
        match hydrogen_p2p::probe(peer.clone(), keys, genesis).await {
            Ok(()) => session.output.say(format_args!("{peer} follows this chain")),
            Err(error @ ProbeError::OtherChain { .. }) => {
                return Err(Failure::of(format_args!("peer {peer}"), &error).hint(format!(
                    "the genesis given has hash {}: get that of the chain you mean to join, or give another --peer; nothing was written",
                    genesis.hash()
                )));
            }
            Err(ProbeError::Address(error)) => {
                return Err(Failure::from(error)
                    .hint("give a --peer that this program can dial; nothing was written"));
            }
            Err(error) => {
                session.output.say(format_args!(
                    "warning: peer {peer} could not be asked which chain it follows: {error}; is it running, and does it let this node in? the home is written all the same"
                ));
                unheard.push(peer.to_string());
            }
        }
    }
    Ok(unheard)
}

fn show(
    session: &Session,
    home: &Home,
    genesis: &Genesis,
    keys: &NodeKeys,
    existed: bool,
    unheard: &[String],
) {
    let (path, hash) = (home.path().display(), genesis.hash().to_string());
    let (consensus, vrf) = (keys.consensus.public().to_string(), keys.vrf.public().to_string());
    let (account, validator) = (keys.account.address().to_string(), keys.consensus.address().to_string());
    let state = if existed { "there already; its other settings stay" } else { "new" };
    let text = format!(
        "home       {path} ({state})\nchain      {} {hash}\naccount    {account}\nvalidator  {validator}\nconsensus  {consensus}\nvrf        {vrf}\npeer id    {}\nnext       hydrogen node --home {path}",
        genesis.chain_id,
        hydrogen_p2p::peer_id(keys)
    );
    let json = json!({
        "home": home.path(), "existed": existed, "chain_id": genesis.chain_id.to_string(), "genesis": hash,
        "account": account, "validator": validator, "consensus_key": consensus, "vrf_key": vrf,
        "peer_id": hydrogen_p2p::peer_id(keys).to_string(), "peers_not_reached": unheard
    });
    session.output.data(text, &json);
}

fn public_key(session: &Session, text: &str) -> Outcome<PublicKey> {
    if text.starts_with("0x") {
        return super::validators::key(text).map_err(Failure::new);
    }
    keys::public_key_of(session, text)?.ok_or_else(|| {
        Failure::new(format!("no key `{text}` in {}", session.home.display())).hint(
            "make it with `hydrogen keys new NAME`, or give a public key of `hydrogen keys show NAME --json`",
        )
    })
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

fn write_key(session: &Session, name: &str, seed: &[u8; 32], clear: bool) -> Outcome {
    let key =
        if clear { KeyFile::clear(seed) } else { KeyFile::encrypted(seed, &Passphrase::required(session)?)? };
    let path = keys::write(&session.home, name, &key)?;
    if clear {
        session
            .output
            .say(format_args!("{} holds the key in clear: anyone who reads it owns it", path.display()));
    }
    Ok(())
}

fn new_chain(chain_id: &str, keys: &NodeKeys, governance: Option<PublicKey>) -> Outcome<Genesis> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let account = keys.account.address();
    let mut accounts = vec![(account, Amount::cnx(FIRST_ACCOUNT_CNX))];
    // Its transactions need gas.
    let other = governance.filter(|key| *key != keys.account.public());
    accounts.extend(other.map(|key| (Address::of_key(&key), Amount::cnx(GOVERNANCE_CNX))));
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
        governance: Some(governance.unwrap_or(keys.account.public())),
        accounts,
        contracts: contracts::genesis(TaskConfig::default(), account, Vec::new()),
    })
}
