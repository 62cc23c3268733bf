//! Faults at random moments, one after the other, under load; after each, how long until all go on.

use super::audit::{self, Audit};
use super::error::RealError;
use super::faults::{Bounds, Fault, FaultKind, Kills};
use super::load::{self, Load};
use super::net::{Net, NetOptions};
use super::report::{ChaosReport, KindReport, NodeReport};
use super::stats::Series;
use super::watch::Watch;
use crate::sim::Rng;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How long all may take to go on after a fault.
const RESUME_MAX: Duration = Duration::from_secs(60);
/// How long the last transactions may take.
const FINISH_MAX: Duration = Duration::from_secs(60);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(20);

/// What to do.
#[derive(Debug, Clone)]
pub struct ChaosOptions {
    /// The network.
    pub net: NetOptions,
    /// How long faults go on.
    pub lasts: Duration,
    /// How many are killed at a time.
    pub kills: Kills,
    /// Longest partition; the shortest takes two seconds.
    pub partition_max: Duration,
    /// What else happens.
    pub faults: Vec<FaultKind>,
    /// Transactions a second.
    pub per_second: f64,
}

/// Runs a network under faults and audits it.
///
/// # Errors
/// What the network did wrong, or what the machine could not do.
pub async fn chaos(options: ChaosOptions, say: impl Fn(&str)) -> Result<ChaosReport, RealError> {
    let (accounts, seed) = (options.net.accounts, options.net.seed);
    let mut net = Net::start(options.net.clone()).await?;
    say(&format!("{} processes are up in {}", net.nodes.len(), options.net.dir.display()));
    let urls = net.urls();
    let mut watch = Watch::start(&net.rpc, &urls);
    let load = Load::start(&net.rpc, &urls, &net.genesis, (seed, accounts), options.per_second);
    let begin = Instant::now();
    let mut rng = Rng::new(seed);
    let mut kinds: BTreeMap<FaultKind, KindReport> = BTreeMap::new();
    let partition_ms = u64::try_from(options.partition_max.as_millis()).unwrap_or(u64::MAX);
    let bounds = Bounds { kills: options.kills, partition_ms };
    watch.reset_gap();
    while begin.elapsed() < options.lasts {
        tokio::time::sleep(Duration::from_millis(rng.within(300, 2_000))).await;
        let mut choice = options.faults.clone();
        if options.kills != Kills::None {
            choice.push(FaultKind::Kill);
        }
        if choice.is_empty() {
            continue;
        }
        let fault = Fault::draw(choice[rng.index(choice.len())], bounds, net.nodes.len(), &mut rng);
        let report = kinds.entry(fault.kind).or_default();
        let resumed = suffer(&mut net, &watch, &fault, &mut rng, report).await?;
        say(&format!("{fault}: all go on after {} ms, height {}", resumed.as_millis(), watch.top()));
    }
    let lasted = begin.elapsed();
    let height = watch.top();
    let ledgers = load.finish(FINISH_MAX).await?;
    let top = watch.top();
    net.await_height(top, RESUME_MAX).await?;
    watch.check()?;
    let compared = watch.compared();
    watch.stop().await;
    let (delays, retries) = (load::delays(&ledgers), ledgers.iter().map(|ledger| ledger.retries).sum());
    let expired = ledgers.iter().map(|ledger| ledger.expired).sum();
    let audit: Audit = audit::audit(&net, ledgers).await?;
    let nodes = NodeReport::of(&net).await;
    Ok(ChaosReport { seed, lasted, height, kinds, audit, compared, delays, retries, expired, nodes })
}

/// One fault from its beginning until every node decides blocks again.
async fn suffer(
    net: &mut Net,
    watch: &Watch,
    fault: &Fault,
    rng: &mut Rng,
    report: &mut KindReport,
) -> Result<Duration, RealError> {
    let quorum = fault.leaves_quorum(net.nodes.len()) || !cuts(fault.kind);
    let calm = watch.reset_gap();
    fault.happen(net, rng).await?;
    let healed = Instant::now();
    let at = watch.top();
    // All were there, and then something new came, which all have as well.
    let resumed = loop {
        watch.check()?;
        let least = watch.heights().into_iter().min().unwrap_or_default();
        if least > at {
            break healed.elapsed();
        }
        for (index, node) in net.nodes.iter_mut().enumerate() {
            if node.has_ended() {
                let log = node.home.join("log");
                let text =
                    format!("node {index} ended by itself after {fault}; its log is {}", log.display());
                return Err(RealError::Violation(text));
            }
        }
        if healed.elapsed() > RESUME_MAX {
            let text = format!(
                "{fault}: {RESUME_MAX:?} after it the heights are {:?}, not all above {at}",
                watch.heights()
            );
            return Err(RealError::Violation(text));
        }
        tokio::time::sleep(LOOK).await;
    };
    let gap = watch.reset_gap();
    report.count += 1;
    report.victims += fault.victims.len();
    report.resumed.push(ms(resumed));
    report.calm.push(ms(calm));
    if quorum {
        report.gaps.push(ms(gap));
    } else {
        report.without_quorum += 1;
    }
    Ok(resumed)
}

/// Whether a fault takes its victims from the others.
fn cuts(kind: FaultKind) -> bool {
    matches!(kind, FaultKind::Kill | FaultKind::Partition | FaultKind::Pause)
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

/// All resumes of all kinds.
pub(super) fn resumed(kinds: &BTreeMap<FaultKind, KindReport>) -> Series {
    let mut all = Series::default();
    kinds.values().for_each(|kind| all.extend(&kind.resumed));
    all
}
