//! `trucelogd serve`: opens the log and serves it until a signal asks to stop.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    runtime::Runtime,
    signal::unix::{SignalKind, signal},
};

use super::{CommandError, OpenLog, open_log};
use crate::{
    config::{Config, Limits},
    listener::{Certificates, Listener},
    reader::Reader,
    sequencer::{self, Bounds, clock::SystemClock},
    server::{self, Service},
    store::Store,
};

/// How long open requests may go on after a signal.
const DRAIN: Duration = Duration::from_secs(10);

/// Serves the log of `config`. Calls `listening` once, when connections are accepted. Returns after SIGTERM or SIGINT,
/// when open requests are answered and the sequencer has written everything that it took.
///
/// # Errors
///
/// [`CommandError`]; nothing is served when store and anchor do not belong together.
pub fn run(config: &Config, listening: impl FnOnce(SocketAddr)) -> Result<(), CommandError> {
    let certificates = config
        .tls
        .as_ref()
        .map(|tls| Certificates::load(&tls.cert, &tls.key))
        .transpose()?;
    let OpenLog {
        identity,
        store,
        anchor,
    } = open_log(config)?;
    let log = identity.log.clone();
    let bounds = Bounds {
        queue: config.limits.queue,
        batch: config.limits.batch,
    };
    let (sequencer, thread) = sequencer::start(
        identity,
        Arc::clone(&store),
        anchor,
        SystemClock::new(),
        bounds,
    )?;
    let service = Service {
        log,
        reader: Reader::new(store, sequencer.head()),
        running: sequencer.running(),
        sequencer: Some(sequencer),
    };
    let runtime = Runtime::new()?;
    let served = runtime.block_on(serve(
        config.listen,
        &config.limits,
        service,
        certificates,
        listening,
    ));
    // Ends what the drain time did not end, and with it the last handles of the sequencer.
    runtime.shutdown_timeout(Duration::from_secs(1));
    if thread.join().is_err() {
        tracing::error!("the sequencer thread panicked");
    }
    served
}

/// Serves until SIGTERM or SIGINT. Calls `listening` once, when connections are accepted.
pub(super) async fn serve(
    listen: SocketAddr,
    limits: &Limits,
    service: Service<Store>,
    certificates: Option<Arc<Certificates>>,
    listening: impl FnOnce(SocketAddr),
) -> Result<(), CommandError> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    if let Some(certificates) = certificates.clone() {
        tokio::spawn(reload_on_hangup(
            certificates,
            signal(SignalKind::hangup())?,
        ));
    }
    let listener = Listener::bind(listen, certificates, limits.of_connections()).await?;
    let head = service.reader.head();
    tracing::info!(origin = %service.log.origin, size = %head.checkpoint.size, addr = %listener.addr(), "serving");
    listening(listener.addr());

    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = server::serve(service, listener, limits, async {
        // A dropped sender stops the server too.
        let _ = stopped.await;
    });
    let stopping = async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
        drop(stop);
        tokio::time::sleep(DRAIN).await;
    };
    tokio::select! {
        result = serving => Ok(result?),
        () = stopping => Ok(()),
    }
}

async fn reload_on_hangup(
    certificates: Arc<Certificates>,
    mut hangup: tokio::signal::unix::Signal,
) {
    while hangup.recv().await.is_some() {
        match certificates.reload() {
            Ok(()) => tracing::info!("read the TLS certificate again"),
            Err(error) => tracing::error!(%error, "the TLS certificate was not exchanged"),
        }
    }
}
