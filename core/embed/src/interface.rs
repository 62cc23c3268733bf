//! JSON at the edge: arguments and results by the interface that a contract's module carries.

use crate::error::EmbedError;
use hydrogen_core::ChainReader;
use hydrogen_core::abi::Interface;
use hydrogen_types::host::MethodKind;
use hydrogen_types::{Address, Hash};
use serde_json::Value;
use std::collections::BTreeMap;

/// Interfaces read so far, by code hash.
#[derive(Debug, Default)]
pub(crate) struct Interfaces(BTreeMap<Hash, Interface>);

impl Interfaces {
    /// The interface of a module.
    pub(crate) fn of_code(&mut self, reader: &ChainReader, code: &Hash) -> Result<&Interface, EmbedError> {
        if !self.0.contains_key(code) {
            let module = reader.code(code)?.unwrap_or_default();
            self.0.insert(*code, Interface::parse(&module)?);
        }
        Ok(self.0.get(code).expect("inserted above"))
    }

    /// The interface of a contract.
    pub(crate) fn of(&mut self, reader: &ChainReader, contract: &Address) -> Result<&Interface, EmbedError> {
        let info = reader.contract(contract)?.ok_or(EmbedError::NoContract(*contract))?;
        self.of_code(reader, &info.code)
    }

    /// Arguments of a contract's method.
    pub(crate) fn encode(
        &mut self,
        reader: &ChainReader,
        contract: &Address,
        kind: MethodKind,
        method: &str,
        args: &Value,
    ) -> Result<Vec<u8>, EmbedError> {
        Ok(self.of(reader, contract)?.encode_args(kind, method, args)?)
    }

    /// Result of a contract's method.
    pub(crate) fn decode(
        &mut self,
        reader: &ChainReader,
        contract: &Address,
        kind: MethodKind,
        method: &str,
        value: &[u8],
    ) -> Result<Value, EmbedError> {
        Ok(self.of(reader, contract)?.decode_result(kind, method, value)?)
    }
}
