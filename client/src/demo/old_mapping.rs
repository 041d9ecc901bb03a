//! A row of GED as an incident report, and back.
//!
//! In scope: the mapping of one row, which loses nothing in either direction; `client/data/README.md` has it as a
//! table. Out of scope: the tables ([`super::data`]) and who reports ([`super::scenario`]).

use jiff::civil::Date;
use jiff::tz::TimeZone;
use thiserror::Error;
use trucelog_proto::canonical::is_allowed;
use trucelog_proto::pb;
use trucelog_proto::pb::place::Location;

use super::data::{Column, Row};

/// Name of the data set in imported reports.
pub const DATASET: &str = "UCDP GED";

/// The columns without a typed field, which stand in `imported.fields`.
const IMPORTED: [Column; 14] = [
    Column::Relid,
    Column::Year,
    Column::TypeOfViolence,
    Column::ConflictName,
    Column::DyadName,
    Column::SideA,
    Column::SideB,
    Column::NumberOfSources,
    Column::WhereDescription,
    Column::EventClarity,
    Column::DeathsA,
    Column::DeathsB,
    Column::DeathsCivilians,
    Column::DeathsUnknown,
];

/// `where_prec` from 1: what a point stands for, and its radius in metres.
const PRECISIONS: [(pb::PositionBasis, u32); 7] = [
    (pb::PositionBasis::Point, 1_000),
    (pb::PositionBasis::Nearby, 25_000),
    (pb::PositionBasis::District, 50_000),
    (pb::PositionBasis::Region, 150_000),
    (pb::PositionBasis::LineOrArea, 150_000),
    (pb::PositionBasis::Country, 700_000),
    (pb::PositionBasis::International, 1_000_000),
];

/// `date_prec` from 1.
const TIME_PRECISIONS: [pb::TimePrecision; 5] = [
    pb::TimePrecision::Day,
    pb::TimePrecision::Days,
    pb::TimePrecision::Week,
    pb::TimePrecision::Month,
    pb::TimePrecision::Year,
];

const DAY_MS: u64 = 86_400_000;
/// Units of 1e-7 degree in the last of the six decimals that the tables have.
const MICRODEGREE: i32 = 10;

/// A row has no report, or a report no row.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{field}: {found:?} is not {expected}")]
pub struct MappingError {
    /// Column or path of the field.
    pub field: &'static str,
    /// What stands there.
    pub found: String,
    /// What should.
    pub expected: &'static str,
}

fn error(
    field: &'static str,
    found: &(impl ToString + ?Sized),
    expected: &'static str,
) -> MappingError {
    MappingError {
        field,
        found: found.to_string(),
        expected,
    }
}

/// The report that takes over a row of the vintage `version`.
///
/// # Errors
/// [`MappingError`] with the column whose text has no exact counterpart.
pub fn report(row: &Row, version: &str) -> Result<pb::IncidentReport, MappingError> {
    let precision = number(row, Column::DatePrec)?;
    let precision =
        nth(&TIME_PRECISIONS, precision).ok_or_else(|| error("date_prec", &precision, "1 to 5"))?;
    Ok(pb::IncidentReport {
        kind: kind(row)?.into(),
        domain: pb::IncidentDomain::Land.into(),
        means: vec![pb::Means::ThirdParty.into()],
        earliest_time: day_start(row, Column::DateStart)?,
        latest_time: day_start(row, Column::DateEnd)? + DAY_MS - 1,
        time_precision: precision.into(),
        place: Some(place(row)?),
        casualties: vec![pb::CasualtyCount {
            harm: pb::Harm::Killed.into(),
            group: pb::PersonGroup::All.into(),
            low: number(row, Column::Low)?,
            best: number(row, Column::Best)?,
            high: number(row, Column::High)?,
        }],
        imported: Some(imported(row, version)),
        ..pb::IncidentReport::default()
    })
}

fn kind(row: &Row) -> Result<pb::IncidentKind, MappingError> {
    match row[Column::TypeOfViolence].as_str() {
        "1" | "2" => Ok(pb::IncidentKind::ArmedClash),
        "3" => Ok(pb::IncidentKind::CivilianHarm),
        other => Err(error("type_of_violence", other, "1, 2 or 3")),
    }
}

