//! What a lying operator, or a bad line, may change in a log. Every edit is named, and none is decided here: the two
//! verifiers are asked.
//!
//! The second verifier does not judge what most bodies say. So no edit makes a record whose body alone breaks a rule,
//! and none that is still accepted stands before a record that refers to it.

use ed25519_dalek::SigningKey;
use prost::Message as _;
use trucelog_proto::cosignature::{self, CosignatureTime};
use trucelog_proto::hash::{RootHash, TreeSize};
use trucelog_proto::note::NoteSignature;
use trucelog_proto::pb::record::Body;
use trucelog_proto::pb::station_change::Change;
use trucelog_proto::pb::{self, Role};
use trucelog_proto::signature;
use trucelog_proto::tree::leaf_hash;

use crate::bodies;
use crate::publication::{CHECKPOINT, Files, Publication, chain};
use crate::rng::Rng;
use crate::signatures::{self, Forge, MixedKey};
use crate::story::{ChangeCharter, Draft, ENTRIES, Story, origin, public};
use crate::wire;

#[derive(Clone, Copy)]
pub(crate) enum Edit {
    Nothing,
    /// Founds another log, and pins its charter.
    Charter(ChangeCharter),
    /// Adds records at the end.
    Records(fn(&mut Story)),
    /// Forges the signature of one record.
    Signature(Forge),
    /// Changes the list of records before they are put into entries.
    Drafts(fn(&mut Rng, &mut Vec<Draft>)),
    /// Writes one entry in another way. The entries after it continue it.
    Entry(fn(&mut Rng, pb::Entry) -> Vec<u8>),
    /// Changes the entries after they were chained; the tree is that of the changed ones.
    Entries(fn(&mut Rng, &mut Vec<Vec<u8>>)),
    /// Changes what the log signs, or the lines below it.
    Note(fn(&mut Publication)),
    /// Changes what is served.
    Files(fn(&mut Rng, &mut Files)),
}

