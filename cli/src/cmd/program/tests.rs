//! Names, templates and choices; whole programs are built and run in `tests/it/program.rs`.

use super::args::Language;
use super::{compile, template};
use crate::cmd::name;
use crate::failure::Outcome;

fn valid(name: &str) -> Outcome {
    name::check("program", name, std::iter::empty())
}

#[test]
fn names_are_those_that_cargo_and_make_take() {
    for name in ["total", "word-count", "a", "x2"] {
        assert!(valid(name).is_ok(), "{name}");
    }
    for name in ["", "2x", "-a", "a-", "Total", "a_b", "a/b", "../a", "a b", "fn", "test", "\u{e4}"] {
        let failure = valid(name).expect_err(name);
        assert!(failure.next_step().is_some(), "{name}");
    }
    assert!(valid(&"a".repeat(40)).is_ok());
    assert!(valid(&"a".repeat(41)).is_err());
}

#[test]
fn no_file_of_a_template_keeps_the_place_of_the_name() {
    for language in [Language::Rust, Language::C] {
        let files: Vec<_> = template::files(language, "total").collect();
        assert!(files.len() > 5);
        assert!(files.iter().all(|(_, text)| !text.contains("{{")), "{language:?}");
        assert!(files.iter().any(|(_, text)| text.contains("total.wasm")), "{language:?}");
    }
}

/// The book shows the whole programs, as `new` writes them.
#[test]
fn the_book_shows_the_templates() {
    let chapter = include_str!("../../../../docs/book/writing-a-task-program.md");
    let blocks = |language: &str| {
        let begin = format!("```{language}\n");
        let block = chapter.split(&begin).nth(1).and_then(|rest| rest.split("```\n").next());
        block.unwrap_or_else(|| panic!("no block in {language}")).to_owned()
    };
    let template = |files: &[(&str, &'static str)], wanted: &str| {
        files.iter().find_map(|(path, text)| (*path == wanted).then_some(*text)).expect(wanted)
    };
    assert_eq!(blocks("c"), template(template::C, "main.c"));
    assert_eq!(blocks("rust"), template(template::RUST, "src/main.rs"));
}

/// `make` gives the same bytes as `build`, so it must say the same to the compiler.
#[test]
fn the_makefile_has_the_flags_of_build() {
    let (_, makefile) = template::C.iter().find(|(path, _)| *path == "Makefile").expect("a Makefile");
    let flags = |name: &str| {
        let line = makefile.lines().find_map(|line| line.strip_prefix(&format!("{name} = "))).expect(name);
        line.split(' ').map(str::to_owned).collect::<Vec<_>>()
    };
    let said = [flags("CFLAGS"), flags("LDFLAGS")].concat();
    assert_eq!(said[0], "--target=wasm32-wasi");
    assert_eq!(said[1..], *compile::C_FLAGS);
}

#[test]
fn a_binary_is_chosen_where_there_are_several() {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let (one, two) = (names(&["a"]), names(&["a", "b"]));
    assert_eq!(compile::choose(&one, None).expect("the only one"), "a");
    assert_eq!(compile::choose(&two, Some("b")).expect("the one named"), "b");
    let several = compile::choose(&two, None).expect_err("which?");
    assert!(several.next_step().is_some_and(|hint| hint.contains("a, b")));
    assert!(compile::choose(&two, Some("c")).is_err());
    assert!(compile::choose(&[], None).is_err());
}
