//! The book's chapters, followed word by word: every block of code is run, compiled or found in what the gate compiles.
//!
//! | block | what is done with it |
//! |---|---|
//! | `sh` | run by bash, in one shell a chapter, in an empty folder with `hydrogen` in `PATH` |
//! | `sh fails` | the same, and must fail |
//! | `text` | each line must be in what the block before it printed, in this order; a horizontal ellipsis stands for anything |
//! | any, `file=PATH` | written to that file |
//! | any, `from=PATH` | must be in that file of the repository, which is compiled there |
//!
//! A chapter without a compiler for WebAssembly ends at its first `hydrogen contract build` or `program build`, with a word.

use crate::author::Workshop;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A horizontal ellipsis.
const ANYTHING: char = '\u{2026}';

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[derive(Debug, PartialEq, Eq)]
struct Block {
    line: usize,
    /// The words after the fence.
    info: Vec<String>,
    text: String,
}

impl Block {
    fn value(&self, name: &str) -> Option<&str> {
        self.info.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
    }
}

fn blocks(chapter: &str) -> Vec<Block> {
    let (mut found, mut open): (Vec<Block>, bool) = (Vec::new(), false);
    for (number, line) in (1..).zip(chapter.lines()) {
        match (line.strip_prefix("```"), open) {
            (Some(info), false) => {
                let info = info.split_whitespace().map(str::to_owned).collect();
                found.push(Block { line: number, info, text: String::new() });
                open = true;
            }
            (Some(_), true) => open = false,
            (None, true) => {
                let text = &mut found.last_mut().expect("it is open").text;
                text.push_str(line);
                text.push('\n');
            }
            (None, false) => {}
        }
    }
    assert!(!open, "a block is not closed");
    found
}

/// The shell script of a chapter; block `n` begins with a line that says so.
fn script(chapter: &[Block]) -> String {
    let mut script =
        String::from("set -euo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\nexec 2>&1\n");
    for (number, block) in chapter.iter().enumerate() {
        let words: Vec<&str> = block.info.iter().map(String::as_str).collect();
        match (&words[..], block.value("file")) {
            (["sh"], _) => write!(script, "echo '@@ {number}'\n{}", block.text),
            (["sh", "fails"], _) => write!(
                script,
                "echo '@@ {number}'\nif ( set -e\n{}); then echo 'it did not fail'; exit 1; fi\n",
                block.text
            ),
            (_, Some(path)) => {
                write!(script, "mkdir -p \"$(dirname {path})\"\ncat > {path} <<'@@'\n{}@@\n", block.text)
            }
            _ => Ok(()),
        }
        .expect("a string grows");
    }
    script
}

/// Whether `line` is as `pattern` says, in which an ellipsis stands for anything.
fn matches(pattern: &str, line: &str) -> bool {
    let mut rest = line;
    let parts: Vec<&str> = pattern.trim().split(ANYTHING).collect();
    for (number, part) in parts.iter().enumerate() {
        let Some(at) = rest.find(part) else { return false };
        if number == 0 && at != 0 {
            return false;
        }
        rest = &rest[at + part.len()..];
    }
    parts.last().is_some_and(|last| last.is_empty()) || rest.trim().is_empty()
}

/// What block `number` printed.
fn printed(output: &str, number: usize) -> Vec<&str> {
    let begin = format!("@@ {number}");
    let lines = output.lines().skip_while(|line| *line != begin).skip(1);
    lines.take_while(|line| !line.starts_with("@@ ")).map(str::trim).collect()
}

/// Blocks that quote a file of the repository.
fn check_quotes(chapter: &str, blocks: &[Block]) {
    let squeezed = |text: &str| text.lines().map(str::trim).collect::<Vec<_>>().join("\n");
    for block in blocks {
        let Some(path) = block.value("from") else { continue };
        let file = std::fs::read_to_string(root().join(path));
        let file = file.unwrap_or_else(|error| panic!("{chapter} line {}: {path}: {error}", block.line));
        let (quote, file) = (squeezed(&block.text), squeezed(&file));
        assert!(
            file.contains(quote.trim()),
            "{chapter} line {}: this is not in {path}:\n{}",
            block.line,
            block.text
        );
    }
}

