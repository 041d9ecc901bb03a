//! One record on its way into the state: who speaks, what the rules look up, and what is written.

use std::sync::Arc;

use prost::Message;

use super::fields::{self, Check};
use super::model::{
    self, CaseState, CharterState, CoverageState, Head, HolderList, Key, KeyState, MemberList,
    MemberState, ProposalState, RecordState, body, body_number, name_of_body,
};
use super::placed::{Placed, RULES_VERSION, RuleError};
use crate::hash::RecordDigest;
use crate::limits::{MAX_CODE_LEN, MAX_IDENTIFIER_LEN};
use crate::pb;
use crate::pb::record::Body;
use crate::refusal::{Reason, Refusal};
use crate::state::{State, Writes};

/// The record at hand, the station that signed it, and the writes so far.
pub(super) struct Context<'a> {
    state: &'a dyn State,
    pub(super) placed: Placed<'a>,
    pub(super) key: KeyState,
    /// The rules in force at this index.
    pub(super) rules: Arc<pb::Rules>,
    record: RecordState,
    writes: Writes,
}

impl<'a> Context<'a> {
    /// Starts with the key that signed, and the rules in force; at index 0, those of the charter.
    pub(super) fn new(
        state: &'a dyn State,
        placed: Placed<'a>,
        key: KeyState,
        rules: Arc<pb::Rules>,
    ) -> Self {
        let message = &placed.record.record.message;
        let record = RecordState {
            body: message.body.as_ref().map_or(0, body_number),
            index: placed.index.get(),
            member: message.member.clone(),
            ..RecordState::default()
        };
        Self {
            state,
            placed,
            key,
            rules,
            record,
            writes: Writes::default(),
        }
    }

    /// Checks what holds for every record after the charter: key, member, role, sequence, times, label.
    ///
    /// Source: `proto/spec/rules.md`, "Envelope".
    pub(super) fn admit(
        state: &'a dyn State,
        placed: Placed<'a>,
        in_force: &mut InForce,
    ) -> Result<Self, RuleError> {
        let rules = in_force.read(state)?;
        let key_bytes = placed.record.public_key.as_bytes();
        let key: Option<KeyState> = model::load(state, &Key::PublicKey(key_bytes))?;
        let key = key.filter(|key| !key.promised);
        let key = key.ok_or_else(|| Refusal::new(Reason::KeyUnknown, "public_key"))?;
        let context = Self::new(state, placed, key, rules);
        context.check_accepted_time()?;
        context.check_key()?;
        context.check_standing()?;
        context.check_role()?;
        context.check_sequence()?;
        context.check_times()?;
        context.check_label()?;
        Ok(context)
    }

