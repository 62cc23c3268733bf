//! What the relay counts. `docs/relay.md` lists all of it, which a test compares.

use crate::relay::answer::Reason;
use axum::response::Response;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Labels of an answered request.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Answered {
    /// `upload`, `download`, `program`.
    pub(crate) kind: &'static str,
    /// HTTP status.
    pub(crate) status: u16,
}

/// Label of what was refused, failed or removed, and why.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Because {
    pub(crate) reason: &'static str,
}

/// Why a node could not be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NodeFault {
    Unreachable,
    OtherChain,
    Behind,
}

impl NodeFault {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Unreachable => "NodeUnreachable",
            Self::OtherChain => "NodeOfOtherChain",
            Self::Behind => "NodeBehind",
        }
    }
}

/// Counters and gauges, encoded at `/metrics`.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    registry: Registry,
    pub(crate) requests: Family<Answered, Counter>,
    pub(crate) refusals: Family<Because, Counter>,
    pub(crate) bytes_in: Counter,
    pub(crate) bytes_out: Counter,
    pub(crate) receipts: Counter,
    pub(crate) height: Gauge,
    pub(crate) node_seen_ms: Gauge,
    pub(crate) node_faults: Family<Because, Counter>,
    pub(crate) blobs: Gauge,
    pub(crate) programs: Gauge,
    pub(crate) program_bytes: Gauge,
    pub(crate) quota_accounts: Gauge,
    pub(crate) quota_bytes: Gauge,
    pub(crate) quota_bytes_most: Gauge,
    pub(crate) nonces: Gauge,
    pub(crate) transfers: Gauge,
    pub(crate) connections: Gauge,
    pub(crate) connections_refused: Family<Because, Counter>,
    pub(crate) fingerprint_runs: Family<Because, Counter>,
    pub(crate) removed: Family<Because, Counter>,
    pub(crate) removed_bytes: Counter,
    pub(crate) sweeps: Family<Because, Counter>,
    pub(crate) panics: Counter,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut metrics = Self { registry: Registry::with_prefix("hydrogen_relay"), ..Self::default() };
        let mut registry = std::mem::take(&mut metrics.registry);
        metrics.register_traffic(&mut registry);
        metrics.register_stock(&mut registry);
        metrics.registry = registry;
        metrics.begin();
        metrics
    }

    /// Makes the series that are known beforehand: a counter that appears with its first event hides that event.
    fn begin(&self) {
        for (kind, status) in [("upload", 201), ("download", 200), ("program", 200)] {
            drop(self.requests.get_or_create(&Answered { kind, status }));
        }
        let faults = [NodeFault::Unreachable, NodeFault::OtherChain, NodeFault::Behind].map(NodeFault::name);
        for (family, reasons) in [
            (&self.refusals, ["Busy"].as_slice()),
            (&self.node_faults, &faults),
            (&self.connections_refused, &["all", "address"]),
            (&self.fingerprint_runs, &["match", "mismatch", "error", "shortage"]),
            (&self.removed, &["task ended", "program evicted", "stray"]),
            (&self.sweeps, &["done", "stopped early"]),
        ] {
            for reason in reasons {
                drop(family.get_or_create(&Because { reason }));
            }
        }
    }

    fn register_traffic(&self, registry: &mut Registry) {
        registry.register("requests", "Requests answered, by kind and status", self.requests.clone());
        registry.register("refusals", "Requests refused, by the name in the answer", self.refusals.clone());
        registry.register("received_bytes", "Bytes of bodies received", self.bytes_in.clone());
        registry.register("sent_bytes", "Bytes of blobs and programs sent", self.bytes_out.clone());
        registry.register("receipts", "Receipts issued", self.receipts.clone());
        registry.register("transfers", "Transfers under way", self.transfers.clone());
        registry.register("connections", "Connections open", self.connections.clone());
        registry.register(
            "connections_refused",
            "Connections refused, by the bound they met",
            self.connections_refused.clone(),
        );
        registry.register(
            "fingerprint_runs",
            "Fingerprint programs run on results, by outcome",
            self.fingerprint_runs.clone(),
        );
        registry.register("panics", "Connections ended by a fault of the relay", self.panics.clone());
    }

    fn register_stock(&self, registry: &mut Registry) {
        registry.register("height", "Final height followed", self.height.clone());
        registry.register("node_seen_ms", "Milliseconds since a node answered", self.node_seen_ms.clone());
        registry.register("node_faults", "Nodes passed over, by reason", self.node_faults.clone());
        registry.register("blobs", "Arguments and results stored", self.blobs.clone());
        registry.register("programs", "Programs stored", self.programs.clone());
        registry.register("program_bytes", "Bytes of programs stored", self.program_bytes.clone());
        registry.register("quota_accounts", "Accounts with bytes here", self.quota_accounts.clone());
        registry.register(
            "quota_bytes",
            "Bytes of arguments and results stored or under way",
            self.quota_bytes.clone(),
        );
        registry.register(
            "quota_bytes_most",
            "Bytes of the account that has most",
            self.quota_bytes_most.clone(),
        );
        registry.register("nonces", "Nonces remembered", self.nonces.clone());
        registry.register("removed", "Blobs and programs removed, by reason", self.removed.clone());
        registry.register("removed_bytes", "Bytes removed", self.removed_bytes.clone());
        registry.register("sweeps", "Sweeps, by how they ended", self.sweeps.clone());
    }

    /// Counts an answer, and its reason if it is a refusal.
    pub(crate) fn answered(&self, kind: &'static str, response: &Response) {
        let status = response.status().as_u16();
        self.requests.get_or_create(&Answered { kind, status }).inc();
        if let Some(Reason(reason)) = response.extensions().get() {
            self.refusals.get_or_create(&Because { reason }).inc();
        }
    }

    pub(crate) fn node_fault(&self, fault: NodeFault) {
        self.node_faults.get_or_create(&Because { reason: fault.name() }).inc();
    }

    /// Counts something that went away.
    pub(crate) fn gone(&self, reason: &'static str, bytes: u64) {
        self.removed.get_or_create(&Because { reason }).inc();
        self.removed_bytes.inc_by(bytes);
    }

    /// The text that Prometheus reads.
    pub(crate) fn encode(&self) -> String {
        let mut text = String::new();
        match prometheus_client::encoding::text::encode(&mut text, &self.registry) {
            Ok(()) => text,
            Err(error) => format!("# {error}\n"),
        }
    }
}

/// A gauge's value; what does not fit is as good as endless.
pub(crate) fn level(value: impl TryInto<i64>) -> i64 {
    value.try_into().unwrap_or(i64::MAX)
}
