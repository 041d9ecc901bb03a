//! What an operator publishes: a checkpoint with its signatures, entries and tiles, beside the policy of a reader.

use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;
use trucelog_proto::checkpoint::Checkpoint;
use trucelog_proto::cosignature::{self, CosignatureTime};
use trucelog_proto::entry::genesis_hash;
use trucelog_proto::mldsa::{MlDsaPublicKey, MlDsaSigningKey};
use trucelog_proto::note::{KeyName, NoteSignature, VerifierKey};
use trucelog_proto::pb;
use trucelog_proto::signature::PublicKey;
use trucelog_proto::tile::{RightTiles, encode_bundle};
use trucelog_proto::tree::{RightEdge, leaf_hash};

use crate::rng::Rng;
use crate::story::{Draft, Story, origin};

/// Contents by path.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

pub(crate) const CHECKPOINT: &str = "checkpoint";

/// Puts records into their entries, each with the leaf hash of the entry before. `encode` gives the bytes of an entry.
pub(crate) fn chain(
    drafts: &[Draft],
    mut encode: impl FnMut(usize, pb::Entry) -> Vec<u8>,
) -> Vec<Vec<u8>> {
    let mut previous = genesis_hash(&origin());
    let mut entries = Vec::new();
    for (index, draft) in drafts.iter().enumerate() {
        let entry = pb::Entry {
            index: index as u64,
            previous: previous.as_bytes().to_vec(),
            accepted_time: draft.accepted_time,
            signed_record: Some(draft.signed.clone()),
        };
        entries.push(encode(index, entry));
        previous = leaf_hash(&entries[index]);
    }
    entries
}

pub(crate) struct Witness {
    pub(crate) name: KeyName,
    pub(crate) key: SigningKey,
    key_pq: MlDsaSigningKey,
    /// When it signs, Unix seconds; none if it does not.
    pub(crate) time: Option<u64>,
}

pub(crate) struct Publication {
    pub(crate) rng: Rng,
    pub(crate) log_key: SigningKey,
    log_key_pq: Option<MlDsaSigningKey>,
    pub(crate) witnesses: Vec<Witness>,
    policy: String,
    pub(crate) entries: Vec<Vec<u8>>,
    /// When the newest entry was accepted, Unix milliseconds.
    pub(crate) now: u64,
    pub(crate) checkpoint: Checkpoint,
    /// Text and signature lines of the note.
    pub(crate) text: String,
    pub(crate) lines: Vec<String>,
}

impl Publication {
    /// Signs a checkpoint over the entries.
    pub(crate) fn new(story: Story, entries: Vec<Vec<u8>>) -> Self {
        let mut rng = story.rng;
        let mut edge = RightEdge::new();
        for entry in &entries {
            edge.append(leaf_hash(entry));
        }
        let checkpoint = Checkpoint {
            origin: origin(),
            size: edge.size(),
            root: edge.root(),
        };
        let witnesses = (0..rng.below(5))
            .map(|number| Witness {
                name: format!("w{number}.truce.example/verifier")
                    .parse()
                    .expect("it is a key name"),
                key: SigningKey::from_bytes(&rng.bytes()),
                key_pq: MlDsaSigningKey::from_seed(&rng.bytes()),
                time: Some(story.now / 1000 + rng.next() % 600),
            })
            .collect();
        let mut publication = Self {
            log_key: story.log_key,
            log_key_pq: story.log_key_pq,
            witnesses,
            policy: format!("# trucelog-charter {}\n", story.id.charter),
            entries,
            now: story.now,
            text: checkpoint.format(),
            checkpoint,
            lines: Vec::new(),
            rng,
        };
        publication.write_policy();
        publication.sign();
        publication
    }

