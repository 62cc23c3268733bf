//! A program's author at work, without a network: from an empty folder to a module that runs alike everywhere.

use crate::support::{hydrogen, module, test_program};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// `(module (import "env" "now" (func)) (memory 1))`: a foreign import, no memory for the host, nothing to start.
const BAD_MODULE: &[u8] =
    b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x02\x0b\x01\x03env\x03now\0\0\x05\x03\x01\0\x01";

/// Set to build a program in Rust as well where the compiler has to compile the library first, which takes a minute.
const SLOW: &str = "HYDROGEN_BUILD_RUST";

fn run(folder: &Path, args: &[&str]) -> Output {
    hydrogen(folder).current_dir(folder).args(args).arg("--json").output().expect("the binary runs")
}

fn ok(folder: &Path, args: &[&str]) -> Value {
    let output = run(folder, args);
    assert!(output.status.success(), "{args:?} failed: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{args:?} answered no JSON"))
}

/// Name, then sentence and hint of a failure.
fn failure(output: &Output) -> (String, String) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "it should have failed: {stderr}");
    let last = stderr.lines().last().unwrap_or_default();
    let json: Value = serde_json::from_str(last).unwrap_or_else(|_| panic!("failed with `{stderr}`"));
    let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
    (text("name"), format!("{} {}", text("error"), text("hint")))
}

fn fails(folder: &Path, args: &[&str]) -> (String, String) {
    failure(&run(folder, args))
}

/// Begins a program in C in `folder` and builds it; its module, or nothing where no compiler is: which is then said.
pub(crate) fn build_c(folder: &Path, name: &str) -> Option<String> {
    ok(folder, &["program", "new", name, "--lang", "c"]);
    let output = run(folder, &["program", "build", "--path", name]);
    if !output.status.success() {
        let (name, said) = failure(&output);
        assert_eq!(name, "NoToolchain", "{said}");
        assert!(said.contains("wasi-libc") && said.contains("WASI_SDK_PATH"), "{said}");
        return None;
    }
    let built: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    Some(built["file"].as_str().expect("a path").to_owned())
}

fn bytes(path: impl AsRef<Path>) -> Vec<u8> {
    fs::read(path.as_ref()).unwrap_or_else(|error| panic!("{}: {error}", path.as_ref().display()))
}

#[test]
fn a_program_in_c_is_begun_built_and_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let Some(built) = build_c(folder, "total") else { return };
    let first = bytes(&built);
    assert!(first.len() < 64 * 1024, "{} bytes", first.len());
    assert_eq!(ok(folder, &["program", "check", &built])["bytes"], first.len().to_string());

    // Again, from another folder, and as its Makefile says: the same bytes.
    ok(folder, &["program", "build", "--path", "total", "-o", "again.wasm"]);
    assert_eq!(bytes(folder.join("again.wasm")), first);
    ok(folder, &["program", "new", "total", "--lang", "c", "--path", "far/away"]);
    ok(folder, &["program", "build", "--path", "far/away", "-o", "away.wasm"]);
    assert_eq!(bytes(folder.join("away.wasm")), first);
    let make = Command::new("make").current_dir(folder.join("far/away")).output();
    if let Ok(make) = make {
        assert!(make.status.success(), "{}", String::from_utf8_lossy(&make.stderr));
        assert_eq!(bytes(folder.join("far/away/total.wasm")), first);
    }

    // The sample, and what a program says of other input.
    let (input, expected) = ("total/sample/input.txt", "total/sample/expected.txt");
    let told =
        ok(folder, &["program", "run", &built, "--input", input, "--expect", expected, "--repeat", "4"]);
    assert_eq!((&told["exit_code"], &told["runs"]), (&0.into(), &4.into()));
    let (name, said) = fails(folder, &["program", "run", &built, "--input", input, "--expect", input]);
    assert_eq!(name, "OtherResult");
    assert!(said.contains("byte 0, in line 1"), "{said}");
    for (text, words) in [
        ("1 two", "not a whole number of 64 bits: two"),
        ("", "no number in the input"),
        ("9223372036854775807 1", "sum is beyond 64 bits at: 1"),
        ("1\u{0}2", "not a whole number"),
    ] {
        fs::write(folder.join("bad.txt"), text).expect("written");
        let output = run(folder, &["program", "run", &built, "--input", "bad.txt"]);
        let (name, said) = failure(&output);
        assert_eq!(name, "ProgramFailed");
        assert!(said.contains("error 1: exit code 65") && said.contains(words), "{said}");
        let told: Value = serde_json::from_slice(&output.stdout).expect("the report, also of a failure");
        assert_eq!((&told["exit_code"], &told["error"]["code"]), (&65.into(), &1.into()));
    }
}

