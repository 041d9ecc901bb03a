//! The log over plain HTTP, on the same port as gRPC: checkpoint, tiles and entry bundles, liveness and readiness.
//!
//! A log without witnesses has no quorum to wait for, so `/checkpoint` is the newest signed one.
//!
//! Source: c2sp.org/tlog-tiles.

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
use tonic::Status;
use trucelog_proto::tile::TilePath;

use crate::{
    reader::{ReadError, Reader},
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
    running: watch::Receiver<bool>,
}

impl<S> Clone for Shared<S> {
    fn clone(&self) -> Self {
        Self {
            reader: self.reader.clone(),
            running: self.running.clone(),
        }
    }
}

/// The HTTP routes. What no route and no gRPC service takes is answered with 404, or with UNIMPLEMENTED if it was a
/// gRPC call. `running` tells whether records are accepted.
pub fn routes<S: LogStore>(reader: Reader<S>, running: watch::Receiver<bool>) -> Router {
    Router::new()
        .route("/checkpoint", get(checkpoint::<S>))
        .route("/tile/{*path}", get(tile::<S>))
        .route("/livez", get(live))
        .route("/readyz", get(ready::<S>))
        .fallback(not_found)
        .with_state(Shared { reader, running })
}

async fn checkpoint<S: LogStore>(State(shared): State<Shared<S>>) -> Response {
    answer(TEXT, SHORT_LIVED, shared.reader.head().note.clone())
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
    if *shared.running.borrow() {
        return answer(TEXT, SHORT_LIVED, "ready\n");
    }
    let reason = "the sequencer has stopped: the log takes no records\n";
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
        return Status::unimplemented("this server has no such service")
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
