//! Frames of the request protocol: a length of four bytes, little end first, then borsh.

use super::wire::{Limits, Request, Response};
use borsh::{BorshDeserialize, BorshSerialize};
use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use hydrogen_types::codec::{decode, encode};
use libp2p::{StreamProtocol, request_response};
use std::io;

/// Reads and writes frames within limits.
#[derive(Debug, Clone)]
pub(crate) struct Frames(pub(crate) Limits);

async fn read<T: BorshDeserialize>(
    io: &mut (impl AsyncRead + Unpin + Send),
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
    let mut bytes = Vec::new();
    io.take(length).read_to_end(&mut bytes).await?;
    if bytes.len() as u64 != length {
        return Err(io::ErrorKind::UnexpectedEof.into());
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

impl request_response::Codec for Frames {
    type Protocol = StreamProtocol;
    type Request = Request;
    type Response = Response;

    async fn read_request<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Request>
    where
        T: AsyncRead + Unpin + Send,
    {
        read(io, self.0.request_max).await
    }

    async fn read_response<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Response>
    where
        T: AsyncRead + Unpin + Send,
    {
        read(io, self.0.response_max).await
    }

    async fn write_request<T>(&mut self, _: &StreamProtocol, io: &mut T, request: Request) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        write(io, &request).await
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
