//! Proposal of a remedy.

use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb::{
    self,
    VoteChoice::{Concur, ConcurSeparately, Dissent},
};
use trucelog_proto::refusal::Reason;

use super::Cases;
use super::support::Log;
use super::support::commission::{
    adopt, all_vote, asks_attribution, asks_remedy, attribution, bytes, decision, remedy,
    replacing, with_case,
};

const COMMISSIONER: (&str, &str) = ("AAA", "commissioner");

pub(super) fn cases() -> Cases {
    let (log, case) = with_case(&["PPP"]);
    let mut cases = Cases::after(
        &log,
        "AAA has reported an explosion, which is in a case to which PPP is a party.",
    );
    measures(&mut cases, log.clone(), case);
    bases(&mut cases, &log, case);
    replaced(&mut cases, log, case);
    cases
}

/// Decides an attribution, adopted or rejected.
fn decided(log: &mut Log, asked: pb::AttributionProposal, outcome: pb::Outcome) -> RecordDigest {
    let proposal = log
        .put("AAA", "commissioner", asks_attribution(asked))
        .unwrap();
    let choices = match outcome {
        pb::Outcome::Adopted => [Concur, Dissent, ConcurSeparately],
        _ => [Dissent, Dissent, Concur],
    };
    let votes = all_vote(log, proposal, choices);
    let body = decision(proposal, outcome, &votes);
    log.put("BBB", "authority", body).unwrap()
}

fn measures(cases: &mut Cases, mut log: Log, case: RecordDigest) {
    let basis = decided(&mut log, attribution(case, "PPP"), pb::Outcome::Adopted);
    let mut good = cases.good(
        (
            "two-measures",
            "Two measures, addressed to AAA, and to AAA and BBB.",
        ),
        (&log, COMMISSIONER),
        (remedy(basis), asks_remedy),
        "proposal.remedy",
    );
    good.refuses(
        "decision-unknown",
        "A decision that the log does not hold.",
        |it| it.decision = vec![2; 32],
        (Reason::ReferenceUnknown, "decision"),
    );
    good.refuses(
        "decision-of-other-type",
        "A case as a decision.",
        |it| it.decision = bytes(case),
        (Reason::ReferenceType, "decision"),
    );
    good.refuses(
        "no-measures",
        "A remedy of no measures.",
        |it| it.measures.clear(),
        (Reason::FieldRequired, "measures"),
    );
    good.refuses(
        "no-kind",
        "A measure of no kind.",
        |it| it.measures[0].kind = 0,
        (Reason::FieldRequired, "measures[0].kind"),
    );
    good.refuses(
        "no-text",
        "Another measure, not told in words.",
        |it| {
            it.measures[1].kind = pb::RemedyKind::Other.into();
            it.measures[1].text.clear();
        },
        (Reason::FieldRequired, "measures[1].text"),
    );
    good.refuses(
        "text-too-long",
        "A measure of 2,049 bytes.",
        |it| it.measures[1].text = "m".repeat(2_049),
        (Reason::FieldTooLong, "measures[1].text"),
    );
    good.refuses(
        "addressee-unknown",
        "A measure that a party is asked for, which is no member.",
        |it| it.measures[0].addressees = vec!["PPP".to_owned()],
        (Reason::MemberUnknown, "measures[0].addressees[0]"),
    );
    good.refuses(
        "addressees-not-ascending",
        "Addressees out of order.",
        |it| it.measures[1].addressees.reverse(),
        (Reason::ListOrder, "measures[1].addressees[1]"),
    );
    good.refuses(
        "stage-unknown",
        "A stage of which the rules know nothing.",
        |it| it.measures[0].stage = pb::ResponseStage::Third.into(),
        (Reason::FieldFormat, "measures[0].stage"),
    );
}

/// A remedy on an attribution that was replaced.
fn replaced(cases: &mut Cases, mut log: Log, case: RecordDigest) {
    let asks = || asks_attribution(attribution(case, "PPP"));
    let first = adopt(&mut log, asks());
    let second = adopt(&mut log, replacing(first, asks()));
    let on = |basis| log.record("AAA", "commissioner", asks_remedy(remedy(basis)));
    cases.rejects(
        "basis-replaced",
        "A remedy on an attribution that was replaced.",
        &log,
        &on(first),
        (Reason::ReferenceSuperseded, "proposal.remedy.decision"),
    );
    cases.accepts(
        "basis-in-its-place",
        "A remedy on the attribution that came in its place.",
        &log,
        &on(second),
    );
}

fn bases(cases: &mut Cases, log: &Log, case: RecordDigest) {
    let provisional = pb::AttributionProposal {
        finality: pb::Finality::Provisional.into(),
        ..attribution(case, "PPP")
    };
    let no_breach = pb::AttributionProposal {
        case: bytes(case),
        finding: pb::AttributionFinding::NotABreach.into(),
        standard_of_proof: pb::StandardOfProof::ClearAndConvincing.into(),
        finality: pb::Finality::Final.into(),
        ..pb::AttributionProposal::default()
    };
    for (name, description, asked, outcome, reason) in [
        (
            "basis-provisional",
            "A remedy on a provisional attribution, which the rules do not allow.",
            provisional,
            pb::Outcome::Adopted,
            Reason::BasisProvisional,
        ),
        (
            "basis-not-a-breach",
            "A remedy for what was found to be no breach.",
            no_breach,
            pb::Outcome::Adopted,
            Reason::BasisNotABreach,
        ),
        (
            "basis-rejected",
            "A remedy on an attribution that was rejected.",
            attribution(case, "PPP"),
            pb::Outcome::Rejected,
            Reason::NotAdopted,
        ),
    ] {
        let mut log = log.clone();
        let basis = decided(&mut log, asked, outcome);
        let record = log.record("AAA", "commissioner", asks_remedy(remedy(basis)));
        let refused = (reason, "proposal.remedy.decision");
        cases.rejects(name, description, &log, &record, refused);
    }
}
