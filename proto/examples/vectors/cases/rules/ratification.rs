//! Ratification.

use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb::{
    self,
    RatificationStep::{Ratified, Refused, Signed, Withdrawn},
    proposal::Question,
    record::Body,
};
use trucelog_proto::refusal::Reason;

use super::Cases;
use super::support::Log;
use super::support::commission::bytes;
use super::support::governance::{adopt, protocol_text, ratification, with_text};

const AUTHORITY: (&str, &str) = ("AAA", "authority");
const BELOW: &str = "ratification";

pub(super) fn cases() -> Cases {
    let (log, adopted) = with_text();
    let mut cases = Cases::after(
        &log,
        "Three members with their stations, and an adopted protocol text.",
    );
    form(&mut cases, &log, adopted);
    steps(&mut cases, log.clone(), adopted);
    replaced(&mut cases, log, adopted);
    cases
}

fn form(cases: &mut Cases, log: &Log, adopted: RecordDigest) {
    let mut good = cases.good(
        ("signed", "A signature, with everything that it may say."),
        (log, AUTHORITY),
        (ratification(adopted, Signed), Body::Ratification),
        BELOW,
    );
    good.refuses(
        "no-step",
        "A ratification without a step.",
        |it| it.step = 0,
        (Reason::FieldRequired, "step"),
    );
    good.refuses(
        "body-too-long",
        "A body of 257 bytes.",
        |it| it.body = "x".repeat(257),
        (Reason::FieldTooLong, "body"),
    );
    good.refuses(
        "procedure-too-long",
        "A procedure of 1,025 bytes.",
        |it| it.procedure = "x".repeat(1_025),
        (Reason::FieldTooLong, "procedure"),
    );
    good.refuses(
        "instrument-length",
        "An instrument of one byte.",
        |it| it.instrument = vec![1],
        (Reason::FieldFormat, "instrument"),
    );
    good.refuses(
        "text-unknown",
        "A text that the log does not hold.",
        |it| it.decision = vec![1; 32],
        (Reason::ReferenceUnknown, "decision"),
    );
    good.refuses(
        "text-of-other-type",
        "The charter as a text.",
        |it| it.decision = log.id.charter.as_bytes().to_vec(),
        (Reason::ReferenceType, "decision"),
    );
    good.refuses(
        "ratified-first",
        "A ratification before the signature.",
        |it| it.step = Ratified.into(),
        (Reason::StepOrder, "step"),
    );
    cases.rejects(
        "by-a-monitor",
        "A monitor signs.",
        log,
        &log.record(
            "AAA",
            "monitor",
            Body::Ratification(ratification(adopted, Signed)),
        ),
        (Reason::RoleNotAllowed, "ratification"),
    );
}

fn steps(cases: &mut Cases, mut log: Log, adopted: RecordDigest) {
    let takes = |step| Body::Ratification(ratification(adopted, step));
    log.put("AAA", "authority", takes(Signed)).unwrap();
    let mut good = cases.good(
        ("ratified", "A parliament ratifies what was signed."),
        (&log, AUTHORITY),
        (ratification(adopted, Ratified), Body::Ratification),
        BELOW,
    );
    good.refuses(
        "no-body",
        "A ratification that does not say by whom.",
        |it| it.body.clear(),
        (Reason::FieldRequired, "body"),
    );
    good.refuses(
        "signed-twice",
        "A second signature.",
        |it| it.step = Signed.into(),
        (Reason::StepOrder, "step"),
    );
    log.put("AAA", "authority", takes(Refused)).unwrap();
    for (name, description, step) in [
        (
            "ratified-after-refusal",
            "A ratification after a refusal.",
            Ratified,
        ),
        (
            "withdrawn-after-refusal",
            "A withdrawal after a refusal.",
            Withdrawn,
        ),
    ] {
        let record = log.record("AAA", "authority", takes(step));
        let refused = (Reason::StepOrder, "ratification.step");
        cases.rejects(name, description, &log, &record, refused);
    }
}

fn replaced(cases: &mut Cases, mut log: Log, first: RecordDigest) {
    let takes = |step| Body::Ratification(ratification(first, step));
    log.put("AAA", "authority", takes(Signed)).unwrap();
    let next = pb::ProtocolTextProposal {
        supersedes: bytes(first),
        ..protocol_text()
    };
    adopt(&mut log, Question::ProtocolText(next));
    cases.accepts(
        "ratified-after-replacement",
        "A ratification of a text that was signed before it was replaced.",
        &log,
        &log.record("AAA", "authority", takes(Ratified)),
    );
    cases.rejects(
        "signed-after-replacement",
        "A signature under a text that was replaced.",
        &log,
        &log.record("BBB", "authority", takes(Signed)),
        (Reason::ReferenceSuperseded, "ratification.decision"),
    );
}
