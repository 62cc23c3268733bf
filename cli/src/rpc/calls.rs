//! Reads of the chain as JSON. All of this may block on the store, and runs where it may.

use crate::rpc::backend::{Backend, Network};
use crate::rpc::error::{Answer, NOT_FOUND, call_failed, invalid, plain, unread};
use crate::rpc::interfaces::Interfaces;
use crate::rpc::text::{AsText, Text};
use crate::rpc::types::{
    AccountJson, AllowanceJson, BlockJson, ErrorJson, HeaderJson, ReceiptJson, StatusJson, TxJson,
    ValidatorChangeJson, ValidatorChangesJson, ValidatorJson,
};
use hydrogen_core::reader::ACCOUNTS_PAGE_MAX;
use hydrogen_core::{ChainReader, Committed, VALIDATOR_CHANGES_PAGE_MAX};
use hydrogen_types::host::MethodKind;
use hydrogen_types::{Action, Address, Hash, Height, Receipt, SideData, TxBody, codec};
use jsonrpsee::types::ErrorObjectOwned;
use serde::Serialize;
use serde_json::{Value, json};

/// The first code that belongs to a contract.
const CONTRACT_CODE_MIN: u32 = 1000;

/// How a block is asked for.
pub(super) enum BlockId {
    Height(Height),
    Hash(Hash),
}

impl BlockId {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.starts_with("0x") {
            return Hash::from_text(text).map(Self::Hash);
        }
        Height::from_text(text).map(Self::Height)
    }
}

/// What the reads need.
pub(super) struct Reads<'a> {
    pub(super) reader: ChainReader,
    pub(super) interfaces: &'a Interfaces,
}

