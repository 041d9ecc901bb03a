//! EvidenceItem.

use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb::{self, evidence_item::Content, record::Body};
use trucelog_proto::refusal::Reason;

use super::Cases;
use super::support::statements::{CONTENT, photograph, sealed, with_liaisons};
use super::support::{Log, START, report};
use crate::body;

pub(super) fn cases() -> Cases {
    let mut log = with_liaisons();
    let first = log.put("AAA", "monitor", Body::EvidenceItem(photograph()));
    log.put("AAA", "monitor", Body::IncidentReport(report()))
        .unwrap();
    let item = sealed(&log, "AAA", CONTENT);
    log.put("AAA", "monitor", Body::EvidenceItem(item)).unwrap();
    let mut cases = Cases::after(
        &log,
        "Three members with their stations. AAA has registered a photograph, a report, and a sealed piece of evidence.",
    );
    forms(&mut cases, &log);
    origins(&mut cases, &log, first.unwrap());
    contents(&mut cases, &log);
    cases
}

fn record(log: &Log, item: pb::EvidenceItem) -> pb::Record {
    log.record("BBB", "investigator", Body::EvidenceItem(item))
}

fn forms(cases: &mut Cases, log: &Log) {
    let good = record(log, photograph());
    let at = (log, &good);
    cases.accepts("open", "A photograph, by digest and length.", log, &good);
    cases.refuses(
        "no-kind",
        "Evidence without a kind.",
        at,
        |it| body!(it, EvidenceItem).kind = 0,
        (Reason::FieldRequired, "evidence_item.kind"),
    );
    cases.refuses(
        "capture-without-end",
        "A capture that starts and does not end.",
        at,
        |it| body!(it, EvidenceItem).captured_latest_time = 0,
        (Reason::FieldRequired, "evidence_item.captured_latest_time"),
    );
    cases.refuses(
        "capture-without-start",
        "A capture that ends and did not start.",
        at,
        |it| body!(it, EvidenceItem).captured_earliest_time = 0,
        (
            Reason::FieldNotAllowed,
            "evidence_item.captured_latest_time",
        ),
    );
    cases.refuses(
        "capture-reversed",
        "A capture that ends before it starts.",
        at,
        |it| {
            let item = body!(it, EvidenceItem);
            item.captured_latest_time = item.captured_earliest_time - 1;
        },
        (Reason::TimeOrder, "evidence_item.captured_latest_time"),
    );
    cases.refuses(
        "capture-ahead",
        "A capture that ends later than the tolerance allows.",
        at,
        |it| body!(it, EvidenceItem).captured_latest_time = START + 300_001,
        (Reason::TimeAhead, "evidence_item.captured_latest_time"),
    );
    cases.refuses(
        "media-type-too-long",
        "A media type of 129 bytes.",
        at,
        |it| body!(it, EvidenceItem).media_type = "m".repeat(129),
        (Reason::FieldTooLong, "evidence_item.media_type"),
    );
    cases.refuses(
        "description-too-long",
        "A description of 1,025 bytes.",
        at,
        |it| body!(it, EvidenceItem).description = "d".repeat(1_025),
        (Reason::FieldTooLong, "evidence_item.description"),
    );
    cases.refuses(
        "manifest-short",
        "A digest of a C2PA manifest of 31 bytes.",
        at,
        |it| body!(it, EvidenceItem).c2pa_manifest = vec![7; 31],
        (Reason::FieldFormat, "evidence_item.c2pa_manifest"),
    );
    cases.rejects(
        "by-a-verifier",
        "A verifier registers evidence.",
        log,
        &log.record("AAA", "verifier", Body::EvidenceItem(photograph())),
        (Reason::RoleNotAllowed, "evidence_item"),
    );
}

fn origins(cases: &mut Cases, log: &Log, first: RecordDigest) {
    let copy = pb::EvidenceItem {
        kind: pb::EvidenceKind::Copy.into(),
        derived_from: first.as_bytes().to_vec(),
        ..photograph()
    };
    let good = record(log, copy);
    let at = (log, &good);
    cases.accepts("copy", "A copy of another member's photograph.", log, &good);
    cases.refuses(
        "copy-of-nothing",
        "A copy that does not say of what.",
        at,
        |it| body!(it, EvidenceItem).derived_from.clear(),
        (Reason::FieldRequired, "evidence_item.derived_from"),
    );
    cases.refuses(
        "original-of-something",
        "An original that is derived from something.",
        at,
        |it| body!(it, EvidenceItem).kind = pb::EvidenceKind::Original.into(),
        (Reason::FieldNotAllowed, "evidence_item.derived_from"),
    );
    cases.refuses(
        "derived-from-unknown",
        "A copy of a record that the log does not hold.",
        at,
        |it| body!(it, EvidenceItem).derived_from = vec![1; 32],
        (Reason::ReferenceUnknown, "evidence_item.derived_from"),
    );
    cases.refuses(
        "derived-from-other-type",
        "A copy of the charter.",
        at,
        |it| body!(it, EvidenceItem).derived_from = log.id.charter.as_bytes().to_vec(),
        (Reason::ReferenceType, "evidence_item.derived_from"),
    );
}

fn contents(cases: &mut Cases, log: &Log) {
    let good = record(log, photograph());
    let at = (log, &good);
    cases.refuses(
        "no-content",
        "Evidence with neither digest nor commitment.",
        at,
        |it| body!(it, EvidenceItem).content = None,
        (Reason::FieldRequired, "evidence_item.content"),
    );
    let open = |digest: Vec<u8>, len: u64| Some(Content::Open(pb::OpenContent { digest, len }));
    cases.refuses(
        "no-digest",
        "Open content without a digest.",
        at,
        |it| body!(it, EvidenceItem).content = open(Vec::new(), 1),
        (Reason::FieldRequired, "evidence_item.open.digest"),
    );
    cases.refuses(
        "digest-short",
        "A digest of 31 bytes.",
        at,
        |it| body!(it, EvidenceItem).content = open(vec![8; 31], 1),
        (Reason::FieldFormat, "evidence_item.open.digest"),
    );
    cases.refuses(
        "no-length",
        "Open content without a length.",
        at,
        |it| body!(it, EvidenceItem).content = open(vec![8; 32], 0),
        (Reason::FieldRequired, "evidence_item.open.len"),
    );
    let good = record(log, sealed(log, "BBB", CONTENT));
    let at = (log, &good);
    cases.accepts(
        "sealed",
        "Evidence by commitment. Another member's commitment to the same content differs.",
        log,
        &good,
    );
    let commitment = |commitment: Vec<u8>| Some(Content::Sealed(pb::SealedContent { commitment }));
    cases.refuses(
        "no-commitment",
        "Sealed content without a commitment.",
        at,
        |it| body!(it, EvidenceItem).content = commitment(Vec::new()),
        (Reason::FieldRequired, "evidence_item.sealed.commitment"),
    );
    cases.refuses(
        "commitment-short",
        "A commitment of 31 bytes.",
        at,
        |it| body!(it, EvidenceItem).content = commitment(vec![8; 31]),
        (Reason::FieldFormat, "evidence_item.sealed.commitment"),
    );
    cases.refuses(
        "commitment-used",
        "The commitment that another record holds.",
        at,
        |it| body!(it, EvidenceItem).content = sealed(log, "AAA", CONTENT).content,
        (Reason::CommitmentUsed, "evidence_item.sealed.commitment"),
    );
}
