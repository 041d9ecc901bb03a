//! Proposal of an attribution.

use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb::{self, VoteChoice::Concur, proposal::Question, record::Body};
use trucelog_proto::refusal::Reason;

use super::Cases;
use super::support::commission::{
    adopt, all_vote, asks_attribution, attribution, bytes, decision, proposal, replacing, with_case,
};
use super::support::{Log, charter, charter_record, report};

const COMMISSIONER: (&str, &str) = ("AAA", "commissioner");

pub(super) fn cases() -> Cases {
    let (log, case) = with_case(&["PPP"]);
    let mut cases = Cases::after(
        &log,
        "AAA has reported an explosion, which is in a case to which PPP is a party.",
    );
    let mut good = cases.good(
        (
            "party",
            "The commission is asked to attribute the breach to PPP.",
        ),
        (&log, COMMISSIONER),
        (attribution(case, "PPP"), asks_attribution),
        "proposal.attribution",
    );
    good.refuses(
        "case-unknown",
        "A case that the log does not hold.",
        |it| it.case = vec![4; 32],
        (Reason::ReferenceUnknown, "case"),
    );
    good.refuses(
        "case-of-other-type",
        "The charter as a case.",
        |it| it.case = log.id.charter.as_bytes().to_vec(),
        (Reason::ReferenceType, "case"),
    );
    good.refuses(
        "no-finding",
        "Nothing is found.",
        |it| it.finding = 0,
        (Reason::FieldRequired, "finding"),
    );
    good.refuses(
        "no-clause",
        "A breach of no clause.",
        |it| it.clause = None,
        (Reason::FieldRequired, "clause"),
    );
    good.refuses(
        "no-clause-identifier",
        "A clause without its identifier.",
        |it| it.clause.as_mut().unwrap().clause.clear(),
        (Reason::FieldRequired, "clause.clause"),
    );
    good.refuses(
        "clause-of-other-type",
        "A clause of a case.",
        |it| it.clause.as_mut().unwrap().protocol_text = bytes(case),
        (Reason::ReferenceType, "clause.protocol_text"),
    );
    good.refuses(
        "no-party",
        "It is attributed to a party that is not named.",
        |it| it.party.clear(),
        (Reason::FieldRequired, "party"),
    );
    good.refuses(
        "party-unknown",
        "It is attributed to a party that the charter does not know.",
        |it| "ZZZ".clone_into(&mut it.party),
        (Reason::PartyUnknown, "party"),
    );
    good.refuses(
        "party-unattributed",
        "It is not attributed, and a party is named.",
        |it| it.finding = pb::AttributionFinding::Unattributed.into(),
        (Reason::FieldNotAllowed, "party"),
    );
    good.refuses(
        "no-basis",
        "It is attributed on no basis.",
        |it| it.basis = 0,
        (Reason::FieldRequired, "basis"),
    );
    good.refuses(
        "no-intent",
        "It is attributed without an intent.",
        |it| it.intent = 0,
        (Reason::FieldRequired, "intent"),
    );
    good.refuses(
        "no-standard",
        "No standard of proof.",
        |it| it.standard_of_proof = 0,
        (Reason::FieldRequired, "standard_of_proof"),
    );
    good.refuses(
        "standard-too-low",
        "A standard of proof below that of the rules.",
        |it| it.standard_of_proof = pb::StandardOfProof::ReasonableGrounds.into(),
        (Reason::StandardTooLow, "standard_of_proof"),
    );
    good.refuses(
        "no-finality",
        "Neither provisional nor final.",
        |it| it.finality = 0,
        (Reason::FieldRequired, "finality"),
    );
    let untitled = Body::Proposal(pb::Proposal {
        question: Some(Question::Attribution(attribution(case, "PPP"))),
        ..pb::Proposal::default()
    });
    let titled = asks_attribution(attribution(case, "PPP"));
    let rules = proposal(Question::Rules(pb::RulesProposal::default()));
    for (name, description, author, body, refused) in [
        (
            "no-title",
            "A proposal without a title.",
            COMMISSIONER,
            untitled,
            (Reason::FieldRequired, "proposal.title"),
        ),
        (
            "no-question",
            "A proposal that asks nothing.",
            COMMISSIONER,
            Body::Proposal(pb::Proposal {
                title: "A question".to_owned(),
                ..pb::Proposal::default()
            }),
            (Reason::FieldRequired, "proposal.question"),
        ),
        (
            "by-an-authority",
            "An authority proposes where commissioners do.",
            ("AAA", "authority"),
            titled.clone(),
            (Reason::RoleNotAllowed, "proposal.attribution"),
        ),
        (
            "by-a-monitor",
            "A monitor proposes.",
            ("AAA", "monitor"),
            titled,
            (Reason::RoleNotAllowed, "proposal"),
        ),
        (
            "kind-not-allowed",
            "A proposal of a kind for which the rules do not provide.",
            COMMISSIONER,
            rules,
            (Reason::ProposalKindNotAllowed, "proposal.rules"),
        ),
    ] {
        let record = log.record(author.0, author.1, body);
        cases.rejects(name, description, &log, &record, refused);
    }
    replacement(&mut cases, log, case);
    cases
}

