//! Records that the rules refuse: well formed, and signed by a key that is known or was.

use trucelog_proto::entry::Entry;
use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb;
use trucelog_proto::pb::Role::{Authority, Commissioner, Monitor, Verifier};
use trucelog_proto::pb::VoteChoice::Concur;
use trucelog_proto::pb::record::Body;
use trucelog_proto::record::DecodedRecord;

use super::super::HOUR;
use super::super::commission::{
    asks_attribution, asks_remedy, attribution, bytes, decision, remedy, vote,
};
use super::super::governance::closure;
use super::super::statements::{corroboration, disclosure};
use super::field::Incident;
use super::{Seat, Story};

/// A report such as no story writes.
fn unwritten_report() -> Body {
    Body::IncidentReport(pb::IncidentReport {
        narrative: "One explosion.".to_owned(),
        ..super::report(0)
    })
}

impl Story {
    /// A record that is refused at this place, if `number` leads to one.
    pub(crate) fn stray(&mut self, number: u64) -> Option<pb::SignedRecord> {
        self.rng = super::Rng::new(number);
        let signed = match self.rng.below(8) {
            0 | 1 => self.said_again()?,
            2 => self.said_by_another()?,
            3 | 4 => self.misdirected()?,
            5 if self.rng.one_in(3) => self.with_an_ended_key()?,
            5 => self.misaddressed()?,
            _ => {
                let (seat, body) = self.out_of_turn()?;
                self.log.signed(&self.record(seat, body))
            }
        };
        self.log.place(signed.clone()).is_err().then_some(signed)
    }

    fn record(&self, seat: Seat, body: Body) -> pb::Record {
        self.log.record(seat.member, seat.station, body)
    }

    /// A record in the log, any but the charter, and reports less often than others.
    fn earlier(&mut self) -> pb::Record {
        loop {
            let at = 1 + self.rng.below(self.log.entries.len() - 1);
            let entry = Entry::decode(&self.log.entries[at]).unwrap();
            let record = DecodedRecord::decode(&entry.signed_record.record).unwrap();
            let is_report = matches!(record.message.body, Some(Body::IncidentReport(_)));
            if !is_report || self.rng.one_in(4) {
                return record.message;
            }
        }
    }

    fn seat_that_wrote(&self, record: &pb::Record) -> Option<Seat> {
        let mut seats = self.seats.iter();
        let wrote = |seat: &&Seat| seat.member == record.member && seat.station == record.station;
        seats.find(wrote).copied()
    }

    fn said_again(&mut self) -> Option<pb::SignedRecord> {
        let earlier = self.earlier();
        let seat = self.seat_that_wrote(&earlier)?;
        Some(self.log.signed(&self.record(seat, earlier.body?)))
    }

    fn said_by_another(&mut self) -> Option<pb::SignedRecord> {
        let seat = *self.rng.pick(&self.seats.clone());
        let body = self.earlier().body?;
        Some(self.log.signed(&self.record(seat, body)))
    }

    /// An earlier record that names another record in the place of one that it named.
    fn misdirected(&mut self) -> Option<pb::SignedRecord> {
        use prost::Message as _;
        let earlier = self.earlier();
        let seat = self.seat_that_wrote(&earlier)?;
        let mut encoded = self.record(seat, earlier.body?).encode_to_vec();
        let is_name = |at: &usize| self.names.contains(&encoded[*at..*at + 32]);
        let named: Vec<usize> = (0..encoded.len().saturating_sub(31))
            .filter(is_name)
            .collect();
        let at = self.choose(&named)?;
        let other: [u8; 32] = if self.rng.one_in(6) {
            self.rng.bytes()
        } else {
            let position = self.rng.below(self.names.len());
            *self.names.iter().nth(position)?
        };
        encoded[at..at + 32].copy_from_slice(&other);
        let record = pb::Record::decode(encoded.as_slice()).ok()?;
        Some(self.log.signed(&record))
    }

    /// A report with something wrong around it.
    fn misaddressed(&mut self) -> Option<pb::SignedRecord> {
        let seat = self.writer(&[Monitor])?;
        let mut record = self.record(seat, unwritten_report());
        match self.rng.below(8) {
            0 => record.sequence += 1,
            1 => record.sequence -= 1,
            2 => record.created_time += HOUR,
            3 => record.replaces = vec![bytes(self.incidents.last()?.version)],
            4 => record.station.push_str("-9"),
            5 => {
                let label = pb::Label {
                    releasable_to: vec!["AAA".to_owned()],
                    ..pb::Label::default()
                };
                record.label = Some(label);
            }
            6 => return Some(self.log.signed_with(&record, "stranger")),
            _ => record.created_time = 0,
        }
        let (key, _) = self.key_of(seat);
        Some(self.log.signed_with(&record, &key))
    }

