//! From the start of a compute node to its end.
//!
//! ```text
//! open the home -> find the chain -> join, if asked -> work ... stop asked -> pause or quit, finish -> end
//!                        beside it: endpoints watched, status and metrics served
//! ```

use crate::client::{Client, task};
use crate::compute::board::Board;
use crate::compute::config::ComputeConfig;
use crate::compute::disk::Disk;
use crate::compute::error::ComputeError;
use crate::compute::join::join;
use crate::compute::node::Node;
use crate::compute::{endpoints, executor, http};
use hydrogen_offchain::compute::OnStop;
use hydrogen_types::Amount;
use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// First and longest pause after something went wrong.
const PAUSE: Duration = Duration::from_millis(200);
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// Runs a compute node until `shutdown`, and then as long as its configuration says to finish what is due. Whatever
/// goes wrong after the start is logged and tried again.
///
/// # Errors
/// The home cannot be used, the address for metrics is taken, or the RPC URLs are none.
pub async fn run(
    config: ComputeConfig,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ComputeError> {
    let client = Client::new(&config.rpc)?;
    let disk = Arc::new(Disk::open(&config.home)?);
    executor::kill_leftover(&disk)?;
    let board = Arc::new(Board::new(disk.status(), config.key.address().to_string()));
    let mut beside = JoinSet::new();
    if let Some(address) = config.listen {
        beside.spawn(http::serve(http::bind(address).await?, Arc::clone(&board)));
    }
    beside.spawn(endpoints::watch(client.clone(), Arc::clone(&board)));
    let ended = live(config, client, disk, board, shutdown).await;
    beside.shutdown().await;
    ended
}

async fn live(
    config: ComputeConfig,
    client: Client,
    disk: Arc<Disk>,
    board: Arc<Board>,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ComputeError> {
    tokio::pin!(shutdown);
    let (on_stop, stop_within) = (config.on_stop, config.stop_within);
    // Stopping in the middle is safe at any point: what must be durable is so before it is relied on.
    let mut node = tokio::select! {
        () = &mut shutdown => return Ok(()),
        node = start(config, client, disk, board) => node?,
    };
    tokio::select! {
        () = &mut shutdown => {}
        never = work(&mut node) => match never {},
    }
    if on_stop != OnStop::Nothing {
        tracing::info!(?on_stop, within_s = stop_within.as_secs(), "stopping: what is due is finished first");
        node.begin_stop();
        if tokio::time::timeout(stop_within, finish(&mut node)).await.is_err() {
            tracing::warn!(
                within_s = stop_within.as_secs(),
                "stopped before all was done: start again before the deadline of the task at hand"
            );
        }
    }
    node.close().await;
    Ok(())
}

/// Finds the chain and joins, if asked to and not done before.
async fn start(
    config: ComputeConfig,
    client: Client,
    disk: Arc<Disk>,
    board: Arc<Board>,
) -> Result<Node, ComputeError> {
    let mut backoff = Backoff::new();
    let chain_id = loop {
        match client.status().await {
            Ok(status) => {
                disk.bind_chain(&status.genesis.0)?;
                break status.chain_id.0;
            }
            Err(error) => {
                let error = error.into();
                board.change(|status| status.last_error = Some(told(&error)));
                backoff.wait(&error).await;
            }
        }
    };
    let stake = config.stake;
    let (key, types) = (config.key.clone(), config.executors.types());
    let mut node = Node::new(config, client.clone(), disk, board, chain_id)?;
    if let Some(stake) = stake {
        while let Err(error) = join_once(&client, &key, stake, &types).await {
            node.note_failure(&error);
            backoff.wait(&error).await;
        }
    }
    Ok(node)
}

async fn join_once(
    client: &Client,
    key: &hydrogen_core::SecretKey,
    stake: Amount,
    types: &[String],
) -> Result<(), ComputeError> {
    if task::node(client, &key.address()).await?.is_none() {
        join(client, key, stake, types).await?;
        tracing::info!(%stake, ?types, "joined");
    }
    Ok(())
}

async fn work(node: &mut Node) -> Infallible {
    let mut backoff = Backoff::new();
    loop {
        round(node, &mut backoff).await;
    }
}

/// Works on until nothing is owed.
async fn finish(node: &mut Node) {
    let mut backoff = Backoff::new();
    while !node.is_finished() {
        round(node, &mut backoff).await;
    }
}

async fn round(node: &mut Node, backoff: &mut Backoff) {
    match node.look().await {
        Ok(sent) => {
            *backoff = Backoff::new();
            if !sent && !node.is_finished() {
                node.wait().await;
            }
        }
        Err(error) => {
            node.note_failure(&error);
            backoff.wait(&error).await;
        }
    }
}

/// An error with its causes, in one line.
pub(crate) fn told(error: &ComputeError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    text
}

/// The pause after something went wrong: doubled each time, until something goes well.
struct Backoff(Duration);

impl Backoff {
    fn new() -> Self {
        Self(PAUSE)
    }

    async fn wait(&mut self, error: &ComputeError) {
        tracing::warn!(error = error as &dyn std::error::Error, "tried again soon");
        tokio::time::sleep(self.0).await;
        self.0 = (self.0 * 2).min(PAUSE_MAX);
    }
}
