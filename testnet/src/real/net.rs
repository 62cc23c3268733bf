//! A network of processes that runs.

use super::clock::Clock;
use super::error::RealError;
use super::homes;
use super::links::{LinkKind, Links};
use super::process::Process;
use super::rpc::Rpc;
use hydrogen_core::{Genesis, Params};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How long a network may take to its first block.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// What to run.
#[derive(Debug, Clone)]
pub struct NetOptions {
    /// The program `hydrogen`.
    pub binary: PathBuf,
    /// Where the homes go: a folder that is empty or not there.
    pub dir: PathBuf,
    /// How many processes.
    pub validators: usize,
    /// Accounts with money.
    pub accounts: usize,
    /// Makes keys and, in chaos, faults.
    pub seed: u64,
    /// What carries the bytes.
    pub links: LinkKind,
    /// Whether clocks can be set.
    pub clocks: bool,
    /// Parameters of the chain.
    pub params: Params,
}

/// The network.
pub(super) struct Net {
    pub(super) options: NetOptions,
    pub(super) genesis: Genesis,
    pub(super) rpc: Rpc,
    pub(super) links: Links,
    pub(super) nodes: Vec<Process>,
}

impl Net {
    /// Makes homes, starts all, and waits for the first block of each.
    pub(super) async fn start(options: NetOptions) -> Result<Self, RealError> {
        let occupied = std::fs::read_dir(&options.dir).is_ok_and(|mut entries| entries.next().is_some());
        if occupied {
            let what = format!("{} is not empty: give another folder", options.dir.display());
            return Err(RealError::machine(what)(std::io::ErrorKind::AlreadyExists.into()));
        }
        let links = Links::new(options.links, options.validators)?;
        let genesis =
            homes::genesis(options.seed, options.validators, options.accounts, options.params.clone());
        let dirs = homes::write(&options.dir, options.seed, &genesis, &links.places)?;
        let mut nodes = Vec::new();
        for (home, place) in dirs.into_iter().zip(&links.places) {
            let clock = options.clocks.then(|| Clock::new(&home)).transpose()?;
            nodes.push(Process::new(home, format!("http://{}", place.rpc), clock));
        }
        let mut net = Self { options, genesis, rpc: Rpc::new()?, links, nodes };
        for index in 0..net.nodes.len() {
            net.start_node(index)?;
        }
        net.await_height(1, START_TIMEOUT).await?;
        Ok(net)
    }

    pub(super) fn start_node(&mut self, index: usize) -> Result<(), RealError> {
        self.nodes[index].start(&self.options.binary, &self.links, index)
    }

    pub(super) fn urls(&self) -> Vec<String> {
        self.nodes.iter().map(|node| node.url.clone()).collect()
    }

    /// Waits until every node has reached `height`; how long that took.
    pub(super) async fn await_height(
        &mut self,
        height: u64,
        patience: Duration,
    ) -> Result<Duration, RealError> {
        let begin = Instant::now();
        for index in 0..self.nodes.len() {
            let url = self.nodes[index].url.clone();
            loop {
                let status = self.rpc.status(&url).await;
                if status.is_some_and(|status| status.height.get() >= height) {
                    break;
                }
                if self.nodes[index].has_ended() {
                    let log = self.nodes[index].home.join("log");
                    let reason = format!("the process ended by itself; its log is {}", log.display());
                    return Err(RealError::Node { url, reason });
                }
                if begin.elapsed() > patience {
                    let text = format!("node {index} is not at height {height} within {patience:?}");
                    return Err(RealError::Violation(text));
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        Ok(begin.elapsed())
    }

    /// The height of each node that answers.
    pub(super) async fn heights(&self) -> Vec<Option<u64>> {
        let asks = self.nodes.iter().map(|node| self.rpc.status(&node.url));
        let answers = futures::future::join_all(asks).await;
        answers.into_iter().map(|status| status.map(|status| status.height.get())).collect()
    }
}
