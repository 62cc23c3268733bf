//! What the RPC's address answers before the node has a chain to ask: that it is joining, and how far it is.
//!
//! *Invariants*: no request waits for anything; a request body is bounded by the framework (2 MiB).

use crate::rpc::error::JOINING;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::routing::{get, post};
use hydrogen_p2p::{JoinStage, Joining};
use serde_json::{Value, json};
use std::fmt::Write;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Requests of one batch that are answered one by one; a longer batch gets one answer.
const BATCH_MAX: usize = 1_000;
/// How long connections may take to end.
const STOP_TIMEOUT: Duration = Duration::from_secs(1);

/// Answers until stopped.
pub(crate) struct JoiningServer {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl JoiningServer {
    /// Begins to answer at an address that is listened on already.
    ///
    /// # Errors
    /// When the runtime cannot take the listener.
    pub(crate) fn start(listener: std::net::TcpListener, joining: Joining) -> std::io::Result<Self> {
        let listener = TcpListener::from_std(listener)?;
        let app = Router::new()
            .route("/health", get(async |State(joining)| text(StatusCode::OK, &joining)))
            .route("/ready", get(async |State(joining)| text(StatusCode::SERVICE_UNAVAILABLE, &joining)))
            .route("/metrics", get(async |State(joining): State<Joining>| metrics(joining.stage())))
            .route("/", post(async |State(joining), body| answer(&joining, &body)))
            .fallback(async |State(joining)| text(StatusCode::SERVICE_UNAVAILABLE, &joining))
            .with_state(joining);
        let (stop, stopped) = oneshot::channel::<()>();
        let served = axum::serve(listener, app).with_graceful_shutdown(async { drop(stopped.await) });
        let task = tokio::spawn(async move {
            if let Err(error) = served.await {
                tracing::error!(%error, "nobody is told that the node is joining");
            }
        });
        Ok(Self { stop, task })
    }

    /// Takes no more requests, and waits for those under way, but not for long.
    pub(crate) async fn stop(self) {
        drop(self.stop);
        let mut task = self.task;
        if tokio::time::timeout(STOP_TIMEOUT, &mut task).await.is_err() {
            task.abort();
        }
    }
}

fn sentence(stage: JoinStage) -> String {
    format!("the node is joining: {stage}")
}

/// The node itself answers next time: no connection is kept.
fn closing(kind: &'static str) -> HeaderMap {
    HeaderMap::from_iter([
        (header::CONNECTION, HeaderValue::from_static("close")),
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
    ])
}

fn text(status: StatusCode, joining: &Joining) -> (StatusCode, HeaderMap, String) {
    (status, closing("text/plain; charset=utf-8"), format!("{}\n", sentence(joining.stage())))
}

fn metrics(stage: JoinStage) -> (HeaderMap, String) {
    let (_, chunks, done) = stage.progress().unwrap_or_default();
    let mut body = String::new();
    for (name, value) in [("joining", 1), ("join_chunks", chunks), ("join_chunks_done", done)] {
        let written = write!(body, "# TYPE hydrogen_{name} gauge\nhydrogen_{name} {value}\n");
        written.expect("a string takes all that is written");
    }
    (closing("text/plain; charset=utf-8"), body)
}

/// Every method has the same answer.
fn answer(joining: &Joining, body: &Bytes) -> (HeaderMap, String) {
    let stage = joining.stage();
    let request = serde_json::from_slice(body).unwrap_or(Value::Null);
    let answer = match request {
        Value::Array(requests) if (1..=BATCH_MAX).contains(&requests.len()) => {
            requests.iter().map(|request| refusal(stage, request)).collect()
        }
        request => refusal(stage, &request),
    };
    (closing("application/json"), answer.to_string())
}

fn refusal(stage: JoinStage, request: &Value) -> Value {
    let (height, chunks, done) = stage.progress().unwrap_or_default();
    let mut data = json!({"stage": stage.name()});
    if stage.progress().is_some() {
        data = json!({"stage": stage.name(), "height": height.to_string(), "chunks": chunks, "done": done});
    }
    let message = format!("{}; ask again later, or another node", sentence(stage));
    let error = json!({"code": JOINING, "message": message, "data": data});
    json!({"jsonrpc": "2.0", "id": request.get("id").unwrap_or(&Value::Null), "error": error})
}
