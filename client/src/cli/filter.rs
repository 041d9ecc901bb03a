//! Which things are listed: the options of `list`, and the filters of the protocol that they give.

use clap::Args;
use trucelog_proto::fold::filter::{CaseFilter, CoverageFilter, DecisionFilter};
use trucelog_proto::fold::{Area, Circle, GeoBox, IncidentFilter, Interval, Overlap};
use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb;

use super::args::{digest, named, time};
use crate::Error;
use crate::json::parse_degrees;

/// Everything: a list that takes no filter.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct All {}

/// When.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct Span {
    /// Only what may have happened at this time, RFC 3339, or later.
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<u64>,
    /// Only what may have happened before this time, RFC 3339.
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<u64>,
}

impl Span {
    pub(super) fn interval(self) -> Result<Interval, Error> {
        Interval::bounded(self.since, self.until).map_err(Error::Filter)
    }
}

/// Which incidents, by the newest version of each report.
#[derive(Args, Clone, Debug)]
pub(super) struct Incidents {
    /// Only those within so many metres of a point, for example 48.139,37.743,5000. A position counts with the whole
    /// circle of its uncertainty; a report without a position lies nowhere.
    #[arg(
        long,
        value_name = "LAT,LON,RADIUS",
        allow_hyphen_values = true,
        conflicts_with = "within",
        value_parser = circle
    )]
    near: Option<Circle>,
    /// Only those between two parallels and two meridians.
    #[arg(
        long = "box",
        id = "within",
        value_name = "SOUTH,WEST,NORTH,EAST",
        allow_hyphen_values = true,
        value_parser = geo_box
    )]
    within: Option<GeoBox>,
    /// Only those that lie in the interval and the area for certain, whatever their uncertainty, instead of those that
    /// possibly do.
    #[arg(long)]
    certain: bool,
    /// Only those of this kind, for example explosion. May be given again.
    #[arg(long, value_parser = |text: &str| value(text, "INCIDENT_KIND_", pb::IncidentKind::from_str_name))]
    kind: Vec<pb::IncidentKind>,
    /// Only those that seemed to come from the side of this party. May be given again.
    #[arg(long, value_name = "CODE")]
    party: Vec<String>,
    /// Only those that this member reported. May be given again.
    #[arg(long, value_name = "CODE")]
    member: Vec<String>,
    /// Only those that are in-force, corrected, withdrawn, corroborated, disputed or uncorroborated. May be given again.
    #[arg(long, value_parser = |text: &str| value(text, "INCIDENT_STATUS_", pb::IncidentStatus::from_str_name))]
    status: Vec<pb::IncidentStatus>,
    /// Only those in the case that this record founded.
    #[arg(long, value_name = "SHA256", value_parser = digest)]
    case: Option<RecordDigest>,
}

impl Incidents {
    /// Tells whether any incident is left out.
    pub(super) fn restrict(&self) -> bool {
        self.filter(Interval::ALL) != IncidentFilter::default()
    }

    /// The incidents of an interval that are meant.
    pub(super) fn filter(&self, interval: Interval) -> IncidentFilter {
        let within = self.within.map(Area::Box);
        IncidentFilter {
            interval,
            area: self.near.map(Area::Circle).or(within),
            overlap: if self.certain {
                Overlap::Certain
            } else {
                Overlap::Possible
            },
            kinds: self.kind.clone(),
            parties: self.party.clone(),
            members: self.member.clone(),
            statuses: self.status.clone(),
            case: self.case,
        }
    }
}

/// Incidents in an interval.
#[derive(Args, Clone, Debug)]
pub(super) struct IncidentsInTime {
    #[command(flatten)]
    span: Span,
    #[command(flatten)]
    which: Incidents,
}

impl IncidentsInTime {
    pub(super) fn filter(&self) -> Result<IncidentFilter, Error> {
        Ok(self.which.filter(self.span.interval()?))
    }
}

/// Which cases.
#[derive(Args, Clone, Debug)]
pub(super) struct Cases {
    /// Only those to which this code is a party. May be given again.
    #[arg(long, value_name = "CODE")]
    party: Vec<String>,
}

impl Cases {
    pub(super) fn filter(&self) -> CaseFilter {
        CaseFilter {
            parties: self.party.clone(),
        }
    }
}