pub(crate) const EDITS: &[(&str, Edit)] = &[
    ("honest", Edit::Nothing),
    ("charter-changed", Edit::Charter(charter_changed)),
    ("charter-changed-again", Edit::Charter(charter_changed)),
    ("records-at-random", Edit::Records(records_at_random)),
    ("records-of-changes", Edit::Records(changes_at_random)),
    ("records-of-changes-again", Edit::Records(changes_at_random)),
    ("record-not-canonical", Edit::Records(record_not_canonical)),
    (
        "record-not-canonical-again",
        Edit::Records(record_not_canonical),
    ),
    ("record-too-large", Edit::Records(record_too_large)),
    (
        "record-by-a-mixed-key",
        Edit::Records(record_by_a_mixed_key),
    ),
    (
        "record-flipped",
        Edit::Signature(signatures::record_flipped),
    ),
    (
        "record-flipped-again",
        Edit::Signature(signatures::record_flipped),
    ),
    ("record-rewritten", Edit::Signature(record_rewritten)),
    (
        "signature-s-plus-order",
        Edit::Signature(signatures::s_plus_order),
    ),
    (
        "signature-flipped",
        Edit::Signature(signatures::signature_flipped),
    ),
    (
        "signature-key-flipped",
        Edit::Signature(signatures::key_flipped),
    ),
    (
        "signature-by-a-stranger",
        Edit::Signature(signatures::by_a_stranger),
    ),
    (
        "signature-by-another-key",
        Edit::Signature(signatures::by_another_key),
    ),
    ("signature-key-odd", Edit::Signature(signatures::key_odd)),
    (
        "signature-key-random",
        Edit::Signature(signatures::key_random),
    ),
    ("signature-r-odd", Edit::Signature(signatures::r_odd)),
    (
        "signature-r-neutral",
        Edit::Signature(signatures::r_neutral),
    ),
    ("signature-r-mixed", Edit::Signature(signatures::r_mixed)),
    ("signature-lengths", Edit::Signature(signatures::lengths)),
    (
        "signature-other-statement",
        Edit::Signature(signatures::other_statement),
    ),
    ("drafts-swapped", Edit::Drafts(drafts_swapped)),
    ("drafts-dropped", Edit::Drafts(drafts_dropped)),
    ("drafts-twice", Edit::Drafts(drafts_twice)),
    ("drafts-time-back", Edit::Drafts(drafts_time_back)),
    ("drafts-time-ahead", Edit::Drafts(drafts_time_ahead)),
    ("entry-index", Edit::Entry(entry_index)),
    ("entry-previous", Edit::Entry(entry_previous)),
    ("entry-accepted-time", Edit::Entry(entry_accepted_time)),
    ("entry-without-a-field", Edit::Entry(entry_without_a_field)),
    ("entry-flipped", Edit::Entry(entry_flipped)),
    ("entry-flipped-again", Edit::Entry(entry_flipped)),
    ("entry-more-bytes", Edit::Entry(entry_more_bytes)),
    ("entry-cut", Edit::Entry(entry_cut)),
    ("entries-flipped", Edit::Entries(entries_flipped)),
    ("entries-swapped", Edit::Entries(entries_swapped)),
    ("entries-dropped", Edit::Entries(entries_dropped)),
    ("entries-twice", Edit::Entries(entries_twice)),
    ("entries-previous", Edit::Entries(entries_previous)),
    ("entries-last-cut", Edit::Entries(entries_last_cut)),
    ("tree-root", Edit::Note(tree_root)),
    ("tree-size", Edit::Note(tree_size)),
    (
        "tree-entry-changed-behind",
        Edit::Note(tree_entry_changed_behind),
    ),
    (
        "tree-entries-swapped-behind",
        Edit::Note(tree_entries_swapped_behind),
    ),
    ("note-text-changed", Edit::Note(note_text_changed)),
    ("note-text-malformed", Edit::Note(note_text_malformed)),
    (
        "note-text-malformed-and-signed",
        Edit::Note(note_text_malformed_and_signed),
    ),
    ("note-other-origin", Edit::Note(note_other_origin)),
    ("note-line-flipped", Edit::Note(note_line_flipped)),
    ("note-line-flipped-again", Edit::Note(note_line_flipped)),
    ("note-line-s-plus-order", Edit::Note(note_line_s_plus_order)),
    ("note-line-dropped", Edit::Note(note_line_dropped)),
    ("note-line-twice", Edit::Note(note_line_twice)),
    ("note-line-added", Edit::Note(note_line_added)),
    ("note-lines-reordered", Edit::Note(note_lines_reordered)),
    ("note-lines-many", Edit::Note(note_lines_many)),
    ("note-line-malformed", Edit::Note(note_line_malformed)),
    (
        "note-line-of-another-key",
        Edit::Note(note_line_of_another_key),
    ),
    ("cosignature-time", Edit::Note(cosignature_time)),
    (
        "cosignature-time-at-the-limit",
        Edit::Note(cosignature_time_at_the_limit),
    ),
    (
        "cosignature-time-too-late",
        Edit::Note(cosignature_time_too_late),
    ),
    ("cosignature-twice", Edit::Note(cosignature_twice)),
    ("cosignature-missing", Edit::Note(cosignature_missing)),
    ("note-flipped", Edit::Files(note_flipped)),
    ("note-bytes", Edit::Files(note_bytes)),
    ("tile-flipped", Edit::Files(tile_flipped)),
    ("tile-length", Edit::Files(tile_length)),
    ("bundle-flipped", Edit::Files(bundle_flipped)),
    ("bundle-length", Edit::Files(bundle_length)),
    ("file-missing", Edit::Files(file_missing)),
];

/// The log of a seed: the name of its edit, and what is published.
pub(crate) fn log(seed: u64) -> (&'static str, Files) {
    let position = usize::try_from(seed).expect("seeds are counted") % EDITS.len();
    let (name, edit) = EDITS[position];
    let mut publication = match edit {
        Edit::Nothing | Edit::Files(_) => publish(honest(seed, true)),
        Edit::Charter(change) => publish(founded(seed, true, change)),
        Edit::Records(add) => publish(with_records(seed, add)),
        Edit::Signature(forge) => publish(with_signature(seed, forge)),
        Edit::Drafts(change) => {
            let mut story = honest(seed, false);
            change(&mut story.rng, &mut story.drafts);
            publish(story)
        }
        Edit::Entry(write) => with_entry(honest(seed, true), write),
        Edit::Entries(change) => with_entries(honest(seed, true), change),
        Edit::Note(change) => {
            let mut publication = publish(honest(seed, true));
            change(&mut publication);
            publication
        }
    };
    let mut files = publication.files();
    if let Edit::Files(change) = edit {
        change(&mut publication.rng, &mut files);
    }
    (name, files)
}

fn founded(seed: u64, refers: bool, change: ChangeCharter) -> Story {
    let mut story = Story::begin(Rng::new(seed), refers, change);
    story.go_on(ENTRIES);
    story
}

fn honest(seed: u64, refers: bool) -> Story {
    founded(seed, refers, |_, _, _| {})
}

fn publish(story: Story) -> Publication {
    let entries = chain(&story.drafts, |_, entry| entry.encode_to_vec());
    Publication::new(story, entries)
}

