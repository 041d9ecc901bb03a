#![expect(clippy::unwrap_used, reason = "tests")]

use std::{fs, path::Path, pin::Pin};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::Instant,
};
use tokio_rustls::TlsConnector;
use tokio_stream::StreamExt;

use super::*;

const LOOPBACK: &str = "127.0.0.1:0";

fn limits() -> ConnectionLimits {
    ConnectionLimits {
        total: 8,
        per_peer: 8,
        handshake: Duration::from_secs(5),
        idle: Duration::from_secs(60),
        age: Duration::from_secs(60),
    }
}

type Incoming = Pin<Box<dyn Stream<Item = io::Result<Connection>> + Send>>;

async fn listen(
    certificates: Option<Arc<Certificates>>,
    limits: ConnectionLimits,
) -> (SocketAddr, Incoming) {
    let listener = Listener::bind(LOOPBACK.parse().unwrap(), certificates, limits)
        .await
        .unwrap();
    (listener.addr(), Box::pin(listener.incoming()))
}

/// Writes a fresh self-signed certificate for "localhost" and its key; returns the certificate.
fn write_certificate(dir: &Path) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    fs::write(dir.join("cert.pem"), made.cert.pem()).unwrap();
    fs::write(dir.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    made.cert.der().clone()
}

fn load(dir: &Path) -> Result<Arc<Certificates>, TlsError> {
    Certificates::load(&dir.join("cert.pem"), &dir.join("key.pem"))
}

/// Opens a TLS connection that trusts only `root`; returns the negotiated application protocol.
async fn connect(
    addr: SocketAddr,
    root: &CertificateDer<'static>,
    alpn: &[u8],
) -> io::Result<Option<Vec<u8>>> {
    let mut roots = RootCertStore::empty();
    roots.add(root.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![alpn.to_vec()];
    let name = ServerName::try_from("localhost").unwrap();
    let tcp = TcpStream::connect(addr).await?;
    let tls = TlsConnector::from(Arc::new(config))
        .connect(name, tcp)
        .await?;
    Ok(tls.get_ref().1.alpn_protocol().map(<[u8]>::to_vec))
}

/// True if the server closes the connection without sending anything.
async fn closed_by_server(mut tcp: TcpStream) -> bool {
    let read = timeout(Duration::from_secs(5), tcp.read(&mut [0; 1]))
        .await
        .unwrap();
    read.map_or(true, |len| len == 0)
}

#[tokio::test]
async fn rejects_plain_text_off_loopback() {
    for addr in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let refused = Listener::bind(addr.parse().unwrap(), None, limits()).await;
        assert!(
            matches!(refused, Err(ListenError::PlainTextOffLoopback { .. })),
            "{addr}"
        );
    }
    let dir = tempfile::tempdir().unwrap();
    write_certificate(dir.path());
    let certificates = Some(load(dir.path()).unwrap());
    Listener::bind("0.0.0.0:0".parse().unwrap(), certificates, limits())
        .await
        .unwrap();
}

#[tokio::test]
async fn carries_plain_text_on_loopback() {
    let (addr, mut incoming) = listen(None, limits()).await;
    let mut client = TcpStream::connect(addr).await.unwrap();
    client.write_all(b"ping").await.unwrap();
    let mut connection = incoming.next().await.unwrap().unwrap();
    let mut bytes = [0; 4];
    connection.read_exact(&mut bytes).await.unwrap();
    assert_eq!(&bytes, b"ping");
}

#[tokio::test]
async fn negotiates_both_protocols_over_tls() {
    let dir = tempfile::tempdir().unwrap();
    let root = write_certificate(dir.path());
    let (addr, mut incoming) = listen(Some(load(dir.path()).unwrap()), limits()).await;
    tokio::spawn(async move { while incoming.next().await.is_some() {} });
    for alpn in [b"h2".as_slice(), b"http/1.1"] {
        assert_eq!(
            connect(addr, &root, alpn).await.unwrap().as_deref(),
            Some(alpn)
        );
    }
    assert!(connect(addr, &root, b"ftp").await.is_err());
}

#[tokio::test]
async fn offers_the_new_certificate_after_a_reload_and_the_old_one_after_a_failed_reload() {
    let dir = tempfile::tempdir().unwrap();
    let first = write_certificate(dir.path());
    let certificates = load(dir.path()).unwrap();
    let (addr, mut incoming) = listen(Some(Arc::clone(&certificates)), limits()).await;
    tokio::spawn(async move { while incoming.next().await.is_some() {} });

    let second = write_certificate(dir.path());
    connect(addr, &first, b"h2").await.unwrap();
    assert!(connect(addr, &second, b"h2").await.is_err());

    certificates.reload().unwrap();
    connect(addr, &second, b"h2").await.unwrap();
    assert!(connect(addr, &first, b"h2").await.is_err());

    fs::write(dir.path().join("key.pem"), "not a key").unwrap();
    assert!(matches!(
        certificates.reload(),
        Err(TlsError::Unreadable {
            field: "tls.key",
            ..
        })
    ));
    connect(addr, &second, b"h2").await.unwrap();
}

