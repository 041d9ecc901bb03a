//! The clock of the sequencer: accepted times that never decrease, and a stop when the wall clock jumps.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How far the wall clock may move against the monotonic clock.
pub const MAX_DRIFT: Duration = Duration::from_secs(60);

/// One look at both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Unix time in milliseconds.
    pub wall_ms: u64,
    /// Time since an arbitrary instant.
    pub monotonic: Duration,
}

/// A source of time. [`SystemClock`] is the real one.
pub trait Clock: Send {
    /// Looks at both clocks.
    fn read(&self) -> Reading;
}

/// The clocks of the operating system.
#[derive(Debug)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// Starts the monotonic clock at zero.
    #[must_use]
    pub fn new() -> Self {
        Self {
            started: Instant::now(),
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn read(&self) -> Reading {
        let wall = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Reading {
            wall_ms: u64::try_from(wall.as_millis()).unwrap_or(u64::MAX),
            monotonic: self.started.elapsed(),
        }
    }
}

/// The wall clock moved against the monotonic clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the wall clock moved by {moved_ms} ms against the monotonic clock, the limit is {} ms: set the clock right and start again", MAX_DRIFT.as_millis())]
pub struct ClockMoved {
    /// By how much, in milliseconds; negative if it went back.
    pub moved_ms: i128,
}

/// Turns readings into accepted times.
#[derive(Debug)]
pub struct AcceptedTimes<C> {
    clock: C,
    first: Reading,
    last_ms: u64,
}

impl<C: Clock> AcceptedTimes<C> {
    /// Starts after an entry that was accepted at `last_ms`, Unix milliseconds.
    #[must_use]
    pub fn new(clock: C, last_ms: u64) -> Self {
        let first = clock.read();
        Self {
            clock,
            first,
            last_ms,
        }
    }

    /// The accepted time of the next entries: now, or the last accepted time if the clock is behind it.
    ///
    /// # Errors
    ///
    /// [`ClockMoved`] if wall and monotonic clock differ by more than [`MAX_DRIFT`] since the start.
    pub fn accept(&mut self) -> Result<u64, ClockMoved> {
        let now = self.clock.read();
        let wall = i128::from(now.wall_ms) - i128::from(self.first.wall_ms);
        let elapsed = now
            .monotonic
            .saturating_sub(self.first.monotonic)
            .as_millis();
        let moved_ms = wall.saturating_sub_unsigned(elapsed);
        if moved_ms.unsigned_abs() > MAX_DRIFT.as_millis() {
            return Err(ClockMoved { moved_ms });
        }
        self.last_ms = self.last_ms.max(now.wall_ms);
        Ok(self.last_ms)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone)]
    struct SetClock(Arc<Mutex<Reading>>);

    impl SetClock {
        fn at(wall_ms: u64, monotonic_ms: u64) -> Self {
            Self(Arc::new(Mutex::new(reading(wall_ms, monotonic_ms))))
        }

        fn set(&self, wall_ms: u64, monotonic_ms: u64) {
            *self.0.lock().unwrap() = reading(wall_ms, monotonic_ms);
        }
    }

    impl Clock for SetClock {
        fn read(&self) -> Reading {
            *self.0.lock().unwrap()
        }
    }

    fn reading(wall_ms: u64, monotonic_ms: u64) -> Reading {
        Reading {
            wall_ms,
            monotonic: Duration::from_millis(monotonic_ms),
        }
    }

    #[test]
    fn never_decreases() {
        let clock = SetClock::at(1_000_000, 0);
        let mut times = AcceptedTimes::new(clock.clone(), 1_000_500);
        assert_eq!(times.accept().unwrap(), 1_000_500);
        clock.set(1_001_000, 1_000);
        assert_eq!(times.accept().unwrap(), 1_001_000);
        clock.set(990_000, 2_000);
        assert_eq!(times.accept().unwrap(), 1_001_000);
    }

    #[test]
    fn stops_when_the_wall_clock_moves_more_than_the_limit() {
        for (wall_ms, moved_ms) in [
            (1_070_000, None),
            (1_070_001, Some(60_001)),
            (950_000, None),
            (949_999, Some(-60_001)),
        ] {
            let clock = SetClock::at(1_000_000, 5);
            let mut times = AcceptedTimes::new(clock.clone(), 0);
            clock.set(wall_ms, 10_005);
            let expected = moved_ms.map_or(Ok(wall_ms), |moved_ms| Err(ClockMoved { moved_ms }));
            assert_eq!(times.accept(), expected);
        }
    }
}