/// An honest log up to some index.
fn beginning(seed: u64) -> Story {
    let mut story = Story::begin(Rng::new(seed), true, |_, _, _| {});
    let size = 2 + story.rng.below(ENTRIES - 2);
    story.go_on(size);
    story
}

fn with_records(seed: u64, add: fn(&mut Story)) -> Story {
    let mut story = beginning(seed);
    add(&mut story);
    story.go_on_enrolling();
    story
}

fn with_signature(seed: u64, forge: Forge) -> Story {
    let mut story = beginning(seed);
    // At times the charter's own, which is another record then than the one that is pinned.
    let at = if story.rng.one_in(8) {
        0
    } else {
        story.drafts.len() - 1
    };
    let signed = story.drafts[at].signed.clone();
    let signer = story
        .stations
        .iter()
        .find(|station| public(&station.key) == signed.public_key);
    let key = signer.expect("only stations sign").key.clone();
    story.drafts[at].signed = forge(&mut story, signed, &key);
    story.go_on_enrolling();
    story
}

fn with_entry(mut story: Story, write: fn(&mut Rng, pb::Entry) -> Vec<u8>) -> Publication {
    let at = story.rng.below(story.drafts.len());
    let mut rng = story.rng.clone();
    let entries = chain(&story.drafts, |index, entry| {
        if index == at {
            write(&mut rng, entry)
        } else {
            entry.encode_to_vec()
        }
    });
    Publication::new(story, entries)
}

fn with_entries(mut story: Story, change: fn(&mut Rng, &mut Vec<Vec<u8>>)) -> Publication {
    let mut entries = chain(&story.drafts, |_, entry| entry.encode_to_vec());
    change(&mut story.rng, &mut entries);
    Publication::new(story, entries)
}

fn charter_changed(rng: &mut Rng, record: &mut pb::Record, charter: &mut pb::Charter) {
    let rules = charter.rules.get_or_insert_default();
    match rng.below(28) {
        0 => record.sequence = 2,
        1 => record.member = "AAA".to_owned(),
        2 => record.station = "authority".to_owned(),
        3 => record.label = Some(label(&["AAA", "BBB"])),
        4 => record.replaces = vec![vec![7; 32]],
        5 => record.created_time = 0,
        6 => charter.origin = "log.truce.example/other".to_owned(),
        7 => charter.origin.clear(),
        8 => charter.log_key.clear(),
        9 => charter.log_key = charter.log_key.replace("second", "other"),
        10 => charter.log_key_pq.clone_from(&charter.log_key),
        11 => charter.operator_key = rng.bytes::<32>().to_vec(),
        12 => charter
            .operator_key
            .clone_from(&charter.members[0].recovery_key),
        13 => charter.members[1].authority_key = charter.members[0].authority_key.clone(),
        14 => charter.members[0].recovery_key = vec![0; 32],
        15 => charter.members[0].authority_key.clear(),
        16 => charter.members.clear(),
        17 => charter.members.reverse(),
        18 => charter.members[1].code = "bbb".to_owned(),
        19 => charter.release_set.truncate(1),
        20 => charter.release_set.reverse(),
        21 => charter.predecessor = Some(pb::Predecessor::default()),
        22 => charter.rules = None,
        23 => rules.rules_version = *rng.pick(&[0, 2]),
        24 => rules.clock_tolerance = 0,
        25 => rules.event_span = 0,
        26 => rules.role_rules[0].role = (*rng.pick(&ROLES)).into(),
        _ => rules.role_rules[0].members = vec!["CCC".to_owned()],
    }
}

/// Records whose envelope is wrong in some way, or right.
fn records_at_random(story: &mut Story) {
    let station = story.rng.below(story.stations.len());
    let body = match story.rng.below(6) {
        0 => change_at_random(story, station),
        1 => Body::Charter(pb::Charter::default()),
        _ => Body::IncidentReport(story.observed()),
    };
    let mut record = story.next_record(station, body);
    let mut key = story.stations[station].key.clone();
    let other = story.rng.below(story.stations.len());
    let logged = story.rng.below(story.drafts.len());
    match story.rng.below(12) {
        0 => record.sequence = story.rng.next() % 4,
        1 => record.sequence += 1,
        2 => record.member = story.stations[other].member.to_owned(),
        3 => record.station = story.stations[other].name.clone(),
        4 => key = story.stations[other].key.clone(),
        5 => record
            .replaces
            .push(crate::story::digest(&story.drafts[logged])),
        6 => record.created_time = 0,
        7 => record.created_time = story.now + 300_000 + story.rng.next() % 2,
        8 => record.label = Some(label(&["AAA"])),
        9 => record.body = None,
        10 => story.now -= 20_000,
        _ => {}
    }
    let draft = story.sign(&record, &key);
    story.drafts.push(draft);
}

