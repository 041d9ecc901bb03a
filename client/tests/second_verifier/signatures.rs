//! Signatures and keys that libraries judge differently, and those that every library refuses.

use curve25519_dalek::EdwardsPoint;
use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
use curve25519_dalek::scalar::{Scalar, clamp_integer};
use curve25519_dalek::traits::Identity as _;
use ed25519_dalek::SigningKey;
use sha2::{Digest as _, Sha512};
use trucelog_proto::hash::CharterDigest;
use trucelog_proto::pb;
use trucelog_proto::record::{self, LogId, NO_CHARTER, record_digest, statement};

use crate::rng::Rng;
use crate::story::Story;

/// 2^252 + 27742317777372353535851937790883648493, little-endian.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// Gives another key or signature to a record that `key` has signed.
pub(crate) type Forge = fn(&mut Story, pb::SignedRecord, &SigningKey) -> pb::SignedRecord;

fn secret(key: &SigningKey) -> Scalar {
    let hash = Sha512::digest(key.to_bytes());
    let lower = hash[..32].try_into().expect("the hash has 64 bytes");
    Scalar::from_bytes_mod_order(clamp_integer(lower))
}

fn challenge(r: &[u8; 32], public: &[u8], message: &[u8]) -> Scalar {
    let hash: [u8; 64] = Sha512::new()
        .chain_update(r)
        .chain_update(public)
        .chain_update(message)
        .finalize()
        .into();
    Scalar::from_bytes_mod_order_wide(&hash)
}

/// The sum of S and some multiple of the order, as long as it has 256 bits.
fn add_order(s: &mut [u8], times: usize) {
    for _ in 0..times {
        let mut carry = 0;
        for (byte, more) in s.iter_mut().zip(ORDER) {
            carry += u16::from(*byte) + u16::from(more);
            *byte = carry.to_le_bytes()[0];
            carry >>= 8;
        }
    }
}

fn small_order(rng: &mut Rng) -> EdwardsPoint {
    EIGHT_TORSION[1 + rng.below(7)]
}

/// An encoding of small order, or one with y ≥ p.
fn odd_point(rng: &mut Rng) -> [u8; 32] {
    let mut bytes = match rng.below(3) {
        0 => EIGHT_TORSION[rng.below(8)].compress().to_bytes(),
        1 => {
            let mut bytes = [0xff; 32];
            bytes[0] = 0xed + u8::try_from(rng.below(19)).expect("it is below 19");
            bytes[31] = 0x7f;
            bytes
        }
        _ => *rng.pick(&[[0; 32], [0xff; 32]]),
    };
    if rng.one_in(3) {
        bytes[31] ^= 0x80;
    }
    bytes
}

pub(crate) fn s_plus_order(
    story: &mut Story,
    mut signed: pb::SignedRecord,
    _: &SigningKey,
) -> pb::SignedRecord {
    add_order(&mut signed.signature[32..], 1 + story.rng.below(14));
    signed
}

pub(crate) fn signature_flipped(
    story: &mut Story,
    mut signed: pb::SignedRecord,
    _: &SigningKey,
) -> pb::SignedRecord {
    story.rng.flip(&mut signed.signature);
    signed
}

pub(crate) fn key_flipped(
    story: &mut Story,
    mut signed: pb::SignedRecord,
    _: &SigningKey,
) -> pb::SignedRecord {
    story.rng.flip(&mut signed.public_key);
    signed
}

pub(crate) fn record_flipped(
    story: &mut Story,
    mut signed: pb::SignedRecord,
    _: &SigningKey,
) -> pb::SignedRecord {
    story.rng.flip(&mut signed.record);
    signed
}

pub(crate) fn by_a_stranger(
    story: &mut Story,
    signed: pb::SignedRecord,
    _: &SigningKey,
) -> pb::SignedRecord {
    let stranger = SigningKey::from_bytes(&story.rng.bytes());
    record::sign(signed.record, &story.id, &stranger)
}

/// The signature of another key beside the station's own key.
pub(crate) fn by_another_key(
    story: &mut Story,
    signed: pb::SignedRecord,
    key: &SigningKey,
) -> pb::SignedRecord {
    pb::SignedRecord {
        public_key: key.verifying_key().to_bytes().to_vec(),
        ..by_a_stranger(story, signed, key)
    }
}

pub(crate) fn key_odd(
    story: &mut Story,
    mut signed: pb::SignedRecord,
    _: &SigningKey,
) -> pb::SignedRecord {
    signed.public_key = odd_point(&mut story.rng).to_vec();
    if story.rng.one_in(2) {
        signed.signature = [signed.public_key.as_slice(), &[0; 32]].concat();
    }
    signed
}

