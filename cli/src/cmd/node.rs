//! `hydrogen node`: a node of a network, until Ctrl-C.

use crate::compute::{self, ComputeConfig, ComputeFlags};
use crate::failure::{Failure, Outcome};
use crate::keys;
use crate::node::{self, Archive, HistoryFile, Home, VoteLog};
use crate::session::Session;
use crate::shutdown;
use serde_json::json;
use std::net::SocketAddr;

/// Arguments. What is given here wins over the home's `config.json`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where the RPC listens.
    #[arg(long, value_name = "ADDR")]
    rpc_listen: Option<SocketAddr>,
    /// Where peers connect, such as /ip4/0.0.0.0/tcp/4750; may be given several times.
    #[arg(long, value_name = "MULTIADDR")]
    p2p_listen: Vec<String>,
    /// A peer beyond those in the configuration; may be given several times.
    #[arg(long, value_name = "MULTIADDR")]
    peer: Vec<String>,
    /// Follow the chain without voting.
    #[arg(long)]
    follow: bool,
    /// How much of the past to keep: `archive`, or heights such as `blocks=10000,states=1000` (`all` for all).
    #[arg(long, value_name = "HISTORY", value_parser = history)]
    history: Option<HistoryFile>,
    /// Stop before less than this is free on the disk, in MiB.
    #[arg(long, value_name = "MIB")]
    disk_reserve_mib: Option<u64>,
    /// Begin a new vote log where the old one is lost: only if this key has signed nothing at the next height anywhere.
    #[arg(long)]
    forget_votes: bool,
    /// Execute tasks, too, once the node's account has staked (`hydrogen compute join`).
    #[arg(long)]
    compute: bool,
    #[command(flatten)]
    flags: ComputeFlags,
}

/// Runs the command.
///
/// # Errors
/// A sentence for the person who typed it.
pub async fn run(args: Args, session: &Session) -> Outcome {
    let home = Home::new(&session.home);
    if !home.exists() {
        return Err(Failure::new(format!("{} is not a node's home", home.path().display()))
            .hint("make one with `hydrogen init`, or start a whole network with `hydrogen testnet up`"));
    }
    let mut config = home.config()?;
    config.rpc_listen = args.rpc_listen.unwrap_or(config.rpc_listen);
    if !args.p2p_listen.is_empty() {
        config.p2p_listen = args.p2p_listen;
    }
    config.peers.extend(args.peer);
    config.validate &= !args.follow;
    config.history = args.history.unwrap_or(config.history);
    config.disk_reserve_mib = args.disk_reserve_mib.unwrap_or(config.disk_reserve_mib);
    let votes = if args.forget_votes { VoteLog::Forgotten } else { VoteLog::Kept };
    let keys = keys::open(session, &config.key)?;
    let account = keys.account.clone();
    let shutdown = shutdown::on_signals()?;
    let genesis = home.genesis()?;
    let (chain_id, hash) = (genesis.chain_id.to_string(), genesis.hash().to_string());
    let started = node::start(&home, &config, genesis, keys, votes, &shutdown).await?;
    let Some(node) = started else { return Ok(()) };
    let rpc = format!("http://{}", node.rpc);
    let text = format!("rpc        {rpc}\npeer       {}\nchain      {chain_id} {hash}", node.peer_address);
    let json = json!({
        "ready": true, "rpc": rpc, "peer": node.peer_address, "chain_id": chain_id, "genesis": hash
    });
    session.output.data(text, &json);
    if !args.compute {
        return node.run(shutdown).await;
    }
    let compute = ComputeConfig::new(vec![rpc], home.path().join("compute"), account);
    let compute = args.flags.apply(compute).map_err(Failure::new)?;
    // The compute node may have something to finish, and needs this node for it: one stops after the other.
    let (stopper, computed) = shutdown::channel();
    let computing = async {
        // Its end is no end of the node: votes go on, and the log says what to mend.
        if let Err(error) = compute::run(compute, shutdown.clone().wait()).await {
            tracing::error!(error = &error as &dyn std::error::Error, "no tasks are executed any more");
            shutdown.wait().await;
        }
        stopper.stop();
    };
    let voting = node.run(computed);
    tokio::pin!(voting);
    tokio::select! {
        ended = &mut voting => ended,
        () = computing => voting.await,
    }
}

/// `archive`, or `blocks=N|all,states=N|all` with what is left out as in a new home.
fn history(text: &str) -> Result<HistoryFile, String> {
    if text == "archive" {
        return Ok(HistoryFile::Named(Archive::Archive));
    }
    let HistoryFile::Heights { mut blocks, mut states } = HistoryFile::default() else {
        return Err("a new home is no archive".into());
    };
    for part in text.split(',') {
        let (name, value) = part.split_once('=').ok_or("expected `archive` or blocks=N,states=N")?;
        let heights = match value {
            "all" => None,
            number => Some(number.parse().map_err(|_| format!("`{number}` is neither a number nor `all`"))?),
        };
        match name {
            "blocks" => blocks = heights,
            "states" => states = heights,
            other => return Err(format!("`{other}` is neither `blocks` nor `states`")),
        }
    }
    let history = HistoryFile::Heights { blocks, states };
    history.keep().map_err(|error| error.to_string())?;
    Ok(history)
}
