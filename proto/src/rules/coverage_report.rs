//! CoverageReport: whether a sensor was listening.
//!
//! Source: `proto/spec/rules.md`, "CoverageReport".

use super::context::Context;
use super::model::{CoverageState, Key, RecordState, SensorState, body};
use super::placed::RuleError;
use super::{fields, incident_report};
use crate::limits::{MAX_IDENTIFIER_LEN, MAX_REASON_LEN};
use crate::pb;
use crate::pb::CoverageStatus::{AccessDenied, Down};
use crate::refusal::{Reason, Refusal};

pub(super) fn apply(
    context: &mut Context<'_>,
    report: &pb::CoverageReport,
) -> Result<(), RuleError> {
    cover(context, report).map_err(|error| error.below("coverage_report"))
}

fn cover(context: &mut Context<'_>, report: &pb::CoverageReport) -> Result<(), RuleError> {
    fields::filled_text(&report.sensor, MAX_IDENTIFIER_LEN, "sensor")?;
    check_interval(context, report)?;
    check_status(report)?;
    if let Some(place) = &report.place {
        incident_report::check_place(place).map_err(|refusal| refusal.below("place"))?;
    }
    fields::text(&report.text, MAX_REASON_LEN, "text")?;
    if report.supersedes.is_empty() {
        continue_sensor(context, report)
    } else {
        restate(context, report)
    }
}

fn check_interval(context: &Context<'_>, report: &pb::CoverageReport) -> Result<(), RuleError> {
    fields::required(report.earliest_time > 0, "earliest_time")?;
    let least = report.earliest_time.saturating_add(1);
    fields::time_order(least, report.latest_time, "latest_time")?;
    context.not_ahead(
        report.latest_time,
        context.message().created_time,
        "latest_time",
    )
}

fn check_status(report: &pb::CoverageReport) -> fields::Check {
    fields::required(report.status() != pb::CoverageStatus::Unspecified, "status")?;
    let blind = matches!(report.status(), Down | AccessDenied);
    fields::absent_unless(
        !blind,
        report.observed_count.is_some(),
        "observed_count",
        "a sensor that observed",
    )
}

/// Takes the next interval of a sensor, which begins where the one before ended or later.
fn continue_sensor(
    context: &mut Context<'_>,
    report: &pb::CoverageReport,
) -> Result<(), RuleError> {
    let key = Key::Sensor(context.member(), &report.sensor);
    let sensor: Option<SensorState> = context.load(&key)?;
    let mut sensor = sensor.unwrap_or_else(|| SensorState {
        first_index: context.placed.index.get(),
        ..SensorState::default()
    });
    if report.earliest_time < sensor.latest_time {
        let newest = fields::digest(&sensor.newest, "earliest_time")?;
        return Err(Refusal::new(Reason::IntervalOverlap, "earliest_time")
            .with("not_before_ms", sensor.latest_time)
            .with("use_digest", newest)
            .into());
    }
    sensor.latest_time = report.latest_time;
    sensor.newest = context.digest().as_bytes().to_vec();
    context.covers(coverage(&sensor, report));
    context.store(&key, &sensor);
    Ok(())
}

fn coverage(sensor: &SensorState, report: &pb::CoverageReport) -> CoverageState {
    CoverageState {
        sensor: sensor.first_index,
        earliest_time: report.earliest_time,
        latest_time: report.latest_time,
        restated_until: 0,
    }
}

/// Takes what restates an earlier report of the sensor: within its interval, after what restates it already.
fn restate(context: &mut Context<'_>, report: &pb::CoverageReport) -> Result<(), RuleError> {
    let (mut earlier, mut covered) = earlier_of_sensor(context, report)?;
    fields::time_order(covered.earliest_time, report.earliest_time, "earliest_time")?;
    if report.earliest_time < covered.restated_until {
        let newest = fields::digest(&earlier.current, "supersedes")?;
        return Err(Refusal::new(Reason::ReferenceSuperseded, "supersedes")
            .with("use_digest", newest)
            .with("restated_until_ms", covered.restated_until)
            .into());
    }
    if report.latest_time > covered.latest_time {
        return Err(Refusal::new(Reason::IntervalOverlap, "latest_time")
            .with("not_after_ms", covered.latest_time)
            .into());
    }
    context.covers(CoverageState {
        earliest_time: report.earliest_time,
        latest_time: report.latest_time,
        restated_until: 0,
        ..covered
    });
    covered.restated_until = report.latest_time;
    earlier.coverage = Some(covered);
    earlier.current = context.digest().as_bytes().to_vec();
    context.store(&Key::Record(&report.supersedes), &earlier);
    Ok(())
}

/// Reads the report that is restated, which must be of the same member and sensor.
fn earlier_of_sensor(
    context: &Context<'_>,
    report: &pb::CoverageReport,
) -> Result<(RecordState, CoverageState), RuleError> {
    let earlier = context.reference(&report.supersedes, &[body::COVERAGE_REPORT], "supersedes")?;
    context.own_record(&earlier, "supersedes")?;
    let covered = earlier.coverage.unwrap_or_default();
    let key = Key::Sensor(context.member(), &report.sensor);
    let sensor: Option<SensorState> = context.load(&key)?;
    if sensor.is_none_or(|sensor| sensor.first_index != covered.sensor) {
        return Err(Refusal::new(Reason::SensorDiffers, "sensor").into());
    }
    Ok((earlier, covered))
}
