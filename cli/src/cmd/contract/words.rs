//! What is typed after `call`, `query` and `deploy`: a part of it is known only once the contract's interface is.
//!
//! ```text
//! words -> split: contract, method, the rest -> interface (module) -> flags::command -> clap -> arguments
//! ```

use std::ffi::OsString;

/// Global flags, and whether a value follows: they may stand anywhere, so they are sought before the contract's own.
const GLOBAL: &[(&str, bool)] =
    &[("--rpc", true), ("--json", false), ("--home", true), ("--passphrase-file", true), ("--log", true)];
/// Flags of these commands that a value follows.
const OWN: &[&str] = &["--from", "--value", "--gas", "--height", "--debug"];

/// Whether the flag `known` is meant, and whether its value is part of the word.
fn is_flag(word: &str, known: &str) -> Option<bool> {
    let rest = word.strip_prefix(known)?;
    match rest.strip_prefix('=') {
        Some(_) => Some(true),
        None => rest.is_empty().then_some(false),
    }
}

/// Moves global flags in front of `contract call`, `query` and `deploy`, whose other words clap cannot know yet.
#[must_use]
pub fn lift_globals(words: Vec<OsString>) -> Vec<OsString> {
    let is = |index: usize, names: &[&str]| {
        words.get(index).and_then(|word| word.to_str()).is_some_and(|word| names.contains(&word))
    };
    let start = (1..words.len()).find(|index| {
        is(*index, &["contract"]) && is(index + 1, &["call", "query", "deploy"]) && !is(index - 1, &["--log"])
    });
    let Some(start) = start else { return words };
    let (head, tail) = words.split_at(start);
    let (mut lifted, mut kept) = (Vec::new(), Vec::new());
    let mut tail = tail.iter().cloned();
    while let Some(word) = tail.next() {
        if word == "--" {
            kept.push(word);
            break;
        }
        let known = GLOBAL.iter().find_map(|(name, valued)| {
            let joined = is_flag(word.to_str()?, name)?;
            Some(*valued && !joined)
        });
        match known {
            Some(value_follows) => {
                lifted.push(word);
                lifted.extend(value_follows.then(|| tail.next()).flatten());
            }
            None => kept.push(word),
        }
    }
    kept.extend(tail);
    let (program, before) = head.split_at(1);
    [program, before, &lifted, &kept].concat()
}

/// The first of the words, and the others.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Split {
    /// Contract or file.
    pub(super) target: Option<String>,
    /// Method and its arguments; flags that stood before the method come after it.
    pub(super) rest: Vec<String>,
}

/// Finds the first word that is neither a flag nor the value of one of our own, and what stands before it.
fn first(words: &mut impl Iterator<Item = String>) -> (Option<String>, Vec<String>) {
    let mut flags = Vec::new();
    while let Some(word) = words.next() {
        if !word.starts_with('-') {
            return (Some(word), flags);
        }
        let value_follows = OWN.iter().any(|known| is_flag(&word, known) == Some(false));
        flags.push(word);
        flags.extend(value_follows.then(|| words.next()).flatten());
    }
    (None, flags)
}

/// Finds the file; all else follows it.
pub(super) fn split_file(words: Vec<String>) -> Split {
    let mut words = words.into_iter();
    let (target, flags) = first(&mut words);
    Split { target, rest: flags.into_iter().chain(words).collect() }
}

/// Finds the contract, and puts the method first.
pub(super) fn split(words: Vec<String>) -> Split {
    let mut words = words.into_iter();
    let (target, before) = first(&mut words);
    let (method, between) = first(&mut words);
    let rest = method.into_iter().chain(before).chain(between).chain(words).collect();
    Split { target, rest }
}

#[cfg(test)]
mod tests {
    use super::{Split, lift_globals, split, split_file};

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    fn check_lift(given: &str, expected: &str) {
        let given = words(given).into_iter().map(Into::into).collect();
        let expected: Vec<std::ffi::OsString> = words(expected).into_iter().map(Into::into).collect();
        assert_eq!(lift_globals(given), expected);
    }

    #[test]
    fn global_flags_may_stand_anywhere() {
        check_lift(
            "hydrogen contract call cnx1 add --by 5 --json --rpc http://x --from a",
            "hydrogen --json --rpc http://x contract call cnx1 add --by 5 --from a",
        );
        check_lift(
            "hydrogen --json contract query x get --rpc=u",
            "hydrogen --json --rpc=u contract query x get",
        );
        check_lift("hydrogen contract call x f -- --json", "hydrogen contract call x f -- --json");
        check_lift("hydrogen account show x --json", "hydrogen account show x --json");
        check_lift("hydrogen contract deploy f --home", "hydrogen --home contract deploy f");
    }

    fn check_split(given: &str, target: Option<&str>, rest: &str) {
        assert_eq!(split(words(given)), Split { target: target.map(str::to_owned), rest: words(rest) });
    }

    #[test]
    fn the_method_comes_first() {
        check_split("cnx1 add --by 5", Some("cnx1"), "add --by 5");
        check_split(
            "--from dev0 cnx1 --gas=7 add {} --help",
            Some("cnx1"),
            "add --from dev0 --gas=7 {} --help",
        );
        check_split("cnx1 --help", Some("cnx1"), "--help");
        check_split("--help", None, "--help");
        check_split("--from", None, "--from");
        let split = split_file(words("--from dev0 a.wasm --name Test --symbol T"));
        assert_eq!(split.target.as_deref(), Some("a.wasm"));
        assert_eq!(split.rest, words("--from dev0 --name Test --symbol T"));
    }
}
