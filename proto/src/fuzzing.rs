//! One function per decoder for the fuzz targets: whatever parses must format to the same bytes, or to bytes that
//! parse to the same value.

use std::fmt::Display;

use prost::Message as _;

use crate::{
    canonical::{self, grammar},
    checkpoint::Checkpoint,
    cosignature,
    entry::Entry,
    error::VerifyError,
    hash::{CharterDigest, LeafHash, LeafIndex, NodeHash, RootHash, TreeSize, sha256},
    note::{Note, VerifierKey},
    pb,
    policy::Policy,
    proof,
    record::{DecodedRecord, record_digest},
    signature,
    state::MemoryState,
    succession,
    tile::{self, TilePath},
    tlog_proof::TlogProof,
    tlog_witness::{self, AddCheckpoint},
    tree::RightEdge,
};

/// Checks a record and a submission against the canonical grammar; what it accepts, the codec leaves as it is.
pub fn canonical(data: &[u8]) {
    if canonical::check(&grammar::RECORD, data).is_ok() {
        let record = pb::Record::decode(data).expect("canonical bytes decode");
        assert_eq!(record.encode_to_vec(), data);
    }
    if canonical::check(&grammar::SUBMISSION, data).is_ok() {
        let submission = pb::Submission::decode(data).expect("canonical bytes decode");
        assert_eq!(submission.encode_to_vec(), data);
    }
}

/// Decodes a record.
pub fn record(data: &[u8]) {
    if let Ok(record) = DecodedRecord::decode(data) {
        assert_eq!(record.message.encode_to_vec(), data);
        assert_eq!(record.digest, record_digest(data));
    }
}

/// Decodes an entry.
pub fn entry(data: &[u8]) {
    if let Ok(entry) = Entry::decode(data) {
        assert_eq!(entry.encode(), data);
    }
}

/// Loads saved state, with the digest that it needs.
pub fn state(data: &[u8]) {
    let bytes = [data, &sha256(&[data])].concat();
    if let Ok(state) = MemoryState::load(&bytes) {
        let again = MemoryState::load(&state.save()).expect("what was saved loads");
        assert_eq!(again.save(), state.save());
    }
}

/// Decodes the right edge of a tree.
pub fn tree(data: &[u8]) {
    if let Ok(edge) = RightEdge::decode(data) {
        assert_eq!(edge.encode(), data);
    }
}

/// Decodes an entry bundle whose width precedes it as one byte, less one; and a tile path.
pub fn tile(data: &[u8]) {
    if let Some((width, bundle)) = data.split_first() {
        let width = u16::from(*width) + 1;
        if let Ok(entries) = tile::decode_bundle(bundle, width) {
            assert_eq!(tile::encode_bundle(&entries).as_deref(), Ok(bundle));
        }
        if let Ok(hashes) = tile::decode_tile(bundle, width) {
            assert!(bundle.starts_with(&tile::encode_tile(&hashes)));
        }
    }
    same_text::<TilePath>(data);
}

/// Verifies proofs: index or old size, size, root and hashes.
pub fn proof(data: &[u8]) {
    let Some((index, rest)) = data.split_first_chunk() else {
        return;
    };
    let Some((size, rest)) = rest.split_first_chunk() else {
        return;
    };
    let Some((root, rest)) = rest.split_first_chunk::<32>() else {
        return;
    };
    let (index, size) = (
        u64::from_be_bytes(*index),
        TreeSize::new(u64::from_be_bytes(*size)),
    );
    let hashes: Vec<NodeHash> = rest.chunks_exact(32).flat_map(NodeHash::try_from).collect();
    let (root, leaf) = (RootHash::from_bytes(*root), LeafHash::from_bytes(*root));
    check_length(&proof::verify_inclusion(
        &leaf,
        LeafIndex::new(index),
        size,
        &hashes,
        &root,
    ));
    check_length(&proof::verify_consistency(
        TreeSize::new(index),
        &root,
        size,
        &root,
        &hashes,
    ));
}

/// A proof of the right length must not be refused for its length.
fn check_length(verdict: &Result<(), VerifyError>) {
    if let Err(VerifyError::ProofLength { expected, found }) = verdict {
        assert_ne!(expected, found);
    }
}

