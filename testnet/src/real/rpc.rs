//! One node's JSON-RPC over HTTP.

use super::error::RealError;
use hydrogen_types::Height;
use serde_json::{Value, json};
use std::time::Duration;

/// Time for an answer; longer waits are asked for by name.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// Time for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// What a node said no to.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    /// Name of the refusal, such as `NonceTooLow`; empty when it has none.
    pub(super) name: String,
    pub(super) message: String,
}

/// Why there is no answer.
#[derive(Debug, Clone)]
pub(super) enum Unanswered {
    /// The node refuses.
    Refused(Refusal),
    /// The node is not there, is busy, or does not say anything readable.
    Away(String),
}

/// Asks nodes.
#[derive(Debug, Clone)]
pub(super) struct Rpc {
    http: reqwest::Client,
}

/// What `chain_status` tells.
#[derive(Debug, Clone)]
pub(super) struct Status {
    pub(super) height: Height,
    pub(super) hash: String,
    pub(super) root: String,
    pub(super) peers: usize,
}

impl Rpc {
    pub(super) fn new() -> Result<Self, RealError> {
        let built = reqwest::Client::builder().connect_timeout(CONNECT_TIMEOUT).no_proxy().build();
        let http = built.map_err(|error| {
            RealError::machine("an HTTP client")(std::io::Error::other(error.to_string()))
        })?;
        Ok(Self { http })
    }

    pub(super) async fn ask(&self, url: &str, method: &str, params: Value) -> Result<Value, Unanswered> {
        self.ask_for(url, method, params, ANSWER_TIMEOUT).await
    }

    pub(super) async fn ask_for(
        &self,
        url: &str,
        method: &str,
        params: Value,
        timeout: Duration,
    ) -> Result<Value, Unanswered> {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let away = |error: reqwest::Error| Unanswered::Away(error.to_string());
        let sent = self.http.post(url).json(&body).timeout(timeout).send().await.map_err(away)?;
        let mut answer: Value = sent.json().await.map_err(away)?;
        if let Some(error) = answer.get("error") {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let refusal = Refusal { name: text(&error["data"]["name"]), message: text(&error["message"]) };
            return match error["code"].as_i64() {
                Some(-32_010..=-32_010 | -32_602) => Err(Unanswered::Refused(refusal)),
                _ => Err(Unanswered::Away(refusal.message)),
            };
        }
        Ok(answer["result"].take())
    }

    /// As [`Rpc::ask`], for answers that must come.
    pub(super) async fn must(&self, url: &str, method: &str, params: Value) -> Result<Value, RealError> {
        let mut last = String::new();
        for _ in 0..5 {
            match self.ask(url, method, params.clone()).await {
                Ok(value) => return Ok(value),
                Err(Unanswered::Refused(refusal)) => last = refusal.message,
                Err(Unanswered::Away(reason)) => last = reason,
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        Err(RealError::Node { url: url.into(), reason: format!("{method}: {last}") })
    }

    pub(super) async fn status(&self, url: &str) -> Option<Status> {
        let value = self.ask_for(url, "chain_status", json!([]), Duration::from_secs(2)).await.ok()?;
        Some(Status {
            height: Height::new(value["height"].as_str()?.parse().ok()?),
            hash: value["block_hash"].as_str()?.to_owned(),
            root: value["state_root"].as_str()?.to_owned(),
            peers: value["peers"].as_array().map_or(0, Vec::len),
        })
    }

    /// Counters and gauges of `/metrics`.
    pub(super) async fn metrics(&self, url: &str) -> Vec<(String, u64)> {
        let request = self.http.get(format!("{url}/metrics")).timeout(ANSWER_TIMEOUT);
        let Ok(answer) = request.send().await else { return Vec::new() };
        let Ok(text) = answer.text().await else { return Vec::new() };
        text.lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| {
                let (name, value) = line.rsplit_once(' ')?;
                Some((name.to_owned(), value.parse().ok()?))
            })
            .collect()
    }
}

/// A decimal string of an answer.
pub(super) fn number<T: std::str::FromStr>(value: &Value) -> Option<T> {
    value.as_str()?.parse().ok()
}
