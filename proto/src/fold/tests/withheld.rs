//! What the log commits to and does not show.

use super::support::{HOUR, Log, START, bytes, report};
use crate::fold::{Subject, WithheldKind};
use crate::pb;
use crate::pb::evidence_item::Content;
use crate::pb::place::Location;
use crate::pb::record::Body;
use crate::sealed::{Salt, commitment};

const CONTENT: &[u8] = b"what the camera saw";

fn evidence(content: Content) -> Body {
    Body::EvidenceItem(pb::EvidenceItem {
        kind: pb::EvidenceKind::Original.into(),
        media_type: "video/mp4".to_owned(),
        content: Some(content),
        ..pb::EvidenceItem::default()
    })
}

#[test]
fn sealed_evidence_is_withheld_until_it_is_opened() {
    let mut log = Log::new();
    let salt = Salt([7; 32]);
    let origin = "test.example/log".parse().unwrap();
    let commitment = commitment(&origin, "DEU", &salt, CONTENT)
        .as_bytes()
        .to_vec();
    let sealed = log.monitor(evidence(Content::Sealed(pb::SealedContent {
        commitment: commitment.clone(),
    })));
    log.monitor(evidence(Content::Open(pb::OpenContent {
        digest: vec![1; 32],
        len: 19,
    })));
    let [withheld] = log.fold.withheld().try_into().unwrap();
    assert_eq!(withheld.kind, WithheldKind::Evidence);
    assert_eq!(
        (withheld.commitment, withheld.by.digest),
        (commitment, sealed)
    );
    assert_eq!(withheld.opened, None);
    let disclosure = log.monitor(Body::Disclosure(pb::Disclosure {
        target: bytes(sealed),
        salt: salt.0.to_vec(),
        content: CONTENT.to_vec(),
    }));
    let [withheld] = log.fold.withheld().try_into().unwrap();
    assert_eq!(withheld.opened.unwrap().digest, disclosure);
    assert_eq!(
        log.fold.owner(&disclosure),
        Some(&Subject::Evidence(sealed))
    );
}

#[test]
fn facilities_and_observers_are_withheld_once_over_all_versions() {
    let mut log = Log::new();
    let mut first = report("first");
    first.place = Some(pb::Place {
        location: Some(Location::BearingFix(pb::BearingFix {
            observer_commitment: vec![1; 32],
            bearing: 3_300,
            bearing_error: 50,
            ..pb::BearingFix::default()
        })),
        ..pb::Place::default()
    });
    first.damage = vec![pb::Damage {
        text: "A protected site.".to_owned(),
        facility_commitment: vec![2; 32],
    }];
    let mut second = first.clone();
    second.damage.push(pb::Damage {
        text: "Another one.".to_owned(),
        facility_commitment: vec![3; 32],
    });
    second.damage.push(pb::Damage {
        text: "A house.".to_owned(),
        facility_commitment: Vec::new(),
    });
    let reported = log.monitor(Body::IncidentReport(first));
    let corrected = log.correct(reported, pb::CorrectionReason::LateInformation, second);
    let withheld = log.fold.withheld();
    let told: Vec<_> = withheld
        .iter()
        .map(|w| (w.kind, w.commitment[0], w.by.digest))
        .collect();
    let expected = [
        (WithheldKind::Observer, 1, reported),
        (WithheldKind::Facility, 2, reported),
        (WithheldKind::Facility, 3, corrected),
    ];
    assert_eq!(told, expected);
}

#[test]
fn the_position_of_a_sensor_is_withheld_once_over_all_its_reports() {
    let mut log = Log::new();
    let mut cover = |sensor: &str, hours_before: u64, commitment: u8| {
        let earliest_time = START - hours_before * HOUR;
        let fix = pb::BearingFix {
            observer_commitment: vec![commitment; 32],
            ..pb::BearingFix::default()
        };
        log.monitor(Body::CoverageReport(pb::CoverageReport {
            sensor: sensor.to_owned(),
            place: Some(pb::Place {
                location: Some(Location::BearingFix(fix)),
                ..pb::Place::default()
            }),
            earliest_time,
            latest_time: earliest_time + HOUR,
            status: pb::CoverageStatus::Up.into(),
            ..pb::CoverageReport::default()
        }))
    };
    let first = cover("camera", 5, 1);
    cover("camera", 4, 1);
    let moved = cover("camera", 3, 2);
    let other = cover("radar", 3, 1);
    let withheld = log.fold.withheld();
    let told: Vec<_> = withheld
        .iter()
        .map(|w| (w.kind, w.commitment[0], w.by.digest))
        .collect();
    let expected = [
        (WithheldKind::Observer, 1, first),
        (WithheldKind::Observer, 2, moved),
        (WithheldKind::Observer, 1, other),
    ];
    assert_eq!(told, expected);
}
