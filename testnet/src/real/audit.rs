//! When all is quiet again: every node is asked for everything, and it must add up.

use super::error::RealError;
use super::homes::COUNTER;
use super::load::{self, Ledger};
use super::net::Net;
use super::rpc::{Rpc, number};
use super::watch;
use hydrogen_types::{Address, Amount};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What was found to hold.
#[derive(Debug, Clone, Default)]
pub(super) struct Audit {
    /// The height up to which all agree.
    pub(super) height: u64,
    /// Headers asked for, over all nodes.
    pub(super) headers: u64,
    /// Transactions found in the blocks of every node.
    pub(super) txs: usize,
    /// Accounts whose balance and nonce are what their owners counted, at every node.
    pub(super) accounts: usize,
    /// The sum of all balances, in base units.
    pub(super) supply: u128,
}

fn violation(text: String) -> RealError {
    RealError::Violation(text)
}

/// Audits a network at rest, from the first block on.
pub(super) async fn audit(net: &Net, ledgers: Vec<Ledger>) -> Result<Audit, RealError> {
    let heights = net.heights().await;
    let height = heights.iter().copied().flatten().min().unwrap_or_default();
    let first = Arc::new(blocks(&net.rpc, &net.nodes[0].url, height).await?);
    let mut audit = Audit { height, headers: first.len() as u64, ..Audit::default() };
    audit.txs = nothing_lost(&first, &ledgers)?;
    let mut others = tokio::task::JoinSet::new();
    for (index, url) in net.urls().into_iter().enumerate().skip(1) {
        let (rpc, first) = (net.rpc.clone(), Arc::clone(&first));
        others.spawn(async move { same(&rpc, &url, index, &first).await });
    }
    while let Some(done) = others.join_next().await {
        audit.headers += done.map_err(|error| violation(format!("a check panicked: {error}")))??;
    }
    audit.accounts = accounts(net, &ledgers).await?;
    audit.supply = supply(net).await?;
    counter(net, &ledgers).await?;
    Ok(audit)
}

/// What a node has of one height.
#[derive(Debug, Default)]
pub(super) struct Shown {
    hash: String,
    root: String,
    txs: Vec<String>,
}

impl Shown {
    /// A block with these transactions.
    #[cfg(test)]
    pub(super) fn of(txs: &[&str]) -> Self {
        Self { txs: txs.iter().copied().map(String::from).collect(), ..Self::default() }
    }
}

async fn blocks(rpc: &Rpc, url: &str, top: u64) -> Result<BTreeMap<u64, Shown>, RealError> {
    let mut blocks = BTreeMap::new();
    for height in 1..=top {
        let block = rpc.must(url, "chain_block", json!([height.to_string()])).await?;
        if block.is_null() {
            return Err(violation(format!("node 0 does not have block {height} of {top}")));
        }
        let txs = block["txs"].as_array().into_iter().flatten();
        let txs = txs.filter_map(|tx| tx["hash"].as_str()).map(str::to_owned).collect();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (hash, root) = (text(&block["hash"]), text(&block["header"]["state_root"]));
        blocks.insert(height, Shown { hash, root, txs });
    }
    Ok(blocks)
}

/// The headers bind the transactions: equal ids are equal blocks.
async fn same(rpc: &Rpc, url: &str, index: usize, first: &BTreeMap<u64, Shown>) -> Result<u64, RealError> {
    let mut count = 0;
    for (height, shown) in first {
        // One that started from a snapshot has no early blocks; it was watched while it had them.
        let Some((hash, root)) = watch::header(rpc, url, *height).await? else { continue };
        if hash != shown.hash || root != shown.root {
            let (had, root_had) = (&shown.hash, &shown.root);
            return Err(violation(format!(
                "fork at height {height}: node 0 has {had} with root {root_had}, node {index} has {hash} with root {root}"
            )));
        }
        count += 1;
    }
    if count == 0 {
        return Err(violation(format!("node {index} has none of the {} blocks of node 0", first.len())));
    }
    Ok(count)
}

/// Every transaction that some node called final is in the chain, once, where it said.
pub(super) fn nothing_lost(chain: &BTreeMap<u64, Shown>, ledgers: &[Ledger]) -> Result<usize, RealError> {
    let mut places = BTreeMap::new();
    for (height, block) in chain {
        for hash in &block.txs {
            if let Some(before) = places.insert(hash.as_str(), *height) {
                return Err(violation(format!("{hash} is in the blocks {before} and {height}")));
            }
        }
    }
    let mut count = 0;
    for done in ledgers.iter().flat_map(|ledger| &ledger.finals) {
        let found = places.get(done.hash.as_str());
        if found != Some(&done.height) {
            let (hash, height) = (&done.hash, done.height);
            return Err(violation(format!(
                "{hash} was called final at {height}, the chain has it at {found:?}"
            )));
        }
        count += 1;
    }
    if count != places.len() {
        return Err(violation(format!("{} transactions in the chain, {count} sent", places.len())));
    }
    Ok(count)
}

/// Every node shows the balance and the nonce that each owner counted.
async fn accounts(net: &Net, ledgers: &[Ledger]) -> Result<usize, RealError> {
    let balances = load::balances(ledgers);
    for (ledger, balance) in ledgers.iter().zip(balances) {
        let address = ledger.address.to_string();
        for (index, node) in net.nodes.iter().enumerate() {
            let account = net.rpc.must(&node.url, "account_get", json!([address])).await?;
            let shown = (number::<u128>(&account["balance"]), number::<u64>(&account["nonce"]));
            if shown != (Some(balance), Some(ledger.nonce)) {
                let nonce = ledger.nonce;
                return Err(violation(format!(
                    "{address} counted balance {balance} and nonce {nonce}, node {index} shows {shown:?}"
                )));
            }
        }
    }
    Ok(ledgers.len())
}

/// All balances of every node add up to those of genesis.
async fn supply(net: &Net) -> Result<u128, RealError> {
    let wanted: u128 = net.genesis.accounts.iter().map(|(_, amount)| Amount::get(*amount)).sum();
    for (index, node) in net.nodes.iter().enumerate() {
        let (mut sum, mut after) = (0u128, Value::Null);
        loop {
            let page = net.rpc.must(&node.url, "account_all", json!([after])).await?;
            let rows = page["accounts"].as_array().into_iter().flatten();
            sum += rows.filter_map(|row| number::<u128>(&row["balance"])).sum::<u128>();
            after = page["next"].clone();
            if after.is_null() {
                break;
            }
        }
        if sum != wanted {
            return Err(violation(format!(
                "balances of node {index} add up to {sum}, those of genesis to {wanted}"
            )));
        }
    }
    Ok(wanted)
}

/// The contract counted what its callers counted.
async fn counter(net: &Net, ledgers: &[Ledger]) -> Result<(), RealError> {
    let wanted: u64 = ledgers.iter().map(|ledger| ledger.added).sum();
    let contract = Address::of_name(COUNTER).to_string();
    for (index, node) in net.nodes.iter().enumerate() {
        let answer = net.rpc.must(&node.url, "contract_query", json!([contract, "get", {}])).await?;
        let shown = answer.as_u64().or_else(|| number(&answer));
        if shown != Some(wanted) {
            return Err(violation(format!("callers counted {wanted}, node {index} shows {answer}")));
        }
    }
    Ok(())
}
