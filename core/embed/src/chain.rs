//! The chain in a variable.

use crate::builder::{Builder, named_key};
use crate::error::EmbedError;
use crate::interface::Interfaces;
use hydrogen_core::limits::{DEPLOY_GAS, TX_BYTE_GAS, TX_GAS, UPLOAD_BYTE_GAS};
use hydrogen_core::reader::ACCOUNTS_PAGE_MAX;
use hydrogen_core::vm::ContractVm;
use hydrogen_core::{
    Chain, ChainReader, CheckedTx, Committed, Genesis, MemStore, NextDue, NodeKeys, QueryResult, SecretKey,
    Tip, TxError, check_tx, sign_tx,
};
use hydrogen_types::block::{CommitSignature, VoteKind, vote_sign_bytes};
use hydrogen_types::codec::encode;
use hydrogen_types::host::MethodKind;
use hydrogen_types::{Account, Action, Address, Amount, Block, Certificate, Gas, Hash, Receipt, TxBody};
use serde_json::Value;
use std::sync::Arc;

/// Gas limit of a call; what it does not use comes back.
const CALL_GAS: u64 = 100_000_000_000;
/// Bytes of a transaction beside the module it uploads, at most.
const TX_REST_BYTES: u64 = 512;
/// Blocks for which a transaction may wait.
const VALID_BLOCKS: u64 = 100;

/// A chain of one validator in memory. See the crate's example.
pub struct EmbeddedChain {
    pub(crate) chain: Chain,
    pub(crate) store: Arc<MemStore>,
    pub(crate) vm: Arc<dyn ContractVm>,
    keys: NodeKeys,
    seed: u64,
    block_ms: u64,
    pub(crate) now_ms: u64,
    pub(crate) waiting: Vec<CheckedTx>,
    interfaces: Interfaces,
}

impl EmbeddedChain {
    /// A fresh chain with one funded account; everything on it follows from `seed`.
    ///
    /// # Errors
    /// A machine without the means for a sandbox.
    pub fn open(seed: u64) -> Result<Self, EmbedError> {
        Builder::new(seed).open()
    }

    /// A chain with other accounts, contracts, parameters or another genesis.
    #[must_use]
    pub fn builder(seed: u64) -> Builder {
        Builder::new(seed)
    }

    pub(crate) fn start(
        store: Arc<MemStore>,
        vm: Arc<dyn ContractVm>,
        genesis: Genesis,
        keys: NodeKeys,
        seed: u64,
        block_ms: u64,
    ) -> Result<Self, EmbedError> {
        let chain = Chain::open(store.clone(), vm.clone(), genesis)?;
        let now_ms = chain.tip().time_ms;
        let (waiting, interfaces) = (Vec::new(), Interfaces::default());
        Ok(Self { chain, store, vm, keys, seed, block_ms, now_ms, waiting, interfaces })
    }

    /// The key of the funded account.
    #[must_use]
    pub fn funded_key(&self) -> SecretKey {
        named_key(self.seed, "funded")
    }

    /// The account key that this chain's seed has under `name`; its account starts empty.
    #[must_use]
    pub fn key(&self, name: &str) -> SecretKey {
        named_key(self.seed, name)
    }

    /// The key that [`EmbeddedChain::key`] gives on a chain of this seed: for accounts in genesis.
    #[must_use]
    pub fn key_of(seed: u64, name: &str) -> SecretKey {
        named_key(seed, name)
    }

    /// Where the chain stands.
    #[must_use]
    pub fn tip(&self) -> Tip {
        self.chain.tip()
    }

    /// What the chain started from.
    #[must_use]
    pub fn genesis(&self) -> &Arc<Genesis> {
        self.chain.genesis()
    }

    /// When scheduled work is due, the earliest of it.
    ///
    /// # Errors
    /// When the store fails, which memory does not.
    pub fn next_due(&self) -> Result<Option<NextDue>, EmbedError> {
        Ok(self.chain.next_due()?)
    }

    /// Reads state, blocks and receipts.
    #[must_use]
    pub fn reader(&self) -> ChainReader {
        self.chain.reader()
    }

    /// Balance of an account.
    ///
    /// # Errors
    /// When the store fails, which memory does not.
    pub fn balance(&self, address: &Address) -> Result<Amount, EmbedError> {
        Ok(self.reader().account(address, None)?.balance)
    }

