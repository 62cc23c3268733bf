//! Accounts that pay each other and call a contract, one transaction after the other, and know the fate of each.
//!
//! An account signs a transaction, hands it to one node after the other until some node says it is final, and only then
//! takes its next nonce. So whatever the network does, one nonce is one transaction, unless its time ran out.

use super::error::RealError;
use super::homes::{self, BALANCE, COUNTER};
use super::rpc::{Rpc, Unanswered, number};
use super::stats::Series;
use crate::sim::Rng;
use hydrogen_core::{Genesis, SecretKey, sign_tx};
use hydrogen_types::codec::encode;
use hydrogen_types::{Action, Address, Amount, ChainId, Gas, Height, TxBody};
use serde_json::{Value, json};
use std::fmt::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Gas of one transaction: a call of the counter uses a fraction.
const GAS: Gas = Gas::new(1_000_000_000);
/// Heights for which a transaction is good.
const VALID_HEIGHTS: u64 = 2_000;
/// How long one node is waited for before another is asked.
const WAIT_MS: u64 = 1_500;
/// Between two tries.
const RETRY: Duration = Duration::from_millis(100);

/// A transaction that some node called final.
#[derive(Debug, Clone)]
pub(super) struct Final {
    pub(super) hash: String,
    pub(super) height: u64,
    /// From the first hand-over until its sender heard.
    pub(super) ms: f64,
}

/// What one account did.
#[derive(Debug, Clone)]
pub(super) struct Ledger {
    pub(super) address: Address,
    pub(super) nonce: u64,
    /// What it has by its own count, in base units, what others paid it left out.
    spent: u128,
    /// What it paid to each account of the load.
    paid: Vec<u128>,
    /// What it added to the counter.
    pub(super) added: u64,
    pub(super) finals: Vec<Final>,
    /// Transactions whose time ran out, and that were signed again.
    pub(super) expired: u64,
    /// Hand-overs that no node answered, or that were refused for now.
    pub(super) retries: u64,
}

/// All accounts of a run.
pub(super) struct Load {
    accounts: Vec<Arc<Mutex<Ledger>>>,
    stop: Arc<AtomicBool>,
    tasks: JoinSet<()>,
}

impl Ledger {
    /// Of an account that has done nothing yet, among so many.
    pub(super) fn of(address: Address, accounts: usize) -> Self {
        let (paid, finals) = (vec![0; accounts], Vec::new());
        Self { address, nonce: 0, spent: 0, paid, added: 0, finals, expired: 0, retries: 0 }
    }
}

struct Sender {
    rpc: Rpc,
    urls: Vec<String>,
    key: SecretKey,
    others: Vec<Address>,
    chain_id: ChainId,
    gas_price: u64,
    rng: Rng,
    every: Duration,
    ledger: Arc<Mutex<Ledger>>,
    stop: Arc<AtomicBool>,
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Load {
    /// Lets the first `accounts` accounts of the network send, together about `per_second` transactions a second.
    pub(super) fn start(
        rpc: &Rpc,
        urls: &[String],
        genesis: &Genesis,
        (seed, accounts): (u64, usize),
        per_second: f64,
    ) -> Self {
        let keys: Vec<SecretKey> = (0..accounts).map(|index| homes::account(seed, index)).collect();
        let others: Vec<Address> = keys.iter().map(SecretKey::address).collect();
        let stop = Arc::new(AtomicBool::new(false));
        let every = Duration::from_secs_f64(accounts as f64 / per_second.max(0.001));
        let mut rng = Rng::new(seed ^ 0x10ad);
        let (mut ledgers, mut tasks) = (Vec::new(), JoinSet::new());
        for key in keys {
            let ledger = Arc::new(Mutex::new(Ledger::of(key.address(), accounts)));
            ledgers.push(Arc::clone(&ledger));
            let sender = Sender {
                rpc: rpc.clone(),
                urls: urls.to_vec(),
                key,
                others: others.clone(),
                chain_id: genesis.chain_id.clone(),
                gas_price: genesis.params.gas_price_min,
                rng: rng.fork(),
                every,
                ledger,
                stop: Arc::clone(&stop),
            };
            tasks.spawn(sender.run());
        }
        Self { accounts: ledgers, stop, tasks }
    }

    /// Ends the load: every account sees its last transaction through.
    pub(super) async fn finish(mut self, patience: Duration) -> Result<Vec<Ledger>, RealError> {
        self.stop.store(true, Ordering::Relaxed);
        let all = async {
            while let Some(ended) = self.tasks.join_next().await {
                ended.map_err(|error| RealError::Violation(format!("a sender panicked: {error}")))?;
            }
            Ok(())
        };
        match tokio::time::timeout(patience, all).await {
            Ok(done) => done?,
            Err(_) => {
                let text = format!("a transaction is still not final {patience:?} after the last fault");
                return Err(RealError::Violation(text));
            }
        }
        Ok(self.accounts.iter().map(|ledger| locked(ledger).clone()).collect())
    }

    /// Transactions that are final so far.
    pub(super) fn done(&self) -> usize {
        self.accounts.iter().map(|ledger| locked(ledger).finals.len()).sum()
    }
}

/// What each account must have by everybody's count together, in base units.
pub(super) fn balances(ledgers: &[Ledger]) -> Vec<u128> {
    let got = |index: usize| ledgers.iter().map(|ledger| ledger.paid[index]).sum::<u128>();
    ledgers.iter().enumerate().map(|(index, ledger)| BALANCE.get() + got(index) - ledger.spent).collect()
}

/// How long transactions took.
pub(super) fn delays(ledgers: &[Ledger]) -> Series {
    let mut series = Series::default();
    ledgers.iter().flat_map(|ledger| &ledger.finals).for_each(|done| series.push(done.ms));
    series
}

impl Sender {
    async fn run(mut self) {
        let mut due = Instant::now() + self.every.mul_f64(self.rng.below(1_000) as f64 / 1_000.0);
        while !self.stop.load(Ordering::Relaxed) {
            let now = Instant::now();
            if now < due {
                tokio::time::sleep((due - now).min(RETRY)).await;
                continue;
            }
            // What was missed while the net stood still is not made up for.
            due = (due + self.every).max(now);
            self.one().await;
        }
    }

