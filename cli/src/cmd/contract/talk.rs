//! Calls and queries with JSON arguments.

use crate::cmd::print;
use crate::failure::{Failure, Outcome};
use crate::session::Session;
use hydrogen_core::abi::Interface;
use hydrogen_types::host::MethodKind;
use hydrogen_types::{Amount, Gas};
use serde_json::{Value, json};

pub(super) struct Call {
    pub(super) contract: String,
    pub(super) method: String,
    pub(super) args: Value,
    pub(super) from: String,
    pub(super) value: Amount,
    pub(super) gas: Option<Gas>,
}

pub(super) async fn call(session: &Session, call: Call) -> Outcome {
    let contract = session.address(&call.contract)?;
    let wallet = session.wallet(&call.from)?;
    let module = wallet.client().code(&contract).await?;
    let interface = Interface::parse(&module)
        .map_err(|error| Failure::of(format_args!("the interface of {contract}"), &error))?;
    let args = interface.encode_args(MethodKind::Call, &call.method, &call.args).map_err(|error| {
        Failure::of(format_args!("`{}`", call.method), &error)
            .hint(format!("`hydrogen contract abi {}` shows its methods", call.contract))
    })?;
    let receipt = wallet.call(&contract, &call.method, args, call.value, call.gas).await?;
    print::receipt(session, &receipt, &[])
}

pub(super) async fn query(
    session: &Session,
    contract: &str,
    method: &str,
    args: &Value,
    height: Option<u64>,
) -> Outcome {
    let contract = session.address(contract)?;
    let height = height.map(|height| height.to_string());
    let params = json!([contract.to_string(), method, args, height]);
    let answer = session.client()?.request("contract_query", params).await?;
    session.output.data(serde_json::to_string_pretty(&answer)?, &answer);
    Ok(())
}
