//! What runs found, for people and for programs.

use super::audit::Audit;
use super::chaos;
use super::faults::FaultKind;
use super::net::Net;
use super::stats::Series;
use super::usage::Usage;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// One kind of fault.
#[derive(Debug, Clone, Default)]
pub(super) struct KindReport {
    pub(super) count: usize,
    /// Nodes it happened to, in all.
    pub(super) victims: usize,
    /// Times it left no side with more than two thirds.
    pub(super) without_quorum: usize,
    /// From its end until every node has a block that nobody had at its end.
    pub(super) resumed: Series,
    /// The longest time without a block, from its beginning until all went on; only where a quorum was left.
    pub(super) gaps: Series,
    /// The longest time without a block while nothing happened, before it.
    pub(super) calm: Series,
}

/// One node at the end.
#[derive(Debug, Clone)]
pub(super) struct NodeReport {
    pub(super) usage: Usage,
    pub(super) peers: usize,
    /// Counters of its metrics that are not 0.
    counters: BTreeMap<String, u64>,
}

impl NodeReport {
    pub(super) async fn of(net: &Net) -> Vec<Self> {
        let mut reports = Vec::new();
        for node in &net.nodes {
            let peers = net.rpc.status(&node.url).await.map_or(0, |status| status.peers);
            let counters =
                net.rpc.metrics(&node.url).await.into_iter().filter(|(_, value)| *value > 0).collect();
            reports.push(Self { usage: node.usage(), peers, counters });
        }
        reports
    }

    /// A counter by the end of its name; 0 when there is none.
    fn counter(&self, name: &str) -> u64 {
        self.counters.iter().filter(|(known, _)| known.contains(name)).map(|(_, value)| *value).sum()
    }
}

/// A run of chaos that broke no promise.
#[derive(Debug, Clone)]
pub struct ChaosReport {
    pub(super) seed: u64,
    pub(super) lasted: Duration,
    pub(super) height: u64,
    pub(super) kinds: BTreeMap<FaultKind, KindReport>,
    pub(super) audit: Audit,
    pub(super) compared: u64,
    pub(super) delays: Series,
    pub(super) retries: u64,
    pub(super) expired: u64,
    pub(super) nodes: Vec<NodeReport>,
}

impl ChaosReport {
    /// Faults of a kind that happened.
    #[must_use]
    pub fn faults(&self, kind: FaultKind) -> usize {
        self.kinds.get(&kind).map_or(0, |report| report.count)
    }

    /// Transactions that are final everywhere.
    #[must_use]
    pub fn txs(&self) -> usize {
        self.audit.txs
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> Value {
        let kind = |(kind, report): (&FaultKind, &KindReport)| {
            json!({
                "fault": kind.name(), "count": report.count, "victims": report.victims,
                "without_quorum": report.without_quorum, "resumed": report.resumed.json(),
                "longest_gap": report.gaps.json(), "longest_gap_before": report.calm.json()
            })
        };
        let node = |node: &NodeReport| json!({"usage": node.usage.json(), "peers": node.peers, "counters": node.counters});
        json!({
            "seed": self.seed.to_string(), "seconds": self.lasted.as_secs_f64(), "height": self.height,
            "faults": self.kinds.iter().map(kind).collect::<Vec<_>>(),
            "resumed": chaos::resumed(&self.kinds).json(),
            "txs": self.audit.txs, "finality": self.delays.json(), "retries": self.retries,
            "expired": self.expired,
            "audit": {
                "height": self.audit.height, "headers": self.audit.headers, "compared_on_the_way": self.compared,
                "accounts": self.audit.accounts, "supply": self.audit.supply.to_string()
            },
            "nodes": self.nodes.iter().map(node).collect::<Vec<_>>()
        })
    }
}

impl fmt::Display for ChaosReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.lasted.as_secs_f64();
        writeln!(
            f,
            "seed {}: {seconds:.0} s, {} blocks, {} nodes",
            self.seed,
            self.height,
            self.nodes.len()
        )?;
        for (kind, report) in &self.kinds {
            writeln!(f, "{}: {} times, {} nodes in all", kind.name(), report.count, report.victims)?;
            writeln!(f, "  all go on after it: {}", report.resumed)?;
            writeln!(f, "  longest pause between blocks meanwhile: {}", report.gaps)?;
            if report.without_quorum > 0 {
                let count = report.without_quorum;
                writeln!(f, "  {count} times no side had more than two thirds: no block was due")?;
            }
        }
        writeln!(f, "all faults: all go on after: {}", chaos::resumed(&self.kinds))?;
        let (txs, retries, expired) = (self.audit.txs, self.retries, self.expired);
        writeln!(
            f,
            "{txs} transactions, {retries} hand-overs again, {expired} expired; final after {}",
            self.delays
        )?;
        let Audit { height, headers, accounts, supply, .. } = &self.audit;
        writeln!(
            f,
            "no fork: {headers} headers up to height {height} are the same at all nodes ({} more compared on the way)",
            self.compared
        )?;
        writeln!(
            f,
            "nothing lost: {txs} of {txs} in the chain of all; {accounts} balances and nonces are as counted; {supply} base units in all, as in genesis"
        )?;
        for (index, node) in self.nodes.iter().enumerate() {
            let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
            let usage = &node.usage;
            writeln!(
                f,
                "node {index}: {:.0} MiB memory, store {:.1} MiB, vote log {:.2} MiB, log {:.2} MiB, {} peers, {} clock refusals, {} faults of peers",
                mib(usage.rss),
                mib(usage.chain),
                mib(usage.votes),
                mib(usage.other),
                node.peers,
                node.counter("proposals_refused_clock"),
                node.counter("peer_faults")
            )?;
        }
        Ok(())
    }
}

/// Speeds of one network.
#[derive(Debug, Clone)]
pub struct BenchReport {
    pub(super) json: Value,
    pub(super) text: String,
}

impl BenchReport {
    /// For programs.
    #[must_use]
    pub fn json(&self) -> &Value {
        &self.json
    }
}

impl fmt::Display for BenchReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
