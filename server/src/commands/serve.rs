//! `trucelogd serve`: opens the log and serves it until a signal asks to stop.

use std::{net::SocketAddr, sync::Arc, thread::JoinHandle, time::Duration};

use tokio::{
    runtime::Runtime,
    signal::unix::{SignalKind, signal},
};

use super::{CommandError, OpenLog, open_log, read_policies};
use crate::{
    config::{Config, Limits},
    listener::{Certificates, Listener},
    reader::Reader,
    sequencer::{
        self, Bounds, Sequencer,
        clock::{Clock as _, SystemClock},
    },
    server::{self, Service},
    store::Store,
    view::Index,
    witness::{Http, Publisher, Witnessing},
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
    let open = open_log(config)?;
    let log = open.identity.log.clone();
    let store = Arc::clone(&open.store);
    let (sequencer, thread, witnesses) = start(config, open)?;
    let service = Service {
        log,
        index: Index::new(
            Arc::clone(&store),
            Reader::new(Arc::clone(&store), sequencer.head()),
        ),
        reader: Reader::new(store, sequencer.head()),
        status: sequencer.status(),
        witnessed: witnesses
            .as_ref()
            .map(|witnesses| witnesses.publisher.witnessed()),
        sequencer: Some(sequencer),
        witnesses,
    };
    let runtime = Runtime::new()?;
    let indexer = service.index.clone().follow(runtime.handle().clone())?;
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
    if indexer.join().is_err() {
        tracing::error!("the indexer thread panicked");
    }
    served
}

type Started = (Sequencer, JoinHandle<()>, Option<Witnessing<Store>>);

/// Starts the sequencer; with witnesses, it is held until they have confirmed what it starts from.
fn start(config: &Config, open: OpenLog) -> Result<Started, CommandError> {
    let OpenLog {
        identity,
        store,
        anchor,
    } = open;
    let bounds = Bounds {
        queue: config.limits.queue,
        batch: config.limits.batch,
    };
    let clock = SystemClock::new();
    let Some(settings) = &config.witnesses else {
        let (sequencer, thread) = sequencer::start(identity, store, anchor, clock, bounds)?;
        return Ok((sequencer, thread, None));
    };
    let policies = read_policies(settings, &identity)?;
    if let Some(warning) = policies.policy().split_view_warning() {
        tracing::warn!("witnesses.policy: {warning}");
    }
    let http = Http::new(settings.ca.as_deref(), &policies)?;
    let since = clock.read().wall_ms / 1000;
    let (sequencer, thread, hold) =
        sequencer::start_held(identity.clone(), Arc::clone(&store), anchor, clock, bounds)?;
    let reader = Reader::new(Arc::clone(&store), sequencer.head());
    let publisher = Publisher::start(policies, &identity, store, reader, hold, since)?;
    let witnesses = Witnessing {
        publisher,
        http,
        times: settings.times(),
    };
    Ok((sequencer, thread, Some(witnesses)))
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
    if let Some(witnesses) = &service.witnesses {
        witnesses.run();
    }

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
