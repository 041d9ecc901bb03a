//! Disclosure.

use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb::{self, record::Body};
use trucelog_proto::refusal::Reason;

use super::Cases;
use super::support::Log;
use super::support::statements::{CONTENT, SALT, disclosure, photograph, sealed, with_liaisons};
use crate::body;

pub(super) fn cases() -> Cases {
    let mut log = with_liaisons();
    let item = sealed(&log, "AAA", CONTENT);
    let item = log.put("AAA", "monitor", Body::EvidenceItem(item));
    let open = log.put("AAA", "monitor", Body::EvidenceItem(photograph()));
    let mut cases = Cases::after(
        &log,
        "Three members with their stations. AAA has registered a sealed piece of evidence and an open one.",
    );
    openings(&mut cases, log, item.unwrap(), open.unwrap());
    cases
}

fn record(log: &Log, disclosure: pb::Disclosure) -> pb::Record {
    log.record("AAA", "investigator", Body::Disclosure(disclosure))
}

fn openings(cases: &mut Cases, mut log: Log, item: RecordDigest, open: RecordDigest) {
    let good = record(&log, disclosure(item));
    let at = (&log, &good);
    cases.accepts(
        "opens",
        "Another station of the member opens its commitment.",
        &log,
        &good,
    );
    cases.refuses(
        "no-content",
        "An opening without content.",
        at,
        |it| body!(it, Disclosure).content.clear(),
        (Reason::FieldRequired, "disclosure.content"),
    );
    cases.refuses(
        "no-salt",
        "An opening without its salt.",
        at,
        |it| body!(it, Disclosure).salt.clear(),
        (Reason::FieldRequired, "disclosure.salt"),
    );
    cases.refuses(
        "salt-short",
        "A salt of 31 bytes.",
        at,
        |it| body!(it, Disclosure).salt = SALT.0[1..].to_vec(),
        (Reason::FieldFormat, "disclosure.salt"),
    );
    cases.refuses(
        "target-unknown",
        "An opening of a record that the log does not hold.",
        at,
        |it| body!(it, Disclosure).target = vec![1; 32],
        (Reason::ReferenceUnknown, "disclosure.target"),
    );
    cases.refuses(
        "target-of-other-type",
        "An opening of the charter.",
        at,
        |it| body!(it, Disclosure).target = log.id.charter.as_bytes().to_vec(),
        (Reason::ReferenceType, "disclosure.target"),
    );
    cases.rejects(
        "by-another-member",
        "Another member opens the commitment, with the right salt and content.",
        &log,
        &log.record("BBB", "monitor", Body::Disclosure(disclosure(item))),
        (Reason::OtherMember, "disclosure.target"),
    );
    cases.rejects(
        "by-a-verifier",
        "A station of the member that may not register evidence opens its commitment.",
        &log,
        &log.record("AAA", "verifier", Body::Disclosure(disclosure(item))),
        (Reason::RoleNotAllowed, "disclosure"),
    );
    cases.refuses(
        "not-sealed",
        "An opening of evidence that is open.",
        at,
        |it| body!(it, Disclosure).target = open.as_bytes().to_vec(),
        (Reason::NotSealed, "disclosure.target"),
    );
    cases.refuses(
        "other-content",
        "One byte of the content differs.",
        at,
        |it| body!(it, Disclosure).content[0] ^= 1,
        (Reason::OpeningDiffers, "disclosure.content"),
    );
    cases.refuses(
        "other-salt",
        "One bit of the salt differs.",
        at,
        |it| body!(it, Disclosure).salt[31] ^= 1,
        (Reason::OpeningDiffers, "disclosure.content"),
    );
    log.put_record(&good).unwrap();
    cases.rejects(
        "second",
        "The same opening again.",
        &log,
        &log.record("AAA", "monitor", Body::Disclosure(disclosure(item))),
        (Reason::SecondDisclosure, "disclosure.target"),
    );
}
