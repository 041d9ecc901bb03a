//! Checking a bundle without a network, under a pinned policy.
//!
//! Source: `proto/spec/bundle.md`, "Verifying".

use std::collections::BTreeMap;

use trucelog_proto::entry::Entry;
use trucelog_proto::hash::{LeafIndex, RecordDigest};
use trucelog_proto::pb;
use trucelog_proto::pb::proposal::Question;
use trucelog_proto::pb::record::Body;
use trucelog_proto::pb::station_change::Change;
use trucelog_proto::policy::Verdict;
use trucelog_proto::proof;
use trucelog_proto::record::{DecodedRecord, KnownKeys};
use trucelog_proto::rules::{
    AUTHORITY_STATION, OPERATOR, OPERATOR_STATION, RECOVERY_STATION, may_write, references,
};
use trucelog_proto::tree::leaf_hash;
use trucelog_proto::verify;

use super::{Bundle, BundleError, BundledEntry};
use crate::reader::LocalEntry;
use crate::trust::{self, Judged, Trust};

/// A bundle that holds.
#[derive(Clone, Debug)]
pub struct Verified {
    /// The checkpoint and who has signed it.
    pub judged: Judged,
    /// All entries, in the order of the log.
    pub entries: Vec<LocalEntry>,
    /// The record that the bundle is about.
    pub record: LocalEntry,
}

impl Bundle {
    /// Checks everything in the bundle.
    ///
    /// 1. The checkpoint is signed by the pinned log key.
    /// 2. Each entry is in its tree, and is good whatever stands before it: bytes, index, signature; entry 0 is the
    ///    pinned charter.
    /// 3. The key of each record was enrolled by an earlier entry of the bundle for this station, in a role that may
    ///    write it, and not ended by one.
    /// 4. What a record refers to is an earlier entry of the bundle.
    /// 5. The record that the bundle is about is there.
    /// 6. The quorum of each policy is reached.
    ///
    /// # Errors
    /// [`BundleError`], the first that applies; [`BundleError::Policy`] only when everything else holds.
    ///
    /// Source: `proto/spec/bundle.md`, "Verifying".
    pub fn verify(&self, trust: &Trust) -> Result<Verified, BundleError> {
        let judged = trust.judge(self.checkpoint.as_bytes());
        let judged = judged.map_err(BundleError::Checkpoint)?;
        let mut seen = Seen::default();
        let mut entries = Vec::new();
        for item in &self.entries {
            let entry = item.verify(&judged.verdict, trust)?;
            seen.append(&entry)?;
            entries.push(entry);
        }
        let digest: RecordDigest = self
            .record
            .parse()
            .map_err(|error| BundleError::Malformed(format!("record: {error}")))?;
        let record = entries.iter().find(|entry| entry.digest == digest);
        let record = record.cloned().ok_or(BundleError::Absent(digest))?;
        trust::enough(&judged.verdict, judged.verdict_pq.as_ref()).map_err(BundleError::Policy)?;
        Ok(Verified {
            judged,
            entries,
            record,
        })
    }
}

impl BundledEntry {
    fn verify(&self, verdict: &Verdict, trust: &Trust) -> Result<LocalEntry, BundleError> {
        let (index, bytes) = (LeafIndex::new(self.index), &self.entry.0);
        let head = verdict.checkpoint.checkpoint();
        let leaf = leaf_hash(bytes);
        proof::verify_inclusion(&leaf, index, head.size, &self.inclusion.0, &head.root)
            .map_err(|source| BundleError::Inclusion { index, source })?;
        verify::check(&trust.id, &KnownKeys::default(), index, bytes)
            .verify_alone(&trust.id.charter)
            .map_err(BundleError::Entry)?;
        let refused = |refusal| BundleError::Entry(verify::Finding::Bytes { index, refusal });
        let entry = Entry::decode(bytes).map_err(refused)?;
        let record = DecodedRecord::decode(&entry.signed_record.record).map_err(refused)?;
        Ok(LocalEntry {
            leaf,
            entry,
            record: record.message,
            digest: record.digest,
            bytes: bytes.clone(),
        })
    }
}

/// What the entries so far show.
#[derive(Default)]
struct Seen {
    records: BTreeMap<RecordDigest, LeafIndex>,
    keys: BTreeMap<Vec<u8>, Holder>,
    /// Members that a proposal asks to admit, by its digest.
    asked: BTreeMap<Vec<u8>, pb::CharterMember>,
}

/// A key's station.
#[derive(Clone)]
struct Holder {
    member: String,
    station: String,
    role: pb::Role,
    ended: Option<LeafIndex>,
}

impl Holder {
    fn new(member: &str, station: &str, role: pb::Role) -> Self {
        Self {
            member: member.to_owned(),
            station: station.to_owned(),
            role,
            ended: None,
        }
    }
}

/// The keys that come with membership.
fn keys_of(member: &pb::CharterMember) -> [(Vec<u8>, Holder); 2] {
    let holder = |station, role| Holder::new(&member.code, station, role);
    [
        (
            member.authority_key.clone(),
            holder(AUTHORITY_STATION, pb::Role::Authority),
        ),
        (
            member.recovery_key.clone(),
            holder(RECOVERY_STATION, pb::Role::Recovery),
        ),
    ]
}

