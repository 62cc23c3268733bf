//! `hydrogen validators`: who decides, and changes of that by the governance key.

use crate::cmd::print;
use crate::failure::{Failure, Outcome};
use crate::session::Session;
use hydrogen_types::{Action, Height, PublicKey, Validator};

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List the validators of a height, by default the next one.
    List {
        /// The height; at most the one after next.
        #[arg(long)]
        height: Option<u64>,
    },
    /// Add a validator or set its power, from the height after next on.
    Set {
        /// Its consensus key, 0x and 64 hex digits, as `hydrogen init` prints it.
        #[arg(long, value_parser = key)]
        consensus_key: PublicKey,
        /// Its VRF key.
        #[arg(long, value_parser = key)]
        vrf_key: PublicKey,
        /// The account that gets the fees of its blocks: an address or the name of a key.
        #[arg(long)]
        account: String,
        /// Its voting power; all changes of a block together move at most a third of the total.
        #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
        power: u64,
        /// The governance key.
        #[arg(long, value_name = "KEY")]
        from: String,
    },
    /// Remove a validator, from the height after next on.
    Remove {
        /// Its address, as `hydrogen validators list` prints it.
        validator: String,
        /// The governance key.
        #[arg(long, value_name = "KEY")]
        from: String,
    },
}

fn key(text: &str) -> Result<PublicKey, String> {
    let digits = text.strip_prefix("0x").unwrap_or_default();
    hydrogen_types::hash::from_hex(digits)
        .map(PublicKey)
        .ok_or_else(|| format!("`{text}` is no key: write 0x and 64 hex digits"))
}

/// Runs the command.
///
/// # Errors
/// A sentence for the person who typed it.
pub async fn run(args: Args, session: &Session) -> Outcome {
    match args.command {
        Command::List { height } => list(session, height.map(Height::new)).await,
        Command::Set { consensus_key, vrf_key, account, power, from } => {
            let account = session.address(&account)?;
            send(session, &from, Validator { consensus_key, vrf_key, power, account }).await
        }
        Command::Remove { validator, from } => {
            let validator = session.address(&validator)?;
            // The set of the height after next is what the change applies to.
            let ahead = session.client()?.status().await?.height.0.plus(2);
            let set = session.client()?.validators(Some(ahead)).await?;
            let found = set.into_iter().find(|member| member.address() == validator).ok_or_else(|| {
                Failure::new(format!("{validator} is no validator"))
                    .hint("`hydrogen validators list` shows their addresses")
            })?;
            send(session, &from, Validator { power: 0, ..found }).await
        }
    }
}

async fn send(session: &Session, from: &str, validator: Validator) -> Outcome {
    let shown = [("validator", validator.address().to_string()), ("power", validator.power.to_string())];
    let receipt = session.wallet(from)?.send(Action::SetValidator { validator }, None).await?;
    print::receipt(session, &receipt, &shown)
}

async fn list(session: &Session, height: Option<Height>) -> Outcome {
    let set = session.client()?.validators(height).await?;
    let total: u64 = set.iter().map(|member| member.power).sum();
    let line = |member: &Validator| {
        let address = member.address();
        format!("{address}  power {:>6} of {total}  fees to {}", member.power, member.account)
    };
    let lines: Vec<String> = set.iter().map(line).collect();
    let rows: Vec<_> = set.iter().map(crate::rpc::types::ValidatorJson::from).collect();
    session.output.data(lines.join("\n"), &serde_json::to_value(rows)?);
    Ok(())
}
