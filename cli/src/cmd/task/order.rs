//! From what a person typed to an order.

use crate::application::{Order, Program};
use crate::client::relay::Upload;
use crate::cmd::task::OrderArgs;
use crate::compute::sandbox;
use crate::failure::{Failure, Outcome};
use hydrogen_types::Hash;
use std::path::Path;

/// Reads and checks the files of an order before anything is paid.
pub(super) async fn order(args: &OrderArgs) -> Outcome<Order> {
    Ok(Order {
        program: program(&args.program).await?,
        input: Upload::of(&args.input).await?,
        fee: args.fee,
        timeout_ms: args.timeout_ms,
        fuel_max: args.fuel_max,
        memory_bytes_max: args.memory_bytes_max,
    })
}

async fn program(text: &str) -> Outcome<Program> {
    if let Some(hash) = Hash::from_hex(text) {
        return Ok(Program { hash, upload: None });
    }
    let path = Path::new(text);
    let module = std::fs::read(path).map_err(|error| {
        Failure::of(text, &error)
            .hint("give the file of a WASI module, or 0x and the 64 hex digits of its hash")
    })?;
    sandbox::check(&module).map_err(|reason| {
        Failure::new(format!("{text}: {reason}")).hint("`hydrogen program check FILE` checks a module")
    })?;
    let upload = Upload::of(path).await?;
    Ok(Program { hash: upload.digest, upload: Some(upload) })
}
