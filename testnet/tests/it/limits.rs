//! The table of bounds: `docs/limits.md` is made from the constants in the sources, so that neither drifts.
//!
//! Every constant that is named as a bound is in it, wherever it stands and whoever sees it: this reads the sources as
//! text, since most bounds are nobody's business outside their file.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

const HEAD: &str = "# Bounds

Every history, cache, queue, subscription, log, pool and request has a limit: made from the constants in the sources, each
with what stands above it there. Refresh with `HYDROGEN_REFRESH=1 cargo test --release --workspace --test it limits::`.

What a chain sets for itself (gas and bytes of a block, bytes of a transaction, timeouts) stands in its genesis
(`chain_genesis`), what a node's owner sets (history kept, free space below which the node stops) in `config.json`.
An idle block takes at most 2 KiB of disk; a test in `core/src/chain/tests/history.rs` measures it. RocksDB keeps its own
log of at most 16 MiB beside the tables, and the vote log begins anew at every height.
";

/// Folders, the heading of their table, in the order of the document. The first that fits counts.
const AREAS: &[(&str, &str)] = &[
    ("core/offchain/", "Compute node"),
    ("core/src/store/", "Store"),
    ("core/", "Ledger"),
    ("vm/", "Sandbox"),
    ("p2p/", "Agreement and network"),
    ("cli/src/rpc/", "RPC"),
    ("cli/src/relay/", "Relay"),
    ("cli/src/compute/", "Compute node"),
    ("cli/src/client/", "Client"),
    ("cli/src/application/", "Client"),
    ("cli/", "Command line and node"),
];

/// Bounds that are not named as such.
const MORE: &[&str] = &["HISTORY_HEIGHTS", "KEEP_BLOCKS_MIN", "DISK_RESERVE_MIB", "BATCH"];

/// A constant as the source has it.
struct Constant {
    file: String,
    name: String,
    kind: String,
    expression: String,
    doc: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("testnet lies in the root").to_path_buf()
}

fn is_bound(name: &str) -> bool {
    let parts: Vec<&str> = name.split('_').collect();
    parts.iter().any(|part| matches!(*part, "MAX" | "TIMEOUT" | "LIMIT")) || MORE.contains(&name)
}

/// All constants of a file, tests aside.
fn constants(file: &str, text: &str) -> Vec<Constant> {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let Some((before, rest)) = line.trim_start().split_once("const ") else { continue };
        let visible = before.is_empty() || (before.starts_with("pub") && before.ends_with(' '));
        if !visible || rest.starts_with("fn ") {
            continue;
        }
        let mut whole = String::from(rest);
        let mut next = index + 1;
        while !whole.contains(';') && next < lines.len() {
            whole.push(' ');
            whole.push_str(lines[next].trim());
            next += 1;
        }
        let Some((name, rest)) = whole.split_once(": ") else { continue };
        let Some((kind, expression)) = rest.split_once(" = ") else { continue };
        let doc: Vec<&str> =
            lines[..index].iter().rev().map_while(|line| line.trim().strip_prefix("///")).collect();
        let doc: Vec<&str> = doc.into_iter().rev().map(str::trim).collect();
        found.push(Constant {
            file: file.into(),
            name: name.into(),
            kind: kind.into(),
            expression: expression.split(';').next().unwrap_or_default().trim().into(),
            doc: doc.join(" "),
        });
    }
    found
}

fn sources() -> Vec<Constant> {
    let root = root();
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> = ["core", "vm", "p2p", "cli"].iter().map(|top| root.join(top)).collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a readable folder") {
            let path = entry.expect("a readable entry").path();
            let name = path.strip_prefix(&root).expect("below the root").display().to_string();
            let test =
                ["tests", "tests.rs", "target", "examples", "benches"].iter().any(|end| path.ends_with(end));
            if test {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if name.ends_with(".rs") {
                files.push((name, fs::read_to_string(&path).expect("UTF-8")));
            }
        }
    }
    files.sort();
    files.iter().flat_map(|(name, text)| constants(name, text)).collect()
}

/// Works out `1 << 20`, `64 * 1024`, `OTHER_CONSTANT + 1`, `Duration::from_secs(5)` (in ms).
struct Arithmetic<'a> {
    words: Vec<&'a str>,
    at: usize,
    known: &'a dyn Fn(&str) -> Option<u128>,
}

impl Arithmetic<'_> {
    fn word(&self) -> &str {
        self.words.get(self.at).copied().unwrap_or_default()
    }

    fn eat(&mut self, word: &str) -> bool {
        let there = self.word() == word;
        self.at += usize::from(there);
        there
    }

    fn shift(&mut self) -> Option<u128> {
        let mut value = self.sum()?;
        while self.eat("<<") {
            value = value.checked_shl(u32::try_from(self.sum()?).ok()?)?;
        }
        Some(value)
    }

    fn sum(&mut self) -> Option<u128> {
        let mut value = self.product()?;
        loop {
            if self.eat("+") {
                value = value.checked_add(self.product()?)?;
            } else if self.eat("-") {
                value = value.checked_sub(self.product()?)?;
            } else {
                return Some(value);
            }
        }
    }

    fn product(&mut self) -> Option<u128> {
        let mut value = self.atom()?;
        loop {
            if self.eat("*") {
                value = value.checked_mul(self.atom()?)?;
            } else if self.eat("/") {
                value = value.checked_div(self.atom()?)?;
            } else if self.eat("as") {
                self.at += 1;
            } else {
                return Some(value);
            }
        }
    }

    fn atom(&mut self) -> Option<u128> {
        if self.eat("(") {
            let value = self.shift()?;
            return self.eat(")").then_some(value);
        }
        let word = self.word().to_owned();
        self.at += 1;
        if word.starts_with(|first: char| first.is_ascii_digit()) {
            let digits: String = word.chars().filter(|digit| *digit != '_').collect();
            let end = digits.find(|digit: char| !digit.is_ascii_digit()).unwrap_or(digits.len());
            return digits[..end].parse().ok();
        }
        let scale = match word.as_str() {
            "Duration::from_millis" => Some(1),
            "Duration::from_secs" => Some(1_000),
            "Duration::from_mins" => Some(60_000),
            "Duration::from_hours" => Some(3_600_000),
            "Gas::new" | "Height::new" | "NonZeroU32::new" => Some(1),
            _ => None,
        };
        match scale {
            Some(scale) => self.atom()?.checked_mul(scale),
            None => (self.known)(word.rsplit("::").next().unwrap_or_default()),
        }
    }
}

