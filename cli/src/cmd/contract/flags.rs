//! Commands made from a contract's interface: a sub-command for each method, a flag for each argument.
//!
//! *Invariant*: the interface is a stranger's. Its names become flags only if they are names; its texts are shown without
//! control characters; what clap does not like is left out, and can still be given as JSON.

use crate::failure::{Failure, Outcome};
use crate::session::Session;
use clap::{Arg, ArgAction, ArgMatches, Command};
use hydrogen_core::abi::{Interface, MethodInfo};
use hydrogen_types::host::MethodKind;
use hydrogen_types::{Amount, Gas};
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// Flags that mean something else; an argument of such a name gets `arg-` before it.
const TAKEN: &[&str] =
    &["from", "value", "gas", "height", "debug", "help", "rpc", "json", "home", "passphrase-file", "log"];
/// Longest text of an interface that a help page shows, in characters.
const SHOWN_CHARS_MAX: usize = 500;
/// Arguments of a method that become flags, at most.
const FLAGS_MAX: usize = 64;
/// The positional argument that holds all in JSON.
const JSON: &str = "JSON";

/// What was typed, understood.
pub(super) struct Parsed {
    /// The method.
    pub(super) method: String,
    /// Its arguments, as the interface takes them.
    pub(super) args: Value,
    matches: ArgMatches,
}

impl Parsed {
    /// The key that signs and pays.
    pub(super) fn from(&self) -> String {
        self.matches.get_one::<String>("from").cloned().unwrap_or_default()
    }

    /// CNX that go along.
    pub(super) fn value(&self) -> Amount {
        self.matches.get_one::<Amount>("value").copied().unwrap_or(Amount::ZERO)
    }

    /// The gas limit, if one was given.
    pub(super) fn gas(&self) -> Option<Gas> {
        self.matches.get_one::<u64>("gas").copied().map(Gas::new)
    }

    /// The module with names, if one was given.
    pub(super) fn debug(&self) -> Option<&Path> {
        self.matches.get_one::<PathBuf>("debug").map(PathBuf::as_path)
    }

    /// A height of the past, if one was given.
    pub(super) fn height(&self) -> Option<u64> {
        self.matches.get_one::<u64>("height").copied()
    }
}

/// Parses `rest` (a method and its arguments) for a contract. Prints help and mistakes itself, as clap does.
///
/// # Errors
/// An argument that is not what its type takes.
pub(super) fn parse_method(
    session: &Session,
    kind: MethodKind,
    target: &str,
    interface: &Interface,
    rest: Vec<String>,
) -> Outcome<Parsed> {
    let command = of_contract(kind, target, interface);
    let matches = command.try_get_matches_from(rest).unwrap_or_else(|error| error.exit());
    let Some((method, matches)) = matches.subcommand() else {
        return Err(Failure::new("no method is named"));
    };
    let info = interface.method(kind, method)?;
    let args = arguments(session, info, matches)?;
    Ok(Parsed { method: method.to_owned(), args, matches: matches.clone() })
}

/// Parses what follows a module's file: arguments of its `init`. Without an interface they can be given as JSON alone.
///
/// # Errors
/// As [`parse_method`].
pub(super) fn parse_init(
    session: &Session,
    file: &str,
    interface: Option<&Interface>,
    rest: Vec<String>,
) -> Outcome<Parsed> {
    let name = format!("hydrogen contract deploy {file}");
    let about = "Upload a module and make a contract of it";
    let init = interface.and_then(|interface| interface.method(MethodKind::Init, "init").ok());
    let command = method(name, about, init, MethodKind::Init);
    let matches = command.try_get_matches_from(rest).unwrap_or_else(|error| error.exit());
    let args = match init {
        Some(init) => arguments(session, init, &matches)?,
        None => given_json(&matches)?.unwrap_or(Value::Null),
    };
    Ok(Parsed { method: "init".into(), args, matches })
}