#[test]
fn rejects_missing_empty_and_mismatched_files() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(
        load(dir.path()),
        Err(TlsError::Unreadable {
            field: "tls.cert",
            ..
        })
    ));
    write_certificate(dir.path());
    let key = fs::read(dir.path().join("key.pem")).unwrap();
    write_certificate(dir.path());
    load(dir.path()).unwrap();
    fs::write(dir.path().join("key.pem"), key).unwrap();
    assert!(matches!(load(dir.path()), Err(TlsError::Unusable { .. })));
    fs::write(dir.path().join("cert.pem"), "").unwrap();
    assert!(matches!(
        load(dir.path()),
        Err(TlsError::Unreadable {
            field: "tls.cert",
            ..
        })
    ));
}

#[tokio::test]
async fn a_peer_over_its_limit_is_refused_and_a_closed_connection_frees_its_place() {
    let limited = ConnectionLimits {
        per_peer: 2,
        ..limits()
    };
    let (addr, mut incoming) = listen(None, limited).await;
    let mut clients = Vec::new();
    let mut connections = Vec::new();
    for _ in 0..2 {
        clients.push(TcpStream::connect(addr).await.unwrap());
        connections.push(incoming.next().await.unwrap().unwrap());
    }
    assert!(closed_by_server(TcpStream::connect(addr).await.unwrap()).await);
    connections.pop();
    clients.push(TcpStream::connect(addr).await.unwrap());
    incoming.next().await.unwrap().unwrap();
}

#[tokio::test]
async fn a_connection_over_the_total_waits_until_one_is_closed() {
    let limited = ConnectionLimits {
        total: 1,
        ..limits()
    };
    let (addr, mut incoming) = listen(None, limited).await;
    let first_client = TcpStream::connect(addr).await.unwrap();
    let first = incoming.next().await.unwrap().unwrap();
    let second_client = TcpStream::connect(addr).await.unwrap();
    assert!(
        timeout(Duration::from_millis(200), incoming.next())
            .await
            .is_err()
    );
    drop(first);
    incoming.next().await.unwrap().unwrap();
    drop((first_client, second_client));
}

#[tokio::test]
async fn a_handshake_that_takes_too_long_is_closed_and_frees_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let root = write_certificate(dir.path());
    let limited = ConnectionLimits {
        total: 1,
        handshake: Duration::from_millis(100),
        ..limits()
    };
    let (addr, mut incoming) = listen(Some(load(dir.path()).unwrap()), limited).await;
    tokio::spawn(async move { while incoming.next().await.is_some() {} });
    assert!(closed_by_server(TcpStream::connect(addr).await.unwrap()).await);
    connect(addr, &root, b"h2").await.unwrap();
}

#[tokio::test]
async fn a_silent_connection_ends_after_the_idle_time() {
    let limited = ConnectionLimits {
        idle: Duration::from_millis(300),
        ..limits()
    };
    let (addr, mut incoming) = listen(None, limited).await;
    let mut client = TcpStream::connect(addr).await.unwrap();
    let mut connection = incoming.next().await.unwrap().unwrap();
    let started = Instant::now();
    for _ in 0..3 {
        sleep(Duration::from_millis(150)).await;
        client.write_all(b"x").await.unwrap();
        assert_eq!(connection.read(&mut [0; 8]).await.unwrap(), 1);
    }
    let error = connection.read(&mut [0; 8]).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert!(started.elapsed() >= Duration::from_millis(450 + 300));
}

#[tokio::test]
async fn a_busy_connection_ends_at_its_age() {
    let limited = ConnectionLimits {
        age: Duration::from_millis(300),
        ..limits()
    };
    let (addr, mut incoming) = listen(None, limited).await;
    let mut client = TcpStream::connect(addr).await.unwrap();
    let mut connection = incoming.next().await.unwrap().unwrap();
    client.write_all(b"x").await.unwrap();
    assert_eq!(connection.read(&mut [0; 8]).await.unwrap(), 1);
    sleep(Duration::from_millis(310)).await;
    client.write_all(b"x").await.unwrap();
    let error = connection.read(&mut [0; 8]).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
}
