//! One cell as the value of one field, and back.
//!
//! In scope: text and the JSON that [`crate::json`] reads and writes. Nothing is rounded, and what could be read in two
//! ways is refused. Out of scope: which cell belongs to which field ([`super::mapping`]).

use jiff::Unit;
use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Span, Zoned};
use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind};
use serde::Deserialize;
use serde_json::Value;

use crate::json::{format_degrees, is_time, parse_degrees, parse_hex, parse_time};

/// Which end of the unit of time that a cell names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Bound {
    /// Its first millisecond.
    First,
    /// Its last millisecond.
    Last,
}

/// How a date or time is written.
#[derive(Clone, Debug, PartialEq)]
pub struct DateForm {
    /// Format in the directives of strptime.
    pub format: String,
    /// Zone in which it is written, unless the format has an offset.
    pub zone: TimeZone,
    /// Which end of the unit is meant.
    pub bound: Bound,
}

/// Reads a cell as a value of `field`.
///
/// # Errors
/// What is expected instead.
pub fn parse(field: &FieldDescriptor, text: &str) -> Result<Value, String> {
    let number = |parsed: Option<i64>, expected: &str| {
        let canonical = parsed.filter(|number| number.to_string() == text);
        canonical
            .map(Value::from)
            .ok_or_else(|| expected.to_owned())
    };
    let expected = |value: Option<Value>, expected: &str| value.ok_or_else(|| expected.to_owned());
    match field.kind() {
        Kind::Enum(names) => parse_name(&names, text),
        Kind::Bool => expected(text.parse::<bool>().ok().map(Value::from), "true or false"),
        Kind::Sint32 if is_coordinate(field) => expected(
            parse_degrees(text).map(Value::from),
            "decimal degrees with a point and at most seven decimals",
        ),
        Kind::Sint32 => number(
            text.parse::<i32>().ok().map(i64::from),
            "a whole number below 2^31 without plus sign and leading zeros",
        ),
        Kind::Uint32 => number(
            text.parse::<u32>().ok().map(i64::from),
            "a number below 2^32 without sign and leading zeros",
        ),
        Kind::Uint64 if is_time(field) => expected(
            parse_time(text).map(Value::from),
            "a time as RFC 3339, for example 2026-03-01T14:05:00Z, from 1970 on; give `date` for another form",
        ),
        Kind::Bytes => expected(
            parse_hex(text).map(|_| Value::from(text)),
            "lower-case hexadecimal",
        ),
        Kind::String => Ok(Value::from(text)),
        _ => Err("a message: give its fields, or a column with `json = true`".to_owned()),
    }
}

/// Writes a value of `field` as a cell.
#[must_use]
pub fn format(field: &FieldDescriptor, value: &Value) -> String {
    match (field.kind(), value) {
        (Kind::Enum(names), Value::String(name)) => short_name(&names, name).to_owned(),
        (Kind::Sint32, Value::Number(number)) if is_coordinate(field) => {
            let degrees = number.as_i64().and_then(|number| number.try_into().ok());
            degrees.map(format_degrees).unwrap_or_default()
        }
        (_, Value::String(text)) => text.clone(),
        (_, value) => value.to_string(),
    }
}

/// Reads decimal degrees that have exactly so many decimals, so that they can be written back.
///
/// # Errors
/// What is expected instead.
pub fn parse_decimals(text: &str, decimals: usize) -> Result<Value, String> {
    let found = text.split_once('.').map_or(0, |(_, digits)| digits.len());
    let whole = text.trim_start_matches('-').split('.').next();
    let padded = whole.is_some_and(|whole| whole.len() > 1 && whole.starts_with('0'));
    parse_degrees(text)
        .filter(|degrees| found == decimals && !padded && (*degrees != 0 || !text.starts_with('-')))
        .map(Value::from)
        .ok_or_else(|| format!("decimal degrees with a point and {decimals} decimals"))
}

/// Tells whether a field is a latitude or longitude in 1e-7 degree.
#[must_use]
pub fn is_coordinate(field: &FieldDescriptor) -> bool {
    matches!(
        field.full_name(),
        "trucelog.v1.Position.latitude" | "trucelog.v1.Position.longitude"
    )
}

/// Tells whether a field that is absent says the number 0, and not that nothing is known.
#[must_use]
pub fn means_zero(field: &FieldDescriptor) -> bool {
    let is_estimate = field.parent_message().full_name() == "trucelog.v1.CasualtyCount";
    is_coordinate(field) || (is_estimate && field.kind() == Kind::Uint32)
}

/// The common beginning of the names of an enum.
fn prefix(names: &EnumDescriptor) -> String {
    let none = names.default_value();
    none.name().trim_end_matches("UNSPECIFIED").to_owned()
}

fn short_name<'a>(names: &EnumDescriptor, name: &'a str) -> &'a str {
    name.strip_prefix(&prefix(names)).unwrap_or(name)
}

