//! gRPC servers without a log behind them: what the transport alone can do with the same bytes.

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tonic::Status;
use tonic::transport::Channel;
use tonic::transport::server::{Router, TcpIncoming};

use crate::{Error, remote};

/// A server on loopback, in this process. It ends with this value.
#[derive(Debug)]
pub struct Bare {
    url: String,
    server: JoinHandle<()>,
}

/// The answer to what is not measured.
pub(super) fn not_here() -> Status {
    Status::unimplemented("this server only measures the transport")
}

impl Bare {
    /// Serves what `router` answers.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub(super) async fn serve(router: Router) -> Result<Self, Error> {
        let any = "127.0.0.1:0";
        let listener = TcpListener::bind(any).await;
        let listener = listener.map_err(Error::io(any.as_ref()))?;
        let address = listener.local_addr().map_err(Error::io(any.as_ref()))?;
        // Without this, an answer waits for the acknowledgement of the one before.
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
        let serving = router.serve_with_incoming(incoming);
        Ok(Self {
            url: format!("http://{address}"),
            // Whoever asks it is told when it ends early.
            server: tokio::spawn(async { drop(serving.await) }),
        })
    }

    /// Opens as many connections.
    ///
    /// # Errors
    /// [`Error::Remote`].
    pub fn connect(&self, count: usize) -> Result<Vec<Channel>, Error> {
        let connections = (0..count).map(|_| Ok(remote::connect(&self.url, None)?));
        connections.collect()
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        self.server.abort();
    }
}
