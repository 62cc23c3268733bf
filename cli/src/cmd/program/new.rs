//! `hydrogen program new`: a folder to begin with. What exists is never written over.

use crate::cmd::program::args::Language;
use crate::cmd::program::template;
use crate::failure::{Failure, Outcome};
use crate::session::Session;
use serde_json::json;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// Longest name of a program, in bytes.
const NAME_BYTES_MAX: usize = 64;
/// Names that cargo refuses or warns of: words of Rust, its libraries, and folders of a build.
const RESERVED: &[&str] = &[
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "build",
    "const",
    "continue",
    "core",
    "crate",
    "deps",
    "do",
    "dyn",
    "else",
    "enum",
    "examples",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "incremental",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "proc-macro",
    "proc_macro",
    "pub",
    "ref",
    "return",
    "self",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "yield",
];

pub(super) fn run(session: &Session, name: &str, language: Language, path: Option<&Path>) -> Outcome {
    valid(name)?;
    let folder = path.unwrap_or(Path::new(name));
    empty(folder)?;
    let mut written = Vec::new();
    for (file, text) in template::files(language, name) {
        let path = folder.join(file);
        write_new(&path, &text).map_err(|error| Failure::of(path.display(), &error))?;
        written.push(file);
    }
    let shown = folder.display();
    let text = format!(
        "{shown}: {}\nnext: cd {shown} && hydrogen program build && hydrogen program run {name}.wasm --input \
         sample/input.txt",
        written.join(", ")
    );
    let path = folder.display().to_string();
    session.output.data(text, &json!({"name": name, "path": path, "files": written}));
    Ok(())
}

/// What cargo, make and a file system all take as a name.
pub(super) fn valid(name: &str) -> Outcome {
    let hint = "begin with a small letter, go on with small letters, digits and hyphens: word-count";
    let mut letters = name.chars();
    let begins = letters.next().is_some_and(|letter| letter.is_ascii_lowercase());
    let goes_on =
        letters.all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-');
    if !begins || !goes_on || name.ends_with('-') {
        return Err(Failure::new(format!("`{name}` is no name for a program")).hint(hint));
    }
    if name.len() > NAME_BYTES_MAX {
        let length = name.len();
        return Err(Failure::new(format!("a name of {length} bytes, at most {NAME_BYTES_MAX} are allowed"))
            .hint("choose a shorter one"));
    }
    if RESERVED.contains(&name) {
        return Err(Failure::new(format!("`{name}` has a meaning in Rust or for cargo"))
            .hint(format!("choose another name: {name}-task")));
    }
    Ok(())
}

/// A folder that is not there yet, or has nothing in it.
fn empty(folder: &Path) -> Outcome {
    let taken = |what: &str| {
        Failure::new(format!("{} {what}", folder.display()))
            .hint("nothing was written: choose another name, or another folder with --path")
    };
    match fs::read_dir(folder) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(taken("is there already and not empty")),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Err(taken("is a file")),
        Err(error) => Err(Failure::of(folder.display(), &error)),
    }
}

fn write_new(path: &Path, text: &str) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes())
}