fn label(releasable_to: &[&str]) -> pb::Label {
    pb::Label {
        policy: "P".to_owned(),
        classification: "OPEN".to_owned(),
        releasable_to: releasable_to.iter().map(ToString::to_string).collect(),
        categories: Vec::new(),
    }
}

/// Changes of station keys by and of anybody, one after the other.
fn changes_at_random(story: &mut Story) {
    for _ in 0..=story.rng.below(4) {
        let roles = [
            Role::Authority,
            Role::Authority,
            Role::Recovery,
            Role::Monitor,
        ];
        let role = *story.rng.pick(&roles);
        let Some(author) = story.active(&[role], None) else {
            continue;
        };
        let body = change_at_random(story, author);
        let draft = story.write(author, body);
        story.drafts.push(draft);
    }
}

/// A change that may well be one that its author may make.
fn change_at_random(story: &mut Story, author: usize) -> Body {
    let mut about = story.rng.below(story.stations.len());
    let member = story.stations[author].member;
    while story.stations[about].member != member && !story.rng.one_in(8) {
        about = story.rng.below(story.stations.len());
    }
    let station = story.stations[about].clone();
    let names = [
        "",
        "Upper",
        "a b",
        "log",
        "authority",
        "recovery",
        "new",
        "new-too",
    ];
    let name = if story.rng.one_in(4) {
        (*story.rng.pick(&names)).to_owned()
    } else {
        station.name
    };
    let own = u64::from(about == author);
    let last = (station.sequence + own + story.rng.next() % 4).saturating_sub(1);
    match story.rng.below(5) {
        0 => {
            let role = *story.rng.pick(&ROLES);
            let name = if story.rng.one_in(2) {
                format!("new-{}", story.stations.len())
            } else {
                name
            };
            let key = key_at_random(story, station.member, &name, role);
            bodies::change(Change::Enrolment(pb::Enrolment {
                station: name,
                role: role.into(),
                public_key: key,
                holder_kind: 0,
            }))
        }
        1 | 2 => {
            let key = key_at_random(story, station.member, &name, station.role);
            bodies::change(Change::Rotation(pb::Rotation {
                station: name,
                old_public_key: public(&station.key),
                old_last_sequence: last,
                new_public_key: key,
            }))
        }
        3 => bodies::change(Change::Revocation(pb::Revocation {
            station: name,
            public_key: public(&station.key),
            last_sequence: last,
            reason: String::new(),
        })),
        _ => bodies::change(Change::CompromiseMark(pb::CompromiseMark {
            station: name,
            public_key: public(&station.key),
            since_index: story.drafts.len() as u64 + story.rng.next() % 3 - 1,
            reason: String::new(),
        })),
    }
}

const ROLES: [Role; 10] = [
    Role::Unspecified,
    Role::Sensor,
    Role::Verifier,
    Role::Operator,
    Role::Authority,
    Role::Recovery,
    Role::Monitor,
    Role::Investigator,
    Role::Commissioner,
    Role::PartyLiaison,
];

/// A new key most of the time, with which its station may go on; otherwise one that is known, weak or none.
fn key_at_random(story: &mut Story, member: &'static str, name: &str, role: Role) -> Vec<u8> {
    let known = story.rng.below(story.stations.len());
    match story.rng.below(12) {
        0 => public(&story.stations[known].key),
        1 => public(&story.log_key),
        2 => vec![1; 31],
        3 => [&[1], [0; 31].as_slice()].concat(),
        _ => {
            let at = story.add_station(member, name, role);
            public(&story.stations[at].key)
        }
    }
}

/// The bytes of a record, with the key that has signed them.
fn next_bytes(story: &mut Story) -> (Vec<u8>, SigningKey) {
    let draft = story.next_draft();
    let signer = story
        .stations
        .iter()
        .find(|station| public(&station.key) == draft.signed.public_key);
    (
        draft.signed.record,
        signer.expect("only stations sign").key.clone(),
    )
}

/// A record that its station has signed, written in a way that is not canonical.
fn record_not_canonical(story: &mut Story) {
    let (record, key) = next_bytes(story);
    let record = wire::twist(&mut story.rng, &record);
    let draft = story.sign_bytes(record, &key);
    story.drafts.push(draft);
}

fn record_too_large(story: &mut Story) {
    let author = story.active(&[Role::Authority, Role::Recovery], None);
    let author = author.expect("recovery keys never end");
    let mut record = story.next_record(author, Body::IncidentReport(pb::IncidentReport::default()));
    record.replaces = vec![vec![7; 32_768 + story.rng.below(100)]];
    let draft = story.sign(&record, &story.stations[author].key.clone());
    story.drafts.push(draft);
}

