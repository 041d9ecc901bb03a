//! Trying again: exponential back-off with jitter, within a limit of time without progress.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tonic::Status;

use crate::Error;
use crate::refused::{Failure, classify};

const FIRST_DELAY: Duration = Duration::from_millis(100);
const LONGEST_DELAY: Duration = Duration::from_secs(5);

/// How long a caller goes on without progress.
#[derive(Clone, Copy, Debug)]
pub struct Patience(pub Duration);

impl Default for Patience {
    fn default() -> Self {
        Self(Duration::from_secs(60))
    }
}

impl Patience {
    /// Never gives up.
    pub const ENDLESS: Self = Self(Duration::MAX);
}

type Tell = dyn Fn(&Status) + Send + Sync;

/// Told of each failed attempt that is followed by another.
#[derive(Clone, Default)]
pub struct Notice(Option<Arc<Tell>>);

impl Notice {
    /// Calls `tell` with the status of the attempt.
    pub fn new(tell: impl Fn(&Status) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(tell)))
    }
}

impl fmt::Debug for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Notice").field(&self.0.is_some()).finish()
    }
}

/// Delays that double from one attempt to the next.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    next: Duration,
    longest: Duration,
}

impl Backoff {
    /// Begins with a short delay; none is longer than `longest`.
    #[must_use]
    pub fn new(longest: Duration) -> Self {
        Self {
            next: FIRST_DELAY,
            longest,
        }
    }

    /// The delay before the next attempt: between half of what has doubled and all of it, so that many clients do not
    /// come back at once, and at least what the server asks for.
    pub fn delay(&mut self, asked: Option<Duration>) -> Duration {
        let delay = jittered(self.next).max(asked.unwrap_or_default());
        self.next = (self.next * 2).min(self.longest);
        delay
    }

    /// Begins again, because something has succeeded.
    pub fn progressed(&mut self) {
        self.next = FIRST_DELAY;
    }
}

/// The state of one series of attempts.
#[derive(Debug)]
pub struct Retry {
    patience: Patience,
    since: Instant,
    backoff: Backoff,
    notice: Notice,
}

impl Retry {
    /// Begins a series.
    #[must_use]
    pub fn new(patience: Patience) -> Self {
        Self {
            patience,
            since: Instant::now(),
            backoff: Backoff::new(LONGEST_DELAY),
            notice: Notice::default(),
        }
    }

    /// Tells of every failed attempt that is followed by another.
    #[must_use]
    pub fn telling(mut self, notice: Notice) -> Self {
        self.notice = notice;
        self
    }

    /// Forgets the failures so far, because something has succeeded.
    pub fn progressed(&mut self) {
        self.since = Instant::now();
        self.backoff.progressed();
    }

    /// Waits before the next attempt, at least as long as the server asks for.
    ///
    /// # Errors
    /// [`Error::Deadline`] when patience is at its end.
    pub async fn wait(&mut self, status: &Status, asked: Option<Duration>) -> Result<(), Error> {
        let delay = self.backoff.delay(asked);
        if self.since.elapsed().saturating_add(delay) > self.patience.0 {
            return Err(Error::Deadline {
                patience: self.patience.0,
                status: Box::new(status.clone()),
            });
        }
        if let Some(tell) = &self.notice.0 {
            tell(status);
        }
        tokio::time::sleep(delay).await;
        Ok(())
    }
}

fn jittered(delay: Duration) -> Duration {
    let mut random = [0; 4];
    // Without randomness every client waits the whole delay, which is correct too.
    let share = match getrandom::fill(&mut random) {
        Ok(()) => f64::from(u32::from_le_bytes(random)) / f64::from(u32::MAX),
        Err(_) => 1.0,
    };
    delay.mul_f64(0.5 + share / 2.0)
}

/// Calls until it succeeds, is refused, or patience is at its end.
///
/// # Errors
/// [`Error::Refused`], [`Error::NotFound`], [`Error::Status`] or [`Error::Deadline`].
pub async fn call<T>(
    patience: Patience,
    mut attempt: impl AsyncFnMut() -> Result<tonic::Response<T>, Status>,
) -> Result<T, Error> {
    let mut retry = Retry::new(patience);
    loop {
        match attempt().await.map_err(classify) {
            Ok(response) => return Ok(response.into_inner()),
            Err(Failure::Retry(status, asked)) => retry.wait(&status, asked).await?,
            Err(failure) => return Err(failure.into()),
        }
    }
}
