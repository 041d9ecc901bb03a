//! `PROTOCOL_TEXT`.

use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb::{self, VoteChoice::Dissent, proposal::Question, record::Body};
use trucelog_proto::refusal::Reason;

use super::Cases;
use super::support::commission::{bytes, decision, proposal, vote};
use super::support::governance::{carry, protocol_text, with_text};
use super::support::{Log, MEMBERS, START, report};

const AUTHORITY: (&str, &str) = ("AAA", "authority");
const BELOW: &str = "proposal.protocol_text";

pub(super) fn cases() -> Cases {
    let (log, adopted) = with_text();
    let mut cases = Cases::after(
        &log,
        "Three members with their stations, and an adopted text with the clauses 1.a and 2.1.",
    );
    versions(&mut cases, &log);
    clauses(&mut cases, &log);
    times(&mut cases, &log);
    replacement(&mut cases, log.clone(), adopted);
    references(&mut cases, log, adopted);
    cases
}

fn asks(body: pb::ProtocolTextProposal) -> Body {
    proposal(Question::ProtocolText(body))
}

fn versions(cases: &mut Cases, log: &Log) {
    let mut good = cases.good(
        (
            "text",
            "A text in two languages, with two clauses and an annex.",
        ),
        (log, AUTHORITY),
        (protocol_text(), asks),
        BELOW,
    );
    good.refuses(
        "no-title",
        "A text without a title.",
        |it| it.title.clear(),
        (Reason::FieldRequired, "title"),
    );
    good.refuses(
        "title-too-long",
        "A title of 513 bytes.",
        |it| it.title = "x".repeat(513),
        (Reason::FieldTooLong, "title"),
    );
    good.refuses(
        "no-language",
        "A text in no language.",
        |it| it.language_versions.clear(),
        (Reason::FieldRequired, "language_versions"),
    );
    good.refuses(
        "language-too-short",
        "A language tag of one letter.",
        |it| "e".clone_into(&mut it.language_versions[0].language),
        (Reason::FieldFormat, "language_versions[0].language"),
    );
    good.refuses(
        "language-form",
        "A language tag with an underscore.",
        |it| "en_GB".clone_into(&mut it.language_versions[0].language),
        (Reason::FieldFormat, "language_versions[0].language"),
    );
    good.refuses(
        "no-language-digest",
        "A language version without a digest.",
        |it| it.language_versions[1].digest.clear(),
        (Reason::FieldRequired, "language_versions[1].digest"),
    );
    good.refuses(
        "language-digest-length",
        "A digest of 31 bytes.",
        |it| it.language_versions[1].digest.truncate(31),
        (Reason::FieldFormat, "language_versions[1].digest"),
    );
    good.refuses(
        "language-order",
        "Languages that descend.",
        |it| it.language_versions.reverse(),
        (Reason::ListOrder, "language_versions[1]"),
    );
}

fn clauses(cases: &mut Cases, log: &Log) {
    let without = pb::ProtocolTextProposal {
        clauses: Vec::new(),
        ..protocol_text()
    };
    cases.accepts(
        "no-clauses",
        "A text without clauses.",
        log,
        &log.record("AAA", "authority", asks(without)),
    );
    let mut good = cases.good(
        ("another-text", "A text beside the one in force."),
        (log, AUTHORITY),
        (another_text(), asks),
        BELOW,
    );
    good.refuses(
        "no-clause-id",
        "A clause without an identifier.",
        |it| it.clauses[0].id.clear(),
        (Reason::FieldRequired, "clauses[0].id"),
    );
    good.refuses(
        "clause-id-too-long",
        "An identifier of 65 bytes.",
        |it| it.clauses[1].id = "x".repeat(65),
        (Reason::FieldTooLong, "clauses[1].id"),
    );
    good.refuses(
        "no-clause-digest",
        "A clause without a digest.",
        |it| it.clauses[0].digest.clear(),
        (Reason::FieldRequired, "clauses[0].digest"),
    );
    good.refuses(
        "clause-digest-length",
        "A clause with a digest of 33 bytes.",
        |it| it.clauses[0].digest.push(1),
        (Reason::FieldFormat, "clauses[0].digest"),
    );
    good.refuses(
        "clause-title-too-long",
        "A clause with a title of 257 bytes.",
        |it| it.clauses[0].title = "x".repeat(257),
        (Reason::FieldTooLong, "clauses[0].title"),
    );
    good.refuses(
        "clause-order",
        "Clauses that descend.",
        |it| it.clauses.reverse(),
        (Reason::ListOrder, "clauses[1]"),
    );
}

fn another_text() -> pb::ProtocolTextProposal {
    pb::ProtocolTextProposal {
        title: "Another text".to_owned(),
        ..protocol_text()
    }
}

