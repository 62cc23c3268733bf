//! The client of a relay: signs its requests, streams files both ways, and checks what it gets.

mod download;
mod error;
mod receipt;

pub use error::RelayClientError;
pub use receipt::RelayReceiptJson;

use download::Wanted;
use futures::StreamExt;
use hydrogen_core::SecretKey;
use hydrogen_offchain::signing::{RequestParts, content_digest, sign_request};
use hydrogen_types::Hash;
use hydrogen_types::task::{BlobKind, RelayReceipt};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::io::AsyncReadExt;

/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest silence while bytes travel.
const READ_TIMEOUT: Duration = Duration::from_secs(60);
/// Most bytes of an answer that is no blob.
const ANSWER_BYTES_MAX: usize = 64 << 10;
/// Bytes read from a file at a time.
const CHUNK_BYTES: usize = 64 << 10;

/// A file to upload, with what must be known of it beforehand.
#[derive(Debug, Clone)]
pub struct Upload {
    /// Where it is.
    pub path: PathBuf,
    /// SHA-256 of its bytes.
    pub digest: Hash,
    /// Its size.
    pub size: u64,
}

impl Upload {
    /// Reads a file once, to know its hash and size.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn of(path: &Path) -> Result<Self, RelayClientError> {
        let file_error = |source| RelayClientError::File { path: path.to_path_buf(), source };
        let mut file = tokio::fs::File::open(path).await.map_err(file_error)?;
        let mut hasher = Sha256::new();
        let mut size = 0;
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            let count = file.read(&mut chunk).await.map_err(file_error)?;
            if count == 0 {
                break;
            }
            hasher.update(&chunk[..count]);
            size += count as u64;
        }
        Ok(Self { path: path.to_path_buf(), digest: Hash::new(hasher.finalize().into()), size })
    }
}

/// Told how many bytes of how many have moved; 0 of all where the size is not known.
pub type Meter = Arc<dyn Fn(u64, u64) + Send + Sync>;

/// One relay. Cheap to clone.
#[derive(Clone)]
pub struct RelayClient {
    http: reqwest::Client,
    url: String,
    authority: String,
    path: String,
    meter: Option<Meter>,
}

impl fmt::Debug for RelayClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RelayClient").field(&self.url).finish()
    }
}

impl RelayClient {
    /// The relay at `url`. Connects at the first request.
    ///
    /// # Errors
    /// [`RelayClientError::BadUrl`].
    pub fn new(url: &str) -> Result<Self, RelayClientError> {
        let bad = || RelayClientError::BadUrl { url: url.into() };
        let parsed = reqwest::Url::parse(url).map_err(|_| bad())?;
        let host = parsed.host_str().ok_or_else(bad)?.to_ascii_lowercase();
        if parsed.scheme() != "http" && parsed.scheme() != "https" {
            return Err(bad());
        }
        let authority = match parsed.port() {
            Some(port) => format!("{host}:{port}"),
            None => host,
        };
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(|error| RelayClientError::Unreachable { url: url.into(), reason: error.to_string() })?;
        let path = parsed.path().trim_end_matches('/').to_owned();
        Ok(Self { http, url: url.trim_end_matches('/').to_owned(), authority, path, meter: None })
    }

