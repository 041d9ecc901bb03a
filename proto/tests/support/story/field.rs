//! What stations, liaisons and verifiers write: reports and what becomes of them, coverage, evidence, statements.

use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb;
use trucelog_proto::pb::Role::{
    Commissioner, Investigator, Monitor, PartyLiaison, Sensor, Verifier,
};
use trucelog_proto::pb::evidence_item::Content;
use trucelog_proto::pb::record::Body;
use trucelog_proto::sealed::{Salt, commitment};

use super::super::commission::bytes;
use super::super::statements::corroboration;
use super::super::{HOUR, MEMBERS, START};
use super::{PARTIES, Seat, Story};

/// A report that is not withdrawn.
#[derive(Clone, Debug)]
pub(super) struct Incident {
    pub(super) member: &'static str,
    /// The version in force.
    pub(super) version: RecordDigest,
    /// Versions before it.
    pub(super) earlier: Vec<RecordDigest>,
    /// Positions of the cases that hold it.
    pub(super) cases: Vec<usize>,
}

/// A piece of evidence.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    pub(super) digest: RecordDigest,
    pub(super) member: &'static str,
    /// What opens it, if it is sealed and was not opened yet.
    pub(super) opening: Option<([u8; 32], [u8; 8])>,
    pub(super) sealed: bool,
}

/// The newest stretch of a sensor's time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Watched {
    report: RecordDigest,
    end: u64,
    restated_until: u64,
}

/// A report of the `number`-th kind, hour and place of those that tests use.
pub(crate) fn report(number: u64) -> pb::IncidentReport {
    const KINDS: [pb::IncidentKind; 3] = [
        pb::IncidentKind::Explosion,
        pb::IncidentKind::Shot,
        pb::IncidentKind::Burst,
    ];
    // Near each other, over the 180th meridian, at a pole, and none.
    const PLACES: [Option<(i32, i32, u32)>; 6] = [
        Some((480_000_000, 380_000_000, 100)),
        Some((480_500_000, 380_400_000, 5_000)),
        Some((-170_000_000, 1_799_900_000, 20_000)),
        Some((899_990_000, 10_000_000, 30_000)),
        Some((485_000_000, 385_000_000, 2_000_000)),
        None,
    ];
    let of = |number: u64, len: u64| usize::try_from(number % len).unwrap();
    let mut report = super::super::report();
    report.kind = KINDS[of(number, 3)].into();
    ["", "PPP", "AAA"][of(number / 2, 3)].clone_into(&mut report.apparent_origin);
    report.latest_time = START - (number % 5) * 400 * HOUR;
    let spans = [0, HOUR, 30 * HOUR, 1_000 * HOUR, 20_000 * HOUR];
    report.earliest_time = report.latest_time - spans[of(number / 3, 5)];
    report.period = true;
    let place = PLACES[of(number / 5, 6)];
    let place = place.map(|(latitude, longitude, radius_m)| pb::Position {
        latitude,
        longitude,
        radius_m,
        basis: pb::PositionBasis::Nearby.into(),
        ..pb::Position::default()
    });
    report.place = Some(pb::Place {
        admin_area_1: ["North", "South", ""][of(number / 7, 3)].to_owned(),
        location: place.map(pb::place::Location::Position),
        ..pb::Place::default()
    });
    report
}

impl Story {
    pub(super) fn write_report(&mut self) -> Option<()> {
        let seat = self.writer(&[Sensor, Monitor])?;
        let body = self.report_of(seat);
        let version = self.put(seat, Body::IncidentReport(body));
        self.incidents.push(Incident {
            member: seat.member,
            version,
            earlier: Vec::new(),
            cases: Vec::new(),
        });
        Some(())
    }

    fn report_of(&mut self, seat: Seat) -> pb::IncidentReport {
        let number = self.rng.next();
        let mut report = report(number);
        if seat.role == Sensor {
            report.apparent_origin.clear();
        } else if self.rng.one_in(8) {
            report.casualties[0].low = 9;
            report.imported = Some(pb::Imported {
                dataset: "A table".to_owned(),
                version: "1".to_owned(),
                row: number.to_string(),
                ..pb::Imported::default()
            });
        }
        if self.rng.one_in(4) {
            report.evidence = self.some_item().into_iter().collect();
        }
        if self.rng.one_in(4) {
            report.clause_references = vec![self.clause()];
        }
        if self.rng.one_in(8) && !self.incidents.is_empty() {
            let target = bytes(self.rng.pick(&self.incidents).version);
            let kind = pb::RelationKind::ClaimedResponseTo.into();
            report.relations = vec![pb::Relation { kind, target }];
        }
        report
    }

