//! MEMBERSHIP.

use trucelog_proto::pb::{
    self,
    MembershipChange::{Admit, Depart, Reinstate, Suspend},
    VoteChoice::Dissent,
    proposal::Question,
    record::Body,
};
use trucelog_proto::refusal::Reason;

use super::Cases;
use super::support::commission::{decision, proposal, vote};
use super::support::governance::{changed, governed, membership};
use super::support::{Log, MEMBERS, public};

const AUTHORITY: (&str, &str) = ("AAA", "authority");
const BELOW: &str = "proposal.membership";

pub(super) fn cases() -> Cases {
    let log = governed();
    let mut cases = Cases::after(
        &log,
        "Three members with their stations; the release set holds DDD and EEE, too.",
    );
    form(&mut cases, &log);
    admission(&mut cases, &log);
    keys(&mut cases, &log);
    change(&mut cases, &log);
    standing(&mut cases, log.clone());
    one_at_a_time(&mut cases, log.clone());
    promises(&mut cases, log);
    cases
}

fn asks(body: pb::MembershipProposal) -> Body {
    proposal(Question::Membership(body))
}

fn member(it: &mut pb::MembershipProposal) -> &mut pb::CharterMember {
    it.member.as_mut().unwrap()
}

fn form(cases: &mut Cases, log: &Log) {
    let mut good = cases.good(
        ("admit", "A new member with its name and two keys."),
        (log, AUTHORITY),
        (membership(Admit, "DDD"), asks),
        BELOW,
    );
    good.refuses(
        "no-change",
        "A proposal that does not say what changes.",
        |it| it.change = 0,
        (Reason::FieldRequired, "change"),
    );
    good.refuses(
        "no-member",
        "A proposal that names no member.",
        |it| it.member = None,
        (Reason::FieldRequired, "member"),
    );
}

fn admission(cases: &mut Cases, log: &Log) {
    let mut good = cases.good(
        ("admit-another", "Another new member."),
        (log, AUTHORITY),
        (membership(Admit, "EEE"), asks),
        BELOW,
    );
    good.refuses(
        "code-form",
        "A code in lower case.",
        |it| "eee".clone_into(&mut member(it).code),
        (Reason::FieldFormat, "member.code"),
    );
    good.refuses(
        "code-of-operator",
        "The code that only the charter's author has.",
        |it| "OPERATOR".clone_into(&mut member(it).code),
        (Reason::FieldFormat, "member.code"),
    );
    good.refuses(
        "member-known",
        "The code of a member.",
        |it| "BBB".clone_into(&mut member(it).code),
        (Reason::MemberKnown, "member.code"),
    );
    good.refuses(
        "not-released",
        "A code to which the charter does not release the log.",
        |it| "ZZZ".clone_into(&mut member(it).code),
        (Reason::NotReleased, "member.code"),
    );
    good.refuses(
        "no-name",
        "A new member without a name.",
        |it| member(it).name.clear(),
        (Reason::FieldRequired, "member.name"),
    );
    good.refuses(
        "name-too-long",
        "A name of 257 bytes.",
        |it| member(it).name = "x".repeat(257),
        (Reason::FieldTooLong, "member.name"),
    );
}

fn keys(cases: &mut Cases, log: &Log) {
    let mut good = cases.good(
        ("admit-with-other-keys", "A new member with other keys."),
        (log, AUTHORITY),
        (with_keys("first", "second"), asks),
        BELOW,
    );
    good.refuses(
        "no-authority-key",
        "A new member without an authority key.",
        |it| member(it).authority_key.clear(),
        (Reason::KeyMalformed, "member.authority_key"),
    );
    good.refuses(
        "weak-recovery-key",
        "A recovery key of small order.",
        |it| member(it).recovery_key = [[1].as_slice(), &[0; 31]].concat(),
        (Reason::KeyWeak, "member.recovery_key"),
    );
    good.refuses(
        "log-key",
        "The log's own key.",
        |it| member(it).recovery_key = public("log"),
        (Reason::KeyReserved, "member.recovery_key"),
    );
    good.refuses(
        "operator-key",
        "The key that signed the charter.",
        |it| member(it).authority_key = public("operator"),
        (Reason::KeyEnrolled, "member.authority_key"),
    );
    good.refuses(
        "key-enrolled",
        "The key of a monitor.",
        |it| member(it).authority_key = public("AAA/monitor"),
        (Reason::KeyEnrolled, "member.authority_key"),
    );
    good.refuses(
        "one-key-twice",
        "One key for both stations.",
        |it| member(it).recovery_key = public("first"),
        (Reason::KeyEnrolled, "member.recovery_key"),
    );
}

