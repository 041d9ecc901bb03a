//! The program as its operator meets it: settings, signals, log output.

#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::{
    fs,
    io::Read as _,
    net::SocketAddr,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName},
};
use support::{
    TestLog,
    client::{Client, Fixture},
    process::{Server, init, signal, trucelogd},
};
use tokio_rustls::TlsConnector;

#[tokio::test]
async fn wrong_settings_are_refused_with_what_to_do() {
    let fixture = Fixture::new();
    let refused = |arguments: &[&str]| {
        let output = trucelogd(fixture.path(), arguments).output().unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let (code, text) = refused(&["serve", "--listen", "0.0.0.0:0"]);
    assert_eq!(code, Some(2));
    assert!(text.contains("tls.cert"), "{text}");

    let (code, text) = refused(&["serve", "--anchor-dir", "/nonexistent"]);
    assert_eq!(code, Some(5));
    assert!(text.contains("no anchor at /nonexistent/anchor"), "{text}");

    let other = tempfile::tempdir().unwrap();
    TestLog::new(10).write_files(other.path());
    let key = other.path().join("log.key");
    let (code, text) = refused(&["serve", "--log-key", key.to_str().unwrap()]);
    assert_eq!(code, Some(2));
    assert!(
        text.contains("is not the key that the charter names"),
        "{text}"
    );

    let server = Server::start(fixture.path());
    let (code, text) = refused(&["check"]);
    assert_eq!(code, Some(5));
    assert!(text.contains("locked by another process"), "{text}");
    drop(server);

    let output = init(fixture.path());
    assert_eq!(output.status.code(), Some(5));
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("an anchor already exists")
    );
}

/// Writes a fresh self-signed certificate for "localhost" and its key; returns the certificate.
fn write_certificate(dir: &Path) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    fs::write(dir.join("cert.pem"), made.cert.pem()).unwrap();
    fs::write(dir.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    made.cert.der().clone()
}

/// Whether a TLS handshake that trusts only `root` succeeds.
async fn trusts(addr: SocketAddr, root: &CertificateDer<'static>) -> bool {
    let mut roots = RootCertStore::empty();
    roots.add(root.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let tcp = tokio::net::TcpStream::connect(addr).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, tcp)
        .await
        .is_ok()
}

#[tokio::test]
async fn a_hangup_signal_exchanges_the_certificate() {
    let fixture = Fixture::new();
    let first = write_certificate(fixture.path());
    let config = support::config_file(fixture.path());
    let text = fs::read_to_string(&config).unwrap();
    fs::write(
        &config,
        text + "[tls]\ncert = \"cert.pem\"\nkey = \"key.pem\"\n",
    )
    .unwrap();
    let server = Server::start(fixture.path());
    assert!(trusts(server.addr, &first).await);
    let second = write_certificate(fixture.path());
    assert!(!trusts(server.addr, &second).await);
    signal(&server.child, rustix::process::Signal::HUP);
    let deadline = Instant::now() + Duration::from_secs(10);
    while !trusts(server.addr, &second).await {
        assert!(Instant::now() < deadline, "the new certificate never came");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(!trusts(server.addr, &first).await);
}

#[tokio::test]
async fn nothing_of_a_record_is_logged() {
    let mut fixture = Fixture::new();
    let output = {
        let mut child = trucelogd(fixture.path(), &["serve"])
            .env("TRUCELOG_LOG", "trace")
            .stdout(std::process::Stdio::piped())
            .stderr(fs::File::create(fixture.path().join("stderr")).unwrap())
            .spawn()
            .unwrap();
        let mut line = [0; 64];
        let len = child.stdout.as_mut().unwrap().read(&mut line).unwrap();
        let addr = std::str::from_utf8(&line[..len])
            .unwrap()
            .trim()
            .strip_prefix("listening ")
            .unwrap();
        let server = Server {
            addr: addr.parse().unwrap(),
            child,
            log: Arc::default(),
        };
        let mut client = Client::connect(&server).await;
        client.submit(fixture.log.enrolment_next()).await.unwrap();
        client.submit(fixture.log.enrolment(9)).await.unwrap_err();
        server.terminate();
        fs::read(fixture.path().join("stderr")).unwrap()
    };
    assert!(!output.is_empty());
    for secret in ["monitor-1", "monitor-9"] {
        let found = output
            .windows(secret.len())
            .any(|window| window == secret.as_bytes());
        assert!(!found, "{secret} was logged");
    }
}
