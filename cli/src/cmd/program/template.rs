//! The files of a new program. They lie in `template`, are tested there, and are shown by the book.

use crate::cmd::program::args::Language;

/// Stands for the program's name.
const NAME: &str = "{{name}}";

/// Paths inside the new folder, and contents with [`NAME`] for the name.
pub(super) const RUST: &[(&str, &str)] = &[
    ("Cargo.toml", include_str!("template/rust/manifest.toml")),
    ("Cargo.lock", include_str!("template/rust/lock.toml")),
    ("src/main.rs", include_str!("template/rust/main.rs")),
    ("sample/input.txt", include_str!("template/sample/input.txt")),
    ("sample/expected.txt", include_str!("template/sample/expected.txt")),
    ("README.md", include_str!("template/rust/README.md")),
    (".gitignore", include_str!("template/rust/gitignore")),
];

/// The same for C.
pub(super) const C: &[(&str, &str)] = &[
    ("Makefile", include_str!("template/c/Makefile")),
    ("main.c", include_str!("template/c/main.c")),
    ("sample/input.txt", include_str!("template/sample/input.txt")),
    ("sample/expected.txt", include_str!("template/sample/expected.txt")),
    ("README.md", include_str!("template/c/README.md")),
    (".gitignore", include_str!("template/c/gitignore")),
];

/// The files of a program called `name`.
pub(super) fn files(language: Language, name: &str) -> impl Iterator<Item = (&'static str, String)> {
    let files = match language {
        Language::Rust => RUST,
        Language::C => C,
    };
    files.iter().map(move |(path, text)| (*path, text.replace(NAME, name)))
}
