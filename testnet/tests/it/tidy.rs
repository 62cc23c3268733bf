//! The style that a machine can check.

use std::fs;
use std::path::{Path, PathBuf};

/// Longest file, tests aside.
const FILE_LINES_MAX: usize = 600;
/// Files that are longer: a list that only shrinks.
const TOO_LONG: &[&str] = &[];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("testnet lies in the root").to_path_buf()
}

fn sources() -> Vec<(String, String)> {
    let root = root();
    let mut found = Vec::new();
    let tops = ["core", "vm", "p2p", "cli", "testnet", "fuzz", "contracts"];
    let mut folders: Vec<PathBuf> = tops.iter().map(|top| root.join(top)).collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a readable folder") {
            let path = entry.expect("a readable entry").path();
            if path.is_dir() {
                if !path.ends_with("target") {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(&root).expect("below the root").display().to_string();
                found.push((name, fs::read_to_string(&path).expect("UTF-8")));
            }
        }
    }
    assert!(found.len() > 100, "the walk found the tree");
    found
}

fn is_test(name: &str) -> bool {
    name.contains("/tests/") || name.ends_with("/tests.rs")
}

fn check(rule: &str, offends: impl Fn(&str, &str) -> bool) {
    let sources = sources();
    let found: Vec<&str> =
        sources.iter().filter(|(name, text)| offends(name, text)).map(|(name, _)| name.as_str()).collect();
    assert!(found.is_empty(), "{rule}: {found:#?}");
}

#[test]
fn files_are_short() {
    check("longer than allowed", |name, text| {
        !is_test(name) && text.lines().count() > FILE_LINES_MAX && !TOO_LONG.contains(&name)
    });
}

#[test]
fn the_list_of_long_files_shrinks() {
    let sources = sources();
    for listed in TOO_LONG {
        let long = sources.iter().any(|(name, text)| name == listed && text.lines().count() > FILE_LINES_MAX);
        assert!(long, "{listed} is short enough: take it off the list");
    }
}

#[test]
fn every_file_says_what_it_is_for() {
    check("no module documentation at the top", |name, text| {
        let first = text.lines().find(|line| !line.starts_with("#!") && !line.is_empty());
        !is_test(name) && !first.is_some_and(|line| line.starts_with("//!"))
    });
}

#[test]
fn sources_are_ascii() {
    check("not ASCII", |_, text| !text.is_ascii());
}

#[test]
fn nothing_is_left_for_later_in_the_source() {
    // Written so that this file does not find itself.
    let marks = ["TO", "FIX", "XX"].map(|start| {
        format!(
            "{start}{}",
            if start == "TO" {
                "DO"
            } else if start == "FIX" {
                "ME"
            } else {
                "X"
            }
        )
    });
    check("an unfinished mark", |_, text| marks.iter().any(|mark| text.contains(mark)));
    check("an ignored test", |name, text| !name.ends_with("tidy.rs") && text.contains("#[ignore"));
}

#[test]
fn the_map_names_what_exists() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let paths: Vec<&str> = text
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|word| {
            word.contains('/') && !word.contains([' ', '*', '{', '<', ':', '(']) && !word.starts_with('/')
        })
        .collect();
    assert!(paths.len() > 10, "the map names files");
    let missing: Vec<_> = paths.iter().filter(|path| !root().join(path).exists()).collect();
    assert!(missing.is_empty(), "ARCHITECTURE.md names what is not there: {missing:?}");
}
