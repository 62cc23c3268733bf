//! What the relay counts.

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

/// Counters and gauges, encoded at `/metrics`.
pub(crate) struct Metrics {
    registry: Registry,
    pub(crate) requests: Family<Answered, Counter>,
    pub(crate) bytes_in: Counter,
    pub(crate) bytes_out: Counter,
    pub(crate) receipts: Counter,
    pub(crate) height: Gauge,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("hydrogen_relay");
        let requests = Family::<Answered, Counter>::default();
        let (bytes_in, bytes_out, receipts) = (Counter::default(), Counter::default(), Counter::default());
        let height = Gauge::default();
        registry.register("requests", "Requests answered, by kind and status", requests.clone());
        registry.register("received_bytes", "Bytes of bodies received", bytes_in.clone());
        registry.register("sent_bytes", "Bytes of bodies asked for", bytes_out.clone());
        registry.register("receipts", "Receipts issued", receipts.clone());
        registry.register("height", "Final height followed", height.clone());
        Self { registry, requests, bytes_in, bytes_out, receipts, height }
    }

    pub(crate) fn count(&self, kind: &'static str, status: u16) {
        self.requests.get_or_create(&Answered { kind, status }).inc();
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
