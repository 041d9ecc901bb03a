//! Decision.

use trucelog_proto::pb::{
    self,
    Outcome::{Adopted, Lapsed, Rejected, Unspecified},
    VoteChoice::{Concur, Dissent},
};
use trucelog_proto::refusal::Reason;

use super::Cases;
use super::support::HOUR;
use super::support::commission::{bytes, decision, vote, with_proposal};
use crate::body;
use trucelog_proto::pb::record::Body;

pub(super) fn cases() -> Cases {
    let (mut log, proposal) = with_proposal();
    let mut votes = Vec::new();
    for (member, choice) in [("AAA", Concur), ("BBB", Concur)] {
        let vote = log.put(member, "commissioner", vote(proposal, choice));
        votes.push(vote.unwrap());
    }
    let mut cases = Cases::after(
        &log,
        "An attribution for which two of three members have voted.",
    );
    let decides = |log: &super::support::Log, outcome: pb::Outcome, votes: &[_]| {
        log.record("BBB", "authority", decision(proposal, outcome, votes))
    };
    cases.rejects(
        "open",
        "A decision while one member may still vote.",
        &log,
        &decides(&log, Adopted, &votes),
        (Reason::VotingOpen, "decision.proposal"),
    );
    let mut late = log.clone();
    late.now += 24 * HOUR - 1;
    cases.rejects(
        "open-for-a-millisecond",
        "The same in the last millisecond of the window.",
        &late,
        &decides(&late, Adopted, &votes),
        (Reason::VotingOpen, "decision.proposal"),
    );
    late.now += 1;
    cases.accepts(
        "window-over",
        "The window has ended; who has not voted is not waited for.",
        &late,
        &decides(&late, Adopted, &votes),
    );
    let third = log.put("CCC", "commissioner", vote(proposal, Dissent));
    votes.push(third.unwrap());
    let good = decides(&log, Adopted, &votes);
    let at = (&log, &good);
    cases.accepts(
        "adopted",
        "All have voted: two concur, one dissents.",
        &log,
        &good,
    );
    for (name, description, outcome) in [
        (
            "rejected-against-the-votes",
            "The votes adopt, the decision rejects.",
            Rejected,
        ),
        (
            "lapsed-against-the-votes",
            "The votes adopt, the decision says that they lapsed.",
            Lapsed,
        ),
    ] {
        cases.refuses(
            name,
            description,
            at,
            |it| body!(it, Decision).outcome = outcome.into(),
            (Reason::OutcomeDiffers, "decision.outcome"),
        );
    }
    cases.refuses(
        "no-outcome",
        "A decision without an outcome.",
        at,
        |it| body!(it, Decision).outcome = Unspecified.into(),
        (Reason::FieldRequired, "decision.outcome"),
    );
    cases.refuses(
        "proposal-unknown",
        "A decision on a record that the log does not hold.",
        at,
        |it| body!(it, Decision).proposal = vec![1; 32],
        (Reason::ReferenceUnknown, "decision.proposal"),
    );
    cases.refuses(
        "proposal-of-other-type",
        "A decision on a vote.",
        at,
        |it| body!(it, Decision).proposal = bytes(votes[0]),
        (Reason::ReferenceType, "decision.proposal"),
    );
    for (name, description, listed) in [
        (
            "vote-left-out",
            "It leaves a vote out.",
            vec![votes[0], votes[2]],
        ),
        (
            "votes-out-of-order",
            "It lists the votes in another order than the log's.",
            vec![votes[0], votes[2], votes[1]],
        ),
        ("no-votes", "It lists no votes.", Vec::new()),
    ] {
        let listed: Vec<Vec<u8>> = listed.into_iter().map(bytes).collect();
        cases.refuses(
            name,
            description,
            at,
            |it| body!(it, Decision).votes = listed,
            (Reason::VotesDiffer, "decision.votes"),
        );
    }
    cases.rejects(
        "by-a-monitor",
        "A monitor decides.",
        &log,
        &log.record("BBB", "monitor", decision(proposal, Adopted, &votes)),
        (Reason::RoleNotAllowed, "decision"),
    );
    log.put_record(&good).unwrap();
    cases.rejects(
        "second",
        "A second decision.",
        &log,
        &log.record("CCC", "commissioner", decision(proposal, Adopted, &votes)),
        (Reason::SecondDecision, "decision.proposal"),
    );
    cases
}
