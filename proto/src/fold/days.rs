//! Days of a time zone, cut at an hour, as instants.
//!
//! In scope: where days begin. The zones are those that this software was built with, so that two machines with the
//! same software agree. Out of scope: what happened in them ([`Interval`]).

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::Interval;
use crate::limits::MAX_DAYS;

/// How days are cut.
#[derive(Clone, Debug)]
pub struct DayCut {
    zone: TimeZone,
    time: Time,
}

/// Days cannot be cut as asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DaysError {
    /// The table of time zones has no such zone.
    #[error("no time zone {0:?}; name it as IANA does, for example Europe/Kyiv")]
    Zone(String),
    /// The time of day is not of its form.
    #[error("{0:?} is not a time of day, for example 19:30")]
    Time(String),
    /// The date is not of its form, or out of range.
    #[error("{0:?} is not a date from 1970 on, for example 2021-10-31")]
    Date(String),
    /// The last date is not after the first one.
    #[error("{until} is not after {since}")]
    Order {
        /// The first date.
        since: String,
        /// The last date.
        until: String,
    },
    /// There are too many days.
    #[error("more than {MAX_DAYS} days; ask for a part of them")]
    TooMany,
}

impl DayCut {
    /// Days of the IANA zone `zone` that begin at the time of day `time`, for example `19:30`.
    ///
    /// # Errors
    /// [`DaysError::Zone`]; [`DaysError::Time`].
    pub fn new(zone: &str, time: &str) -> Result<Self, DaysError> {
        Ok(Self {
            zone: TimeZoneDatabase::bundled()
                .get(zone)
                .map_err(|_| DaysError::Zone(zone.to_owned()))?,
            time: time.parse().map_err(|_| DaysError::Time(time.to_owned()))?,
        })
    }

    /// The days from the one that begins on the date `since` up to the one that ends on the date `until`. A day is 24
    /// hours long, except where the zone changes its offset. Where the time of day comes twice, the first one cuts;
    /// where the zone leaves it out, the cut is that much later.
    ///
    /// # Errors
    /// [`DaysError::Date`]; [`DaysError::Order`]; [`DaysError::TooMany`].
    pub fn days(&self, since: &str, until: &str) -> Result<Vec<Interval>, DaysError> {
        let (first, last) = (date(since)?, date(until)?);
        if last <= first {
            return Err(DaysError::Order {
                since: since.to_owned(),
                until: until.to_owned(),
            });
        }
        let cuts = first
            .series(jiff::Span::new().days(1))
            .take_while(|date| *date <= last)
            .take(MAX_DAYS + 2)
            .map(|date| self.cut(date))
            .collect::<Result<Vec<u64>, DaysError>>()?;
        if cuts.len() > MAX_DAYS + 1 {
            return Err(DaysError::TooMany);
        }
        Ok(Interval::between(&cuts))
    }

    /// The days that meet an interval, in order; the first begins and the last ends with it.
    ///
    /// # Errors
    /// [`DaysError::Date`] when it leaves the years that a date may have; [`DaysError::TooMany`].
    pub fn within(&self, interval: Interval) -> Result<Vec<Interval>, DaysError> {
        let mut date = self.date_before(interval.start_ms)?;
        let mut cuts = vec![interval.start_ms];
        while cuts.len() <= MAX_DAYS {
            let cut = self.cut(date)?;
            if cut >= interval.end_ms {
                cuts.push(interval.end_ms);
                return Ok(Interval::between(&cuts));
            }
            cuts.extend((cut > interval.start_ms).then_some(cut));
            date = date
                .tomorrow()
                .map_err(|_| DaysError::Date(date.to_string()))?;
        }
        Err(DaysError::TooMany)
    }

    /// The date before the one on which an instant lies.
    fn date_before(&self, time_ms: u64) -> Result<Date, DaysError> {
        let out_of_range = || DaysError::Date(format!("{time_ms} ms"));
        let time = i64::try_from(time_ms).map_err(|_| out_of_range())?;
        let time = Timestamp::from_millisecond(time).map_err(|_| out_of_range())?;
        let date = time.to_zoned(self.zone.clone()).date();
        date.yesterday().map_err(|_| out_of_range())
    }

    fn cut(&self, date: Date) -> Result<u64, DaysError> {
        let out_of_range = || DaysError::Date(date.to_string());
        let begun = date.to_datetime(self.time).to_zoned(self.zone.clone());
        let begun = begun.map_err(|_| out_of_range())?.timestamp();
        u64::try_from(begun.as_millisecond()).map_err(|_| out_of_range())
    }
}