#[test]
fn what_does_not_compile_fails_and_says_where() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let (name, said) = fails(folder, &["program", "build"]);
    assert!(name.is_empty() && said.contains("neither a Cargo.toml nor a C file"), "{said}");
    if build_c(folder, "total").is_none() {
        return;
    }
    for source in ["int main(void) { return nothing; }", "int main(void) { return __TIME__[0]; }"] {
        fs::write(folder.join("total/main.c"), source).expect("written");
        let output = run(folder, &["program", "build", "--path", "total"]);
        assert_eq!(failure(&output).0, "CompilerFailed");
        assert!(String::from_utf8_lossy(&output.stderr).contains("main.c:1:"), "the compiler's own words");
    }
}

#[test]
fn a_compiler_that_is_missing_is_named_with_the_way_to_get_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    ok(folder, &["program", "new", "total", "--lang", "c"]);
    let mut build = hydrogen(folder);
    build.current_dir(folder).args(["program", "build", "--path", "total", "--json"]);
    let output = build.env("PATH", folder).env_remove("WASI_SDK_PATH").output().expect("the binary runs");
    let (name, said) = failure(&output);
    assert_eq!(name, "NoToolchain");
    assert!(said.contains("no clang") && said.contains("apt-get install clang lld wasi-libc"), "{said}");
    let output = build.env("WASI_SDK_PATH", "/nowhere").output().expect("the binary runs");
    let (name, said) = failure(&output);
    assert_eq!(name, "NoToolchain");
    assert!(said.contains("/nowhere, which has no bin/clang"), "{said}");
}

/// The template's own tests, natively; and the module where its compiler is quick, or a slow one is asked for.
#[test]
fn a_program_in_rust_is_begun_tested_and_built() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    ok(folder, &["program", "new", "total"]);
    let mut test = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    test.args(["test", "--offline", "--quiet"]).current_dir(folder.join("total"));
    let output = test.env("CARGO_TARGET_DIR", folder.join("native")).output().expect("cargo runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("3 passed"), "{said}");
    let library =
        Command::new("rustc").args(["--print", "target-libdir", "--target", "wasm32-wasip1"]).output();
    let quick =
        library.is_ok_and(|output| Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir());
    if quick || std::env::var_os(SLOW).is_some() {
        built_twice(folder);
    }
}

fn built_twice(folder: &Path) {
    let build = |path: &str| {
        let mut command = hydrogen(folder);
        command.current_dir(folder).args(["program", "build", "--path", path, "--json"]);
        let output = command.env_remove("CARGO_TARGET_DIR").output().expect("the binary runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let built: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        PathBuf::from(built["file"].as_str().expect("a path"))
    };
    let first = build("total");
    ok(folder, &["program", "new", "total", "--path", "far/away"]);
    assert_eq!(bytes(build("far/away")), bytes(&first), "the same bytes from another folder");
    assert!(bytes(&first).len() < 100_000);
    let first = first.display().to_string();
    let (input, expected) = ("total/sample/input.txt", "total/sample/expected.txt");
    ok(folder, &["program", "run", &first, "--input", input, "--expect", expected]);
}

/// What the book tells people to type does what it says: each block in a shell of its own, in one folder. Those in C
/// need a compiler for WASI.
#[test]
fn the_commands_of_the_book_work() {
    let folder = tempfile::tempdir().expect("a folder");
    let scratch = folder.path().join("scratch");
    fs::create_dir(&scratch).expect("made");
    let has_c = build_c(&scratch, "probe").is_some();
    let chapter = include_str!("../../../docs/book/writing-a-task-program.md");
    let blocks = chapter.split("```sh\n").skip(1).map(|rest| rest.split("```\n").next().expect("an end"));
    let (mut ran, mut left_out) = (0, 0);
    for block in blocks {
        if block.contains("total") && !has_c {
            left_out += 1;
            continue;
        }
        let output = shell(folder.path(), block).output().expect("bash runs");
        let said = [output.stdout.as_slice(), &output.stderr].concat();
        assert!(output.status.success(), "{block}\nsaid\n{}", String::from_utf8_lossy(&said));
        ran += 1;
    }
    assert_eq!(ran + left_out, 5, "blocks of the chapter");
}

/// A shell that finds this build's binary first, and then the cargo that runs the tests.
fn shell(folder: &Path, commands: &str) -> Command {
    let mut command = Command::new("bash");
    let mut places = vec![PathBuf::from(env!("CARGO_BIN_EXE_hydrogen"))];
    places.extend(std::env::var_os("CARGO").map(PathBuf::from));
    let places = places.into_iter().filter_map(|file| file.parent().map(Path::to_path_buf));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(places.chain(std::env::split_paths(&path))).expect("paths");
    command.args(["-e", "-o", "pipefail", "-c", commands]).current_dir(folder).env("PATH", path);
    command.env("HYDROGEN_HOME", folder).env("CARGO_TARGET_DIR", folder.join("native"));
    command
}

#[test]
fn what_is_there_is_never_written_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    ok(folder, &["program", "new", "total"]);
    let source = folder.join("total/src/main.rs");
    fs::write(&source, "mine").expect("written");
    for lang in ["rust", "c"] {
        let (_, said) = fails(folder, &["program", "new", "total", "--lang", lang]);
        assert!(said.contains("is there already and not empty") && said.contains("--path"), "{said}");
    }
    assert_eq!(bytes(&source), b"mine");
    assert!(!folder.join("total/main.c").exists());
    fs::write(folder.join("file"), "").expect("written");
    assert!(fails(folder, &["program", "new", "other", "--path", "file"]).1.contains("is a file"));
    fs::create_dir(folder.join("empty")).expect("made");
    ok(folder, &["program", "new", "other", "--path", "empty"]);
    let (_, said) = fails(folder, &["program", "new", "../evil"]);
    assert!(said.contains("`../evil` is no name"), "{said}");
}

