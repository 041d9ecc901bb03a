//! Counts of incidents by day and sector.

use std::collections::BTreeMap;

use crate::pb;

/// Counts over consecutive days, which whoever knows time zones has cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts {
    cuts: Vec<u64>,
    counts: BTreeMap<(usize, String), Count>,
}

/// How many incidents there were in one day and sector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Incidents whose whole interval lies in the day.
    pub certain: u64,
    /// Incidents whose interval meets the day.
    pub possible: u64,
}

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DaySector<'a> {
    /// Start of the day, Unix milliseconds.
    pub start: u64,
    /// End of the day, Unix milliseconds: the start of the next one.
    pub end: u64,
    /// First-level administrative area; empty for reports that name none.
    pub sector: &'a str,
    /// How many.
    pub count: Count,
}

impl Counts {
    /// Begins to count. Day i is from `cuts[i]` up to, not including, `cuts[i + 1]`, Unix milliseconds, ascending.
    #[must_use]
    pub fn new(cuts: Vec<u64>) -> Self {
        Self {
            cuts,
            counts: BTreeMap::new(),
        }
    }

    /// Counts a report in every day that its interval meets. Costs as many steps as there are such days.
    pub fn add(&mut self, report: &pb::IncidentReport) {
        let place = report.place.as_ref();
        let sector = place.map_or("", |place| place.admin_area_1.as_str());
        let (earliest, latest) = (report.earliest_time, report.latest_time);
        // Days that end at or before the earliest time do not meet the interval.
        let first = self
            .cuts
            .iter()
            .skip(1)
            .take_while(|end| **end <= earliest)
            .count();
        for (day, bounds) in self.cuts.windows(2).enumerate().skip(first) {
            let [start, end] = *bounds else { break };
            if latest < start {
                break;
            }
            let count = self.counts.entry((day, sector.to_owned())).or_default();
            count.possible += 1;
            count.certain += u64::from(start <= earliest && latest < end);
        }
    }

    /// The table by day, then by sector. A day and sector without incidents has no row.
    pub fn rows(&self) -> impl Iterator<Item = DaySector<'_>> {
        self.counts.iter().map(|((day, sector), count)| DaySector {
            start: self.cuts[*day],
            end: self.cuts[day + 1],
            sector,
            count: *count,
        })
    }
}
