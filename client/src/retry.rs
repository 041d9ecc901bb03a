//! Trying again: exponential back-off with jitter, within a limit of time without progress.

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
}

impl Retry {
    /// Begins a series.
    #[must_use]
    pub fn new(patience: Patience) -> Self {
        Self {
            patience,
            since: Instant::now(),
            backoff: Backoff::new(LONGEST_DELAY),
        }
    }

    /// Forgets the failures so far, because something has succeeded.
    pub fn progressed(&mut self) {
        *self = Self::new(self.patience);
    }

    /// Waits before the next attempt, at least as long as the server asks for.
    ///
    /// # Errors
    /// [`Error::Deadline`] when patience is at its end.
    pub async fn wait(&mut self, status: &Status, asked: Option<Duration>) -> Result<(), Error> {
        let delay = self.backoff.delay(asked);
        if self.since.elapsed() + delay > self.patience.0 {
            return Err(Error::Deadline {
                patience: self.patience.0,
                status: Box::new(status.clone()),
            });
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
