//! Requests over a bare socket: to stop in the middle, to dawdle, to resume.

use super::scene::{Dice, Raw, Scene};
use hydrogen::client::relay::RelayReceiptJson;
use hydrogen_core::SecretKey;
use hydrogen_types::task::RelayReceipt;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Bytes written at a time.
const CHUNK: usize = 64 << 10;
/// Longest wait for an answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(120);

/// How a request goes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Manner {
    /// Hang up after so many bytes of body, sent or read.
    pub(crate) cut: Option<usize>,
    /// Longest pause between two pieces.
    pub(crate) pause_ms: usize,
}

/// An answer's status and body.
pub(crate) type Answer = (u16, Vec<u8>);

fn cut_off() -> io::Error {
    io::Error::new(io::ErrorKind::Interrupted, "hung up as asked")
}

/// Reads an answer; of a success no more than `cut` bytes, which are handed on, too.
async fn read_answer(stream: &mut TcpStream, cut: Option<usize>) -> io::Result<Answer> {
    let mut bytes = Vec::new();
    let head = loop {
        let mut piece = [0; 2_048];
        let size = stream.read(&mut piece).await?;
        if size == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes.extend_from_slice(&piece[..size]);
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
    };
    let mut body = bytes.split_off(head + 4);
    let head = String::from_utf8_lossy(&bytes).to_ascii_lowercase();
    let status: u16 =
        head.get(9..12).and_then(|status| status.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
    let length =
        head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    let length = length.ok_or(io::ErrorKind::InvalidData)?;
    let wanted = cut.unwrap_or(length).min(length);
    while body.len() < wanted {
        let mut piece = vec![0; CHUNK];
        let size = stream.read(&mut piece).await?;
        if size == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        body.extend_from_slice(&piece[..size]);
    }
    Ok((status, body))
}

/// Uploads `bytes`.
pub(crate) async fn upload(
    scene: &Scene,
    key: &SecretKey,
    path: &str,
    bytes: &[u8],
    manner: Manner,
    dice: &mut Dice,
) -> io::Result<Answer> {
    let raw = Raw::post(scene, path, bytes);
    let mut stream = TcpStream::connect(scene.authority()).await?;
    stream.write_all(raw.head(key, bytes.len()).as_bytes()).await?;
    let end = manner.cut.unwrap_or(bytes.len()).min(bytes.len());
    for piece in bytes[..end].chunks(CHUNK) {
        if let Err(error) = stream.write_all(piece).await {
            // A refusal may be waiting to be read.
            return read_answer(&mut stream, None).await.map_err(|_| error);
        }
        if manner.pause_ms > 0 {
            tokio::time::sleep(Duration::from_millis(dice.below(manner.pause_ms) as u64)).await;
        }
    }
    if manner.cut.is_some() {
        return Err(cut_off());
    }
    let answer = tokio::time::timeout(ANSWER_TIMEOUT, read_answer(&mut stream, None)).await;
    answer.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// Reads from `start` on, as far as `manner` says.
pub(crate) async fn download(
    scene: &Scene,
    key: &SecretKey,
    path: &str,
    start: usize,
    manner: Manner,
) -> io::Result<Answer> {
    let raw = Raw::get(scene, path, &super::scene::fresh_nonce());
    let head = raw.head(key, 0).replacen("\r\n", &format!("\r\nrange: bytes={start}-\r\n"), 1);
    let mut stream = TcpStream::connect(scene.authority()).await?;
    stream.write_all(head.as_bytes()).await?;
    let answer = tokio::time::timeout(ANSWER_TIMEOUT, read_answer(&mut stream, manner.cut)).await;
    answer.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// The receipt of an upload's answer.
pub(crate) fn receipt(answer: &Answer) -> RelayReceipt {
    let text = String::from_utf8_lossy(&answer.1);
    assert!(matches!(answer.0, 200 | 201), "{} {text}", answer.0);
    let receipt: RelayReceiptJson = serde_json::from_str(&text).expect("a receipt");
    receipt.into()
}

/// Whether a refusal passes with time.
pub(crate) fn may_pass(answer: &Answer) -> bool {
    let text = String::from_utf8_lossy(&answer.1);
    matches!(answer.0, 404 | 408 | 429 | 503 | 507) || text.contains("BeforeStart")
}
