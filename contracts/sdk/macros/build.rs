//! Gathers the source text of `hydrogen-types`, from which `foreign` makes records: all of it, so that moving a type
//! from one file to another changes nothing here.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Where the sources are: the same place that the manifest names.
const SOURCES: &str = "../../../core/types/src";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed={SOURCES}");
    let mut found = Vec::new();
    files(Path::new(SOURCES), &mut found)?;
    let texts: Vec<String> = found.iter().map(fs::read_to_string).collect::<io::Result<_>>()?;
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo says where to write")).join("sources.rs");
    fs::write(out, format!("{texts:?}"))
}

/// The Rust files below `folder`, in order; tests in files of their own are left out.
fn files(folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<_>>()?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            files(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            found.push(path);
        }
    }
    Ok(())
}