/// Two machines: other zone, language, home, folder, variables, words behind the name; other code for the same module.
/// The second run of each is kept, the others are compiled, every second one without optimisation.
#[test]
fn what_differs_between_machines_is_frozen() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let outcome = |name: &str, set: &[(&str, &str)], place: &Path, more: &[&str]| {
        let mut command = hydrogen(folder);
        command.arg("program").arg("run").arg(test_program(name)).args(["--json", "--input", "/dev/null"]);
        command.args(more).current_dir(place);
        command.envs(set.iter().copied());
        let output = command.output().expect("the binary runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        for of_the_machine in ["ran_ms", "runs"] {
            told.as_object_mut().expect("an object").remove(of_the_machine);
        }
        told
    };
    let east: &[(&str, &str)] = &[("TZ", "Asia/Tokyo"), ("LANG", "ja_JP.UTF-8"), ("HOME", "/"), ("A", "b")];
    let west: &[(&str, &str)] =
        &[("TZ", "America/Los_Angeles"), ("LC_ALL", "C"), ("PATH", ""), ("RAYON_NUM_THREADS", "1")];
    for name in ["senses-c.wasm", "senses-rust.wasm"] {
        let here = outcome(name, east, folder, &["--repeat", "3"]);
        let there = outcome(name, west, Path::new("/"), &["--repeat", "2", "--seed", &zeros()]);
        assert_eq!(here, there, "{name}");
        let asked = &here["asked"];
        for source in ["clock_reads", "slept_ns", "random_bytes", "argument_reads", "environment_reads"] {
            assert_ne!(asked[source], "0", "{name} asks for {source}");
        }
        // What the order says is what it senses.
        let later = outcome(name, east, folder, &["--time", "1700000000000"]);
        assert_ne!(later["digest"], here["digest"], "{name} sees the clock");
        let otherwise = outcome(name, east, folder, &["--seed", &zeros().replace("00", "11")]);
        assert_ne!(otherwise["digest"], here["digest"], "{name} sees the seed");
    }
    let output = hydrogen(folder)
        .arg("program")
        .arg("run")
        .arg(test_program("senses-c.wasm"))
        .args(["--input", "/dev/null", "--time", "1700000000000"])
        .envs(east.iter().copied())
        .output()
        .expect("the binary runs");
    let text = String::from_utf8_lossy(&output.stdout);
    for line in [
        "arguments 1 program",
        "variables 0",
        "variable TZ none",
        "realtime 1700000000.000000000",
        "local 2023-11-14 22:13:25 UTC",
        "terminal 1 1",
        "sync Function not implemented",
    ] {
        assert!(text.lines().any(|said| said == line), "no line `{line}` in {text}");
    }
    let told = String::from_utf8_lossy(&output.stderr);
    for word in [
        "clock ",
        "sleep ",
        "random ",
        "arguments ",
        "variables ",
        "refused   fd_sync, which programs do not have; calls: 1",
        "fuel ",
        "memory ",
    ] {
        assert!(told.contains(word), "no `{word}` in {told}");
    }
}

fn zeros() -> String {
    format!("0x{}", "00".repeat(32))
}

