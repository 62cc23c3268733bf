//! `hydrogen program new`: a folder to begin with. What exists is never written over.

use crate::cmd::name;
use crate::cmd::program::args::Language;
use crate::cmd::program::template;
use crate::failure::{Failure, Outcome};
use crate::session::Session;
use serde_json::json;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

pub(super) fn run(session: &Session, name: &str, language: Language, path: Option<&Path>) -> Outcome {
    name::check("program", name, std::iter::empty())?;
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