fn place(row: &Row) -> Result<pb::Place, MappingError> {
    let precision = number(row, Column::WherePrec)?;
    let (basis, radius_m) =
        nth(&PRECISIONS, precision).ok_or_else(|| error("where_prec", &precision, "1 to 7"))?;
    Ok(pb::Place {
        name: text(row, Column::WhereCoordinates)?,
        description: String::new(),
        admin_area_1: text(row, Column::Adm1)?,
        admin_area_2: text(row, Column::Adm2)?,
        location: Some(Location::Position(pb::Position {
            latitude: degrees(row, Column::Latitude)?,
            longitude: degrees(row, Column::Longitude)?,
            radius_m,
            basis: basis.into(),
            ..pb::Position::default()
        })),
    })
}

fn imported(row: &Row, version: &str) -> pb::Imported {
    let fields = IMPORTED.iter().filter(|&&column| !row[column].is_empty());
    pb::Imported {
        dataset: DATASET.to_owned(),
        version: version.to_owned(),
        row: row.id().to_owned(),
        fields: fields
            .map(|&column| pb::ImportedField {
                name: column.name().to_owned(),
                value: escape(&row[column]),
            })
            .collect(),
    }
}

fn nth<T: Copy>(items: &[T], number: u32) -> Option<T> {
    let position = usize::try_from(number).ok()?.checked_sub(1)?;
    items.get(position).copied()
}

/// Text of a column whose field holds it as it is.
fn text(row: &Row, column: Column) -> Result<String, MappingError> {
    let text = &row[column];
    if text.chars().all(is_allowed) {
        return Ok(text.clone());
    }
    Err(error(
        column.name(),
        &text.escape_unicode(),
        "text without invisible code points",
    ))
}

/// A number that is written without sign and leading zeros, so that it can be written back.
fn number(row: &Row, column: Column) -> Result<u32, MappingError> {
    let text = &row[column];
    let number: Option<u32> = text.parse().ok();
    number
        .filter(|number| number.to_string() == *text)
        .ok_or_else(|| {
            error(
                column.name(),
                text,
                "a number without sign and leading zeros",
            )
        })
}

fn degrees(row: &Row, column: Column) -> Result<i32, MappingError> {
    let text = &row[column];
    crate::json::parse_degrees(text)
        .filter(|degrees| format_degrees(*degrees).as_deref() == Some(text))
        .ok_or_else(|| error(column.name(), text, "decimal degrees with six decimals"))
}

/// Degrees with six decimals; nothing for a value between two of them.
fn format_degrees(degrees: i32) -> Option<String> {
    if degrees % MICRODEGREE != 0 {
        return None;
    }
    let sign = if degrees < 0 { "-" } else { "" };
    let micro = (degrees / MICRODEGREE).unsigned_abs();
    Some(format!(
        "{sign}{}.{:06}",
        micro / 1_000_000,
        micro % 1_000_000
    ))
}

/// The first millisecond of a day in UTC.
fn day_start(row: &Row, column: Column) -> Result<u64, MappingError> {
    let text = &row[column];
    let start = || -> Option<u64> {
        let date: Date = text.parse().ok()?;
        let start = date.to_zoned(TimeZone::UTC).ok()?.timestamp();
        u64::try_from(start.as_millisecond())
            .ok()
            .filter(|_| date.to_string() == *text)
    };
    start().ok_or_else(|| error(column.name(), text, "a day from 1970 on, as YYYY-MM-DD"))
}

/// The row that a report was taken over from, from its typed fields and imported columns alone.
///
/// # Errors
/// [`MappingError`] with the field that has no exact counterpart in a row.
pub fn row(report: &pb::IncidentReport) -> Result<Row, MappingError> {
    let mut row = Row::default();
    let imported = report.imported.as_ref();
    let imported = imported.ok_or_else(|| error("imported", "", "present"))?;
    if imported.dataset != DATASET {
        return Err(error("imported.dataset", &imported.dataset, DATASET));
    }
    row[Column::Id].clone_from(&imported.row);
    for field in &imported.fields {
        let column = IMPORTED.iter().find(|column| column.name() == field.name);
        let column = column.ok_or_else(|| error("imported.fields", &field.name, "a column"))?;
        row[*column] = unescape(&field.value)
            .ok_or_else(|| error("imported.fields", &field.value, "escaped text"))?;
    }
    write_times(report, &mut row)?;
    write_place(report, &mut row)?;
    write_casualties(report, &mut row)?;
    if kind(&row)? != report.kind() {
        return Err(error(
            "kind",
            report.kind().as_str_name(),
            "the kind of type_of_violence",
        ));
    }
    Ok(row)
}

