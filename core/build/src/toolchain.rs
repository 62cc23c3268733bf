//! What compiles here.
//!
//! rustup's target is used where it is installed. Without it, Debian's packages do: their compiler knows the targets and
//! brings the library's source, from which cargo builds it. `-Z build-std` belongs to the unstable options, hence
//! `RUSTC_BOOTSTRAP`, which is set in this crate and nowhere else.

use crate::cargo::clean;
use crate::error::BuildError;
use std::path::Path;
use std::process::Command;

pub(crate) const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
pub(crate) const DEBIAN_CARGO: &str = "/usr/bin/cargo";
pub(crate) const DEBIAN_SOURCE: &str = "/usr/lib/rustlib/src/rust/library";
pub(crate) const DEBIAN_WASI: &str = "/usr/lib/wasm32-wasi";
/// Packages that build contracts and programs in Rust.
const DEBIAN_RUST: &str = "rustc-web cargo-web rust-web-src rust-web-llvm lld-22";
/// What programs need beside.
const DEBIAN_C: &str = "clang lld wasi-libc libclang-rt-dev-wasm32";

/// What a module is compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// On the chain: no system, no library but `core` and `alloc`.
    Contract,
    /// Off the chain: a WASI command.
    Program,
}

impl Target {
    /// Name of the target.
    #[must_use]
    pub const fn triple(self) -> &'static str {
        match self {
            Self::Contract => "wasm32-unknown-unknown",
            Self::Program => "wasm32-wasip1",
        }
    }

    /// How to get a toolchain for it.
    #[must_use]
    pub fn install(self) -> String {
        let packages = match self {
            Self::Contract => String::from(DEBIAN_RUST),
            Self::Program => format!("{DEBIAN_RUST} {DEBIAN_C}"),
        };
        format!(
            "run `rustup target add {}`, or on Debian 13 and later `apt-get install {packages}`",
            self.triple()
        )
    }
}

/// A way to compile Rust.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Toolchain {
    /// The compiler in PATH, which has the target.
    Rustup,
    /// Debian's packages.
    Debian,
}

impl Toolchain {
    /// The way that works in `folder`, whose `rust-toolchain.toml` counts.
    ///
    /// # Errors
    /// [`BuildError::NoToolchain`], whose advice says what to install.
    pub fn find(target: Target, folder: &Path) -> Result<Self, BuildError> {
        if rustup_has(target, folder) {
            return Ok(Self::Rustup);
        }
        let libc = format!("{DEBIAN_WASI}/libc.a");
        let mut needed = vec![DEBIAN_RUSTC, DEBIAN_CARGO, DEBIAN_SOURCE];
        if target == Target::Program {
            needed.push(&libc);
        }
        if needed.iter().all(|path| Path::new(path).exists()) {
            return Ok(Self::Debian);
        }
        Err(BuildError::NoToolchain { target })
    }

    /// Its name, for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rustup => "rustup",
            Self::Debian => "debian",
        }
    }

    /// What its compiler calls itself: the same sources give the same bytes under the same one.
    #[must_use]
    pub fn compiler(self, folder: &Path) -> String {
        let mut command = Command::new(self.rustc());
        clean(&mut command);
        let output = command.arg("--version").current_dir(folder).output();
        output.map_or_else(
            |_| String::from("unknown"),
            |output| String::from_utf8_lossy(&output.stdout).trim().into(),
        )
    }

    pub(crate) const fn rustc(self) -> &'static str {
        match self {
            Self::Rustup => "rustc",
            Self::Debian => DEBIAN_RUSTC,
        }
    }

    pub(crate) const fn cargo(self) -> &'static str {
        match self {
            Self::Rustup => "cargo",
            Self::Debian => DEBIAN_CARGO,
        }
    }
}

fn rustup_has(target: Target, folder: &Path) -> bool {
    let mut command = Command::new("rustc");
    clean(&mut command);
    command.args(["--print", "target-libdir", "--target", target.triple()]).current_dir(folder);
    command.output().is_ok_and(|output| {
        output.status.success() && Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir()
    })
}
