//! What the authorities write: membership, texts, rules, national steps, and the keys of their own stations.

use std::collections::BTreeMap;

use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb;
use trucelog_proto::pb::MembershipChange::{Admit, Depart, Reinstate, Suspend};
use trucelog_proto::pb::RatificationStep::{Ratified, Refused, Signed, Withdrawn};
use trucelog_proto::pb::Role::{Authority, Recovery};
use trucelog_proto::pb::proposal::Question;
use trucelog_proto::pb::record::Body;
use trucelog_proto::pb::station_change::Change;

use super::super::commission::bytes;
use super::super::governance::{membership, protocol_text, ratification};
use super::super::{HOUR, MEMBERS, change, fraction, public};
use super::{CANDIDATES, Member, STATIONS, Seat, Story};

/// A text that was agreed.
#[derive(Clone, Debug)]
pub(super) struct Text {
    pub(super) decision: RecordDigest,
    replaced: bool,
    steps: BTreeMap<&'static str, pb::RatificationStep>,
}

impl Story {
    /// A member comes in, with the stations that come with membership.
    pub(super) fn join(&mut self, member: &'static str) {
        self.members.push(Member {
            code: member,
            suspended: false,
        });
        for (station, role) in [("authority", Authority), ("recovery", Recovery)] {
            let seat = Seat {
                member,
                station,
                role,
            };
            self.take_seat(seat, format!("{member}/{station}"));
        }
    }

    fn take_seat(&mut self, seat: Seat, key: String) {
        let station = (seat.member.to_owned(), seat.station.to_owned());
        self.log.stations.insert(station, (key, 0));
        self.seats.push(seat);
    }

    /// The key of a station and its last sequence.
    pub(super) fn key_of(&self, seat: Seat) -> (String, u64) {
        self.log.stations[&(seat.member.to_owned(), seat.station.to_owned())].clone()
    }

    fn new_key(&mut self, seat: Seat) -> String {
        self.keys_made += 1;
        format!("{}/{}#{}", seat.member, seat.station, self.keys_made)
    }

    fn seat_of(&self, member: &str, station: &str) -> Option<Seat> {
        let mut seats = self.seats.iter();
        seats
            .find(|seat| seat.member == member && seat.station == station)
            .copied()
    }

    pub(super) fn ask_membership(&mut self) -> Option<()> {
        let open = |code: &str| {
            self.ballots.iter().any(|ballot| match &ballot.question {
                Question::Membership(asked) => asked.member.as_ref().unwrap().code == code,
                _ => false,
            })
        };
        let mut changes: Vec<(pb::MembershipChange, &str)> = Vec::new();
        let is_member = |code: &str| self.members.iter().any(|member| member.code == code);
        for code in CANDIDATES {
            if !open(code) && !is_member(code) && !self.departed.contains(&code) {
                changes.push((Admit, code));
                break;
            }
        }
        for member in &self.members {
            if open(member.code) || member.code == MEMBERS[0] {
                continue;
            }
            let turn = if member.suspended { Reinstate } else { Suspend };
            changes.extend([(turn, member.code); 2]);
            if !MEMBERS.contains(&member.code) {
                changes.push((Depart, member.code));
            }
        }
        let (change, code) = self.choose(&changes)?;
        self.ask(
            Question::Membership(membership(change, code)),
            None,
            Some(code),
        )
    }

    pub(super) fn change_membership(&mut self, adopted: &pb::MembershipProposal) {
        let code = &adopted.member.as_ref().unwrap().code;
        let mut codes = MEMBERS.iter().chain(&CANDIDATES).copied();
        let code = codes.find(|known| known == code).unwrap();
        match adopted.change() {
            Admit => self.join(code),
            Depart => {
                for seat in self.seats.clone() {
                    if seat.member == code {
                        self.end_key(seat);
                    }
                }
                self.members.retain(|member| member.code != code);
                self.departed.push(code);
            }
            standing => {
                let mut members = self.members.iter_mut();
                let member = members.find(|member| member.code == code).unwrap();
                member.suspended = standing == Suspend;
            }
        }
    }

    pub(super) fn ask_text(&mut self) -> Option<()> {
        let mut text = protocol_text();
        let asked: Vec<Vec<u8>> = self
            .ballots
            .iter()
            .filter_map(|ballot| match &ballot.question {
                Question::ProtocolText(text) => Some(text.supersedes.clone()),
                _ => None,
            })
            .collect();
        let texts = self.texts.clone();
        let replaced = self.position(&texts, |text| {
            !text.replaced && !asked.contains(&bytes(text.decision))
        });
        if let Some(at) = replaced.filter(|_| self.rng.one_in(2)) {
            text.supersedes = bytes(texts[at].decision);
        }
        self.ask(Question::ProtocolText(text), None, None)
    }

    pub(super) fn agree(&mut self, decision: RecordDigest, agreed: &pb::ProtocolTextProposal) {
        for text in &mut self.texts {
            text.replaced |= agreed.supersedes == text.decision.as_bytes();
        }
        self.texts.push(Text {
            decision,
            replaced: false,
            steps: BTreeMap::new(),
        });
    }

    pub(super) fn ratify(&mut self) -> Option<()> {
        let seat = self.writer(&[Authority])?;
        let texts = self.texts.clone();
        let next = |text: &Text| match text.steps.get(seat.member) {
            None if text.replaced => None,
            None => Some(&[Signed][..]),
            Some(Signed) => Some(&[Ratified, Ratified, Refused, Withdrawn][..]),
            Some(_) => None,
        };
        let at = self.position(&texts, |text| next(text).is_some())?;
        let step = *self.rng.pick(next(&texts[at])?);
        let body = Body::Ratification(ratification(texts[at].decision, step));
        self.put(seat, body);
        self.texts[at].steps.insert(seat.member, step);
        Some(())
    }

