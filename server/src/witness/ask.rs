//! Asking a witness for its cosignature over c2sp.org/tlog-witness.
//!
//! One task for each URL, so that a slow or dead witness holds up nobody else. An answer is bounded in time and length;
//! what it says is believed only as far as its signatures verify ([`Publisher::add`]).
//!
//! Source: c2sp.org/tlog-witness; `tlog_witness.md`.

use std::{fs, io, mem, path::Path, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{
    Method, Request, StatusCode, Uri,
    header::{CONTENT_TYPE, RETRY_AFTER, USER_AGENT},
};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{ConfigBuilderExt as _, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use tokio::{
    task::spawn_blocking,
    time::{sleep, timeout},
};
use trucelog_proto::{
    error::DecodeError,
    hash::{NodeHash, TreeSize},
    note::Note,
    tlog_witness::{self, AddCheckpoint},
};

use super::{
    policies::{Policies, Target},
    publisher::{AddError, Publisher},
};
use crate::{reader::ReadError, sequencer::Head, store::LogStore};

/// The longest answer that is read, in bytes: several ML-DSA-44 lines and more.
const MAX_ANSWER_LEN: usize = 64 * 1024;
/// Requests about one candidate: one that tells the witness's size, one with the proof from there, and one more in case
/// somebody else has asked the witness in between.
const MAX_TRIES: usize = 3;
/// The wait after the first failure. Each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// The longest wait after a failure, also if the witness asks for more.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// There are no certificates to verify witnesses with.
#[derive(Debug, thiserror::Error)]
#[error("no certificates to verify witnesses with: {0}; set witnesses.ca, or install the system's")]
pub struct HttpError(#[from] io::Error);

/// An HTTP client with TLS for all witnesses.
#[derive(Clone, Debug)]
pub struct Http(Client<HttpsConnector<HttpConnector>, Full<Bytes>>);

impl Http {
    /// Makes the client. `ca` is a PEM file of certificates that are trusted instead of the system's, which are read
    /// only if a witness is asked over https.
    ///
    /// # Errors
    ///
    /// [`HttpError`].
    ///
    /// # Panics
    ///
    /// Never: the ring provider supports TLS 1.2 and 1.3.
    pub fn new(ca: Option<&Path>, policies: &Policies) -> Result<Self, HttpError> {
        let tls = policies
            .targets()
            .iter()
            .any(|target| target.uri.scheme_str() == Some("https"));
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the ring provider supports TLS 1.2 and 1.3");
        let config = match ca {
            Some(ca) => config.with_root_certificates(read_roots(ca)?),
            None if tls => config.with_native_roots()?,
            None => config.with_root_certificates(RootCertStore::empty()),
        };
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(config.with_no_client_auth())
            .https_or_http()
            .enable_http1()
            .build();
        Ok(Self(Client::builder(TokioExecutor::new()).build(connector)))
    }

    async fn post(&self, uri: &Uri, body: Vec<u8>) -> Result<Answer, Failure> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(uri)
            .header(CONTENT_TYPE, "text/plain; charset=utf-8")
            .header(USER_AGENT, concat!("trucelogd/", env!("CARGO_PKG_VERSION")))
            .body(Full::from(body))
            .expect("a parsed URI and constant headers make a request");
        let response = self
            .0
            .request(request)
            .await
            .map_err(|error| Failure::connection(&error))?;
        let status = response.status();
        let retry_after = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.parse().ok())
            .map(Duration::from_secs);
        let body = Limited::new(response.into_body(), MAX_ANSWER_LEN);
        let body = body.collect().await.map_err(Failure::Body)?.to_bytes();
        Ok(Answer {
            status,
            retry_after,
            body,
        })
    }
}

fn read_roots(ca: &Path) -> Result<RootCertStore, io::Error> {
    let mut roots = RootCertStore::empty();
    let pem = fs::read(ca)?;
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(io::Error::other)?;
        roots.add(certificate).map_err(io::Error::other)?;
    }
    if roots.is_empty() {
        return Err(io::Error::other(format!("{} holds none", ca.display())));
    }
    Ok(roots)
}

/// What a witness answered.
struct Answer {
    status: StatusCode,
    retry_after: Option<Duration>,
    body: Bytes,
}

