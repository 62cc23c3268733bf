//! `hydrogen program build`: from source to a module that passes the checks.

use crate::cmd::program::check;
use crate::cmd::program::compile::{self, Binary, Project};
use crate::cmd::program::toolchain::{Clang, Rust};
use crate::failure::{Failure, Outcome};
use crate::session::Session;
use hydrogen_types::Hash;
use serde_json::json;
use std::path::{Path, PathBuf};

pub(super) async fn run(session: &Session, path: &Path, bin: Option<&str>, output: Option<&Path>) -> Outcome {
    let folder = path.canonicalize().map_err(|error| Failure::of(path.display(), &error))?;
    let (bin, given) = (bin.map(str::to_owned), output.map(Path::to_path_buf));
    let built = tokio::task::spawn_blocking(move || compiled(&folder, bin.as_deref(), given)).await??;
    let module = check::read(&built)?;
    check::passes(session, &built, &module)?;
    let (bytes, hash, shown) = (module.len(), Hash::sha256(&module), built.display());
    session.output.data(
        format_args!("{shown}: a program of {bytes} bytes\n{hash}"),
        &json!({"file": shown.to_string(), "bytes": bytes.to_string(), "program": hash.to_string()}),
    );
    Ok(())
}

/// Compiles what lies in `folder`; where the module is.
fn compiled(folder: &Path, bin: Option<&str>, output: Option<PathBuf>) -> Outcome<PathBuf> {
    let absolute =
        |path: PathBuf| std::path::absolute(&path).map_err(|error| Failure::of(path.display(), &error));
    match Project::of(folder)? {
        Project::C(files) => {
            if let Some(bin) = bin {
                return Err(Failure::new(format!("--bin {bin} is for Rust packages, this is C"))
                    .hint("a folder of C files is one program"));
            }
            let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let output = absolute(output.unwrap_or_else(|| folder.join(format!("{name}.wasm"))))?;
            compile::c(&Clang::find()?, folder, &files, &output)?;
            Ok(output)
        }
        Project::Rust => {
            let rust = Rust::find(folder)?;
            let binary = Binary::find(rust, folder, bin)?;
            let output = absolute(output.unwrap_or_else(|| folder.join(format!("{}.wasm", binary.name))))?;
            binary.compile(rust, folder, &output)?;
            Ok(output)
        }
    }
}
