//! What is asked of slow clients: to take what is sent to them, and to keep a least speed.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;

/// A socket whose writes fail when the other side has taken nothing for some time.
#[derive(Debug)]
pub(crate) struct PacedStream {
    stream: TcpStream,
    patience: Duration,
    /// Runs while a write waits.
    giving_up: Option<Pin<Box<Sleep>>>,
}

impl PacedStream {
    pub(crate) fn new(stream: TcpStream, patience: Duration) -> Self {
        Self { stream, patience, giving_up: None }
    }

    fn paced<T>(&mut self, context: &mut Context<'_>, done: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if done.is_ready() {
            self.giving_up = None;
            return done;
        }
        let patience = self.patience;
        let sleep = self.giving_up.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        ready!(sleep.as_mut().poll(context));
        self.giving_up = None;
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client takes nothing")))
    }
}

impl AsyncRead for PacedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for PacedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.paced(context, done)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.paced(context, done)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let done = Pin::new(&mut self.stream).poll_flush(context);
        self.paced(context, done)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let done = Pin::new(&mut self.stream).poll_shutdown(context);
        self.paced(context, done)
    }
}

/// Watches the speed of one body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    start: Instant,
    bytes: u64,
    grace: Duration,
    rate_min: u64,
}

impl Pace {
    /// At least `rate_min` bytes a second, judged once `grace` is over.
    pub(crate) fn new(start: Instant, grace: Duration, rate_min: u64) -> Self {
        Self { start, bytes: 0, grace, rate_min }
    }

    /// Counts bytes; the speed so far if it is too slow.
    pub(crate) fn add(&mut self, bytes: u64, now: Instant) -> Result<(), u64> {
        self.bytes = self.bytes.saturating_add(bytes);
        let elapsed = now.saturating_duration_since(self.start);
        if elapsed <= self.grace {
            return Ok(());
        }
        let elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
        let rate = self.bytes.saturating_mul(1_000) / elapsed_ms;
        if rate < self.rate_min { Err(rate) } else { Ok(()) }
    }
}