fn record_by_a_mixed_key(story: &mut Story) {
    let Some(authority) = story.active(&[Role::Authority], None) else {
        return;
    };
    let mixed = MixedKey::new(&mut story.rng);
    let enrolment = pb::Enrolment {
        station: "mixed".to_owned(),
        role: Role::Sensor.into(),
        public_key: mixed.public.to_vec(),
        holder_kind: 0,
    };
    let draft = story.write(authority, bodies::change(Change::Enrolment(enrolment)));
    story.drafts.push(draft);
    let record = pb::Record {
        member: story.stations[authority].member.to_owned(),
        station: "mixed".to_owned(),
        sequence: 1,
        created_time: story.now,
        body: Some(Body::IncidentReport(story.observed())),
        ..pb::Record::default()
    };
    let holds = story.rng.one_in(2);
    let (record, id) = (record.encode_to_vec(), story.id.clone());
    story.drafts.push(Draft {
        accepted_time: story.now,
        signed: mixed.sign(&mut story.rng, record, &id, holds),
    });
}

/// The record written anew, with the signature as it was.
fn record_rewritten(
    story: &mut Story,
    signed: pb::SignedRecord,
    _: &SigningKey,
) -> pb::SignedRecord {
    pb::SignedRecord {
        record: wire::twist(&mut story.rng, &signed.record),
        ..signed
    }
}

/// Two different places, the first of them not 0.
fn two(rng: &mut Rng, len: usize) -> (usize, usize) {
    let first = 1 + rng.below(len - 2);
    (first, first + 1 + rng.below(len - first - 1))
}

fn drafts_swapped(rng: &mut Rng, drafts: &mut Vec<Draft>) {
    let (a, b) = two(rng, drafts.len());
    drafts.swap(a, b);
}

fn drafts_dropped(rng: &mut Rng, drafts: &mut Vec<Draft>) {
    drafts.remove(rng.below(drafts.len()));
}

fn drafts_twice(rng: &mut Rng, drafts: &mut Vec<Draft>) {
    let (from, to) = (rng.below(drafts.len()), rng.below(drafts.len()));
    drafts.insert(to, drafts[from].clone());
}

fn drafts_time_back(rng: &mut Rng, drafts: &mut Vec<Draft>) {
    let at = rng.below(drafts.len());
    drafts[at].accepted_time -= rng.next() % 30_000;
}

fn drafts_time_ahead(rng: &mut Rng, drafts: &mut Vec<Draft>) {
    let at = rng.below(drafts.len());
    let ahead = *rng.pick(&[1_000, 1_000_000, 1 << 60, u64::MAX / 2]);
    for draft in &mut drafts[at..] {
        draft.accepted_time += ahead;
    }
}

fn entry_index(rng: &mut Rng, mut entry: pb::Entry) -> Vec<u8> {
    let index = entry.index;
    entry.index = *rng.pick(&[
        0,
        index + 1,
        index.wrapping_sub(1),
        u64::MAX,
        rng.clone().next(),
    ]);
    entry.encode_to_vec()
}

fn entry_previous(rng: &mut Rng, mut entry: pb::Entry) -> Vec<u8> {
    match rng.below(5) {
        0 => entry.previous.clear(),
        1 => entry.previous.truncate(31),
        2 => entry.previous.push(0),
        3 => entry.previous = rng.bytes::<32>().to_vec(),
        _ => rng.flip(&mut entry.previous),
    }
    entry.encode_to_vec()
}

fn entry_accepted_time(rng: &mut Rng, mut entry: pb::Entry) -> Vec<u8> {
    let time = entry.accepted_time;
    entry.accepted_time = *rng.pick(&[
        0,
        time - 1,
        time + 1,
        time - 400_000,
        time + 1_000_000,
        u64::MAX - 1,
    ]);
    entry.encode_to_vec()
}

fn entry_without_a_field(rng: &mut Rng, mut entry: pb::Entry) -> Vec<u8> {
    let signed = entry.signed_record.get_or_insert_default();
    match rng.below(4) {
        0 => entry.signed_record = None,
        1 => signed.record.clear(),
        2 => signed.public_key.clear(),
        _ => signed.signature.clear(),
    }
    entry.encode_to_vec()
}

fn entry_flipped(rng: &mut Rng, entry: pb::Entry) -> Vec<u8> {
    let mut bytes = entry.encode_to_vec();
    // Half of the flips are near the ends, where the fields of the entry itself are.
    if rng.one_in(2) {
        let end = bytes.len().min(60);
        rng.flip(&mut bytes[..end]);
    } else {
        rng.flip(&mut bytes);
    }
    bytes
}

