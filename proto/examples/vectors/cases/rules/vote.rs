//! Vote.

use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb::{
    self,
    VoteChoice::{Concur, Dissent, Recused},
    record::Body,
    station_change::Change,
};
use trucelog_proto::refusal::Reason;

use super::Cases;
use super::support::commission::{
    all_vote, asks_attribution, attribution, case, decision, vote, with_proposal,
};
use super::support::{HOUR, Log, change, enrolment, public};
use crate::body;

const VOTER: (&str, &str) = ("AAA", "commissioner");

pub(super) fn cases() -> Cases {
    let (log, proposal) = with_proposal();
    let mut cases = Cases::after(
        &log,
        "Three members with their stations, a report, a case, and an attribution to PPP under vote.",
    );
    forms(&mut cases, &log, proposal);
    electorate(&mut cases, log.clone());
    recusal(&mut cases, log.clone());
    repeats(&mut cases, log.clone(), proposal);
    closing(&mut cases, log, proposal);
    cases
}

fn record(log: &Log, body: Body) -> pb::Record {
    log.record(VOTER.0, VOTER.1, body)
}

fn forms(cases: &mut Cases, log: &Log, proposal: RecordDigest) {
    let good = record(log, vote(proposal, Dissent));
    let at = (log, &good);
    cases.accepts("dissent", "A dissent with its opinion.", log, &good);
    cases.accepts(
        "concur",
        "A vote in favour needs no opinion.",
        log,
        &record(log, vote(proposal, Concur)),
    );
    cases.refuses(
        "no-choice",
        "A vote without a choice.",
        at,
        |it| body!(it, Vote).choice = 0,
        (Reason::FieldRequired, "vote.choice"),
    );
    cases.refuses(
        "no-opinion",
        "A dissent without an opinion.",
        at,
        |it| body!(it, Vote).opinion.clear(),
        (Reason::FieldRequired, "vote.opinion"),
    );
    cases.refuses(
        "opinion-too-long",
        "An opinion of 8,193 bytes.",
        at,
        |it| body!(it, Vote).opinion = "x".repeat(8_193),
        (Reason::FieldTooLong, "vote.opinion"),
    );
    cases.refuses(
        "no-proposal",
        "A vote on nothing.",
        at,
        |it| body!(it, Vote).proposal.clear(),
        (Reason::FieldRequired, "vote.proposal"),
    );
    cases.refuses(
        "proposal-unknown",
        "A vote on a record that the log does not hold.",
        at,
        |it| body!(it, Vote).proposal = vec![1; 32],
        (Reason::ReferenceUnknown, "vote.proposal"),
    );
    cases.refuses(
        "proposal-of-other-type",
        "A vote on the charter.",
        at,
        |it| body!(it, Vote).proposal = log.id.charter.as_bytes().to_vec(),
        (Reason::ReferenceType, "vote.proposal"),
    );
    cases.rejects(
        "by-a-monitor",
        "A monitor votes.",
        log,
        &log.record("AAA", "monitor", vote(proposal, Dissent)),
        (Reason::RoleNotAllowed, "vote"),
    );
    cases.rejects(
        "by-an-authority",
        "An authority votes where commissioners do.",
        log,
        &log.record("AAA", "authority", vote(proposal, Dissent)),
        (Reason::RoleNotAllowed, "vote.proposal"),
    );
}

/// CCC loses its commissioner before a second proposal and has one again after it.
fn electorate(cases: &mut Cases, mut log: Log) {
    let revocation = Change::Revocation(pb::Revocation {
        station: "commissioner".to_owned(),
        public_key: public("CCC/commissioner"),
        last_sequence: 0,
        reason: String::new(),
    });
    log.put("CCC", "authority", change(revocation)).unwrap();
    let proposal = proposal_on(&mut log, "PPP");
    log.put(
        "CCC",
        "authority",
        enrolment("commissioner", pb::Role::Commissioner, "CCC/second"),
    )
    .unwrap();
    let station = ("CCC".to_owned(), "commissioner".to_owned());
    log.stations.insert(station, ("CCC/second".to_owned(), 0));
    cases.rejects(
        "not-eligible",
        "A vote by a member that had no commissioner when the proposal was made.",
        &log,
        &log.record("CCC", "commissioner", vote(proposal, Concur)),
        (Reason::NotEligible, "vote.proposal"),
    );
}

/// Puts an attribution to `party` in a case of its own under vote.
fn proposal_on(log: &mut Log, party: &str) -> RecordDigest {
    let report = pb::IncidentReport {
        observer_count: 3,
        ..super::support::report()
    };
    let report = log.put("BBB", "monitor", Body::IncidentReport(report));
    let case = Body::Case(case(vec![report.unwrap()], &[party]));
    let case = log.put("BBB", "verifier", case).unwrap();
    log.put(
        "BBB",
        "commissioner",
        asks_attribution(attribution(case, party)),
    )
    .unwrap()
}

fn recusal(cases: &mut Cases, mut log: Log) {
    let proposal = proposal_on(&mut log, "AAA");
    let good = record(&log, vote(proposal, Recused));
    cases.accepts(
        "recused",
        "A party to the case recuses itself.",
        &log,
        &good,
    );
    cases.refuses(
        "recusal-required",
        "A party to the case votes.",
        (&log, &good),
        |it| body!(it, Vote).choice = Dissent.into(),
        (Reason::RecusalRequired, "vote.choice"),
    );
    let mut votes = Vec::new();
    for member in ["BBB", "CCC"] {
        let vote = log.put(member, "commissioner", vote(proposal, Concur));
        votes.push(vote.unwrap());
    }
    log.put(
        "BBB",
        "authority",
        decision(proposal, pb::Outcome::Adopted, &votes),
    )
    .unwrap();
    cases.rejects(
        "decided",
        "A vote after the decision.",
        &log,
        &record(&log, vote(proposal, Recused)),
        (Reason::VotingClosed, "vote.proposal"),
    );
}

fn repeats(cases: &mut Cases, mut log: Log, proposal: RecordDigest) {
    all_vote(&mut log, proposal, [Concur, Dissent, Concur]);
    cases.rejects(
        "second-vote",
        "A member that has voted votes again.",
        &log,
        &record(&log, vote(proposal, Dissent)),
        (Reason::SecondVote, "vote.proposal"),
    );
}

fn closing(cases: &mut Cases, mut log: Log, proposal: RecordDigest) {
    log.now += 24 * HOUR - 1;
    let last = record(&log, vote(proposal, Concur));
    cases.accepts(
        "last-moment",
        "A vote in the last millisecond.",
        &log,
        &last,
    );
    log.now += 1;
    cases.rejects(
        "window-over",
        "The same vote a millisecond later.",
        &log,
        &last,
        (Reason::VotingClosed, "vote.proposal"),
    );
}
