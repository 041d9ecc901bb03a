//! RULES.

use trucelog_proto::pb::{self, proposal::Question, record::Body};
use trucelog_proto::refusal::Reason;

use super::Cases;
use super::support::commission::proposal;
use super::support::governance::{carry, governed, governed_charter};
use super::support::{Log, fraction};

const AUTHORITY: (&str, &str) = ("AAA", "authority");

pub(super) fn cases() -> Cases {
    let log = governed();
    let mut cases = Cases::after(&log, "Three members with their stations.");
    form(&mut cases, &log);
    lists(&mut cases, &log);
    one_at_a_time(&mut cases, log);
    cases
}

fn asks(body: pb::RulesProposal) -> Body {
    proposal(Question::Rules(body))
}

fn complete() -> pb::RulesProposal {
    pb::RulesProposal {
        rules: governed_charter().rules,
    }
}

fn rules(it: &mut pb::RulesProposal) -> &mut pb::Rules {
    it.rules.as_mut().unwrap()
}

fn form(cases: &mut Cases, log: &Log) {
    let mut good = cases.good(
        ("rules", "The rules in force, proposed again."),
        (log, AUTHORITY),
        (complete(), asks),
        "proposal.rules",
    );
    good.refuses(
        "no-rules",
        "A proposal without rules.",
        |it| it.rules = None,
        (Reason::FieldRequired, "rules"),
    );
    good.refuses(
        "no-version",
        "Rules without a version.",
        |it| rules(it).rules_version = 0,
        (Reason::FieldRequired, "rules.rules_version"),
    );
    good.refuses(
        "later-version",
        "Rules of a version that only newer software knows. Not false.",
        |it| rules(it).rules_version = 2,
        (Reason::NotSupported, "rules.rules_version"),
    );
    good.refuses(
        "no-succession",
        "Rules that do not say who endorses a successor.",
        |it| rules(it).succession = None,
        (Reason::FieldRequired, "rules.succession"),
    );
    good.refuses(
        "no-tolerance",
        "Rules without a tolerance for clocks.",
        |it| rules(it).clock_tolerance = 0,
        (Reason::FieldRequired, "rules.clock_tolerance"),
    );
    good.refuses(
        "no-span",
        "Rules without the longest interval of an incident.",
        |it| rules(it).event_span = 0,
        (Reason::FieldRequired, "rules.event_span"),
    );
}

fn lists(cases: &mut Cases, log: &Log) {
    let mut changed = complete();
    rules(&mut changed).reply_window += 1;
    let mut good = cases.good(
        ("another-window", "Rules with another window for replies."),
        (log, AUTHORITY),
        (changed, asks),
        "proposal.rules.rules",
    );
    good.refuses(
        "quorum-above-one",
        "A quorum of three halves.",
        |it| rules(it).proposal_rules[1].quorum = fraction(3, 2),
        (Reason::OutOfRange, "proposal_rules[1].quorum.numerator"),
    );
    good.refuses(
        "monitors-vote",
        "Monitors as electorate.",
        |it| rules(it).proposal_rules[0].electorate = pb::Role::Monitor.into(),
        (Reason::FieldFormat, "proposal_rules[0].electorate"),
    );
    good.refuses(
        "proposal-rule-order",
        "Rules for kinds of proposals that descend.",
        |it| rules(it).proposal_rules.reverse(),
        (Reason::ListOrder, "proposal_rules[1]"),
    );
    good.refuses(
        "role-of-recovery",
        "A rule for a role that nobody enrols.",
        |it| rules(it).role_rules[0].role = pb::Role::Recovery.into(),
        (Reason::FieldFormat, "role_rules[0].role"),
    );
    good.refuses(
        "not-a-member",
        "A role for a code that is not a member's.",
        |it| rules(it).role_rules[2].members.push("DDD".to_owned()),
        (Reason::MemberUnknown, "role_rules[2].members[3]"),
    );
}

fn one_at_a_time(cases: &mut Cases, mut log: Log) {
    let asked = log.put("AAA", "authority", asks(complete())).unwrap();
    let second = |log: &Log| log.record("BBB", "authority", asks(complete()));
    cases.rejects(
        "proposal-open",
        "A second proposal of rules before the first is decided.",
        &log,
        &second(&log),
        (Reason::ProposalOpen, "proposal.rules"),
    );
    carry(&mut log, asked);
    cases.accepts(
        "proposal-decided",
        "The same after the first was adopted.",
        &log,
        &second(&log),
    );
}
