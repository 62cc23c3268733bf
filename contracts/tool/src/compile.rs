//! Running the compilers.
//!
//! rustup's target is used where it is installed. Without it, Debian's packages do: their compiler knows the targets and
//! brings the library's source, from which cargo builds it. `-Z build-std` belongs to the unstable options, hence
//! `RUSTC_BOOTSTRAP`, which is set here and nowhere else.

use crate::source::{Kind, Module};
use std::path::{Path, PathBuf};
use std::process::Command;

const CONTRACT_TARGET: &str = "wasm32-unknown-unknown";
const PROGRAM_TARGET: &str = "wasm32-wasip1";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_SOURCE: &str = "/usr/lib/rustlib/src/rust/library";
const DEBIAN_WASI: &str = "/usr/lib/wasm32-wasi";
const DEBIAN_PACKAGES: &str =
    "rustc-web cargo-web rust-web-src rust-web-llvm lld-22 clang lld wasi-libc libclang-rt-dev-wasm32";

/// Stack of a contract: the sandbox keeps small memories resident, and counts the stack itself.
const CONTRACT_STACK: &str = "-zstack-size=65536";
/// Most memory of a contract: what the sandbox gives at most.
const CONTRACT_MEMORY: &str = "--max-memory=67108864";

/// A way to compile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Toolchain {
    /// Targets installed by rustup; C by clang.
    Rustup,
    /// Debian's packages.
    Debian,
}

impl Toolchain {
    /// The way that works here, or what to install.
    pub(crate) fn find() -> Result<Self, String> {
        if [CONTRACT_TARGET, PROGRAM_TARGET].iter().all(|target| rustup_has(target)) {
            return Ok(Self::Rustup);
        }
        let wasi = format!("{DEBIAN_WASI}/libc.a");
        if [DEBIAN_RUSTC, DEBIAN_CARGO, DEBIAN_SOURCE, &wasi].iter().all(|path| Path::new(path).exists()) {
            return Ok(Self::Debian);
        }
        Err(format!(
            "modules are built with `rustup target add {CONTRACT_TARGET} {PROGRAM_TARGET}`, or on Debian with \
             `apt-get install {DEBIAN_PACKAGES}`; the committed ones in contracts/wasm need neither"
        ))
    }
}

fn rustup_has(target: &str) -> bool {
    let output = Command::new("rustc").args(["--print", "target-libdir", "--target", target]).output();
    output.is_ok_and(|output| {
        output.status.success() && Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir()
    })
}

/// Compiles a module and returns its bytes, with names.
pub(crate) fn compile(toolchain: &Toolchain, root: &Path, module: &Module) -> Result<Vec<u8>, String> {
    let target_dir = target_dir();
    let built = match module.kind {
        Kind::CProgram => {
            let out = target_dir.join(format!("{}.wasm", module.name));
            std::fs::create_dir_all(&target_dir)
                .map_err(|error| format!("{}: {error}", target_dir.display()))?;
            run(clang(module, &out))?;
            out
        }
        Kind::Contract | Kind::RustProgram => {
            run(cargo(*toolchain, root, module, &target_dir))?;
            let file = format!("{}.wasm", module.name.replace('-', "_"));
            target_dir.join(target(module)).join("release").join(file)
        }
    };
    std::fs::read(&built).map_err(|error| format!("{}: {error}", built.display()))
}

fn target(module: &Module) -> &'static str {
    if module.kind == Kind::Contract { CONTRACT_TARGET } else { PROGRAM_TARGET }
}

/// Where cargo builds: set by `contracts/build`, outside the checkout.
fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from)
}

fn clang(module: &Module, out: &Path) -> Command {
    let mut command = Command::new("clang");
    command.args([
        "--target=wasm32-wasi",
        "-std=c11",
        "-O2",
        "-ffp-contract=off",
        "-Wall",
        "-Wextra",
        "-Werror",
    ]);
    command.arg("-o").arg(out).arg(module.folder.join(format!("{}.c", module.name)));
    command
}

fn cargo(toolchain: Toolchain, root: &Path, module: &Module, target_dir: &Path) -> Command {
    let mut flags = remaps(root);
    if module.kind == Kind::Contract {
        flags.extend([CONTRACT_STACK, CONTRACT_MEMORY].map(|argument| format!("-Clink-arg={argument}")));
    }
    let mut command = match toolchain {
        Toolchain::Rustup => Command::new("cargo"),
        Toolchain::Debian => Command::new(DEBIAN_CARGO),
    };
    command.args([
        "build",
        "--quiet",
        "--release",
        "--locked",
        "--target",
        target(module),
        "-p",
        &module.name,
    ]);
    // This tool itself runs under cargo, whose variables would reach the compiler below.
    for variable in ["RUSTUP_TOOLCHAIN", "LD_LIBRARY_PATH", "RUSTFLAGS", "CARGO", "RUSTC"] {
        command.env_remove(variable);
    }
    if toolchain == Toolchain::Debian {
        command.env("RUSTC", DEBIAN_RUSTC).env("RUSTC_BOOTSTRAP", "1");
        if module.kind == Kind::Contract {
            command.args(["-Zbuild-std=core,alloc", "-Zbuild-std-features=optimize_for_size"]);
        } else {
            command.arg("-Zbuild-std=std,panic_abort");
            flags.push(format!("-L{DEBIAN_WASI}"));
            flags.push("-Clink-self-contained=no".into());
            flags.push(format!("-Clink-arg={DEBIAN_WASI}/crt1-command.o"));
        }
    }
    command.env("CARGO_TARGET_DIR", target_dir).env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"));
    command.current_dir(root.join("contracts"));
    command
}

/// Paths in panic messages: from the repository's root, the crate's or the library's, never the machine's.
fn remaps(root: &Path) -> Vec<String> {
    let mut pairs =
        vec![(root.to_path_buf(), ""), (PathBuf::from("/usr/lib/rustlib/src/rust/library"), "rust")];
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo")));
    if let Some(registries) = home.and_then(|home| std::fs::read_dir(home.join("registry/src")).ok()) {
        pairs.extend(registries.flatten().map(|entry| (entry.path(), "")));
    }
    pairs.into_iter().map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display())).collect()
}

fn run(mut command: Command) -> Result<(), String> {
    let status = command.status().map_err(|error| format!("{:?}: {error}", command.get_program()))?;
    if status.success() { Ok(()) } else { Err(format!("{:?} ended with {status}", command.get_program())) }
}
