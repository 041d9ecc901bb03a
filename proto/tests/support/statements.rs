//! What stations, liaisons and verifiers say besides reports and cases, for tests.

use super::{HOUR, Log, MEMBERS, START, charter};
use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb;
use trucelog_proto::pb::evidence_item::Content;
use trucelog_proto::sealed::{Salt, commitment};

/// The salt of every opening in the tests.
pub(crate) const SALT: Salt = Salt([0x5a; 32]);
/// The content of every opening in the tests.
pub(crate) const CONTENT: &[u8] = b"Camera 4, position 12, frame 3301.";

/// A staffed log in which every member has an investigator and a party liaison, too.
pub(crate) fn with_liaisons() -> Log {
    let members: Vec<String> = MEMBERS.iter().map(ToString::to_string).collect();
    let mut charter = charter();
    let rules = &mut charter.rules.as_mut().unwrap().role_rules;
    for role in [pb::Role::Investigator, pb::Role::PartyLiaison] {
        let members = members.clone();
        let role = role.into();
        rules.push(pb::RoleRule { role, members });
    }
    rules.sort_by_key(|rule| rule.role);
    let mut log = Log::staffed_under(charter);
    for member in MEMBERS {
        log.enrol(member, "investigator", pb::Role::Investigator);
        log.enrol(member, "liaison", pb::Role::PartyLiaison);
    }
    log
}

/// A camera that saw nothing for an hour, which ended two hours ago.
pub(crate) fn coverage() -> pb::CoverageReport {
    pb::CoverageReport {
        sensor: "camera 4".to_owned(),
        earliest_time: START - 3 * HOUR,
        latest_time: START - 2 * HOUR,
        status: pb::CoverageStatus::Up.into(),
        observed_count: Some(0),
        place: Some(pb::Place {
            name: "Here".to_owned(),
            ..pb::Place::default()
        }),
        ..pb::CoverageReport::default()
    }
}

/// A photograph, open.
pub(crate) fn photograph() -> pb::EvidenceItem {
    pb::EvidenceItem {
        kind: pb::EvidenceKind::Original.into(),
        captured_earliest_time: START - 2 * HOUR,
        captured_latest_time: START - HOUR,
        media_type: "image/jpeg".to_owned(),
        description: "A crater.".to_owned(),
        c2pa_manifest: vec![7; 32],
        content: Some(Content::Open(pb::OpenContent {
            digest: vec![8; 32],
            len: 48_213,
        })),
        ..pb::EvidenceItem::default()
    }
}

/// A piece of evidence that `member` commits to.
pub(crate) fn sealed(log: &Log, member: &str, content: &[u8]) -> pb::EvidenceItem {
    let commitment = commitment(&log.id.origin, member, &SALT, content);
    pb::EvidenceItem {
        kind: pb::EvidenceKind::Original.into(),
        content: Some(Content::Sealed(pb::SealedContent {
            commitment: commitment.as_bytes().to_vec(),
        })),
        ..pb::EvidenceItem::default()
    }
}

pub(crate) fn disclosure(item: RecordDigest) -> pb::Disclosure {
    pb::Disclosure {
        target: item.as_bytes().to_vec(),
        salt: SALT.0.to_vec(),
        content: CONTENT.to_vec(),
    }
}

pub(crate) fn corroboration(report: RecordDigest) -> pb::Corroboration {
    pb::Corroboration {
        target: report.as_bytes().to_vec(),
        result: pb::CorroborationResult::Confirm.into(),
        means: vec![pb::Means::Uav.into(), pb::Means::Satellite.into()],
        ..pb::Corroboration::default()
    }
}

pub(crate) fn denial(target: RecordDigest, party: &str) -> pb::PartyStatement {
    pb::PartyStatement {
        party: party.to_owned(),
        target: target.as_bytes().to_vec(),
        stance: pb::PartyStance::Deny.into(),
        text: "Our forces did not fire.".to_owned(),
    }
}

/// Counts of all kinds and of two of them, for a log of `size` entries.
pub(crate) fn summary(size: u64) -> pb::Summary {
    let count = |kind: pb::IncidentKind, reports: u64| pb::SummaryCount {
        kind: kind.into(),
        reports,
        cases: 1,
        corroborated: 1,
        withdrawn: 0,
    };
    pb::Summary {
        earliest_time: START - 24 * HOUR,
        latest_time: START,
        time_zone: "Europe/Kyiv".to_owned(),
        size,
        counts: vec![
            pb::SummaryCount {
                corroborated: 2,
                ..count(pb::IncidentKind::Unspecified, 3)
            },
            count(pb::IncidentKind::Explosion, 2),
            count(pb::IncidentKind::Shot, 1),
        ],
        ..pb::Summary::default()
    }
}
