//! TLS certificates that can be exchanged while the server runs.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

/// Why the certificate files cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read or holds no PEM section of its kind.
    #[error("cannot read {field} {path}: {reason}: give a PEM file that this user may read")]
    Unreadable {
        /// The configuration field.
        field: &'static str,
        /// The file.
        path: PathBuf,
        /// What went wrong.
        reason: String,
    },
    /// The key and the certificate are not a pair, or rustls does not support them.
    #[error("tls.cert {cert} and tls.key {key} cannot be used together: {source}")]
    Unusable {
        /// The certificate file.
        cert: PathBuf,
        /// The key file.
        key: PathBuf,
        /// What rustls says.
        source: rustls::Error,
    },
}

/// A certificate chain with its key, read from two files and read again on demand.
pub struct Certificates {
    cert: PathBuf,
    key: PathBuf,
    // Written by `reload` only; held for one clone of the Arc.
    current: RwLock<Arc<CertifiedKey>>,
}

impl Certificates {
    /// Reads the PEM files of a certificate chain and its private key.
    ///
    /// # Errors
    ///
    /// [`TlsError`].
    pub fn load(cert: &Path, key: &Path) -> Result<Arc<Self>, TlsError> {
        Ok(Arc::new(Self {
            cert: cert.to_owned(),
            key: key.to_owned(),
            current: RwLock::new(read(cert, key)?),
        }))
    }

    /// Reads both files again. New connections get the new certificate, open ones go on. After an error the old one
    /// stays in use.
    ///
    /// # Errors
    ///
    /// [`TlsError`].
    pub fn reload(&self) -> Result<(), TlsError> {
        let fresh = read(&self.cert, &self.key)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// A TLS configuration that always offers the current certificate, for HTTP/2 and HTTP/1.1.
    pub(super) fn server_config(self: &Arc<Self>) -> Arc<ServerConfig> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the ring provider supports TLS 1.2 and 1.3")
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(self) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Arc::new(config)
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _client_hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(
            &self.current.read().unwrap_or_else(PoisonError::into_inner),
        ))
    }
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificates")
            .field("cert", &self.cert)
            .finish_non_exhaustive()
    }
}

fn read(cert: &Path, key: &Path) -> Result<Arc<CertifiedKey>, TlsError> {
    let chain = CertificateDer::pem_file_iter(cert)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(unreadable("tls.cert", cert))?;
    if chain.is_empty() {
        return Err(unreadable("tls.cert", cert)("no certificate in it"));
    }
    let private_key = PrivateKeyDer::from_pem_file(key).map_err(unreadable("tls.key", key))?;
    CertifiedKey::from_der(chain, private_key, &ring::default_provider())
        .map(Arc::new)
        .map_err(|source| TlsError::Unusable {
            cert: cert.to_owned(),
            key: key.to_owned(),
            source,
        })
}

fn unreadable<E: fmt::Display>(field: &'static str, path: &Path) -> impl Fn(E) -> TlsError {
    move |reason| TlsError::Unreadable {
        field,
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}
