//! The listener: the accept loop in front of tonic.
//!
//! In scope: plain TCP on loopback only, TLS elsewhere with certificates that can be exchanged while running, the
//! handshake in its own task under a time limit, at most so many connections in all and per peer, rest instead of a
//! busy loop when descriptors run out, and an end for connections on which nothing arrives. Out of scope: limits inside
//! a connection, which are settings of tonic's server (see [`crate::server`]).
//!
//! Source: `docs/server.md`, "Listener".

mod connection;
mod slots;
mod tls;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;
use tokio_stream::{Stream, wrappers::ReceiverStream};

use self::slots::{Slot, Slots};
pub use self::{
    connection::Connection,
    tls::{Certificates, TlsError},
};

/// How long the accept loop rests when the process has no free descriptor.
const REST_WITHOUT_DESCRIPTORS: Duration = Duration::from_millis(250);
/// Accepted connections that tonic has not picked up yet.
const BACKLOG: usize = 64;

/// Limits on connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// Open connections in all.
    pub total: usize,
    /// Open connections from one address.
    pub per_peer: usize,
    /// How long a TLS handshake may take.
    pub handshake: Duration,
    /// How long nothing may arrive on a connection.
    pub idle: Duration,
    /// How long a connection may live, whatever runs on it.
    pub age: Duration,
}

/// Why the server cannot listen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListenError {
    /// Plain text was asked for on an address that others can reach.
    #[error(
        "listen {addr} is not a loopback address and tls is not configured: set tls.cert and tls.key, or listen on 127.0.0.1 or [::1]"
    )]
    PlainTextOffLoopback {
        /// The configured address.
        addr: SocketAddr,
    },
    /// The operating system refused the address.
    #[error("cannot listen on {addr}: {source}")]
    Bind {
        /// The configured address.
        addr: SocketAddr,
        /// The error of the operating system.
        source: io::Error,
    },
}

/// A bound listener that has not accepted anything yet.
#[derive(Debug)]
pub struct Listener {
    tcp: TcpListener,
    addr: SocketAddr,
    certificates: Option<Arc<Certificates>>,
    limits: ConnectionLimits,
}

impl Listener {
    /// Binds `addr`. Without `certificates` it speaks plain text, which only a loopback address may.
    ///
    /// # Errors
    ///
    /// [`ListenError`].
    pub async fn bind(
        addr: SocketAddr,
        certificates: Option<Arc<Certificates>>,
        limits: ConnectionLimits,
    ) -> Result<Self, ListenError> {
        if certificates.is_none() && !addr.ip().is_loopback() {
            return Err(ListenError::PlainTextOffLoopback { addr });
        }
        let bind_error = |source| ListenError::Bind { addr, source };
        let tcp = TcpListener::bind(addr).await.map_err(bind_error)?;
        let addr = tcp.local_addr().map_err(bind_error)?;
        Ok(Self {
            tcp,
            addr,
            certificates,
            limits,
        })
    }

    /// The bound address, with the real port if port 0 was asked for.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Starts to accept. The loop ends when the returned stream is dropped.
    pub fn incoming(self) -> impl Stream<Item = io::Result<Connection>> + Send + 'static {
        let (sender, receiver) = mpsc::channel(BACKLOG);
        tokio::spawn(self.accept_loop(sender));
        ReceiverStream::new(receiver)
    }

    async fn accept_loop(self, sender: mpsc::Sender<io::Result<Connection>>) {
        let acceptor = self
            .certificates
            .as_ref()
            .map(|certificates| TlsAcceptor::from(certificates.server_config()));
        let slots = Slots::new(self.limits.total, self.limits.per_peer);
        loop {
            let permit = slots.permit().await;
            let (tcp, peer) = tokio::select! {
                accepted = accept(&self.tcp) => accepted,
                () = sender.closed() => return,
            };
            let Some(slot) = slots.occupy(permit, peer.ip()) else {
                tracing::debug!(%peer, limit = self.limits.per_peer, "refused a connection over the limit per peer");
                continue;
            };
            let opening = open(tcp, slot, acceptor.clone(), self.limits.clone());
            let sender = sender.clone();
            tokio::spawn(async move {
                match opening.await {
                    // The receiver is gone only when the server stops.
                    Ok(connection) => drop(sender.send(Ok(connection)).await),
                    Err(error) => tracing::debug!(%peer, %error, "a connection was not opened"),
                }
            });
        }
    }
}

/// Waits for the next connection, whatever goes wrong with earlier ones.
async fn accept(tcp: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match tcp.accept().await {
            Ok(accepted) => return accepted,
            Err(error) if out_of_descriptors(&error) => {
                tracing::warn!(%error, "no connection can be accepted for a moment");
                sleep(REST_WITHOUT_DESCRIPTORS).await;
            }
            Err(error) => tracing::debug!(%error, "a connection failed before it was accepted"),
        }
    }
}

fn out_of_descriptors(error: &io::Error) -> bool {
    use rustix::io::Errno;
    matches!(
        Errno::from_io_error(error),
        Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM)
    )
}

async fn open(
    tcp: TcpStream,
    slot: Slot,
    acceptor: Option<TlsAcceptor>,
    limits: ConnectionLimits,
) -> io::Result<Connection> {
    tcp.set_nodelay(true)?;
    let Some(acceptor) = acceptor else {
        return Ok(Connection::plain(tcp, slot, &limits));
    };
    let stream = timeout(limits.handshake, acceptor.accept(tcp))
        .await
        .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "TLS handshake took too long"))??;
    Ok(Connection::tls(stream, slot, &limits))
}

#[cfg(test)]
mod tests;