fn date(text: &str) -> Result<Date, DaysError> {
    text.parse().map_err(|_| DaysError::Date(text.to_owned()))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    const HOUR: u64 = 3_600_000;

    fn parse_time(text: &str) -> Option<u64> {
        let time: Timestamp = text.parse().ok()?;
        u64::try_from(time.as_millisecond()).ok()
    }

    fn format_time(ms: u64) -> Option<String> {
        let time = Timestamp::from_millisecond(i64::try_from(ms).ok()?);
        Some(time.ok()?.to_string())
    }

    fn told(days: &[Interval]) -> Vec<(String, u64)> {
        days.iter()
            .map(|day| {
                let hours = (day.end_ms - day.start_ms) / HOUR;
                (format_time(day.start_ms).unwrap(), hours)
            })
            .collect()
    }

    #[test]
    fn a_day_has_25_hours_when_summer_time_ends() {
        let days = DayCut::new("Europe/Kyiv", "19:30").unwrap();
        let days = days.days("2021-10-29", "2021-11-01").unwrap();
        let expected = [
            ("2021-10-29T16:30:00Z", 24),
            ("2021-10-30T16:30:00Z", 25),
            ("2021-10-31T17:30:00Z", 24),
        ];
        assert_eq!(
            told(&days),
            expected.map(|(start, hours)| (start.to_owned(), hours))
        );
    }

    #[test]
    fn a_day_has_23_hours_when_summer_time_begins() {
        let days = DayCut::new("Europe/Kyiv", "19:30").unwrap();
        let days = days.days("2021-03-27", "2021-03-28").unwrap();
        assert_eq!(told(&days), [("2021-03-27T17:30:00Z".to_owned(), 23)]);
    }

    #[test]
    fn the_hour_that_comes_twice_is_cut_at_its_first_coming() {
        let days = DayCut::new("Europe/Kyiv", "03:30").unwrap();
        let days = days.days("2021-10-30", "2021-11-01").unwrap();
        let cuts = [
            "2021-10-30T00:30:00Z",
            "2021-10-31T00:30:00Z",
            "2021-11-01T01:30:00Z",
        ];
        assert_eq!(
            days,
            Interval::between(&cuts.map(|cut| parse_time(cut).unwrap()))
        );
    }

    #[test]
    fn rejects_other_zones_times_and_dates() {
        let zone = DayCut::new("Europe/Nowhere", "19:30").unwrap_err();
        assert_eq!(zone, DaysError::Zone("Europe/Nowhere".to_owned()));
        let time = DayCut::new("UTC", "25:00").unwrap_err();
        assert_eq!(time, DaysError::Time("25:00".to_owned()));
        let utc = DayCut::new("UTC", "00:00").unwrap();
        let date = utc.days("2021-02-30", "2021-03-01").unwrap_err();
        assert_eq!(date, DaysError::Date("2021-02-30".to_owned()));
        let before = utc.days("1969-12-31", "1970-01-02").unwrap_err();
        assert_eq!(before, DaysError::Date("1969-12-31".to_owned()));
        let order = utc.days("2021-03-01", "2021-03-01").unwrap_err();
        assert!(matches!(order, DaysError::Order { .. }));
        assert_eq!(
            utc.days("2000-01-01", "2021-01-01"),
            Err(DaysError::TooMany)
        );
        assert_eq!(utc.days("2021-01-01", "2021-01-03").unwrap().len(), 2);
    }

    #[test]
    fn the_first_and_the_last_day_within_an_interval_end_with_it() {
        let cut = DayCut::new("Europe/Kyiv", "19:30").unwrap();
        let interval = |start: &str, end: &str| Interval {
            start_ms: parse_time(start).unwrap(),
            end_ms: parse_time(end).unwrap(),
        };
        let days = cut.within(interval("2021-10-30T12:00:00Z", "2021-10-31T18:00:00Z"));
        let cuts = [
            "2021-10-30T12:00:00Z",
            "2021-10-30T16:30:00Z",
            "2021-10-31T17:30:00Z",
            "2021-10-31T18:00:00Z",
        ];
        let cuts = cuts.map(|cut| parse_time(cut).unwrap());
        assert_eq!(days, Ok(Interval::between(&cuts)));
        let whole = cut.within(interval("2021-10-30T16:30:00Z", "2021-10-31T17:30:00Z"));
        assert_eq!(whole.unwrap().len(), 1);
        let decade = interval("2000-01-01T00:00:00Z", "2011-01-01T00:00:00Z");
        assert_eq!(cut.within(decade), Err(DaysError::TooMany));
        assert!(matches!(cut.within(Interval::ALL), Err(DaysError::Date(_))));
    }
}