fn write_times(report: &pb::IncidentReport, row: &mut Row) -> Result<(), MappingError> {
    let precision = TIME_PRECISIONS
        .iter()
        .position(|&precision| precision == report.time_precision());
    let precision = precision.ok_or_else(|| {
        error(
            "time_precision",
            report.time_precision().as_str_name(),
            "DAY or vaguer",
        )
    })?;
    row[Column::DatePrec] = (precision + 1).to_string();
    row[Column::DateStart] = day("earliest_time", report.earliest_time)?;
    row[Column::DateEnd] = day("latest_time", report.latest_time + 1 - DAY_MS)?;
    Ok(())
}

fn day(field: &'static str, start: u64) -> Result<String, MappingError> {
    let day = || -> Option<String> {
        let start = i64::try_from(start).ok()?;
        let time = jiff::Timestamp::from_millisecond(start).ok()?;
        Some(time.to_zoned(TimeZone::UTC).date().to_string())
    };
    day()
        .filter(|_| start.is_multiple_of(DAY_MS))
        .ok_or_else(|| error(field, &start, "the bound of a day in UTC"))
}

fn write_place(report: &pb::IncidentReport, row: &mut Row) -> Result<(), MappingError> {
    let place = report.place.as_ref();
    let place = place.ok_or_else(|| error("place", "", "present"))?;
    row[Column::WhereCoordinates].clone_from(&place.name);
    row[Column::Adm1].clone_from(&place.admin_area_1);
    row[Column::Adm2].clone_from(&place.admin_area_2);
    let Some(Location::Position(position)) = &place.location else {
        return Err(error("place.location", "", "a position"));
    };
    let degrees = |field, degrees: i32| {
        format_degrees(degrees).ok_or_else(|| error(field, &degrees, "a multiple of 1e-6 degree"))
    };
    row[Column::Latitude] = degrees("place.position.latitude", position.latitude)?;
    row[Column::Longitude] = degrees("place.position.longitude", position.longitude)?;
    let precision = PRECISIONS
        .iter()
        .position(|&class| class == (position.basis(), position.radius_m));
    let precision = precision.ok_or_else(|| {
        error(
            "place.position.radius_m",
            &position.radius_m,
            "the radius of its basis",
        )
    })?;
    row[Column::WherePrec] = (precision + 1).to_string();
    Ok(())
}

fn write_casualties(report: &pb::IncidentReport, row: &mut Row) -> Result<(), MappingError> {
    let [count] = report.casualties.as_slice() else {
        return Err(error("casualties", &report.casualties.len(), "one count"));
    };
    if (count.harm(), count.group()) != (pb::Harm::Killed, pb::PersonGroup::All) {
        return Err(error(
            "casualties[0].harm",
            count.harm().as_str_name(),
            "KILLED of ALL",
        ));
    }
    row[Column::Low] = count.low.to_string();
    row[Column::Best] = count.best.to_string();
    row[Column::High] = count.high.to_string();
    Ok(())
}

/// Writes code points that the log's text may not hold as `\u{…}`, and a backslash as `\\`.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' => escaped.push_str("\\\\"),
            _ if is_allowed(character) => escaped.push(character),
            _ => escaped.extend(character.escape_unicode()),
        }
    }
    escaped
}

/// Reads what [`escape`] wrote; nothing when `text` is anything else.
#[must_use]
pub fn unescape(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        plain.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        rest = if let Some(after) = after.strip_prefix('\\') {
            plain.push('\\');
            after
        } else {
            let (digits, after) = after.strip_prefix("u{")?.split_once('}')?;
            plain.push(char::from_u32(u32::from_str_radix(digits, 16).ok()?)?);
            after
        };
    }
    plain.push_str(rest);
    (escape(&plain) == text).then_some(plain)
}
