//! Counts of incidents by day and sector.

use std::collections::BTreeMap;

use super::interval::{Interval, IntervalCount};
use crate::pb;

/// Counts over consecutive days, which whoever knows time zones has cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts {
    days: Vec<Interval>,
    counts: BTreeMap<(usize, String), IntervalCount>,
}

/// How many incidents there were in one day and sector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DaySector<'a> {
    /// The day.
    pub day: Interval,
    /// First-level administrative area; empty for reports that name none.
    pub sector: &'a str,
    /// How many.
    pub count: IntervalCount,
}

impl Counts {
    /// Begins to count. The days follow on each other, earliest first.
    #[must_use]
    pub fn new(days: Vec<Interval>) -> Self {
        Self {
            days,
            counts: BTreeMap::new(),
        }
    }

    /// Counts a report in every day that its interval meets. Costs as many steps as there are such days.
    pub fn add(&mut self, report: &pb::IncidentReport) {
        let place = report.place.as_ref();
        let sector = place.map_or("", |place| place.admin_area_1.as_str());
        let (earliest, latest) = (report.earliest_time, report.latest_time);
        let first = self.days.partition_point(|day| day.end_ms <= earliest);
        let days = self.days.iter().enumerate().skip(first);
        for (number, day) in days.take_while(|(_, day)| day.possibly_holds(earliest, latest)) {
            let count = self.counts.entry((number, sector.to_owned())).or_default();
            count.possible += 1;
            count.certain += u64::from(day.certainly_holds(earliest, latest));
        }
    }

    /// The table by day, then by sector. A day and sector without incidents has no row.
    pub fn rows(&self) -> impl Iterator<Item = DaySector<'_>> {
        (0..self.days.len()).flat_map(|number| self.rows_of_day(number))
    }

    /// The rows of the `number`-th day, counted from 0, by sector. Each incident in it is in one of them.
    pub fn rows_of_day(&self, number: usize) -> impl Iterator<Item = DaySector<'_>> {
        let first = (number, String::new());
        let rows = self.counts.range(first..);
        rows.take_while(move |((day, _), _)| *day == number)
            .map(|((day, sector), count)| DaySector {
                day: self.days[*day],
                sector,
                count: *count,
            })
    }
}
