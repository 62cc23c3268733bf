//! From what a person typed to an order.

use crate::application::{Agreement, Order, Program, Work};
use crate::client::relay::Upload;
use crate::cmd::task::OrderArgs;
use crate::compute::sandbox;
use crate::failure::{Failure, Outcome};
use hydrogen_types::Hash;
use std::path::Path;

/// What every module begins with.
const WASM_MAGIC: &[u8] = b"\0asm";

/// Reads and checks the files of an order before anything is paid.
pub(super) async fn order(args: &OrderArgs) -> Outcome<Order> {
    let work = match (&args.program, &args.external) {
        (Some(text), _) => Work::Program(program(text).await?),
        (None, Some(name)) => Work::External(name.clone()),
        (None, None) => return Err(Failure::new("neither a program nor an external type is given")),
    };
    let agreement = match (args.similar, &args.fingerprint) {
        (Some(threshold), Some(text)) => Agreement::Similar { threshold, fingerprint: program(text).await? },
        _ => Agreement::Exact,
    };
    Ok(Order {
        work,
        agreement,
        input: Upload::of(&args.input).await?,
        fee: args.fee,
        timeout_ms: args.timeout_ms,
        fuel_max: args.fuel_max,
        memory_bytes_max: args.memory_bytes_max,
        output_bytes_max: args.output_bytes_max,
    })
}

async fn program(text: &str) -> Outcome<Program> {
    if let Some(hash) = Hash::from_hex(text) {
        return Ok(Program::published(hash));
    }
    let path = Path::new(text);
    let module = std::fs::read(path).map_err(|error| {
        Failure::of(text, &error)
            .hint("give the file of a WASI module, or 0x and the 64 hex digits of its hash")
    })?;
    if !module.starts_with(WASM_MAGIC) {
        return Err(Failure::new(format!("{text} is no WebAssembly module"))
            .hint("build one with `cargo build --release --target wasm32-wasip1`"));
    }
    sandbox::check(&module).map_err(|reason| {
        Failure::new(format!("{text}: {reason}")).hint("`hydrogen program check FILE` checks a module")
    })?;
    Ok(Program::from_file(path).await?)
}
