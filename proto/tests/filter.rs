//! Filters, areas and counts against what can be worked out by hand.

#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;
use trucelog_proto::fold::{
    Area, Circle, Counts, GeoBox, IncidentFilter, Interval, IntervalCount, Overlap,
};
use trucelog_proto::pb;
use trucelog_proto::refusal::Reason;

fn degrees(degrees: f64) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "at most 180 degrees")]
    let units = (degrees * 1e7).round() as i32;
    units
}

fn circle(latitude: f64, longitude: f64, radius_m: u32) -> Circle {
    Circle::new(degrees(latitude), degrees(longitude), radius_m).unwrap()
}

fn sides(south: f64, west: f64, north: f64, east: f64) -> Area {
    let sides = GeoBox::new(degrees(south), degrees(west), degrees(north), degrees(east));
    Area::Box(sides.unwrap())
}

fn overlaps(area: Area, position: Circle) -> (bool, bool) {
    (
        area.holds(&position, Overlap::Possible),
        area.holds(&position, Overlap::Certain),
    )
}

#[test]
fn a_circle_holds_what_its_distance_allows() {
    // Kyiv to Donetsk: 594 km on the ellipsoid.
    let (kyiv, donetsk) = ((50.4501, 30.5234), (48.0159, 37.8028));
    let around = |radius_m| Area::Circle(circle(kyiv.0, kyiv.1, radius_m));
    let position = |radius_m| circle(donetsk.0, donetsk.1, radius_m);
    assert_eq!(overlaps(around(580_000), position(1)), (false, false));
    assert_eq!(overlaps(around(580_000), position(20_000)), (true, false));
    assert_eq!(overlaps(around(610_000), position(1)), (true, true));
    assert_eq!(overlaps(around(610_000), position(50_000)), (true, false));
}

#[test]
fn neither_answer_says_more_than_the_ellipsoid_allows() {
    // One degree on the equator is 111,319 m along it and 110,574 m across it.
    let here = circle(0.0, 0.0, 1);
    for (there, true_distance) in [((0.0, 1.0), 111_319), ((1.0, 0.0), 110_574)] {
        let around = |radius_m| Area::Circle(circle(there.0, there.1, radius_m));
        assert!(around(true_distance).holds(&here, Overlap::Possible));
        assert!(!around(true_distance).holds(&here, Overlap::Certain));
        assert!(!around(true_distance * 98 / 100).holds(&here, Overlap::Possible));
        assert!(around(true_distance * 102 / 100).holds(&here, Overlap::Certain));
    }
}

#[test]
fn a_box_may_hold_a_part_of_the_180th_meridian() {
    let pacific = sides(-20.0, 170.0, -10.0, -170.0);
    assert_eq!(overlaps(pacific, circle(-15.0, 179.9, 1_000)), (true, true));
    assert_eq!(
        overlaps(pacific, circle(-15.0, -175.0, 1_000)),
        (true, true)
    );
    assert_eq!(
        overlaps(pacific, circle(-15.0, 169.0, 1_000)),
        (false, false)
    );
    assert_eq!(
        overlaps(pacific, circle(-15.0, 169.9, 20_000)),
        (true, false)
    );
    assert_eq!(overlaps(pacific, circle(-15.0, 0.0, 1_000)), (false, false));
    let rest = sides(-20.0, -170.0, -10.0, 170.0);
    assert_eq!(overlaps(rest, circle(-15.0, 0.0, 1_000)), (true, true));
    assert_eq!(overlaps(rest, circle(-15.0, 179.9, 1_000)), (false, false));
}

#[test]
fn the_nearest_point_of_a_box_may_be_a_corner_a_side_or_beyond_the_pole() {
    let north = sides(80.0, 0.0, 85.0, 10.0);
    // 5 degrees north of it, on the other side of the pole: 10 degrees away.
    assert_eq!(
        overlaps(north, circle(85.0, -175.0, 1_000_000)),
        (false, false)
    );
    assert_eq!(
        overlaps(north, circle(85.0, -175.0, 1_150_000)),
        (true, false)
    );
    let east_of_it = circle(82.0, 12.0, 40_000);
    assert_eq!(overlaps(north, east_of_it), (true, false));
    assert_eq!(overlaps(north, circle(82.0, 14.0, 40_000)), (false, false));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    /// An index looks only where the bounds of a question and of a position share something.
    #[test]
    fn what_an_area_may_hold_lies_within_its_bounds(
        latitude in -899_999_999_i32..900_000_000, longitude in -1_799_999_999_i32..1_800_000_000,
        north in -300_000_i32..300_000, east in -300_000_i32..300_000,
        radius_m in 1_u32..3_000, other_radius_m in 1_u32..3_000,
    ) {
        let position = Circle::new(latitude, longitude, radius_m).unwrap();
        let Ok(other) = Circle::new(
            latitude.saturating_add(north).clamp(-900_000_000, 900_000_000),
            longitude.saturating_add(east).clamp(-1_800_000_000, 1_800_000_000),
            other_radius_m,
        ) else { return Ok(()) };
        let area = Area::Circle(other);
        if area.holds(&position, Overlap::Possible)
            && let (Some(one), Some(two)) = (position.bounds(), area.bounds())
        {
            prop_assert!(one.south <= two.north && two.south <= one.north);
            prop_assert!(one.west <= two.east && two.west <= one.east);
        }
        if area.holds(&position, Overlap::Certain) {
            prop_assert!(area.holds(&position, Overlap::Possible));
        }
    }
}

