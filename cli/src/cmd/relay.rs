//! `hydrogen relay`: the mode that carries task arguments and results.

use crate::failure::{Failure, Outcome};
use crate::relay::{Relay, RelayConfig, RelayLimits};
use crate::session::Session;
use crate::shutdown;
use serde_json::json;
use std::net::SocketAddr;

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The key that signs receipts; its address is the relay's id.
    #[arg(long, value_name = "KEY", default_value = "relay")]
    key: String,
    /// Where to listen.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:4800")]
    listen: SocketAddr,
    /// The URL under which clients reach it, if that is not the address (behind a proxy with TLS, say).
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Most bytes of one body.
    #[arg(long, value_name = "N")]
    body_bytes_max: Option<u64>,
    /// Most bytes that one account may have stored.
    #[arg(long, value_name = "N")]
    account_bytes_max: Option<u64>,
    /// Most bytes of programs kept.
    #[arg(long, value_name = "N")]
    program_bytes_max: Option<u64>,
}

/// Runs the command.
///
/// # Errors
/// A sentence for the person who typed it.
pub async fn run(args: Args, session: &Session) -> Outcome {
    let key = session.account_key(&args.key)?;
    let default = RelayLimits::default();
    let limits = RelayLimits {
        body_bytes_max: args.body_bytes_max.unwrap_or(default.body_bytes_max),
        account_bytes_max: args.account_bytes_max.unwrap_or(default.account_bytes_max),
        program_bytes_max: args.program_bytes_max.unwrap_or(default.program_bytes_max),
        ..default
    };
    let config = RelayConfig {
        listen: args.listen,
        public_url: args.public_url,
        rpc: session.rpc.clone(),
        home: session.home.join("relay"),
        key: key.clone(),
        limits,
    };
    let stop = shutdown::on_signals().map_err(|error| Failure::of("signals", &error))?;
    let relay = Relay::bind(config).await?;
    let url = format!("http://{}", relay.address());
    let (id, public) = (relay.id().to_string(), key.public().to_string());
    session.output.say(format_args!("relay {id} is ready; Ctrl-C stops it"));
    session.output.data(&url, &json!({"url": url, "relay": id, "key": public, "ready": true}));
    Ok(relay.serve(stop.wait()).await?)
}
