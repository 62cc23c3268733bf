//! `hydrogen contract new`: a project that builds, from nothing but this binary and cargo.

mod project;
mod sources;
#[cfg(test)]
mod tests;

use crate::cmd::name;
use crate::failure::{Failure, Outcome};
use crate::session::Session;
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};

/// Arguments.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The contract's name: lower-case letters, digits, hyphens.
    name: String,
    /// What to begin with.
    #[arg(long, value_enum, default_value_t = Template::Counter)]
    template: Template,
    /// The project's folder, which must not exist or be empty [default: ./NAME].
    #[arg(long, value_name = "DIR")]
    path: Option<PathBuf>,
}

/// Contracts to begin with: the examples of `contracts/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Template {
    /// A number that grows.
    Counter,
    /// A fungible token with allowances.
    Token,
    /// Holds tokens until a trade is settled; calls another contract.
    Escrow,
    /// Tickets, and a draw that the chain runs by itself.
    Lottery,
}

impl Template {
    /// The example's folder, package and module.
    const fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Token => "token",
            Self::Escrow => "escrow",
            Self::Lottery => "lottery",
        }
    }

    const fn about(self) -> &'static str {
        match self {
            Self::Counter => "A number that grows.",
            Self::Token => "A fungible token with allowances.",
            Self::Escrow => "Holds tokens until a trade is settled.",
            Self::Lottery => "Tickets, a scheduled draw on the beacon, a winner.",
        }
    }

    /// How a first deployment and its calls may look; `NAME` is where the project's name goes.
    const fn first_calls(self) -> &'static str {
        match self {
            Self::Counter => {
                "hydrogen contract deploy build/NAME.wasm '{\"start\": \"1\"}' --from dev0
hydrogen contract call ADDRESS increment '{\"by\": \"41\"}' --from dev0
hydrogen contract query ADDRESS get"
            }
            Self::Token => {
                "hydrogen contract deploy build/NAME.wasm '{\"name\": \"My token\", \"symbol\": \"MINE\", \"decimals\": 6, \"supply\": \"1000\"}' --from dev0
hydrogen contract query ADDRESS describe"
            }
            Self::Escrow => {
                "hydrogen contract deploy build/NAME.wasm --from dev0
hydrogen contract query ADDRESS trade '{\"trade\": \"1\"}'"
            }
            Self::Lottery => {
                "hydrogen contract deploy build/NAME.wasm '{\"price\": \"1000000000000000000\", \"blocks\": \"5\"}' --from dev0
hydrogen contract call ADDRESS buy --value 1 --from dev1
hydrogen contract query ADDRESS last"
            }
        }
    }
}

/// Runs the command.
///
/// # Errors
/// When the name or the folder will not do.
pub(super) fn run(session: &Session, args: &Args) -> Outcome {
    let Args { name, template, path } = args;
    name::check("contract", name, project::taken(*template))?;
    let folder = path.clone().unwrap_or_else(|| PathBuf::from(name));
    claim(&folder)?;
    let files = project::files(name, *template);
    for (path, text) in &files {
        write(&folder.join(path), text)?;
    }
    let shown = folder.display();
    let text = format!(
        "{name} is in {shown}: a {} with its tests, and the SDK it is built from\nnext: cd {shown} && hydrogen contract test",
        template.name()
    );
    let json = json!({
        "name": name, "template": template.name(), "path": folder, "files": files.len(),
        "sdk": folder.join(project::SDK_FOLDER),
    });
    session.output.data(text, &json);
    Ok(())
}

/// Makes the folder; refuses one that holds anything.
fn claim(folder: &Path) -> Outcome {
    let failed = |error| Failure::of(folder.display(), &error);
    if folder.is_dir() && fs::read_dir(folder).map_err(failed)?.next().is_none() {
        return Ok(());
    }
    if folder.exists() {
        return Err(Failure::new(format!("{} exists already, and nothing is overwritten", folder.display()))
            .hint("choose another name, or another folder with --path DIR"));
    }
    fs::create_dir_all(folder).map_err(failed)
}

fn write(path: &Path, text: &str) -> Outcome {
    let failed =
        |error| Failure::of(path.display(), &error).hint("the project is not whole: remove its folder");
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut file = fs::File::create_new(path).map_err(failed)?;
    std::io::Write::write_all(&mut file, text.as_bytes()).map_err(failed)
}
