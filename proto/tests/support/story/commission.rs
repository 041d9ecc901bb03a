//! What the commission writes: cases, proposals, votes, decisions, and what members do with a remedy.

use std::collections::{BTreeMap, BTreeSet};

use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb;
use trucelog_proto::pb::ActivationChoice::{Approve, ApproveInPart, Decline, PendingProcedure};
use trucelog_proto::pb::Role::{Authority, Commissioner, Verifier};
use trucelog_proto::pb::VoteChoice::{Abstain, Concur, ConcurSeparately, Dissent, Recused};
use trucelog_proto::pb::proposal::Question;
use trucelog_proto::pb::record::Body;

use super::super::commission::{attribution, bytes, decision, proposal, remedy, vote};
use super::super::governance::{closure, follow_up, reopening};
use super::{Seat, Story};

/// Cases that may hold one report, as the rules say.
const CASES_OF_REPORT: usize = 16;

#[derive(Clone, Debug)]
pub(super) struct StoryCase {
    pub(super) digest: RecordDigest,
    pub(super) parties: Vec<&'static str>,
    pub(super) closed: Option<u64>,
    /// What the newest adopted final attribution found.
    finding: pb::AttributionFinding,
    open_ballots: usize,
}

/// A proposal that is not decided.
#[derive(Clone, Debug)]
pub(super) struct Ballot {
    pub(super) digest: RecordDigest,
    pub(super) question: Question,
    pub(super) electorate: Vec<&'static str>,
    pub(super) votes: Vec<(&'static str, pb::VoteChoice, RecordDigest)>,
    pub(super) barred: Vec<&'static str>,
    rule: pb::ProposalRule,
    deadline: u64,
    case: Option<usize>,
    mood: Mood,
}

/// What the members make of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    Welcome,
    Unwelcome,
    /// Few take the trouble to vote.
    Indifferent,
}

/// A decision that adopted an attribution.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attribution {
    pub(super) decision: RecordDigest,
    case: usize,
    /// Whether a remedy may rest on it.
    pub(super) carries: bool,
    party: &'static str,
}

/// A decision that adopted a remedy.
#[derive(Clone, Debug)]
pub(super) struct Remedy {
    decision: RecordDigest,
    /// Whether it asks all members to act, or only AAA and BBB.
    for_all: bool,
    newest: BTreeMap<&'static str, (RecordDigest, pb::ActivationChoice)>,
}

impl Ballot {
    fn is_closed(&self, now: u64) -> bool {
        let answered = |member: &&str| self.has_voted(member) || self.barred.contains(member);
        now >= self.deadline || self.electorate.iter().all(answered)
    }

    fn has_voted(&self, member: &str) -> bool {
        self.votes.iter().any(|(voter, ..)| *voter == member)
    }

    /// What the votes give, counted member by member.
    pub(super) fn outcome(&self) -> pb::Outcome {
        let count = |choices: &[pb::VoteChoice]| {
            let votes = self.votes.iter();
            votes
                .filter(|(_, choice, _)| choices.contains(choice))
                .count() as u64
        };
        let (concur, dissent) = (count(&[Concur, ConcurSeparately]), count(&[Dissent]));
        let present = concur + dissent + count(&[Abstain]);
        let recused = |member: &&&str| {
            let says_so = |(voter, choice, _): &(&str, pb::VoteChoice, _)| {
                voter == *member && *choice == Recused
            };
            self.barred.contains(*member) || self.votes.iter().any(says_so)
        };
        let entitled =
            (self.electorate.len() - self.electorate.iter().filter(recused).count()) as u64;
        let (quorum, majority) = (self.rule.quorum.unwrap(), self.rule.majority.unwrap());
        let [above, below] = [quorum.numerator, quorum.denominator].map(u64::from);
        if present * below < above * entitled {
            return pb::Outcome::Lapsed;
        }
        let [above, below] = [majority.numerator, majority.denominator].map(u64::from);
        if concur * below > above * (concur + dissent) {
            pb::Outcome::Adopted
        } else {
            pb::Outcome::Rejected
        }
    }
}

impl Story {
    /// Reports for a case, with their positions.
    fn reports_for(&mut self, case: usize) -> Vec<(usize, RecordDigest)> {
        let incidents = self.incidents.clone();
        let has_room = |at: &usize| {
            let cases = &incidents[*at].cases;
            cases.contains(&case) || cases.len() < CASES_OF_REPORT
        };
        let count = 1 + self.rng.below(3);
        let mut chosen: Vec<usize> = (0..count)
            .filter_map(|_| self.position(&incidents, |_| true))
            .filter(has_room)
            .collect();
        chosen.sort_unstable();
        chosen.dedup();
        let named = |at: usize| (at, incidents[at].version);
        chosen.into_iter().map(named).collect()
    }

