//! `hydrogen validators`: who decides, and changes of that by the governance key.

use crate::client::ClientError;
use crate::cmd::print;
use crate::failure::{Failure, Outcome};
use crate::session::Session;
use hydrogen_types::receipt::code;
use hydrogen_types::{Action, Height, PublicKey, Validator, ValidatorSet};
use std::time::Duration;

/// Blocks from the one that holds a change to the first that the changed set decides.
const EFFECT_AFTER: u64 = 2;
/// How long the block before that one is waited for: it comes at once unless the network stands still.
const EFFECT_TIMEOUT: Duration = Duration::from_secs(60);

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

pub(super) fn key(text: &str) -> Result<PublicKey, String> {
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
            let ahead = session.client()?.status().await?.height.0.plus(EFFECT_AFTER);
            let set = session.client()?.validators(Some(ahead)).await?;
            let found = set.into_iter().find(|member| member.address() == validator).ok_or_else(|| {
                Failure::new(format!("{validator} is no validator"))
                    .hint("`hydrogen validators list` shows their addresses")
            })?;
            send(session, &from, Validator { power: 0, ..found }).await
        }
    }
}

/// Sends a change and waits until the next height is the first that it holds for.
async fn send(session: &Session, from: &str, validator: Validator) -> Outcome {
    let wallet = session.wallet(from)?;
    let (address, power) = (validator.address(), validator.power);
    let receipt = wallet.send(Action::SetValidator { validator }, None).await.map_err(explain)?;
    let mut shown = vec![("validator", address.to_string()), ("power", power.to_string())];
    if receipt.is_success() {
        let holds = receipt.receipt.height.plus(EFFECT_AFTER);
        shown.push(("holds_from", holds.to_string()));
        let before = holds.previous().unwrap_or_default();
        session
            .output
            .say(format_args!("the change is final and holds from height {holds}; waiting for {before}"));
        let reached = wallet.client().await_height(before, EFFECT_TIMEOUT).await?.height.0;
        if reached < before {
            let failure = format!("block {before} was not made within {} s", EFFECT_TIMEOUT.as_secs());
            return Err(Failure::new(failure).hint(format!(
                "the change is final all the same and holds from height {holds}: look why the network stands still"
            )));
        }
        let set = wallet.client().validators(Some(holds)).await?;
        let total: u64 = set.iter().map(|member| member.power).sum();
        shown.push(("validators", format!("{} with a power of {total}", set.len())));
    }
    print::receipt(session, &receipt, &shown)
}

fn explain(error: ClientError) -> Failure {
    let hint = match error.code() {
        Some(code::NOT_GOVERNANCE) => {
            "give the governance key with --from; a test network has it under the name `governance`"
        }
        Some(code::BAD_VALIDATORS) => "`hydrogen validators list` shows who decides and with what power",
        _ => return Failure::from(error),
    };
    Failure::from(error).hint(hint)
}

async fn list(session: &Session, height: Option<Height>) -> Outcome {
    let set = session.client()?.validators(height).await?;
    let total: u64 = set.iter().map(|member| member.power).sum();
    let line = |member: &Validator| {
        let address = member.address();
        format!("{address}  power {:>6} of {total}  fees to {}", member.power, member.account)
    };
    let mut lines: Vec<String> = set.iter().map(line).collect();
    lines.extend(ValidatorSet::new(set.clone()).map(|set| format!("set {}", set.hash())));
    let rows: Vec<_> = set.iter().map(crate::rpc::types::ValidatorJson::from).collect();
    session.output.data(lines.join("\n"), &serde_json::to_value(rows)?);
    Ok(())
}
