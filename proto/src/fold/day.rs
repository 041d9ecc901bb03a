//! Days as people cut them: at a stated hour of a stated zone, such as 19:30 in Kyiv.
//!
//! A day has 23 or 25 hours where summer time begins or ends in it. A time that a clock shows twice means its first
//! time; one that the clock leaves out counts as if it had not been set forward. The zones are those that this software
//! was built with, so that two machines with the same software agree.

use jiff::civil::{Date, Time};
use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, ToSpan as _};
use thiserror::Error;

use super::Interval;

const HOUR_MS: u64 = 3_600_000;

/// Why an interval is not cut into days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CutError {
    /// The zone is not known here.
    #[error(
        "the zone is neither an IANA name that this machine knows nor an offset such as +02:00"
    )]
    Zone,
    /// A day has no such minute.
    #[error("a day starts at most 1,439 minutes after midnight")]
    Minute,
    /// A time lies outside the years 1 to 9999.
    #[error("the interval leaves the years 1 to 9999")]
    Range,
    /// The interval has too many days.
    #[error("the interval has more than {limit} days")]
    TooMany {
        /// How many it may have.
        limit: usize,
    },
}

/// Cuts an interval into days that start `minute` minutes after midnight of `zone`. Day i is from item i up to, not
/// including, item i + 1; the first begins and the last ends with the interval.
///
/// # Errors
/// [`CutError`]; more than `limit` days are too many.
pub fn cuts(
    zone: &str,
    minute: u32,
    interval: Interval,
    limit: usize,
) -> Result<Vec<u64>, CutError> {
    let zones = TimeZoneDatabase::bundled();
    let zone = DateTimeParser::new().parse_time_zone_with(&zones, zone);
    let zone = zone.map_err(|_| CutError::Zone)?;
    let start = time_of_day(minute).ok_or(CutError::Minute)?;
    let longest = u64::try_from(limit + 1)
        .unwrap_or(u64::MAX)
        .saturating_mul(25 * HOUR_MS);
    if interval.until - interval.since > longest {
        return Err(CutError::TooMany { limit });
    }
    let mut date = first_date(interval.since, &zone).ok_or(CutError::Range)?;
    let mut cuts = vec![interval.since];
    loop {
        let cut = instant(date, start, &zone).ok_or(CutError::Range)?;
        if cut >= interval.until {
            break;
        }
        if cut > interval.since {
            cuts.push(cut);
        }
        date = date.tomorrow().map_err(|_| CutError::Range)?;
    }
    if cuts.len() > limit {
        return Err(CutError::TooMany { limit });
    }
    cuts.push(interval.until);
    Ok(cuts)
}

fn time_of_day(minute: u32) -> Option<Time> {
    let (hour, minute) = (
        i8::try_from(minute / 60).ok()?,
        i8::try_from(minute % 60).ok()?,
    );
    Time::new(hour, minute, 0, 0).ok()
}

/// The date before the one on which an instant lies.
fn first_date(unix_ms: u64, zone: &TimeZone) -> Option<Date> {
    let time = Timestamp::from_millisecond(i64::try_from(unix_ms).ok()?).ok()?;
    let date = time.to_zoned(zone.clone()).date();
    date.checked_sub(1.day()).ok()
}

fn instant(date: Date, time: Time, zone: &TimeZone) -> Option<u64> {
    let zoned = date.to_datetime(time).to_zoned(zone.clone()).ok()?;
    u64::try_from(zoned.timestamp().as_millisecond())
        .ok()
        .or(Some(0))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn between(since: &str, until: &str) -> Interval {
        let ms = |text: &str| {
            let time: Timestamp = text.parse().unwrap();
            u64::try_from(time.as_millisecond()).unwrap()
        };
        Interval {
            since: ms(since),
            until: ms(until),
        }
    }

    fn texts(cuts: &[u64]) -> Vec<String> {
        cuts.iter()
            .map(|cut| {
                let ms = i64::try_from(*cut).unwrap();
                Timestamp::from_millisecond(ms).unwrap().to_string()
            })
            .collect()
    }

    #[test]
    fn a_day_has_25_hours_when_summer_time_ends() {
        let interval = between("2026-10-23T16:30:00Z", "2026-10-26T17:30:00Z");
        let cuts = cuts("Europe/Kyiv", 19 * 60 + 30, interval, 10).unwrap();
        assert_eq!(
            texts(&cuts),
            [
                "2026-10-23T16:30:00Z",
                "2026-10-24T16:30:00Z",
                "2026-10-25T17:30:00Z",
                "2026-10-26T17:30:00Z",
            ]
        );
    }

    #[test]
    fn an_hour_that_comes_twice_means_the_first_and_one_that_is_left_out_the_jump() {
        let autumn = between("2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z");
        let twice = cuts("Europe/Kyiv", 3 * 60 + 30, autumn, 10).unwrap();
        assert_eq!(texts(&twice)[1], "2026-10-25T00:30:00Z");
        let spring = between("2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z");
        let never = cuts("Europe/Kyiv", 3 * 60 + 30, spring, 10).unwrap();
        assert_eq!(texts(&never)[1], "2026-03-29T01:30:00Z");
    }

    #[test]
    fn the_first_and_the_last_day_are_those_of_the_interval() {
        let interval = between("2026-01-01T12:00:00Z", "2026-01-02T12:00:00Z");
        let cuts = cuts("UTC", 0, interval, 2).unwrap();
        assert_eq!(
            texts(&cuts),
            [
                "2026-01-01T12:00:00Z",
                "2026-01-02T00:00:00Z",
                "2026-01-02T12:00:00Z",
            ]
        );
    }

    #[test]
    fn rejects_unknown_zones_minutes_and_too_many_days() {
        let interval = between("2026-01-01T00:00:00Z", "2026-01-04T00:00:00Z");
        assert_eq!(cuts("Mars/Base", 0, interval, 9), Err(CutError::Zone));
        assert_eq!(cuts("UTC", 1440, interval, 9), Err(CutError::Minute));
        assert_eq!(
            cuts("+02:00", 0, interval, 3),
            Err(CutError::TooMany { limit: 3 })
        );
        assert_eq!(cuts("+02:00", 0, interval, 4).unwrap().len(), 5);
        let ever = Interval::default();
        assert_eq!(cuts("UTC", 0, ever, 9), Err(CutError::TooMany { limit: 9 }));
    }
}
