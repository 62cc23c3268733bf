//! `hydrogen contract build`: from a project to the module that the chain takes.

use crate::cmd::contract::check;
use crate::cmd::contract::project::{Built, Project};
use crate::failure::{Failure, Outcome};
use crate::session::Session;
use hydrogen_core::abi::{AbiError, Interface};
use hydrogen_core::limits::CODE_BYTES_MAX;
use hydrogen_types::Hash;
use hydrogen_types::host::MethodKind;
use serde_json::json;
use std::path::PathBuf;

/// Arguments.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The project's folder.
    #[arg(long, value_name = "DIR", default_value = ".")]
    path: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// When it does not compile, or the chain would refuse the module; the files are there all the same in the second case.
pub(super) fn run(session: &Session, args: &Args) -> Outcome {
    let project = Project::open(&args.path)?;
    session.output.say(format_args!("building {}", project.name));
    let built = project.build()?;
    refuse_bad(session, &built)?;
    let methods = match Interface::parse(&built.module) {
        Ok(interface) => methods(&interface),
        Err(AbiError::NoInterface) => Vec::new(),
        Err(error) => {
            return Err(Failure::of("the interface is not whole", &error).named("BadInterface").hint(
                "derive Abi on every type of your own in a method; list types of hydrogen-types in #[contract(foreign(...))]",
            ));
        }
    };
    let code_hash = Hash::sha256(&built.module).to_string();
    let json = json!({
        "name": project.name, "file": built.file, "debug_file": built.debug_file, "ok": true, "code_bytes": built.module.len(), "code_bytes_max": CODE_BYTES_MAX,
        "code_hash": code_hash, "compiler": built.compiler, "methods": methods,
    });
    session.output.data(text(&built, &code_hash, &methods), &json);
    Ok(())
}

/// Shows what the chain would refuse; the module with names has the same functions and offsets.
fn refuse_bad(session: &Session, built: &Built) -> Outcome {
    check::refuse_bad(session, &built.file, &built.module).map_err(|refused| {
        let mend = format!("`hydrogen contract check {}` names the functions", built.debug_file.display());
        refused.named("BadCode").hint(mend)
    })
}

/// The methods on a line each: `call increment(by: u64) -> u64`.
pub(super) fn methods(interface: &Interface) -> Vec<String> {
    let line = |method: &hydrogen_core::abi::MethodInfo| {
        let kind = match method.kind() {
            MethodKind::Init | MethodKind::Migrate => "",
            MethodKind::Call => "call ",
            MethodKind::Query => "query ",
            MethodKind::Scheduled => "scheduled ",
        };
        let args: Vec<String> = method.args().map(|(name, kind)| format!("{name}: {kind}")).collect();
        let result = match method.result().as_str() {
            "()" => String::new(),
            result => format!(" -> {result}"),
        };
        format!("{kind}{}({}){result}", method.name(), args.join(", "))
    };
    interface.methods().map(line).collect()
}

fn text(built: &Built, code_hash: &str, methods: &[String]) -> String {
    let row = |name: &str, value: &str| format!("{name:<10} {value}");
    let mut lines = vec![
        row("module", &built.file.display().to_string()),
        row("debug", &built.debug_file.display().to_string()),
        row("size", &format!("{} bytes of at most {CODE_BYTES_MAX}", built.module.len())),
        row("code hash", code_hash),
        row("compiler", &built.compiler),
    ];
    lines.extend(methods.iter().map(|method| row("method", method)));
    if methods.is_empty() {
        lines.push(row("methods", "none: the module carries no interface"));
    }
    lines.push(row("check", "passes: the chain takes it"));
    lines.join("\n")
}