    /// Sends one transaction and sees it through.
    async fn one(&mut self) {
        let to = self.rng.index(self.others.len());
        let amount = u128::from(self.rng.within(1, 1_000_000));
        let by = self.rng.within(1, 1_000);
        let call = self.rng.chance(400);
        let action = if call {
            let args = encode(&by);
            let contract = Address::of_name(COUNTER);
            Action::Call { contract, method: "increment".into(), args, value: Amount::ZERO }
        } else {
            Action::Transfer { to: self.others[to], amount: Amount::new(amount) }
        };
        let receipt = loop {
            if let Some(receipt) = self.through(&action).await {
                break receipt;
            }
        };
        let mut ledger = locked(&self.ledger);
        let success = receipt["status"] == "success";
        ledger.nonce += 1;
        ledger.spent += number::<u128>(&receipt["fee"]).unwrap_or_default();
        if success && call {
            ledger.added += by;
        } else if success {
            ledger.spent += amount;
            ledger.paid[to] += amount;
        }
    }

    /// The receipt of a transaction with this action and the next nonce; `None` when its time ran out.
    async fn through(&mut self, action: &Action) -> Option<Value> {
        let valid_until = self.tip().await + VALID_HEIGHTS;
        let body = TxBody {
            chain_id: self.chain_id.clone(),
            sender: self.key.public(),
            nonce: locked(&self.ledger).nonce,
            valid_until: Height::new(valid_until),
            gas_limit: GAS,
            gas_price: self.gas_price,
            action: action.clone(),
        };
        let tx = sign_tx(body, &self.key);
        let (hash, bytes) = (tx.hash().to_string(), hex(&encode(&tx)));
        let begin = Instant::now();
        loop {
            let url = self.urls[self.rng.index(self.urls.len())].clone();
            let known = match self.rpc.ask(&url, "tx_submit", json!([bytes])).await {
                Ok(_) => true,
                Err(Unanswered::Refused(refusal)) => match refusal.name.as_str() {
                    "Expired" => {
                        locked(&self.ledger).expired += 1;
                        return None;
                    }
                    name => matches!(name, "AlreadyKnown" | "NonceTooLow"),
                },
                Err(Unanswered::Away(_)) => false,
            };
            if known {
                let wait = self.rpc.ask(&url, "tx_awaitReceipt", json!([hash, WAIT_MS])).await;
                if let Ok(receipt) = wait
                    && receipt.is_object()
                {
                    let ms = begin.elapsed().as_secs_f64() * 1_000.0;
                    let height = number(&receipt["height"]).unwrap_or_default();
                    locked(&self.ledger).finals.push(Final { hash, height, ms });
                    return Some(receipt);
                }
            }
            locked(&self.ledger).retries += 1;
            tokio::time::sleep(RETRY).await;
        }
    }

    /// The height of some node.
    async fn tip(&mut self) -> u64 {
        loop {
            let url = self.urls[self.rng.index(self.urls.len())].clone();
            match self.rpc.status(&url).await {
                Some(status) => return status.height.get(),
                None => tokio::time::sleep(RETRY).await,
            }
        }
    }
}

/// Bytes as JSON-RPC takes them.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::from("0x"), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes all that is written");
        text
    })
}
