//! The numbers of a benchmark: rates, latencies, ratios.

use std::time::Duration;

use serde::Serialize;

/// Latencies in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Latencies {
    /// Half are at most this.
    pub p50_us: f64,
    /// 99 of 100 are at most this.
    pub p99_us: f64,
    /// 999 of 1,000 are at most this.
    pub p999_us: f64,
    /// The longest.
    pub max_us: f64,
}

impl Latencies {
    /// Sorts and reads off; all 0 for none.
    #[must_use]
    pub fn of(mut samples: Vec<Duration>) -> Self {
        samples.sort_unstable();
        let at = |share: f64| {
            let rank = rank(samples.len(), share);
            samples.get(rank).copied().map_or(0.0, micros)
        };
        Self {
            p50_us: at(0.5),
            p99_us: at(0.99),
            p999_us: at(0.999),
            max_us: at(1.0),
        }
    }
}

/// Position of the smallest of `count` sorted samples that at least a `share` of them do not exceed.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "0 ≤ share ≤ 1, so the product lies between 0 and count"
)]
fn rank(count: usize, share: f64) -> usize {
    ((count as f64 * share).ceil() as usize).saturating_sub(1)
}

/// A duration in microseconds.
#[must_use]
pub fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

/// How many a second.
#[must_use]
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of a benchmark are far below 2^52"
)]
pub fn per_second(count: usize, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}

/// One line of a result.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// What was done.
    pub name: &'static str,
    /// Number of records.
    pub records: usize,
    /// How long it took.
    pub seconds: f64,
    /// Records per second.
    pub records_per_second: f64,
    /// The same as a part of L; absent where the rate was given.
    pub ratio: Option<f64>,
    /// Time from sending, or from the time scheduled for sending, to the receipt; absent where only the rate counts.
    #[serde(flatten)]
    pub latencies: Option<Latencies>,
}

impl Line {
    /// Makes a line of what was measured.
    #[must_use]
    pub fn new(name: &'static str, records: usize, time: Duration) -> Self {
        Self {
            name,
            records,
            seconds: time.as_secs_f64(),
            records_per_second: per_second(records, time),
            ratio: None,
            latencies: None,
        }
    }

    /// Compares the rate with `limit`, records per second.
    #[must_use]
    pub fn beside(mut self, limit: f64) -> Self {
        self.ratio = Some(self.records_per_second / limit);
        self
    }

    /// Adds latencies.
    #[must_use]
    pub fn with(mut self, samples: Vec<Duration>) -> Self {
        self.latencies = Some(Latencies::of(samples));
        self
    }

    /// One row of [`table`].
    fn row(&self) -> String {
        let ratio = self
            .ratio
            .map_or_else(String::new, |ratio| format!("{ratio:.2} L"));
        let latencies = self.latencies.map_or_else(String::new, |found| {
            format!(
                "{:>10.0} {:>10.0} {:>10.0} {:>10.0}",
                found.p50_us, found.p99_us, found.p999_us, found.max_us
            )
        });
        let row = format!(
            "{:<22} {:>9} {:>9.2} {:>10.0} {ratio:>8} {latencies}",
            self.name, self.records, self.seconds, self.records_per_second
        );
        row.trim_end().to_owned()
    }
}

/// Two results of one run beside each other.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Ratio {
    /// What is divided by what.
    pub name: &'static str,
    /// The ratio.
    pub value: f64,
}

impl Ratio {
    /// Divides.
    #[must_use]
    pub fn new(name: &'static str, dividend: f64, divisor: f64) -> Self {
        Self {
            name,
            value: dividend / divisor,
        }
    }
}

/// Ratios, one a line.
#[must_use]
pub fn ratios(ratios: &[Ratio]) -> String {
    let lines = ratios
        .iter()
        .map(|ratio| format!("{:<58} {:>6.2}", ratio.name, ratio.value));
    lines.collect::<Vec<_>>().join("\n")
}

/// Lines as a table.
#[must_use]
pub fn table(lines: &[Line]) -> String {
    let head = format!(
        "{:<22} {:>9} {:>9} {:>10} {:>8} {:>10} {:>10} {:>10} {:>10}",
        "", "records", "seconds", "records/s", "of L", "p50 µs", "p99 µs", "p99.9 µs", "max µs"
    );
    let rows = lines.iter().map(Line::row);
    std::iter::once(head)
        .chain(rows)
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_read_off_at_their_ranks() {
        let samples = (1..=1000).rev().map(Duration::from_micros).collect();
        let found = Latencies::of(samples);
        let expected = [500.0, 990.0, 999.0, 1000.0];
        let found = [found.p50_us, found.p99_us, found.p999_us, found.max_us];
        for (found, expected) in found.into_iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{found} is not {expected}");
        }
    }

    #[test]
    fn one_sample_is_every_percentile() {
        let found = Latencies::of(vec![Duration::from_millis(7)]);
        assert!((found.p50_us - 7000.0).abs() < 1e-6);
        assert!((found.p999_us - 7000.0).abs() < 1e-6);
    }
}