    pub(super) fn message(&self) -> &'a pb::Record {
        &self.placed.record.record.message
    }

    pub(super) fn digest(&self) -> RecordDigest {
        self.placed.record.record.digest
    }

    pub(super) fn member(&self) -> &'a str {
        &self.message().member
    }

    fn check_accepted_time(&self) -> Result<(), RuleError> {
        let head: Head = self.load(&Key::Head)?.unwrap_or_default();
        Ok(fields::time_order(
            head.accepted_time,
            self.placed.accepted_time,
            "accepted_time",
        )?)
    }

    fn check_key(&self) -> Check {
        if let Some(index) = self.key.revoked_index {
            return Err(
                Refusal::new(Reason::KeyRevoked, "public_key").with("revoked_at_index", index)
            );
        }
        if self.key.member != self.message().member {
            return Err(Refusal::new(Reason::KeyOfOtherStation, "member")
                .with("expected", &self.key.member));
        }
        if self.key.station != self.message().station {
            return Err(Refusal::new(Reason::KeyOfOtherStation, "station")
                .with("expected", &self.key.station));
        }
        Ok(())
    }

    /// A suspended member only looks after its keys; a member that has departed writes nothing.
    fn check_standing(&self) -> Result<(), RuleError> {
        let member: Option<MemberState> = self.load(&Key::Member(self.member()))?;
        let member = member.unwrap_or_default();
        let changes_keys = matches!(self.message().body, Some(Body::StationChange(_)));
        let (reason, index) = match (member.departed_index, member.suspended_index) {
            (Some(index), _) => (Reason::MemberDeparted, index),
            (None, Some(index)) if !changes_keys => (Reason::MemberSuspended, index),
            _ => return Ok(()),
        };
        Err(Refusal::new(reason, "member")
            .with("since_index", index)
            .into())
    }

    fn check_role(&self) -> Result<(), RuleError> {
        let Some(body) = &self.message().body else {
            return Ok(());
        };
        self.require_role(roles_for(body), model::body_name(body))?;
        if finishes(body) || admits(&self.rules, self.key.role(), self.member()) {
            return Ok(());
        }
        Err(self.not_admitted(self.key.role(), model::body_name(body)))
    }

    /// The refusal of a role that the rules in force do not give to the author's member.
    pub(super) fn not_admitted(&self, role: pb::Role, field: &str) -> RuleError {
        Refusal::new(Reason::RoleNotAdmitted, field)
            .with("role", role.as_str_name())
            .with("member", self.member())
            .into()
    }

    /// Refuses a body that none of `roles` is needed for, unless the station has one of them.
    pub(super) fn require_role(&self, roles: &[pb::Role], field: &str) -> Check {
        if roles.contains(&self.key.role()) {
            return Ok(());
        }
        let names: Vec<&str> = roles.iter().map(pb::Role::as_str_name).collect();
        Err(Refusal::new(Reason::RoleNotAllowed, field)
            .with("allowed_roles", names.join(" "))
            .with("station_role", self.key.role().as_str_name()))
    }

    fn check_sequence(&self) -> Result<(), RuleError> {
        if self
            .load::<RecordState>(&Key::Record(self.digest().as_bytes()))?
            .is_some()
        {
            return Err(Refusal::new(Reason::RecordLogged, "").into());
        }
        let found = self.message().sequence;
        let expected = self.key.last_sequence.saturating_add(1);
        if found != expected {
            let reason = if found < expected {
                Reason::SequenceUsed
            } else {
                Reason::SequenceGap
            };
            return Err(Refusal::new(reason, "sequence")
                .with("expected_sequence", expected)
                .with("found", found)
                .into());
        }
        for (position, digest) in self.message().replaces.iter().enumerate() {
            let field = format!("replaces[{position}]");
            if self
                .load::<RecordState>(&Key::Record(fields::digest(digest, &field)?.as_bytes()))?
                .is_some()
            {
                return Err(Refusal::new(Reason::ReplacesLogged, field).into());
            }
        }
        Ok(())
    }

    fn check_times(&self) -> Result<(), RuleError> {
        fields::required(self.message().created_time > 0, "created_time")?;
        self.not_ahead(
            self.message().created_time,
            self.placed.accepted_time,
            "created_time",
        )
    }

    /// Refuses a time that lies ahead of `now` by more than the tolerance of the rules.
    pub(super) fn not_ahead(&self, time: u64, now: u64, field: &str) -> Result<(), RuleError> {
        let latest = now.saturating_add(self.rules.clock_tolerance);
        if time > latest {
            return Err(Refusal::new(Reason::TimeAhead, field)
                .with("latest_ms", latest)
                .with("found_ms", time)
                .into());
        }
        Ok(())
    }

    fn check_label(&self) -> Result<(), RuleError> {
        let Some(label) = &self.message().label else {
            return Ok(());
        };
        let check = || -> Check {
            fields::text(&label.policy, MAX_IDENTIFIER_LEN, "policy")?;
            fields::text(&label.classification, MAX_IDENTIFIER_LEN, "classification")?;
            fields::each(&label.categories, "categories", |item| {
                fields::filled_text(item, MAX_IDENTIFIER_LEN, "")
            })?;
            fields::ascending(&label.categories, Clone::clone, "categories")?;
            fields::each(&label.releasable_to, "releasable_to", |item| {
                fields::filled_text(item, MAX_CODE_LEN, "")
            })?;
            fields::ascending(&label.releasable_to, Clone::clone, "releasable_to")
        };
        check().map_err(|refusal| refusal.below("label"))?;
        let released = self.charter()?.release_set;
        match released
            .iter()
            .find(|code| !label.releasable_to.contains(code))
        {
            Some(code) => Err(Refusal::new(Reason::LabelNarrower, "label.releasable_to")
                .with("missing", code)
                .into()),
            None => Ok(()),
        }
    }

    pub(super) fn charter(&self) -> Result<CharterState, RuleError> {
        Ok(self.load(&Key::Charter)?.unwrap_or_default())
    }

    /// Reads a value, this record's own writes first.
    pub(super) fn load<V: Message + Default>(&self, key: &Key<'_>) -> Result<Option<V>, RuleError> {
        if let Some(bytes) = self.writes.value(&key.encode()) {
            let decoded = V::decode(bytes)
                .map_err(|error| crate::state::StateError(format!("{key:?}: {error}")))?;
            return Ok(Some(decoded));
        }
        Ok(model::load(self.state, key)?)
    }

    pub(super) fn store<V: Message>(&mut self, key: &Key<'_>, value: &V) {
        self.writes.put(key.encode(), value.encode_to_vec());
    }

    /// What the state keeps of a record, this one too.
    pub(super) fn record(&self, digest: &[u8]) -> Result<RecordState, RuleError> {
        if digest == self.digest().as_bytes() {
            return Ok(self.record.clone());
        }
        Ok(self.load(&Key::Record(digest))?.unwrap_or_default())
    }

    /// Changes what the state keeps of a record, this one too.
    fn change(
        &mut self,
        digest: &[u8],
        change: impl FnOnce(&mut RecordState),
    ) -> Result<(), RuleError> {
        let mut record = self.record(digest)?;
        change(&mut record);
        if digest == self.digest().as_bytes() {
            self.record = record;
        } else {
            self.store(&Key::Record(digest), &record);
        }
        Ok(())
    }

    /// What the state keeps of a proposal.
    pub(super) fn proposal(&self, digest: &[u8]) -> Result<ProposalState, RuleError> {
        Ok(*self.record(digest)?.proposal.unwrap_or_default())
    }

    /// Keeps a proposal.
    pub(super) fn keep_proposal(
        &mut self,
        digest: &[u8],
        proposal: ProposalState,
    ) -> Result<(), RuleError> {
        self.change(digest, |record| record.proposal = Some(Box::new(proposal)))
    }

    /// What the state keeps of the case with this founding record.
    pub(super) fn case(&self, founding: &[u8]) -> Result<CaseState, RuleError> {
        Ok(self.record(founding)?.case.unwrap_or_default())
    }

    /// Keeps the case with this founding record.
    pub(super) fn keep_case(&mut self, founding: &[u8], case: CaseState) -> Result<(), RuleError> {
        self.change(founding, |record| record.case = Some(case))
    }

    /// States what this record belongs to.
    pub(super) fn belongs_to(&mut self, root: &[u8]) {
        self.record.root = root.to_vec();
    }

    pub(super) fn states_outcome(&mut self, outcome: pb::Outcome) {
        self.record.outcome = outcome.into();
    }

    /// States what a coverage report covers.
    pub(super) fn covers(&mut self, coverage: CoverageState) {
        self.record.coverage = Some(coverage);
    }

    /// States the commitment of a sealed piece of evidence.
    pub(super) fn commits_to(&mut self, commitment: &[u8]) {
        self.record.commitment = commitment.to_vec();
    }

    /// Refuses a record of another member than the author's.
    pub(super) fn own_record(&self, record: &RecordState, field: &str) -> Check {
        if record.member == self.member() {
            return Ok(());
        }
        Err(Refusal::new(Reason::OtherMember, field).with("member", &record.member))
    }

    /// Reads the record that `digest` names and refuses any body but `bodies`.
    pub(super) fn reference(
        &self,
        digest: &[u8],
        bodies: &[u32],
        field: &str,
    ) -> Result<RecordState, RuleError> {
        let digest = fields::digest(digest, field)?;
        let found: Option<RecordState> = self.load(&Key::Record(digest.as_bytes()))?;
        let found = found
            .ok_or_else(|| Refusal::new(Reason::ReferenceUnknown, field).with("digest", digest))?;
        if !bodies.contains(&found.body) {
            let names: Vec<&str> = bodies.iter().map(|&number| name_of_body(number)).collect();
            return Err(Refusal::new(Reason::ReferenceType, field)
                .with("expected", names.join(" or "))
                .with("found", name_of_body(found.body))
                .into());
        }
        Ok(found)
    }

    /// Reads the report whose version in force `digest` names: the digest of its first version, and its state.
    pub(super) fn report_in_force(
        &self,
        digest: &[u8],
        field: &str,
    ) -> Result<(RecordDigest, RecordState), RuleError> {
        let version = self.reference(digest, &[body::INCIDENT_REPORT, body::CORRECTION], field)?;
        let named = fields::digest(digest, field)?;
        let (root, report) = if version.body == body::CORRECTION {
            let root = fields::digest(&version.root, field)?;
            let report: Option<RecordState> = self.load(&Key::Record(root.as_bytes()))?;
            (root, report.unwrap_or_default())
        } else {
            (named, version)
        };
        if report.withdrawn {
            return Err(Refusal::new(Reason::ReferenceWithdrawn, field)
                .with("digest", named)
                .into());
        }
        let current = fields::digest(report.current_or(&root), field)?;
        if current != named {
            return Err(Refusal::new(Reason::ReferenceSuperseded, field)
                .with("use_digest", current)
                .into());
        }
        Ok((root, report))
    }

    /// Reads the case whose founding record `digest` names.
    pub(super) fn founding_case(
        &self,
        digest: &[u8],
        field: &str,
    ) -> Result<RecordState, RuleError> {
        let case = self.reference(digest, &[body::CASE], field)?;
        if !case.root.is_empty() {
            let founding = fields::digest(&case.root, field)?;
            return Err(Refusal::new(Reason::ReferenceSuperseded, field)
                .with("use_digest", founding)
                .into());
        }
        Ok(case)
    }

    /// Reads the case whose founding record `digest` names and which is not closed.
    pub(super) fn open_case(&self, digest: &[u8], field: &str) -> Result<CaseState, RuleError> {
        self.founding_case(digest, field)?;
        self.not_closed(digest, field)
    }

    /// Refuses a case that is closed.
    pub(super) fn not_closed(&self, case: &[u8], field: &str) -> Result<CaseState, RuleError> {
        let state = self.case(case)?;
        match state.closed_index {
            None => Ok(state),
            Some(index) => Err(Refusal::new(Reason::CaseClosed, field)
                .with("closed_at_index", index)
                .into()),
        }
    }

    /// Reads an adopted decision on a proposal of one kind, with the proposal's state.
    pub(super) fn adoption(
        &self,
        digest: &[u8],
        kind: pb::ProposalKind,
        field: &str,
    ) -> Result<(RecordState, ProposalState), RuleError> {
        let (decision, proposal) = self.decided(digest, kind, field)?;
        if decision.outcome() != pb::Outcome::Adopted {
            return Err(Refusal::new(Reason::NotAdopted, field)
                .with("outcome", decision.outcome().as_str_name())
                .into());
        }
        Ok((decision, proposal))
    }

    /// Reads a decision on a proposal of one kind, with the proposal's state.
    pub(super) fn decided(
        &self,
        digest: &[u8],
        kind: pb::ProposalKind,
        field: &str,
    ) -> Result<(RecordState, ProposalState), RuleError> {
        let decision = self.reference(digest, &[body::DECISION], field)?;
        let proposal = self.proposal(&decision.root)?;
        if proposal.rule.kind() != kind {
            return Err(Refusal::new(Reason::ReferenceType, field)
                .with("expected", kind.as_str_name())
                .with("found", proposal.rule.kind().as_str_name())
                .into());
        }
        Ok((decision, proposal))
    }

    /// Refuses a code that is neither a party nor a member. One that has departed may still have broken a clause.
    pub(super) fn known_party(&self, code: &str, field: &str) -> Result<(), RuleError> {
        fields::code(code, field)?;
        let member: Option<MemberState> = self.load(&Key::Member(code))?;
        if member.is_some() || self.charter()?.parties.iter().any(|party| party == code) {
            return Ok(());
        }
        Err(Refusal::new(Reason::PartyUnknown, field)
            .with("found", code)
            .into())
    }

    pub(super) fn known_member(&self, code: &str, field: &str) -> Result<(), RuleError> {
        fields::code(code, field)?;
        let member: Option<MemberState> = self.load(&Key::Member(code))?;
        if member.is_some_and(|member| member.departed_index.is_none()) {
            return Ok(());
        }
        Err(Refusal::new(Reason::MemberUnknown, field)
            .with("found", code)
            .into())
    }

    /// The members that have not departed.
    pub(super) fn members(&self) -> Result<MemberList, RuleError> {
        Ok(self.load(&Key::Members)?.unwrap_or_default())
    }

    /// Members that may vote now with `role`, ascending: they hold an active key with it, are not suspended, and the
    /// rules in force admit them to it.
    pub(super) fn voters(&self, role: pb::Role) -> Result<Vec<String>, RuleError> {
        let list: HolderList = self.load(&Key::Holders(role))?.unwrap_or_default();
        let members = self.members()?;
        let active: Vec<&str> = members.active().collect();
        let holders = list.holders.into_iter().map(|holder| holder.member);
        Ok(holders
            .filter(|member| active.binary_search(&member.as_str()).is_ok())
            .filter(|member| admits(&self.rules, role, member))
            .collect())
    }

    /// Closes: the record itself, the station's sequence, the end of the log.
    pub(super) fn finish(mut self) -> Result<Writes, RuleError> {
        let digest = self.digest();
        self.advance_key()?;
        let record = std::mem::take(&mut self.record);
        self.store(&Key::Record(digest.as_bytes()), &record);
        let head = Head {
            size: self.placed.index.get() + 1,
            accepted_time: self.placed.accepted_time,
            leaf: self.placed.leaf.as_bytes().to_vec(),
        };
        self.store(&Key::Head, &head);
        Ok(self.writes)
    }

    /// Moves the signing key's sequence on. The body may have ended that very key, so it is read again.
    fn advance_key(&mut self) -> Result<(), RuleError> {
        let bytes = *self.placed.record.public_key.as_bytes();
        let key: Option<KeyState> = self.load(&Key::PublicKey(&bytes))?;
        let mut key = key.unwrap_or_else(|| self.key.clone());
        key.last_sequence = self.message().sequence;
        self.store(&Key::PublicKey(&bytes), &key);
        Ok(())
    }
}

