//! JSON-RPC over HTTP: several URLs tried in turn, reads retried with backoff, answers bounded.

use crate::client::error::ClientError;
use futures::StreamExt;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// Largest answer read: a block of the largest size, twice over as hex, with its receipts.
const ANSWER_BYTES_MAX: usize = 64 << 20;
/// Rounds over all URLs before a read is given up.
const ROUNDS: u32 = 4;
/// Wait after the first round without an answer; doubled after each.
const BACKOFF: Duration = Duration::from_millis(100);
/// Longest time for a connection to open.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Sends requests to whichever of its nodes answers.
#[derive(Debug, Clone)]
pub(super) struct Transport {
    http: reqwest::Client,
    urls: Arc<[String]>,
    /// Index of the URL that answered last; written by every successful call.
    preferred: Arc<AtomicUsize>,
    next_id: Arc<AtomicU64>,
}

impl Transport {
    pub(super) fn new(urls: &[String]) -> Result<Self, ClientError> {
        if urls.is_empty() {
            return Err(ClientError::BadUrl { url: String::new() });
        }
        let parsed = urls.iter().map(|url| normal(url)).collect::<Result<Vec<_>, _>>()?;
        let http =
            reqwest::Client::builder().connect_timeout(CONNECT_TIMEOUT).no_proxy().build().map_err(
                |error| ClientError::BadAnswer { url: urls.join(", "), reason: error.to_string() },
            )?;
        Ok(Self { http, urls: parsed.into(), preferred: Arc::default(), next_id: Arc::default() })
    }

    pub(super) fn urls(&self) -> &[String] {
        &self.urls
    }

    /// Of the URL that answered last alone.
    pub(super) fn pinned(&self) -> Self {
        let url = &self.urls[self.preferred.load(Ordering::Relaxed) % self.urls.len()];
        Self { urls: Arc::from([url.clone()]), preferred: Arc::default(), ..self.clone() }
    }

    /// Begins with the next URL from now on.
    pub(super) fn pass_on(&self) {
        let next = (self.preferred.load(Ordering::Relaxed) + 1) % self.urls.len();
        self.preferred.store(next, Ordering::Relaxed);
    }

    /// Asks until some node answers: for requests that may be repeated.
    pub(super) async fn request(
        &self,
        method: &str,
        params: Value,
        timeout: Duration,
    ) -> Result<Value, ClientError> {
        let mut backoff = BACKOFF;
        let mut round = 1;
        loop {
            match self.round(method, &params, timeout).await {
                Err(error) if error.is_transient() && round < ROUNDS => {
                    tokio::time::sleep(backoff).await;
                    backoff *= 2;
                    round += 1;
                }
                done => return done,
            }
        }
    }

    /// Asks each URL once, beginning with the one that answered last.
    pub(super) async fn round(
        &self,
        method: &str,
        params: &Value,
        timeout: Duration,
    ) -> Result<Value, ClientError> {
        let first = self.preferred.load(Ordering::Relaxed);
        let mut tried = Vec::new();
        for step in 0..self.urls.len() {
            let index = (first + step) % self.urls.len();
            let url = &self.urls[index];
            match self.ask(url, method, params, timeout).await {
                Err(error) if error.is_transient() => tried.push(describe(url, &error)),
                done => {
                    self.preferred.store(index, Ordering::Relaxed);
                    return done;
                }
            }
        }
        Err(ClientError::Unreachable { tried })
    }

    async fn ask(
        &self,
        url: &str,
        method: &str,
        params: &Value,
        timeout: Duration,
    ) -> Result<Value, ClientError> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let body = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        let wrong = |reason: String| ClientError::BadAnswer { url: String::from(url), reason };
        let unreachable =
            |error: reqwest::Error| ClientError::Unreachable { tried: vec![reach(url, &error)] };
        let response = self.http.post(url).json(&body).timeout(timeout).send().await.map_err(unreachable)?;
        let status = response.status();
        let mut bytes = Vec::new();
        let mut stream = response.bytes_stream();
        while let Some(chunk) = stream.next().await {
            bytes.extend_from_slice(&chunk.map_err(unreachable)?);
            if bytes.len() > ANSWER_BYTES_MAX {
                return Err(wrong(format!("more than {ANSWER_BYTES_MAX} bytes")));
            }
        }
        if !status.is_success() {
            let text = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned();
            return Err(wrong(format!("HTTP {status}: {text}")));
        }
        let mut answer: Value = serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
        if let Some(error) = answer.get("error") {
            return Err(refusal(error));
        }
        match answer.get_mut("result") {
            Some(result) => Ok(result.take()),
            None => Err(wrong(String::from("neither result nor error"))),
        }
    }
}

fn refusal(error: &Value) -> ClientError {
    let code = error.get("code").and_then(Value::as_i64).and_then(|code| i32::try_from(code).ok());
    ClientError::Refused {
        code: code.unwrap_or(i32::MIN),
        message: error.get("message").and_then(Value::as_str).unwrap_or("no reason given").into(),
        data: error.get("data").cloned(),
    }
}

fn describe(url: &str, error: &ClientError) -> String {
    match error {
        ClientError::Unreachable { tried } => tried.join("; "),
        ClientError::BadAnswer { .. } => error.to_string(),
        other => format!("{url}: {other}"),
    }
}

/// The innermost reason, since the outer ones only repeat the URL.
fn reach(url: &str, error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("{url}: no answer in time");
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    format!("{url}: {cause}")
}

/// Adds `http://` where only a host and port were given.
fn normal(url: &str) -> Result<String, ClientError> {
    let full = if url.contains("://") { String::from(url) } else { format!("http://{url}") };
    let wrong = || ClientError::BadUrl { url: String::from(url) };
    let parsed = reqwest::Url::parse(&full).map_err(|_| wrong())?;
    if parsed.scheme() != "http" || parsed.host_str().is_none() {
        return Err(wrong());
    }
    Ok(parsed.to_string())
}
