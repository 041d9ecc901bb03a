//! Follows a log: every new head is checked as it comes, across broken connections, until something is false.
//!
//! In scope: the stream of heads and coming back to it ([`Heads`]), and what to do with each head ([`follow`]). Out of
//! scope: the check itself ([`crate::verifier`]) and cosigning ([`crate::witness`]).

use std::convert::Infallible;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tonic::{Status, Streaming};
use trucelog_proto::pb::{self, CheckpointKind};

use crate::Error;
use crate::fetch::Fetcher;
use crate::not_enough::NotEnough;
use crate::refused::{Failure, classify};
use crate::retry::Backoff;
use crate::verifier::{LogVerifier, Progress, Report};

/// Longest time between two attempts to come back to a server.
const LONGEST_DELAY: Duration = Duration::from_secs(60);

/// The heads that a server shows, as they come. A connection that breaks is opened again.
#[derive(Debug)]
pub struct Heads {
    fetcher: Fetcher,
    kind: CheckpointKind,
    stream: Option<Streaming<pb::WatchCheckpointsResponse>>,
    backoff: Backoff,
}

impl Heads {
    /// Prepares to watch heads of a kind.
    #[must_use]
    pub fn new(fetcher: Fetcher, kind: CheckpointKind) -> Self {
        Self {
            fetcher,
            kind,
            stream: None,
            backoff: Backoff::new(LONGEST_DELAY),
        }
    }

    /// Waits for the next head, a signed note that nobody has looked at. `trouble` is told of every failure and of the
    /// time until the next attempt.
    ///
    /// # Errors
    /// [`Error::Refused`] when the server has judged the request and said no.
    pub async fn next(
        &mut self,
        trouble: &mut impl FnMut(&Error, Duration),
    ) -> Result<Vec<u8>, Error> {
        loop {
            match self.try_next().await.map_err(classify) {
                Ok(note) => return Ok(note),
                Err(Failure::Refused(refused)) => return Err(Error::Refused(refused)),
                Err(failure) => {
                    let asked = match &failure {
                        Failure::Retry(_, asked) => *asked,
                        _ => None,
                    };
                    self.come_back(&failure.into(), asked, trouble).await;
                }
            }
        }
    }

    async fn try_next(&mut self) -> Result<Vec<u8>, Status> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            None => self.stream.insert(self.fetcher.watch(self.kind).await?),
        };
        let message = stream.message().await?;
        let message = message.ok_or_else(|| Status::unavailable("the stream ended"))?;
        Ok(message.checkpoint)
    }

    /// Leaves a server whose answers are of no use, and waits before the next attempt.
    async fn come_back(
        &mut self,
        error: &Error,
        asked: Option<Duration>,
        trouble: &mut impl FnMut(&Error, Duration),
    ) {
        self.stream = None;
        let delay = self.backoff.delay(asked);
        trouble(error, delay);
        tokio::time::sleep(delay).await;
    }

    /// Leaves a server after `error`, and waits before the next attempt.
    pub async fn failed(&mut self, error: &Error, trouble: &mut impl FnMut(&Error, Duration)) {
        self.come_back(error, None, trouble).await;
    }

    /// Notes that a head was of use.
    pub fn progressed(&mut self) {
        self.backoff.progressed();
    }
}

/// Who is told while a log is followed.
pub trait Audience {
    /// Hears of a head before it is accepted; it will not be when [`Report::enough`] says no.
    ///
    /// # Errors
    /// When nobody could be told. The head is then not accepted.
    fn head(&mut self, report: &Report) -> Result<(), Error>;

    /// Hears of progress within one head.
    fn progress(&mut self, progress: Progress);

    /// Hears of a failure, and of the time until the next attempt.
    fn trouble(&mut self, error: &Error, delay: Duration);
}

/// Checks and accepts every new head until something is false. The first head is told even when it is not new. Needs a
/// multi-threaded tokio runtime.
///
/// A head is told before it is accepted: whoever reads what is told misses none, and may hear of the last one again
/// after a crash. A server that is away, shows something older, or answers with what proves nothing, is asked again.
///
/// # Errors
/// [`Error::False`] with evidence; [`NotEnough::Newer`]; [`Error::Refused`]; [`Error::Interrupted`]; whatever
/// `audience` returns; [`Error::Io`], [`Error::Damaged`] and [`Error::State`] of the state on disk.
pub async fn follow(
    verifier: &mut LogVerifier,
    fetcher: &Fetcher,
    audience: &mut impl Audience,
    stop: &AtomicBool,
) -> Result<Infallible, Error> {
    let mut heads = Heads::new(fetcher.clone(), verifier.trust().head_kind());
    let mut first = true;
    loop {
        let note = heads
            .next(&mut |error, delay| audience.trouble(error, delay))
            .await?;
        let checked = tokio::task::block_in_place(|| {
            verifier.check(
                &note,
                |start, end| Ok(fetcher.entries(start, end)),
                |progress| audience.progress(progress),
                stop,
            )
        });
        match checked {
            Ok(report) => {
                if first || report.is_newer() {
                    audience.head(&report)?;
                    verifier.keep(&report)?;
                }
                first = false;
                heads.progressed();
            }
            Err(error) if proves_nothing(&error) => {
                heads
                    .failed(&error, &mut |error, delay| audience.trouble(error, delay))
                    .await;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Whether the server is the reason, which may answer better later, and not the log or this machine.
#[must_use]
pub fn proves_nothing(error: &Error) -> bool {
    matches!(
        error,
        Error::NotEnough(NotEnough::Stale { .. } | NotEnough::UnknownKey)
            | Error::NotFound(_)
            | Error::Refused(_)
            | Error::Status(_)
            | Error::Deadline { .. }
            | Error::Answer(_)
            | Error::AnswerForm(_)
    )
}
