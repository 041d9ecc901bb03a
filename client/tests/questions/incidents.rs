//! Incidents by every filter, and counts of them by day and sector.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use trucelog_client::json::{format_time, hex, parse_time};
use trucelog_proto::pb;

use super::log::{HOUR, Mixed, ago, hexes, texts, timestamp};

/// What both programs say of an incident: its name, its newest version, how many came before, and its cases.
fn incident_of_json(item: &Value) -> (String, String, u64, Vec<String>, BTreeSet<&'static str>) {
    let text = |name: &str| item[name].as_str().unwrap().to_owned();
    let corrections = item["corrections"].as_u64().unwrap();
    let in_force = item["in_force"].as_bool().unwrap();
    let standing = match item["standing"].as_str().unwrap() {
        "corroborated" => "INCIDENT_STATUS_CORROBORATED",
        "disputed" => "INCIDENT_STATUS_DISPUTED",
        _ => "INCIDENT_STATUS_UNCORROBORATED",
    };
    let mut statuses = BTreeSet::from([standing]);
    statuses.insert(if in_force {
        "INCIDENT_STATUS_IN_FORCE"
    } else {
        "INCIDENT_STATUS_WITHDRAWN"
    });
    if corrections > 0 {
        statuses.insert("INCIDENT_STATUS_CORRECTED");
    }
    (
        text("incident"),
        text("version"),
        corrections,
        texts(&item["cases"]),
        statuses,
    )
}

fn incident_of_answer(
    view: &pb::IncidentView,
) -> (String, String, u64, Vec<String>, BTreeSet<&'static str>) {
    let newest = view.versions[0].stamp.as_ref().unwrap();
    (
        hex(&view.incident),
        hex(&newest.record_digest),
        u64::from(view.version_count) - 1,
        hexes(&view.cases),
        view.statuses().map(|status| status.as_str_name()).collect(),
    )
}

/// A filter of incidents as words and as a message, and how many it means in the whole log.
fn incident_filters(mixed: &Mixed) -> Vec<(String, pb::IncidentFilter, usize)> {
    let all = pb::IncidentFilter::default;
    let area = |shape| Some(pb::Area { shape: Some(shape) });
    let circle = pb::area::Shape::Circle(pb::Circle {
        latitude: 480_000_000,
        longitude: 378_000_000,
        radius_m: 2_000,
    });
    let pacific = pb::area::Shape::Box(pb::Box {
        south: -180_000_000,
        west: 1_790_000_000,
        north: -160_000_000,
        east: -1_790_000_000,
    });
    let near = "--near 48.0,37.8,2000";
    let certain = pb::Overlap::Certain.into();
    let with = |change: &dyn Fn(&mut pb::IncidentFilter)| {
        let mut filter = all();
        change(&mut filter);
        filter
    };
    let since = |hours| format!("--since {}", ago(mixed.start, hours));
    let until = |hours| format!("--until {}", ago(mixed.start, hours));
    vec![
        (String::new(), all(), 4),
        (
            since(10),
            with(&|filter| filter.since = Some(mixed.time(10))),
            3,
        ),
        (
            until(10),
            with(&|filter| filter.until = Some(mixed.time(10))),
            2,
        ),
        (
            format!("{} --certain", until(10)),
            with(&|filter| {
                filter.until = Some(mixed.time(10));
                filter.overlap = certain;
            }),
            1,
        ),
        (
            near.to_owned(),
            with(&|filter| filter.area = area(circle)),
            2,
        ),
        (
            format!("{near} --certain"),
            with(&|filter| {
                filter.area = area(circle);
                filter.overlap = certain;
            }),
            1,
        ),
        (
            "--box -18,179,-16,-179".to_owned(),
            with(&|filter| filter.area = area(pacific)),
            2,
        ),
        (
            "--kind shot --kind burst".to_owned(),
            with(&|filter| {
                let kinds = [pb::IncidentKind::Shot, pb::IncidentKind::Burst];
                filter.kinds = kinds.map(i32::from).to_vec();
            }),
            1,
        ),
        (
            "--party RUS".to_owned(),
            with(&|filter| filter.parties = vec!["RUS".to_owned()]),
            1,
        ),
        (
            "--member FRA".to_owned(),
            with(&|filter| filter.members = vec!["FRA".to_owned()]),
            1,
        ),
        (
            "--status withdrawn --status disputed".to_owned(),
            with(&|filter| {
                use pb::IncidentStatus::{Disputed, Withdrawn};
                filter.statuses = [Withdrawn, Disputed].map(i32::from).to_vec();
            }),
            2,
        ),
        (
            format!("--case {}", mixed.case),
            with(&|filter| filter.case = mixed.case_bytes()),
            2,
        ),
    ]
}