/// Why a witness gave no cosignature.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("no connection: {0}")]
    Connection(String),
    #[error("the answer broke off, or is longer than {MAX_ANSWER_LEN} bytes: {0}")]
    Body(Box<dyn std::error::Error + Send + Sync>),
    #[error("no answer within {0:?}")]
    Late(Duration),
    #[error("it answers {status}: {text}")]
    Status {
        status: StatusCode,
        text: String,
        retry_after: Option<Duration>,
    },
    #[error("it states no size with its conflict")]
    Size(#[source] DecodeError),
    #[error("it has cosigned size {theirs}, more than the candidate's {ours}")]
    Ahead { theirs: TreeSize, ours: TreeSize },
    #[error("it has cosigned another root at size {0}")]
    OtherRoot(TreeSize),
    #[error("it refuses the proof that the candidate continues what it has cosigned at size {0}")]
    Proof(TreeSize),
    #[error("its size changes with every request")]
    Restless,
    #[error("its answer holds no cosignatures: {0}")]
    Lines(DecodeError),
    #[error("its cosignature is not taken: {0}")]
    Add(#[from] AddError),
    #[error("the log cannot be read: {0}")]
    Read(#[from] ReadError),
    #[error("the request was given up: {0}")]
    Task(#[from] tokio::task::JoinError),
}

impl Failure {
    fn connection(error: &hyper_util::client::legacy::Error) -> Self {
        let source = std::error::Error::source(error);
        Self::Connection(source.map_or_else(|| error.to_string(), ToString::to_string))
    }

    /// Whether the witness says that it knows another history than the log.
    fn contradicts(&self) -> bool {
        matches!(
            self,
            Self::Ahead { .. } | Self::OtherRoot(_) | Self::Proof(_)
        )
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

/// The task that asks one witness.
pub(super) struct Asker<S> {
    publisher: Publisher<S>,
    http: Http,
    uri: Uri,
    /// The names of the witness's keys in the policies.
    names: String,
    limit: Duration,
    /// The size that the witness has cosigned, as far as is known.
    old: TreeSize,
}

impl<S: LogStore> Asker<S> {
    /// Prepares to ask a witness; each request may take `limit`.
    pub(super) fn new(
        publisher: Publisher<S>,
        http: Http,
        target: &Target,
        limit: Duration,
    ) -> Self {
        Self {
            publisher,
            http,
            uri: target.uri.clone(),
            names: target.names.join(", "),
            limit,
            old: TreeSize::new(0),
        }
    }

    /// Asks about every candidate, or about the newest one if several came while the witness was busy. After a failure
    /// it waits, longer each time, or as long as the witness asks.
    pub(super) async fn run(mut self) {
        let mut candidates = self.publisher.candidates();
        let mut pause = FIRST_PAUSE;
        let mut first = true;
        loop {
            let head = Arc::clone(&candidates.borrow_and_update());
            let asked = self.ask(&head).await;
            if let Err(failure) = &asked {
                tracing::warn!(witness = %self.names, url = %self.uri, size = %head.checkpoint.size, "{failure}");
                if failure.contradicts() {
                    self.publisher.claim(&self.names, &failure.to_string());
                }
            }
            if mem::take(&mut first) {
                self.publisher.asked();
            }
            match asked {
                Ok(()) => {
                    pause = FIRST_PAUSE;
                    if candidates.changed().await.is_err() {
                        return;
                    }
                }
                Err(failure) => {
                    let wanted = failure.retry_after().unwrap_or(pause);
                    sleep(wanted.clamp(FIRST_PAUSE, MAX_PAUSE)).await;
                    pause = (pause * 2).min(MAX_PAUSE);
                }
            }
        }
    }

    /// Asks until the witness has cosigned `head`.
    async fn ask(&mut self, head: &Arc<Head>) -> Result<(), Failure> {
        let size = head.checkpoint.size;
        for _ in 0..MAX_TRIES {
            if self.old > size {
                // What was heard before may have been a mistake; ask again from the start the next time.
                let theirs = mem::replace(&mut self.old, TreeSize::new(0));
                return Err(Failure::Ahead { theirs, ours: size });
            }
            let answer = timeout(self.limit, self.request(head))
                .await
                .map_err(|_| Failure::Late(self.limit))??;
            match answer.status {
                StatusCode::OK => {
                    self.take(head, &answer.body).await?;
                    self.old = size;
                    return Ok(());
                }
                StatusCode::CONFLICT => match tlog_witness::parse_size(&answer.body) {
                    Ok(theirs) if (theirs, self.old) != (size, size) => self.old = theirs,
                    Err(error) if self.old != size => return Err(Failure::Size(error)),
                    // What tlog-witness 1.0.0 says of another root; later versions answer 422.
                    _ => return Err(Failure::OtherRoot(size)),
                },
                StatusCode::UNPROCESSABLE_ENTITY if self.old == size => {
                    return Err(Failure::OtherRoot(size));
                }
                StatusCode::UNPROCESSABLE_ENTITY => return Err(Failure::Proof(self.old)),
                status => {
                    return Err(Failure::Status {
                        status,
                        text: excerpt(&answer.body),
                        retry_after: answer.retry_after,
                    });
                }
            }
        }
        Err(Failure::Restless)
    }

    /// Sends one request with the proof from the size that the witness has cosigned.
    async fn request(&self, head: &Arc<Head>) -> Result<Answer, Failure> {
        let (old, new) = (self.old, head.checkpoint.size);
        let reader = self.publisher.reader().clone();
        let proof: Vec<NodeHash> =
            spawn_blocking(move || reader.prove_consistency(old, new)).await??;
        let note = Note::parse(&head.note).expect("a head's note was formatted by this process");
        let body = AddCheckpoint {
            old_size: old,
            proof,
            note,
        };
        self.http.post(&self.uri, body.format()).await
    }

    /// Hands the lines in, as a cosigner that dials in would.
    async fn take(&self, head: &Head, lines: &[u8]) -> Result<(), Failure> {
        let lines = tlog_witness::parse_cosignatures(lines).map_err(Failure::Lines)?;
        let signed = Note::parse(&head.note).map_err(Failure::Lines)?;
        let note = Note::new(signed.text(), lines).map_err(Failure::Lines)?;
        let publisher = self.publisher.clone();
        let added = spawn_blocking(move || publisher.add(&note.format())).await?;
        match added {
            // The next candidate came first: nothing is wrong with the witness.
            Ok(_) | Err(AddError::NotTheCandidate { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// The beginning of an answer that is no protocol, for the operator's eyes.
fn excerpt(body: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(body).chars().take(100).collect();
    text.escape_debug().to_string()
}
