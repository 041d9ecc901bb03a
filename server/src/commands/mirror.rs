//! `trucelogd mirror`: copies a log, verifying every entry, and serves the copy until a signal asks to stop.

use std::{
    fs,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use tokio::{
    runtime::{Handle, Runtime},
    sync::watch,
};
use trucelog_client::{
    Error as ClientError,
    fetch::{Fetcher, RemoteEntries},
    remote,
    retry::Patience,
    trust::Trust,
};
use trucelog_proto::{
    hash::{LeafIndex, NodeHash, TreeSize},
    pb::CheckpointKind,
    policy::Policy,
};

use super::{CommandError, serve};
use crate::{
    listener::Certificates,
    mirror::{Mirror, MirrorError, Upstream, config::MirrorConfig},
    reader::Reader,
    sequencer::{Head, Status},
    server::Service,
    store::{Meta, Store, StoreError},
    view::Index,
};

/// How long one look at the upstream may stay without an answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs the mirror of `config`. Calls `listening` once, when a first head is verified and connections are accepted.
/// Returns after SIGTERM or SIGINT.
///
/// # Errors
///
/// [`CommandError`]; [`CommandError::Mirror`] also when something false was seen while it ran.
pub fn run(config: &MirrorConfig, listening: impl FnOnce(SocketAddr)) -> Result<(), CommandError> {
    let certificates = config
        .tls
        .as_ref()
        .map(|tls| Certificates::load(&tls.cert, &tls.key))
        .transpose()?;
    let trust = read_trust(config)?;
    let store = Arc::new(open_store(config, &trust)?);
    let mirror = Mirror::open(
        Arc::clone(&store),
        trust.clone(),
        config.evidence_dir.clone(),
    )?;
    let runtime = Runtime::new()?;
    let remote = {
        let _inside = runtime.enter();
        Remote::new(config, &trust, runtime.handle().clone())?
    };
    let follower = Follower::start(mirror, remote, Duration::from_secs(config.poll_s))?;
    let mut indexer = None;
    let served = runtime.block_on(async {
        let Some(head) = follower.first_head().await else {
            return Ok(());
        };
        let service = Service {
            log: trust.id.clone(),
            index: Index::new(
                Arc::clone(&store),
                Reader::new(Arc::clone(&store), head.clone()),
            ),
            reader: Reader::new(store, head),
            sequencer: None,
            status: follower.status.clone(),
            witnessed: trust.policy.has_quorum().then(|| follower.accepted.clone()),
            witnesses: None,
        };
        indexer = Some(service.index.clone().follow(Handle::current())?);
        serve::serve(
            config.listen,
            &config.limits,
            service,
            certificates,
            listening,
        )
        .await
    });
    let ended = follower.end();
    runtime.shutdown_timeout(Duration::from_secs(1));
    if indexer.is_some_and(|indexer| indexer.join().is_err()) {
        tracing::error!("the indexer thread panicked");
    }
    served.and(ended)
}

pub(super) fn read_trust(config: &MirrorConfig) -> Result<Trust, CommandError> {
    let path = &config.policy;
    let bytes = fs::read(path).map_err(super::unreadable("policy", path))?;
    let policy = Policy::parse(&bytes).map_err(super::malformed("policy", path))?;
    Ok(Trust::new(policy))
}

/// Opens the copy, or begins one.
pub(super) fn open_store(config: &MirrorConfig, trust: &Trust) -> Result<Store, CommandError> {
    let limit = Duration::from_secs(config.limits.open_timeout_s);
    let store = match Store::open(&config.data_dir, limit) {
        Err(StoreError::Missing { .. }) => {
            let log = trust.id.clone();
            Store::create(&config.data_dir, Meta { log })?
        }
        opened => opened?,
    };
    if store.meta().log == trust.id {
        return Ok(store);
    }
    Err(CommandError::OtherLog {
        data_dir: config.data_dir.clone(),
        stored: store.meta().log.origin.to_string(),
        pinned: trust.id.origin.to_string(),
    })
}

/// The log, or another mirror of it, over gRPC.
struct Remote {
    fetcher: Fetcher,
    kind: CheckpointKind,
    runtime: Handle,
}

impl Remote {
    fn new(config: &MirrorConfig, trust: &Trust, runtime: Handle) -> Result<Self, CommandError> {
        let ca = config.upstream_ca.as_ref();
        let ca = ca
            .map(|path| fs::read(path).map_err(super::unreadable("upstream_ca", path)))
            .transpose()?;
        let channel = remote::connect(&config.upstream, ca.as_deref())
            .map_err(|error| MirrorError::from(ClientError::from(error)))?;
        Ok(Self {
            fetcher: Fetcher::new(channel, Patience(PATIENCE)),
            kind: if trust.policy.has_quorum() {
                CheckpointKind::Witnessed
            } else {
                CheckpointKind::Signed
            },
            runtime,
        })
    }

    fn checkpoint(&self) -> Result<Vec<u8>, ClientError> {
        self.runtime.block_on(self.fetcher.checkpoint(self.kind))
    }
}

impl Upstream for Remote {
    type Entries = RemoteEntries;

    fn entries(&self, start: LeafIndex, end: TreeSize) -> RemoteEntries {
        let _inside = self.runtime.enter();
        self.fetcher.entries(start, end)
    }

    fn consistency_proof(
        &self,
        old: TreeSize,
        new: TreeSize,
    ) -> Result<Vec<NodeHash>, ClientError> {
        self.runtime
            .block_on(self.fetcher.consistency_proof(old, new))
    }
}

/// The thread that copies.
struct Follower {
    thread: thread::JoinHandle<Result<(), MirrorError>>,
    accepted: watch::Receiver<Option<Arc<Head>>>,
    status: watch::Receiver<Status>,
    stop: Arc<AtomicBool>,
}

impl Follower {
    fn start(mirror: Mirror<Store>, remote: Remote, poll: Duration) -> Result<Self, CommandError> {
        let (sender, status) = watch::channel(Status::Running);
        let accepted = mirror.accepted();
        let stop = Arc::new(AtomicBool::new(false));
        let stopping = Arc::clone(&stop);
        let thread = thread::Builder::new().name("mirror".into()).spawn(move || {
            let ended = follow(mirror, &remote, poll, &stopping);
            if let Err(error) = &ended {
                let evidence = error.evidence().map(|path| path.display().to_string());
                tracing::error!(%error, evidence, "the mirror has stopped copying; what it has is served on");
            }
            sender.send_replace(Status::Stopped);
            ended
        })?;
        Ok(Self {
            thread,
            accepted,
            status,
            stop,
        })
    }

    /// The first accepted head, and every newer one as it comes. None when the thread ends before there is one.
    async fn first_head(&self) -> Option<watch::Receiver<Arc<Head>>> {
        let mut accepted = self.accepted.clone();
        let first = accepted.wait_for(Option::is_some).await.ok()?.clone()?;
        let (sender, receiver) = watch::channel(first);
        tokio::spawn(async move {
            while accepted.changed().await.is_ok() {
                if let Some(head) = accepted.borrow_and_update().clone() {
                    sender.send_replace(head);
                }
            }
            // Readers hold on to the last head when the thread has ended.
            sender.closed().await;
        });
        Some(receiver)
    }

    /// Tells the thread to stop, and gives its error if it has one. A thread that still waits for an answer is left
    /// behind: what it has committed is whole.
    fn end(self) -> Result<(), CommandError> {
        self.stop.store(true, Ordering::Relaxed);
        if *self.status.borrow() == Status::Running {
            return Ok(());
        }
        match self.thread.join() {
            Ok(ended) => Ok(ended?),
            Err(_) => Err(std::io::Error::other("the mirror thread panicked").into()),
        }
    }
}

/// Looks at the upstream until `stop`, or until something ends the copy for good.
fn follow(
    mut mirror: Mirror<Store>,
    remote: &Remote,
    poll: Duration,
    stop: &AtomicBool,
) -> Result<(), MirrorError> {
    while !stop.load(Ordering::Relaxed) {
        let taken = remote
            .checkpoint()
            .map_err(MirrorError::from)
            .and_then(|note| mirror.take(&note, remote));
        match taken {
            Ok(true) => {
                let head = mirror.accepted();
                let size = head
                    .borrow()
                    .as_ref()
                    .map(|head| head.checkpoint.size.get());
                tracing::info!(size, "verified");
            }
            Ok(false) => {}
            Err(MirrorError::Client(error)) if !matches!(error, ClientError::False(_)) => {
                tracing::warn!(%error, "nothing new from the upstream");
            }
            Err(error) => return Err(error),
        }
        thread::sleep(poll);
    }
    Ok(())
}
