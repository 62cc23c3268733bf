use super::project::files;
use super::sources::{CHAIN_TESTS, SDK, TEMPLATES};
use super::{Template, name, project};
use clap::ValueEnum;
use std::collections::BTreeSet;
use std::path::Path;

/// Paths of all files below folders of the repository.
fn tree(folders: &[&str]) -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut waiting: Vec<_> = folders.iter().map(|folder| root.join(folder)).collect();
    let mut found = BTreeSet::new();
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                found.insert(path.strip_prefix(root).unwrap().display().to_string());
            }
        }
    }
    found
}

/// A file that is added to the SDK or to a template must be added to the lists.
#[test]
fn the_binary_carries_every_file_of_the_sdk_and_of_the_templates() {
    let carried = |files: &[(&str, &str)]| files.iter().map(|(path, _)| (*path).to_owned()).collect();
    let sdk: BTreeSet<String> = carried(SDK);
    assert_eq!(sdk, tree(&["contracts/sdk", "core/types"]));
    let templates: BTreeSet<String> = carried(TEMPLATES);
    let chain_tests: BTreeSet<String> = carried(CHAIN_TESTS);
    assert_eq!(chain_tests, tree(&["contracts/templates"]));
    let folders: Vec<String> = Template::value_variants()
        .iter()
        .map(|template| format!("contracts/{}/src", template.name()))
        .collect();
    assert_eq!(templates, tree(&folders.iter().map(String::as_str).collect::<Vec<_>>()));
}

#[test]
fn a_project_has_its_own_name_everywhere() {
    for template in Template::value_variants() {
        let files = files("my-thing", *template);
        let text = |path: &str| &files.iter().find(|(found, _)| found == path).expect(path).1;
        assert!(text("src/lib.rs").contains("mod my_thing {"), "{template:?}");
        assert!(text("src/tests.rs").contains("use super::my_thing::"), "{template:?}");
        assert!(text("README.md").contains("build/my-thing.wasm") && !text("README.md").contains("NAME"));
        assert!(text("Cargo.toml").starts_with("[package]\nname = \"my-thing\"\n"));
        assert!(!text("Cargo.toml").contains("workspace = true"));
        let lock = text("Cargo.lock");
        for package in ["my-thing", "borsh", "hydrogen-sdk", "hydrogen-sdk-macros", "hydrogen-types", "syn"] {
            assert!(lock.contains(&format!("\nname = \"{package}\"\n")), "{package}");
        }
        assert!(!lock.contains("\"png\"") && !lock.contains("\"wasm-tool\""));
    }
}

fn refused(text: &str) -> String {
    name::check("contract", text, project::taken(Template::Escrow)).unwrap_err().to_string()
}

#[test]
fn names_are_checked_before_anything_is_written() {
    for good in ["a", "counter", "my-token-2", &"n".repeat(40)] {
        name::check("contract", good, project::taken(Template::Counter)).unwrap();
    }
    let malformed = [
        ("My Token", "my-token"),
        ("my_token", "my-token"),
        ("2fast", "fast"),
        ("-a", "a"),
        ("a--b", "a-b"),
        ("../evil", "evil"),
    ];
    for (bad, near) in malformed {
        let words = refused(bad);
        assert!(
            words.contains("is no name for a contract") && words.contains(&format!("`{near}`")),
            "{words}"
        );
    }
    assert!(!refused("").contains("would do"));
    assert!(refused(&"n".repeat(41)).contains("has 41 bytes, at most 40"));
    for taken in ["mod", "std", "tests", "syn", "borsh", "hydrogen-x", "token"] {
        assert!(refused(taken).contains(&format!("`my-{taken}` would do")), "{taken}");
    }
    // Only the escrow has a module of this name beside its own.
    name::check("contract", "token", project::taken(Template::Token)).unwrap();
}
