//! `hydrogen contract test`: the project's own tests, natively and, where a module can be built, on it.

use crate::cmd::contract::project::Project;
use crate::failure::{Failure, Outcome};
use crate::session::Session;
use hydrogen_build::clean;
use serde_json::json;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Where tests find the module, and the binary that runs a chain for them.
const MODULE_VARIABLE: &str = "HYDROGEN_MODULE";
const BINARY_VARIABLE: &str = "HYDROGEN_BIN";

/// Arguments.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The project's folder.
    #[arg(long, value_name = "DIR", default_value = ".")]
    path: PathBuf,
    /// What cargo's tests are told: a part of a test's name, and after a second `--` the options of the test program.
    #[arg(last = true)]
    rest: Vec<String>,
}

/// Runs the command.
///
/// # Errors
/// When a test fails, or the module does not compile.
pub(super) fn run(session: &Session, args: &Args) -> Outcome {
    let project = Project::open(&args.path)?;
    session.output.say(format_args!("building {} for the chain", project.name));
    let module = match project.build() {
        Ok(built) => Some(built.file),
        Err(failure) if failure.name() == Some("NoToolchain") => {
            session.output.say(format_args!("native tests only: {failure}"));
            None
        }
        Err(failure) => return Err(failure),
    };
    let mut command = Command::new("cargo");
    clean(&mut command);
    command.arg("test").args(&args.rest).current_dir(&project.folder);
    if let Some(folder) = std::env::var_os("CARGO_TARGET_DIR") {
        command.env("CARGO_TARGET_DIR", folder);
    }
    if let Some(module) = &module {
        command.env(MODULE_VARIABLE, module);
    }
    if let Ok(binary) = std::env::current_exe() {
        command.env(BINARY_VARIABLE, binary);
    }
    if session.output.json {
        command.stdout(Stdio::null());
    }
    let status = command.status().map_err(|error| {
        Failure::of("cargo does not start", &error).hint("install Rust: https://rustup.rs")
    })?;
    if !status.success() {
        return Err(Failure::new(format!("the tests of {} fail", project.name)).hint("their words are above"));
    }
    let on_module = module.is_some();
    let text = format!("the tests of {} pass{}", project.name, if on_module { "" } else { ", natively" });
    session.output.data(text, &json!({ "name": project.name, "ok": true, "module": module }));
    Ok(())
}
