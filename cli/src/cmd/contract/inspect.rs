//! What a module is, with and without a chain.

use crate::cmd::contract::args::read_module;
use crate::failure::{Failure, Outcome};
use crate::session::Session;
use hydrogen_core::ContractVm;
use hydrogen_core::abi::Interface;
use hydrogen_types::Hash;
use hydrogen_vm::{Vm, VmConfig};
use serde_json::json;
use std::path::Path;

pub(super) fn check(session: &Session, file: &Path) -> Outcome {
    let module = read_module(file)?;
    let vm = Vm::new(VmConfig::default())?;
    vm.check(&module).map_err(|error| Failure::of(file.display(), &error))?;
    let hash = Hash::sha256(&module).to_string();
    let text = format!("{} passes: {} bytes, code hash {hash}", file.display(), module.len());
    session.output.data(text, &json!({"ok": true, "code_hash": hash, "code_bytes": module.len()}));
    Ok(())
}

pub(super) async fn abi(session: &Session, contract: &str) -> Outcome {
    let file = Path::new(contract);
    let json = if file.is_file() {
        let module = read_module(file)?;
        Interface::parse(&module).map_err(|error| Failure::of(contract, &error))?.to_json()
    } else {
        session.client()?.abi(&session.address(contract)?).await?
    };
    session.output.data(serde_json::to_string_pretty(&json)?, &json);
    Ok(())
}
