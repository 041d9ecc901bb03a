//! `trucelog summary`.

use clap::Args;
use trucelog_proto::pb;
use trucelog_proto::pb::record::Body;

use super::args::{named, time};
use super::author::AuthorArgs;
use crate::Error;

/// States counts for an interval. Readers recompute them from the log and show a mismatch.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  trucelog summary --earliest-time 2026-03-01T17:30:00Z --latest-time 2026-03-02T17:30:00Z --time-zone Europe/Kyiv \\
      --size 51200 --count all,reports=908,corroborated=12 --count explosion,reports=152 --station-dir verifier
  trucelog summary --earliest-time 2026-03-01T17:30:00Z --latest-time 2026-03-02T17:30:00Z --size 51200 --count all \\
      --text \"Nothing was reported.\" --station-dir verifier")]
pub(super) struct Command {
    /// Start of the interval.
    #[arg(long, value_name = "TIME", value_parser = time)]
    earliest_time: u64,
    /// End of the interval.
    #[arg(long, value_name = "TIME", value_parser = time)]
    latest_time: u64,
    /// Zone of the interval, an IANA name or an offset.
    #[arg(long, value_name = "ZONE", default_value = "")]
    time_zone: String,
    /// Size of the log that was counted.
    #[arg(long, value_name = "N")]
    size: u64,
    /// First-level administrative area that was counted; without it, all.
    #[arg(long, value_name = "NAME", default_value = "")]
    admin_area_1: String,
    /// Kind of incident, or all; then reports, cases, corroborated and withdrawn, each 0 if left out. May be given again.
    #[arg(long, value_name = "KIND[,reports=N][,cases=N]…", value_parser = count, required = true)]
    count: Vec<pb::SummaryCount>,
    /// Remarks.
    #[arg(long, default_value = "")]
    text: String,
    #[command(flatten)]
    author: AuthorArgs,
}

impl Command {
    pub(super) async fn run(mut self) -> Result<(), Error> {
        self.count.sort_by_key(|count| count.kind);
        let summary = pb::Summary {
            earliest_time: self.earliest_time,
            latest_time: self.latest_time,
            time_zone: self.time_zone,
            size: self.size,
            admin_area_1: self.admin_area_1,
            counts: self.count,
            text: self.text,
        };
        self.author.write(Body::Summary(summary)).await
    }
}

/// Parses the counts of one kind: `explosion,reports=152,cases=3`.
fn count(text: &str) -> Result<pb::SummaryCount, String> {
    let mut parts = text.split(',');
    let kind = match parts.next() {
        None | Some("all") => pb::IncidentKind::Unspecified,
        Some(kind) => named(kind, "INCIDENT_KIND_", pb::IncidentKind::from_str_name)?,
    };
    let mut count = pb::SummaryCount {
        kind: kind.into(),
        ..pb::SummaryCount::default()
    };
    for part in parts {
        let form = || format!("{part}: must be reports=N, cases=N, corroborated=N or withdrawn=N");
        let (name, number) = part.split_once('=').ok_or_else(form)?;
        let place = match name {
            "reports" => &mut count.reports,
            "cases" => &mut count.cases,
            "corroborated" => &mut count.corroborated,
            "withdrawn" => &mut count.withdrawn,
            _ => return Err(form()),
        };
        *place = number.parse().map_err(|_| form())?;
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use trucelog_proto::pb;

    use super::count;

    #[test]
    fn parses_counts() {
        let expected = pb::SummaryCount {
            kind: pb::IncidentKind::Explosion.into(),
            reports: 152,
            withdrawn: 1,
            ..pb::SummaryCount::default()
        };
        assert_eq!(count("explosion,withdrawn=1,reports=152"), Ok(expected));
        assert_eq!(count("all"), Ok(pb::SummaryCount::default()));
        for wrong in ["", "bang", "all,reports", "all,reports=x", "all,shots=1"] {
            assert!(count(wrong).is_err(), "{wrong}");
        }
    }
}
