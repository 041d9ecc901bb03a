//! Random lawful histories over every body, and random records that the rules refuse.
//!
//! A story keeps, in its own words, what later records may name: who is a member with which stations, which reports
//! are in force, which votes are open. From that it knows that its records are lawful, and what votes must give: it
//! asks the rules only whether they agree.

mod commission;
mod field;
mod government;
mod stray;

use std::collections::{BTreeMap, BTreeSet};

use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb;
use trucelog_proto::pb::record::Body;
use trucelog_proto::rules::body_name;

use super::governance::governed_charter;
use super::rng::Rng;
use super::{HOUR, Log, MEMBERS};
use commission::{Attribution, Ballot, Remedy, StoryCase};
use field::{Incident, Item, Watched};
use government::Text;

pub(crate) use field::report;

/// Members that may be admitted in the course of a story.
const CANDIDATES: [&str; 10] = [
    "DDD", "EEE", "FFF", "GGG", "HHH", "III", "JJJ", "KKK", "LLL", "MMM",
];
/// Stations that a member's authority enrols, with their roles.
const STATIONS: [(&str, pb::Role); 7] = [
    ("sensor", pb::Role::Sensor),
    ("monitor", pb::Role::Monitor),
    ("monitor-2", pb::Role::Monitor),
    ("verifier", pb::Role::Verifier),
    ("investigator", pb::Role::Investigator),
    ("commissioner", pb::Role::Commissioner),
    ("liaison", pb::Role::PartyLiaison),
];
/// Parties that are no members.
const PARTIES: [&str; 2] = ["PPP", "QQQ"];

/// A station with an active key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seat {
    pub(crate) member: &'static str,
    pub(crate) station: &'static str,
    pub(crate) role: pb::Role,
}

/// A member that has not departed.
#[derive(Clone, Copy, Debug)]
struct Member {
    code: &'static str,
    suspended: bool,
}

/// A log on its way, with what later records may name.
#[derive(Clone)]
pub(crate) struct Story {
    pub(crate) log: Log,
    /// The outcomes of all decisions.
    pub(crate) outcomes: BTreeMap<(pb::ProposalKind, pb::Outcome), usize>,
    /// What chance says in this step.
    rng: Rng,
    rules: pb::Rules,
    members: Vec<Member>,
    departed: Vec<&'static str>,
    seats: Vec<Seat>,
    /// Keys that have ended: the station, the name of the key, its last sequence.
    ended: Vec<(Seat, String, u64)>,
    keys_made: usize,
    incidents: Vec<Incident>,
    items: Vec<Item>,
    disclosures: Vec<RecordDigest>,
    watched: BTreeMap<&'static str, Watched>,
    cases: Vec<StoryCase>,
    ballots: Vec<Ballot>,
    decisions: Vec<RecordDigest>,
    attributions: Vec<Attribution>,
    remedies: Vec<Remedy>,
    texts: Vec<Text>,
    /// Names of all records.
    names: BTreeSet<[u8; 32]>,
    /// What may reopen a case, with its index.
    news: Vec<(RecordDigest, u64)>,
}

/// Writes one record, if there is occasion for it.
type Action = fn(&mut Story) -> Option<()>;

/// Actions, each with its share of all.
const ACTIONS: [(usize, Action); 25] = [
    (12, Story::write_report),
    (5, Story::correct),
    (3, Story::withdraw),
    (7, Story::corroborate),
    (6, Story::cover),
    (4, Story::register_open),
    (3, Story::seal),
    (2, Story::disclose),
    (4, Story::state),
    (1, Story::sum_up),
    (4, Story::found_case),
    (2, Story::extend_case),
    (4, Story::ask_attribution),
    (3, Story::ask_remedy),
    (26, Story::cast_vote),
    (9, Story::decide),
    (4, Story::activate),
    (4, Story::follow_up),
    (3, Story::close),
    (2, Story::reopen),
    (2, Story::ask_membership),
    (2, Story::ask_text),
    (3, Story::ask_rules),
    (3, Story::ratify),
    (5, Story::change_station),
];

/// A charter that lets every kind of record be written.
fn charter() -> pb::Charter {
    let mut charter = governed_charter();
    charter.parties = PARTIES
        .map(|code| pb::Party {
            code: code.to_owned(),
            name: format!("Party {code}"),
        })
        .to_vec();
    charter.release_set = MEMBERS
        .iter()
        .chain(&CANDIDATES)
        .map(ToString::to_string)
        .collect();
    let roles = &mut charter.rules.as_mut().unwrap().role_rules;
    let members = roles[0].members.clone();
    roles.extend(
        [pb::Role::Investigator, pb::Role::PartyLiaison].map(|role| pb::RoleRule {
            role: role.into(),
            members: members.clone(),
        }),
    );
    roles.sort_by_key(|rule| rule.role);
    charter
}

