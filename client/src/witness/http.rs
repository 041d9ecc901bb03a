//! The witness protocol over HTTP: `add-checkpoint`, and the last cosigned checkpoint for monitors.
//!
//! `POST /witness/add-checkpoint` is answered from the state of foreign logs alone, `POST /verifier/add-checkpoint` from
//! what is verified. `GET /{witness,verifier}/HASH/checkpoint` gives the last cosigned note, where HASH is the SHA-256 of
//! the origin in hexadecimal.
//!
//! Source: `proto/spec/tlog_witness.md`; c2sp.org/tlog-witness.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, TryLockError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path as UrlPath, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinError;
use trucelog_proto::checkpoint::{Checkpoint, Origin, SignedCheckpoint};
use trucelog_proto::hash::{TreeSize, sha256};
use trucelog_proto::note::{NoteSignature, VerifierKey};
use trucelog_proto::proof::verify_consistency;
use trucelog_proto::tlog_witness::{self, AddCheckpoint, SIZE_CONTENT_TYPE, format_cosignatures};

use super::config::ForeignLog;
use super::cosigned::{Cosigned, Last, Signer, only_by};
use super::verifier::{Answer, VerifierCosigner, lock};
use crate::{Error, durable, json};

/// Open connections.
const CONNECTIONS: usize = 256;
/// How long a connection may live, whatever runs on it.
const CONNECTION_AGE: Duration = Duration::from_secs(60);
/// How long the accept loop rests when the process has no free descriptor.
const REST: Duration = Duration::from_millis(250);
/// When to ask again while entries are being verified.
const RETRY_AFTER_SECONDS: &str = "5";
/// What was in memory is not to be trusted then; what is on disk is.
const PANICKED: &str = "no thread has panicked with the state in its hand";

/// What the routes share.
#[derive(Clone, Debug)]
pub struct Shared {
    logs: Arc<BTreeMap<Origin, Mutex<Foreign>>>,
    conflicts: Arc<PathBuf>,
    verifier: Option<Arc<Mutex<VerifierCosigner>>>,
    /// Takes what must end the process.
    fatal: mpsc::Sender<Error>,
}

/// A foreign log, and what was cosigned of it.
#[derive(Debug)]
struct Foreign {
    keys: Vec<VerifierKey>,
    cosigned: Cosigned,
}

impl Shared {
    /// Opens the state of the foreign logs in `directory`. What must end the process goes to `fatal`.
    ///
    /// # Errors
    /// As [`Cosigned::open`].
    pub fn open(
        directory: &Path,
        logs: Vec<ForeignLog>,
        signer: &Signer,
        verifier: Option<Arc<Mutex<VerifierCosigner>>>,
        fatal: mpsc::Sender<Error>,
    ) -> Result<Self, Error> {
        let mut opened = BTreeMap::new();
        for ForeignLog { origin, keys } in logs {
            let file = file_of(&origin);
            let cosigned = Cosigned::open(directory, &file, signer.clone())?;
            opened.insert(origin, Mutex::new(Foreign { keys, cosigned }));
        }
        Ok(Self {
            logs: Arc::new(opened),
            conflicts: Arc::new(directory.join("conflicts")),
            verifier,
            fatal,
        })
    }
}

/// Name of the file with what was cosigned of a foreign log.
#[must_use]
pub fn file_of(origin: &Origin) -> String {
    format!("witness-{}", origin_hash(origin))
}

fn origin_hash(origin: &Origin) -> String {
    json::hex(&sha256(&[origin.as_str().as_bytes()]))
}

/// The routes.
pub fn routes(shared: Shared) -> Router {
    Router::new()
        .route("/witness/add-checkpoint", post(add_to_witness))
        .route("/verifier/add-checkpoint", post(add_to_verifier))
        .route("/witness/{hash}/checkpoint", get(witness_checkpoint))
        .route("/verifier/{hash}/checkpoint", get(verifier_checkpoint))
        .layer(DefaultBodyLimit::max(tlog_witness::MAX_LEN))
        .with_state(shared)
}

/// Why a checkpoint is not cosigned.
enum Refused {
    Malformed(String),
    Forbidden(String),
    UnknownOrigin,
    /// Another size was cosigned last.
    OtherSize(TreeSize),
    /// Another root was cosigned at this size.
    OtherRoot(TreeSize),
    Inconsistent(String),
    NotVerifiedYet,
    Failed(Error),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let text = |status: StatusCode, text: String| (status, text + "\n").into_response();
        match self {
            Self::Malformed(problem) => text(StatusCode::BAD_REQUEST, problem),
            Self::Forbidden(problem) => text(StatusCode::FORBIDDEN, problem),
            Self::UnknownOrigin => text(
                StatusCode::NOT_FOUND,
                "no log of this origin is configured here".to_owned(),
            ),
            Self::OtherSize(size) => (
                StatusCode::CONFLICT,
                [(header::CONTENT_TYPE, SIZE_CONTENT_TYPE)],
                format!("{size}\n"),
            )
                .into_response(),
            Self::OtherRoot(size) => text(
                StatusCode::UNPROCESSABLE_ENTITY,
                format!("another root was cosigned at size {size}"),
            ),
            Self::Inconsistent(problem) => text(StatusCode::UNPROCESSABLE_ENTITY, problem),
            Self::NotVerifiedYet => (
                StatusCode::SERVICE_UNAVAILABLE,
                [(header::RETRY_AFTER, RETRY_AFTER_SECONDS)],
                "the entries are not verified yet\n",
            )
                .into_response(),
            Self::Failed(error) => {
                eprintln!("trucelog: {error}");
                text(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "the witness failed".to_owned(),
                )
            }
        }
    }
}