    pub(super) fn found_case(&mut self) -> Option<()> {
        let case = self.cases.len();
        let reports = self.reports_for(case);
        if reports.is_empty() {
            return None;
        }
        self.write_case(case, &reports)
    }

    pub(super) fn extend_case(&mut self) -> Option<()> {
        let cases = self.cases.clone();
        let case = self.position(&cases, |case| case.closed.is_none())?;
        let reports = self.reports_for(case);
        self.write_case(case, &reports)
    }

    fn write_case(&mut self, case: usize, reports: &[(usize, RecordDigest)]) -> Option<()> {
        let seat = self.writer(&[Verifier, Commissioner])?;
        let party = self.some_party();
        let versions = reports.iter().map(|(_, version)| *version).collect();
        let mut body = super::super::commission::case(versions, &[party]);
        body.clause_references = vec![self.clause()];
        let extended = self.cases.get(case).map(|case| case.digest);
        body.extends = extended.map(bytes).unwrap_or_default();
        let digest = self.put(seat, Body::Case(body));
        if extended.is_none() {
            self.cases.push(StoryCase {
                digest,
                parties: Vec::new(),
                closed: None,
                finding: pb::AttributionFinding::Unspecified,
                open_ballots: 0,
            });
        }
        self.cases[case].parties.push(party);
        for (at, _) in reports {
            let held = &mut self.incidents[*at].cases;
            if !held.contains(&case) {
                held.push(case);
            }
        }
        Some(())
    }

    pub(super) fn ask_attribution(&mut self) -> Option<()> {
        use pb::AttributionFinding::{NotABreach, Party, Unattributed};
        let cases = self.cases.clone();
        let case = self.position(&cases, |case| case.closed.is_none())?;
        let finding = *self.rng.pick(&[Party, Party, Unattributed, NotABreach]);
        let finality = [
            pb::Finality::Final,
            pb::Finality::Final,
            pb::Finality::Provisional,
        ];
        let finality = *self.rng.pick(&finality);
        let party = self.some_party();
        let named = attribution(cases[case].digest, party);
        let unnamed = pb::AttributionProposal {
            finding: finding.into(),
            party: String::new(),
            basis: 0,
            intent: 0,
            ..named.clone()
        };
        let whole = pb::AttributionProposal {
            finality: finality.into(),
            clause: Some(self.clause()),
            ..if finding == Party { named } else { unnamed }
        };
        self.ask(
            Question::Attribution(whole),
            Some(case),
            Some(party).filter(|_| finding == Party),
        )
    }

    pub(super) fn ask_remedy(&mut self) -> Option<()> {
        let (attributions, cases) = (self.attributions.clone(), self.cases.clone());
        let at = self.position(&attributions, |basis| {
            basis.carries && cases[basis.case].closed.is_none()
        })?;
        let basis = attributions[at];
        let mut body = remedy(basis.decision);
        // A measure without addressees is addressed to all.
        if self.rng.one_in(2) {
            body.measures[0].addressees.clear();
        }
        let party = Some(basis.party).filter(|party| !party.is_empty());
        self.ask(Question::Remedy(body), Some(basis.case), party)
    }

    /// Puts a question. `concerned` is the party named or the member concerned.
    pub(super) fn ask(
        &mut self,
        question: Question,
        case: Option<usize>,
        concerned: Option<&str>,
    ) -> Option<()> {
        let kind = kind_of(&question);
        let mut rules = self.rules.proposal_rules.iter();
        let rule = *rules.find(|rule| rule.kind() == kind)?;
        let seat = self.writer(&[rule.proposer()])?;
        let mut electorate: Vec<&str> = Vec::new();
        for seat in self.writers(&[rule.electorate()]) {
            if !electorate.contains(&seat.member) {
                electorate.push(seat.member);
            }
        }
        let parties = case.map_or(&[][..], |case| &self.cases[case].parties[..]);
        let is_barred = |member: &&str| {
            rule.recusal() == pb::RecusalRule::Parties
                && (parties.contains(member) || concerned == Some(*member))
        };
        let barred = electorate.iter().copied().filter(is_barred).collect();
        let digest = self.put(seat, proposal(question.clone()));
        let moods = [
            Mood::Welcome,
            Mood::Welcome,
            Mood::Welcome,
            Mood::Unwelcome,
            Mood::Indifferent,
        ];
        if let Some(case) = case {
            self.cases[case].open_ballots += 1;
        }
        self.ballots.push(Ballot {
            digest,
            question,
            electorate,
            votes: Vec::new(),
            barred,
            rule,
            deadline: self.log.now + rule.vote_window,
            case,
            mood: *self.rng.pick(&moods),
        });
        Some(())
    }