    /// Rules that name today's members, some of them not for every role.
    pub(super) fn ask_rules(&mut self) -> Option<()> {
        let asked = |question: &Question| matches!(question, Question::Rules(_));
        if self.ballots.iter().any(|ballot| asked(&ballot.question)) {
            return None;
        }
        let mut rules = self.rules.clone();
        let mut codes: Vec<&str> = self.members.iter().map(|member| member.code).collect();
        codes.sort_unstable();
        for rule in &mut rules.role_rules {
            let named = codes.iter().copied();
            let named = named.filter(|code| *code == MEMBERS[0] || !self.rng.one_in(10));
            rule.members = named.map(str::to_owned).collect();
        }
        for rule in &mut rules.proposal_rules {
            rule.quorum = fraction(1, if self.rng.one_in(2) { 2 } else { 3 });
            rule.majority = fraction(if self.rng.one_in(3) { 2 } else { 1 }, 3);
            rule.vote_window = if self.rng.one_in(2) { 12 } else { 36 } * HOUR;
            let recusals = [pb::RecusalRule::Parties, pb::RecusalRule::Voluntary];
            rule.recusal = (*self.rng.pick(&recusals)).into();
        }
        let rules = Some(rules);
        self.ask(Question::Rules(pb::RulesProposal { rules }), None, None)
    }

    pub(super) fn change_station(&mut self) -> Option<()> {
        match self.rng.below(6) {
            0 => self.rotate(),
            1 => self.recover(),
            2 => self.revoke(),
            3 => self.mark(),
            _ => self.enrol_another(),
        }
    }

    /// An authority, also that of a suspended member.
    fn some_authority(&mut self) -> Seat {
        let seats = self.seats.clone();
        let at = self.position(&seats, |seat| seat.role == Authority);
        seats[at.unwrap()]
    }

    fn enrol_another(&mut self) -> Option<()> {
        let authority = self.some_authority();
        let mut free = STATIONS.to_vec();
        free.retain(|(station, role)| {
            self.seat_of(authority.member, station).is_none()
                && self.admits(*role, authority.member)
        });
        let (station, role) = self.choose(&free)?;
        self.enrol(authority.member, station, role);
        Some(())
    }

    pub(super) fn enrol(&mut self, member: &'static str, station: &'static str, role: pb::Role) {
        let seat = Seat {
            member,
            station,
            role,
        };
        let key = self.new_key(seat);
        let authority = self.seat_of(member, "authority").unwrap();
        self.put(authority, super::super::enrolment(station, role, &key));
        self.take_seat(seat, key);
    }

    /// A station of the member that may change its keys.
    fn changeable(&mut self, authority: Seat) -> Option<Seat> {
        let seats = self.seats.clone();
        let at = self.position(&seats, |seat| {
            seat.member == authority.member && seat.role != Recovery
        })?;
        Some(seats[at])
    }

    fn rotate(&mut self) -> Option<()> {
        let authority = self.some_authority();
        let seat = self.changeable(authority)?;
        self.replace_key(authority, seat);
        Some(())
    }

    fn recover(&mut self) -> Option<()> {
        let authority = self.some_authority();
        let recovery = self.seat_of(authority.member, "recovery")?;
        self.replace_key(recovery, authority);
        Some(())
    }

    fn replace_key(&mut self, author: Seat, seat: Seat) {
        let (old, logged) = self.key_of(seat);
        let new = self.new_key(seat);
        let rotation = Change::Rotation(pb::Rotation {
            station: seat.station.to_owned(),
            old_public_key: public(&old),
            old_last_sequence: logged + u64::from(author == seat) + self.gap(),
            new_public_key: public(&new),
        });
        self.put(author, change(rotation));
        self.end_key(seat);
        self.take_seat(seat, new);
    }

    /// Records that a key has signed and never submitted.
    fn gap(&mut self) -> u64 {
        u64::from(self.rng.one_in(8))
    }

    /// Ends the key of a station of others than the first member, who keeps the log going.
    fn revoke(&mut self) -> Option<()> {
        let authority = self.some_authority();
        let seat = self.changeable(authority)?;
        if seat.role == Authority || seat.member == MEMBERS[0] {
            return None;
        }
        let (key, logged) = self.key_of(seat);
        let revocation = Change::Revocation(pb::Revocation {
            station: seat.station.to_owned(),
            public_key: public(&key),
            last_sequence: logged + self.gap(),
            reason: String::new(),
        });
        self.put(authority, change(revocation));
        self.end_key(seat);
        Some(())
    }

    fn end_key(&mut self, seat: Seat) {
        let (key, last) = self.key_of(seat);
        self.ended.push((seat, key, last));
        self.seats.retain(|other| *other != seat);
    }

    fn mark(&mut self) -> Option<()> {
        let authority = self.some_authority();
        let seat = self.changeable(authority)?;
        let mark = Change::CompromiseMark(pb::CompromiseMark {
            station: seat.station.to_owned(),
            public_key: public(&self.key_of(seat).0),
            since_index: self.log.size() / 2,
            reason: "The device was lost for a day.".to_owned(),
        });
        self.put(authority, change(mark));
        Some(())
    }
}