/// The rules that were in force at the last record, and the bytes that the state has of them.
#[derive(Clone, Debug, Default)]
pub(super) struct InForce {
    bytes: Vec<u8>,
    rules: Arc<pb::Rules>,
}

impl InForce {
    /// Reads the rules in force. Under rules of a later version nothing can be judged, not even that it is wrong.
    fn read(&mut self, state: &dyn State) -> Result<Arc<pb::Rules>, RuleError> {
        let bytes = state.get(&Key::Rules.encode())?.unwrap_or_default();
        if bytes != self.bytes {
            let rules: Option<pb::Rules> = model::load(state, &Key::Rules)?;
            self.rules = Arc::new(rules.unwrap_or_default());
            self.bytes = bytes;
        }
        if self.rules.rules_version > RULES_VERSION {
            return Err(Refusal::new(Reason::NotSupported, "")
                .with("rules_version", self.rules.rules_version)
                .with("supported", RULES_VERSION)
                .into());
        }
        Ok(Arc::clone(&self.rules))
    }
}

/// Tells whether the rules let `member` hold `role`. AUTHORITY and RECOVERY come with membership.
pub(super) fn admits(rules: &pb::Rules, role: pb::Role, member: &str) -> bool {
    let by_membership = [pb::Role::Authority, pb::Role::Recovery, pb::Role::Operator];
    by_membership.contains(&role)
        || rules
            .role_rules
            .iter()
            .filter(|rule| rule.role() == role)
            .any(|rule| rule.members.iter().any(|code| code == member))
}