    /// The position of a ballot that `fits`; questions of every kind have the same chance.
    fn some_ballot(&mut self, fits: impl Fn(&Ballot) -> bool) -> Option<usize> {
        let ballots = self.ballots.clone();
        let fitting = ballots.iter().filter(|ballot| fits(ballot));
        let kinds: BTreeSet<i32> = fitting.map(|ballot| ballot.rule.kind).collect();
        let kind = self.choose(&kinds.into_iter().collect::<Vec<_>>())?;
        self.position(&ballots, |ballot| ballot.rule.kind == kind && fits(ballot))
    }

    /// A ballot and a station whose member has a vote left in it.
    fn open_vote(&mut self) -> Option<(usize, Seat)> {
        let now = self.log.now;
        let seats = self.finishers(&[Authority, Commissioner]);
        let votes = |ballot: &Ballot, seat: &Seat| {
            seat.role == ballot.rule.electorate()
                && ballot.electorate.contains(&seat.member)
                && !ballot.has_voted(seat.member)
        };
        let ballots = self.ballots.clone();
        let at = self.some_ballot(|ballot| {
            now < ballot.deadline && seats.iter().any(|seat| votes(ballot, seat))
        })?;
        let ballot = &ballots[at];
        let may: Vec<Seat> = seats
            .into_iter()
            .filter(|seat| votes(ballot, seat))
            .collect();
        Some((at, self.choose(&may)?))
    }

    pub(super) fn cast_vote(&mut self) -> Option<()> {
        let (at, seat) = self.open_vote()?;
        if self.ballots[at].mood == Mood::Indifferent && !self.rng.one_in(8) {
            return None;
        }
        let choices = match self.ballots[at].mood {
            Mood::Unwelcome => [Concur, Dissent, Dissent, Dissent, Abstain, Dissent],
            _ => [Concur, Concur, ConcurSeparately, Dissent, Abstain, Recused],
        };
        let barred = self.ballots[at].barred.contains(&seat.member);
        let choice = if barred {
            Recused
        } else {
            *self.rng.pick(&choices)
        };
        let cast = self.put(seat, vote(self.ballots[at].digest, choice));
        self.ballots[at].votes.push((seat.member, choice, cast));
        Some(())
    }

    pub(super) fn decide(&mut self) -> Option<()> {
        let now = self.log.now;
        let at = self.some_ballot(|ballot| ballot.is_closed(now))?;
        let seat = self.writer(&[Authority, Commissioner])?;
        let ballot = self.ballots.remove(at);
        let votes: Vec<RecordDigest> = ballot.votes.iter().map(|(.., digest)| *digest).collect();
        let outcome = ballot.outcome();
        let digest = self.put(seat, decision(ballot.digest, outcome, &votes));
        *self
            .outcomes
            .entry((ballot.rule.kind(), outcome))
            .or_default() += 1;
        self.decisions.push(digest);
        if let Some(case) = ballot.case {
            self.cases[case].open_ballots -= 1;
        }
        if outcome == pb::Outcome::Adopted {
            self.carry_out(digest, ballot);
        }
        Some(())
    }

    fn carry_out(&mut self, decision: RecordDigest, ballot: Ballot) {
        match ballot.question {
            Question::Attribution(attribution) => {
                let case = ballot.case.unwrap();
                let is_final = attribution.finality() == pb::Finality::Final;
                if is_final {
                    self.cases[case].finding = attribution.finding();
                }
                let breach = attribution.finding() != pb::AttributionFinding::NotABreach;
                let parties = ["PPP", "QQQ", "AAA"];
                self.attributions.push(Attribution {
                    decision,
                    case,
                    carries: is_final && breach,
                    party: parties
                        .into_iter()
                        .find(|code| *code == attribution.party)
                        .unwrap_or_default(),
                });
            }
            Question::Remedy(remedy) => self.remedies.push(Remedy {
                decision,
                for_all: remedy.measures[0].addressees.is_empty(),
                newest: BTreeMap::new(),
            }),
            Question::Membership(membership) => self.change_membership(&membership),
            Question::ProtocolText(text) => self.agree(decision, &text),
            Question::Rules(rules) => self.rules = rules.rules.unwrap(),
        }
    }

