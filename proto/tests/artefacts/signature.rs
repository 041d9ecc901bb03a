//! The edge cases of Ed25519, each with its one verdict, built from points and scalars.

use curve25519_dalek::{
    constants::{ED25519_BASEPOINT_POINT as B, EIGHT_TORSION},
    edwards::{CompressedEdwardsY, EdwardsPoint},
    scalar::Scalar,
};
use ed25519_dalek::{Signature, SigningKey, VerifyingKey};
use sha2::{Digest, Sha512};
use trucelog_proto::{
    error::{DecodeError, VerifyError},
    signature::{
        PublicKey, private_key_from_pem, private_key_to_pem, public_key_from_pem,
        public_key_to_pem, sign, verify,
    },
};

const MESSAGE: &[u8] = b"message";

fn bytes(point: EdwardsPoint) -> [u8; 32] {
    point.compress().to_bytes()
}

fn challenge(r: &[u8; 32], a: &[u8; 32], message: &[u8]) -> Scalar {
    let hash = Sha512::new()
        .chain_update(r)
        .chain_update(a)
        .chain_update(message);
    Scalar::from_bytes_mod_order_wide(&hash.finalize().into())
}

/// Signs with R as given: S = r + k·a.
fn sign_with(
    r: Scalar,
    r_bytes: [u8; 32],
    a: Scalar,
    a_bytes: [u8; 32],
    message: &[u8],
) -> [u8; 64] {
    let s = r + challenge(&r_bytes, &a_bytes, message) * a;
    [r_bytes, s.to_bytes()].concat().try_into().unwrap()
}

