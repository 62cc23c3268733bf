//! The compilers of programs: which there are here, and what to install where there are none.
//!
//! Rust: rustup's target where it is installed, else Debian's packages, whose compiler knows the target and brings the
//! library's source. C: the WASI SDK where `WASI_SDK_PATH` names it, else clang with a libc for WASI.

use crate::failure::{Failure, Outcome};
use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The target of programs in Rust.
pub(super) const RUST_TARGET: &str = "wasm32-wasip1";
/// The same platform by the name that every clang knows.
const C_TARGET: &str = "wasm32-wasi";
/// Where a WASI SDK lies.
const SDK: &str = "WASI_SDK_PATH";

const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_CARGO: &str = "/usr/bin/cargo";
/// The library's source of Debian's compiler.
pub(super) const DEBIAN_SOURCE: &str = "/usr/lib/rustlib/src/rust/library";
/// Debian's libc for WASI.
pub(super) const DEBIAN_WASI: &str = "/usr/lib/wasm32-wasi";
const RUST_PACKAGES: &str = "rustc-web cargo-web rust-web-src rust-web-llvm lld-22 wasi-libc";
const C_PACKAGES: &str = "clang lld wasi-libc libclang-rt-dev-wasm32";

/// A compiler of Rust programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rust {
    /// With the target that rustup installed.
    Rustup,
    /// Debian's, which compiles the library as well.
    Debian,
}

impl Rust {
    /// The compiler for a project in `folder`, which may name one of its own.
    pub(super) fn find(folder: &Path) -> Outcome<Self> {
        if rustup_has_target(folder) {
            return Ok(Self::Rustup);
        }
        let libc = Path::new(DEBIAN_WASI).join("libc.a");
        let parts = [Path::new(DEBIAN_RUSTC), Path::new(DEBIAN_CARGO), Path::new(DEBIAN_SOURCE), &libc];
        if parts.iter().all(|part| part.exists()) {
            return Ok(Self::Debian);
        }
        Err(Failure::new(format!("no Rust compiler for {RUST_TARGET} is installed"))
            .named("NoToolchain")
            .hint(format!(
                "with rustup: `rustup target add {RUST_TARGET}`; on Debian: `apt-get install {RUST_PACKAGES}`"
            )))
    }

    /// A command that runs cargo with this compiler.
    pub(super) fn cargo(self) -> Command {
        match self {
            Self::Rustup => Command::new("cargo"),
            Self::Debian => {
                let mut command = Command::new(DEBIAN_CARGO);
                // Variables of another toolchain under which this may run.
                for variable in ["RUSTUP_TOOLCHAIN", "LD_LIBRARY_PATH", "RUSTC_WRAPPER", "CARGO"] {
                    command.env_remove(variable);
                }
                // Building the library belongs to the unstable options of a compiler that is not a nightly one.
                command.env("RUSTC", DEBIAN_RUSTC).env("RUSTC_BOOTSTRAP", "1");
                command
            }
        }
    }
}

fn rustup_has_target(folder: &Path) -> bool {
    let output = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", RUST_TARGET])
        .current_dir(folder)
        .stderr(Stdio::null())
        .output();
    output.is_ok_and(|output| {
        output.status.success() && Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir()
    })
}

/// A compiler of C programs: its clang and the target it is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Clang {
    /// The program.
    pub(super) path: PathBuf,
    /// What follows `--target=`.
    pub(super) target: &'static str,
}

impl Clang {
    /// The compiler here.
    pub(super) fn find() -> Outcome<Self> {
        if let Some(sdk) = env::var_os(SDK).filter(|sdk| !sdk.is_empty()) {
            return Self::of_sdk(Path::new(&sdk));
        }
        let clang = Self { path: PathBuf::from("clang"), target: C_TARGET };
        let missing = clang.missing();
        if missing.is_empty() {
            return Ok(clang);
        }
        Err(Failure::new(format!("C cannot be compiled for WASI: there is no {}", missing.join(", no ")))
            .named("NoToolchain")
            .hint(format!(
                "on Debian: `apt-get install {C_PACKAGES}`; elsewhere unpack the WASI SDK \
                 (github.com/WebAssembly/wasi-sdk/releases) and set {SDK} to its folder"
            )))
    }

    fn of_sdk(sdk: &Path) -> Outcome<Self> {
        let path = sdk.join("bin/clang");
        if !path.is_file() {
            return Err(Failure::new(format!("{SDK} is {}, which has no bin/clang", sdk.display()))
                .named("NoToolchain")
                .hint(format!(
                    "set {SDK} to the folder of an unpacked WASI SDK, or unset it for the system's clang"
                )));
        }
        let current = sdk.join("share/wasi-sysroot/lib").join(RUST_TARGET);
        Ok(Self { path, target: if current.is_dir() { RUST_TARGET } else { C_TARGET } })
    }

    /// The parts without which nothing links.
    fn missing(&self) -> Vec<&'static str> {
        let Some(libc) = self.says("-print-file-name=libc.a") else { return vec!["clang"] };
        let linker = self.says("-print-prog-name=wasm-ld").unwrap_or_default();
        let builtins = self.says("-print-libgcc-file-name").unwrap_or_default();
        let is_path = |path: &Path| path.is_absolute() && path.exists();
        let parts = [
            ("libc for WASI (wasi-libc)", is_path(&libc)),
            ("linker wasm-ld (lld)", is_path(&linker)),
            ("compiler library (libclang_rt.builtins-wasm32.a)", is_path(&builtins)),
        ];
        parts.into_iter().filter(|(_, there)| !there).map(|(name, _)| name).collect()
    }

    fn says(&self, question: &str) -> Option<PathBuf> {
        let target = format!("--target={}", self.target);
        let output =
            Command::new(&self.path).args([&target, question]).stderr(Stdio::null()).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| PathBuf::from(text.trim()))
    }
}
