//! Speeds of a network: idle, with one transaction at a time, and with as many as it takes.

use super::error::RealError;
use super::homes;
use super::load::hex;
use super::net::{Net, NetOptions};
use super::report::BenchReport;
use super::rpc::{Rpc, Unanswered, number};
use super::stats::Series;
use crate::sim::Rng;
use hydrogen_core::{Genesis, SecretKey, sign_tx};
use hydrogen_types::codec::encode;
use hydrogen_types::{Action, Amount, Gas, Height, TxBody};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Gas of a transfer.
const GAS: Gas = Gas::new(100_000_000);
/// Transactions that one account has in the pool at most: below what a pool takes of one sender.
const WINDOW: u64 = 200;
/// Longest wait for one transaction.
const FINAL_MAX: Duration = Duration::from_secs(30);

/// What to do.
#[derive(Debug, Clone)]
pub struct BenchOptions {
    /// The network.
    pub net: NetOptions,
    /// How long each part lasts.
    pub lasts: Duration,
}

/// What the network had done at one moment.
struct Mark {
    at: Instant,
    height: u64,
    cpu_s: f64,
    /// Bytes and packets on the wire, all nodes together.
    sent: Option<(u64, u64)>,
}

/// What it did between two.
struct Part {
    seconds: f64,
    blocks: u64,
    txs: u64,
    cpu_s: f64,
    sent: Option<(u64, u64)>,
}

/// Measures.
///
/// # Errors
/// What the network did wrong, or what the machine could not do.
pub async fn bench(options: BenchOptions, say: impl Fn(&str)) -> Result<BenchReport, RealError> {
    let mut net = Net::start(options.net.clone()).await?;
    // The links are settled and everybody knows everybody.
    tokio::time::sleep(Duration::from_secs(3)).await;
    say("idle");
    let from = mark(&net).await;
    tokio::time::sleep(options.lasts.max(Duration::from_secs(30))).await;
    let idle = part(&net, &from, mark(&net).await).await?;
    say("one transaction at a time");
    let mut nonces = vec![0; options.net.accounts];
    let from = mark(&net).await;
    let (here, there) = probe(&net, &mut nonces, options.lasts).await?;
    let single = part(&net, &from, mark(&net).await).await?;
    say("as many as it takes");
    let from = mark(&net).await;
    flood(&net, &mut nonces, options.lasts).await?;
    let full = part(&net, &from, mark(&net).await).await?;
    let top = mark(&net).await.height;
    net.await_height(top, FINAL_MAX).await?;
    Ok(report(&options, (&idle, &single, &full), (&here, &there)))
}

async fn mark(net: &Net) -> Mark {
    let height = net.heights().await.into_iter().flatten().max().unwrap_or_default();
    let sent = net.links.sent().map(|all| all.iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1)));
    Mark { at: Instant::now(), height, cpu_s: net.nodes.iter().map(|node| node.usage().cpu_s).sum(), sent }
}

async fn part(net: &Net, from: &Mark, to: Mark) -> Result<Part, RealError> {
    let mut txs = 0;
    for height in from.height + 1..=to.height {
        let block = net.rpc.must(&net.nodes[0].url, "chain_block", json!([height.to_string()])).await?;
        txs += block["txs"].as_array().map_or(0, Vec::len) as u64;
    }
    let sent = from.sent.zip(to.sent).map(|(from, to)| (to.0 - from.0, to.1 - from.1));
    Ok(Part {
        seconds: (to.at - from.at).as_secs_f64(),
        blocks: to.height - from.height,
        txs,
        cpu_s: to.cpu_s - from.cpu_s,
        sent,
    })
}

fn transfer(genesis: &Genesis, key: &SecretKey, nonce: u64, tip: u64) -> (String, String) {
    let body = TxBody {
        chain_id: genesis.chain_id.clone(),
        sender: key.public(),
        nonce,
        valid_until: Height::new(tip + 1_000),
        gas_limit: GAS,
        gas_price: genesis.params.gas_price_min,
        action: Action::Transfer { to: key.address(), amount: Amount::new(1) },
    };
    let tx = sign_tx(body, key);
    (tx.hash().to_string(), hex(&encode(&tx)))
}

/// Hands one transaction to a node and waits until it is final there, and at another.
async fn probe(net: &Net, nonces: &mut [u64], lasts: Duration) -> Result<(Series, Series), RealError> {
    let (mut here, mut there) = (Series::default(), Series::default());
    let mut rng = Rng::new(net.options.seed);
    let begin = Instant::now();
    let key = homes::account(net.options.seed, 0);
    while begin.elapsed() < lasts {
        tokio::time::sleep(Duration::from_millis(rng.within(0, 300))).await;
        let count = net.nodes.len();
        let first = rng.index(count);
        let second = (first + 1 + rng.index(count - 1)) % count;
        let (first, second) = (&net.nodes[first].url, &net.nodes[second].url);
        let tip = net.rpc.status(first).await.map_or(0, |status| status.height.get());
        let (hash, bytes) = transfer(&net.genesis, &key, nonces[0], tip);
        let sent = Instant::now();
        net.rpc.must(first, "tx_submit", json!([bytes])).await?;
        let (at_first, at_second) = tokio::join!(seen(&net.rpc, first, &hash), seen(&net.rpc, second, &hash));
        here.push((at_first? - sent).as_secs_f64() * 1_000.0);
        there.push((at_second? - sent).as_secs_f64() * 1_000.0);
        nonces[0] += 1;
    }
    Ok((here, there))
}