    /// A clause of an agreed text, replaced or not, if there is one.
    pub(super) fn clause(&mut self) -> pb::ClauseReference {
        let named = !self.texts.is_empty() && self.rng.one_in(2);
        let text = named.then(|| bytes(self.rng.pick(&self.texts).decision));
        pb::ClauseReference {
            protocol_text: text.unwrap_or_default(),
            clause: "1.a".to_owned(),
        }
    }

    pub(super) fn some_item(&mut self) -> Option<Vec<u8>> {
        (!self.items.is_empty()).then(|| bytes(self.rng.pick(&self.items).digest))
    }

    /// A report whose member still has a monitor.
    fn correctable(&mut self) -> Option<(usize, Seat)> {
        let monitors = self.finishers(&[Monitor]);
        let incidents = self.incidents.clone();
        let at = self.position(&incidents, |incident| {
            monitors.iter().any(|seat| seat.member == incident.member)
        })?;
        let of_member = |seat: &Seat| seat.member == incidents[at].member;
        let own: Vec<Seat> = monitors.into_iter().filter(of_member).collect();
        Some((at, self.choose(&own)?))
    }

    pub(super) fn correct(&mut self) -> Option<()> {
        let (at, seat) = self.correctable()?;
        let reasons = [
            pb::CorrectionReason::Time,
            pb::CorrectionReason::Actor,
            pb::CorrectionReason::LateInformation,
        ];
        let correction = pb::Correction {
            target: bytes(self.incidents[at].version),
            reason: (*self.rng.pick(&reasons)).into(),
            report: Some(self.report_of(seat)),
            ..pb::Correction::default()
        };
        let version = self.put(seat, Body::Correction(correction));
        let incident = &mut self.incidents[at];
        let before = std::mem::replace(&mut incident.version, version);
        incident.earlier.push(before);
        Some(())
    }

    pub(super) fn withdraw(&mut self) -> Option<()> {
        let (at, seat) = self.correctable()?;
        let target = self.incidents[at].version;
        self.put(seat, super::super::withdrawal(target));
        self.incidents.remove(at);
        Some(())
    }

    /// Whether a member is a party to a case that holds the report.
    pub(super) fn is_party_to(&self, incident: &Incident, member: &str) -> bool {
        let mut cases = incident.cases.iter().map(|case| &self.cases[*case]);
        cases.any(|case| case.parties.contains(&member))
    }

    pub(super) fn corroborate(&mut self) -> Option<()> {
        let incidents = self.incidents.clone();
        let incident = &incidents[self.position(&incidents, |_| true)?];
        let mut seats = self.writers(&[Monitor, Verifier]);
        seats.retain(|seat| {
            seat.member != incident.member && !self.is_party_to(incident, seat.member)
        });
        let seat = self.choose(&seats)?;
        let results = [
            pb::CorroborationResult::Confirm,
            pb::CorroborationResult::Confirm,
            pb::CorroborationResult::Contradict,
            pb::CorroborationResult::Partial,
            pb::CorroborationResult::CannotAssess,
        ];
        let body = pb::Corroboration {
            result: (*self.rng.pick(&results)).into(),
            text: "As far as it goes.".to_owned(),
            evidence: self.some_item().into_iter().collect(),
            ..corroboration(incident.version)
        };
        self.put(seat, Body::Corroboration(body));
        Some(())
    }

    /// Reports the next stretch of a sensor's time, or states a part of the newest one anew.
    pub(super) fn cover(&mut self) -> Option<()> {
        let seat = self.writer(&[Sensor, Monitor])?;
        let before = self.watched.get(seat.member).copied();
        let restated = before.filter(|before| before.restated_until < before.end);
        let anew = restated.filter(|_| self.rng.one_in(4));
        let earliest_time = match (anew, before) {
            (Some(anew), _) => anew.restated_until,
            (None, Some(before)) => before.end,
            (None, None) => START,
        };
        let latest_time = match anew {
            Some(anew) if self.rng.one_in(2) => anew.end,
            _ => earliest_time + HOUR / 8,
        };
        if latest_time > self.log.now {
            return None;
        }
        let statuses = [
            pb::CoverageStatus::Up,
            pb::CoverageStatus::Up,
            pb::CoverageStatus::Jammed,
            pb::CoverageStatus::Down,
        ];
        let status = *self.rng.pick(&statuses);
        let sees = status != pb::CoverageStatus::Down;
        let digest = self.put(
            seat,
            Body::CoverageReport(pb::CoverageReport {
                sensor: "camera".to_owned(),
                earliest_time,
                latest_time,
                status: status.into(),
                observed_count: sees.then_some(earliest_time % 3),
                supersedes: anew.map(|anew| bytes(anew.report)).unwrap_or_default(),
                ..pb::CoverageReport::default()
            }),
        );
        let watched = match anew {
            Some(anew) => Watched {
                restated_until: latest_time,
                ..anew
            },
            None => Watched {
                report: digest,
                end: latest_time,
                restated_until: earliest_time,
            },
        };
        self.watched.insert(seat.member, watched);
        Some(())
    }