/// Which proposals.
#[derive(Args, Clone, Debug)]
pub(super) struct Decisions {
    /// Only those about the case that this record founded.
    #[arg(long, value_name = "SHA256", value_parser = digest)]
    case: Option<RecordDigest>,
    /// Only attribution, remedy, membership, protocol-text or rules. May be given again.
    #[arg(long, value_parser = |text: &str| value(text, "PROPOSAL_KIND_", pb::ProposalKind::from_str_name))]
    kind: Vec<pb::ProposalKind>,
    /// Only those that are open, awaiting-decision, adopted, rejected or lapsed. May be given again.
    #[arg(long, value_parser = |text: &str| value(text, "DECISION_STATUS_", pb::DecisionStatus::from_str_name))]
    status: Vec<pb::DecisionStatus>,
}

impl Decisions {
    pub(super) fn filter(&self) -> DecisionFilter {
        DecisionFilter {
            case: self.case,
            kinds: self.kind.clone(),
            statuses: self.status.clone(),
        }
    }
}

/// Which remedies.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct Remedies {
    /// Only those about the case that this record founded.
    #[arg(long, value_name = "SHA256", value_parser = digest)]
    case: Option<RecordDigest>,
}

impl Remedies {
    pub(super) fn filter(self) -> DecisionFilter {
        DecisionFilter::remedies(self.case)
    }
}

/// Which coverage reports.
#[derive(Args, Clone, Debug)]
pub(super) struct Coverage {
    #[command(flatten)]
    span: Span,
    /// Only those by this member. May be given again.
    #[arg(long, value_name = "CODE")]
    member: Vec<String>,
}

impl Coverage {
    pub(super) fn filter(&self) -> Result<CoverageFilter, Error> {
        Ok(CoverageFilter {
            interval: self.span.interval()?,
            members: self.member.clone(),
        })
    }
}

/// Parses the name of a value that a thing can have.
fn value<E: Default + PartialEq>(
    text: &str,
    prefix: &str,
    parse: fn(&str) -> Option<E>,
) -> Result<E, String> {
    let value = named(text, prefix, parse)?;
    if value == E::default() {
        return Err("nothing is listed that has no value here".to_owned());
    }
    Ok(value)
}

fn circle(text: &str) -> Result<Circle, String> {
    const FORM: &str =
        "write it as LAT,LON,RADIUS: decimal degrees with at most seven decimals, and metres";
    let parts: Vec<&str> = text.split(',').collect();
    let [latitude, longitude, radius] = parts.as_slice() else {
        return Err(FORM.to_owned());
    };
    let degrees = (parse_degrees(latitude), parse_degrees(longitude));
    match (degrees, radius.parse()) {
        ((Some(latitude), Some(longitude)), Ok(radius)) => {
            Circle::new(latitude, longitude, radius).map_err(|refusal| refusal.to_string())
        }
        _ => Err(FORM.to_owned()),
    }
}

fn geo_box(text: &str) -> Result<GeoBox, String> {
    let sides: Option<Vec<i32>> = text.split(',').map(parse_degrees).collect();
    match sides.as_deref() {
        Some(&[south, west, north, east]) => {
            GeoBox::new(south, west, north, east).map_err(|refusal| refusal.to_string())
        }
        _ => Err(
            "write it as SOUTH,WEST,NORTH,EAST in decimal degrees with at most seven decimals"
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::{circle, geo_box};

    #[test]
    fn parses_areas_in_degrees_and_metres() {
        let point = circle("-17.5,-179.9999999,20000");
        let point = point.map(|circle| (circle.latitude, circle.longitude, circle.radius_m));
        assert_eq!(point, Ok((-175_000_000, -1_799_999_999, 20_000)));
        let sides = geo_box("-18,179,-16.5,-179");
        let sides = sides.map(|sides| [sides.south, sides.west, sides.north, sides.east]);
        assert_eq!(
            sides,
            Ok([-180_000_000, 1_790_000_000, -165_000_000, -1_790_000_000])
        );
    }

    #[test]
    fn rejects_what_is_not_an_area() {
        for text in [
            "48,37",
            "48,37,5000,1",
            "48,37,5km",
            "north,37,5",
            "48.12345678,37,5",
        ] {
            assert!(
                circle(text).is_err_and(|error| error.contains("LAT,LON,RADIUS")),
                "{text}"
            );
        }
        for (text, field) in [
            ("90.1,37,5", "latitude"),
            ("48,181,5", "longitude"),
            ("48,37,0", "radius_m"),
        ] {
            assert!(
                circle(text).is_err_and(|error| error.contains(field)),
                "{text}"
            );
        }
        for text in ["48,37,49", "48,37,49,38,1", "48,37,49,east"] {
            assert!(
                geo_box(text).is_err_and(|error| error.contains("SOUTH")),
                "{text}"
            );
        }
        assert!(geo_box("49,37,48,38").is_err_and(|error| error.contains("north")));
    }
}