/// What is shown when not even a contract is named.
pub(super) fn without_target(kind: MethodKind) -> ! {
    let (verb, target) = match kind {
        MethodKind::Init => ("deploy", "FILE"),
        MethodKind::Query => ("query", "CONTRACT METHOD"),
        _ => ("call", "CONTRACT METHOD"),
    };
    let about = match kind {
        MethodKind::Init => "Upload a module and make a contract of it",
        MethodKind::Query => "Ask a method that only reads",
        _ => "Call a method that may change state",
    };
    let shown = Command::new(verb)
        .bin_name(format!("hydrogen contract {verb}"))
        .about(about)
        .override_usage(format!("hydrogen contract {verb} {target} [JSON | --ARGUMENT VALUE ...] [OPTIONS]"))
        .after_help(format!(
            "`hydrogen contract {verb} {} --help` shows what is to be given, by the contract's own interface",
            target.split(' ').next().unwrap_or_default()
        ))
        .args(own_flags(kind).into_iter().map(|flag| flag.required(false)))
        .arg_required_else_help(true);
    shown.no_binary_name(true).get_matches_from(["--help"]);
    unreachable!("--help ends the process")
}

fn of_contract(kind: MethodKind, target: &str, interface: &Interface) -> Command {
    let verb = if kind == MethodKind::Query { "query" } else { "call" };
    let other = if kind == MethodKind::Query { MethodKind::Call } else { MethodKind::Query };
    let name = format!("hydrogen contract {verb} {target}");
    let mut command = Command::new("contract")
        .bin_name(name.clone())
        .no_binary_name(true)
        .about(format!("{}: {}", shown(interface.name()), shown(interface.doc())))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .subcommand_help_heading("Methods")
        .subcommand_value_name("METHOD");
    for info in interface.methods().filter(|info| info.kind() == kind && is_name(info.name())) {
        let own = format!("{name} {}", info.name());
        command = command.subcommand(method(own, &shown(info.doc()), Some(info), kind).no_binary_name(false));
    }
    let others: Vec<&str> = interface
        .methods()
        .filter(|info| info.kind() == other)
        .map(MethodInfo::name)
        .filter(is_name_ref)
        .collect();
    if others.is_empty() {
        return command;
    }
    let how = if kind == MethodKind::Query { "call" } else { "query" };
    command.after_help(format!("With `hydrogen contract {how}`: {}", others.join(", ")))
}

fn is_name_ref(name: &&str) -> bool {
    is_name(name)
}

/// A command of one method; its name is `bin_name`'s last word.
fn method(bin_name: String, about: &str, info: Option<&MethodInfo>, kind: MethodKind) -> Command {
    let name = info.map_or("init", MethodInfo::name).to_owned();
    let mut command = Command::new(name).bin_name(bin_name).about(about.to_owned()).no_binary_name(true);
    let mut seen: Vec<&str> = Vec::new();
    for (name, kind, doc) in info.into_iter().flat_map(MethodInfo::arg_docs).take(FLAGS_MAX) {
        if is_name(name) && !seen.contains(&name) {
            seen.push(name);
            command = command.arg(flag(name, &kind, doc));
        }
    }
    let json = Arg::new(JSON).help("All arguments at once: an object by name, or a list").value_name(JSON);
    let command = command.arg(json).args(own_flags(kind));
    match info {
        Some(info) if kind != MethodKind::Init => {
            command.after_help(format!("Returns {}", shown(&info.result())))
        }
        _ => command,
    }
}

fn flag(name: &str, kind: &str, doc: &str) -> Arg {
    let (long, help) = (long_of(name), shown(doc));
    let flag = Arg::new(id_of(name))
        .long(long.clone())
        .value_name(shown(kind))
        .help(help)
        .help_heading("Arguments")
        .allow_hyphen_values(true)
        .action(ArgAction::Set)
        .conflicts_with(JSON);
    let flag = if kind == "bool" { flag.num_args(0..=1).default_missing_value("true") } else { flag };
    let written = if long.starts_with("arg-") { format!("arg-{name}") } else { name.to_owned() };
    if written == long { flag } else { flag.alias(written) }
}

fn id_of(name: &str) -> String {
    format!("argument {name}")
}

fn long_of(name: &str) -> String {
    let long = name.replace('_', "-");
    if TAKEN.contains(&long.as_str()) { format!("arg-{long}") } else { long }
}

