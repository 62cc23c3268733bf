//! Starting, serving, stopping.

use crate::client::{Client, Status};
use crate::relay::blobs::FileBlobs;
use crate::relay::config::RelayConfig;
use crate::relay::context::{Context, now_ms};
use crate::relay::error::RelayError;
use crate::relay::head;
use crate::relay::index::Index;
use crate::relay::locks::Locks;
use crate::relay::metrics::Metrics;
use crate::relay::nodes::{Head, Identity, Nodes, status_of, url_of};
use crate::relay::quota::Quotas;
use crate::relay::{listener, routes, sweep};
use axum::http::Uri;
use hydrogen_offchain::signing::{NONCE_KEPT_S, Nonces};
use hydrogen_types::{Address, Height};
use std::collections::BTreeSet;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

/// How long a start waits for a node to answer: in a network that starts as one, the relay may be first.
const NODE_TIMEOUT: Duration = Duration::from_secs(30);
const NODE_PAUSE: Duration = Duration::from_millis(50);
/// Longest wait at the end for work that goes on without a client.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(2);

/// A relay that is bound and ready to serve.
pub struct Relay {
    context: Arc<Context>,
    listener: TcpListener,
    address: SocketAddr,
}

impl Relay {
    /// Opens the home, takes the address and finds the chain.
    ///
    /// # Errors
    /// The address is taken, the home is foreign or in use, or no node of its chain answers.
    pub async fn bind(config: RelayConfig) -> Result<Self, RelayError> {
        let listen = |source| RelayError::Listen { address: config.listen, source };
        let listener = TcpListener::bind(config.listen).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let authorities = authorities(address, config.public_url.as_deref())?;
        let (index, blobs) = open_home(&config)?;
        let (clients, status) = find_chain(&config, &index).await?;
        let identity = Identity::of(&status);
        index.bind_chain(&identity.to_string())?;
        let now_s = now_ms() / 1_000;
        let nonces = Nonces::restored(index.nonces(now_s.saturating_sub(NONCE_KEPT_S))?);
        let nonces = if index.was_clean() { nonces } else { nonces.after_unclean_end(now_s) };
        let stored = index.blobs()?;
        let of =
            |blob: &crate::relay::index::StoredBlob| (blob.receipt.body.uploader, blob.receipt.body.size);
        let quotas = Quotas::new(&config.limits, stored.iter().map(|(_, blob)| of(blob)));
        let metrics = Arc::new(Metrics::new());
        let head = Head { height: status.height.0, uptime_ms: status.uptime_ms.0, seen: Instant::now() };
        let context = Context {
            nodes: Nodes::new(clients, identity, head, Arc::clone(&metrics)),
            key: config.key,
            transfers: Arc::new(Semaphore::new(config.limits.transfers_max)),
            checks: Arc::new(Semaphore::new(config.limits.checks_max)),
            limits: config.limits,
            authorities,
            index,
            blobs: Box::new(blobs),
            nonces: Mutex::new(nonces),
            quotas: Arc::new(quotas),
            locks: Locks::default(),
            programs: tokio::sync::Mutex::default(),
            relays: Mutex::default(),
            metrics,
        };
        sweep::remove_strays(&context)?;
        context.index.mark_in_use()?;
        Ok(Self { context: Arc::new(context), listener, address })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its id: the address of the key that signs receipts.
    #[must_use]
    pub fn id(&self) -> Address {
        self.context.key.address()
    }

    /// Serves until `shutdown`, then lets running transfers end for a while and notes the clean stop.
    ///
    /// # Errors
    /// The stop could not be noted.
    pub async fn serve(self, shutdown: impl Future<Output = ()> + Send + 'static) -> Result<(), RelayError> {
        let Self { context, listener, .. } = self;
        let (stopping, stopped) = watch::channel(false);
        let tell = async move {
            shutdown.await;
            stopping.send_replace(true);
            // Kept until the listener has ended: a sender that is gone says nothing.
            stopping.closed().await;
        };
        let work = async {
            tokio::join!(head::follow(&context), sweep::sweep_for_ever(&context), tell);
        };
        let app = routes::router(Arc::clone(&context));
        tokio::select! {
            () = listener::serve(listener, app, &context, stopped) => {}
            () = work => {}
        }
        context.index.put_height(context.nodes.head().height)?;
        context.index.close_clean()?;
        release(context).await;
        Ok(())
    }
}

/// Waits until nobody else holds the home open, so that it may be opened again; a program that still runs is not waited
/// for.
async fn release(context: Arc<Context>) {
    let end = Instant::now() + RELEASE_TIMEOUT;
    while Arc::strong_count(&context) > 1 && Instant::now() < end {
        tokio::time::sleep(NODE_PAUSE).await;
    }
}

fn open_home(config: &RelayConfig) -> Result<(Index, FileBlobs), RelayError> {
    let home = |path: &std::path::Path| {
        let path = path.to_path_buf();
        move |source| RelayError::Home { path, source }
    };
    std::fs::create_dir_all(&config.home).map_err(home(&config.home))?;
    // The index first: its lock keeps a second process from the blobs.
    let index = Index::open(&config.home.join("index"))?;
    let folder = config.home.join("blobs");
    let blobs = FileBlobs::open_folder(&folder).map_err(home(&folder))?;
    Ok((index, blobs))
}

/// Waits for a node of the home's chain (of any chain, for a new home) that is no older than the home.
async fn find_chain(config: &RelayConfig, index: &Index) -> Result<(Vec<Client>, Status), RelayError> {
    let client = |url: &String| Client::new(std::slice::from_ref(url));
    let clients: Result<Vec<Client>, _> = config.rpc.iter().map(client).collect();
    let clients = clients.map_err(|error| RelayError::NoNode { reason: error.to_string() })?;
    let (stored, seen) = (index.chain()?, index.height()?);
    let end = Instant::now() + NODE_TIMEOUT;
    loop {
        match try_all(&clients, stored.as_deref(), seen).await {
            Ok(status) => return Ok((clients, status)),
            Err(error) if error.may_pass() && Instant::now() < end => tokio::time::sleep(NODE_PAUSE).await,
            Err(error) => return Err(error),
        }
    }
}

async fn try_all(clients: &[Client], stored: Option<&str>, seen: Height) -> Result<Status, RelayError> {
    let mut reasons = Vec::new();
    let mut foreign = None;
    for client in clients {
        match status_of(client).await {
            Err(error) => reasons.push(error.to_string()),
            Ok(status) => {
                let followed = Identity::of(&status).to_string();
                match stored {
                    Some(stored) if stored != followed => {
                        let stored = stored.to_owned();
                        foreign = Some(RelayError::OtherChain { stored, followed });
                    }
                    _ if status.height.0 < seen => {
                        let height = status.height.0;
                        reasons.push(format!(
                            "{} is at height {height}, this relay has seen {seen}",
                            url_of(client)
                        ));
                    }
                    _ => return Ok(status),
                }
            }
        }
    }
    match foreign {
        Some(foreign) if reasons.is_empty() => Err(foreign),
        _ => Err(RelayError::NoNode { reason: reasons.join("; ") }),
    }
}

/// Hosts under which requests may name this relay.
fn authorities(address: SocketAddr, public_url: Option<&str>) -> Result<BTreeSet<String>, RelayError> {
    let mut authorities = BTreeSet::from([address.to_string(), format!("localhost:{}", address.port())]);
    if address.ip().is_unspecified() {
        authorities.insert(format!("127.0.0.1:{}", address.port()));
    }
    if let Some(url) = public_url {
        authorities.insert(public_authority(url)?);
    }
    Ok(authorities)
}

/// The host of a URL as clients sign it: in lower case, without the port that its scheme has anyway.
pub(crate) fn public_authority(url: &str) -> Result<String, RelayError> {
    let bad = || RelayError::PublicUrl { url: url.to_owned() };
    let uri: Uri = url.parse().map_err(|_| bad())?;
    let scheme_port = match uri.scheme_str() {
        Some("http") => 80,
        Some("https") => 443,
        _ => return Err(bad()),
    };
    let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(bad)?.to_ascii_lowercase();
    if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
        return Err(bad());
    }
    Ok(match uri.port_u16() {
        Some(port) if port != scheme_port => format!("{host}:{port}"),
        _ => host,
    })
}
