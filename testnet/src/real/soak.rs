//! A network left alone, or under a steady load: what each process takes of the machine, over time.

use super::audit;
use super::error::RealError;
use super::load::Load;
use super::net::{Net, NetOptions};
use super::stats::slope;
use super::usage::Usage;
use super::watch::Watch;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How long the last transactions, and the slowest node, may take.
const FINISH_MAX: Duration = Duration::from_secs(60);

/// What to do.
#[derive(Debug, Clone)]
pub struct SoakOptions {
    /// The network.
    pub net: NetOptions,
    /// How long.
    pub lasts: Duration,
    /// Transactions a second; 0 leaves the network idle.
    pub per_second: f64,
    /// Time between two samples.
    pub every: Duration,
}

/// Samples of one node: seconds since the start, height, usage.
type Samples = Vec<(f64, u64, Usage)>;

/// Runs a network; `say` hears each sample as a line of JSON, and the summary as the last.
///
/// # Errors
/// What the network did wrong, or what the machine could not do.
pub async fn soak(options: SoakOptions, say: impl Fn(&str)) -> Result<Value, RealError> {
    let (accounts, seed) = (options.net.accounts, options.net.seed);
    let mut net = Net::start(options.net.clone()).await?;
    let urls = net.urls();
    let mut watch = Watch::start(&net.rpc, &urls);
    let load = (options.per_second > 0.0)
        .then(|| Load::start(&net.rpc, &urls, &net.genesis, (seed, accounts), options.per_second));
    let begin = Instant::now();
    let mut samples: Vec<Samples> = vec![Vec::new(); net.nodes.len()];
    loop {
        let at = begin.elapsed();
        let heights = watch.heights();
        for (index, node) in net.nodes.iter().enumerate() {
            let usage = node.usage();
            say(&json!({
                "second": at.as_secs(), "node": index, "height": heights[index], "usage": usage.json(),
                "txs": load.as_ref().map_or(0, Load::done)
            })
            .to_string());
            samples[index].push((at.as_secs_f64(), heights[index], usage));
        }
        watch.check()?;
        if at >= options.lasts {
            break;
        }
        tokio::time::sleep(options.every.min(options.lasts - at)).await;
    }
    let ledgers = match load {
        Some(load) => load.finish(FINISH_MAX).await?,
        None => Vec::new(),
    };
    net.await_height(watch.top(), FINISH_MAX).await?;
    watch.check()?;
    watch.stop().await;
    let audited = audit::audit(&net, ledgers).await?;
    let summary = json!({
        "summary": true, "validators": net.nodes.len(), "per_second": options.per_second,
        "seconds": begin.elapsed().as_secs(), "height": audited.height, "txs": audited.txs,
        "headers_compared": audited.headers,
        "nodes": samples.iter().map(summary).collect::<Vec<_>>()
    });
    say(&summary.to_string());
    Ok(summary)
}

/// First, last and slope of one node's figures. The slopes are those of the second half: the first fills caches.
fn summary(samples: &Samples) -> Value {
    let half = &samples[samples.len() / 2..];
    let per_hour = |pick: fn(&Usage) -> u64| {
        let points: Vec<(f64, f64)> =
            half.iter().map(|(at, _, usage)| (at / 3_600.0, pick(usage) as f64)).collect();
        slope(&points).round()
    };
    let per_block = |pick: fn(&Usage) -> u64| {
        let points: Vec<(f64, f64)> =
            samples.iter().map(|(_, height, usage)| (*height as f64, pick(usage) as f64)).collect();
        (slope(&points) * 10.0).round() / 10.0
    };
    let (Some(first), Some(last)) = (samples.first(), samples.last()) else { return Value::Null };
    let blocks = last.1.saturating_sub(first.1);
    let cpu = last.2.cpu_s - first.2.cpu_s;
    json!({
        "first": first.2.json(), "last": last.2.json(), "blocks": blocks,
        "rss_bytes_per_hour": per_hour(|usage| usage.rss),
        "disk_bytes_per_hour": per_hour(|usage| usage.chain + usage.votes + usage.other),
        "chain_bytes_per_block": per_block(|usage| usage.chain),
        "chain_written_bytes_per_block": per_block(|usage| usage.chain_written),
        "votes_bytes_per_block": per_block(|usage| usage.votes),
        "files": [first.2.files, last.2.files],
        "cpu_ms_per_block": if blocks == 0 { 0.0 } else { (cpu * 1e6 / blocks as f64).round() / 1e3 }
    })
}