fn own_flags(kind: MethodKind) -> Vec<Arg> {
    let from = Arg::new("from").long("from").value_name("KEY").required(true);
    let gas = Arg::new("gas").long("gas").value_name("GAS").value_parser(clap::value_parser!(u64));
    let debug = Arg::new("debug")
        .long("debug")
        .value_name("FILE")
        .value_parser(clap::value_parser!(PathBuf))
        .help("The module with names, for the frames of a failure; found by itself in a project");
    match kind {
        MethodKind::Query => vec![
            debug,
            Arg::new("height")
                .long("height")
                .value_name("HEIGHT")
                .value_parser(clap::value_parser!(u64))
                .help("A height in the past"),
        ],
        MethodKind::Init => vec![
            from.help("The key that pays and becomes the contract's admin"),
            gas.help("Gas limit of `init`; simulated when left out"),
            debug,
        ],
        _ => vec![
            from.help("The key that signs and pays"),
            Arg::new("value")
                .long("value")
                .value_name("CNX")
                .value_parser(Amount::parse)
                .help("CNX that go with the call, like 1.5, or base units like 1500u"),
            gas.help("Gas limit; simulated when left out"),
            debug,
        ],
    }
}

/// A word that a shell, a person and clap take for a name.
fn is_name(name: &str) -> bool {
    name.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

/// A text of the interface, without what would move a terminal's cursor.
fn shown(text: &str) -> String {
    let plain = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    plain.take(SHOWN_CHARS_MAX).collect()
}

fn given_json(matches: &ArgMatches) -> Outcome<Option<Value>> {
    let Some(text) = matches.get_one::<String>(JSON) else { return Ok(None) };
    serde_json::from_str(text).map(Some).map_err(|error| {
        Failure::new(format!("arguments `{text}` are not JSON: {error}")).hint(
            "write an object like '{\"amount\":\"5\"}', a list like '[\"5\"]', or flags like --amount 5",
        )
    })
}

/// All arguments as JSON, from whichever form was used.
fn arguments(session: &Session, info: &MethodInfo, matches: &ArgMatches) -> Outcome<Value> {
    if let Some(json) = given_json(matches)? {
        return Ok(json);
    }
    let mut fields = Map::new();
    for (name, kind) in info.args().filter(|(name, _)| is_name(name)) {
        if let Ok(Some(text)) = matches.try_get_one::<String>(&id_of(name)) {
            fields.insert(name.to_owned(), value_of(session, name, &kind, text)?);
        }
    }
    Ok(Value::Object(fields))
}

/// One flag's text as the JSON of its type: amounts in CNX, accounts by name, hex with or without 0x.
fn value_of(session: &Session, name: &str, kind: &str, text: &str) -> Outcome<Value> {
    let wrong = |form: &str| {
        Failure::new(format!("`--{}` is `{text}`, expected {kind}: {form}", long_of(name)))
            .hint("all arguments can also be given as one JSON object")
    };
    if let Some(inner) = kind.strip_prefix("Option<").and_then(|rest| rest.strip_suffix('>')) {
        return if text == "null" { Ok(Value::Null) } else { value_of(session, name, inner, text) };
    }
    match kind {
        "bool" => text.parse().map(Value::Bool).map_err(|_| wrong("true or false")),
        "Amount" => Amount::parse(text)
            .map(|amount| Value::from(amount.get().to_string()))
            .map_err(|error| wrong(&format!("CNX like 1.5, or base units like 1500u ({error})"))),
        "Address" => match session.address(text) {
            Ok(address) => Ok(Value::from(address.to_string())),
            Err(failure) => Err(wrong(&format!("an address or the name of a key ({})", failure.message()))),
        },
        "u8" | "u16" | "u32" | "u64" | "u128" | "i32" | "i64" | "Height" | "Gas" | "String" => {
            Ok(Value::from(text))
        }
        "Vec<u8>" | "Hash" | "PublicKey" | "Signature" => Ok(hex_of(text)),
        array if array.starts_with("[u8; ") => Ok(hex_of(text)),
        // Lists, tuples, structs, enums; a variant without fields is its name.
        _ => match serde_json::from_str(text) {
            Ok(value) => Ok(value),
            Err(_) if is_name(text) => Ok(Value::from(text)),
            Err(error) => Err(wrong(&format!("JSON ({error})"))),
        },
    }
}

fn hex_of(text: &str) -> Value {
    if text.starts_with("0x") { Value::from(text) } else { Value::from(format!("0x{text}")) }
}
