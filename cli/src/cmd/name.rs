//! What a contract or a program may be called: its package's, its module's and its file's name at once.

use crate::failure::{Failure, Outcome};

/// Longest name, in bytes: far below the 128 of anything in an interface.
const NAME_BYTES_MAX: usize = 40;

/// Words that Rust keeps for itself, and names that would hide something a contract needs.
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
    "env",
    "examples",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "format",
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
    "pub",
    "ref",
    "return",
    "self",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "tests",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "vec",
    "virtual",
    "where",
    "while",
    "yield",
];

/// Refuses a name for `what` that is none. `taken` are those of the packages it is built with and of the template's modules.
///
/// # Errors
/// Says what is wrong with it, and names one that would do.
pub(super) fn check<'a>(what: &str, name: &str, taken: impl Iterator<Item = &'a str>) -> Outcome {
    let hint = "write lower-case letters, digits and single hyphens, beginning with a letter";
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let well_formed = name.bytes().all(legal)
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && !name.ends_with('-')
        && !name.contains("--");
    if !well_formed {
        let near = nearest(name);
        let hint = if near.is_empty() { hint.into() } else { format!("{hint}: `{near}` would do") };
        return Err(Failure::new(format!("`{name}` is no name for a {what}")).hint(hint));
    }
    if name.len() > NAME_BYTES_MAX {
        let length = name.len();
        return Err(Failure::new(format!("the name `{name}` has {length} bytes, at most {NAME_BYTES_MAX}"))
            .hint("shorten it"));
    }
    if RESERVED.contains(&name)
        || name.starts_with("hydrogen-")
        || taken.into_iter().any(|taken| taken.replace('_', "-") == name)
    {
        return Err(Failure::new(format!(
            "`{name}` is taken: by Rust, by a crate that a {what} is built with, or by the template"
        ))
        .hint(format!("`my-{name}` would do")));
    }
    Ok(())
}

/// A legal name that looks like the one given, or nothing.
fn nearest(name: &str) -> String {
    let mut near = String::new();
    for letter in name.chars().take(NAME_BYTES_MAX) {
        if letter.is_ascii_alphanumeric() {
            near.push(letter.to_ascii_lowercase());
        } else if !near.is_empty() && !near.ends_with('-') {
            near.push('-');
        }
    }
    near.trim_start_matches(|first: char| !first.is_ascii_lowercase()).trim_end_matches('-').to_owned()
}