fn words(expression: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = expression.trim();
    while let Some(first) = rest.chars().next() {
        let end = if first.is_ascii_alphanumeric() || first == '_' {
            rest.find(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_' || letter == ':'))
                .unwrap_or(rest.len())
        } else if rest.starts_with("<<") {
            2
        } else {
            first.len_utf8()
        };
        words.push(&rest[..end]);
        rest = rest[end..].trim_start();
    }
    words
}

fn value(constant: &Constant, all: &[Constant], depth: usize) -> Option<u128> {
    let known = |name: &str| -> Option<u128> {
        let named = || all.iter().filter(|other| other.name == name && depth < 8);
        let here = named().find(|other| other.file == constant.file);
        here.or_else(|| named().next()).and_then(|other| value(other, all, depth + 1))
    };
    let words = words(&constant.expression);
    let count = words.len();
    let mut arithmetic = Arithmetic { words, at: 0, known: &known };
    let value = arithmetic.shift()?;
    (arithmetic.at == count).then_some(value)
}

fn thousands(number: u128) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A value with its unit, which the constant's name or type tells.
fn shown(constant: &Constant, value: Option<u128>) -> String {
    let Some(value) = value else { return format!("`{}`", constant.expression) };
    let parts: Vec<&str> = constant.name.split('_').collect();
    let has = |part: &str| parts.contains(&part);
    if constant.kind == "Duration" || has("MS") {
        return if value.is_multiple_of(1_000) && value > 0 {
            format!("{} s", thousands(value / 1_000))
        } else {
            format!("{} ms", thousands(value))
        };
    }
    if has("MIB") {
        return format!("{} MiB", thousands(value));
    }
    if has("BYTES") {
        return match value {
            0 => "0 bytes".into(),
            value if value.is_multiple_of(1 << 20) => format!("{} MiB", thousands(value >> 20)),
            value if value.is_multiple_of(1 << 10) => format!("{} KiB", thousands(value >> 10)),
            value => format!("{} bytes", thousands(value)),
        };
    }
    let unit = [
        ("GAS", " gas"),
        ("PERCENT", " %"),
        ("HEIGHTS", " heights"),
        ("S", " s"),
        ("PERMILLE", " per mille"),
    ];
    let unit = unit.iter().find(|(part, _)| has(part)).map_or("", |(_, unit)| *unit);
    format!("{}{unit}", thousands(value))
}

fn table() -> String {
    let all = sources();
    let mut tables: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for constant in all.iter().filter(|constant| is_bound(&constant.name)) {
        let Some(place) = AREAS.iter().position(|(folder, _)| constant.file.starts_with(folder)) else {
            continue;
        };
        // One table for each heading, at the place of its first folder.
        let heading = AREAS[place].1;
        let place = AREAS.iter().position(|(_, other)| *other == heading).unwrap_or(place);
        let words = constant.name.to_lowercase().replace('_', " ");
        let doc = if constant.doc.is_empty() { &words } else { &constant.doc };
        let doc = doc.replace('|', "\\|").replace("[`", "`").replace("`]", "`");
        let doc = doc.trim_end_matches('.').to_owned();
        let shown = shown(constant, value(constant, &all, 0));
        let row = format!("| {doc} | {shown} | `{}` in `{}` |", constant.name, constant.file);
        tables.entry(place).or_default().push(row);
    }
    let mut text = String::from(HEAD);
    for (place, rows) in tables {
        let rows = rows.join("\n");
        writeln!(text, "\n## {}\n\n| what | most | where |\n|---|---|---|\n{rows}", AREAS[place].1)
            .expect("the file is written");
    }
    text
}

#[test]
fn the_table_of_bounds_is_that_of_the_code() {
    let wanted = table();
    let path = root().join("docs/limits.md");
    if std::env::var_os("HYDROGEN_REFRESH").is_some() {
        fs::write(&path, &wanted).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, wanted, "docs/limits.md is stale: refresh it as it says at its top");
    assert!(wanted.lines().count() > 100, "the sources were read");
}

#[test]
fn expressions_are_worked_out() {
    let check = |text: &str, expected: Option<&str>| {
        let constants = constants("file.rs", text);
        let last = constants.last().expect("a constant");
        let value = value(last, &constants, 0);
        assert_eq!(value.map(|value| shown(last, Some(value))).as_deref(), expected, "{text}");
    };
    check("const KEY_BYTES_MAX: usize = 64 << 10;", Some("64 KiB"));
    check("pub(crate) const A_BYTES_MAX: u64 =\n    3 * 1024 * 1024;", Some("3 MiB"));
    check("/// One.\nconst ONE: u64 = 1_000;\npub const B_MAX: u64 = (ONE + 2) * 4 - 1;", Some("4,007"));
    check("const WAIT_MAX: Duration = Duration::from_secs(60);", Some("60 s"));
    check("const WAIT_MS_MAX: u64 = 2_500;", Some("2,500 ms"));
    check("const X_MAX: usize = unknown(4);", None);
}
