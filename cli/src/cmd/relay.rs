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
    #[command(flatten)]
    limits: LimitArgs,
}

/// Bounds that differ from the default.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Limits (see docs/relay.md)")]
struct LimitArgs {
    /// Most bytes of one body.
    #[arg(long, value_name = "N")]
    body_bytes_max: Option<u64>,
    /// Most bytes that one account may have stored or under way.
    #[arg(long, value_name = "N")]
    account_bytes_max: Option<u64>,
    /// Most uploads of one account at a time.
    #[arg(long, value_name = "N")]
    account_uploads_max: Option<usize>,
    /// Most bytes of programs kept.
    #[arg(long, value_name = "N")]
    program_bytes_max: Option<u64>,
    /// Most bytes of programs kept of one account.
    #[arg(long, value_name = "N")]
    account_program_bytes_max: Option<u64>,
    /// Bytes of the disk that uploads leave free.
    #[arg(long, value_name = "N")]
    free_bytes_min: Option<u64>,
    /// Uploads and downloads at a time.
    #[arg(long, value_name = "N")]
    transfers_max: Option<usize>,
    /// Programs run or checked at a time.
    #[arg(long, value_name = "N")]
    checks_max: Option<usize>,
    /// Connections at a time.
    #[arg(long, value_name = "N")]
    connections_max: Option<usize>,
    /// Connections from one address at a time; behind a proxy, as many as in all.
    #[arg(long, value_name = "N")]
    connections_per_address_max: Option<usize>,
    /// How long bytes are kept after their task's end.
    #[arg(long, value_name = "MS")]
    kept_ms: Option<u64>,
}

impl LimitArgs {
    fn limits(&self) -> RelayLimits {
        let mut limits = RelayLimits::default();
        let set = |limit: &mut u64, given: Option<u64>| *limit = given.unwrap_or(*limit);
        set(&mut limits.body_bytes_max, self.body_bytes_max);
        set(&mut limits.account_bytes_max, self.account_bytes_max);
        set(&mut limits.program_bytes_max, self.program_bytes_max);
        set(&mut limits.account_program_bytes_max, self.account_program_bytes_max);
        set(&mut limits.free_bytes_min, self.free_bytes_min);
        set(&mut limits.terms.kept_ms, self.kept_ms);
        let set = |limit: &mut usize, given: Option<usize>| *limit = given.unwrap_or(*limit);
        set(&mut limits.account_uploads_max, self.account_uploads_max);
        set(&mut limits.transfers_max, self.transfers_max);
        set(&mut limits.checks_max, self.checks_max);
        set(&mut limits.connections_max, self.connections_max);
        set(&mut limits.connections_per_address_max, self.connections_per_address_max);
        limits
    }
}

/// Runs the command.
///
/// # Errors
/// A sentence for the person who typed it.
pub async fn run(args: Args, session: &Session) -> Outcome {
    let key = session.account_key(&args.key)?;
    let config = RelayConfig {
        listen: args.listen,
        public_url: args.public_url,
        rpc: session.rpc.clone(),
        home: session.home.join("relay"),
        key: key.clone(),
        limits: args.limits.limits(),
    };
    let stop = shutdown::on_signals().map_err(|error| Failure::of("signals", &error))?;
    let relay = Relay::bind(config).await?;
    let url = format!("http://{}", relay.address());
    let (id, public) = (relay.id().to_string(), key.public().to_string());
    session.output.say(format_args!("relay {id} is ready; Ctrl-C stops it"));
    session.output.data(&url, &json!({"url": url, "relay": id, "key": public, "ready": true}));
    Ok(relay.serve(stop.wait()).await?)
}