/// An attribution in place of another one.
fn replacement(cases: &mut Cases, mut log: Log, case: RecordDigest) {
    let asks = || asks_attribution(attribution(case, "PPP"));
    let asks_anew = |log: &Log, before| {
        let body = replacing(before, asks());
        log.record("BBB", "commissioner", body)
    };
    let first = adopt(&mut log, asks());
    let again = (&log.clone(), &asks_anew(&log, first));
    cases.accepts(
        "supersedes",
        "An attribution that is to replace an adopted one.",
        again.0,
        again.1,
    );
    let second = |it: &mut pb::Record, decision: Vec<u8>| match &mut it.body {
        Some(Body::Proposal(proposal)) => proposal.supersedes = decision,
        _ => unreachable!("it is a proposal"),
    };
    cases.refuses(
        "supersedes-unknown",
        "It is to replace a decision that the log does not hold.",
        again,
        |it| second(it, vec![3; 32]),
        (Reason::ReferenceUnknown, "proposal.supersedes"),
    );
    cases.refuses(
        "supersedes-of-other-type",
        "It is to replace a case.",
        again,
        |it| second(it, bytes(case)),
        (Reason::ReferenceType, "proposal.supersedes"),
    );
    let proposal = log
        .put("AAA", "commissioner", replacing(first, asks()))
        .unwrap();
    cases.rejects(
        "supersedes-open",
        "A second replacement of an attribution before the first is decided.",
        &log,
        &asks_anew(&log, first),
        (Reason::ProposalOpen, "proposal.supersedes"),
    );
    let votes = all_vote(&mut log, proposal, [Concur; 3]);
    let adopted = decision(proposal, pb::Outcome::Adopted, &votes);
    log.put("BBB", "authority", adopted).unwrap();
    cases.rejects(
        "supersedes-replaced",
        "A replacement of an attribution that was replaced.",
        &log,
        &asks_anew(&log, first),
        (Reason::ReferenceSuperseded, "proposal.supersedes"),
    );
}

/// A log in which authorities propose and nobody may vote.
pub(super) fn without_electorate() -> Cases {
    let mut charter = charter();
    charter.rules.as_mut().unwrap().proposal_rules[0].proposer = pb::Role::Authority.into();
    let mut log = Log::found(&charter_record(charter)).unwrap();
    log.enrol("AAA", "monitor", pb::Role::Monitor);
    log.enrol("AAA", "verifier", pb::Role::Verifier);
    log.put("AAA", "monitor", Body::IncidentReport(report()))
        .unwrap();
    let case = super::support::commission::case(vec![log.last()], &["PPP"]);
    let case = log.put("AAA", "verifier", Body::Case(case)).unwrap();
    let mut cases = Cases::after(&log, "A case, and no commissioner to vote on it.");
    let asks = |log: &Log| {
        let body = asks_attribution(attribution(case, "PPP"));
        log.record("AAA", "authority", body)
    };
    cases.rejects(
        "nobody-votes",
        "A proposal on which no member may vote.",
        &log,
        &asks(&log),
        (Reason::ElectorateEmpty, "proposal.attribution"),
    );
    log.enrol("AAA", "commissioner", pb::Role::Commissioner);
    cases.accepts(
        "one-votes",
        "A proposal on which one member may vote.",
        &log,
        &asks(&log),
    );
    cases
}
