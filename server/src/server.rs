//! The server: gRPC and HTTP on one port, with every limit that a client can run into.
//!
//! Source: `docs/server.md`, "Listener".

use std::{future::Future, sync::Arc, time::Duration};

use tokio::sync::watch;
use tonic::{
    service::Routes,
    transport::{Error, Server},
};
use tonic_health::server::HealthReporter;
use trucelog_proto::{
    pb::{
        self, incident_service_server::IncidentServiceServer, log_service_server::LogServiceServer,
        submission_service_server::SubmissionServiceServer,
    },
    record::LogId,
};

use crate::{
    config::Limits,
    http,
    listener::Listener,
    reader::Reader,
    sequencer::{Head, Sequencer, Status},
    service::{
        MAX_REQUEST_LEN,
        incidents::Incidents,
        log::Log,
        submission::{Quorum, Submissions},
    },
    store::LogStore,
    view::Index,
    witness::Witnessing,
};

/// How often the server asks a silent connection whether its peer lives. Far less than the idle time of the listener.
const KEEPALIVE: Duration = Duration::from_secs(20);
/// Streams that a client may reset before they were looked at, until the connection is closed.
const MAX_RESET_STREAMS: usize = 64;
/// Errors of the peer's making, until the connection is closed.
const MAX_ERROR_RESETS: usize = 1024;
/// The longest list of request headers in bytes.
const MAX_HEADERS_LEN: u32 = 16 * 1024;

/// A log that is ready to be served.
#[derive(Debug)]
pub struct Service<S> {
    /// Whose log it is.
    pub log: LogId,
    /// The way in; none for a mirror.
    pub sequencer: Option<Sequencer>,
    /// The way out.
    pub reader: Reader<S>,
    /// Answers what the log says. Somebody has to [follow](crate::view::indexer::follow) the heads beside the server.
    pub index: Index,
    /// Whether records are taken, or copied by a mirror.
    pub status: watch::Receiver<Status>,
    /// The heads at quorum; none if nobody says what a quorum is.
    pub witnessed: Option<watch::Receiver<Option<Arc<Head>>>>,
    /// The witnesses; none for a mirror and for a log without them. They have to be [run](Witnessing::run) beside the
    /// server.
    pub witnesses: Option<Witnessing<S>>,
}

/// Serves until `shutdown` is ready and every open request is answered.
///
/// # Errors
///
/// [`Error`] of tonic's transport.
pub async fn serve<S: LogStore>(
    service: Service<S>,
    listener: Listener,
    limits: &Limits,
    shutdown: impl Future<Output = ()>,
) -> Result<(), Error> {
    let (stopping, stopped) = watch::channel(false);
    let routes = routes(service, stopped).await;
    builder(limits)
        .serve_with_incoming_shutdown(routes.prepare(), listener.incoming(), async {
            shutdown.await;
            stopping.send_replace(true);
        })
        .await
}

/// Every limit inside a connection.
fn builder(limits: &Limits) -> Server {
    let streams = usize::try_from(limits.streams_per_connection).unwrap_or(usize::MAX);
    Server::builder()
        .accept_http1(true)
        .max_concurrent_streams(limits.streams_per_connection)
        .concurrency_limit_per_connection(streams)
        .load_shed(true)
        .timeout(Duration::from_secs(limits.request_s))
        .http2_keepalive_interval(Some(KEEPALIVE))
        .http2_keepalive_timeout(Some(KEEPALIVE))
        .http2_max_pending_accept_reset_streams(Some(MAX_RESET_STREAMS))
        .http2_max_local_error_reset_streams(Some(MAX_ERROR_RESETS))
        .http2_max_header_list_size(MAX_HEADERS_LEN)
        .max_connection_age(Duration::from_secs(limits.connection_age_s))
}

async fn routes<S: LogStore>(service: Service<S>, stopping: watch::Receiver<bool>) -> Routes {
    let (health, health_service) = tonic_health::server::health_reporter();
    health.set_serving::<LogServiceServer<Log<S>>>().await;
    health
        .set_serving::<IncidentServiceServer<Incidents>>()
        .await;
    let incidents = IncidentServiceServer::new(Incidents::new(service.index));
    let wait = service.witnesses.as_ref().map(|known| known.times.wait);
    let log = Log::new(
        service.reader.clone(),
        service.witnessed.clone(),
        service.witnesses.map(|witnesses| witnesses.publisher),
        stopping,
    );
    let mut routes = Routes::from(http::routes(
        service.reader.clone(),
        service.witnessed.clone(),
        service.status.clone(),
    ));
    if let Some(sequencer) = service.sequencer {
        tokio::spawn(report_status::<S>(health, service.status));
        let quorum = service.witnessed.zip(wait);
        let quorum = quorum.map(|(witnessed, wait)| Quorum { witnessed, wait });
        let submissions = Submissions::new(service.log, sequencer, service.reader, quorum);
        let submissions = SubmissionServiceServer::new(submissions);
        routes = routes.add_service(submissions.max_decoding_message_size(MAX_REQUEST_LEN));
    }
    routes
        .add_service(LogServiceServer::new(log).max_decoding_message_size(MAX_REQUEST_LEN))
        .add_service(incidents.max_decoding_message_size(MAX_REQUEST_LEN))
        .add_service(health_service)
        .add_service(
            reflection()
                .build_v1()
                .expect("the checked-in schema is a descriptor set"),
        )
        .add_service(
            reflection()
                .build_v1alpha()
                .expect("the checked-in schema is a descriptor set"),
        )
}

fn reflection() -> tonic_reflection::server::Builder<'static> {
    tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(pb::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
}

/// Tells health checks whether records are taken. Ends with the sequencer.
async fn report_status<S: LogStore>(health: HealthReporter, mut status: watch::Receiver<Status>) {
    loop {
        let now = *status.borrow_and_update();
        if now == Status::Running {
            health
                .set_serving::<SubmissionServiceServer<Submissions<S>>>()
                .await;
        } else {
            health
                .set_not_serving::<SubmissionServiceServer<Submissions<S>>>()
                .await;
        }
        if status.changed().await.is_err() {
            return;
        }
    }
}
