//! The program that is shown, its arguments, and what it gives in a process of its own.

use crate::application::Program;
use crate::client::relay::Upload;
use crate::failure::{Failure, Outcome};
use crate::testnet::samples;
use hydrogen_types::Hash;
use hydrogen_types::task::TaskView;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::process::Command;

/// Module and arguments, as files.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) program: Program,
    pub(super) program_path: PathBuf,
    pub(super) input: Upload,
}

impl Sample {
    /// Writes the sample's files into `dir`, or takes the person's own.
    pub(super) async fn prepare(name: &str, input: Option<&Path>, dir: &Path) -> Outcome<Self> {
        let (program_path, default_input) = match name {
            "wordcount" => (
                write(dir, "wordcount.wasm", samples::WORDCOUNT)?,
                Some(write(dir, "input.txt", samples::TEXT)?),
            ),
            "mandelbrot" => (
                write(dir, "mandelbrot.wasm", samples::MANDELBROT)?,
                Some(write(dir, "input.txt", samples::PICTURE)?),
            ),
            file => (PathBuf::from(file), None),
        };
        let input = input.map(Path::to_path_buf).or(default_input).ok_or_else(|| {
            Failure::new(format!("`{name}` needs arguments")).hint("give them with --input FILE")
        })?;
        let upload = Upload::of(&program_path).await?;
        let program = Program { hash: upload.digest, upload: Some(upload) };
        Ok(Self { program, program_path, input: Upload::of(&input).await? })
    }

    /// Runs the same program on the same arguments in a process of its own, as its panel had to; the hash of what it
    /// gives.
    pub(super) async fn run_alone(&self, view: &TaskView, dir: &Path) -> Outcome<Hash> {
        let output = dir.join(format!("local-{}", view.id));
        let (clock_ms, seed) = (view.draw_time_ms.unwrap_or(0), view.draw_seed.unwrap_or(Hash::ZERO));
        let child = Command::new(std::env::current_exe()?)
            .args(["program", "run"])
            .arg(&self.program_path)
            .arg("--input")
            .arg(&self.input.path)
            .arg("--output")
            .arg(&output)
            .args(["--fuel-max", &view.fuel_max.to_string()])
            .args(["--memory-bytes-max", &view.memory_bytes_max.to_string()])
            .args(["--output-bytes-max", &view.output_bytes_max.to_string()])
            .args(["--clock-ms", &clock_ms.to_string(), "--random-seed", &seed.to_string()])
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await?;
        if !child.status.success() {
            let said = String::from_utf8_lossy(&child.stderr).trim().to_owned();
            return Err(Failure::new(format!("the local run failed: {said}")));
        }
        Ok(Upload::of(&output).await?.digest)
    }
}

fn write(dir: &Path, name: &str, bytes: &[u8]) -> Outcome<PathBuf> {
    let path = dir.join(name);
    std::fs::write(&path, bytes).map_err(|error| Failure::of(path.display(), &error))?;
    Ok(path)
}