fn follow(name: &str) {
    let chapter = std::fs::read_to_string(root().join("docs/book").join(name)).expect("a chapter");
    let blocks = blocks(&chapter);
    for block in &blocks {
        let kind = block.info.first().map_or("", String::as_str);
        let used = kind == "sh" || kind == "text" || block.value("file").or(block.value("from")).is_some();
        assert!(used, "{name} line {}: nobody compiles or runs this block", block.line);
    }
    check_quotes(name, &blocks);
    let workshop = Workshop::open();
    let place = tempfile::tempdir().expect("a folder");
    let binary = Path::new(env!("CARGO_BIN_EXE_hydrogen"));
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new("bash")
        .args(["-c", &script(&blocks)])
        .current_dir(place.path())
        .env("PATH", format!("{}:{path}", binary.parent().expect("it lies in a folder").display()))
        .env("HYDROGEN_HOME", place.path().join("home"))
        .env("HYDROGEN_BIN", binary)
        .env("CARGO_TARGET_DIR", workshop.target_dir())
        .env("CARGO_TERM_COLOR", "never")
        .env_remove("HYDROGEN_RPC")
        .output()
        .expect("bash runs");
    let text = String::from_utf8_lossy(&output.stdout);
    if text.contains("rustup target add") {
        eprintln!("{name}: left where it builds: no compiler for WebAssembly");
        return;
    }
    assert!(output.status.success(), "{name}: {text}");
    let mut last = 0;
    for (number, block) in blocks.iter().enumerate() {
        match block.info.first().map(String::as_str) {
            Some("sh") => last = number,
            Some("text") => {
                let lines = printed(&text, last);
                let mut rest = lines.iter();
                for pattern in
                    block.text.lines().filter(|line| !line.trim().is_empty() && line.trim() != "\u{2026}")
                {
                    assert!(
                        rest.any(|line| matches(pattern, line)),
                        "{name} line {}: `{pattern}` was not printed, but\n{}",
                        block.line,
                        lines.join("\n")
                    );
                }
            }
            _ => {}
        }
    }
}

macro_rules! chapters {
    ($($test:ident: $file:literal,)*) => {
        $(#[test] fn $test() { follow($file); })*
        const FOLLOWED: &[&str] = &[$($file),*];
    };
}

chapters! {
    your_first_contract: "your-first-contract.md",
    testing: "testing.md",
    gas: "gas.md",
    upgrades: "upgrades.md",
    randomness: "randomness.md",
    calling_others: "calling-others.md",
    when_it_goes_wrong: "when-it-goes-wrong.md",
}

#[test]
fn every_chapter_is_followed_and_named_in_the_contents() {
    let contents = std::fs::read_to_string(root().join("docs/book/README.md")).expect("contents");
    for entry in std::fs::read_dir(root().join("docs/book")).expect("the book") {
        let name = entry.expect("readable").file_name().into_string().expect("UTF-8");
        if name != "README.md" {
            // The chapter about programs is followed by the tests of programs.
            let followed = FOLLOWED.contains(&name.as_str()) || name == "writing-a-task-program.md";
            assert!(followed, "nobody follows {name}");
            assert!(contents.contains(&format!("({name})")), "{name} is not in the contents");
        }
    }
}

#[test]
fn patterns() {
    let fits = |pattern: &str, line| matches(&pattern.replace('*', "\u{2026}"), line);
    assert!(fits("a * c", "a b c") && fits("a *", "a b c") && fits("*b c", "a b c"));
    assert!(fits("* b *", "a b c") && fits("a", "a") && fits("", ""));
    assert!(!fits("a * d", "a b c") && !fits("b", "a b") && !fits("a", "a b"));
}
