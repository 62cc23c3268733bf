//! Calls and queries, with arguments in JSON or as flags.

use crate::client::Client;
use crate::cmd::contract::flags;
use crate::cmd::contract::frames::{self, Code};
use crate::cmd::contract::words::Split;
use crate::cmd::print;
use crate::failure::{Failure, Outcome};
use crate::session::Session;
use hydrogen_core::abi::Interface;
use hydrogen_types::Address;
use hydrogen_types::host::MethodKind;
use serde_json::json;

/// The interface of a contract on the chain.
pub(super) async fn interface_of(client: &Client, contract: &Address) -> Outcome<Interface> {
    let module = client.code(contract).await?;
    Interface::parse(&module)
        .map_err(|error| Failure::of(format_args!("the interface of {contract}"), &error))
}

pub(super) async fn call(session: &Session, split: Split) -> Outcome {
    let Some(target) = split.target else { flags::without_target(MethodKind::Call) };
    let contract = session.address(&target)?;
    let interface = interface_of(&session.client()?, &contract).await?;
    let parsed = flags::parse_method(session, MethodKind::Call, &target, &interface, split.rest)?;
    let method = &parsed.method;
    let args = interface.encode_args(MethodKind::Call, method, &parsed.args).map_err(|error| {
        Failure::of(format_args!("`{method}`"), &error)
            .hint(format!("`hydrogen contract call {target} {method} --help` shows its arguments"))
    })?;
    let wallet = session.wallet(&parsed.from())?;
    let code = Code::Contract { client: wallet.client(), contract: &contract };
    let receipt = wallet.call(&contract, method, args, parsed.value(), parsed.gas()).await;
    let receipt = frames::named(receipt, &code, parsed.debug()).await?;
    print::receipt(session, &receipt, &[])
}

pub(super) async fn query(session: &Session, split: Split) -> Outcome {
    let Some(target) = split.target else { flags::without_target(MethodKind::Query) };
    let contract = session.address(&target)?;
    let client = session.client()?;
    let interface = interface_of(&client, &contract).await?;
    let parsed = flags::parse_method(session, MethodKind::Query, &target, &interface, split.rest)?;
    let method = &parsed.method;
    interface.encode_args(MethodKind::Query, method, &parsed.args).map_err(|error| {
        Failure::of(format_args!("`{method}`"), &error)
            .hint(format!("`hydrogen contract query {target} {method} --help` shows its arguments"))
    })?;
    let height = parsed.height().map(|height| height.to_string());
    let params = json!([contract.to_string(), method, parsed.args, height]);
    let answer = match client.request("contract_query", params).await {
        Ok(answer) => answer,
        Err(error) => {
            let code = Code::Contract { client: &client, contract: &contract };
            return Err(frames::explain(error, &code, parsed.debug()).await);
        }
    };
    session.output.data(serde_json::to_string_pretty(&answer)?, &answer);
    Ok(())
}
