//! A row of GED as an incident report, and back.
//!
//! In scope: one row as a report by the mapping file that comes with the program, and a report as a row by code of its
//! own, so that the comparison of a log with the tables does not rest on the mapping file. Nothing is lost in either
//! direction; `client/data/README.md` has it as a table. Out of scope: the tables ([`super::data`]) and who reports
//! ([`super::scenario`]).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::tz::TimeZone;
use thiserror::Error;
use trucelog_proto::pb;
use trucelog_proto::pb::place::Location;

use super::DemoError;
use super::data::{Column, Row};
use crate::exchange::mapping::{Importer, Mapping};
use crate::exchange::shipped::Shipped;
use crate::exchange::unescape;

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

static GED: LazyLock<Mapping> = LazyLock::new(|| {
    let mapping = Shipped::UcdpGed.read();
    mapping.expect("the embedded mapping is read by a test")
});

/// A report has no row.
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

/// The report that takes over a row of the vintage `version`, by the mapping that comes with the program.
///
/// # Errors
/// [`DemoError::Cell`] with the column whose text has no exact counterpart.
pub fn report(row: &Row, version: &str) -> Result<pb::IncidentReport, DemoError> {
    let columns = Column::ALL.map(|column| column.name().to_owned());
    let options = BTreeMap::from([("version".to_owned(), version.to_owned())]);
    let importer = Importer::new(&GED, &columns, &options)?;
    Ok(importer.report(row.cells())?.report)
}

fn kind(row: &Row) -> Result<pb::IncidentKind, MappingError> {
    match row[Column::TypeOfViolence].as_str() {
        "1" | "2" => Ok(pb::IncidentKind::ArmedClash),
        "3" => Ok(pb::IncidentKind::CivilianHarm),
        other => Err(error("type_of_violence", other, "1, 2 or 3")),
    }
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use prost::Message as _;
    use trucelog_proto::canonical::{self, grammar};
    use trucelog_proto::limits::MAX_RECORD_LEN;

    use super::super::data::Table;
    use super::*;

    fn first_row() -> Row {
        Table::first().unwrap().rows.remove(0)
    }

    fn find(table: &Table, id: &str) -> pb::IncidentReport {
        let found = table.rows.iter().find(|row| row.id() == id);
        report(found.unwrap(), table.version).unwrap()
    }

    fn wrong_column(row: &Row) -> String {
        match report(row, "20.1") {
            Err(DemoError::Cell(error)) => error.column.unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn roundtrip_every_row_of_both_tables_byte_for_byte() {
        for table in [Table::first().unwrap(), Table::second().unwrap()] {
            let back = table.rows.iter().map(|given| {
                let bytes = pb::Record {
                    body: Some(pb::record::Body::IncidentReport(
                        report(given, table.version).unwrap(),
                    )),
                    ..pb::Record::default()
                }
                .encode_to_vec();
                assert!(bytes.len() < MAX_RECORD_LEN / 16);
                assert_eq!(
                    canonical::check(&grammar::RECORD, &bytes),
                    Ok(()),
                    "{}",
                    given.id()
                );
                let record = pb::Record::decode(bytes.as_slice()).unwrap();
                let Some(pb::record::Body::IncidentReport(report)) = record.body else {
                    panic!("{record:?}");
                };
                row(&report).unwrap()
            });
            let rows = back.collect();
            let version = table.version;
            assert!(
                Table { version, rows }.format() == table.format(),
                "{version}"
            );
        }
    }

    #[test]
    fn puts_typed_columns_into_typed_fields_only() {
        let report = report(&first_row(), "20.1").unwrap();
        assert_eq!(report.kind(), pb::IncidentKind::ArmedClash);
        assert_eq!(report.earliest_time, 1_390_348_800_000);
        assert_eq!(report.latest_time, 1_390_435_199_999);
        let place = report.place.unwrap();
        assert_eq!(
            (place.name.as_str(), place.admin_area_2.as_str()),
            ("Kiev city", "")
        );
        let Some(Location::Position(position)) = place.location else {
            panic!("no position");
        };
        assert_eq!(
            (position.latitude, position.longitude),
            (504_500_000, 305_233_300)
        );
        assert_eq!(
            (position.basis(), position.radius_m),
            (pb::PositionBasis::Point, 1_000)
        );
        let imported = report.imported.unwrap();
        let names: Vec<&str> = imported.fields.iter().map(|f| f.name.as_str()).collect();
        assert_eq!(names, IMPORTED.map(Column::name));
        assert_eq!(
            (imported.row.as_str(), imported.version.as_str()),
            ("147997", "20.1")
        );
    }

    #[test]
    fn kind_follows_the_type_of_violence() {
        let mut row = first_row();
        row[Column::TypeOfViolence] = "3".to_owned();
        let one_sided = report(&row, "20.1").unwrap();
        assert_eq!(one_sided.kind(), pb::IncidentKind::CivilianHarm);
        assert_eq!(super::row(&one_sided), Ok(row.clone()));
        row[Column::TypeOfViolence] = "4".to_owned();
        assert_eq!(wrong_column(&row), "type_of_violence");
    }

    #[test]
    fn rejects_text_that_could_not_be_written_back() {
        for (column, wrong) in [
            (Column::Best, "05"),
            (Column::Best, "+5"),
            (Column::Latitude, "50.45"),
            (Column::Latitude, "-0.000000"),
            (Column::Longitude, "30.5233301"),
            (Column::DateStart, "20140122"),
            (Column::DateEnd, "1969-12-31"),
            (Column::WherePrec, "8"),
            (Column::DatePrec, "0"),
        ] {
            let mut row = first_row();
            column.name().clone_into(&mut row[column]);
            wrong.clone_into(&mut row[column]);
            assert_eq!(wrong_column(&row), column.name(), "{wrong}");
        }
    }

    #[test]
    fn rejects_reports_that_are_no_row() {
        type Change = fn(&mut pb::IncidentReport);
        let changes: [(&str, Change); 6] = [
            ("earliest_time", |report| report.earliest_time += 1),
            ("casualties", |report| report.casualties.clear()),
            ("time_precision", |report| report.time_precision = 1),
            ("kind", |report| report.kind = pb::IncidentKind::Shot.into()),
            ("imported", |report| report.imported = None),
            ("place.position.radius_m", |report| {
                if let Some(Location::Position(position)) = report
                    .place
                    .as_mut()
                    .and_then(|place| place.location.as_mut())
                {
                    position.radius_m += 1;
                }
            }),
        ];
        for (field, change) in changes {
            let mut report = report(&first_row(), "20.1").unwrap();
            change(&mut report);
            assert_eq!(row(&report).unwrap_err().field, field);
        }
    }

    #[test]
    fn escapes_zero_width_characters() {
        let table = Table::second().unwrap();
        let report = find(&table, "407339");
        let imported = report.imported.unwrap();
        let mut fields = imported.fields.iter();
        let field = fields
            .find(|field| field.name == "where_description")
            .unwrap();
        assert!(field.value.contains("\\u{200b}") && !field.value.contains('\u{200b}'));
    }

    #[test]
    fn keeps_intervals_of_a_year_and_vague_positions() {
        let table = Table::second().unwrap();
        let long = find(&table, "315741");
        assert_eq!(long.latest_time + 1 - long.earliest_time, 365 * DAY_MS);
        let vague = table.rows.iter().filter(|row| {
            let report = report(row, table.version).unwrap();
            let Some(Location::Position(position)) = report.place.unwrap().location else {
                panic!("no position");
            };
            position.radius_m >= 50_000
        });
        assert_eq!(vague.count(), 717);
    }
}
