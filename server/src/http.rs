//! The log over plain HTTP, on the same port as gRPC: checkpoint, tiles and entry bundles, liveness and readiness.
//!
//! `/checkpoint` is the newest one at quorum. A log without witnesses has no quorum to wait for: there it is the newest
//! signed one.
//!
//! Source: c2sp.org/tlog-tiles.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::get,
};
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use trucelog_proto::tile::TilePath;

use crate::{
    reader::{ReadError, Reader},
    sequencer::{Head, Status},
    store::LogStore,
};

const TEXT: &str = "text/plain; charset=utf-8";
const BYTES: &str = "application/octet-stream";
/// A checkpoint is replaced with the next commit.
const SHORT_LIVED: &str = "no-cache";
/// A tile of one width never changes.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// What the routes share.
#[derive(Debug)]
struct Shared<S> {
    reader: Reader<S>,
    witnessed: Option<watch::Receiver<Option<Arc<Head>>>>,
    status: watch::Receiver<Status>,
}

impl<S> Clone for Shared<S> {
    fn clone(&self) -> Self {
        Self {
            reader: self.reader.clone(),
            witnessed: self.witnessed.clone(),
            status: self.status.clone(),
        }
    }
}

/// The HTTP routes. What no route and no gRPC service takes is answered with 404, or with UNIMPLEMENTED if it was a
/// gRPC call. `witnessed` brings the heads at quorum of a log with witnesses, `status` tells whether records are
/// accepted.
pub fn routes<S: LogStore>(
    reader: Reader<S>,
    witnessed: Option<watch::Receiver<Option<Arc<Head>>>>,
    status: watch::Receiver<Status>,
) -> Router {
    Router::new()
        .route("/checkpoint", get(checkpoint::<S>))
        .route("/tile/{*path}", get(tile::<S>))
        .route("/livez", get(live))
        .route("/readyz", get(ready::<S>))
        .fallback(not_found)
        .with_state(Shared {
            reader,
            witnessed,
            status,
        })
}

async fn checkpoint<S: LogStore>(State(shared): State<Shared<S>>) -> Response {
    let head = match &shared.witnessed {
        Some(witnessed) => witnessed.borrow().clone(),
        None => Some(shared.reader.head()),
    };
    match head {
        Some(head) => answer(TEXT, SHORT_LIVED, head.note.clone()),
        None => unavailable("no checkpoint of this log is at quorum yet\n"),
    }
}

async fn tile<S: LogStore>(State(shared): State<Shared<S>>, uri: Uri) -> Response {
    let Ok(path) = uri.path().trim_start_matches('/').parse::<TilePath>() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match spawn_blocking(move || shared.reader.tile(path)).await {
        Ok(Ok(bytes)) => answer(BYTES, IMMUTABLE, bytes),
        Ok(Err(ReadError::NotFound { .. })) => StatusCode::NOT_FOUND.into_response(),
        Ok(Err(error)) => {
            tracing::error!(%error, "a tile could not be served");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        Err(error) => {
            tracing::error!(%error, "a tile could not be served");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn live() -> Response {
    answer(TEXT, SHORT_LIVED, "live\n")
}

async fn ready<S: LogStore>(State(shared): State<Shared<S>>) -> Response {
    match *shared.status.borrow() {
        Status::Running => answer(TEXT, SHORT_LIVED, "ready\n"),
        Status::Held => unavailable("the log waits for its witnesses before it takes records\n"),
        Status::OtherHistory => unavailable(
            "a witness knows another history than the store: the log takes no records\n",
        ),
        Status::Stopped => unavailable("the sequencer has stopped: the log takes no records\n"),
    }
}

fn unavailable(reason: &'static str) -> Response {
    (
        StatusCode::SERVICE_UNAVAILABLE,
        answer(TEXT, SHORT_LIVED, reason),
    )
        .into_response()
}

async fn not_found(headers: HeaderMap) -> Response {
    let grpc = headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"application/grpc"));
    if grpc {
        return tonic::Status::unimplemented("this server has no such service")
            .into_http::<Body>()
            .into_response();
    }
    (
        StatusCode::NOT_FOUND,
        answer(TEXT, SHORT_LIVED, "there is nothing here\n"),
    )
        .into_response()
}

fn answer(content_type: &'static str, caching: &'static str, body: impl Into<Body>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, caching),
    ];
    (headers, body.into()).into_response()
}
