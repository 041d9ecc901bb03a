//! One accepted connection, plain or TLS, as tonic reads and writes it.

use std::{
    future::Future,
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep},
};
use tokio_rustls::server::TlsStream;
use tonic::transport::server::{Connected, TcpConnectInfo};

use super::{ConnectionLimits, slots::Slot};

/// An accepted connection. Reading fails when nothing has arrived for the idle time, and at the end of its age. A live
/// HTTP/2 client answers the server's pings well within the idle time.
#[derive(Debug)]
pub struct Connection {
    stream: Transport,
    idle: Duration,
    ends: Instant,
    last_read: Instant,
    timer: Pin<Box<Sleep>>,
    _slot: Slot,
}

#[derive(Debug)]
enum Transport {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Connection {
    pub(super) fn plain(tcp: TcpStream, slot: Slot, limits: &ConnectionLimits) -> Self {
        Self::new(Transport::Plain(tcp), slot, limits)
    }

    pub(super) fn tls(stream: TlsStream<TcpStream>, slot: Slot, limits: &ConnectionLimits) -> Self {
        Self::new(Transport::Tls(Box::new(stream)), slot, limits)
    }

    fn new(stream: Transport, slot: Slot, limits: &ConnectionLimits) -> Self {
        let now = Instant::now();
        Self {
            stream,
            idle: limits.idle,
            ends: now + limits.age,
            last_read: now,
            timer: Box::pin(sleep(limits.idle.min(limits.age))),
            _slot: slot,
        }
    }

    /// Ready when the connection has been idle or alive for too long. The timer is moved only when it fires, not at
    /// every read.
    fn poll_expired(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        loop {
            let deadline = self.ends.min(self.last_read + self.idle);
            if deadline <= Instant::now() {
                return Poll::Ready(io::Error::new(
                    io::ErrorKind::TimedOut,
                    "the connection was idle or alive for too long",
                ));
            }
            if self.timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            self.timer.as_mut().reset(deadline);
        }
    }
}

impl Connected for Connection {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> Self::ConnectInfo {
        match &self.stream {
            Transport::Plain(tcp) => tcp.connect_info(),
            Transport::Tls(tls) => tls.get_ref().0.connect_info(),
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = match &mut self.stream {
            Transport::Plain(tcp) => Pin::new(tcp).poll_read(cx, buf),
            Transport::Tls(tls) => Pin::new(tls.as_mut()).poll_read(cx, buf),
        };
        if read.is_ready() {
            self.last_read = Instant::now();
            if self.last_read < self.ends {
                return read;
            }
        }
        self.poll_expired(cx).map(Err)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.stream {
            Transport::Plain(tcp) => Pin::new(tcp).poll_write(cx, buf),
            Transport::Tls(tls) => Pin::new(tls.as_mut()).poll_write(cx, buf),
        }
    }

    // Without these two, HTTP/2 writes the head of a frame and its data in calls of their own.
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.stream {
            Transport::Plain(tcp) => Pin::new(tcp).poll_write_vectored(cx, bufs),
            Transport::Tls(tls) => Pin::new(tls.as_mut()).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Transport::Plain(tcp) => tcp.is_write_vectored(),
            Transport::Tls(tls) => tls.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Transport::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Transport::Tls(tls) => Pin::new(tls.as_mut()).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Transport::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Transport::Tls(tls) => Pin::new(tls.as_mut()).poll_shutdown(cx),
        }
    }
}