fn entry_more_bytes(rng: &mut Rng, entry: pb::Entry) -> Vec<u8> {
    let mut bytes = entry.encode_to_vec();
    let more: [&[u8]; 6] = [
        b"\0",
        b"\x28\x01",
        b"\x22\0",
        b"\x80",
        b"\x08\0",
        b"\x7a\x01x",
    ];
    let more = rng.pick(&more);
    if rng.one_in(2) {
        bytes.extend_from_slice(more);
    } else {
        bytes.splice(0..0, more.iter().copied());
    }
    bytes
}

fn entry_cut(rng: &mut Rng, entry: pb::Entry) -> Vec<u8> {
    let mut bytes = entry.encode_to_vec();
    bytes.truncate(rng.below(bytes.len()));
    bytes
}

fn entries_flipped(rng: &mut Rng, entries: &mut Vec<Vec<u8>>) {
    let at = rng.below(entries.len());
    rng.flip(&mut entries[at]);
}

fn entries_swapped(rng: &mut Rng, entries: &mut Vec<Vec<u8>>) {
    let (a, b) = two(rng, entries.len());
    entries.swap(a, b);
}

fn entries_dropped(rng: &mut Rng, entries: &mut Vec<Vec<u8>>) {
    entries.remove(rng.below(entries.len()));
}

fn entries_twice(rng: &mut Rng, entries: &mut Vec<Vec<u8>>) {
    let (from, to) = (rng.below(entries.len()), rng.below(entries.len()));
    entries.insert(to, entries[from].clone());
}

/// One entry names an entry other than the one before.
fn entries_previous(rng: &mut Rng, entries: &mut Vec<Vec<u8>>) {
    let (at, other) = (rng.below(entries.len()), rng.below(entries.len()));
    let mut entry = pb::Entry::decode(entries[at].as_slice()).expect("it was encoded");
    entry.previous = leaf_hash(&entries[other]).as_bytes().to_vec();
    entries[at] = entry.encode_to_vec();
}

/// What is left is a true log.
fn entries_last_cut(rng: &mut Rng, entries: &mut Vec<Vec<u8>>) {
    entries.truncate(1 + rng.below(entries.len()));
}

fn tree_root(publication: &mut Publication) {
    let mut root = *publication.checkpoint.root.as_bytes();
    publication.rng.flip(&mut root);
    publication.checkpoint.root = RootHash::from_bytes(root);
    publication.sign_checkpoint();
}

/// The checkpoint states another size. At times the entries are those of that size.
fn tree_size(publication: &mut Publication) {
    let size = publication.checkpoint.size.get();
    let stated = *publication.rng.pick(&[0, 1, size - 1, size + 1, 1 << 40]);
    publication.checkpoint.size = TreeSize::new(stated);
    let stated = usize::try_from(stated).expect("sizes have at most 64 bits");
    if stated > 0 && publication.rng.one_in(2) {
        publication.entries.truncate(stated);
    }
    publication.sign_checkpoint();
}

/// The entries served are others than the checkpoint covers: one bit, in a field that nothing else protects.
fn tree_entry_changed_behind(publication: &mut Publication) {
    let last = publication.entries.last_mut().expect("a log has entries");
    let mut entry = pb::Entry::decode(last.as_slice()).expect("it was encoded");
    entry.accepted_time += 1;
    *last = entry.encode_to_vec();
}

fn tree_entries_swapped_behind(publication: &mut Publication) {
    let (a, b) = two(&mut publication.rng, publication.entries.len());
    publication.entries.swap(a, b);
}

fn note_text_changed(publication: &mut Publication) {
    let lines = [
        "other.example/log\n",
        "17\n",
        "999\n",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
    ];
    let at = publication.rng.below(3);
    let mut text: Vec<&str> = publication.text.split_inclusive('\n').collect();
    text[at] = lines[if at == 1 {
        1 + publication.rng.below(2)
    } else {
        at + at / 2
    }];
    publication.text = text.concat();
}

fn note_text_malformed(publication: &mut Publication) {
    let text: Vec<&str> = publication.text.lines().collect();
    let [origin, size, root] = text[..] else {
        return;
    };
    let zero = root.replacen('=', "", 1);
    publication.text = match publication.rng.below(10) {
        0 => format!("{origin}\n0{size}\n{root}\n"),
        1 => format!("{origin}\n+{size}\n{root}\n"),
        2 => format!("{origin}\n{size}\n{root}\nextension\n"),
        3 => format!("{origin}\n{size}\n{zero}\n"),
        4 => format!("{origin}\n{size}\n"),
        5 => format!("{origin} \n{size}\n{root}\n"),
        6 => format!("{}\n{size}\n{root}\n", origin.to_uppercase()),
        7 => format!("{origin}\n\n{size}\n{root}\n"),
        8 => format!("{origin}\n18446744073709551616\n{root}\n"),
        _ => format!("{origin}\n{size}\n{}\n", &root[4..]),
    };
}

