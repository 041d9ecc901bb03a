//! `trucelog coverage`.

use clap::Args;
use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb;
use trucelog_proto::pb::record::Body;

use super::args::{digest, named, time};
use super::author::AuthorArgs;
use crate::Error;

/// States whether a sensor was listening, and how much it observed.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog coverage \"camera 4\" --earliest-time 2026-03-01T09:00:00Z --latest-time 2026-03-01T10:00:00Z --status up \\
      --observed-count 0 --station-dir station
  trucelog coverage \"camera 4\" --earliest-time 2026-03-01T09:00:00Z --latest-time 2026-03-01T09:20:00Z --status jammed \\
      --supersedes SHA256 --station-dir station")]
pub(super) struct Command {
    /// Name of the sensor.
    #[arg(value_name = "SENSOR")]
    sensor: String,
    /// Start of the interval.
    #[arg(long, value_name = "TIME", value_parser = time)]
    earliest_time: u64,
    /// End of the interval, where the next one may begin.
    #[arg(long, value_name = "TIME", value_parser = time)]
    latest_time: u64,
    /// up, degraded, down, jammed or access-denied.
    #[arg(long, value_parser = |text: &str| named(text, "COVERAGE_STATUS_", pb::CoverageStatus::from_str_name))]
    status: pb::CoverageStatus,
    /// How many incidents were observed; 0 counts.
    #[arg(long, value_name = "N")]
    observed_count: Option<u64>,
    /// Name of the place that the sensor covers.
    #[arg(long, default_value = "")]
    place: String,
    /// Remarks.
    #[arg(long, default_value = "")]
    text: String,
    /// Record digest of the member's own earlier report on this sensor that this one states anew, in whole or in part.
    #[arg(long, value_name = "SHA256", value_parser = digest)]
    supersedes: Option<RecordDigest>,
    #[command(flatten)]
    author: AuthorArgs,
}

impl Command {
    pub(super) async fn run(self) -> Result<(), Error> {
        let place = pb::Place {
            name: self.place,
            ..pb::Place::default()
        };
        let report = pb::CoverageReport {
            sensor: self.sensor,
            earliest_time: self.earliest_time,
            latest_time: self.latest_time,
            status: self.status.into(),
            observed_count: self.observed_count,
            place: (!place.name.is_empty()).then_some(place),
            text: self.text,
            supersedes: self
                .supersedes
                .map_or_else(Vec::new, |digest| digest.as_bytes().to_vec()),
        };
        self.author.write(Body::CoverageReport(report)).await
    }
}