/// Reads a name of an enum, with or without its prefix.
fn parse_name(names: &EnumDescriptor, text: &str) -> Result<Value, String> {
    let prefix = prefix(names);
    let full = if text.starts_with(&prefix) {
        text.to_owned()
    } else {
        format!("{prefix}{text}")
    };
    let known = names.values().filter(|value| value.number() != 0);
    let known: Vec<String> = known.map(|value| value.name().to_owned()).collect();
    if known.contains(&full) {
        return Ok(Value::from(full));
    }
    let short: Vec<&str> = known.iter().map(|name| short_name(names, name)).collect();
    Err(format!("one of {}", short.join(", ")))
}

impl DateForm {
    /// Reads a cell as Unix milliseconds.
    ///
    /// A clock time that occurs twice, when summer time ends, is the earlier one for the first bound and the later one
    /// for the last: the interval holds both. One that the clocks skipped is refused.
    ///
    /// # Errors
    /// What is expected instead.
    pub fn parse(&self, text: &str) -> Result<u64, String> {
        let form = || format!("a time in the form {}", self.format);
        let parsed = BrokenDownTime::parse(&self.format, text).map_err(|_| form())?;
        let written = parsed.to_string(&self.format).map_err(|_| form())?;
        if written != text {
            return Err(format!(
                "{written:?}, as the form {} writes it",
                self.format
            ));
        }
        let (start, unit) = start_of(&parsed).ok_or_else(form)?;
        let zone = match parsed.offset() {
            Some(offset) => TimeZone::fixed(offset),
            None => self.zone.clone(),
        };
        let ms = match self.bound {
            Bound::First => resolve(start, unit, &zone, Bound::First)?.timestamp(),
            Bound::Last => end_of(start, unit, &zone)?.timestamp(),
        };
        let ms = u64::try_from(ms.as_millisecond());
        ms.map_err(|_| "a time from 1970 on".to_owned())
    }
}

/// The first moment of what was written, and its unit.
fn start_of(parsed: &BrokenDownTime) -> Option<(DateTime, Unit)> {
    let date = match parsed.day() {
        Some(_) => parsed.to_date().ok()?,
        None => Date::new(parsed.year()?, parsed.month().unwrap_or(1), 1).ok()?,
    };
    let time = match parsed.hour() {
        Some(_) => parsed.to_time().ok()?,
        None => Time::midnight(),
    };
    let units = [
        (parsed.second().is_some(), Unit::Second),
        (parsed.minute().is_some(), Unit::Minute),
        (parsed.hour().is_some(), Unit::Hour),
        (parsed.day().is_some(), Unit::Day),
        (parsed.month().is_some(), Unit::Month),
        (true, Unit::Year),
    ];
    let finest = units.into_iter().find(|(written, _)| *written)?;
    Some((DateTime::from_parts(date, time), finest.1))
}

/// The last millisecond of the unit that begins at `start`.
fn end_of(start: DateTime, unit: Unit, zone: &TimeZone) -> Result<Zoned, String> {
    let too_late = |_| "a time before the year 10000".to_owned();
    let next = match unit {
        Unit::Year => start.checked_add(Span::new().years(1)),
        Unit::Month => start.checked_add(Span::new().months(1)),
        Unit::Day => start.checked_add(Span::new().days(1)),
        _ => Ok(start),
    };
    let next = next.map_err(too_late)?;
    let length = match unit {
        Unit::Hour => Span::new().hours(1),
        Unit::Minute => Span::new().minutes(1),
        Unit::Second => Span::new().seconds(1),
        _ => Span::new(),
    };
    let bound = if next == start {
        Bound::Last
    } else {
        Bound::First
    };
    let last = resolve(next, unit, zone, bound)?.checked_add(length);
    let last = last.map_err(too_late)?;
    last.checked_sub(Span::new().milliseconds(1))
        .map_err(too_late)
}

