//! Incidents and their versions.

use super::support::{Log, paths, report};
use crate::canonical::grammar;
use crate::fold::{Flag, Value, difference};
use crate::pb;
use crate::pb::record::Body;

#[test]
fn keeps_every_version_and_tells_which_is_in_force() {
    let mut log = Log::new();
    let first = log.report("first");
    let other = log.report("other");
    let mut changed = report("first");
    changed.kind = pb::IncidentKind::Shot.into();
    changed.latest_time += 1;
    let second = log.correct(first, pb::CorrectionReason::Reclassified, changed.clone());
    let end = log.withdraw(second);

    let incident = log.fold.incident(&end).unwrap();
    assert_eq!(incident.digest(), first);
    assert_eq!(incident.first().report, report("first"));
    assert_eq!(incident.newest().report, changed);
    assert_eq!(incident.in_force(), None);
    assert_eq!(incident.withdrawal().unwrap().stamp.digest, end);
    let (correction, differences) = incident.history().next().unwrap();
    assert_eq!(correction.stamp.digest, second);
    assert_eq!(paths(&differences), ["kind", "latest_time"]);
    assert_eq!(
        differences[0].old,
        Some(Value::Name("INCIDENT_KIND_EXPLOSION"))
    );
    assert_eq!(differences[0].new, Some(Value::Name("INCIDENT_KIND_SHOT")));
    let untouched = log.fold.incident(&other).unwrap();
    assert_eq!(untouched.in_force(), Some(untouched.first()));
    assert_eq!(log.fold.incidents().len(), 2);
}

pub(super) fn casualties(low: u32, best: u32, high: u32) -> pb::CasualtyCount {
    pb::CasualtyCount {
        harm: pb::Harm::Killed.into(),
        group: pb::PersonGroup::All.into(),
        low,
        best,
        high,
    }
}

#[test]
fn flags_a_broken_range_in_an_imported_report() {
    let mut log = Log::new();
    let mut imported = report("");
    imported.imported = Some(pb::Imported {
        dataset: "set".to_owned(),
        version: "1".to_owned(),
        row: "155425".to_owned(),
        fields: Vec::new(),
    });
    imported.casualties = vec![casualties(7, 7, 6)];
    let broken = log.monitor(Body::IncidentReport(imported.clone()));
    imported.casualties = vec![casualties(6, 7, 7)];
    let sound = log.monitor(Body::IncidentReport(imported));
    let flags = |digest| log.fold.incident(digest).unwrap().newest().flags();
    assert_eq!(flags(&broken), [Flag::CasualtyRange]);
    assert_eq!(flags(&sound), []);
}

#[test]
fn names_changed_fields_of_lists_oneofs_and_imported_columns() {
    let column = |name: &str, value: &str| pb::ImportedField {
        name: name.to_owned(),
        value: value.to_owned(),
    };
    let position = |latitude| {
        pb::place::Location::Position(pb::Position {
            latitude,
            longitude: -1,
            radius_m: 1,
            basis: pb::PositionBasis::Point.into(),
            ..pb::Position::default()
        })
    };
    let mut old = report("");
    old.casualties = vec![casualties(1, 2, 3)];
    old.place = Some(pb::Place {
        location: Some(position(-5)),
        ..pb::Place::default()
    });
    old.imported = Some(pb::Imported {
        fields: vec![column("a", "1"), column("gone", "x"), column("a", "2")],
        ..pb::Imported::default()
    });
    let mut new = old.clone();
    new.casualties[0].best = 0;
    new.means.push(pb::Means::Seen.into());
    new.place.as_mut().unwrap().location = Some(position(5));
    new.imported.as_mut().unwrap().fields =
        vec![column("a", "1"), column("new", "y"), column("a", "3")];
    let found: Vec<String> = difference(&grammar::INCIDENT_REPORT, &old, &new)
        .iter()
        .map(|d| {
            let show =
                |value: &Option<Value>| value.as_ref().map_or("-".to_owned(), Value::to_string);
            format!("{}: {} > {}", d.path, show(&d.old), show(&d.new))
        })
        .collect();
    assert_eq!(
        found,
        [
            "casualties[0].best: 2 > -",
            "imported.fields[a][2]: 2 > 3",
            "imported.fields[gone]: x > -",
            "imported.fields[new]: - > y",
            "means[1]: - > MEANS_SEEN",
            "place.position.latitude: -5 > 5",
        ]
    );
    assert_eq!(difference(&grammar::INCIDENT_REPORT, &old, &old), []);
}