pub(crate) fn compare_incidents(mixed: &Mixed) {
    for (words, filter, count) in incident_filters(mixed) {
        for size in mixed.sizes() {
            let words = format!("list incidents {words}");
            let listed = mixed.listed(words.trim_end(), size);
            let listed = listed["incidents"].as_array().unwrap();
            let answer = mixed.asked(async |mut service| {
                let request = pb::ListIncidentsRequest {
                    as_of_size: size,
                    filter: Some(filter.clone()),
                    ..pb::ListIncidentsRequest::default()
                };
                service.list_incidents(request).await
            });
            let ours: Vec<_> = listed.iter().map(incident_of_json).collect();
            let theirs: Vec<_> = answer.incidents.iter().map(incident_of_answer).collect();
            assert_eq!(ours, theirs, "{words} at size {size}");
            if size == mixed.size {
                assert_eq!(ours.len(), count, "{words}: {listed:?}");
            }
        }
    }
}

pub(crate) fn compare_days(mixed: &Mixed) {
    let date = |time: u64| format_time(time).unwrap()[..10].to_owned();
    let (first, last) = (mixed.start - 48 * HOUR, mixed.start + 24 * HOUR);
    let days = format!(
        "list days --since {} --until {} --time-zone Europe/Kyiv --day-start 19:30 --kind explosion --kind shot",
        date(first),
        date(last)
    );
    for size in mixed.sizes() {
        let listed = mixed.listed(&days, size);
        let listed = listed["days"].as_array().unwrap();
        let bound = |day: &Value, name: &str| parse_time(day[name].as_str().unwrap()).unwrap();
        let (since, until) = (
            bound(&listed[0], "start_time"),
            bound(listed.last().unwrap(), "end_time"),
        );
        let answer = mixed.asked(async |mut service| {
            let kinds = [pb::IncidentKind::Explosion, pb::IncidentKind::Shot];
            let request = pb::CountIncidentsRequest {
                as_of_size: size,
                filter: Some(pb::IncidentFilter {
                    since: Some(timestamp(since)),
                    until: Some(timestamp(until)),
                    kinds: kinds.map(i32::from).to_vec(),
                    ..pb::IncidentFilter::default()
                }),
                time_zone: "Europe/Kyiv".to_owned(),
                day_start_minute: 19 * 60 + 30,
            };
            service.count_incidents(request).await
        });
        let ours: Vec<_> = listed
            .iter()
            .flat_map(|day| {
                let start = bound(day, "start_time");
                let sectors = day["sectors"].as_array().unwrap().iter();
                sectors.map(move |row| {
                    let sector = row["sector"].as_str().unwrap().to_owned();
                    (
                        start,
                        sector,
                        row["certain"].clone(),
                        row["possible"].clone(),
                    )
                })
            })
            .collect();
        let theirs: Vec<_> = answer
            .counts
            .iter()
            .map(|row| {
                let start = row.start_time.as_ref().unwrap().seconds;
                let start = u64::try_from(start).unwrap() * 1000;
                (
                    start,
                    row.sector.clone(),
                    json!(row.certain),
                    json!(row.possible),
                )
            })
            .collect();
        assert_eq!(ours, theirs, "size {size}");
        assert!(size < mixed.size || ours.len() >= 2, "{ours:?}");
    }
}