    pub(super) fn register_open(&mut self) -> Option<()> {
        let seat = self.writer(&[Sensor, Monitor, Investigator])?;
        let digest = self.rng.bytes::<32>().to_vec();
        self.register(
            seat,
            Content::Open(pb::OpenContent { digest, len: 7 }),
            None,
        );
        Some(())
    }

    pub(super) fn seal(&mut self) -> Option<()> {
        let seat = self.writer(&[Sensor, Monitor, Investigator])?;
        let (salt, content) = (self.rng.bytes(), self.rng.bytes());
        let origin = &self.log.id.origin;
        let commitment = commitment(origin, seat.member, &Salt(salt), &content);
        let sealed = pb::SealedContent {
            commitment: commitment.as_bytes().to_vec(),
        };
        self.register(seat, Content::Sealed(sealed), Some((salt, content)));
        Some(())
    }

    fn register(&mut self, seat: Seat, content: Content, opening: Option<([u8; 32], [u8; 8])>) {
        let derived = self.rng.one_in(4).then(|| self.some_item()).flatten();
        let kind = if derived.is_some() {
            pb::EvidenceKind::Derived
        } else {
            pb::EvidenceKind::Original
        };
        let body = Body::EvidenceItem(pb::EvidenceItem {
            kind: kind.into(),
            derived_from: derived.unwrap_or_default(),
            content: Some(content),
            ..pb::EvidenceItem::default()
        });
        let digest = self.put(seat, body);
        self.items.push(Item {
            digest,
            member: seat.member,
            opening,
            sealed: opening.is_some(),
        });
    }

    pub(super) fn disclose(&mut self) -> Option<()> {
        let seats = self.finishers(&[Sensor, Monitor, Investigator]);
        let items = self.items.clone();
        let at = self.position(&items, |item| {
            item.opening.is_some() && seats.iter().any(|seat| seat.member == item.member)
        })?;
        let (salt, content) = items[at].opening?;
        let of_member = |seat: &Seat| seat.member == items[at].member;
        let own: Vec<Seat> = seats.into_iter().filter(of_member).collect();
        let seat = self.choose(&own)?;
        let disclosure = pb::Disclosure {
            target: bytes(items[at].digest),
            salt: salt.to_vec(),
            content: content.to_vec(),
        };
        let digest = self.put(seat, Body::Disclosure(disclosure));
        self.items[at].opening = None;
        self.disclosures.push(digest);
        Some(())
    }

    pub(super) fn state(&mut self) -> Option<()> {
        let seat = self.writer(&[PartyLiaison])?;
        let targets = [
            self.incidents.last().map(|incident| incident.version),
            self.items
                .iter()
                .rev()
                .find(|item| !item.sealed)
                .map(|item| item.digest),
            self.disclosures.last().copied(),
            self.cases.last().map(|case| case.digest),
            self.ballots.last().map(|ballot| ballot.digest),
            self.decisions.last().copied(),
        ];
        let target = (*self.rng.pick(&targets))?;
        let parties = [PARTIES[0], PARTIES[1], seat.member];
        let stances = [
            pb::PartyStance::Deny,
            pb::PartyStance::Admit,
            pb::PartyStance::ClaimResponse,
        ];
        let statement = pb::PartyStatement {
            party: (*self.rng.pick(&parties)).to_owned(),
            target: bytes(target),
            stance: (*self.rng.pick(&stances)).into(),
            text: "To the report of that day.".to_owned(),
        };
        self.put(seat, Body::PartyStatement(statement));
        Some(())
    }

    pub(super) fn sum_up(&mut self) -> Option<()> {
        let seat = self.writer(&[Verifier, Commissioner])?;
        let index = usize::try_from(self.log.size()).unwrap();
        let size = 1 + self.rng.below(index) as u64;
        let summary = super::super::statements::summary(size);
        self.put(seat, Body::Summary(summary));
        Some(())
    }

    /// A party to a case: one that is no member, or a member.
    pub(super) fn some_party(&mut self) -> &'static str {
        [PARTIES[0], PARTIES[1], MEMBERS[0]][self.rng.below(3)]
    }
}
