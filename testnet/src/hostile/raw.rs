//! Bytes on a stream of any protocol, written as no honest node would.

use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use libp2p::StreamProtocol;
use libp2p::request_response::Codec;
use std::io;
use std::time::Duration;

/// Most that is read of an answer or a request.
const READ_MAX: u64 = 1 << 20;

/// How bytes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// As they are, and the stream's end.
    Once,
    /// As they are, and the stream stays open.
    Hold,
    /// Again and again.
    Repeat,
    /// A byte a second.
    Drip,
    /// As they are, and the answer is not read.
    Unread,
}

/// What is sent.
#[derive(Debug, Clone)]
pub(super) struct Raw {
    pub(super) bytes: Vec<u8>,
    pub(super) pace: Pace,
}

/// Writes what it is told to.
#[derive(Debug, Clone)]
pub(super) struct RawCodec;

async fn read(io: &mut (impl AsyncRead + Unpin + Send)) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io.take(READ_MAX).read_to_end(&mut bytes).await?;
    Ok(bytes)
}

impl Codec for RawCodec {
    type Protocol = StreamProtocol;
    type Request = Raw;
    type Response = Vec<u8>;

    async fn read_request<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Raw>
    where
        T: AsyncRead + Unpin + Send,
    {
        // An honest frame: a length, then so many bytes.
        let mut length = [0; 4];
        io.read_exact(&mut length).await?;
        let mut bytes = Vec::new();
        let length = u64::from(u32::from_le_bytes(length)).min(READ_MAX);
        io.take(length).read_to_end(&mut bytes).await?;
        Ok(Raw { bytes, pace: Pace::Once })
    }

    async fn read_response<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Vec<u8>>
    where
        T: AsyncRead + Unpin + Send,
    {
        read(io).await
    }

    async fn write_request<T>(&mut self, _: &StreamProtocol, io: &mut T, raw: Raw) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        match raw.pace {
            Pace::Once => {
                io.write_all(&raw.bytes).await?;
                io.close().await
            }
            Pace::Hold | Pace::Unread => {
                io.write_all(&raw.bytes).await?;
                io.flush().await?;
                std::future::pending().await
            }
            Pace::Repeat => loop {
                io.write_all(&raw.bytes).await?;
            },
            Pace::Drip => {
                for byte in raw.bytes {
                    io.write_all(&[byte]).await?;
                    io.flush().await?;
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                Ok(())
            }
        }
    }

    async fn write_response<T>(&mut self, _: &StreamProtocol, io: &mut T, bytes: Vec<u8>) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        io.write_all(&bytes).await?;
        io.close().await
    }
}