fn note_text_malformed_and_signed(publication: &mut Publication) {
    note_text_malformed(publication);
    publication.sign();
}

fn note_other_origin(publication: &mut Publication) {
    publication.text = publication.text.replacen("second", "another", 1);
    publication.sign();
}

fn any_line(publication: &mut Publication) -> usize {
    publication.rng.below(publication.lines.len())
}

/// Changes the bytes of one signature line, key ID included.
fn change_line(publication: &mut Publication, change: impl Fn(&mut Rng, &mut Vec<u8>)) {
    let at = any_line(publication);
    let line: NoteSignature = publication.lines[at].parse().expect("it was formatted");
    let mut bytes = [&line.key_id.to_be_bytes(), line.bytes.as_slice()].concat();
    change(&mut publication.rng, &mut bytes);
    publication.lines[at] = format_line(line.name.as_str(), &bytes);
}

fn format_line(name: &str, bytes: &[u8]) -> String {
    use base64ct::{Base64, Encoding as _};
    format!("— {name} {}", Base64::encode_string(bytes))
}

fn note_line_flipped(publication: &mut Publication) {
    change_line(publication, |rng, bytes| {
        let end = if rng.one_in(3) { 12 } else { bytes.len() };
        rng.flip(&mut bytes[..end]);
    });
}

fn note_line_s_plus_order(publication: &mut Publication) {
    change_line(publication, |_, bytes| signatures::line_plus_order(bytes));
}

fn note_line_dropped(publication: &mut Publication) {
    let at = any_line(publication);
    publication.lines.remove(at);
}

fn note_line_twice(publication: &mut Publication) {
    let at = any_line(publication);
    publication.lines.push(publication.lines[at].clone());
}

/// A line by somebody whom nobody knows, or by a known name with another key.
fn note_line_added(publication: &mut Publication) {
    let at = any_line(publication);
    let name = if publication.rng.one_in(2) {
        "stranger.example".to_owned()
    } else {
        let line: NoteSignature = publication.lines[at].parse().expect("it was formatted");
        line.name.as_str().to_owned()
    };
    let bytes = publication.rng.bytes::<76>();
    publication.lines.insert(at, format_line(&name, &bytes));
}

fn note_lines_reordered(publication: &mut Publication) {
    let at = any_line(publication);
    publication.lines.rotate_left(at);
}

fn note_lines_many(publication: &mut Publication) {
    let most = 96 - publication.lines.len() + publication.rng.below(4);
    let line = format_line("stranger.example", &publication.rng.bytes::<68>());
    publication.lines.extend(std::iter::repeat_n(line, most));
}

fn note_line_malformed(publication: &mut Publication) {
    let at = any_line(publication);
    let line = publication.lines[at].clone();
    let (name, signature) = line["— ".len()..]
        .split_once(' ')
        .expect("it was formatted");
    publication.lines[at] = match publication.rng.below(14) {
        0 => format!("- {name} {signature}"),
        1 => format!("— {name}  {signature}"),
        2 => format!("— {name}\t{signature}"),
        3 => format!("— {name} {signature} "),
        4 => format!("— {name} {signature}\r"),
        5 => format!("— {name} {}", signature.trim_end_matches('=')),
        6 => format!("— {name} {signature}="),
        7 => format!("— {name} {}", &signature[..4]),
        8 => format!("— {name} AAAAAA=="),
        9 => format!("— {name}+x {signature}"),
        10 => format!("— {name}\u{a0} {signature}"),
        11 => format!(
            "— {} {signature}",
            "n".repeat(250 + publication.rng.below(10))
        ),
        12 => format!("—  {signature}"),
        _ => format!("— {name} {}", signature.replace('/', "_").replace('+', "-")),
    };
}

/// A line with the name of a witness or of the log, and its key ID, by another key.
fn note_line_of_another_key(publication: &mut Publication) {
    let at = any_line(publication);
    let line: NoteSignature = publication.lines[at].parse().expect("it was formatted");
    let stranger = SigningKey::from_bytes(&publication.rng.bytes());
    let time = CosignatureTime::new(publication.now / 1000).expect("it is below 2^63");
    let forged = if &line.name == origin().key_name() {
        NoteSignature::sign(&publication.text, &line.name, &stranger)
    } else {
        cosignature::sign(&publication.text, &line.name, &stranger, time)
    };
    let bytes = [&line.key_id.to_be_bytes(), forged.bytes.as_slice()].concat();
    publication.lines[at] = format_line(line.name.as_str(), &bytes);
}