#[test]
fn an_interval_holds_possibly_what_meets_it_and_certainly_what_lies_in_it() {
    let interval = Interval {
        start_ms: 100,
        end_ms: 200,
    };
    let holds = |earliest, latest| {
        (
            Overlap::Possible.in_time(interval, earliest, latest),
            Overlap::Certain.in_time(interval, earliest, latest),
        )
    };
    assert_eq!(holds(100, 199), (true, true));
    assert_eq!(holds(100, 200), (true, false));
    assert_eq!(holds(50, 100), (true, false));
    assert_eq!(holds(50, 300), (true, false));
    assert_eq!(holds(50, 99), (false, false));
    assert_eq!(holds(200, 300), (false, false));
}

#[test]
fn times_are_rounded_to_the_millisecond_that_is_not_before_them() {
    let time = |seconds, nanos| Some(prost_types::Timestamp { seconds, nanos });
    let filter = |since, until| {
        IncidentFilter::parse(&pb::IncidentFilter {
            since,
            until,
            ..pb::IncidentFilter::default()
        })
    };
    let parsed = filter(time(1, 1), time(1, 2_000_000)).unwrap().interval;
    assert_eq!(
        parsed,
        Interval {
            start_ms: 1_001,
            end_ms: 1_002
        }
    );
    let parsed = filter(time(-5, 999_999_999), None).unwrap().interval;
    assert_eq!(
        parsed,
        Interval {
            start_ms: 0,
            end_ms: u64::MAX
        }
    );
    let refusal = filter(time(1, 0), time(1, 0)).unwrap_err();
    assert_eq!(
        (refusal.reason, refusal.field.as_str()),
        (Reason::TimeOrder, "until")
    );
}

#[test]
fn rejects_filters_that_are_not_of_their_form() {
    let refused = |filter: pb::IncidentFilter| {
        let refusal = IncidentFilter::parse(&filter).unwrap_err();
        (refusal.reason, refusal.field)
    };
    let default = pb::IncidentFilter::default;
    let area = |shape| pb::IncidentFilter {
        area: Some(pb::Area { shape }),
        ..default()
    };
    let wrong_box = pb::Box {
        south: 1,
        north: 0,
        ..pb::Box::default()
    };
    let wrong_circle = pb::Circle {
        radius_m: 0,
        ..pb::Circle::default()
    };
    for (filter, reason, field) in [
        (area(None), Reason::FieldRequired, "area.shape"),
        (
            area(Some(pb::area::Shape::Box(wrong_box))),
            Reason::OutOfRange,
            "area.box.north",
        ),
        (
            area(Some(pb::area::Shape::Circle(wrong_circle))),
            Reason::OutOfRange,
            "area.circle.radius_m",
        ),
        (
            pb::IncidentFilter {
                overlap: 9,
                ..default()
            },
            Reason::FieldFormat,
            "overlap",
        ),
        (
            pb::IncidentFilter {
                kinds: vec![99],
                ..default()
            },
            Reason::FieldFormat,
            "kinds",
        ),
        (
            pb::IncidentFilter {
                statuses: vec![0],
                ..default()
            },
            Reason::FieldFormat,
            "statuses",
        ),
        (
            pb::IncidentFilter {
                parties: vec!["AAA".into(); 17],
                ..default()
            },
            Reason::ListTooLong,
            "parties",
        ),
        (
            pb::IncidentFilter {
                case: vec![1; 31],
                ..default()
            },
            Reason::FieldFormat,
            "case",
        ),
    ] {
        assert_eq!(refused(filter), (reason, field.to_owned()));
    }
}

#[test]
fn counts_every_day_that_an_incident_may_have_happened_in() {
    let report = |earliest_time, latest_time, sector: &str| pb::IncidentReport {
        earliest_time,
        latest_time,
        place: Some(pb::Place {
            admin_area_1: sector.to_owned(),
            ..pb::Place::default()
        }),
        ..pb::IncidentReport::default()
    };
    let mut counts = Counts::new(Interval::between(&[100, 200, 300, 400]));
    counts.add(&report(100, 199, "North"));
    counts.add(&report(150, 200, "North"));
    counts.add(&report(250, 250, "South"));
    counts.add(&report(0, 1_000, ""));
    counts.add(&report(0, 99, "before"));
    counts.add(&report(400, 500, "after"));
    let rows: Vec<_> = counts
        .rows()
        .map(|row| {
            let IntervalCount { certain, possible } = row.count;
            (
                row.day.start_ms,
                row.day.end_ms,
                row.sector,
                certain,
                possible,
            )
        })
        .collect();
    assert_eq!(
        rows,
        [
            (100, 200, "", 0, 1),
            (100, 200, "North", 1, 2),
            (200, 300, "", 0, 1),
            (200, 300, "North", 0, 1),
            (200, 300, "South", 1, 1),
            (300, 400, "", 0, 1),
        ]
    );
    let of_day = |number| counts.rows_of_day(number).map(|row| row.count).sum();
    let sums: [IntervalCount; 4] = [0, 1, 2, 3].map(of_day);
    let sums = sums.map(|count| (count.certain, count.possible));
    assert_eq!(sums, [(1, 3), (1, 3), (0, 1), (0, 0)]);
}
