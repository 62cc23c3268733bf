//! Connections: accepted within bounds, served with timeouts, ended in order.
//!
//! *Invariants*: no more sockets than [`crate::relay::RelayLimits`] allow, in all and from one address; who is refused
//! is told so and when to come again, as long as that costs little itself; no connection stays that sends no request,
//! takes no answer or is slower than asked.

use crate::relay::context::Context;
use crate::relay::metrics::Because;
use crate::relay::pace::PacedStream;
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Most bytes of a request's line and headers together: ours have below 2 KiB.
const HEAD_BYTES_MAX: usize = 32 << 10;
/// Most headers of a request.
const HEADERS_MAX: usize = 64;
/// Pause after accepting failed, for want of file descriptors above all.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Connections that are told at a time that there are too many; beyond, they are closed without a word.
const TOLD_MAX: usize = 64;
/// Longest time for telling.
const TELL_TIMEOUT: Duration = Duration::from_secs(2);
/// How long running requests may take to end after a stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// What a connection beyond the bounds is answered with.
const TOO_MANY: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nretry-after: 2\r\n\
connection: close\r\ncontent-length: 71\r\n\r\n\
{\"error\":\"TooManyConnections\",\"message\":\"all are taken; connect later\"}";

/// Who is connected.
#[derive(Debug)]
struct Door {
    from: Mutex<BTreeMap<IpAddr, usize>>,
    all_max: usize,
    address_max: usize,
}

/// A connection that counts; until dropped.
#[derive(Debug)]
struct Entry {
    door: Arc<Door>,
    address: IpAddr,
}

impl Door {
    fn enter(self: &Arc<Self>, address: IpAddr) -> Result<Entry, &'static str> {
        let mut from = self.from.lock().unwrap_or_else(PoisonError::into_inner);
        if from.values().sum::<usize>() >= self.all_max {
            return Err("all");
        }
        let count = from.entry(address).or_default();
        if *count >= self.address_max {
            return Err("address");
        }
        *count += 1;
        Ok(Entry { door: Arc::clone(self), address })
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut from = self.door.from.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = from.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                from.remove(&self.address);
            }
        }
    }
}

/// Serves until `stopping` says so, then lets running requests end for a while.
pub(crate) async fn serve(
    listener: TcpListener,
    app: Router,
    context: &Arc<Context>,
    mut stopping: watch::Receiver<bool>,
) {
    let limits = &context.limits;
    let door = Arc::new(Door {
        from: Mutex::default(),
        all_max: limits.connections_max,
        address_max: limits.connections_per_address_max,
    });
    let mut connections = JoinSet::new();
    let mut told = JoinSet::new();
    loop {
        while let Some(ended) = connections.try_join_next() {
            note_end(context, ended);
        }
        while told.try_join_next().is_some() {}
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = told_to_stop(&mut stopping) => break,
        };
        match accepted {
            Ok((stream, peer)) => match door.enter(peer.ip()) {
                Ok(entry) => {
                    let (app, context, stopping) = (app.clone(), Arc::clone(context), stopping.clone());
                    connections.spawn(connection(stream, entry, app, context, stopping));
                }
                Err(reason) => {
                    context.metrics.connections_refused.get_or_create(&Because { reason }).inc();
                    if told.len() < TOLD_MAX {
                        told.spawn(tell(stream));
                    }
                }
            },
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    let ending = async {
        while let Some(ended) = connections.join_next().await {
            note_end(context, ended);
        }
        // What goes on without its client holds a slot, too.
        let all = u32::try_from(context.limits.transfers_max).unwrap_or(u32::MAX);
        drop(context.transfers.acquire_many(all).await);
    };
    if tokio::time::timeout(STOP_TIMEOUT, ending).await.is_err() {
        tracing::warn!("transfers were cut off");
    }
    connections.shutdown().await;
}

async fn connection(
    stream: TcpStream,
    entry: Entry,
    app: Router,
    context: Arc<Context>,
    mut stopping: watch::Receiver<bool>,
) {
    let _entry = entry;
    context.metrics.connections.inc();
    drop(stream.set_nodelay(true));
    let io = TokioIo::new(PacedStream::new(stream, context.idle_timeout()));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(context.limits.head_timeout_ms))
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .serve_connection(io, TowerToHyperService::new(app));
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = told_to_stop(&mut stopping) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke off");
    }
    context.metrics.connections.dec();
}

/// Ends when the relay stops. Safe to cancel.
async fn told_to_stop(stopping: &mut watch::Receiver<bool>) {
    drop(stopping.wait_for(|stop| *stop).await);
}

fn note_end(context: &Context, ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        context.metrics.panics.inc();
        tracing::error!(%error, "a connection ended by a fault of this program");
    }
}

/// Answers without reading the request, then reads a little: closing on unread bytes would take the answer back.
async fn tell(mut stream: TcpStream) {
    let telling = async {
        stream.write_all(TOO_MANY).await?;
        stream.shutdown().await?;
        let mut rest = [0; 4 << 10];
        while stream.read(&mut rest).await? > 0 {}
        std::io::Result::Ok(())
    };
    if !matches!(tokio::time::timeout(TELL_TIMEOUT, telling).await, Ok(Ok(()))) {
        tracing::debug!("a connection beyond the bounds did not take its answer");
    }
}

#[cfg(test)]
pub(crate) fn too_many() -> &'static [u8] {
    TOO_MANY
}