async fn add_to_witness(State(shared): State<Shared>, body: Bytes) -> Response {
    answer(tokio::task::spawn_blocking(move || cosign_foreign(&shared, &body)).await)
}

async fn add_to_verifier(State(shared): State<Shared>, body: Bytes) -> Response {
    answer(tokio::task::spawn_blocking(move || cosign_verified(&shared, &body)).await)
}

fn answer(added: Result<Result<Vec<NoteSignature>, Refused>, JoinError>) -> Response {
    match added {
        Ok(Ok(lines)) => format_cosignatures(&lines).into_response(),
        Ok(Err(refused)) => refused.into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Parses a request and looks at its origin, before anything else.
fn parse(body: &[u8]) -> Result<(AddCheckpoint, Checkpoint), Refused> {
    let malformed =
        |error: trucelog_proto::error::DecodeError| Refused::Malformed(error.to_string());
    let request = AddCheckpoint::parse(body).map_err(malformed)?;
    let checkpoint = Checkpoint::parse(request.note.text()).map_err(malformed)?;
    Ok((request, checkpoint))
}

/// The checks of the protocol, in its order, after the origin is known.
fn check(
    request: &AddCheckpoint,
    checkpoint: &Checkpoint,
    keys: &[VerifierKey],
    last: Option<&Last>,
) -> Result<SignedCheckpoint, Refused> {
    // One line of the log that is false makes the note false.
    let verified = request.note.verify(keys);
    verified.map_err(|error| Refused::Forbidden(error.to_string()))?;
    let note = only_by(&request.note, keys)?.format();
    let opened = keys
        .iter()
        .find_map(|key| Checkpoint::open(&note, key, &checkpoint.origin).ok());
    let signed =
        opened.ok_or_else(|| Refused::Forbidden("signed by none of the log's keys".to_owned()))?;
    if request.old_size > checkpoint.size {
        return Err(Refused::Malformed(format!(
            "old size {} exceeds the checkpoint's, {}",
            request.old_size, checkpoint.size
        )));
    }
    let size = last.map_or(TreeSize::new(0), |last| last.checkpoint.size);
    if request.old_size != size {
        return Err(Refused::OtherSize(size));
    }
    let root = last.map_or_else(trucelog_proto::tree::empty_root, |last| {
        last.checkpoint.root
    });
    if checkpoint.size == size && checkpoint.root != root {
        return Err(Refused::OtherRoot(size));
    }
    verify_consistency(
        size,
        &root,
        checkpoint.size,
        &checkpoint.root,
        &request.proof,
    )
    .map_err(|error| Refused::Inconsistent(error.to_string()))?;
    Ok(signed)
}

/// Checks and cosigns under the lock of the log, so that nothing comes between.
fn cosign_foreign(shared: &Shared, body: &[u8]) -> Result<Vec<NoteSignature>, Refused> {
    let (request, checkpoint) = parse(body)?;
    let log = shared
        .logs
        .get(&checkpoint.origin)
        .ok_or(Refused::UnknownOrigin)?;
    let mut log = log.lock().expect(PANICKED);
    let Foreign { keys, cosigned } = &mut *log;
    match check(&request, &checkpoint, keys, cosigned.last()) {
        Ok(signed) => Ok(cosigned.cosign(&signed)?),
        Err(refused) => {
            if let (Refused::OtherRoot(_), Some(last)) = (&refused, cosigned.last()) {
                keep_conflict(&shared.conflicts, last, &request.note.format())?;
            }
            Err(refused)
        }
    }
}

/// Keeps two notes that the log has signed, of one size and different roots.
fn keep_conflict(directory: &Path, last: &Last, offered: &[u8]) -> Result<(), Error> {
    durable::create_directory(directory)?;
    let Checkpoint { origin, size, .. } = &last.checkpoint;
    let name = format!("{}-{size}", &origin_hash(origin)[..8]);
    durable::replace(&directory.join(format!("{name}.cosigned")), &last.note)?;
    durable::replace(&directory.join(format!("{name}.offered")), offered)
}

fn cosign_verified(shared: &Shared, body: &[u8]) -> Result<Vec<NoteSignature>, Refused> {
    let (request, checkpoint) = parse(body)?;
    let shared_verifier = shared.verifier.as_ref().ok_or(Refused::UnknownOrigin)?;
    let mut verifier = match shared_verifier.try_lock() {
        Ok(verifier) => verifier,
        // It is verifying.
        Err(TryLockError::WouldBlock) => return Err(Refused::NotVerifiedYet),
        Err(TryLockError::Poisoned(_)) => panic!("{PANICKED}"),
    };
    if checkpoint.origin != verifier.trust().id.origin {
        return Err(Refused::UnknownOrigin);
    }
    let keys = verifier.trust().log_keys();
    let checked = check(&request, &checkpoint, &keys, verifier.last());
    let signed = match checked {
        // The log's key has signed two roots of one size: the verifier looks for itself, and halts.
        Err(Refused::OtherRoot(size)) => {
            drop(verifier);
            verify_later(shared, request.note.format());
            return Err(Refused::OtherRoot(size));
        }
        checked => checked?,
    };
    let note = signed.note_bytes();
    if verifier.verified() < checkpoint.size {
        drop(verifier);
        verify_later(shared, note);
        return Err(Refused::NotVerifiedYet);
    }
    match verifier.answer(&note, &AtomicBool::new(false)) {
        Ok(Answer::Cosigned(lines)) => Ok(lines),
        Ok(_) => Err(Refused::NotVerifiedYet),
        Err(error @ Error::False(_)) => {
            end(shared, error);
            Err(Refused::Inconsistent(
                "the entries do not lead to this checkpoint".to_owned(),
            ))
        }
        Err(error) => Err(error.into()),
    }
}

/// Verifies up to a checkpoint in the background.
fn verify_later(shared: &Shared, note: Vec<u8>) {
    let shared = shared.clone();
    tokio::task::spawn_blocking(move || {
        let Some(verifier) = &shared.verifier else {
            return;
        };
        match lock(verifier).verify(&note, &AtomicBool::new(false)) {
            Err(error @ Error::False(_)) => end(&shared, error),
            Err(error) => eprintln!("trucelog: {error}"),
            Ok(_) => {}
        }
    });
}

/// Ends the process with an error; one that is on its way already suffices.
fn end(shared: &Shared, error: Error) {
    drop(shared.fatal.try_send(error));
}

async fn witness_checkpoint(
    State(shared): State<Shared>,
    UrlPath(hash): UrlPath<String>,
) -> Response {
    let log = shared
        .logs
        .iter()
        .find(|(origin, _)| origin_hash(origin) == hash);
    let last = log.and_then(|(_, log)| {
        let log = log.lock().expect(PANICKED);
        log.cosigned.last().map(|last| last.note.clone())
    });
    note_response(last)
}

async fn verifier_checkpoint(
    State(shared): State<Shared>,
    UrlPath(hash): UrlPath<String>,
) -> Response {
    let last = tokio::task::spawn_blocking(move || {
        let verifier = lock(shared.verifier.as_ref()?);
        let last = verifier.last()?;
        (origin_hash(&last.checkpoint.origin) == hash).then(|| last.note.clone())
    });
    note_response(last.await.ok().flatten())
}

fn note_response(note: Option<Vec<u8>>) -> Response {
    match note {
        Some(note) => ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], note).into_response(),
        None => (
            StatusCode::NOT_FOUND,
            "nothing was cosigned for this origin\n",
        )
            .into_response(),
    }
}