impl Seen {
    fn append(&mut self, entry: &LocalEntry) -> Result<(), BundleError> {
        let index = entry.entry.index;
        let Some(body) = &entry.record.body else {
            return Err(BundleError::Malformed(format!("entry {index} has no body")));
        };
        match body {
            Body::Charter(charter) if index.get() == 0 => self.found(charter),
            Body::Charter(_) => return Err(BundleError::CharterMisplaced(index)),
            _ => {}
        }
        let author = self.author(entry, body)?;
        for digest in references(body) {
            if !self.records.contains_key(&digest) {
                return Err(BundleError::Reference { index, digest });
            }
        }
        match body {
            Body::StationChange(change) => self.change(index, &author, change)?,
            Body::Proposal(proposal) => self.ask(entry, proposal),
            Body::Decision(decision) => self.decide(index, decision)?,
            _ => {}
        }
        self.records.insert(entry.digest, index);
        Ok(())
    }

    /// The keys that the charter names.
    fn found(&mut self, charter: &pb::Charter) {
        let operator = Holder::new(OPERATOR, OPERATOR_STATION, pb::Role::Operator);
        self.keys.insert(charter.operator_key.clone(), operator);
        for member in &charter.members {
            for (key, holder) in keys_of(member) {
                self.keys.insert(key, holder);
            }
        }
    }

    /// Remembers the keys of a member that a proposal asks to admit.
    fn ask(&mut self, entry: &LocalEntry, proposal: &pb::Proposal) {
        if let Some(Question::Membership(membership)) = &proposal.question
            && membership.change() == pb::MembershipChange::Admit
            && let Some(member) = &membership.member
        {
            let proposal = entry.digest.as_bytes().to_vec();
            self.asked.insert(proposal, member.clone());
        }
    }

    /// Enrols the keys of a member that a decision admits.
    fn decide(&mut self, index: LeafIndex, decision: &pb::Decision) -> Result<(), BundleError> {
        if decision.outcome() == pb::Outcome::Adopted
            && let Some(member) = self.asked.remove(&decision.proposal)
        {
            for (key, holder) in keys_of(&member) {
                self.enrol(index, &key, holder)?;
            }
        }
        Ok(())
    }

    /// Who wrote an entry.
    fn author(&self, entry: &LocalEntry, body: &Body) -> Result<Holder, BundleError> {
        let index = entry.entry.index;
        let key = &entry.entry.signed_record.public_key;
        let (member, station) = (&entry.record.member, &entry.record.station);
        let holder = self.owned(index, member, station, key)?;
        if let Some(ended) = holder.ended {
            return Err(BundleError::KeyEnded { index, ended });
        }
        if !may_write(holder.role, body) {
            return Err(BundleError::Role {
                index,
                role: holder.role,
            });
        }
        Ok(holder.clone())
    }

    fn change(
        &mut self,
        index: LeafIndex,
        author: &Holder,
        change: &pb::StationChange,
    ) -> Result<(), BundleError> {
        let role = author.role;
        match &change.change {
            Some(Change::Enrolment(enrolment)) if role == pb::Role::Authority => {
                let holder = Holder::new(&author.member, &enrolment.station, enrolment.role());
                self.enrol(index, &enrolment.public_key, holder)?;
            }
            Some(Change::Rotation(rotation))
                if role == pb::Role::Authority || rotation.station == AUTHORITY_STATION =>
            {
                let (station, key) = (&rotation.station, &rotation.old_public_key);
                let role = self.owned(index, &author.member, station, key)?.role;
                self.end(key, index);
                let holder = Holder::new(&author.member, station, role);
                self.enrol(index, &rotation.new_public_key, holder)?;
            }
            Some(Change::Revocation(revocation)) if role == pb::Role::Authority => {
                let (station, key) = (&revocation.station, &revocation.public_key);
                self.owned(index, &author.member, station, key)?;
                self.end(key, index);
            }
            Some(Change::CompromiseMark(_)) if role == pb::Role::Authority => {}
            _ => return Err(BundleError::Role { index, role }),
        }
        Ok(())
    }

    /// A key of a station.
    fn owned(
        &self,
        index: LeafIndex,
        member: &str,
        station: &str,
        key: &[u8],
    ) -> Result<&Holder, BundleError> {
        let holder = self
            .keys
            .get(key)
            .ok_or(BundleError::KeyNotEnrolled(index))?;
        if holder.member == member && holder.station == station {
            return Ok(holder);
        }
        Err(BundleError::OtherStation {
            index,
            member: holder.member.clone(),
            station: holder.station.clone(),
        })
    }

    fn enrol(&mut self, index: LeafIndex, key: &[u8], holder: Holder) -> Result<(), BundleError> {
        if self.keys.insert(key.to_vec(), holder).is_some() {
            return Err(BundleError::KeyEnrolledTwice(index));
        }
        Ok(())
    }

    fn end(&mut self, key: &[u8], index: LeafIndex) {
        if let Some(holder) = self.keys.get_mut(key) {
            holder.ended.get_or_insert(index);
        }
    }
}
