//! `hydrogen tx`: transactions of accounts, without contracts.

use crate::cmd::print;
use crate::failure::{Failure, Outcome};
use crate::session::Session;
use hydrogen_types::{Amount, Hash};

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Move CNX.
    Transfer {
        /// Who gets it: an address or the name of a key.
        to: String,
        /// CNX like 1.5, or base units like 1500u.
        #[arg(value_parser = Amount::parse)]
        amount: Amount,
        /// The key that pays.
        #[arg(long, value_name = "KEY")]
        from: String,
    },
    /// Set what somebody may take from an account.
    Approve {
        /// Who may take it: an address, a genesis contract such as `task`, or the name of a key.
        spender: String,
        /// CNX like 1.5, or base units like 1500u; 0 takes it back.
        #[arg(value_parser = Amount::parse)]
        amount: Amount,
        /// The key whose account it is.
        #[arg(long, value_name = "KEY")]
        from: String,
    },
    /// Show what became of a transaction.
    Show {
        /// Its hash.
        hash: String,
    },
}

/// Runs the command.
///
/// # Errors
/// A sentence for the person who typed it.
pub async fn run(args: Args, session: &Session) -> Outcome {
    match args.command {
        Command::Transfer { to, amount, from } => {
            let to = session.address(&to)?;
            let receipt = session.wallet(&from)?.transfer(to, amount).await?;
            print::receipt(session, &receipt, &[("to", to.to_string()), ("amount", format!("{amount} CNX"))])
        }
        Command::Approve { spender, amount, from } => {
            let spender = session.address(&spender)?;
            let receipt = session.wallet(&from)?.approve(spender, amount).await?;
            print::receipt(
                session,
                &receipt,
                &[("spender", spender.to_string()), ("amount", format!("{amount} CNX"))],
            )
        }
        Command::Show { hash } => show(session, &hash).await,
    }
}

async fn show(session: &Session, text: &str) -> Outcome {
    let hash = Hash::from_hex(text)
        .ok_or_else(|| Failure::new(format!("`{text}` is not a hash")).hint("write 0x and 64 hex digits"))?;
    match session.client()?.receipt(&hash).await? {
        Some(receipt) => print::receipt(session, &receipt, &[]),
        None => Err(Failure::new(format!("no receipt of {hash}"))
            .hint("it may still be waiting, or never have been sent; ask again in a moment")),
    }
}
