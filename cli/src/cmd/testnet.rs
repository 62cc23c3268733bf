//! `hydrogen testnet`.

use crate::{Outcome, Session};

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command.
///
/// # Errors
/// A sentence for the person who typed it.
pub async fn run(_args: Args, _session: &Session) -> Outcome {
    Ok(())
}