    /// Every account at the tip, ordered by address.
    ///
    /// # Errors
    /// When the store fails, which memory does not.
    pub fn accounts(&self) -> Result<Vec<(Address, Account)>, EmbedError> {
        let reader = self.reader();
        let mut accounts: Vec<(Address, Account)> = Vec::new();
        loop {
            let after = accounts.last().map(|(address, _)| *address);
            let page = reader.accounts(after.as_ref(), ACCOUNTS_PAGE_MAX)?;
            if page.is_empty() {
                return Ok(accounts);
            }
            accounts.extend(page);
        }
    }

    /// Moves CNX.
    ///
    /// # Errors
    /// See [`EmbedError`].
    pub fn transfer(
        &mut self,
        from: &SecretKey,
        to: &Address,
        amount: Amount,
    ) -> Result<Receipt, EmbedError> {
        self.run(from, Action::Transfer { to: *to, amount }, Gas::new(CALL_GAS))
    }

    /// Lets `spender` take up to `amount`.
    ///
    /// # Errors
    /// See [`EmbedError`].
    pub fn approve(
        &mut self,
        from: &SecretKey,
        spender: &Address,
        amount: Amount,
    ) -> Result<Receipt, EmbedError> {
        self.run(from, Action::Approve { spender: *spender, amount }, Gas::new(CALL_GAS))
    }

    /// Stores a module and makes the block after which it may run. Its code hash.
    ///
    /// # Errors
    /// A module that does not pass the checks is a failed call whose message says why.
    pub fn upload(&mut self, from: &SecretKey, code: Vec<u8>) -> Result<Hash, EmbedError> {
        let bytes = u64::try_from(code.len()).unwrap_or(u64::MAX);
        let gas = bytes
            .saturating_mul(UPLOAD_BYTE_GAS)
            .saturating_add(bytes.saturating_add(TX_REST_BYTES).saturating_mul(TX_BYTE_GAS))
            .saturating_add(TX_GAS);
        let receipt = self.run(from, Action::Upload { code }, Gas::new(gas))?;
        self.produce()?;
        Ok(hydrogen_types::decode(&receipt.value, receipt.value.len())?)
    }

    /// Makes a contract of an uploaded module, with JSON arguments for its `init`. Its address.
    ///
    /// # Errors
    /// See [`EmbedError`].
    pub fn deploy(&mut self, from: &SecretKey, code: &Hash, init: &Value) -> Result<Address, EmbedError> {
        let interface = self.interfaces.of_code(&self.chain.reader(), code)?;
        let init = interface.encode_args(MethodKind::Init, "init", init)?;
        let gas = Gas::new(CALL_GAS + DEPLOY_GAS);
        let receipt = self.run(from, Action::Deploy { code: *code, init }, gas)?;
        Ok(hydrogen_types::decode(&receipt.value, receipt.value.len())?)
    }

    /// Calls a method with JSON arguments; its result as JSON.
    ///
    /// # Errors
    /// See [`EmbedError`].
    pub fn call(
        &mut self,
        from: &SecretKey,
        contract: &Address,
        method: &str,
        args: &Value,
    ) -> Result<Value, EmbedError> {
        let reader = self.chain.reader();
        let args = self.interfaces.encode(&reader, contract, MethodKind::Call, method, args)?;
        let receipt = self.call_borsh(from, contract, method, args, Amount::ZERO)?;
        self.interfaces.decode(&reader, contract, MethodKind::Call, method, &receipt.value)
    }

    /// Calls a method with borsh arguments and CNX.
    ///
    /// # Errors
    /// See [`EmbedError`].
    pub fn call_borsh(
        &mut self,
        from: &SecretKey,
        contract: &Address,
        method: &str,
        args: Vec<u8>,
        value: Amount,
    ) -> Result<Receipt, EmbedError> {
        let action = Action::Call { contract: *contract, method: method.to_string(), args, value };
        self.run(from, action, Gas::new(CALL_GAS))
    }

    /// Asks a contract with JSON arguments; the answer as JSON.
    ///
    /// # Errors
    /// See [`EmbedError`].
    pub fn query(&mut self, contract: &Address, method: &str, args: &Value) -> Result<Value, EmbedError> {
        let reader = self.chain.reader();
        let args = self.interfaces.encode(&reader, contract, MethodKind::Query, method, args)?;
        let value = self.query_borsh(contract, method, args)?;
        self.interfaces.decode(&reader, contract, MethodKind::Query, method, &value)
    }