/// Verifies a cosignature: public key, time and signature, text.
pub fn cosignature(data: &[u8]) {
    if let Some((key, rest)) = data.split_first_chunk()
        && let Some((bytes, text)) = rest.split_first_chunk::<72>()
        && let Ok(key) = signature::PublicKey::from_bytes(*key)
        && let Ok(text) = str::from_utf8(text)
        && let Ok(time) = cosignature::verify(text, &key, bytes)
    {
        assert!(time <= cosignature::CosignatureTime::MAX);
        assert!(cosignature::verify(&format!("{text}x"), &key, bytes).is_err());
    }
}

/// Judges a charter's predecessor: what is signed does not depend on who has signed, and no log without entries is
/// succeeded.
pub fn succession(data: &[u8]) {
    let Ok(record) = DecodedRecord::decode(data) else {
        return;
    };
    let Some(pb::record::Body::Charter(charter)) = record.message.body else {
        return;
    };
    let mut unsigned = charter.clone();
    if let Some(predecessor) = &mut unsigned.predecessor {
        predecessor.endorsements.clear();
    }
    assert_eq!(
        succession::statement(&charter),
        succession::statement(&unsigned)
    );
    let none = RootHash::from_bytes([0; 32]);
    assert!(succession::verify(&MemoryState::default(), &none, &charter).is_err());
    let digest = CharterDigest::from_bytes(*record.digest.as_bytes());
    let itself = succession::contradiction((&charter, &digest), (&charter, &digest));
    assert!(!matches!(itself, Ok(Some(_))));
}

/// Parses a signed note and a verifier key.
pub fn note(data: &[u8]) {
    if let Ok(note) = Note::parse(data) {
        assert_eq!(note.format(), data);
    }
    same_text::<VerifierKey>(data);
}

/// Parses the text of a checkpoint.
pub fn checkpoint(data: &[u8]) {
    let text = str::from_utf8(data);
    if let Some(checkpoint) = text.ok().and_then(|text| Checkpoint::parse(text).ok()) {
        assert_eq!(checkpoint.format().as_bytes(), data);
    }
}

/// Parses a trust policy.
pub fn policy(data: &[u8]) {
    if let Ok(policy) = Policy::parse(data) {
        assert_eq!(
            Policy::parse(policy.format().as_bytes()).as_ref(),
            Ok(&policy)
        );
        assert!(policy.liars_for_split_view() <= policy.witnesses().count());
    }
}

/// Parses a proof of logging.
pub fn tlog_proof(data: &[u8]) {
    if let Ok(proof) = TlogProof::parse(data) {
        assert_eq!(proof.format().as_deref(), Ok(data));
    }
}

/// Reads PEM keys, and verifies a signature: public key, signature, message.
pub fn signature(data: &[u8]) {
    if let Ok(pem) = str::from_utf8(data) {
        if let Ok(key) = signature::public_key_from_pem(pem) {
            assert_eq!(
                signature::public_key_from_pem(&signature::public_key_to_pem(&key)),
                Ok(key)
            );
        }
        if let Ok(key) = signature::private_key_from_pem(pem) {
            assert_eq!(
                signature::private_key_from_pem(&signature::private_key_to_pem(&key)),
                Ok(key)
            );
        }
    }
    if let Some((key, rest)) = data.split_first_chunk()
        && let Some((signature, message)) = rest.split_first_chunk()
        && let Ok(key) = signature::PublicKey::from_bytes(*key)
        && signature::verify(&key, message, signature).is_ok()
    {
        let longer = [message, b"x"].concat();
        assert!(signature::verify(&key, &longer, signature).is_err());
    }
}

fn same_text<T: std::str::FromStr + Display>(data: &[u8]) {
    let text = str::from_utf8(data);
    if let Some(value) = text.ok().and_then(|text| text.parse::<T>().ok()) {
        assert_eq!(value.to_string().as_bytes(), data);
    }
}

/// Parses a request of the witness protocol, and an answer.
pub fn tlog_witness(data: &[u8]) {
    if let Ok(request) = AddCheckpoint::parse(data) {
        assert_eq!(request.format(), data);
    }
    if let Ok(lines) = tlog_witness::parse_cosignatures(data) {
        assert_eq!(tlog_witness::format_cosignatures(&lines).as_bytes(), data);
    }
    if let Ok(size) = tlog_witness::parse_size(data) {
        assert_eq!(tlog_witness::format_size(size).as_bytes(), data);
    }
}
