//! JSON-RPC over HTTP, as little of it as the kit needs: one connection for each request, to a server on this machine.

use crate::outcome::Failure;
use serde_json::{Value, json};
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// How long an answer may take on a busy machine.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(120);
/// Largest answer: the server's own limit.
const ANSWER_BYTES_MAX: u64 = 64 << 20;

/// A node's address.
pub(crate) struct Rpc(pub(crate) String);

/// Why there is no answer.
pub(crate) enum RpcFailure {
    /// The node, or the contract, says no: a code of the ledger or the contract, and a sentence.
    Refused(Failure),
    /// Nobody answers, or not what a node would.
    Broken(String),
}

impl Rpc {
    /// One request.
    pub(crate) fn ask(&self, method: &str, params: &Value) -> Result<Value, RpcFailure> {
        let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let broken = |error: String| RpcFailure::Broken(format!("{method} at {}: {error}", self.0));
        let answer = post(&self.0, &request.to_string()).map_err(|error| broken(error.to_string()))?;
        let mut answer: Value = serde_json::from_slice(&answer).map_err(|error| broken(error.to_string()))?;
        let Some(error) = answer.get("error") else { return Ok(answer["result"].take()) };
        let message = error["message"].as_str().unwrap_or_default().to_owned();
        match error["data"]["code"].as_u64().and_then(|code| u32::try_from(code).ok()) {
            Some(code) => Err(RpcFailure::Refused(Failure::new(code, message))),
            None => Err(broken(message)),
        }
    }

    /// A request that cannot be refused.
    ///
    /// # Panics
    /// When it is.
    pub(crate) fn must(&self, method: &str, params: &Value) -> Value {
        match self.ask(method, params) {
            Ok(answer) => answer,
            Err(RpcFailure::Refused(failure)) => panic!("{method}: {failure}"),
            Err(RpcFailure::Broken(text)) => panic!("{text}"),
        }
    }
}

/// Posts a text; the body of the answer. In HTTP/1.0 the server sends it whole and closes the connection.
fn post(url: &str, body: &str) -> io::Result<Vec<u8>> {
    let wrong = |what: String| io::Error::new(io::ErrorKind::InvalidData, what);
    let place = url.strip_prefix("http://").map(|rest| rest.split('/').next().unwrap_or_default());
    let place = place.ok_or_else(|| wrong(format!("`{url}` is not http://HOST:PORT")))?;
    let mut stream = TcpStream::connect(place)?;
    stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
    let length = body.len();
    let head = format!(
        "POST / HTTP/1.0\r\nHost: {place}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer)?;
    let head_end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n");
    let head_end = head_end.ok_or_else(|| wrong("the answer is no HTTP".into()))?;
    let status = String::from_utf8_lossy(&answer[..head_end]).lines().next().unwrap_or_default().to_owned();
    if status.split(' ').nth(1) != Some("200") {
        return Err(wrong(format!("the server answers `{status}`")));
    }
    Ok(answer.split_off(head_end + 4))
}

/// A number that JSON carries as a string or as a number.
///
/// # Panics
/// When it is neither.
pub(crate) fn number(value: &Value) -> u64 {
    let text = value.as_str().and_then(|text| text.parse().ok());
    text.or_else(|| value.as_u64()).unwrap_or_else(|| panic!("{value} is no number"))
}

/// `0x` and hex digits.
///
/// # Panics
/// When it is something else.
pub(crate) fn bytes(value: &Value) -> Vec<u8> {
    let digits = value.as_str().and_then(|text| text.strip_prefix("0x"));
    let decoded = digits.and_then(|digits| hex::decode(digits).ok());
    decoded.unwrap_or_else(|| panic!("{value} is no hex"))
}
