//! Starts and stops the server, and holds its bounds.

use crate::rpc::backend::Backend;
use crate::rpc::dev_methods;
use crate::rpc::http::PlainPaths;
use crate::rpc::interfaces::Interfaces;
use crate::rpc::methods::{Context, module};
use crate::shutdown::{self, Stopper};
use jsonrpsee::server::{BatchRequestConfig, ServerConfig, ServerHandle};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Largest request: a transaction of the largest size as hex, with room for a batch of small ones.
const REQUEST_BYTES_MAX: u32 = 8 << 20;
/// Largest answer: a block of the largest size twice over as hex, with its receipts.
const RESPONSE_BYTES_MAX: u32 = 64 << 20;
/// Connections at a time.
const CONNECTIONS_MAX: u32 = 512;
/// Requests of one batch.
const BATCH_MAX: u32 = 1_000;
/// Subscriptions of one connection.
const SUBSCRIPTIONS_MAX: u32 = 32;
/// Messages waiting for one slow subscriber.
const SUBSCRIBER_QUEUE: u32 = 256;
/// Queries that may block at a time: more than cores only keeps more memory busy.
pub(super) const QUERIES_MAX: usize = 8;

/// Traces at a time: each may execute most of a block again.
const TRACES_MAX: usize = 2;

/// How long running requests may take to end.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// How the server is started.
#[derive(Debug, Clone)]
pub struct RpcConfig {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
}

/// A running server.
#[derive(Debug)]
pub struct RpcServer {
    /// Where it listens.
    pub address: SocketAddr,
    handle: ServerHandle,
    stopper: Stopper,
}

impl RpcServer {
    /// Refuses new requests, ends waits, lets running requests end, and waits for that, but not for ever.
    pub async fn stop(self) {
        self.stopper.stop();
        // Already stopped is as good.
        self.handle.stop().ok();
        if tokio::time::timeout(STOP_TIMEOUT, self.handle.stopped()).await.is_err() {
            tracing::warn!("some requests did not end in time");
        }
    }
}

/// Starts serving `backend`.
///
/// # Errors
/// When the address cannot be listened on.
pub async fn serve(config: &RpcConfig, backend: Backend) -> std::io::Result<RpcServer> {
    let listener = std::net::TcpListener::bind(config.listen)?;
    listener.set_nonblocking(true)?;
    serve_on(listener, backend)
}

/// As [`serve`], at an address that is listened on already, without blocking.
pub(crate) fn serve_on(listener: std::net::TcpListener, backend: Backend) -> std::io::Result<RpcServer> {
    let limits = ServerConfig::builder()
        .max_request_body_size(REQUEST_BYTES_MAX)
        .max_response_body_size(RESPONSE_BYTES_MAX)
        .max_connections(CONNECTIONS_MAX)
        .set_batch_request_config(BatchRequestConfig::Limit(BATCH_MAX))
        .max_subscriptions_per_connection(SUBSCRIPTIONS_MAX)
        .set_message_buffer_capacity(SUBSCRIBER_QUEUE)
        .set_tcp_no_delay(true)
        .build();
    let (stopper, shutdown) = shutdown::channel();
    let context = Arc::new(Context {
        backend: backend.clone(),
        interfaces: Interfaces::default(),
        queries: Arc::new(Semaphore::new(QUERIES_MAX)),
        traces: Arc::new(Semaphore::new(TRACES_MAX)),
        shutdown,
    });
    let mut methods = module(context.clone()).expect("every method has a name of its own");
    if backend.dev().is_some() {
        let dev = dev_methods::module(context).expect("every method has a name of its own");
        methods.merge(dev).expect("no method of both tables has one name");
    }
    let server = jsonrpsee::server::Server::builder()
        .set_config(limits)
        .set_http_middleware(tower::ServiceBuilder::new().layer(PlainPaths(backend)))
        .build_from_tcp(listener)?;
    let address = server.local_addr()?;
    Ok(RpcServer { address, handle: server.start(methods), stopper })
}