    pub(super) fn activate(&mut self) -> Option<()> {
        let remedies = self.remedies.clone();
        let at = self.position(&remedies, |_| true)?;
        let remedy = &remedies[at];
        let mut seats = self.writers(&[Authority]);
        seats.retain(|seat| remedy.for_all || ["AAA", "BBB"].contains(&seat.member));
        let seat = self.choose(&seats)?;
        let choice = *self
            .rng
            .pick(&[Approve, ApproveInPart, Decline, PendingProcedure]);
        let procedure = if choice == PendingProcedure {
            "Parliament"
        } else {
            ""
        };
        let before = remedy.newest.get(seat.member);
        let activation = pb::Activation {
            choice: choice.into(),
            measures: if choice == ApproveInPart {
                vec![2]
            } else {
                Vec::new()
            },
            procedure: procedure.to_owned(),
            supersedes: before.map(|(digest, _)| bytes(*digest)).unwrap_or_default(),
            ..super::super::commission::activation(remedy.decision)
        };
        let digest = self.put(seat, Body::Activation(activation));
        self.remedies[at]
            .newest
            .insert(seat.member, (digest, choice));
        Some(())
    }

    pub(super) fn follow_up(&mut self) -> Option<()> {
        let authorities = self.writers(&[Authority]);
        let approvals: Vec<(Seat, RecordDigest)> = self
            .remedies
            .iter()
            .flat_map(|remedy| &remedy.newest)
            .filter(|(_, (_, choice))| matches!(choice, Approve | ApproveInPart))
            .filter_map(|(member, (activation, _))| {
                let seat = authorities.iter().find(|seat| seat.member == *member)?;
                Some((*seat, *activation))
            })
            .collect();
        let (seat, activation) = self.choose(&approvals)?;
        let statuses = [
            pb::FollowUpStatus::Started,
            pb::FollowUpStatus::Done,
            pb::FollowUpStatus::Failed,
            pb::FollowUpStatus::Lifted,
        ];
        let follow_up = pb::FollowUp {
            status: (*self.rng.pick(&statuses)).into(),
            evidence: self.some_item().into_iter().collect(),
            ..follow_up(activation)
        };
        self.put(seat, Body::FollowUp(follow_up));
        Some(())
    }

    pub(super) fn close(&mut self) -> Option<()> {
        use pb::AttributionFinding::{NotABreach, Party, Unattributed, Unspecified};
        let seat = self.writer(&[Commissioner])?;
        let cases = self.cases.clone();
        let ends = |case: &StoryCase| case.closed.is_none() && case.open_ballots == 0;
        let decided = self.position(&cases, |case| ends(case) && case.finding != Unspecified);
        let undecided = self.position(&cases, ends);
        let at = decided.filter(|_| self.rng.one_in(2)).or(undecided)?;
        let result = match cases[at].finding {
            Party | Unattributed => pb::ClosureResult::Violation,
            NotABreach => pb::ClosureResult::NoViolation,
            Unspecified => pb::ClosureResult::Pending,
        };
        self.cases[at].closed = Some(self.log.size());
        self.put(seat, Body::Closure(closure(cases[at].digest, result)));
        Some(())
    }

    pub(super) fn reopen(&mut self) -> Option<()> {
        let seat = self.writer(&[Commissioner])?;
        let cases = self.cases.clone();
        let (evidence, index) = *self.news.last()?;
        let at = self.position(&cases, |case| {
            case.closed.is_some_and(|closed| closed < index)
        })?;
        let reopening = reopening(cases[at].digest, &[evidence]);
        self.put(seat, Body::Reopening(reopening));
        self.cases[at].closed = None;
        Some(())
    }
}

pub(super) fn kind_of(question: &Question) -> pb::ProposalKind {
    match question {
        Question::Attribution(_) => pb::ProposalKind::Attribution,
        Question::Remedy(_) => pb::ProposalKind::Remedy,
        Question::Membership(_) => pb::ProposalKind::Membership,
        Question::ProtocolText(_) => pb::ProposalKind::ProtocolText,
        Question::Rules(_) => pb::ProposalKind::Rules,
    }
}