fn resolve(at: DateTime, unit: Unit, zone: &TimeZone, bound: Bound) -> Result<Zoned, String> {
    let ambiguous = zone.to_ambiguous_zoned(at);
    let skipped = matches!(ambiguous.offset(), AmbiguousOffset::Gap { .. });
    // A day whose midnight was skipped begins where the clocks went on.
    if skipped && unit < Unit::Day {
        let zone = zone.iana_name().unwrap_or("the zone");
        return Err(format!("a time that the clocks of {zone} showed"));
    }
    let zoned = match bound {
        Bound::Last if !skipped => ambiguous.later(),
        Bound::First if !skipped => ambiguous.earlier(),
        _ => ambiguous.compatible(),
    };
    zoned.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::json;

    fn field(message: &str, name: &str) -> FieldDescriptor {
        let message = json::descriptor(&format!("trucelog.v1.{message}"));
        message.get_field_by_name(name).unwrap()
    }

    fn times(format: &str, zone: &str, text: &str) -> Result<[String; 2], String> {
        let read = |bound| -> Result<String, String> {
            let zone = TimeZone::get(zone).unwrap();
            let format = format.to_owned();
            let ms = DateForm {
                format,
                zone,
                bound,
            }
            .parse(text)?;
            Ok(json::format_time(ms).unwrap())
        };
        Ok([read(Bound::First)?, read(Bound::Last)?])
    }

    fn both(first: &str, last: &str) -> [String; 2] {
        [first.to_owned(), last.to_owned()]
    }

    #[test]
    fn a_cell_is_the_unit_that_its_form_names() {
        for (format, text, first, last) in [
            (
                "%Y",
                "2014",
                "2014-01-01T00:00:00Z",
                "2014-12-31T23:59:59.999Z",
            ),
            (
                "%m/%Y",
                "02/2016",
                "2016-02-01T00:00:00Z",
                "2016-02-29T23:59:59.999Z",
            ),
            (
                "%Y-%m-%d",
                "2014-08-29",
                "2014-08-29T00:00:00Z",
                "2014-08-29T23:59:59.999Z",
            ),
            (
                "%Y-%m-%d %H:%M",
                "2014-08-29 13:36",
                "2014-08-29T13:36:00Z",
                "2014-08-29T13:36:59.999Z",
            ),
            (
                "%Y-%m-%dT%H:%M:%S%z",
                "2014-08-29T13:36:10+0300",
                "2014-08-29T10:36:10Z",
                "2014-08-29T10:36:10.999Z",
            ),
        ] {
            assert_eq!(times(format, "UTC", text), Ok(both(first, last)), "{text}");
        }
    }

    #[test]
    fn the_hour_that_comes_twice_is_taken_whole_and_the_skipped_one_refused() {
        let form = "%Y-%m-%d %H:%M";
        let summer = times(form, "Europe/Kyiv", "2016-07-01 03:30").unwrap();
        assert_eq!(
            summer,
            both("2016-07-01T00:30:00Z", "2016-07-01T00:30:59.999Z")
        );
        let twice = times(form, "Europe/Kyiv", "2016-10-30 03:30").unwrap();
        assert_eq!(
            twice,
            both("2016-10-30T00:30:00Z", "2016-10-30T01:30:59.999Z")
        );
        let skipped = times(form, "Europe/Kyiv", "2016-03-27 03:30");
        let expected = "a time that the clocks of Europe/Kyiv showed";
        assert_eq!(skipped.unwrap_err(), expected);
        let day = times("%Y-%m-%d", "Europe/Kyiv", "2016-10-30").unwrap();
        assert_eq!(
            day,
            both("2016-10-29T21:00:00Z", "2016-10-30T21:59:59.999Z")
        );
    }

    #[test]
    fn rejects_dates_that_could_not_be_written_back() {
        for text in [
            "2014-8-29",
            "20140829",
            "2014-02-30",
            "",
            "1969-12-31",
            "2014-08-29 ",
        ] {
            assert!(times("%Y-%m-%d", "UTC", text).is_err(), "{text}");
        }
        assert!(times("%-m/%-d/%Y", "UTC", "8/29/2014").is_ok());
    }

    #[test]
    fn values_are_read_exactly_or_not_at_all() {
        let kind = field("IncidentReport", "kind");
        let long = Ok(Value::from("INCIDENT_KIND_SHOT"));
        assert_eq!(parse(&kind, "SHOT"), long);
        assert_eq!(parse(&kind, "INCIDENT_KIND_SHOT"), long);
        for text in ["shot", "UNSPECIFIED", "7", ""] {
            let expected = parse(&kind, text).unwrap_err();
            assert!(expected.starts_with("one of EXPLOSION, "), "{expected}");
        }
        let low = field("CasualtyCount", "low");
        assert_eq!(parse(&low, "0"), Ok(Value::from(0)));
        for text in ["05", "+5", "-1", "4294967296", "1.0", " 1"] {
            assert!(parse(&low, text).is_err(), "{text}");
        }
        let altitude = field("Position", "altitude_m");
        assert_eq!(parse(&altitude, "-7"), Ok(Value::from(-7)));
        assert!(parse(&altitude, "-0").is_err());
        let time = field("IncidentReport", "earliest_time");
        assert_eq!(parse(&time, "1970-01-01T00:00:01Z"), Ok(Value::from(1_000)));
        assert!(parse(&time, "1970-01-01T00:00:01").is_err());
    }

    #[test]
    fn degrees_with_stated_decimals_can_be_written_back() {
        assert_eq!(parse_decimals("30.523330", 6), Ok(Value::from(305_233_300)));
        assert_eq!(parse_decimals("-0.523330", 6), Ok(Value::from(-5_233_300)));
        for text in [
            "30.52333",
            "30.5233301",
            "-0.000000",
            "030.523330",
            "30,523330",
        ] {
            assert!(parse_decimals(text, 6).is_err(), "{text}");
        }
    }

    #[test]
    fn roundtrip_of_coordinates_and_names() {
        let latitude = field("Position", "latitude");
        for (number, text) in [
            (504_500_000, "50.45"),
            (-1, "-0.0000001"),
            (0, "0"),
            (900_000_000, "90"),
        ] {
            assert_eq!(format(&latitude, &Value::from(number)), text);
            assert_eq!(parse(&latitude, text), Ok(Value::from(number)));
        }
        let group = field("CasualtyCount", "group");
        assert_eq!(format(&group, &Value::from("PERSON_GROUP_ALL")), "ALL");
    }
}
