//! `hydrogen keys`: the keystore of this home.

use crate::failure::{Failure, Outcome};
use crate::keys::{self, KeyFile, Passphrase};
use crate::session::Session;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Make a key.
    New {
        /// Its name.
        name: String,
        /// Keep it unencrypted: for test networks alone.
        #[arg(long)]
        clear: bool,
    },
    /// List the keys.
    List,
    /// Show a key's addresses; nothing secret.
    Show {
        /// Its name or file.
        name: String,
    },
    /// Take a key from a file made by `keys export`, or from 64 hex digits of a seed on stdin (`-`).
    Import {
        /// Its name.
        name: String,
        /// The file, or `-`.
        file: PathBuf,
        /// Keep it unencrypted: for test networks alone.
        #[arg(long)]
        clear: bool,
    },
    /// Write a key file to stdout, encrypted unless asked otherwise.
    Export {
        /// Its name or file.
        name: String,
        /// Write the seed in clear instead.
        #[arg(long)]
        clear: bool,
    },
}

/// Runs the command.
///
/// # Errors
/// A sentence for the person who typed it.
pub fn run(args: Args, session: &Session) -> Outcome {
    match args.command {
        Command::New { name, clear } => save(session, &name, &keys::random_seed()?, clear),
        Command::List => list(session),
        Command::Show { name } => show(session, &name),
        Command::Import { name, file, clear } => import(session, &name, &file, clear),
        Command::Export { name, clear } => export(session, &name, clear),
    }
}

fn save(session: &Session, name: &str, seed: &[u8; 32], clear: bool) -> Outcome {
    let key =
        if clear { KeyFile::clear(seed) } else { KeyFile::encrypted(seed, &Passphrase::required(session)?)? };
    let path = keys::write(&session.home, name, &key)?;
    if clear {
        session
            .output
            .say(format_args!("{} holds the key in clear: anyone who reads it owns it", path.display()));
    }
    let address = key.address().to_string();
    session.output.data(&address, &json!({"name": name, "address": address, "path": path, "clear": clear}));
    Ok(())
}

fn list(session: &Session) -> Outcome {
    let keys = keys::list(session)?;
    let rows: Vec<serde_json::Value> = keys
        .iter()
        .map(|key| {
            json!({"name": key.name, "address": key.address.to_string(), "clear": key.clear, "path": key.path})
        })
        .collect();
    let text: Vec<String> = keys
        .iter()
        .map(|key| format!("{:<16} {}{}", key.name, key.address, if key.clear { "  (in clear)" } else { "" }))
        .collect();
    if text.is_empty() {
        session.output.say("no keys yet: make one with `hydrogen keys new NAME`");
    }
    session.output.data(text.join("\n"), &json!(rows));
    Ok(())
}

fn show(session: &Session, name: &str) -> Outcome {
    let address = keys::address_of(session, name)?.ok_or_else(|| {
        Failure::new(format!("no key `{name}`")).hint("`hydrogen keys list` shows the keys")
    })?;
    let public = keys::public_key_of(session, name)?.map(|key| key.to_string());
    let json = json!({"name": name, "address": address.to_string(), "public_key": public});
    session.output.data(address, &json);
    Ok(())
}

fn import(session: &Session, name: &str, file: &Path, clear: bool) -> Outcome {
    let seed = if file.as_os_str() == "-" {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line)?;
        let text = line.trim().trim_start_matches("0x");
        hydrogen_types::hash::from_hex::<32>(text)
            .ok_or_else(|| Failure::new("stdin does not hold a seed").hint("a seed is 64 hex digits"))?
    } else {
        *keys::seed_of(session, &file.display().to_string())?
    };
    save(session, name, &seed, clear)
}

fn export(session: &Session, name: &str, clear: bool) -> Outcome {
    let seed = keys::seed_of(session, name)?;
    let key = if clear {
        session.output.say("this is the key in clear: anyone who reads it owns it");
        KeyFile::clear(&seed)
    } else {
        KeyFile::encrypted(&seed, &Passphrase::required(session)?)?
    };
    let json = serde_json::to_value(&key).expect("a key file is plain JSON");
    let text = serde_json::to_string_pretty(&key).expect("a key file is plain JSON");
    session.output.data(text, &json);
    Ok(())
}
