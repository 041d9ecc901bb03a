//! Envelope: members that are suspended, have departed, or lost a role, and keys that are promised.

use trucelog_proto::pb::{
    self,
    MembershipChange::{Admit, Depart, Suspend},
    proposal::Question,
};
use trucelog_proto::refusal::Reason;

use super::Cases;
use super::support::commission::proposal;
use super::support::governance::{adopt, changed, governed, governed_charter, membership, reports};
use super::support::{Log, enrolment};

pub(super) fn cases() -> Cases {
    let log = governed();
    let mut cases = Cases::after(&log, "Three members with their stations.");
    let reports_it = |log: &Log| log.record("CCC", "monitor", reports());
    cases.accepts("report", "A monitor reports.", &log, &reports_it(&log));
    let mut suspended = log.clone();
    changed(&mut suspended, Suspend, "CCC");
    cases.rejects(
        "member-suspended",
        "A monitor of a suspended member reports.",
        &suspended,
        &reports_it(&suspended),
        (Reason::MemberSuspended, "member"),
    );
    let enrols = |log: &Log| {
        let body = enrolment("sensor-2", pb::Role::Sensor, "CCC/sensor-2");
        log.record("CCC", "authority", body)
    };
    cases.accepts(
        "suspended-enrols",
        "A suspended member changes its keys.",
        &suspended,
        &enrols(&suspended),
    );
    let mut departed = log.clone();
    changed(&mut departed, Depart, "CCC");
    for (name, record) in [
        ("member-departed", reports_it(&departed)),
        ("departed-enrols", enrols(&departed)),
    ] {
        let refused = (Reason::MemberDeparted, "member");
        cases.rejects(
            name,
            "A station of a departed member writes.",
            &departed,
            &record,
            refused,
        );
    }
    dropped(&mut cases, log.clone());
    promised(&mut cases, log);
    cases
}

fn dropped(cases: &mut Cases, mut log: Log) {
    let mut rules = governed_charter().rules.unwrap();
    for rule in &mut rules.role_rules {
        if rule.role() == pb::Role::Monitor {
            rule.members.retain(|code| code != "CCC");
        }
    }
    let without = pb::RulesProposal { rules: Some(rules) };
    adopt(&mut log, Question::Rules(without));
    cases.rejects(
        "role-not-admitted",
        "A monitor reports whose member the rules no longer admit to the role.",
        &log,
        &log.record("CCC", "monitor", reports()),
        (Reason::RoleNotAdmitted, "incident_report"),
    );
}

fn promised(cases: &mut Cases, mut log: Log) {
    let admits = proposal(Question::Membership(membership(Admit, "DDD")));
    log.put("AAA", "authority", admits).unwrap();
    let asks = |log: &Log| {
        let body = proposal(Question::Membership(membership(Suspend, "AAA")));
        log.record("DDD", "authority", body)
    };
    cases.rejects(
        "key-promised",
        "A key signs before its member is admitted.",
        &log,
        &asks(&log),
        (Reason::KeyUnknown, "public_key"),
    );
    cases.rejects(
        "promised-key-enrolled",
        "Another member enrols a key that is promised.",
        &log,
        &log.record(
            "BBB",
            "authority",
            enrolment("thief", pb::Role::Monitor, "DDD/authority"),
        ),
        (Reason::KeyEnrolled, "station_change.enrolment.public_key"),
    );
}