impl Reads<'_> {
    pub(super) fn status(&self, backend: &Backend, network: Network) -> Answer {
        let tip = self.reader.tip();
        let earliest = self.reader.earliest();
        let genesis = self.reader.genesis();
        to_json(&StatusJson {
            chain_id: Text(genesis.chain_id.clone()),
            genesis: Text(genesis.hash()),
            height: Text(tip.height),
            block_hash: Text(tip.hash),
            earliest_block: Text(earliest.block),
            earliest_state: Text(earliest.state),
            time_ms: Text(tip.time_ms),
            uptime_ms: Text(tip.uptime_ms),
            state_root: Text(tip.state_root),
            beacon: Text(tip.beacon),
            syncing: network.syncing,
            peers: network.peers,
            mempool_size: network.mempool_size,
            gas_price_min: Text(genesis.params.gas_price_min),
            block_gas_max: Text(genesis.params.block_gas_max),
            tx_bytes_max: genesis.params.tx_bytes_max,
            version: env!("CARGO_PKG_VERSION").into(),
            dev: backend.dev().is_some(),
        })
    }

    pub(super) fn genesis(&self) -> Answer {
        let genesis = self.reader.genesis();
        let document: Value = serde_json::from_str(&genesis.to_json())
            .map_err(|error| plain(crate::rpc::error::INTERNAL, error.to_string()))?;
        Ok(json!({"hash": genesis.hash().to_string(), "genesis": document}))
    }

    pub(super) fn block(&self, id: &BlockId) -> Answer {
        match self.find_block(id)? {
            Some(block) => to_json(&self.block_json(&block)?),
            None => Ok(Value::Null),
        }
    }

    pub(super) fn header(&self, id: &BlockId) -> Answer {
        match self.find_block(id)? {
            Some(block) => {
                let header = HeaderJson::from(&block.block.header);
                Ok(json!({"hash": block.hash.to_string(), "header": to_json(&header)?}))
            }
            None => Ok(Value::Null),
        }
    }

    fn find_block(&self, id: &BlockId) -> Result<Option<std::sync::Arc<Committed>>, ErrorObjectOwned> {
        let found = match id {
            BlockId::Height(height) => self.reader.block(*height),
            BlockId::Hash(hash) => self.reader.block_by_hash(hash),
        };
        let found = found.map_err(|error| unread(&error))?;
        if let (None, BlockId::Height(height)) = (&found, id) {
            self.expect_kept(*height)?;
        }
        Ok(found)
    }

    /// Refuses a height whose block this node has forgotten.
    pub(super) fn expect_kept(&self, height: Height) -> Result<(), ErrorObjectOwned> {
        let earliest = self.reader.earliest().block;
        if height == Height::GENESIS || height >= earliest {
            return Ok(());
        }
        let message =
            format!("block {height} is no longer kept here, the lowest is {earliest}: ask an archive node");
        Err(plain(NOT_FOUND, message))
    }

    pub(super) fn block_json(&self, committed: &Committed) -> Result<BlockJson, ErrorObjectOwned> {
        let offset = committed.receipts.len().saturating_sub(committed.block.txs.len());
        let mut receipts = Vec::with_capacity(committed.receipts.len());
        for (index, (receipt, side)) in committed.receipts.iter().zip(&committed.side).enumerate() {
            let tx = index.checked_sub(offset).and_then(|index| committed.block.txs.get(index));
            receipts.push(self.receipt_json(receipt, side, tx.map(|tx| &tx.body))?);
        }
        Ok(BlockJson {
            hash: Text(committed.hash),
            header: (&committed.block.header).into(),
            txs: committed.block.txs.iter().map(TxJson::from).collect(),
            receipts,
            certificate: (&committed.certificate).into(),
        })
    }

    /// The set that decides `height`; the next one when none is given.
    pub(super) fn validators(&self, height: Option<Height>) -> Answer {
        let set = self.reader.validators(height).map_err(|error| unread(&error))?;
        let rows: Vec<ValidatorJson> = set.members().iter().map(ValidatorJson::from).collect();
        Ok(json!({
            "height": height.unwrap_or(self.reader.tip().height.next()).to_string(), "hash": set.hash().to_string(),
            "total_power": set.total_power().to_string(), "validators": to_json(&rows)?
        }))
    }

    /// A page of the changes of the set from a height on.
    pub(super) fn validator_changes(&self, from: Height, limit: Option<u64>) -> Answer {
        let most = VALIDATOR_CHANGES_PAGE_MAX;
        let limit = limit.map_or(most, |limit| usize::try_from(limit).unwrap_or(most).clamp(1, most));
        let changes = self.reader.validator_changes(from, limit).map_err(|error| unread(&error))?;
        let full = changes.len() == limit;
        let next = changes.last().filter(|_| full).map(|change| Text(change.height.next()));
        to_json(&ValidatorChangesJson {
            changes: changes.iter().map(ValidatorChangeJson::from).collect(),
            next,
        })
    }

    pub(super) fn receipt(&self, hash: &Hash) -> Answer {
        let Some((receipt, side)) = self.reader.receipt(hash).map_err(|error| unread(&error))? else {
            return Ok(Value::Null);
        };
        let committed = self.find_block(&BlockId::Height(receipt.height))?;
        let body = committed.as_ref().and_then(|committed| {
            let offset = committed.receipts.len().checked_sub(committed.block.txs.len())?;
            let index = usize::try_from(receipt.index).ok()?.checked_sub(offset)?;
            committed.block.txs.get(index).map(|tx| &tx.body)
        });
        to_json(&self.receipt_json(&receipt, &side, body)?)
    }

    pub(super) fn simulate(&self, body: &TxBody) -> Answer {
        let (receipt, side) = self.reader.simulate(body.clone()).map_err(|error| unread(&error))?;
        to_json(&self.receipt_json(&receipt, &side, Some(body))?)
    }

    /// A receipt with its error's name and its value in JSON, where the contract's interface has them.
    fn receipt_json(
        &self,
        receipt: &Receipt,
        side: &SideData,
        body: Option<&TxBody>,
    ) -> Result<ReceiptJson, ErrorObjectOwned> {
        let mut json = ReceiptJson::new(receipt, side);
        let Some(body) = body else { return Ok(json) };
        match &body.action {
            Action::Call { contract, method, .. } if receipt.is_success() => {
                json.result = self.decode(contract, MethodKind::Call, method, &receipt.value)?;
            }
            Action::Call { contract, .. } | Action::Upgrade { contract, .. } => {
                json.error = self.error_name(contract, receipt.code)?;
            }
            Action::Deploy { .. } => {
                let contract = Address::of_contract(&body.sender_address(), body.nonce);
                if receipt.is_success() {
                    json.result = Some(json!(contract.to_string()));
                }
            }
            Action::Upload { code } if receipt.is_success() => {
                json.result = Some(json!(Hash::sha256(code).to_string()));
            }
            Action::Upload { .. }
            | Action::Transfer { .. }
            | Action::Approve { .. }
            | Action::SetAdmin { .. }
            | Action::SetValidator { .. } => {}
        }
        Ok(json)
    }

    fn error_name(&self, contract: &Address, code: u32) -> Result<Option<ErrorJson>, ErrorObjectOwned> {
        if code < CONTRACT_CODE_MIN {
            return Ok(None);
        }
        let interface =
            self.interfaces.of_contract(&self.reader, contract).map_err(|error| unread(&error))?;
        let found = interface.and_then(|interface| {
            interface.error(code).map(|(name, doc)| ErrorJson { name: name.into(), doc: doc.into() })
        });
        Ok(found)
    }

    fn decode(
        &self,
        contract: &Address,
        kind: MethodKind,
        method: &str,
        value: &[u8],
    ) -> Result<Option<Value>, ErrorObjectOwned> {
        let interface =
            self.interfaces.of_contract(&self.reader, contract).map_err(|error| unread(&error))?;
        Ok(interface.and_then(|interface| interface.decode_result(kind, method, value).ok()))
    }

    pub(super) fn account(&self, address: &Address, height: Option<Height>) -> Answer {
        let failed = |error| unread(&error);
        let account = self.reader.account(address, height).map_err(failed)?;
        let contract = self.reader.contract(address).map_err(failed)?;
        let allowances = self.reader.allowances(address).map_err(failed)?;
        to_json(&AccountJson {
            address: Text(*address),
            balance: Text(account.balance),
            nonce: Text(account.nonce),
            allowances: allowances
                .into_iter()
                .map(|(spender, amount)| AllowanceJson { spender: Text(spender), amount: Text(amount) })
                .collect(),
            code_hash: contract.as_ref().map(|contract| Text(contract.code)),
            admin: contract.and_then(|contract| contract.admin).map(Text),
        })
    }

    /// A page of all accounts at the tip: what a balance sheet is made of. All of one page is of one height.
    pub(super) fn accounts(&self, after: Option<&Address>) -> Answer {
        let accounts = self.reader.accounts(after, ACCOUNTS_PAGE_MAX).map_err(|error| unread(&error))?;
        let next = accounts
            .last()
            .filter(|_| accounts.len() == ACCOUNTS_PAGE_MAX)
            .map(|(address, _)| address.to_string());
        let rows: Vec<Value> = accounts
            .into_iter()
            .map(|(address, account)| {
                json!({
                    "address": address.to_string(), "balance": account.balance.to_text(),
                    "nonce": account.nonce.to_string()
                })
            })
            .collect();
        Ok(json!({"height": self.reader.tip().height.to_string(), "accounts": rows, "next": next}))
    }

    pub(super) fn query(
        &self,
        contract: &Address,
        method: &str,
        args: &Value,
        height: Option<Height>,
    ) -> Answer {
        self.require_contract(contract)?;
        let interface =
            self.interfaces.of_contract(&self.reader, contract).map_err(|error| unread(&error))?;
        let Some(interface) = interface else {
            return Err(plain(
                NOT_FOUND,
                format!("the module of {contract} carries no interface; use contract_queryRaw"),
            ));
        };
        let args = interface
            .encode_args(MethodKind::Query, method, args)
            .map_err(|error| invalid(format!("{method}: {error}")))?;
        let value = self.run_query(contract, method, args, height)?;
        interface.decode_result(MethodKind::Query, method, &value).map_err(|error| {
            plain(
                crate::rpc::error::INTERNAL,
                format!("{method} returned what its interface does not say: {error}"),
            )
        })
    }

    pub(super) fn query_raw(
        &self,
        contract: &Address,
        method: &str,
        args: Vec<u8>,
        height: Option<Height>,
    ) -> Answer {
        self.require_contract(contract)?;
        self.run_query(contract, method, args, height).map(|value| json!(value.to_text()))
    }

    fn run_query(
        &self,
        contract: &Address,
        method: &str,
        args: Vec<u8>,
        height: Option<Height>,
    ) -> Result<Vec<u8>, ErrorObjectOwned> {
        let result = self.reader.query(contract, method, args, height).map_err(|error| unread(&error))?;
        if result.code == 0 {
            return Ok(result.value);
        }
        let named = self.error_name(contract, result.code)?;
        let name = named.as_ref().map(|error| error.name.as_str());
        let message = match (&named, result.side.message.as_str()) {
            (Some(error), "") => error.doc.as_str(),
            (_, message) => message,
        };
        Err(call_failed(result.code, name, message, &result.side))
    }

    pub(super) fn require_contract(&self, contract: &Address) -> Result<(), ErrorObjectOwned> {
        match self.reader.contract(contract).map_err(|error| unread(&error))? {
            Some(_) => Ok(()),
            None => Err(plain(NOT_FOUND, format!("there is no contract at {contract}"))),
        }
    }

    pub(super) fn abi(&self, contract: &Address) -> Answer {
        self.require_contract(contract)?;
        let interface =
            self.interfaces.of_contract(&self.reader, contract).map_err(|error| unread(&error))?;
        match interface {
            Some(interface) => Ok(interface.to_json()),
            None => Err(plain(NOT_FOUND, format!("the module of {contract} carries no interface"))),
        }
    }

    pub(super) fn code(&self, contract: &Address) -> Answer {
        self.require_contract(contract)?;
        let failed = |error| unread(&error);
        let info = self.reader.contract(contract).map_err(failed)?;
        let code = match &info {
            Some(info) => self.reader.code(&info.code).map_err(failed)?.map(|code| (info.code, code)),
            None => None,
        };
        match code {
            Some((hash, code)) => Ok(json!({"hash": hash.to_string(), "code": code.to_text()})),
            None => Err(plain(NOT_FOUND, format!("the module of {contract} is not here"))),
        }
    }

    pub(super) fn state_get(&self, key: &[u8], height: Option<Height>) -> Answer {
        let value = self.reader.state_get(key, height).map_err(|error| unread(&error))?;
        Ok(json!(value.map(|value| value.to_text())))
    }

    pub(super) fn state_proof(&self, key: &[u8]) -> Answer {
        let (tip, value, proof) = self.reader.state_proof(key).map_err(|error| unread(&error))?;
        Ok(json!({
            "key": key.to_vec().to_text(), "value": value.map(|value| value.to_text()),
            "proof": codec::encode(&proof).to_text(),
            "height": tip.height.to_string(), "state_root": tip.state_root.to_string()
        }))
    }
}

/// To JSON; the types written here always can be.
pub(super) fn to_json(value: &impl Serialize) -> Answer {
    serde_json::to_value(value).map_err(|error| plain(crate::rpc::error::INTERNAL, error.to_string()))
}