fn set_time(publication: &mut Publication, time: u64) {
    if !publication.witnesses.is_empty() {
        let at = publication.rng.below(publication.witnesses.len());
        publication.witnesses[at].time = Some(time);
        publication.sign();
    }
}

/// A witness signs at an odd time.
fn cosignature_time(publication: &mut Publication) {
    let now = publication.now / 1000;
    let most = i64::MAX.unsigned_abs();
    let time = *publication
        .rng
        .pick(&[0, 1, now - 86_400, now - 1_000, now + 86_400, most]);
    set_time(publication, time);
}

fn cosignature_time_at_the_limit(publication: &mut Publication) {
    let limit = (publication.now - 300_000) / 1000;
    let time = limit - 1 + publication.rng.next() % 3;
    set_time(publication, time);
}

/// A time of 2^63 and more, truly signed.
fn cosignature_time_too_late(publication: &mut Publication) {
    let Some(witness) = publication.witnesses.first() else {
        return;
    };
    let time = (1 << 63) + publication.rng.next() % 2;
    let message = format!("cosignature/v1\ntime {time}\n{}", publication.text);
    let signature = signature::sign(&witness.key, message.as_bytes());
    let good = CosignatureTime::new(0).expect("it is below 2^63");
    let key_id = cosignature::sign(&publication.text, &witness.name, &witness.key, good).key_id;
    let bytes = [
        key_id.to_be_bytes().as_slice(),
        &time.to_be_bytes(),
        &signature,
    ]
    .concat();
    publication
        .lines
        .push(format_line(witness.name.as_str(), &bytes));
}

/// A witness that signs twice counts once, with its earliest time.
fn cosignature_twice(publication: &mut Publication) {
    let lines = publication.lines.clone();
    let earlier = publication.now / 1000 - 250 - publication.rng.next() % 100;
    set_time(publication, earlier);
    publication.lines.extend(lines);
}

fn cosignature_missing(publication: &mut Publication) {
    for at in 0..publication.witnesses.len() {
        if publication.rng.one_in(2) {
            publication.witnesses[at].time = None;
        }
    }
    publication.sign();
}

fn note_flipped(rng: &mut Rng, files: &mut Files) {
    rng.flip(files.get_mut(CHECKPOINT).expect("it is published"));
}

fn note_bytes(rng: &mut Rng, files: &mut Files) {
    let note = files.get_mut(CHECKPOINT).expect("it is published");
    match rng.below(7) {
        0 => note.truncate(rng.below(note.len())),
        1 => note.truncate(note.len() - 1),
        2 => note.push(b'\n'),
        3 => note.insert(rng.below(note.len()), *rng.pick(b"\0\t\r \xff")),
        4 => note.extend([b'\n'; 90]),
        5 => note
            .splice(0..0, std::iter::repeat_n(b'a', 512 * 1024))
            .for_each(drop),
        _ => {
            let at = rng.below(note.len());
            note.remove(at);
        }
    }
}

fn path(files: &Files, start: &str) -> String {
    let found = files.keys().find(|path| path.starts_with(start));
    found.expect("it is published").clone()
}

fn tile<'a>(files: &'a mut Files, start: &str) -> &'a mut Vec<u8> {
    let path = path(files, start);
    files.get_mut(&path).expect("it is published")
}

const TILE: &str = "tile/0/";
const BUNDLE: &str = "tile/entries/";

fn tile_flipped(rng: &mut Rng, files: &mut Files) {
    rng.flip(tile(files, TILE));
}

fn tile_length(rng: &mut Rng, files: &mut Files) {
    let tile = tile(files, TILE);
    match rng.below(3) {
        0 => tile.truncate(tile.len() - 32),
        1 => tile.truncate(tile.len() - 1),
        _ => tile.extend([7; 32]),
    }
}

fn bundle_flipped(rng: &mut Rng, files: &mut Files) {
    rng.flip(tile(files, BUNDLE));
}

fn bundle_length(rng: &mut Rng, files: &mut Files) {
    let bundle = tile(files, BUNDLE);
    match rng.below(3) {
        0 => bundle.truncate(rng.below(bundle.len())),
        1 => bundle.push(0),
        _ => bundle.extend([0; 2]),
    }
}

fn file_missing(rng: &mut Rng, files: &mut Files) {
    let start = *rng.pick(&[CHECKPOINT, TILE, BUNDLE]);
    let path = path(files, start);
    files.remove(&path);
}
