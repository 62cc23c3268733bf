//! `hydrogen account`: balances, nonces, allowances.

use crate::failure::Outcome;
use crate::session::Session;
use serde_json::json;

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Show an account or contract.
    Show {
        /// An address, the name of a key, or of a genesis contract.
        account: String,
    },
}

/// Runs the command.
///
/// # Errors
/// A sentence for the person who typed it.
pub async fn run(args: Args, session: &Session) -> Outcome {
    let Command::Show { account } = args.command;
    let address = session.address(&account)?;
    let account = session.client()?.account(&address).await?;
    let mut lines = vec![
        format!("address    {address}"),
        format!("balance    {} CNX", account.balance),
        format!("nonce      {}", account.nonce),
    ];
    lines.extend(account.code_hash.map(|hash| format!("code       {hash}")));
    lines.extend(account.admin.map(|admin| format!("admin      {admin}")));
    let allowances = account.allowances.iter();
    lines.extend(allowances.map(|(spender, amount)| format!("allows     {spender} to take {amount} CNX")));
    let allowances: Vec<serde_json::Value> = account
        .allowances
        .iter()
        .map(|(spender, amount)| json!({"spender": spender.to_string(), "amount": amount.get().to_string()}))
        .collect();
    let json = json!({
        "address": address.to_string(), "balance": account.balance.get().to_string(),
        "nonce": account.nonce.to_string(), "allowances": allowances,
        "code_hash": account.code_hash.map(|hash| hash.to_string()),
        "admin": account.admin.map(|admin| admin.to_string())
    });
    session.output.data(lines.join("\n"), &json);
    Ok(())
}