impl Story {
    /// A log whose members have all their stations.
    pub(crate) fn begin() -> Self {
        let charter = charter();
        let rules = charter.rules.clone().unwrap();
        let mut story = Self {
            log: Log::found(&super::charter_record(charter)).unwrap(),
            outcomes: BTreeMap::new(),
            rng: Rng::new(0),
            rules,
            members: Vec::new(),
            departed: Vec::new(),
            seats: Vec::new(),
            ended: Vec::new(),
            keys_made: 0,
            incidents: Vec::new(),
            items: Vec::new(),
            disclosures: Vec::new(),
            watched: BTreeMap::new(),
            cases: Vec::new(),
            ballots: Vec::new(),
            decisions: Vec::new(),
            attributions: Vec::new(),
            remedies: Vec::new(),
            texts: Vec::new(),
            names: BTreeSet::new(),
            news: Vec::new(),
        };
        for member in MEMBERS {
            story.join(member);
            for (station, role) in STATIONS {
                story.enrol(member, station, role);
            }
        }
        story
    }

    /// Writes the next record, which depends on `number` and on what was written before.
    pub(crate) fn step(&mut self, number: u64) {
        self.rng = Rng::new(number);
        let shares: usize = ACTIONS.iter().map(|(share, _)| share).sum();
        let mut drawn = self.rng.below(shares);
        let action = ACTIONS.iter().find(|(share, _)| {
            let found = drawn < *share;
            drawn = drawn.wrapping_sub(*share);
            found
        });
        let action = action.map_or(Self::write_report as Action, |(_, action)| *action);
        if action(self).is_none() {
            self.write_report();
        }
    }

    /// Lets time pass, up to six hours.
    pub(crate) fn wait(&mut self, number: u64) {
        self.log.now += number % (6 * HOUR);
    }

    /// Every station that has or had a key, with its member.
    pub(crate) fn stations(&self) -> Vec<(&'static str, &'static str)> {
        let ended = self.ended.iter().map(|(seat, ..)| seat);
        let stations = self.seats.iter().chain(ended);
        let mut stations: Vec<_> = stations.map(|seat| (seat.member, seat.station)).collect();
        stations.sort_unstable();
        stations.dedup();
        stations
    }

    /// Stations with one of the roles, of members that may write with it now.
    fn writers(&self, roles: &[pb::Role]) -> Vec<Seat> {
        let mut seats = self.finishers(roles);
        seats.retain(|seat| self.admits(seat.role, seat.member));
        seats
    }

    /// The same for what needs no admission to the role.
    fn finishers(&self, roles: &[pb::Role]) -> Vec<Seat> {
        let has_role = |seat: &&Seat| roles.contains(&seat.role) && self.is_active(seat.member);
        self.seats.iter().filter(has_role).copied().collect()
    }

    fn writer(&mut self, roles: &[pb::Role]) -> Option<Seat> {
        let seats = self.writers(roles);
        self.choose(&seats)
    }

    fn is_active(&self, code: &str) -> bool {
        let mut members = self.members.iter();
        members.any(|member| member.code == code && !member.suspended)
    }

    fn admits(&self, role: pb::Role, member: &str) -> bool {
        let mut rules = self.rules.role_rules.iter();
        matches!(role, pb::Role::Authority | pb::Role::Recovery)
            || rules
                .any(|rule| rule.role() == role && rule.members.iter().any(|code| code == member))
    }

    fn choose<T: Copy>(&mut self, items: &[T]) -> Option<T> {
        (!items.is_empty()).then(|| *self.rng.pick(items))
    }

    /// The position of one of the items that `fits`.
    fn position<T>(&mut self, items: &[T], fits: impl Fn(&T) -> bool) -> Option<usize> {
        let fitting: Vec<usize> = (0..items.len()).filter(|at| fits(&items[*at])).collect();
        self.choose(&fitting)
    }

    /// A case, report or other thing that a lawful record may name is lawful itself, so nothing is refused here.
    fn put(&mut self, seat: Seat, body: Body) -> RecordDigest {
        let is_news = matches!(
            body,
            Body::IncidentReport(_)
                | Body::EvidenceItem(_)
                | Body::Corroboration(_)
                | Body::Correction(_)
                | Body::Withdrawal(_)
        );
        let (index, name) = (self.log.size(), body_name(&body));
        let put = self.log.put(seat.member, seat.station, body);
        let digest = put.unwrap_or_else(|refusal| panic!("{index}: {name} of {seat:?}: {refusal}"));
        self.names.insert(*digest.as_bytes());
        if is_news {
            self.news.push((digest, index));
        }
        digest
    }
}
