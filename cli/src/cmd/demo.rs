//! `hydrogen demo`: a task's whole life on a fresh network, every step and every coin shown.

use crate::failure::Outcome;
use crate::session::Session;

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
