//! The connection to a log: plain text on loopback, TLS everywhere else.

use std::net::IpAddr;
use std::time::Duration;

use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};

/// The address of a server cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RemoteError {
    /// No server is given, and there is no default.
    #[error("no server is given: use --remote URL or set TRUCELOG_REMOTE; there is no default")]
    NotGiven,
    /// The address is not one.
    #[error("--remote {url}: must be https://HOST[:PORT], or http:// on loopback")]
    Malformed {
        /// The address.
        url: String,
    },
    /// Plain text would leave the machine.
    #[error("--remote {url}: plain text goes to loopback only; use https://")]
    PlainText {
        /// The address.
        url: String,
    },
    /// The certificates cannot be used.
    #[error("--remote {url}: TLS cannot be set up: {problem}; check --ca")]
    Tls {
        /// The address.
        url: String,
        /// What is wrong.
        problem: String,
    },
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(20);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);

/// Prepares a connection, which opens with the first call and again after it breaks. `ca` holds certificates in PEM
/// that are trusted instead of the system's.
///
/// # Errors
/// [`RemoteError`] when the address or the certificates cannot be used. Needs a tokio runtime.
pub fn connect(url: &str, ca: Option<&[u8]>) -> Result<Channel, RemoteError> {
    let malformed = || RemoteError::Malformed {
        url: url.to_owned(),
    };
    let endpoint = Endpoint::from_shared(url.to_owned()).map_err(|_| malformed())?;
    let host = endpoint.uri().host().ok_or_else(malformed)?.to_owned();
    let endpoint = match endpoint.uri().scheme_str() {
        Some("http") if is_loopback(&host) => endpoint,
        Some("http") => {
            return Err(RemoteError::PlainText {
                url: url.to_owned(),
            });
        }
        Some("https") => with_tls(endpoint, url, ca)?,
        _ => return Err(malformed()),
    };
    Ok(endpoint
        .connect_timeout(CONNECT_TIMEOUT)
        .http2_keep_alive_interval(KEEPALIVE_INTERVAL)
        .keep_alive_timeout(KEEPALIVE_TIMEOUT)
        .tcp_nodelay(true)
        .connect_lazy())
}

fn with_tls(endpoint: Endpoint, url: &str, ca: Option<&[u8]>) -> Result<Endpoint, RemoteError> {
    let tls = match ca {
        Some(pem) => ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem)),
        None => ClientTlsConfig::new().with_native_roots(),
    };
    endpoint.tls_config(tls).map_err(|error| RemoteError::Tls {
        url: url.to_owned(),
        problem: error.to_string(),
    })
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
