//! The socket in a network's folder by which other commands reach the process that holds it up.

use crate::failure::{Failure, Outcome};
use crate::testnet::plan::RoleStatus;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};

/// Longest line either side reads.
const LINE_BYTES_MAX: u64 = 1 << 20;
/// How long the holder may take to answer: stopping a role takes a while.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// What a command asks of the holder.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Request {
    /// How all roles fare.
    Status,
    /// Stop one role.
    Stop {
        /// Its name.
        name: String,
    },
    /// Start one role.
    Start {
        /// Its name.
        name: String,
    },
    /// Make and start one more compute node.
    AddNode,
    /// Stop all, and the holder.
    Down,
}

/// What it answers: how all roles fare, or what went wrong.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Reply {
    pub(super) error: Option<String>,
    pub(super) roles: Vec<RoleStatus>,
}

/// A request with the way back to whoever asked.
pub(super) struct Asked {
    pub(super) request: Request,
    stream: UnixStream,
}

impl Asked {
    /// Answers and closes. An asker that has gone is no error.
    pub(super) async fn answer(mut self, reply: &Reply) {
        let Ok(mut line) = serde_json::to_vec(reply) else { return };
        line.push(b'\n');
        if let Err(error) = self.stream.write_all(&line).await {
            tracing::debug!(%error, "a command did not wait for its answer");
        }
    }
}

fn path(dir: &Path) -> PathBuf {
    dir.join("control.sock")
}

/// Listens in `dir`; refuses when another process does already.
pub(super) fn listen(dir: &Path) -> Outcome<UnixListener> {
    let path = path(dir);
    if std::os::unix::net::UnixStream::connect(&path).is_ok() {
        return Err(Failure::new(format!("the network in {} is up already", dir.display()))
            .hint("`hydrogen testnet status` shows it, `hydrogen testnet down` ends it"));
    }
    // What a killed holder left behind.
    if path.exists() {
        std::fs::remove_file(&path).map_err(|error| Failure::of(path.display(), &error))?;
    }
    UnixListener::bind(&path).map_err(|error| {
        Failure::of(path.display(), &error).hint("a socket's path has at most 107 bytes: use a shorter --dir")
    })
}

/// Whoever asks next. Safe to cancel: nobody who was let in is forgotten.
pub(super) async fn accept(listener: &UnixListener) -> std::io::Result<UnixStream> {
    listener.accept().await.map(|(stream, _)| stream)
}

/// What is asked; a request that cannot be read, or does not come, is passed over.
pub(super) async fn read(mut stream: UnixStream) -> Option<Asked> {
    let mut line = String::new();
    let mut reader = BufReader::new((&mut stream).take(LINE_BYTES_MAX));
    let read = tokio::time::timeout(Duration::from_secs(5), reader.read_line(&mut line)).await;
    match (read, serde_json::from_str(&line)) {
        (Ok(Ok(_)), Ok(request)) => return Some(Asked { request, stream }),
        (_, Err(error)) => tracing::debug!(%error, "an unreadable request"),
        _ => tracing::debug!("a request that did not come"),
    }
    None
}

/// Asks the holder of the network in `dir`.
///
/// # Errors
/// When nobody holds it up, or what it answers.
pub async fn ask(dir: &Path, request: &Request) -> Outcome<Vec<RoleStatus>> {
    let exchange = async {
        let mut stream = UnixStream::connect(path(dir)).await.map_err(|_| {
            Failure::new(format!("no network is up in {}", dir.display()))
                .hint("start it with `hydrogen testnet up`, or give its folder with --dir")
        })?;
        let mut line = serde_json::to_vec(request)?;
        line.push(b'\n');
        stream.write_all(&line).await?;
        let mut answer = String::new();
        BufReader::new(stream.take(LINE_BYTES_MAX)).read_line(&mut answer).await?;
        let reply: Reply = serde_json::from_str(&answer)
            .map_err(|_| Failure::new("the network ended before it answered"))?;
        match reply.error {
            None => Ok(reply.roles),
            Some(error) => Err(Failure::new(error)),
        }
    };
    match tokio::time::timeout(ANSWER_TIMEOUT, exchange).await {
        Ok(done) => done,
        Err(_) => Err(Failure::new(format!("the network in {} does not answer", dir.display()))),
    }
}