/// Accepts a bounded number of connections, each for a bounded time.
pub struct Limited {
    tcp: TcpListener,
    slots: Arc<Semaphore>,
}

impl Limited {
    /// Limits a listener.
    #[must_use]
    pub fn new(tcp: TcpListener) -> Self {
        Self {
            tcp,
            slots: Arc::new(Semaphore::new(CONNECTIONS)),
        }
    }
}

impl axum::serve::Listener for Limited {
    type Io = Aging;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Aging, SocketAddr) {
        loop {
            let Ok(slot) = self.slots.clone().acquire_owned().await else {
                unreachable!("the semaphore is never closed");
            };
            match self.tcp.accept().await {
                Ok((tcp, peer)) => {
                    let age = Box::pin(tokio::time::sleep(CONNECTION_AGE));
                    return (
                        Aging {
                            tcp,
                            age,
                            _slot: slot,
                        },
                        peer,
                    );
                }
                Err(_) => tokio::time::sleep(REST).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}

/// A connection whose reads and writes fail at the end of its age.
pub struct Aging {
    tcp: TcpStream,
    age: Pin<Box<tokio::time::Sleep>>,
    _slot: OwnedSemaphorePermit,
}

impl Aging {
    fn poll_age(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        self.age
            .as_mut()
            .poll(cx)
            .map(|()| io::ErrorKind::TimedOut.into())
    }
}

impl AsyncRead for Aging {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Poll::Ready(error) = self.poll_age(cx) {
            return Poll::Ready(Err(error));
        }
        Pin::new(&mut self.tcp).poll_read(cx, buf)
    }
}

impl AsyncWrite for Aging {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(error) = self.poll_age(cx) {
            return Poll::Ready(Err(error));
        }
        Pin::new(&mut self.tcp).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}