    fn write_policy(&mut self) {
        let name = origin().key_name().clone();
        let log_key = match &self.log_key_pq {
            None => VerifierKey::ed25519(name, PublicKey::of(&self.log_key)),
            Some(key) => VerifierKey::ml_dsa_44(name, MlDsaPublicKey::of(key)),
        };
        let mut lines = vec![format!("log {log_key}")];
        let mut names = Vec::new();
        for (number, witness) in self.witnesses.iter().enumerate() {
            let key = if self.log_key_pq.is_some() {
                VerifierKey::ml_dsa_44(witness.name.clone(), MlDsaPublicKey::of(&witness.key_pq))
            } else {
                VerifierKey::cosignature(witness.name.clone(), PublicKey::of(&witness.key))
            };
            names.push(format!("w{number}"));
            lines.push(format!("witness w{number} {key}"));
        }
        let all = names.join(" ");
        match (names.len(), self.rng.below(4)) {
            (0, _) | (_, 0) => lines.push("quorum none".to_owned()),
            (1, _) | (_, 1) => lines.push(format!("quorum {}", self.rng.pick(&names))),
            (count, 2) => {
                let needed = 1 + self.rng.below(count);
                lines.extend([format!("group g {needed} {all}"), "quorum g".to_owned()]);
            }
            _ => {
                let (first, rest) = (&names[0], names[1..].join(" "));
                let threshold = *self.rng.pick(&["any", "all", "1"]);
                lines.extend([
                    format!("group inner {threshold} {rest}"),
                    format!("group outer all {first} inner"),
                    "quorum outer".to_owned(),
                ]);
            }
        }
        self.policy.push_str(&(lines.join("\n") + "\n"));
    }

    /// Signs the checkpoint, as it now is, with all keys.
    pub(crate) fn sign_checkpoint(&mut self) {
        self.text = self.checkpoint.format();
        self.sign();
    }

    /// Signs the text, as it now is, with all keys. Nobody can sign with ML-DSA-44 what is not a checkpoint.
    pub(crate) fn sign(&mut self) {
        let text = &self.text;
        let checkpoint = Checkpoint::parse(text).ok();
        let mut lines = vec![NoteSignature::sign(
            text,
            origin().key_name(),
            &self.log_key,
        )];
        if let (Some(key), Some(checkpoint)) = (&self.log_key_pq, &checkpoint) {
            let name = origin().key_name().clone();
            let line = cosignature::sign_ml_dsa(checkpoint, &name, key, CosignatureTime::NONE);
            lines.push(line);
        }
        for witness in &self.witnesses {
            let Some(time) = witness.time.map(seconds) else {
                continue;
            };
            lines.push(cosignature::sign(text, &witness.name, &witness.key, time));
            if let (Some(_), Some(checkpoint)) = (&self.log_key_pq, &checkpoint) {
                let key = &witness.key_pq;
                lines.push(cosignature::sign_ml_dsa(
                    checkpoint,
                    &witness.name,
                    key,
                    time,
                ));
            }
        }
        self.lines = lines.iter().map(ToString::to_string).collect();
    }

    /// The note, the entries, the tiles and the policy.
    pub(crate) fn files(&self) -> Files {
        let note = format!("{}\n{}\n", self.text, self.lines.join("\n"));
        // A reader asks for tiles of the size that the checkpoint states.
        let size = self.checkpoint.size.get();
        let bundle = encode_bundle(&self.entries).expect("a log has 1 to 256 short entries");
        let mut files = Files::from([
            (CHECKPOINT.to_owned(), note.into_bytes()),
            ("policy".to_owned(), self.policy.clone().into_bytes()),
            (format!("tile/entries/000.p/{size}"), bundle),
        ]);
        let mut tiles = RightTiles::new();
        for entry in &self.entries {
            tiles.append(leaf_hash(entry));
        }
        for (id, tile) in tiles.take_changed() {
            files.insert(format!("tile/{}/000.p/{size}", id.level()), tile);
        }
        files
    }
}

fn seconds(time: u64) -> CosignatureTime {
    CosignatureTime::new(time).expect("it is below 2^63")
}
