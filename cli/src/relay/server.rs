//! Starting, serving, stopping.

use crate::client::{Client, ClientError, Status};
use crate::relay::answer::Refused;
use crate::relay::blobs::FileBlobs;
use crate::relay::config::RelayConfig;
use crate::relay::context::{Context, now_ms};
use crate::relay::error::RelayError;
use crate::relay::head::{self, Head, STALE_AFTER};
use crate::relay::index::Index;
use crate::relay::metrics::Metrics;
use crate::relay::{download, programs, sweep, upload};
use axum::Json;
use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use hydrogen_offchain::signing::{NONCE_KEPT_S, Nonces};
use hydrogen_types::task::BlobKind;
use hydrogen_types::{Address, Hash};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

/// How long a start waits for a node to answer: in a network that starts as one, the relay may be first.
const NODE_TIMEOUT: Duration = Duration::from_secs(30);
const NODE_PAUSE: Duration = Duration::from_millis(50);
/// How long running transfers may take to end after a stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

type Shared = State<Arc<Context>>;

/// A relay that is bound and ready to serve.
pub struct Relay {
    context: Arc<Context>,
    listener: TcpListener,
    address: SocketAddr,
    heads: watch::Sender<Head>,
}

/// Binds and serves until `shutdown`.
///
/// # Errors
/// As [`Relay::bind`] and [`Relay::serve`].
pub async fn run(
    config: RelayConfig,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), RelayError> {
    Relay::bind(config).await?.serve(shutdown).await
}

