//! Frames of the request protocol: a length of four bytes, little end first, then borsh.
//!
//! *Invariants*: a frame costs no memory before its bytes arrive; all requests that one connection has under way hold
//! at most [`UNREAD_BYTES_MAX`], or one frame, so slow and endless ones cannot pile up.

use super::wire::{Limits, Request, Response};
use borsh::{BorshDeserialize, BorshSerialize};
use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use hydrogen_types::codec::{decode, encode};
use libp2p::{StreamProtocol, request_response};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes of requests of one connection that are not complete yet.
const UNREAD_BYTES_MAX: usize = 8 << 20;
/// Bytes read at a time.
const CHUNK_BYTES: usize = 64 << 10;

/// Reads and writes frames within limits.
#[derive(Debug)]
pub(crate) struct Frames {
    limits: Limits,
    /// Bytes of incomplete requests; every connection has its own count, which its streams share.
    unread: Option<Arc<AtomicUsize>>,
}

impl Frames {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, unread: None }
    }
}

/// The protocol keeps one, clones it for each connection, and these for each stream: the first clone begins a count, the
/// second shares it.
impl Clone for Frames {
    fn clone(&self) -> Self {
        let unread = self.unread.clone().unwrap_or_default();
        Self { limits: self.limits, unread: Some(unread) }
    }
}

/// Bytes taken from a count; given back when the frame is done, failed, or dropped with its stream.
struct Taken<'a> {
    unread: &'a AtomicUsize,
    bytes: usize,
}

impl Taken<'_> {
    fn more(&mut self, bytes: usize, bytes_max: usize) -> io::Result<()> {
        let before = self.unread.fetch_add(bytes, Ordering::Relaxed);
        self.bytes += bytes;
        if before.saturating_add(bytes) > UNREAD_BYTES_MAX.max(bytes_max) {
            return Err(io::Error::other("too many incomplete requests"));
        }
        Ok(())
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.unread.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

async fn read<T: BorshDeserialize>(
    io: &mut (impl AsyncRead + Unpin + Send),
    unread: &AtomicUsize,
    bytes_max: usize,
) -> io::Result<T> {
    let invalid = |message: String| io::Error::new(io::ErrorKind::InvalidData, message);
    let mut length = [0u8; 4];
    io.read_exact(&mut length).await?;
    let length = u64::from(u32::from_le_bytes(length));
    if usize::try_from(length).is_ok_and(|length| length > bytes_max) {
        return Err(invalid(format!("a frame of {length} bytes, at most {bytes_max} allowed")));
    }
    // Grows as bytes arrive: a length alone costs no memory.
    let mut taken = Taken { unread, bytes: 0 };
    let mut bytes = Vec::new();
    let mut left = usize::try_from(length).unwrap_or(usize::MAX);
    while left > 0 {
        let chunk = left.min(CHUNK_BYTES);
        taken.more(chunk, bytes_max)?;
        let start = bytes.len();
        bytes.resize(start + chunk, 0);
        io.read_exact(&mut bytes[start..]).await?;
        left -= chunk;
    }
    decode(&bytes, bytes_max).map_err(|error| invalid(error.to_string()))
}

async fn write<T: BorshSerialize>(io: &mut (impl AsyncWrite + Unpin + Send), message: &T) -> io::Result<()> {
    let bytes = encode(message);
    let length = u32::try_from(bytes.len()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    io.write_all(&length.to_le_bytes()).await?;
    io.write_all(&bytes).await?;
    io.close().await
}

/// A request that cannot be read. It is handed on like one that can: an error would end the stream, and the library
/// tells nobody whose it was.
#[derive(Debug)]
pub(crate) struct Malformed;

impl request_response::Codec for Frames {
    type Protocol = StreamProtocol;
    type Request = Result<Request, Malformed>;
    type Response = Response;

    async fn read_request<T>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
    ) -> io::Result<Result<Request, Malformed>>
    where
        T: AsyncRead + Unpin + Send,
    {
        let unread = self.unread.clone().unwrap_or_default();
        match read(io, &unread, self.limits.request_max).await {
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(Err(Malformed)),
            read => read.map(Ok),
        }
    }

    async fn read_response<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Response>
    where
        T: AsyncRead + Unpin + Send,
    {
        // Bounded by what this node asked for.
        read(io, &AtomicUsize::new(0), self.limits.response_max).await
    }

    async fn write_request<T>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        request: Result<Request, Malformed>,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        match request {
            Ok(request) => write(io, &request).await,
            Err(Malformed) => Err(io::ErrorKind::InvalidInput.into()),
        }
    }

    async fn write_response<T>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        response: Response,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        write(io, &response).await
    }
}
