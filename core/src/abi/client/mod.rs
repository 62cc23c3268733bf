//! Source code of clients, written from an interface: for contracts in Rust that call the contract, and for pages and
//! services in TypeScript.

mod rust;
#[cfg(test)]
mod tests;
mod typescript;

pub use rust::rust_client;
pub use typescript::typescript_client;

/// `text` as comment lines, each after `prefix`; nothing for an empty text.
fn comment(out: &mut String, prefix: &str, text: &str) {
    // Some languages end a line at more than a newline.
    for line in text.lines().flat_map(|line| line.split(['\r', '\u{2028}', '\u{2029}'])) {
        out.push_str(format!("{prefix}{line}").trim_end());
        out.push('\n');
    }
}

/// A name without what could be anything but a name: an interface is a stranger's, and what is written is run by its
/// reader. Names that were fine stay as they are.
fn clean(name: &str) -> String {
    name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect()
}

/// `some_name` as `SomeName`.
fn upper_camel(name: &str) -> String {
    let name = &clean(name);
    let words = name.split(['_', '-']).filter(|word| !word.is_empty());
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
    };
    words.map(capital).collect()
}

/// `some_name` as `someName`.
fn lower_camel(name: &str) -> String {
    let name = upper_camel(name);
    let mut letters = name.chars();
    letters.next().map_or(String::new(), |first| first.to_lowercase().chain(letters).collect())
}

/// `SomeName` as `SOME_NAME`.
fn shouting(name: &str) -> String {
    let mut out = String::new();
    for letter in clean(name).chars() {
        if letter.is_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.extend(letter.to_uppercase());
    }
    out
}
