//! Transactions on their way in: first what the bytes alone tell, then what the tip tells.

use crate::error::TxError;
use crate::genesis::Params;
use crate::limits::ARGS_BYTES_MAX;
use hydrogen_types::block::Account;
use hydrogen_types::codec::{decode, encode};
use hydrogen_types::tx::METHOD_BYTES_MAX;
use hydrogen_types::{Action, Address, ChainId, Gas, Hash, Height, Signature, Tx, TxBody};

/// A transaction whose bytes, chain and signature hold. Made by [`check_tx`] alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedTx {
    tx: Tx,
    hash: Hash,
    sender: Address,
    size: usize,
}

impl CheckedTx {
    fn new(tx: Tx) -> Self {
        let size = encode(&tx).len();
        Self { hash: tx.hash(), sender: tx.body.sender_address(), size, tx }
    }

    /// A transaction that nobody signed, for a simulation.
    pub(crate) fn unsigned(body: TxBody) -> Self {
        Self::new(Tx { body, signature: Signature([0; 64]) })
    }

    /// The transaction.
    #[must_use]
    pub fn tx(&self) -> &Tx {
        &self.tx
    }

    /// The transaction, to put into a block.
    #[must_use]
    pub fn into_tx(self) -> Tx {
        self.tx
    }

    /// Its id.
    #[must_use]
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// Address of its sender.
    #[must_use]
    pub fn sender(&self) -> Address {
        self.sender
    }

    /// Its bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }
}

/// Checks what the bytes alone tell: size, canonical encoding, chain, limits, signature.
///
/// # Errors
/// The first thing that is wrong; all of these are the sender's fault.
pub fn check_tx(bytes: &[u8], chain_id: &ChainId, params: &Params) -> Result<CheckedTx, TxError> {
    let size_max = usize::try_from(params.tx_bytes_max).unwrap_or(usize::MAX);
    let tx: Tx = decode(bytes, size_max).map_err(TxError::Undecodable)?;
    check_decoded(tx, chain_id)
}

/// The checks of [`check_tx`] that remain for a transaction in a block.
pub(crate) fn check_decoded(tx: Tx, chain_id: &ChainId) -> Result<CheckedTx, TxError> {
    if tx.body.chain_id != *chain_id {
        let (got, expected) = (tx.body.chain_id.to_string(), chain_id.to_string());
        return Err(TxError::WrongChain { got, expected });
    }
    if let Action::Call { method, args, .. } = &tx.body.action {
        within("method name", method.len(), METHOD_BYTES_MAX)?;
        within("arguments", args.len(), ARGS_BYTES_MAX)?;
    }
    if let Action::Deploy { init: args, .. } | Action::Upgrade { migrate: args, .. } = &tx.body.action {
        within("arguments", args.len(), ARGS_BYTES_MAX)?;
    }
    let checked = CheckedTx::new(tx);
    let body = &checked.tx.body;
    if crate::crypto::verify(&body.sender, checked.hash.as_bytes(), &checked.tx.signature) {
        Ok(checked)
    } else {
        Err(TxError::BadSignature { sender: checked.sender })
    }
}

fn within(what: &'static str, size: usize, size_max: usize) -> Result<(), TxError> {
    if size > size_max { Err(TxError::FieldTooLarge { what, size, size_max }) } else { Ok(()) }
}

/// What the block gives that a transaction would enter.
pub(crate) struct Moment {
    pub(crate) height: Height,
    pub(crate) gas_price_min: u64,
    pub(crate) gas_left: Gas,
}

/// Checks that a transaction may enter a block now.
pub(crate) fn check_ready(
    checked: &CheckedTx,
    account: &Account,
    moment: &Moment,
    intrinsic: Gas,
) -> Result<(), TxError> {
    let body = &checked.tx.body;
    if body.nonce > account.nonce {
        return Err(TxError::NonceTooHigh { nonce: body.nonce, expected: account.nonce });
    }
    check_waiting(checked, account, moment, intrinsic)
}

/// Checks that a transaction may wait for a block: as [`check_ready`], but with nonces still to come before it.
pub(crate) fn check_waiting(
    checked: &CheckedTx,
    account: &Account,
    moment: &Moment,
    intrinsic: Gas,
) -> Result<(), TxError> {
    let body = &checked.tx.body;
    if body.valid_until < moment.height {
        return Err(TxError::Expired { valid_until: body.valid_until, height: moment.height });
    }
    if body.nonce < account.nonce {
        return Err(TxError::NonceTooLow { nonce: body.nonce, expected: account.nonce });
    }
    if body.gas_price < moment.gas_price_min {
        return Err(TxError::GasPriceTooLow { price: body.gas_price, price_min: moment.gas_price_min });
    }
    if body.gas_limit < intrinsic {
        return Err(TxError::GasLimitTooLow { limit: body.gas_limit, needed: intrinsic });
    }
    if body.gas_limit > moment.gas_left {
        return Err(TxError::GasLimitTooHigh { limit: body.gas_limit, left: moment.gas_left });
    }
    let needed = body.gas_limit.cost(body.gas_price);
    if account.balance < needed {
        return Err(TxError::BalanceTooLow { balance: account.balance, needed });
    }
    Ok(())
}