fn times(cases: &mut Cases, log: &Log) {
    let mut good = cases.good(
        ("open-ended", "A text that does not end."),
        (log, AUTHORITY),
        (
            pb::ProtocolTextProposal {
                expiry_time: 0,
                ..protocol_text()
            },
            asks,
        ),
        BELOW,
    );
    good.refuses(
        "no-effective-time",
        "A text that does not say when it takes effect.",
        |it| it.effective_time = 0,
        (Reason::FieldRequired, "effective_time"),
    );
    good.refuses(
        "not-as-written",
        "A text without the instant as it writes it.",
        |it| it.effective_as_written.clear(),
        (Reason::FieldRequired, "effective_as_written"),
    );
    good.refuses(
        "as-written-too-long",
        "An instant of 129 bytes.",
        |it| it.effective_as_written = "x".repeat(129),
        (Reason::FieldTooLong, "effective_as_written"),
    );
    good.refuses(
        "ends-before-it-begins",
        "A text that ends a millisecond before it takes effect.",
        |it| it.expiry_time = START - 1,
        (Reason::TimeOrder, "expiry_time"),
    );
    good.refuses(
        "annex-length",
        "An annex of 20 bytes.",
        |it| it.annexes[0].truncate(20),
        (Reason::FieldFormat, "annexes[0]"),
    );
}

fn replacement(cases: &mut Cases, mut log: Log, first: RecordDigest) {
    let replaces = pb::ProtocolTextProposal {
        supersedes: bytes(first),
        ..protocol_text()
    };
    let mut good = cases.good(
        ("replacement", "A text that replaces the one in force."),
        (&log, AUTHORITY),
        (replaces.clone(), asks),
        BELOW,
    );
    good.refuses(
        "replaces-nothing",
        "A text that replaces a record which the log does not hold.",
        |it| it.supersedes = vec![7; 32],
        (Reason::ReferenceUnknown, "supersedes"),
    );
    good.refuses(
        "replaces-a-charter",
        "A text that replaces the charter.",
        |it| it.supersedes = log.id.charter.as_bytes().to_vec(),
        (Reason::ReferenceType, "supersedes"),
    );
    let twice = Body::Proposal(pb::Proposal {
        title: "A text".to_owned(),
        supersedes: bytes(first),
        question: Some(Question::ProtocolText(replaces.clone())),
        ..pb::Proposal::default()
    });
    cases.rejects(
        "supersedes-outside",
        "A proposal that names the replaced text outside the text, too.",
        &log,
        &log.record("AAA", "authority", twice),
        (Reason::FieldNotAllowed, "proposal.supersedes"),
    );
    let asked = log.put("AAA", "authority", asks(replaces.clone())).unwrap();
    cases.rejects(
        "proposal-open",
        "A second replacement of a text before the first is decided.",
        &log,
        &log.record("BBB", "authority", asks(replaces.clone())),
        (Reason::ProposalOpen, "proposal.protocol_text.supersedes"),
    );
    carry(&mut log, asked);
    cases.rejects(
        "replaced",
        "A replacement of a text that was replaced.",
        &log,
        &log.record("BBB", "authority", asks(replaces)),
        (
            Reason::ReferenceSuperseded,
            "proposal.protocol_text.supersedes",
        ),
    );
}

fn references(cases: &mut Cases, mut log: Log, adopted: RecordDigest) {
    let names = |text: RecordDigest, clause: &str| {
        Body::IncidentReport(pb::IncidentReport {
            clause_references: vec![pb::ClauseReference {
                protocol_text: bytes(text),
                clause: clause.to_owned(),
            }],
            ..report()
        })
    };
    cases.accepts(
        "clause-of-the-text",
        "A report that names a clause.",
        &log,
        &log.record("AAA", "monitor", names(adopted, "2.1")),
    );
    cases.rejects(
        "clause-unknown",
        "A report that names a clause which the text does not have.",
        &log,
        &log.record("AAA", "monitor", names(adopted, "2.2")),
        (
            Reason::ClauseUnknown,
            "incident_report.clause_references[0].clause",
        ),
    );
    let asked = log.put("AAA", "authority", asks(another_text())).unwrap();
    let votes = MEMBERS.map(|voter| log.put(voter, "authority", vote(asked, Dissent)).unwrap());
    let rejected = decision(asked, pb::Outcome::Rejected, &votes);
    let rejected = log.put("AAA", "authority", rejected).unwrap();
    cases.rejects(
        "text-not-adopted",
        "A report that names a clause of a rejected text.",
        &log,
        &log.record("AAA", "monitor", names(rejected, "2.1")),
        (
            Reason::NotAdopted,
            "incident_report.clause_references[0].protocol_text",
        ),
    );
    let replaces = pb::ProtocolTextProposal {
        supersedes: bytes(rejected),
        ..protocol_text()
    };
    cases.rejects(
        "replaces-rejected",
        "A replacement of a rejected text.",
        &log,
        &log.record("AAA", "authority", asks(replaces)),
        (Reason::NotAdopted, "proposal.protocol_text.supersedes"),
    );
}