/// The equation that other libraries check, [8][S]B = [8]R + [8][k]A: true for every case below.
fn cofactored_equation_holds(a_bytes: [u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    let (r_bytes, s) = signature.split_at(32);
    let r_bytes: [u8; 32] = r_bytes.try_into().unwrap();
    let s = Scalar::from_bytes_mod_order(s.try_into().unwrap());
    let a = CompressedEdwardsY(a_bytes).decompress().unwrap();
    let r = CompressedEdwardsY(r_bytes).decompress().unwrap();
    let difference = B * s - a * challenge(&r_bytes, &a_bytes, message) - r;
    difference.is_small_order()
}

fn scalars() -> (Scalar, Scalar) {
    (Scalar::from(123_456_789_u64), Scalar::from(987_654_321_u64))
}

fn key(bytes: [u8; 32]) -> PublicKey {
    PublicKey::from_bytes(bytes).unwrap()
}

/// The encoding with the low 255 bits p + `above` and this sign bit.
fn above_p(above: u8, sign: bool) -> [u8; 32] {
    let mut encoding = [0xff; 32];
    encoding[0] = 0xed + above;
    encoding[31] = if sign { 0xff } else { 0x7f };
    encoding
}

#[test]
fn rejects_public_keys_of_small_order() {
    for torsion in EIGHT_TORSION {
        assert_eq!(
            PublicKey::from_bytes(bytes(torsion)),
            Err(DecodeError::PublicKeySmallOrder)
        );
    }
    // x = 0 with the sign bit set: y = 1 and y = p - 1.
    let mut one = [0; 32];
    (one[0], one[31]) = (1, 0x80);
    let mut minus_one = [0xff; 32];
    minus_one[0] = 0xec;
    for encoding in [one, minus_one] {
        assert_eq!(
            PublicKey::from_bytes(encoding),
            Err(DecodeError::PublicKeySmallOrder)
        );
    }
}

#[test]
fn rejects_public_keys_that_are_not_canonical() {
    for above in 0..=18 {
        for sign in [false, true] {
            let verdict = PublicKey::from_bytes(above_p(above, sign));
            assert_eq!(
                verdict,
                Err(DecodeError::PublicKeyNotCanonical),
                "p + {above}"
            );
        }
    }
}

#[test]
fn rejects_public_keys_that_are_no_points() {
    let y = |y: u8| [[y].as_slice(), &[0; 31]].concat().try_into().unwrap();
    let off_curve: Vec<u8> = (0..=255)
        .filter(|n| CompressedEdwardsY(y(*n)).decompress().is_none())
        .collect();
    assert!(off_curve.len() > 100);
    for n in off_curve {
        assert_eq!(
            PublicKey::from_bytes(y(n)),
            Err(DecodeError::PublicKeyNotOnCurve)
        );
    }
}

#[test]
fn accepts_an_honest_signature_and_rejects_every_changed_bit() {
    let signing_key = SigningKey::from_bytes(&[7; 32]);
    let public = PublicKey::of(&signing_key);
    let signature = sign(&signing_key, MESSAGE);
    assert_eq!(verify(&public, MESSAGE, &signature), Ok(()));
    for bit in 0..512 {
        let mut changed = signature;
        changed[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(
            verify(&public, MESSAGE, &changed),
            Err(VerifyError::Signature)
        );
    }
    assert_eq!(
        verify(&public, b"massage", &signature),
        Err(VerifyError::Signature)
    );
}

#[test]
fn rejects_s_not_below_the_group_order() {
    let signing_key = SigningKey::from_bytes(&[7; 32]);
    let mut signature = sign(&signing_key, MESSAGE);
    // S + L: the same scalar in another encoding.
    let order = (-Scalar::ONE).to_bytes();
    let mut carry = 1_u16;
    for (byte, add) in signature[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        (*byte, carry) = (sum.to_le_bytes()[0], sum >> 8);
    }
    let public = PublicKey::of(&signing_key);
    assert!(cofactored_equation_holds(
        *public.as_bytes(),
        MESSAGE,
        &signature
    ));
    assert_eq!(
        verify(&public, MESSAGE, &signature),
        Err(VerifyError::Signature)
    );
}

#[test]
fn rejects_r_of_small_order_even_if_the_equation_holds() {
    let (_, a) = scalars();
    let a_bytes = bytes(B * a);
    let signature = sign_with(Scalar::ZERO, bytes(EIGHT_TORSION[0]), a, a_bytes, MESSAGE);
    assert!(cofactored_equation_holds(a_bytes, MESSAGE, &signature));
    assert_eq!(
        verify(&key(a_bytes), MESSAGE, &signature),
        Err(VerifyError::Signature)
    );
    for torsion in &EIGHT_TORSION[1..] {
        let signature = sign_with(Scalar::ZERO, bytes(*torsion), a, a_bytes, MESSAGE);
        assert_eq!(
            verify(&key(a_bytes), MESSAGE, &signature),
            Err(VerifyError::Signature)
        );
    }
}

#[test]
fn rejects_r_that_is_not_canonical() {
    let (_, a) = scalars();
    let a_bytes = bytes(B * a);
    // p + 1 encodes y = 1, the neutral element, so [S]B - [k]A is the very point that R names.
    for sign_bit in [false, true] {
        let signature = sign_with(Scalar::ZERO, above_p(1, sign_bit), a, a_bytes, MESSAGE);
        assert!(cofactored_equation_holds(a_bytes, MESSAGE, &signature));
        assert_eq!(
            verify(&key(a_bytes), MESSAGE, &signature),
            Err(VerifyError::Signature)
        );
    }
}

#[test]
fn rejects_r_with_a_component_of_small_order_that_the_equation_does_not_have() {
    let (r, a) = scalars();
    let a_bytes = bytes(B * a);
    for torsion in &EIGHT_TORSION[1..] {
        let signature = sign_with(r, bytes(B * r + torsion), a, a_bytes, MESSAGE);
        assert!(cofactored_equation_holds(a_bytes, MESSAGE, &signature));
        assert_eq!(
            verify(&key(a_bytes), MESSAGE, &signature),
            Err(VerifyError::Signature)
        );
    }
}

#[test]
fn a_key_with_a_component_of_small_order_verifies_exactly_what_the_equation_says() {
    let (r, a) = scalars();
    let torsion = EIGHT_TORSION[1];
    let a_bytes = bytes(B * a + torsion);
    let mut verdicts = [0, 0];
    for n in 0..64_u8 {
        let signature = sign_with(r, bytes(B * r), a, a_bytes, &[n]);
        assert!(cofactored_equation_holds(a_bytes, &[n], &signature));
        let k = challenge(&bytes(B * r), &a_bytes, &[n]);
        let holds = k.to_bytes()[0].is_multiple_of(8);
        let verdict = verify(&key(a_bytes), &[n], &signature);
        assert_eq!(verdict.is_ok(), holds, "message {n}");
        verdicts[usize::from(holds)] += 1;
    }
    assert!(verdicts.iter().all(|count| *count > 0), "{verdicts:?}");
}

#[test]
fn accepts_mixed_r_and_key_if_the_equation_holds() {
    let (r, a) = scalars();
    let a_bytes = bytes(B * a + EIGHT_TORSION[1]);
    let found = (0..=255_u8).find_map(|n| {
        // [S]B - [k]A has the component -k·T; try the R that has it.
        let r_bytes = bytes(B * r + EIGHT_TORSION[3]);
        let k = challenge(&r_bytes, &a_bytes, &[n]);
        (k.to_bytes()[0] % 8 == 5).then_some((n, r_bytes))
    });
    let (n, r_bytes) = found.unwrap();
    let signature = sign_with(r, r_bytes, a, a_bytes, &[n]);
    assert_eq!(verify(&key(a_bytes), &[n], &signature), Ok(()));
}

/// The library's own strict verification decodes R; ours compares its bytes. Both give the same verdict on every pairing
/// of keys with and without a component of small order, R of every kind, and S of every kind.
#[test]
fn the_verdict_is_that_of_the_librarys_strict_verification() {
    let (r, a) = scalars();
    let mut nonces = vec![above_p(0, false), above_p(1, false), above_p(1, true)];
    for torsion in EIGHT_TORSION {
        for mut encoding in [bytes(torsion), bytes(B * r + torsion)] {
            nonces.push(encoding);
            encoding[31] ^= 0x80;
            nonces.push(encoding);
        }
    }
    let mut verdicts = [0, 0];
    for torsion in EIGHT_TORSION {
        let a_bytes = bytes(B * a + torsion);
        let theirs = VerifyingKey::from_bytes(&a_bytes).unwrap();
        for (r_bytes, r) in nonces
            .iter()
            .flat_map(|bytes| [(*bytes, r), (*bytes, Scalar::ZERO)])
        {
            for n in 0..16_u8 {
                let signature = sign_with(r, r_bytes, a, a_bytes, &[n]);
                let strict = theirs.verify_strict(&[n], &Signature::from_bytes(&signature));
                let verdict = verify(&key(a_bytes), &[n], &signature);
                assert_eq!(
                    verdict.is_ok(),
                    strict.is_ok(),
                    "R {r_bytes:02x?} A {a_bytes:02x?} M {n}"
                );
                verdicts[usize::from(verdict.is_ok())] += 1;
            }
        }
    }
    assert!(verdicts.iter().all(|count| *count > 100), "{verdicts:?}");
}

// The keys of RFC 8410 sections 10.1 and 10.3, and the public key of the private one.
const RFC_PRIVATE: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----
";
const RFC_PUBLIC: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----
";

#[test]
fn roundtrip_the_keys_of_rfc_8410() {
    let private = private_key_from_pem(RFC_PRIVATE).unwrap();
    let public = public_key_from_pem(RFC_PUBLIC).unwrap();
    assert_eq!(PublicKey::of(&private), public);
    assert_eq!(private_key_to_pem(&private).as_str(), RFC_PRIVATE);
    assert_eq!(public_key_to_pem(&public), RFC_PUBLIC);
}

#[test]
fn rejects_pem_of_another_kind_and_mangled_pem() {
    assert!(private_key_from_pem(RFC_PUBLIC).is_err());
    assert!(public_key_from_pem(RFC_PRIVATE).is_err());
    for at in 0..RFC_PRIVATE.len() - 1 {
        assert!(private_key_from_pem(&RFC_PRIVATE[..at]).is_err(), "{at}");
    }
    let x25519 = RFC_PUBLIC.replace("K2Vw", "K2Vu");
    assert!(public_key_from_pem(&x25519).is_err());
    let small_order = PublicKey::from_bytes(bytes(EIGHT_TORSION[0])).unwrap_err();
    let der = "MCowBQYDK2VwAyEAAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{der}\n-----END PUBLIC KEY-----\n");
    assert_eq!(public_key_from_pem(&pem), Err(small_order));
}
