//! The contracts of `contracts/wrong`: what each is answered with is what its file says.

use crate::author::Workshop;
use crate::support::{Dev, hydrogen};
use hydrogen_build::{Cargo, Target, Toolchain, clean, remaps, section};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One wrong contract.
struct Story {
    name: String,
    source: String,
    /// What is done with it, after `hydrogen contract`.
    commands: Vec<String>,
    /// What the last of them, or the compiler, answers.
    says: String,
}

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../contracts/wrong").join(folder);
    let entries = fs::read_dir(folder).expect("readable");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    assert!(files.len() > 5, "{files:?}");
    files
}

/// Reads the fenced lines at the top of a source.
fn stories(folder: &str) -> Vec<Story> {
    let story = |path: PathBuf| {
        let source = fs::read_to_string(&path).expect("text");
        let fenced = source.split("```").nth(1).expect("it says what is answered");
        let lines = fenced.lines().skip(1).filter_map(|line| line.strip_prefix("//! "));
        let (commands, says): (Vec<&str>, Vec<&str>) = lines.partition(|line| line.starts_with("$ "));
        let commands = commands.iter().map(|line| line[2..].to_owned()).collect();
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let says = says.concat();
        assert!(!says.is_empty(), "{name} says nothing");
        Story { name, source, commands, says }
    };
    files(folder).into_iter().map(story).collect()
}

/// A project whose examples are the stories. They are not optimised across crates, which takes most of a build.
fn project(workshop: &Workshop, stories: &[Story]) -> PathBuf {
    let project = workshop.project("wrong", "counter", "wrong");
    let manifest = project.join("Cargo.toml");
    let mut text = fs::read_to_string(&manifest).expect("text").replacen("lto = true", "lto = false", 1);
    fs::create_dir(project.join("examples")).expect("a folder");
    for story in stories {
        let Story { name, source, .. } = story;
        text.push_str(&format!("\n[[example]]\nname = \"{name}\"\ncrate-type = [\"cdylib\"]\n"));
        fs::write(project.join(format!("examples/{name}.rs")), source).expect("written");
    }
    fs::write(manifest, text).expect("written");
    project
}

#[test]
fn modules_are_refused_with_the_words_of_their_files() {
    let (place, mut wrong) = (tempfile::tempdir().expect("a folder"), Vec::new());
    for path in files("check") {
        let text = fs::read_to_string(&path).expect("text");
        let says =
            text.lines().find_map(|line| line.strip_prefix(";; Says: ")).expect("it says what is answered");
        let module = place.path().join("module.wasm");
        fs::write(&module, wat::parse_str(&text).expect("a module")).expect("written");
        let output =
            hydrogen(place.path()).args(["contract", "check"]).arg(&module).output().expect("it runs");
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        if output.status.success() || !said.contains(says) {
            wrong.push(format!("{} does not say `{says}`: {said}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn mistakes_are_compile_errors_with_the_words_of_their_files() {
    let workshop = Workshop::open();
    let stories = stories("compile");
    let project = project(&workshop, &stories);
    let mut command = Command::new("cargo");
    clean(&mut command);
    command.args(["check", "--examples", "--keep-going", "--message-format", "short"]).current_dir(&project);
    command.env("CARGO_TARGET_DIR", workshop.target_dir());
    let output = command.output().expect("cargo runs");
    let said = String::from_utf8_lossy(&output.stderr);
    let named: BTreeSet<&str> = said
        .lines()
        .filter_map(|line| line.strip_prefix("examples/")?.split_once(".rs:").map(|(name, _)| name))
        .collect();
    for Story { name, says, .. } in &stories {
        let start = format!("examples/{name}.rs:");
        let found = said.lines().any(|line| line.starts_with(&start) && line.contains(says.as_str()));
        assert!(found, "{name} does not say `{says}`:\n{said}");
    }
    assert_eq!(named.len(), stories.len(), "{named:?}");
}

#[test]
fn mistakes_are_answered_on_a_chain_with_the_words_of_their_files() {
    let workshop = Workshop::open();
    let stories = stories("run");
    let project = project(&workshop, &stories);
    let toolchain = match Toolchain::find(Target::Contract, &project) {
        Ok(toolchain) => toolchain,
        Err(missing) => return eprintln!("left out: {missing}"),
    };
    let target_dir = workshop.target_dir().join("hydrogen");
    let cargo = Cargo {
        toolchain,
        target: Target::Contract,
        folder: &project,
        package: "wrong",
        target_dir: &target_dir,
        remaps: remaps(),
        arguments: &["--lib", "--examples"],
    };
    cargo.module().expect("they compile");
    let (dev, mut wrong) = (Dev::start(), Vec::new());
    for story in &stories {
        let built = target_dir.join(Target::Contract.triple()).join("release/examples");
        let named = fs::read(built.join(format!("{}.wasm", story.name))).expect("built");
        let module = project.join(format!("{}.wasm", story.name));
        fs::write(&module, section::strip(&named).expect("a module")).expect("written");
        let said = play(&dev, &module, &story.commands);
        if !said.contains(&story.says) {
            wrong.push(format!("{} does not say `{}`: {said}", story.name, story.says));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Runs the commands; what the last one says.
fn play(dev: &Dev, module: &Path, commands: &[String]) -> String {
    let module = module.to_str().expect("UTF-8");
    let mut contract = String::new();
    let mut said = String::new();
    for (index, command) in commands.iter().enumerate() {
        let (verb, rest) = command.split_once(' ').unwrap_or((command, ""));
        let target = if contract.is_empty() { module } else { &contract };
        let mut words = vec!["contract", verb, target];
        // One JSON object, spaces and all, or words.
        match rest.split_once(" {") {
            Some((method, _)) => words.extend([method, &rest[method.len() + 1..]]),
            None => words.extend(rest.split_whitespace()),
        }
        if matches!(verb, "deploy" | "call") {
            words.extend(["--from", "dev0"]);
        }
        let output = dev.run(&words);
        said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        if index + 1 < commands.len() {
            assert!(output.status.success(), "{words:?}: {said}");
        }
        if let Some((_, rest)) = said.split_once("\"contract\":\"") {
            contract = rest.split('"').next().unwrap_or_default().to_owned();
        }
    }
    said
}
