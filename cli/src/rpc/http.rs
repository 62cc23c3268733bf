//! Plain paths beside JSON-RPC: `/metrics`, `/health`, `/ready`. Everything else is JSON-RPC's.

use crate::rpc::backend::Backend;
use futures::future::BoxFuture;
use hydrogen_types::Height;
use jsonrpsee::server::{HttpBody, HttpRequest, HttpResponse};
use std::fmt::Write;
use std::task::{Context, Poll};
use tower::{Layer, Service};

/// Puts the plain paths in front of a service.
#[derive(Clone)]
pub(super) struct PlainPaths(pub(super) Backend);

/// The service with the plain paths in front.
#[derive(Clone)]
pub(super) struct WithPlainPaths<S> {
    inner: S,
    backend: Backend,
}

impl<S> Layer<S> for PlainPaths {
    type Service = WithPlainPaths<S>;

    fn layer(&self, inner: S) -> Self::Service {
        WithPlainPaths { inner, backend: self.0.clone() }
    }
}

impl<S, B> Service<HttpRequest<B>> for WithPlainPaths<S>
where
    S: Service<HttpRequest<B>, Response = HttpResponse>,
    S::Future: Send + 'static,
    S::Error: 'static,
{
    type Response = HttpResponse;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<HttpResponse, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: HttpRequest<B>) -> Self::Future {
        let get = request.method().as_str() == "GET";
        let answer = match request.uri().path() {
            "/health" if get => Some(health(&self.backend)),
            "/ready" if get => Some(ready(&self.backend)),
            "/metrics" if get => Some((200, metrics(&self.backend))),
            _ => None,
        };
        match answer {
            Some((status, body)) => Box::pin(async move { Ok(text(status, body)) }),
            None => Box::pin(self.inner.call(request)),
        }
    }
}

/// Alive, unless the node is about to stop.
fn health(backend: &Backend) -> (u16, String) {
    match backend.trouble() {
        None => (200, String::from("ok\n")),
        Some(trouble) => (503, format!("{trouble}\n")),
    }
}

fn ready(backend: &Backend) -> (u16, String) {
    let height = backend.reader().tip().height;
    if height > Height::GENESIS || backend.dev().is_some() {
        (200, format!("ready at height {height}\n"))
    } else {
        (503, String::from("no block yet\n"))
    }
}

fn metrics(backend: &Backend) -> String {
    let tip = backend.reader().tip();
    let network = backend.network();
    let mut body = String::new();
    let rows = [
        ("hydrogen_height", "Height of the newest final block.", tip.height.get()),
        ("hydrogen_block_time_ms", "Its time in ms since 1970.", tip.time_ms),
        ("hydrogen_uptime_ms", "The chain's uptime in ms.", tip.uptime_ms),
        ("hydrogen_mempool_txs", "Transactions waiting.", network.mempool_size as u64),
        ("hydrogen_peers", "Peers connected.", network.peers.len() as u64),
    ];
    for (name, help, value) in rows {
        let written = write!(body, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}\n");
        written.expect("a string takes all that is written");
    }
    body.push_str(&backend.metrics());
    body
}

fn text(status: u16, body: String) -> HttpResponse {
    let mut response = HttpResponse::new(HttpBody::from(body));
    *response.status_mut() = status.try_into().unwrap_or_default();
    let plain = "text/plain; charset=utf-8".parse().expect("a legal header value");
    response.headers_mut().insert("content-type", plain);
    response
}
