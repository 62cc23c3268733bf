//! `hydrogen dev`: a development chain until Ctrl-C.

use crate::dev::{self, DevAccount};
use crate::failure::{Failure, Outcome};
use crate::rpc::{Backend, RpcConfig, serve};
use crate::session::{DEFAULT_RPC_PORT, Session};
use crate::shutdown;
use serde_json::json;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{SystemTime, UNIX_EPOCH};

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Port of the RPC; 0 takes a free one.
    #[arg(long, default_value_t = DEFAULT_RPC_PORT)]
    port: u16,
    /// Address to listen on. The keys of this chain are public: keep it on this machine.
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    host: IpAddr,
    /// Time of genesis in ms since 1970 [default: now].
    #[arg(long)]
    time_ms: Option<u64>,
}

/// Runs the command.
///
/// # Errors
/// A sentence for the person who typed it.
pub async fn run(args: Args, session: &Session) -> Outcome {
    let shutdown = shutdown::on_signals()?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let time_ms = args.time_ms.unwrap_or(u64::try_from(now).unwrap_or(u64::MAX));
    let chain = dev::start(dev::genesis(time_ms, Vec::new()))?;
    let listen = SocketAddr::new(args.host, args.port);
    let server = serve(&RpcConfig { listen }, Backend::Dev(chain.handle.clone())).await.map_err(|error| {
        Failure::of(format_args!("{listen}"), &error)
            .hint("is another one running? choose another --port, or 0")
    })?;
    announce(session, server.address, &dev::accounts());
    shutdown.wait().await;
    server.stop().await;
    tokio::task::spawn_blocking(move || chain.stop()).await?;
    Ok(())
}

fn announce(session: &Session, address: SocketAddr, accounts: &[DevAccount]) {
    let mut lines = vec![
        format!("rpc        http://{address}"),
        String::from("accounts   (their keys are public: never use them elsewhere)"),
    ];
    for account in accounts {
        let seed = hex::encode(account.seed);
        lines.push(format!(
            "  {}     {}  {} CNX  seed 0x{seed}",
            account.name, account.address, account.balance
        ));
    }
    lines.push(String::from("ready      a block for every transaction; Ctrl-C ends it and forgets all"));
    let rows: Vec<serde_json::Value> = accounts
        .iter()
        .map(|account| {
            json!({
                "name": account.name, "address": account.address.to_string(),
                "balance": account.balance.get().to_string(), "seed": format!("0x{}", hex::encode(account.seed))
            })
        })
        .collect();
    let json = json!({
        "ready": true, "rpc": format!("http://{address}"), "chain_id": dev::CHAIN_ID, "accounts": rows
    });
    session.output.data(lines.join("\n"), &json);
}