    /// The same relay, telling `meter` of bytes that move.
    #[must_use]
    pub fn with_meter(mut self, meter: Meter) -> Self {
        self.meter = Some(meter);
        self
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Brings arguments or a result; the relay's receipt.
    ///
    /// # Errors
    /// See [`RelayClientError`]; 404 with a `Retry-After` while the relay has not seen what it needs.
    pub async fn upload(
        &self,
        key: &SecretKey,
        task: u64,
        kind: BlobKind,
        upload: &Upload,
    ) -> Result<RelayReceipt, RelayClientError> {
        let response = self.send(key, &Method::POST, &blob_path(task, kind), upload).await?;
        let bytes = self.answer(response).await?;
        let receipt: RelayReceiptJson =
            serde_json::from_slice(&bytes).map_err(|error| self.bad_answer(error.to_string()))?;
        Ok(receipt.into())
    }

    /// Fetches arguments or a result into the file `to`, which appears only when all of it is there and its hash
    /// is `digest`. Until then the bytes are in `.NAME.part-TASK` beside it: whoever is killed and tries again
    /// leaves one such file at most, and none at the end. A broken connection is taken up where it broke.
    ///
    /// # Errors
    /// See [`RelayClientError`].
    pub async fn download(
        &self,
        key: &SecretKey,
        task: u64,
        kind: BlobKind,
        digest: &Hash,
        size_max: u64,
        to: &Path,
    ) -> Result<u64, RelayClientError> {
        let (path, suffix) = (blob_path(task, kind), task.to_string());
        let wanted = Wanted { key: Some(key), path: &path, digest, size_max, to, suffix };
        download::fetch(self, &wanted).await
    }

    /// Publishes a program.
    ///
    /// # Errors
    /// See [`RelayClientError`]; 422 with the reason when it is none.
    pub async fn publish(&self, key: &SecretKey, program: &Upload) -> Result<(), RelayClientError> {
        let path = program_path(&program.digest);
        let response = self.send(key, &Method::PUT, &path, program).await?;
        self.answer(response).await.map(drop)
    }

    /// Fetches a program into the file `to`.
    ///
    /// # Errors
    /// See [`RelayClientError`].
    pub async fn program(&self, hash: &Hash, size_max: u64, to: &Path) -> Result<u64, RelayClientError> {
        let (path, suffix) = (program_path(hash), fresh_nonce()?);
        let wanted = Wanted { key: None, path: &path, digest: hash, size_max, to, suffix };
        download::fetch(self, &wanted).await
    }

    /// Whether the relay holds a program.
    ///
    /// # Errors
    /// See [`RelayClientError`].
    pub async fn has_program(&self, hash: &Hash) -> Result<bool, RelayClientError> {
        let url = format!("{}{}", self.url, program_path(hash));
        // One byte is enough to know.
        let request = self.http.get(url).header("range", "bytes=0-0");
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        match response.status() {
            StatusCode::NOT_FOUND => Ok(false),
            status if status.is_success() => Ok(true),
            _ => Err(self.refused(response).await),
        }
    }

    /// What the relay says of itself.
    ///
    /// # Errors
    /// See [`RelayClientError`].
    pub async fn info(&self) -> Result<serde_json::Value, RelayClientError> {
        let response = self.get(None, "/v1/info", 0).await?;
        let bytes = self.answer(response).await?;
        serde_json::from_slice(&bytes).map_err(|error| self.bad_answer(error.to_string()))
    }

    /// Asks for bytes from `offset` on.
    async fn get(
        &self,
        key: Option<&SecretKey>,
        path: &str,
        offset: u64,
    ) -> Result<Response, RelayClientError> {
        let mut request = self.request(key, &Method::GET, path, None)?;
        if offset > 0 {
            request = request.header("range", format!("bytes={offset}-"));
        }
        self.done(request).await
    }

    /// Sends a file's bytes.
    async fn send(
        &self,
        key: &SecretKey,
        method: &Method,
        path: &str,
        upload: &Upload,
    ) -> Result<Response, RelayClientError> {
        let file_error = |source| RelayClientError::File { path: upload.path.clone(), source };
        let file = tokio::fs::File::open(&upload.path).await.map_err(file_error)?;
        let stream = tokio_util::io::ReaderStream::with_capacity(file, CHUNK_BYTES);
        let (relay, size, mut sent) = (self.clone(), upload.size, 0);
        let stream = stream.inspect(move |chunk| {
            sent += chunk.as_ref().map_or(0, |bytes| bytes.len() as u64);
            relay.moved(sent, size);
        });
        let digest = content_digest(&upload.digest);
        let request = self
            .request(Some(key), method, path, Some(&digest))?
            .header("content-digest", digest)
            .header("content-length", upload.size)
            .body(reqwest::Body::wrap_stream(stream));
        self.done(request).await
    }

    fn request(
        &self,
        key: Option<&SecretKey>,
        method: &Method,
        path: &str,
        digest: Option<&str>,
    ) -> Result<RequestBuilder, RelayClientError> {
        let request = self.http.request(method.clone(), format!("{}{path}", self.url));
        let Some(key) = key else { return Ok(request) };
        let full_path = format!("{}{path}", self.path);
        let parts = RequestParts {
            method: method.as_str(),
            authority: &self.authority,
            path: &full_path,
            query: "",
            content_digest: digest,
        };
        let headers = sign_request(&parts, key, now_s(), &fresh_nonce()?);
        Ok(request.header("signature-input", headers.signature_input).header("signature", headers.signature))
    }

    async fn done(&self, request: RequestBuilder) -> Result<Response, RelayClientError> {
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        if response.status().is_success() { Ok(response) } else { Err(self.refused(response).await) }
    }

    fn moved(&self, bytes: u64, total: u64) {
        if let Some(meter) = &self.meter {
            meter(bytes, total);
        }
    }

    /// A small answer's bytes.
    async fn answer(&self, mut response: Response) -> Result<Vec<u8>, RelayClientError> {
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.unreachable(&error))? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > ANSWER_BYTES_MAX {
                return Err(self.bad_answer(format!("more than {ANSWER_BYTES_MAX} bytes")));
            }
        }
        Ok(bytes)
    }

    async fn refused(&self, response: Response) -> RelayClientError {
        #[derive(Deserialize)]
        struct Answer {
            error: String,
            message: String,
        }
        let status = response.status().as_u16();
        let retry_after = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
        let retry_after = retry_after.and_then(|text| text.parse().ok()).map(Duration::from_secs);
        let bytes = self.answer(response).await.unwrap_or_default();
        let answer = serde_json::from_slice(&bytes).unwrap_or_else(|_| Answer {
            error: String::from("Refused"),
            message: String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned(),
        });
        let Answer { error: name, message } = answer;
        RelayClientError::Refused { url: self.url.clone(), status, name, message, retry_after }
    }

    /// The innermost reason, since the outer ones only repeat the URL.
    fn unreachable(&self, error: &reqwest::Error) -> RelayClientError {
        let mut cause: &dyn std::error::Error = error;
        while let Some(inner) = cause.source() {
            cause = inner;
        }
        let reason = if error.is_timeout() { String::from("no answer in time") } else { cause.to_string() };
        RelayClientError::Unreachable { url: self.url.clone(), reason }
    }

    fn bad_answer(&self, reason: String) -> RelayClientError {
        RelayClientError::BadAnswer { url: self.url.clone(), reason }
    }
}

fn blob_path(task: u64, kind: BlobKind) -> String {
    match kind {
        BlobKind::Args => format!("/v1/tasks/{task}/args"),
        BlobKind::Result => format!("/v1/tasks/{task}/result"),
    }
}

fn program_path(hash: &Hash) -> String {
    format!("/v1/programs/{hash}")
}

/// 16 random bytes in hex: a request's nonce is never used twice.
fn fresh_nonce() -> Result<String, RelayClientError> {
    let mut bytes = [0u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| RelayClientError::NoRandomness(error.to_string()))?;
    Ok(hex::encode(bytes))
}

fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