/// The committed module is what its source says: built here where that can be, it senses the same.
#[test]
fn the_module_of_a_test_is_that_of_its_source() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let source = test_program("senses-c").display().to_string();
    let output = run(folder, &["program", "build", "--path", &source, "-o", "senses.wasm"]);
    if !output.status.success() {
        assert_eq!(failure(&output).0, "NoToolchain");
        return;
    }
    let result = |path: &Path| {
        let path = path.display().to_string();
        ok(folder, &["program", "run", &path, "--input", "/dev/null", "-o", "out"]);
        let text = String::from_utf8(bytes(folder.join("out"))).expect("text");
        // Another compiler puts things in other places.
        text.lines().filter(|line| !line.starts_with("places")).map(str::to_owned).collect::<Vec<_>>()
    };
    let built = result(&folder.join("senses.wasm"));
    assert_eq!(built, result(&test_program("senses-c.wasm")));
    assert!(built.len() > 10);
}

#[test]
fn contracts_and_programs_are_told_apart() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let (contract, program) = (module("counter.wasm"), module("wordcount.wasm"));
    let (contract, program) = (contract.display().to_string(), program.display().to_string());
    for command in ["check", "run"] {
        let (name, said) = fails(folder, &["program", command, &contract]);
        assert_eq!(name, "IsContract", "{command}");
        assert!(said.contains("is a contract, not a program") && said.contains("contract check"), "{said}");
    }
    for command in [
        vec!["contract", "check", &program],
        vec!["contract", "abi", &program],
        vec!["contract", "abi", &program, "--client", "rust"],
        vec!["contract", "deploy", &program, "--from", "nobody"],
    ] {
        let (name, said) = fails(folder, &command);
        assert_eq!(name, "IsProgram", "{command:?}: {said}");
        assert!(
            said.contains("is a program of a task, not a contract") && said.contains("program check"),
            "{said}"
        );
    }
    fs::write(folder.join("component.wasm"), b"\0asm\x0d\0\x01\0").expect("written");
    let (name, said) = fails(folder, &["program", "check", "component.wasm"]);
    assert_eq!(name, "BadProgram");
    assert!(said.contains("wasm32-wasip1 instead of wasm32-wasip2"), "{said}");
    fs::write(folder.join("text.wasm"), "hello").expect("written");
    assert_eq!(fails(folder, &["program", "check", "text.wasm"]).0, "BadProgram");
    // Every violation, each with its place and its mending.
    fs::write(folder.join("bad.wasm"), BAD_MODULE).expect("written");
    let output = run(folder, &["program", "check", "bad.wasm"]);
    let (name, said) = failure(&output);
    assert_eq!(name, "BadProgram");
    assert!(said.contains("3 violations, the first: ") && said.contains("`env.now`"), "{said}");
    let told: Value = serde_json::from_slice(&output.stdout).expect("the violations");
    let mendings = told["findings"].as_array().expect("a list").iter().map(|finding| &finding["mend"]);
    assert!(
        mendings.filter(|mend| mend.as_str().is_some_and(|mend| !mend.is_empty())).count() == 3,
        "{told}"
    );
    assert!(fails(folder, &["program", "check", "nothing.wasm"]).1.contains("nothing.wasm"));
}

#[test]
fn limits_are_those_of_a_task() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let program = module("wordcount.wasm").display().to_string();
    fs::write(folder.join("in"), "to be or not to be").expect("written");
    let with = |more: &[&str]| run(folder, &[&["program", "run", &program, "--input", "in"], more].concat());
    for (flag, most) in [("--fuel", "1000000000000"), ("--memory", "1073741824"), ("--result", "33554432")] {
        let above = format!("{}1", &most[..most.len() - 1]);
        let above = if above.as_str() > most { above } else { format!("{most}0") };
        let (name, said) = failure(&with(&[flag, &above]));
        assert_eq!(name, "BadLimits", "{flag}");
        assert!(said.contains(most), "{said}");
    }
    for (flag, number, code) in [("--fuel", "1000", 3), ("--memory", "65536", 4), ("--result", "5", 5)] {
        let output = with(&[flag, number]);
        assert_eq!(failure(&output).0, "ProgramFailed");
        let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(told["error"]["code"], code, "{flag}");
    }
    let told: Value = serde_json::from_slice(&with(&[]).stdout).expect("JSON");
    assert_eq!((&told["input_bytes"], &told["bytes"]), (&"18".into(), &"21".into()));
    let used = told["fuel_used"].as_str().expect("a number").to_owned();
    assert!(with(&["--fuel", &used]).status.success(), "what was used is enough");
    fs::write(folder.join("in"), vec![b'a'; (32 << 20) + 1]).expect("written");
    assert_eq!(failure(&with(&[])).0, "BadLimits", "more arguments than a task has");
}