pub(crate) fn key_random(
    story: &mut Story,
    mut signed: pb::SignedRecord,
    _: &SigningKey,
) -> pb::SignedRecord {
    signed.public_key = story.rng.bytes::<32>().to_vec();
    signed
}

pub(crate) fn r_odd(
    story: &mut Story,
    mut signed: pb::SignedRecord,
    _: &SigningKey,
) -> pb::SignedRecord {
    signed.signature[..32].copy_from_slice(&odd_point(&mut story.rng));
    signed
}

/// R is the neutral element, in one of its encodings, and the equation holds for points.
pub(crate) fn r_neutral(
    story: &mut Story,
    mut signed: pb::SignedRecord,
    key: &SigningKey,
) -> pb::SignedRecord {
    let mut r = EdwardsPoint::identity().compress().to_bytes();
    if story.rng.one_in(2) {
        r = [0xff; 32];
        (r[0], r[31]) = (0xee, 0x7f);
    }
    let message = statement(
        &story.id.origin,
        &story.id.charter,
        &record_digest(&signed.record),
    );
    let s = challenge(&r, &signed.public_key, &message) * secret(key);
    signed.signature = [r, s.to_bytes()].concat();
    signed
}

/// R with a component of small order. The equation holds only after a multiplication by 8.
pub(crate) fn r_mixed(
    story: &mut Story,
    mut signed: pb::SignedRecord,
    key: &SigningKey,
) -> pb::SignedRecord {
    let message = statement(
        &story.id.origin,
        &story.id.charter,
        &record_digest(&signed.record),
    );
    let nonce = Scalar::from_bytes_mod_order(story.rng.bytes());
    let r = (ED25519_BASEPOINT_POINT * nonce + small_order(&mut story.rng))
        .compress()
        .to_bytes();
    let s = nonce + challenge(&r, &signed.public_key, &message) * secret(key);
    signed.signature = [r, s.to_bytes()].concat();
    signed
}

pub(crate) fn lengths(
    story: &mut Story,
    mut signed: pb::SignedRecord,
    _: &SigningKey,
) -> pb::SignedRecord {
    let field = if story.rng.one_in(2) {
        &mut signed.signature
    } else {
        &mut signed.public_key
    };
    match story.rng.below(3) {
        0 => field.clear(),
        1 => field.truncate(field.len() - 1),
        _ => field.push(0),
    }
    signed
}

/// A true signature, of another statement.
pub(crate) fn other_statement(
    story: &mut Story,
    signed: pb::SignedRecord,
    key: &SigningKey,
) -> pb::SignedRecord {
    let id = match story.rng.below(3) {
        0 => LogId {
            origin: "log.truce.example/other".parse().expect("it is an origin"),
            charter: story.id.charter,
        },
        1 => LogId {
            charter: NO_CHARTER,
            ..story.id.clone()
        },
        _ => LogId {
            charter: CharterDigest::from_bytes(story.rng.bytes()),
            ..story.id.clone()
        },
    };
    record::sign(signed.record, &id, key)
}

/// A key with a component of small order, enrolled like any other.
pub(crate) struct MixedKey {
    secret: Scalar,
    pub(crate) public: [u8; 32],
}

impl MixedKey {
    pub(crate) fn new(rng: &mut Rng) -> Self {
        let secret = Scalar::from_bytes_mod_order(rng.bytes());
        let public = ED25519_BASEPOINT_POINT * secret + small_order(rng);
        Self {
            secret,
            public: public.compress().to_bytes(),
        }
    }

    /// Signs so that the equation holds, or holds only after a multiplication by 8.
    pub(crate) fn sign(
        &self,
        rng: &mut Rng,
        record: Vec<u8>,
        id: &LogId,
        holds: bool,
    ) -> pb::SignedRecord {
        let message = statement(&id.origin, &id.charter, &record_digest(&record));
        loop {
            let nonce = Scalar::from_bytes_mod_order(rng.bytes());
            let r = (ED25519_BASEPOINT_POINT * nonce).compress().to_bytes();
            let k = challenge(&r, &self.public, &message);
            if k.to_bytes()[0].is_multiple_of(8) == holds {
                let s = nonce + k * self.secret;
                return pb::SignedRecord {
                    record,
                    public_key: self.public.to_vec(),
                    signature: [r, s.to_bytes()].concat(),
                };
            }
        }
    }
}

/// S + L in a line of a note.
pub(crate) fn line_plus_order(signature: &mut [u8]) {
    let s = signature.len() - 32;
    add_order(&mut signature[s..], 1);
}
