//! Upload and deploy.

use crate::client::{ClientError, TxReceipt, Wallet};
use crate::cmd::contract::args::read_module;
use crate::cmd::contract::frames::{self, Code};
use crate::cmd::contract::words::Split;
use crate::cmd::contract::{check, flags};
use crate::cmd::print;
use crate::failure::{Failure, Outcome};
use crate::session::Session;
use hydrogen_core::abi::{AbiError, Interface};
use hydrogen_types::host::MethodKind;
use hydrogen_types::receipt::code;
use hydrogen_types::{Action, Address, Hash};
use serde_json::Value;
use std::path::Path;

pub(super) async fn run(session: &Session, split: Split) -> Outcome {
    let Some(file) = split.target else { flags::without_target(MethodKind::Init) };
    let module = read_module(Path::new(&file))?;
    check::refuse_bad(session, Path::new(&file), &module)?;
    let interface = Interface::parse(&module);
    let parsed = flags::parse_init(session, &file, interface.as_ref().ok(), split.rest)?;
    let args = init_args(interface, &parsed.args)?;
    let hash = Hash::sha256(&module);
    let wallet = session.wallet(&parsed.from())?;
    upload(session, &wallet, module).await?;
    let receipt = wallet.send(Action::Deploy { code: hash, init: args }, parsed.gas()).await;
    let code = Code::Module { hash: &hash, file: Path::new(&file) };
    let receipt = frames::named(receipt, &code, parsed.debug()).await?;
    let mut extra = vec![("code_hash", hash.to_string())];
    if let Some(contract) = address_of(&receipt) {
        extra.push(("contract", contract.to_string()));
    }
    print::receipt(session, &receipt, &extra)
}

/// Borsh arguments of `init` by the module's own interface.
fn init_args(interface: Result<Interface, AbiError>, init: &Value) -> Outcome<Vec<u8>> {
    let none = match init {
        Value::Null => true,
        Value::Object(map) => map.is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => false,
    };
    match interface {
        Ok(interface) => interface.encode_args(MethodKind::Init, "init", init).map_err(|error| {
            Failure::of("arguments of `init`", &error)
                .hint("`hydrogen contract deploy FILE --help` shows them")
        }),
        // Without an interface there is nothing to encode by; the chain's checks say what else is wrong.
        Err(_) if none => Ok(Vec::new()),
        Err(error) => Err(Failure::of("the module's interface", &error)),
    }
}

/// A module that is stored already needs no second upload.
pub(super) async fn upload(session: &Session, wallet: &Wallet, module: Vec<u8>) -> Outcome {
    match wallet.send(Action::Upload { code: module }, None).await {
        Ok(receipt) if receipt.is_success() || receipt.receipt.code == code::CODE_EXISTS => {
            session.output.say(format_args!("uploaded at height {}", receipt.height()));
            Ok(())
        }
        Ok(receipt) => Err(Failure::new(format!("upload failed: {}", receipt.reason()))),
        Err(ClientError::WouldFail { receipt }) if receipt.receipt.code == code::CODE_EXISTS => {
            session.output.say("the module is stored already");
            Ok(())
        }
        Err(ClientError::WouldFail { receipt }) => {
            Err(Failure::new(format!("the module is refused: {}", receipt.reason()))
                .hint("nothing was sent or paid"))
        }
        Err(error) => Err(error.into()),
    }
}

fn address_of(receipt: &TxReceipt) -> Option<Address> {
    if !receipt.is_success() {
        return None;
    }
    hydrogen_types::decode(&receipt.receipt.value, receipt.receipt.value.len()).ok()
}
