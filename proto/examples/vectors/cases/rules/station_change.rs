//! StationChange.

use trucelog_proto::pb::{self, record::Body, station_change::Change};
use trucelog_proto::refusal::Reason;

use super::Cases;
use super::support::{Log, change, public, report};

const AUTHORITY: (&str, &str) = ("AAA", "authority");

pub(super) fn cases() -> Cases {
    let mut log = Log::staffed();
    log.put("AAA", "monitor", Body::IncidentReport(report()))
        .unwrap();
    let mut cases = Cases::after(
        &log,
        "Three members with their stations. AAA's monitor has reported once.",
    );
    enrolments(&mut cases, &log);
    rotations(&mut cases, &log);
    revocations(&mut cases, log.clone());
    marks(&mut cases, &log);
    recovery(&mut cases, &log);
    cases
}

fn enrolments(cases: &mut Cases, log: &Log) {
    let enrolment = pb::Enrolment {
        station: "new".to_owned(),
        role: pb::Role::Monitor.into(),
        public_key: public("new"),
        holder_kind: pb::HolderKind::Office.into(),
    };
    let mut good = cases.good(
        ("enrols", "An authority enrols a monitor."),
        (log, AUTHORITY),
        (enrolment, |it| change(Change::Enrolment(it))),
        "station_change.enrolment",
    );
    good.refuses(
        "name-malformed",
        "A name with a capital letter.",
        |it| "No".clone_into(&mut it.station),
        (Reason::FieldFormat, "station"),
    );
    good.refuses(
        "name-reserved",
        "A name that every member's recovery key has.",
        |it| "recovery".clone_into(&mut it.station),
        (Reason::FieldFormat, "station"),
    );
    good.refuses(
        "station-active",
        "A station that has an active key.",
        |it| "monitor".clone_into(&mut it.station),
        (Reason::StationActive, "station"),
    );
    good.refuses(
        "no-role",
        "A station without a role.",
        |it| it.role = 0,
        (Reason::FieldRequired, "role"),
    );
    good.refuses(
        "role-operator",
        "The operator's role, which no member may hold.",
        |it| it.role = pb::Role::Operator.into(),
        (Reason::RoleNotAdmitted, "role"),
    );
    good.refuses(
        "role-not-admitted",
        "A role that the rules give to no member.",
        |it| it.role = pb::Role::Investigator.into(),
        (Reason::RoleNotAdmitted, "role"),
    );
    for (name, description, key, reason) in [
        (
            "key-enrolled",
            "The key of another station.",
            public("AAA/monitor"),
            Reason::KeyEnrolled,
        ),
        (
            "key-of-operator",
            "The operator's key.",
            public("operator"),
            Reason::KeyEnrolled,
        ),
        (
            "key-of-log",
            "The log's key.",
            public("log"),
            Reason::KeyReserved,
        ),
        (
            "key-weak",
            "A key of small order.",
            vec![0; 32],
            Reason::KeyWeak,
        ),
        (
            "key-malformed",
            "A key that is no point.",
            vec![0xff; 32],
            Reason::KeyMalformed,
        ),
    ] {
        good.refuses(
            name,
            description,
            |it| it.public_key = key,
            (reason, "public_key"),
        );
    }
    cases.rejects(
        "by-a-monitor",
        "A monitor enrols.",
        log,
        &log.record(
            "AAA",
            "monitor",
            super::support::enrolment("new", pb::Role::Monitor, "new"),
        ),
        (Reason::RoleNotAllowed, "station_change"),
    );
}

fn rotation(station: &str, old: &str, last: u64) -> pb::Rotation {
    pb::Rotation {
        station: station.to_owned(),
        old_public_key: public(old),
        old_last_sequence: last,
        new_public_key: public("next"),
    }
}

