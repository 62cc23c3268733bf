//! What the node counts, for Prometheus. The list is in `docs/compute.md`, and a test compares them.

use crate::compute::status::LocalStatus;
use hydrogen_offchain::compute::NoticeKind;
use hydrogen_types::Amount;
use hydrogen_types::task::Outcome;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::sync::atomic::AtomicU64;

/// Base units of one CNX.
const CNX: f64 = 1e18;

type Real = Gauge<f64, AtomicU64>;

/// One label with a name of its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Stage {
    stage: String,
}

/// State of the node.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct State {
    state: String,
}

/// Kind of an outcome or notice.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Kind {
    kind: &'static str,
}

/// Reason of a fine.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Reason {
    reason: String,
}

/// An endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Place {
    role: &'static str,
    url: String,
}

/// Counters and gauges.
pub(crate) struct Metrics {
    registry: Registry,
    height: Gauge,
    uptime_ms: Gauge,
    stage: Family<Stage, Gauge>,
    state: Family<State, Gauge>,
    outcomes: Family<Kind, Counter>,
    errors: Counter,
    notices: Family<Kind, Counter>,
    tasks_paid: Gauge,
    earned: Real,
    fines: Family<Reason, Gauge>,
    fined: Family<Reason, Real>,
    stake: Real,
    balance: Real,
    tasks_paid_for: Gauge,
    resumes_left: Gauge,
    records: Gauge,
    endpoints: Family<Place, Gauge>,
    cache_bytes: Gauge,
    stopping: Gauge,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let metrics = Self {
            registry: Registry::with_prefix("hydrogen_compute"),
            height: Gauge::default(),
            uptime_ms: Gauge::default(),
            stage: Family::default(),
            state: Family::default(),
            outcomes: Family::default(),
            errors: Counter::default(),
            notices: Family::default(),
            tasks_paid: Gauge::default(),
            earned: Real::default(),
            fines: Family::default(),
            fined: Family::default(),
            stake: Real::default(),
            balance: Real::default(),
            tasks_paid_for: Gauge::default(),
            resumes_left: Gauge::default(),
            records: Gauge::default(),
            endpoints: Family::default(),
            cache_bytes: Gauge::default(),
            stopping: Gauge::default(),
        };
        for kind in ["result", "error", "unavailable"] {
            drop(metrics.outcomes.get_or_create(&Kind { kind }));
        }
        for kind in NoticeKind::ALL {
            drop(metrics.notices.get_or_create(&Kind { kind: kind.name() }));
        }
        metrics.registered()
    }

    fn registered(mut self) -> Self {
        let registry = &mut self.registry;
        registry.register("height", "Height seen", self.height.clone());
        registry.register("uptime_ms", "Uptime of the chain in ms", self.uptime_ms.clone());
        registry.register("stage", "1 for the state of the task at hand, or idle", self.stage.clone());
        registry.register("state", "1 for the state of the node on the chain", self.state.clone());
        registry.register("outcomes", "Outcomes written down, by kind", self.outcomes.clone());
        registry.register("errors", "Steps that failed and were tried again", self.errors.clone());
        registry.register("notices", "Notices to the operator, by kind", self.notices.clone());
        registry.register("tasks_paid", "Tasks paid for since it joined", self.tasks_paid.clone());
        registry.register("earned_cnx", "CNX paid since it joined", self.earned.clone());
        registry.register("fines", "Fines, by reason", self.fines.clone());
        registry.register("fined_cnx", "CNX taken, by reason", self.fined.clone());
        registry.register("stake_cnx", "CNX at stake", self.stake.clone());
        registry.register("balance_cnx", "CNX of its account", self.balance.clone());
        registry.register("tasks_paid_for", "Tasks whose gas the balance pays", self.tasks_paid_for.clone());
        registry.register("resumes_left", "Resumes by itself left today", self.resumes_left.clone());
        registry.register("records", "Tasks whose records are kept", self.records.clone());
        registry.register("endpoint_up", "1 if it answered last, by role and URL", self.endpoints.clone());
        registry.register("cache_bytes", "Bytes of arguments and programs", self.cache_bytes.clone());
        registry.register("stopping", "1 once asked to stop", self.stopping.clone());
        self
    }

    pub(crate) fn count_outcome(&self, outcome: &Outcome) {
        let kind = match outcome {
            Outcome::Result { .. } => "result",
            Outcome::Error { .. } => "error",
            Outcome::Unavailable => "unavailable",
        };
        self.outcomes.get_or_create(&Kind { kind }).inc();
    }

    pub(crate) fn count_error(&self) {
        self.errors.inc();
    }

    pub(crate) fn count_notice(&self, kind: NoticeKind) {
        self.notices.get_or_create(&Kind { kind: kind.name() }).inc();
    }

    /// Takes over what the status says.
    pub(crate) fn show(&self, status: &LocalStatus) {
        self.height.set(whole(&status.height));
        self.uptime_ms.set(whole(&status.uptime_ms));
        self.stage.clear();
        let stage = status.stage.clone().unwrap_or_else(|| String::from("idle")).to_lowercase();
        self.stage.get_or_create(&Stage { stage }).set(1);
        self.state.clear();
        self.state.get_or_create(&State { state: status.state.clone() }).set(1);
        self.tasks_paid.set(whole(&status.tasks_paid));
        self.earned.set(cnx(&status.earned));
        for fine in &status.fines {
            let reason = Reason { reason: fine.reason.clone() };
            self.fines.get_or_create(&reason).set(whole(&fine.count));
            self.fined.get_or_create(&reason).set(cnx(&fine.amount));
        }
        self.stake.set(cnx(&status.stake));
        self.balance.set(cnx(&status.balance));
        self.tasks_paid_for.set(whole(&status.tasks_paid_for));
        self.resumes_left.set(whole(&status.resumes_left));
        self.records.set(i64::try_from(status.records.len()).unwrap_or(i64::MAX));
        self.endpoints.clear();
        for (role, endpoints) in [("rpc", &status.rpc), ("relay", &status.relays)] {
            for endpoint in endpoints {
                let place = Place { role, url: endpoint.url.clone() };
                self.endpoints.get_or_create(&place).set(endpoint.up.into());
            }
        }
        self.cache_bytes.set(whole(&status.cache_bytes));
        self.stopping.set(status.stopping.into());
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

fn whole(text: &str) -> i64 {
    text.parse::<u64>().map_or(0, |number| i64::try_from(number).unwrap_or(i64::MAX))
}

/// For people and charts: the exact amount is in the status.
#[expect(clippy::cast_precision_loss, reason = "a chart needs no more than 53 bits")]
fn cnx(text: &str) -> f64 {
    text.parse::<u128>().map_or(0.0, |units| Amount::new(units).get() as f64 / CNX)
}
