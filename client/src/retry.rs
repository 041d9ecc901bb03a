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

/// The state of one series of attempts.
#[derive(Debug)]
pub struct Retry {
    patience: Patience,
    since: Instant,
    delay: Duration,
}

impl Retry {
    /// Begins a series.
    #[must_use]
    pub fn new(patience: Patience) -> Self {
        Self {
            patience,
            since: Instant::now(),
            delay: FIRST_DELAY,
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
        let delay = jittered(self.delay).max(asked.unwrap_or_default());
        self.delay = (self.delay * 2).min(LONGEST_DELAY);
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

/// Between half of `delay` and all of it, so that many clients do not come back at once.
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
