//! `hydrogen contract upgrade`: other code at the same address, its state migrated in the same transaction; and
//! `hydrogen contract admin`: who may do that.

use crate::client::{Account, Wallet};
use crate::cmd::contract::args::read_module;
use crate::cmd::contract::frames::{self, Code};
use crate::cmd::contract::{build, check, deploy};
use crate::cmd::print;
use crate::failure::{Failure, Outcome};
use crate::session::Session;
use hydrogen_core::abi::Interface;
use hydrogen_types::host::MethodKind;
use hydrogen_types::{Action, Address, Gas, Hash};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Arguments of `upgrade`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The contract's address.
    contract: String,
    /// The new module.
    file: PathBuf,
    /// Arguments of its `migrate`: an object by name, or a list.
    #[arg(default_value = "{}")]
    migrate: String,
    /// The key of the contract's admin.
    #[arg(long, value_name = "KEY")]
    from: String,
    /// Gas limit of `migrate`; simulated when left out.
    #[arg(long)]
    gas: Option<u64>,
    /// The new module with names, for the frames of a failure; found by itself beside the module.
    #[arg(long, value_name = "FILE")]
    debug: Option<PathBuf>,
}

/// Arguments of `admin`.
#[derive(Debug, clap::Args)]
pub(super) struct AdminArgs {
    /// The contract's address.
    contract: String,
    /// Who may upgrade it from now on: an address, or the name of a key.
    #[arg(long, value_name = "WHO", requires = "from", conflicts_with = "freeze")]
    to: Option<String>,
    /// Nobody may, for ever.
    #[arg(long, requires = "from")]
    freeze: bool,
    /// The key of the present admin.
    #[arg(long, value_name = "KEY")]
    from: Option<String>,
}

/// What the new interface takes away or changes: callers of it fail from now on.
#[derive(Debug, Default)]
struct Changes {
    added: Vec<String>,
    removed: Vec<String>,
}

/// Runs `upgrade`.
///
/// # Errors
/// When the sender is not the admin, the module will not do, or its `migrate` fails; then nothing is changed.
pub(super) async fn run(session: &Session, args: &Args) -> Outcome {
    let module = read_module(&args.file)?;
    check::refuse_bad(session, &args.file, &module)?;
    let after = Hash::sha256(&module);
    let migrate = migrate_args(&module, args)?;
    let contract = session.address(&args.contract)?;
    let wallet = session.wallet(&args.from)?;
    let account = wallet.client().account(&contract).await?;
    let before = require_admin(&wallet, &contract, &account)?;
    if before == after {
        return Err(Failure::new(format!("{contract} runs code {after} already"))
            .hint("build the module anew: `hydrogen contract build`"));
    }
    let old = Interface::parse(&wallet.client().code(&contract).await?).unwrap_or_default();
    let changes = compare(&old, &Interface::parse(&module).unwrap_or_default());
    for method in &changes.removed {
        session.output.say(format_args!("gone or changed: {method}; calls of it will fail"));
    }
    deploy::upload(session, &wallet, module).await?;
    let receipt =
        wallet.send(Action::Upgrade { contract, code: after, migrate }, args.gas.map(Gas::new)).await;
    let code = Code::Module { hash: &after, file: &args.file };
    let receipt = frames::named(receipt, &code, args.debug.as_deref()).await?;
    let extra = [
        ("contract", json!(contract.to_string())),
        ("before", json!(before.to_string())),
        ("after", json!(after.to_string())),
        ("added", json!(changes.added)),
        ("removed", json!(changes.removed)),
    ];
    print::receipt_with(session, &receipt, &extra)
}

/// Borsh arguments of `migrate`, by the new module's interface.
fn migrate_args(module: &[u8], args: &Args) -> Outcome<Vec<u8>> {
    let json: Value = json_of(&args.migrate)?;
    let file = args.file.display();
    let interface = Interface::parse(module).map_err(|error| Failure::of(&file, &error))?;
    if interface.method(MethodKind::Migrate, "migrate").is_err() {
        return Err(Failure::new(format!("{file} has no `migrate`, which every upgrade runs")).hint(
            "add one to the contract's module, empty if the old state is good as it is:\n\
             \x20   /// Takes over the state of the version before.\n\
             \x20   #[migrate]\n\
             \x20   pub(crate) fn migrate() {}",
        ));
    }
    interface.encode_args(MethodKind::Migrate, "migrate", &json).map_err(|error| {
        Failure::of("arguments of `migrate`", &error)
            .hint(format!("`hydrogen contract abi {file}` shows them"))
    })
}

fn json_of(text: &str) -> Outcome<Value> {
    serde_json::from_str(text).map_err(|error| {
        Failure::new(format!("arguments `{text}` are not JSON: {error}"))
            .hint("write an object like '{\"amount\":\"5\"}' or a list like '[\"5\"]', in single quotes")
    })
}

/// The code that the contract runs, if this wallet may replace it.
fn require_admin(wallet: &Wallet, contract: &Address, account: &Account) -> Outcome<Hash> {
    let Some(code) = account.code_hash else {
        return Err(Failure::new(format!("there is no contract at {contract}"))
            .hint("`hydrogen contract deploy FILE` makes one and says its address"));
    };
    match account.admin {
        Some(admin) if admin == wallet.address() => Ok(code),
        Some(admin) => Err(Failure::new(format!("{} is not the admin of {contract}", wallet.address()))
            .named("NotAdmin")
            .hint(format!("give the key of {admin} with --from"))),
        None => Err(Failure::new(format!("{contract} has no admin: its code is frozen"))
            .named("NotAdmin")
            .hint("deploy the new code at an address of its own")),
    }
}

fn compare(old: &Interface, new: &Interface) -> Changes {
    let (old, new) = (build::methods(old), build::methods(new));
    let lacks = |from: &[String], method: &String| !from.contains(method);
    Changes {
        added: new.iter().filter(|method| lacks(&old, method)).cloned().collect(),
        removed: old.iter().filter(|method| lacks(&new, method)).cloned().collect(),
    }
}

/// Runs `admin`: shows who it is, or sets another.
///
/// # Errors
/// When the sender is not the admin.
pub(super) async fn admin(session: &Session, args: &AdminArgs) -> Outcome {
    let contract = session.address(&args.contract)?;
    let Some(from) = &args.from else {
        let account = session.client()?.account(&contract).await?;
        if account.code_hash.is_none() {
            return Err(Failure::new(format!("there is no contract at {contract}")));
        }
        let admin = account.admin.map(|admin| admin.to_string());
        let text = admin.clone().unwrap_or_else(|| "nobody: its code is frozen".into());
        session.output.data(text, &json!({ "contract": contract.to_string(), "admin": admin }));
        return Ok(());
    };
    let admin = match &args.to {
        Some(who) => Some(session.address(who)?),
        None if args.freeze => None,
        None => {
            return Err(Failure::new("who is to be the admin?").hint("give --to WHO, or --freeze for nobody"));
        }
    };
    let wallet = session.wallet(from)?;
    require_admin(&wallet, &contract, &wallet.client().account(&contract).await?)?;
    let receipt = wallet.send(Action::SetAdmin { contract, admin }, None).await?;
    let admin = admin.map_or(Value::Null, |admin| json!(admin.to_string()));
    print::receipt_with(session, &receipt, &[("contract", json!(contract.to_string())), ("admin", admin)])
}