    fn with_an_ended_key(&mut self) -> Option<pb::SignedRecord> {
        let (seat, key, last) = self.ended.get(self.rng.below(self.ended.len().max(1)))?;
        let body = unwritten_report();
        let record = pb::Record {
            member: seat.member.to_owned(),
            station: seat.station.to_owned(),
            sequence: last + 1,
            created_time: self.log.now,
            body: Some(body),
            ..pb::Record::default()
        };
        Some(self.log.signed_with(&record, key))
    }

    /// What somebody writes who may write it, but not now, or not so.
    fn out_of_turn(&mut self) -> Option<(Seat, Body)> {
        match self.rng.below(8) {
            0 => self.wrong_decision(),
            1 => self.late_vote(),
            2 => self.wrong_closure(),
            3 => self.own_corroboration(),
            4 => self.wrong_opening(),
            5 => self.stale_correction(),
            6 => self.unproven_attribution(),
            _ => self.remedy_without_breach(),
        }
    }

    /// A decision before voting has closed, with a vote left out, or against the votes.
    fn wrong_decision(&mut self) -> Option<(Seat, Body)> {
        let seat = self.writer(&[Authority])?;
        let ballots = self.ballots.clone();
        let ballot = &ballots[self.position(&ballots, |_| true)?];
        let mut votes: Vec<RecordDigest> =
            ballot.votes.iter().map(|(.., digest)| *digest).collect();
        let mut outcome = ballot.outcome();
        match self.rng.below(3) {
            0 => drop(votes.pop()),
            1 => {
                let all = [
                    pb::Outcome::Adopted,
                    pb::Outcome::Rejected,
                    pb::Outcome::Lapsed,
                ];
                let others = all.into_iter().filter(|other| *other != outcome);
                outcome = *self.rng.pick(&others.collect::<Vec<_>>());
            }
            _ => {}
        }
        Some((seat, decision(ballot.digest, outcome, &votes)))
    }

    /// A vote on anything that is not decided: too late, without a seat, or of one who is to recuse itself.
    fn late_vote(&mut self) -> Option<(Seat, Body)> {
        let seats = self.finishers(&[Authority, Commissioner]);
        let ballots = self.ballots.clone();
        let ballot = &ballots[self.position(&ballots, |_| true)?];
        let barred = |seat: &Seat| ballot.barred.contains(&seat.member);
        let seat = self
            .position(&seats, barred)
            .filter(|_| self.rng.one_in(2))
            .map_or_else(|| self.choose(&seats), |at| Some(seats[at]))?;
        Some((seat, vote(ballot.digest, Concur)))
    }

    fn wrong_closure(&mut self) -> Option<(Seat, Body)> {
        let seat = self.writer(&[Commissioner])?;
        let cases = self.cases.clone();
        let at = self.position(&cases, |case| case.closed.is_none())?;
        let results = [
            pb::ClosureResult::Violation,
            pb::ClosureResult::NoViolation,
            pb::ClosureResult::Pending,
        ];
        let result = *self.rng.pick(&results);
        Some((seat, Body::Closure(closure(cases[at].digest, result))))
    }

    fn own_corroboration(&mut self) -> Option<(Seat, Body)> {
        let seat = self.writer(&[Monitor, Verifier])?;
        let doubtful = |incident: &&Incident| {
            incident.member == seat.member || self.is_party_to(incident, seat.member)
        };
        let doubtful: Vec<RecordDigest> = self
            .incidents
            .iter()
            .filter(doubtful)
            .map(|incident| incident.version)
            .collect();
        let body = corroboration(self.choose(&doubtful)?);
        Some((seat, Body::Corroboration(body)))
    }

    fn wrong_opening(&mut self) -> Option<(Seat, Body)> {
        let seat = self.writer(&[Monitor])?;
        let items = self.items.clone();
        let at = self.position(&items, |item| item.opening.is_some())?;
        Some((seat, Body::Disclosure(disclosure(items[at].digest))))
    }

    fn stale_correction(&mut self) -> Option<(Seat, Body)> {
        let seat = self.writer(&[Monitor])?;
        let incidents = self.incidents.clone();
        let at = self.position(&incidents, |incident| !incident.earlier.is_empty())?;
        let target = *self.rng.pick(&incidents[at].earlier);
        Some((seat, super::super::correction(target)))
    }

    fn unproven_attribution(&mut self) -> Option<(Seat, Body)> {
        let seat = self.writer(&[Commissioner])?;
        let cases = self.cases.clone();
        let at = self.position(&cases, |case| case.closed.is_none())?;
        let body = pb::AttributionProposal {
            standard_of_proof: pb::StandardOfProof::ReasonableGrounds.into(),
            ..attribution(cases[at].digest, "PPP")
        };
        Some((seat, asks_attribution(body)))
    }

    fn remedy_without_breach(&mut self) -> Option<(Seat, Body)> {
        let seat = self.writer(&[Commissioner])?;
        let attributions = self.attributions.clone();
        let at = self.position(&attributions, |basis| !basis.carries)?;
        Some((seat, asks_remedy(remedy(attributions[at].decision))))
    }
}