    /// Asks a contract with borsh arguments; the answer's bytes.
    ///
    /// # Errors
    /// See [`EmbedError`].
    pub fn query_borsh(
        &self,
        contract: &Address,
        method: &str,
        args: Vec<u8>,
    ) -> Result<Vec<u8>, EmbedError> {
        let result: QueryResult = self.reader().query(contract, method, args, None)?;
        if result.code != 0 {
            return Err(EmbedError::QueryFailed { code: result.code, message: result.side.message });
        }
        Ok(result.value)
    }

    /// Signs an action with the account's next nonce, puts it into a block of its own, and gives its receipt.
    ///
    /// # Errors
    /// A refusal, or [`EmbedError::Failed`] with the receipt.
    pub fn run(&mut self, from: &SecretKey, action: Action, gas_limit: Gas) -> Result<Receipt, EmbedError> {
        let hash = self.submit(from, action, gas_limit)?;
        let committed = self.produce()?;
        let found = committed.receipts.iter().position(|receipt| receipt.hash == hash);
        let index = found.ok_or(EmbedError::LeftOut)?;
        let receipt = committed.receipts[index].clone();
        if receipt.is_success() {
            return Ok(receipt);
        }
        let side = committed.side.get(index).cloned().unwrap_or_default();
        Err(EmbedError::Failed { receipt: Box::new(receipt), side: Box::new(side) })
    }

    /// Signs an action and leaves it for the next block. The transaction's id.
    ///
    /// # Errors
    /// What the bytes, the account and the tip have against it.
    pub fn submit(&mut self, from: &SecretKey, action: Action, gas_limit: Gas) -> Result<Hash, EmbedError> {
        let genesis = self.chain.genesis().clone();
        let sender = from.address();
        let ahead = self.waiting.iter().filter(|checked| checked.sender() == sender).count();
        let nonce = self.reader().account(&sender, None)?.nonce;
        let body = TxBody {
            chain_id: genesis.chain_id.clone(),
            sender: from.public(),
            nonce: nonce.saturating_add(u64::try_from(ahead).unwrap_or(u64::MAX)),
            valid_until: self.tip().height.plus(VALID_BLOCKS),
            gas_limit,
            gas_price: genesis.params.gas_price_min,
            action,
        };
        self.submit_bytes(&encode(&sign_tx(body, from)))
    }

    /// Takes a signed transaction as bytes, as a node would.
    ///
    /// # Errors
    /// What the bytes, the account and the tip have against it.
    pub fn submit_bytes(&mut self, bytes: &[u8]) -> Result<Hash, EmbedError> {
        let genesis = self.chain.genesis();
        let checked = check_tx(bytes, &genesis.chain_id, &genesis.params)?;
        if self.waiting.iter().any(|waiting| waiting.hash() == checked.hash()) {
            return Err(TxError::AlreadyKnown.into());
        }
        self.reader().check_waiting(&checked)?;
        let hash = checked.hash();
        self.waiting.push(checked);
        Ok(hash)
    }

    /// Makes a block of what waits and what is due, one block time after the last.
    ///
    /// # Errors
    /// When the chain stopped.
    pub fn produce(&mut self) -> Result<Arc<Committed>, EmbedError> {
        self.now_ms = self.now_ms.max(self.tip().time_ms).saturating_add(self.block_ms);
        let txs = std::mem::take(&mut self.waiting);
        let executed = self.chain.build(&self.keys, 0, self.now_ms, txs)?;
        let certificate = self.certify(&executed.block);
        Ok(self.chain.commit(executed, certificate)?)
    }

    /// Moves time on by `ms` and makes a block, so that everything due by then runs.
    ///
    /// # Errors
    /// When the chain stopped.
    pub fn advance_time(&mut self, ms: u64) -> Result<Arc<Committed>, EmbedError> {
        let block_ms = self.block_ms;
        self.now_ms = self.now_ms.max(self.tip().time_ms).saturating_add(ms.saturating_sub(block_ms));
        self.produce()
    }

    fn certify(&self, block: &Block) -> Certificate {
        let (header, hash) = (&block.header, block.hash());
        let message =
            vote_sign_bytes(&header.chain_id, VoteKind::Precommit, header.height, header.round, Some(hash));
        let signature = CommitSignature {
            validator: self.keys.consensus.address(),
            signature: self.keys.consensus.sign(&message),
        };
        Certificate { height: header.height, round: header.round, block: hash, signatures: vec![signature] }
    }
}