/// When a node had the receipt.
async fn seen(rpc: &Rpc, url: &str, hash: &str) -> Result<Instant, RealError> {
    let wait = u64::try_from(FINAL_MAX.as_millis()).unwrap_or(u64::MAX);
    match rpc.ask_for(url, "tx_awaitReceipt", json!([hash, wait]), 2 * FINAL_MAX).await {
        Ok(receipt) if receipt.is_object() => Ok(Instant::now()),
        other => {
            Err(RealError::Violation(format!("{hash} is not final at {url} in {FINAL_MAX:?}: {other:?}")))
        }
    }
}

/// Every account keeps the pool filled.
async fn flood(net: &Net, nonces: &mut [u64], lasts: Duration) -> Result<(), RealError> {
    let stop = Arc::new(AtomicBool::new(false));
    let mut tasks = JoinSet::new();
    for (index, nonce) in nonces.iter().enumerate() {
        let key = homes::account(net.options.seed, index);
        let url = net.nodes[index % net.nodes.len()].url.clone();
        let (rpc, genesis, stop) = (net.rpc.clone(), net.genesis.clone(), Arc::clone(&stop));
        let mut next = *nonce;
        tasks.spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                let account = rpc.ask(&url, "account_get", json!([key.address().to_string()])).await;
                let used = account.ok().and_then(|account| number::<u64>(&account["nonce"]));
                let tip = rpc.status(&url).await.map_or(0, |status| status.height.get());
                let Some(used) = used else { continue };
                next = next.max(used);
                while next < used + WINDOW && !stop.load(Ordering::Relaxed) {
                    let (_, bytes) = transfer(&genesis, &key, next, tip);
                    match rpc.ask(&url, "tx_submit", json!([bytes])).await {
                        Ok(_) => next += 1,
                        Err(Unanswered::Refused(refusal)) if refusal.name == "AlreadyKnown" => next += 1,
                        Err(_) => break,
                    }
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
    }
    tokio::time::sleep(lasts).await;
    stop.store(true, Ordering::Relaxed);
    while let Some(ended) = tasks.join_next().await {
        ended.map_err(|error| RealError::Violation(format!("a sender panicked: {error}")))?;
    }
    Ok(())
}

impl Part {
    fn ratio(of: f64, by: u64) -> f64 {
        if by == 0 { 0.0 } else { (of * 100.0 / by as f64).round() / 100.0 }
    }

    fn json(&self) -> Value {
        let bytes = |by| self.sent.map(|(bytes, _)| Self::ratio(bytes as f64, by).round());
        json!({
            "seconds": self.seconds, "blocks": self.blocks, "txs": self.txs,
            "blocks_per_s": (self.blocks as f64 / self.seconds * 100.0).round() / 100.0,
            "txs_per_s": (self.txs as f64 / self.seconds * 10.0).round() / 10.0,
            "cpu_ms_per_block": Self::ratio(self.cpu_s * 1e3, self.blocks),
            "cpu_ms_per_tx": Self::ratio(self.cpu_s * 1e3, self.txs),
            "wire_bytes_per_block": bytes(self.blocks), "wire_bytes_per_tx": bytes(self.txs),
            "wire_packets_per_block": self.sent.map(|(_, packets)| Self::ratio(packets as f64, self.blocks)),
            "wire_bytes_per_s": self.sent.map(|(bytes, _)| (bytes as f64 / self.seconds).round())
        })
    }
}

fn report(
    options: &BenchOptions,
    (idle, single, full): (&Part, &Part, &Part),
    (here, there): (&Series, &Series),
) -> BenchReport {
    let json = json!({
        "validators": options.net.validators, "accounts": options.net.accounts,
        "idle": idle.json(), "single": single.json(), "full": full.json(),
        "finality_here": here.json(), "finality_there": there.json(),
        "load_average": std::fs::read_to_string("/proc/loadavg").unwrap_or_default().trim()
    });
    let line = |name: &str, part: &Part| {
        let part = part.json();
        format!(
            "{name}: {} blocks/s, {} tx/s, {} ms of CPU a block and {} a transaction, all nodes together; {} bytes on the wire a block, {} a transaction\n",
            part["blocks_per_s"],
            part["txs_per_s"],
            part["cpu_ms_per_block"],
            part["cpu_ms_per_tx"],
            part["wire_bytes_per_block"],
            part["wire_bytes_per_tx"]
        )
    };
    let text = format!(
        "{} validators\n{}{}final at the node it was handed to: {here}\nfinal at another node: {there}\n{}load average {}\n",
        options.net.validators,
        line("idle", idle),
        line("one at a time", single),
        line("full", full),
        json["load_average"].as_str().unwrap_or_default()
    );
    BenchReport { json, text }
}
