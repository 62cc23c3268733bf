//! What a module is, with and without a chain.

use crate::cmd::contract::args::{Language, read_module};
use crate::failure::{Failure, Outcome};
use crate::session::Session;
use hydrogen_core::abi::Interface;
use hydrogen_core::abi::client::{rust_client, typescript_client};
use serde_json::json;
use std::path::Path;

pub(super) async fn abi(session: &Session, contract: &str, client: Option<Language>) -> Outcome {
    let file = Path::new(contract);
    let Some(language) = client else {
        let json = if file.is_file() {
            Interface::parse(&read_module(file)?).map_err(|error| Failure::of(contract, &error))?.to_json()
        } else {
            session.client()?.abi(&session.address(contract)?).await?
        };
        session.output.data(serde_json::to_string_pretty(&json)?, &json);
        return Ok(());
    };
    let module = if file.is_file() {
        read_module(file)?
    } else {
        session.client()?.code(&session.address(contract)?).await?
    };
    let interface = Interface::parse(&module).map_err(|error| Failure::of(contract, &error))?;
    let source = match language {
        Language::Rust => rust_client(&interface),
        Language::Typescript => typescript_client(&interface),
    };
    session.output.data(source.trim_end(), &json!({ "source": source }));
    Ok(())
}
