//! Closure.

use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb::{
    self,
    ClosureResult::{NoViolation, Pending, Violation},
    VoteChoice::Concur,
    record::Body,
};
use trucelog_proto::refusal::Reason;

use super::Cases;
use super::support::Log;
use super::support::commission::{
    all_vote, asks_attribution, asks_remedy, attribution, bytes, decision, remedy, with_case,
};
use super::support::governance::closure;

const COMMISSIONER: (&str, &str) = ("BBB", "commissioner");

pub(super) fn cases() -> Cases {
    let (mut log, case) = with_case(&["PPP"]);
    let extended = log.put("AAA", "verifier", extension(case)).unwrap();
    let mut cases = Cases::after(
        &log,
        "Three members with their stations, a report, a case and its extension.",
    );
    form(&mut cases, &log, case, extended);
    open_proposal(&mut cases, log.clone(), case);
    result(&mut cases, log, case);
    cases
}

fn extension(case: RecordDigest) -> Body {
    Body::Case(pb::Case {
        extends: bytes(case),
        ..pb::Case::default()
    })
}

fn form(cases: &mut Cases, log: &Log, case: RecordDigest, extended: RecordDigest) {
    let mut good = cases.good(
        (
            "pending",
            "A case on which nothing was decided is left pending.",
        ),
        (log, COMMISSIONER),
        (closure(case, Pending), Body::Closure),
        "closure",
    );
    good.refuses(
        "no-result",
        "A closure without a result.",
        |it| it.result = 0,
        (Reason::FieldRequired, "result"),
    );
    good.refuses(
        "no-reason",
        "A closure without a reason.",
        |it| it.reason.clear(),
        (Reason::FieldRequired, "reason"),
    );
    good.refuses(
        "reason-too-long",
        "A reason of 4,097 bytes.",
        |it| it.reason = "x".repeat(4_097),
        (Reason::FieldTooLong, "reason"),
    );
    good.refuses(
        "case-unknown",
        "A case that the log does not hold.",
        |it| it.case = vec![1; 32],
        (Reason::ReferenceUnknown, "case"),
    );
    good.refuses(
        "case-of-other-type",
        "The charter as a case.",
        |it| it.case = log.id.charter.as_bytes().to_vec(),
        (Reason::ReferenceType, "case"),
    );
    good.refuses(
        "case-extension",
        "The extension of a case.",
        |it| it.case = bytes(extended),
        (Reason::ReferenceSuperseded, "case"),
    );
    good.refuses(
        "violation-undecided",
        "A violation that nobody has decided.",
        |it| it.result = Violation.into(),
        (Reason::ResultDiffers, "result"),
    );
    cases.rejects(
        "by-a-verifier",
        "A verifier closes a case.",
        log,
        &log.record("AAA", "verifier", Body::Closure(closure(case, Pending))),
        (Reason::RoleNotAllowed, "closure"),
    );
}

fn open_proposal(cases: &mut Cases, mut log: Log, case: RecordDigest) {
    let asks = asks_attribution(attribution(case, "PPP"));
    log.put("AAA", "commissioner", asks).unwrap();
    cases.rejects(
        "proposal-open",
        "A case with a proposal under vote.",
        &log,
        &log.record("BBB", "commissioner", Body::Closure(closure(case, Pending))),
        (Reason::ProposalOpen, "closure.case"),
    );
}

fn result(cases: &mut Cases, mut log: Log, case: RecordDigest) {
    let asks = || asks_attribution(attribution(case, "PPP"));
    let asked = log.put("AAA", "commissioner", asks()).unwrap();
    let votes = all_vote(&mut log, asked, [Concur, Concur, Concur]);
    let adopts = decision(asked, pb::Outcome::Adopted, &votes);
    let adopted = log.put("AAA", "authority", adopts).unwrap();
    let mut good = cases.good(
        ("violation", "A case in which a breach was found."),
        (&log, COMMISSIONER),
        (closure(case, Violation), Body::Closure),
        "closure",
    );
    good.refuses(
        "no-violation-against-the-votes",
        "The opposite of what was decided.",
        |it| it.result = NoViolation.into(),
        (Reason::ResultDiffers, "result"),
    );
    let ends = || Body::Closure(closure(case, Violation));
    log.put("BBB", "commissioner", ends()).unwrap();
    let late: [(_, _, _, &str, Body, _); 4] = [
        (
            "closed",
            "A case that is closed already.",
            "BBB",
            "commissioner",
            ends(),
            "closure.case",
        ),
        (
            "extension-of-a-closed-case",
            "A closed case is extended.",
            "AAA",
            "verifier",
            extension(case),
            "case.extends",
        ),
        (
            "attribution-in-a-closed-case",
            "An attribution in a closed case.",
            "AAA",
            "commissioner",
            asks(),
            "proposal.attribution.case",
        ),
        (
            "remedy-in-a-closed-case",
            "A remedy in a closed case.",
            "AAA",
            "commissioner",
            asks_remedy(remedy(adopted)),
            "proposal.remedy.decision",
        ),
    ];
    for (name, description, member, station, body, field) in late {
        let record = log.record(member, station, body);
        cases.rejects(
            name,
            description,
            &log,
            &record,
            (Reason::CaseClosed, field),
        );
    }
}