fn rotations(cases: &mut Cases, log: &Log) {
    let mut good = cases.good(
        ("rotates", "An authority replaces the key of its monitor."),
        (log, AUTHORITY),
        (rotation("monitor", "AAA/monitor", 1), |it| {
            change(Change::Rotation(it))
        }),
        "station_change.rotation",
    );
    good.refuses(
        "rotation-behind",
        "It states fewer records of the old key than the log holds.",
        |it| it.old_last_sequence = 0,
        (Reason::LastSequenceBehind, "old_last_sequence"),
    );
    good.refuses(
        "rotation-of-unknown-station",
        "A station that the member does not have.",
        |it| "nowhere".clone_into(&mut it.station),
        (Reason::StationUnknown, "old_public_key"),
    );
    good.refuses(
        "rotation-of-other-key",
        "The key of another of its stations.",
        |it| it.old_public_key = public("AAA/sensor"),
        (Reason::StationUnknown, "old_public_key"),
    );
    good.refuses(
        "rotation-to-enrolled-key",
        "A new key that another station has.",
        |it| it.new_public_key = public("BBB/monitor"),
        (Reason::KeyEnrolled, "new_public_key"),
    );
}

fn revocations(cases: &mut Cases, mut log: Log) {
    let revocation = pb::Revocation {
        station: "monitor".to_owned(),
        public_key: public("AAA/monitor"),
        last_sequence: 1,
        reason: "Lost.".to_owned(),
    };
    let mut good = cases.good(
        ("revokes", "An authority ends the key of its monitor."),
        (&log, AUTHORITY),
        (revocation.clone(), |it| change(Change::Revocation(it))),
        "station_change.revocation",
    );
    good.refuses(
        "revocation-behind",
        "It states fewer records of the key than the log holds.",
        |it| it.last_sequence = 0,
        (Reason::LastSequenceBehind, "last_sequence"),
    );
    good.refuses(
        "reason-too-long",
        "A reason of 1,025 bytes.",
        |it| it.reason = "r".repeat(1_025),
        (Reason::FieldTooLong, "reason"),
    );
    let body = || change(Change::Revocation(revocation.clone()));
    log.put("AAA", "authority", body()).unwrap();
    cases.rejects(
        "revoked-again",
        "A key that was revoked.",
        &log,
        &log.record("AAA", "authority", body()),
        (Reason::KeyRevoked, "station_change.revocation.public_key"),
    );
}

fn marks(cases: &mut Cases, log: &Log) {
    let mark = pb::CompromiseMark {
        station: "monitor".to_owned(),
        public_key: public("AAA/monitor"),
        since_index: log.size(),
        reason: String::new(),
    };
    let mut good = cases.good(
        (
            "marks",
            "An authority marks the key of its monitor as compromised.",
        ),
        (log, AUTHORITY),
        (mark, |it| change(Change::CompromiseMark(it))),
        "station_change.compromise_mark",
    );
    good.refuses(
        "mark-ahead",
        "It is compromised from an index on that is not there yet.",
        |it| it.since_index += 1,
        (Reason::OutOfRange, "since_index"),
    );
}

fn recovery(cases: &mut Cases, log: &Log) {
    let last = log.stations[&("AAA".to_owned(), "authority".to_owned())].1;
    let rotates = |it| change(Change::Rotation(it));
    let record = |body: Body| log.record("AAA", "recovery", body);
    cases.accepts(
        "recovery-rotates-authority",
        "The recovery key replaces the authority's key.",
        log,
        &record(rotates(rotation("authority", "AAA/authority", last))),
    );
    cases.rejects(
        "recovery-rotates-monitor",
        "The recovery key replaces a monitor's key.",
        log,
        &record(rotates(rotation("monitor", "AAA/monitor", 1))),
        (Reason::RoleNotAllowed, "station_change.rotation.station"),
    );
    let enrols = super::support::enrolment("new", pb::Role::Monitor, "new");
    cases.rejects(
        "recovery-enrols",
        "The recovery key enrols a monitor.",
        log,
        &record(enrols),
        (Reason::RoleNotAllowed, "station_change.enrolment"),
    );
}