impl Relay {
    /// Opens the home, takes the address and finds the chain.
    ///
    /// # Errors
    /// The address is taken, the home is foreign or in use, or no node answers.
    pub async fn bind(config: RelayConfig) -> Result<Self, RelayError> {
        let listen = |source| RelayError::Listen { address: config.listen, source };
        let listener = TcpListener::bind(config.listen).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let authorities = authorities(address, config.public_url.as_deref())?;
        let client =
            Client::new(&config.rpc).map_err(|error| RelayError::NoNode { reason: error.to_string() })?;
        let status = first_status(&client).await?;
        let (heads, head) = watch::channel(Head::of(&status));
        let (index, blobs) = open_home(&config)?;
        let chain_id = status.chain_id.0;
        // The genesis hash is the chain's identity: two test networks share a name.
        let followed = format!("{chain_id} {}", status.genesis.0);
        let stored = index.bind_chain(&followed)?;
        if stored != followed {
            return Err(RelayError::OtherChain { stored, followed });
        }
        let nonces = nonces(&index)?;
        let usage = usage(&index)?;
        let context = Context {
            client,
            chain_id,
            key: config.key,
            transfers: Arc::new(Semaphore::new(config.limits.transfers_max)),
            limits: config.limits,
            authorities,
            index,
            blobs: Box::new(blobs),
            nonces: Mutex::new(nonces),
            usage: Mutex::new(usage),
            publish_locks: Context::publish_locks(),
            head,
            metrics: Metrics::new(),
        };
        sweep::remove_strays(&context)?;
        Ok(Self { context: Arc::new(context), listener, address, heads })
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
    /// The listener failed, or the stop could not be noted.
    pub async fn serve(self, shutdown: impl Future<Output = ()> + Send + 'static) -> Result<(), RelayError> {
        let Self { context, listener, heads, .. } = self;
        let app = router(Arc::clone(&context));
        let (stopping, stopped) = watch::channel(false);
        let background = Arc::clone(&context);
        let following = head::follow(context.client.clone(), heads);
        let work = async move {
            tokio::join!(following, sweep::sweep_for_ever(&background));
        };
        let graceful = async move {
            shutdown.await;
            stopping.send_replace(true);
        };
        let server = axum::serve(listener, app).with_graceful_shutdown(graceful);
        let deadline = async move {
            let mut stopped = stopped;
            if stopped.wait_for(|stop| *stop).await.is_ok() {
                tokio::time::sleep(STOP_TIMEOUT).await;
            } else {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            served = server => served.map_err(RelayError::Serve)?,
            () = work => {}
            () = deadline => tracing::warn!("transfers were cut off"),
        }
        Ok(context.index.close_clean()?)
    }
}

async fn first_status(client: &Client) -> Result<Status, RelayError> {
    let attempts = async {
        loop {
            match client.status().await {
                Err(error) if error.is_transient() => tokio::time::sleep(NODE_PAUSE).await,
                done => return done,
            }
        }
    };
    let no_node = |error: ClientError| RelayError::NoNode { reason: error.to_string() };
    match tokio::time::timeout(NODE_TIMEOUT, attempts).await {
        Ok(done) => done.map_err(no_node),
        Err(_) => client.status().await.map_err(no_node),
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

fn nonces(index: &Index) -> Result<Nonces, RelayError> {
    let now_s = now_ms() / 1_000;
    let kept = index.nonces(now_s.saturating_sub(NONCE_KEPT_S))?;
    Ok(if index.was_clean() { Nonces::restored(kept) } else { Nonces::after_unclean_end(now_s) })
}

fn usage(index: &Index) -> Result<BTreeMap<Address, u64>, RelayError> {
    let mut usage = BTreeMap::new();
    for (_, stored) in index.blobs()? {
        let used: &mut u64 = usage.entry(stored.receipt.body.uploader).or_default();
        *used = used.saturating_add(stored.receipt.body.size);
    }
    Ok(usage)
}

/// Hosts under which requests may name this relay.
fn authorities(address: SocketAddr, public_url: Option<&str>) -> Result<BTreeSet<String>, RelayError> {
    let mut authorities = BTreeSet::from([address.to_string(), format!("localhost:{}", address.port())]);
    if address.ip().is_unspecified() {
        authorities.insert(format!("127.0.0.1:{}", address.port()));
    }
    if let Some(url) = public_url {
        let bad = || RelayError::PublicUrl { url: url.to_owned() };
        let uri: Uri = url.parse().map_err(|_| bad())?;
        authorities.insert(uri.authority().ok_or_else(bad)?.as_str().to_ascii_lowercase());
    }
    Ok(authorities)
}

fn router(context: Arc<Context>) -> Router {
    Router::new()
        .route("/v1/tasks/{id}/args", post(post_args).get(get_args))
        .route("/v1/tasks/{id}/result", post(post_result).get(get_result))
        .route("/v1/programs/{hash}", get(get_program).put(put_program))
        .route("/v1/info", get(info))
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .fallback(|| async { not_found("no such path") })
        .with_state(context)
}

async fn post_args(State(context): Shared, Path(id): Path<String>, request: Request) -> Response {
    match task_id(&id) {
        Ok(task) => upload::upload(context, task, BlobKind::Args, request).await,
        Err(refused) => refused.into_response(),
    }
}

async fn post_result(State(context): Shared, Path(id): Path<String>, request: Request) -> Response {
    match task_id(&id) {
        Ok(task) => upload::upload(context, task, BlobKind::Result, request).await,
        Err(refused) => refused.into_response(),
    }
}

async fn get_args(State(context): Shared, Path(id): Path<String>, request: Request) -> Response {
    match task_id(&id) {
        Ok(task) => download::download(context, task, BlobKind::Args, request).await,
        Err(refused) => refused.into_response(),
    }
}

async fn get_result(State(context): Shared, Path(id): Path<String>, request: Request) -> Response {
    match task_id(&id) {
        Ok(task) => download::download(context, task, BlobKind::Result, request).await,
        Err(refused) => refused.into_response(),
    }
}

async fn put_program(State(context): Shared, Path(hash): Path<String>, request: Request) -> Response {
    match Hash::from_hex(&hash) {
        Some(hash) => programs::publish(context, hash, request).await,
        None => bad_hash(&hash),
    }
}

async fn get_program(State(context): Shared, Path(hash): Path<String>, headers: HeaderMap) -> Response {
    match Hash::from_hex(&hash) {
        Some(hash) => programs::fetch(&context, &hash, &headers),
        None => bad_hash(&hash),
    }
}

async fn info(State(context): Shared) -> Response {
    let limits = &context.limits;
    let height = context.head.borrow().height;
    Json(json!({
        "relay": context.key.address().to_string(),
        "key": context.key.public().to_string(),
        "chain_id": context.chain_id.as_str(),
        "height": height.to_string(),
        "body_bytes_max": limits.body_bytes_max.to_string(),
        "account_bytes_max": limits.account_bytes_max.to_string(),
        "program_bytes_max": limits.program_bytes_max.to_string(),
        "program_deposit": limits.program_deposit.get().to_string(),
        "kept_ms": limits.terms.kept_ms.to_string(),
        "version": env!("CARGO_PKG_VERSION"),
    }))
    .into_response()
}

async fn health(State(context): Shared) -> Response {
    let head = context.head.borrow().clone();
    let fresh = head.seen.elapsed() < STALE_AFTER;
    let status = if fresh { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = json!({
        "healthy": fresh,
        "height": head.height.to_string(),
        "node_seen_ms": u64::try_from(head.seen.elapsed().as_millis()).unwrap_or(u64::MAX).to_string(),
    });
    (status, Json(body)).into_response()
}

async fn metrics(State(context): Shared) -> Response {
    let height = context.head.borrow().height.get();
    context.metrics.height.set(i64::try_from(height).unwrap_or(i64::MAX));
    context.metrics.encode().into_response()
}

fn task_id(text: &str) -> Result<u64, Refused> {
    text.parse().map_err(|_| {
        Refused::new(
            StatusCode::BAD_REQUEST,
            "BadTaskId",
            format!("`{text}` is not a task id: a number is asked for"),
        )
    })
}

fn bad_hash(text: &str) -> Response {
    let message = format!("`{text}` is not a hash: 0x and 64 hex digits are asked for");
    Refused::new(StatusCode::BAD_REQUEST, "BadHash", message).into_response()
}

fn not_found(message: &str) -> Response {
    Refused::new(StatusCode::NOT_FOUND, "NotFound", message).into_response()
}