/// Bodies by which a member finishes what it began when the rules still gave it the role: it votes where it is in
/// the electorate, and corrects, withdraws or opens what it has logged.
fn finishes(body: &Body) -> bool {
    matches!(
        body,
        Body::Vote(_) | Body::Correction(_) | Body::Withdrawal(_) | Body::Disclosure(_)
    )
}

/// The roles that may write a body. Which of them may propose and vote is for the rules of the log to say.
///
/// Source: `proto/spec/rules.md`, "Roles".
pub(super) fn roles_for(body: &Body) -> &'static [pb::Role] {
    use pb::Role::{
        Authority, Commissioner, Investigator, Monitor, Operator, PartyLiaison, Recovery, Sensor,
        Verifier,
    };
    match body {
        Body::Charter(_) => &[Operator],
        Body::StationChange(_) => &[Authority, Recovery],
        Body::IncidentReport(_) | Body::CoverageReport(_) => &[Sensor, Monitor],
        Body::EvidenceItem(_) | Body::Disclosure(_) => &[Sensor, Monitor, Investigator],
        Body::Corroboration(_) => &[Monitor, Verifier],
        Body::Correction(_) | Body::Withdrawal(_) => &[Monitor],
        Body::PartyStatement(_) => &[PartyLiaison],
        Body::Case(_) | Body::Summary(_) => &[Verifier, Commissioner],
        Body::Proposal(_) | Body::Vote(_) | Body::Decision(_) => &[Authority, Commissioner],
        Body::Activation(_) | Body::Ratification(_) | Body::FollowUp(_) => &[Authority],
        Body::Closure(_) | Body::Reopening(_) => &[Commissioner],
    }
}