fn with_keys(authority: &str, recovery: &str) -> pb::MembershipProposal {
    let mut good = membership(Admit, "DDD");
    member(&mut good).authority_key = public(authority);
    member(&mut good).recovery_key = public(recovery);
    good
}

fn change(cases: &mut Cases, log: &Log) {
    let mut good = cases.good(
        ("suspend", "A suspension."),
        (log, AUTHORITY),
        (membership(Suspend, "CCC"), asks),
        BELOW,
    );
    good.refuses(
        "member-unknown",
        "A suspension of no member.",
        |it| "DDD".clone_into(&mut member(it).code),
        (Reason::MemberUnknown, "member.code"),
    );
    good.refuses(
        "name-not-allowed",
        "A suspension with a name.",
        |it| "Member CCC".clone_into(&mut member(it).name),
        (Reason::FieldNotAllowed, "member.name"),
    );
    good.refuses(
        "authority-key-not-allowed",
        "A suspension with an authority key.",
        |it| member(it).authority_key = public("new"),
        (Reason::FieldNotAllowed, "member.authority_key"),
    );
    good.refuses(
        "recovery-key-not-allowed",
        "A suspension with a recovery key.",
        |it| member(it).recovery_key = public("new"),
        (Reason::FieldNotAllowed, "member.recovery_key"),
    );
    good.refuses(
        "reinstate-in-good-standing",
        "A reinstatement of a member that is not suspended.",
        |it| it.change = Reinstate.into(),
        (Reason::MemberStanding, "member.code"),
    );
}

fn standing(cases: &mut Cases, mut log: Log) {
    changed(&mut log, Suspend, "CCC");
    let mut good = cases.good(
        ("reinstate", "A reinstatement of a suspended member."),
        (&log, AUTHORITY),
        (membership(Reinstate, "CCC"), asks),
        BELOW,
    );
    good.refuses(
        "suspend-twice",
        "A suspension of a suspended member.",
        |it| it.change = Suspend.into(),
        (Reason::MemberStanding, "member.code"),
    );
    cases.accepts(
        "depart-while-suspended",
        "A suspended member departs.",
        &log,
        &log.record("AAA", "authority", asks(membership(Depart, "CCC"))),
    );
    changed(&mut log, Depart, "CCC");
    cases.rejects(
        "reinstate-departed",
        "A reinstatement of a member that has departed.",
        &log,
        &log.record("AAA", "authority", asks(membership(Reinstate, "CCC"))),
        (Reason::MemberUnknown, "proposal.membership.member.code"),
    );
    cases.rejects(
        "admit-departed",
        "An admission under the code of a member that has departed.",
        &log,
        &log.record("AAA", "authority", asks(membership(Admit, "CCC"))),
        (Reason::MemberKnown, "proposal.membership.member.code"),
    );
}

fn one_at_a_time(cases: &mut Cases, mut log: Log) {
    let suspends = asks(membership(Suspend, "CCC"));
    let asked = log.put("AAA", "authority", suspends).unwrap();
    let departs = |log: &Log| log.record("BBB", "authority", asks(membership(Depart, "CCC")));
    cases.rejects(
        "proposal-open",
        "A second proposal on a member before the first is decided.",
        &log,
        &departs(&log),
        (Reason::ProposalOpen, "proposal.membership.member.code"),
    );
    let votes =
        ["AAA", "BBB"].map(|voter| log.put(voter, "authority", vote(asked, Dissent)).unwrap());
    let rejected = decision(asked, pb::Outcome::Rejected, &votes);
    log.put("AAA", "authority", rejected).unwrap();
    cases.accepts(
        "proposal-decided",
        "The same after the first was rejected.",
        &log,
        &departs(&log),
    );
}

fn promises(cases: &mut Cases, mut log: Log) {
    let admits = asks(membership(Admit, "DDD"));
    let asked = log.put("AAA", "authority", admits.clone()).unwrap();
    let mut other = membership(Admit, "EEE");
    member(&mut other).authority_key = public("DDD/authority");
    cases.rejects(
        "key-promised",
        "A key that another proposal names for another member.",
        &log,
        &log.record("AAA", "authority", asks(other)),
        (
            Reason::KeyEnrolled,
            "proposal.membership.member.authority_key",
        ),
    );
    let votes = MEMBERS.map(|voter| log.put(voter, "authority", vote(asked, Dissent)).unwrap());
    let rejected = decision(asked, pb::Outcome::Rejected, &votes);
    log.put("AAA", "authority", rejected).unwrap();
    cases.accepts(
        "keys-of-the-same-member",
        "The same member with the same keys after a rejection.",
        &log,
        &log.record("AAA", "authority", admits),
    );
}
