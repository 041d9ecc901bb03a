//! Intervals of time, and what may have happened in them.

use std::iter::Sum;

use crate::refusal::{Reason, Refusal};

/// An interval of time from its start up to, but not including, its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// Start, Unix milliseconds.
    pub start_ms: u64,
    /// End, Unix milliseconds; at least the start.
    pub end_ms: u64,
}

/// How many incidents happened in an interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IntervalCount {
    /// Incidents that happened in it for certain.
    pub certain: u64,
    /// Incidents that may have happened in it, the certain ones too.
    pub possible: u64,
}

impl Interval {
    /// All time but its last millisecond.
    pub const ALL: Self = Self {
        start_ms: 0,
        end_ms: u64::MAX,
    };

    /// The interval from `since_ms` up to, not including, `until_ms`, Unix milliseconds. What is absent does not restrict.
    ///
    /// # Errors
    /// [`Refusal`] at `until` when it ends before or when it begins.
    pub fn bounded(since_ms: Option<u64>, until_ms: Option<u64>) -> Result<Self, Refusal> {
        let interval = Self {
            start_ms: since_ms.unwrap_or(Self::ALL.start_ms),
            end_ms: until_ms.unwrap_or(Self::ALL.end_ms),
        };
        if interval.start_ms < interval.end_ms {
            return Ok(interval);
        }
        Err(Refusal::new(Reason::TimeOrder, "until"))
    }

    /// The intervals between one instant and the next. Instants ascend; those of days are cut by whoever knows zones:
    /// a day in which summer time ends has 25 hours.
    #[must_use]
    pub fn between(instants: &[u64]) -> Vec<Self> {
        instants
            .windows(2)
            .map(|pair| Self {
                start_ms: pair[0],
                end_ms: pair[1],
            })
            .collect()
    }

    /// Tells whether an instant lies in it.
    #[must_use]
    pub fn contains(self, time_ms: u64) -> bool {
        (self.start_ms..self.end_ms).contains(&time_ms)
    }

    /// Tells whether what happened at some time from `earliest_ms` to `latest_ms` may have happened in it.
    #[must_use]
    pub fn possibly_holds(self, earliest_ms: u64, latest_ms: u64) -> bool {
        earliest_ms < self.end_ms && latest_ms >= self.start_ms
    }

    /// Tells whether what happened at some time from `earliest_ms` to `latest_ms` happened in it for certain.
    #[must_use]
    pub fn certainly_holds(self, earliest_ms: u64, latest_ms: u64) -> bool {
        self.contains(earliest_ms) && self.contains(latest_ms)
    }

    /// The milliseconds that it shares with another one.
    #[must_use]
    pub fn shared_ms(self, other: Self) -> u64 {
        let end = self.end_ms.min(other.end_ms);
        end.saturating_sub(self.start_ms.max(other.start_ms))
    }
}

impl Sum for IntervalCount {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), |sum, count| Self {
            certain: sum.certain + count.certain,
            possible: sum.possible + count.possible,
        })
    }
}
