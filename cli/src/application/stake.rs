//! The calls of whoever owns a compute node: its stake and its state.

use crate::application::ApplicationError;
use crate::application::desk::success;
use crate::client::{TxReceipt, Wallet, task};
use hydrogen_offchain::calls::{self, Call, task_contract};
use hydrogen_types::Amount;
use hydrogen_types::task::NodeView;

/// A compute node's account.
#[derive(Clone)]
pub struct Stake {
    wallet: Wallet,
}

impl Stake {
    /// Of the account of `wallet`.
    #[must_use]
    pub fn new(wallet: Wallet) -> Self {
        Self { wallet }
    }

    /// The node as the chain has it; `None` if it has not joined.
    ///
    /// # Errors
    /// When no node answers.
    pub async fn view(&self) -> Result<Option<NodeView>, ApplicationError> {
        Ok(task::node(self.wallet.client(), &self.wallet.address()).await?)
    }

    /// Stakes and waits to be drawn; `types` are the external types it executes. Whether this machine is fast enough is
    /// not looked at: `hydrogen compute join` does.
    ///
    /// # Errors
    /// What the contract says: `StakeTooLow`, `AlreadyJoined`, `StillUnbonding`, `NetworkFull`, `NotEnoughTokens`.
    pub async fn join(&self, stake: Amount, types: &[String]) -> Result<TxReceipt, ApplicationError> {
        self.approve(stake).await?;
        let types = (!types.is_empty()).then_some(types);
        self.call(calls::join(stake, types)).await
    }

    /// Adds to the stake.
    ///
    /// # Errors
    /// What the contract says.
    pub async fn add_stake(&self, amount: Amount) -> Result<TxReceipt, ApplicationError> {
        self.approve(amount).await?;
        self.call(calls::add_stake(amount)).await
    }

    /// Is not drawn any more, after the task at hand.
    ///
    /// # Errors
    /// What the contract says: `IllegalNodeStatus`.
    pub async fn pause(&self) -> Result<TxReceipt, ApplicationError> {
        self.call(calls::pause()).await
    }

    /// Is drawn again.
    ///
    /// # Errors
    /// What the contract says: `IllegalNodeStatus`, `StakeTooLow`.
    pub async fn resume(&self) -> Result<TxReceipt, ApplicationError> {
        self.call(calls::resume()).await
    }

    /// Leaves, after the task at hand.
    ///
    /// # Errors
    /// What the contract says.
    pub async fn quit(&self) -> Result<TxReceipt, ApplicationError> {
        self.call(calls::quit()).await
    }

    /// Takes the stake after leaving.
    ///
    /// # Errors
    /// What the contract says: `StillUnbonding`.
    pub async fn withdraw(&self) -> Result<TxReceipt, ApplicationError> {
        self.call(calls::withdraw()).await
    }

    /// Lets the contract take `amount`, unless it may already.
    async fn approve(&self, amount: Amount) -> Result<(), ApplicationError> {
        let account = self.wallet.client().account(&self.wallet.address()).await?;
        let allowed = account.allowances.iter().find(|(spender, _)| *spender == task_contract());
        if allowed.is_none_or(|(_, allowed)| *allowed < amount) {
            success("approve", self.wallet.approve(task_contract(), amount).await?)?;
        }
        Ok(())
    }

    async fn call(&self, call: Call) -> Result<TxReceipt, ApplicationError> {
        let method = call.method;
        success(method, task::send(&self.wallet, call).await?)
    }
}
