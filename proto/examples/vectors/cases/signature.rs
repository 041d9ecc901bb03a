//! Ed25519: honest signatures, the edge cases, and keys in PEM.

use curve25519_dalek::{
    constants::{ED25519_BASEPOINT_POINT as B, EIGHT_TORSION},
    edwards::EdwardsPoint,
    scalar::Scalar,
};
use sha2::{Digest, Sha512};
use trucelog_proto::{
    error::VerifyError,
    signature::{PublicKey, private_key_from_pem, public_key_from_pem, sign, verify},
};

use super::{Artefact, Case, DECODE, Failed, Inputs, OK, VERIFY, case, private, public, unhex};

pub(crate) const ARTEFACT: Artefact = Artefact {
    name: "signature",
    cases,
    replay,
    seed,
};

fn replay(inputs: &Inputs) -> Result<(), Failed> {
    if inputs.has("private_pem") {
        private_key_from_pem(inputs.get("private_pem"))?;
    }
    if inputs.has("public_pem") {
        public_key_from_pem(inputs.get("public_pem"))?;
    }
    if inputs.has("public_key") {
        let key = PublicKey::try_from(inputs.data("public_key").as_slice())?;
        let signature = inputs.data("signature");
        let signature = signature
            .as_slice()
            .try_into()
            .map_err(|_| VerifyError::Signature)?;
        verify(&key, &inputs.data("message"), signature)?;
    }
    Ok(())
}

fn seed(inputs: &Inputs) -> Option<Vec<u8>> {
    for name in ["private_pem", "public_pem"] {
        if inputs.has(name) {
            return Some(inputs.data(name));
        }
    }
    Some(
        [
            inputs.data("public_key"),
            inputs.data("signature"),
            inputs.data("message"),
        ]
        .concat(),
    )
}

fn check(key: &[u8], message: &[u8], signature: &[u8]) -> Inputs {
    Inputs::default()
        .bytes("public_key", key)
        .bytes("message", message)
        .bytes("signature", signature)
}

fn rfc(key: &str, message: &str, signature: &str) -> Inputs {
    check(&unhex(key), &unhex(message), &unhex(signature))
}

fn pem(name: &str, label: &str, base64: &str) -> Inputs {
    Inputs::default().text(
        name,
        format!("-----BEGIN {label}-----\n{base64}\n-----END {label}-----\n"),
    )
}

fn cases() -> Vec<Case> {
    [
        honest(),
        public_keys(),
        signatures(),
        mixed(),
        keys_in_pem(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn honest() -> Vec<Case> {
    let signature = sign(&private(3), b"trucelog");
    let mut flipped = signature;
    flipped[40] ^= 1;
    let key = public(3);
    vec![
        case(
            "worked-example",
            OK,
            "The signature in signature.md.",
            check(key.as_bytes(), b"trucelog", &signature),
        ),
        case("rfc8032-test-1", OK, "RFC 8032 section 7.1, TEST 1.", {
            rfc(
                "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
                "",
                "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
            )
        }),
        case("rfc8032-test-2", OK, "RFC 8032 section 7.1, TEST 2.", {
            rfc(
                "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
                "72",
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
            )
        }),
        case(
            "message-changed",
            VERIFY,
            "Another message.",
            check(key.as_bytes(), b"trucelob", &signature),
        ),
        case(
            "signature-flipped-bit",
            VERIFY,
            "One bit of S is flipped.",
            check(key.as_bytes(), b"trucelog", &flipped),
        ),
        case("signature-short", VERIFY, "A signature of 63 bytes.", {
            check(key.as_bytes(), b"trucelog", &signature[..63])
        }),
        case(
            "other-key",
            VERIFY,
            "Another key.",
            check(public(4).as_bytes(), b"trucelog", &signature),
        ),
    ]
}

/// The encoding whose low 255 bits are p + `above`.
fn above_p(above: u8) -> [u8; 32] {
    let mut encoding = [0xff; 32];
    (encoding[0], encoding[31]) = (0xed + above, 0x7f);
    encoding
}

fn public_keys() -> Vec<Case> {
    let with_key = |key: [u8; 32]| check(&key, b"trucelog", &sign(&private(3), b"trucelog"));
    let small = |byte: u8, rest: u8, last: u8| {
        let mut encoding = [rest; 32];
        (encoding[0], encoding[31]) = (byte, last);
        encoding
    };
    let mut keys: Vec<(&'static str, &'static str, [u8; 32])> = vec![
        (
            "key-order-1",
            "A = (0, 1), the neutral element.",
            small(1, 0, 0),
        ),
        (
            "key-order-1-sign-set",
            "A = (0, 1) with the sign of x set, which RFC 8032 does not decode.",
            small(1, 0, 0x80),
        ),
        ("key-order-2", "A = (0, -1).", small(0xec, 0xff, 0x7f)),
        (
            "key-order-2-sign-set",
            "A = (0, -1) with the sign of x set.",
            small(0xec, 0xff, 0xff),
        ),
        ("key-order-4", "A has order 4: y = 0.", small(0, 0, 0)),
        (
            "key-order-4-sign-set",
            "A has order 4: y = 0, the other x.",
            small(0, 0, 0x80),
        ),
        ("key-y-equals-p", "y = p stands for 0.", above_p(0)),
        (
            "key-y-equals-p-plus-1",
            "y = p + 1 stands for 1.",
            above_p(1),
        ),
        ("key-y-largest", "y = 2^255 - 1 stands for 18.", above_p(18)),
        ("key-not-on-curve", "No point has y = 2.", small(2, 0, 0)),
    ];
    let order_8 = [
        "key-order-8-a",
        "key-order-8-b",
        "key-order-8-c",
        "key-order-8-d",
    ];
    for (name, torsion) in order_8.into_iter().zip([1, 3, 5, 7]) {
        keys.push((
            name,
            "A has order 8.",
            EIGHT_TORSION[torsion].compress().to_bytes(),
        ));
    }
    keys.into_iter()
        .map(|(name, text, key)| case(name, DECODE, text, with_key(key)))
        .collect()
}

/// Signs with a chosen R: S = r + k·a, where k = SHA-512(R ‖ A ‖ M).
fn signed_with(r: u64, r_bytes: [u8; 32], a_bytes: [u8; 32], message: &[u8]) -> Inputs {
    let s = Scalar::from(r) + challenge(&r_bytes, &a_bytes, message) * Scalar::from(A);
    check(&a_bytes, message, &[r_bytes, s.to_bytes()].concat())
}

fn challenge(r: &[u8; 32], a: &[u8; 32], message: &[u8]) -> Scalar {
    let hash = Sha512::new()
        .chain_update(r)
        .chain_update(a)
        .chain_update(message);
    Scalar::from_bytes_mod_order_wide(&hash.finalize().into())
}

/// The scalars of the key and of R in the edge cases.
const A: u64 = 987_654_321;
const R: u64 = 123_456_789;

fn bytes(point: EdwardsPoint) -> [u8; 32] {
    point.compress().to_bytes()
}

fn plus_order(signature: [u8; 64]) -> [u8; 64] {
    let (mut changed, mut carry) = (signature, 1);
    for (byte, add) in changed[32..].iter_mut().zip((-Scalar::ONE).to_bytes()) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        (*byte, carry) = (sum.to_le_bytes()[0], sum >> 8);
    }
    changed
}

fn signatures() -> Vec<Case> {
    let a = bytes(B * Scalar::from(A));
    let mut r_not_on_curve = [0; 64];
    r_not_on_curve[0] = 2;
    let mut s_is_order = sign(&private(3), b"trucelog");
    s_is_order[32..].copy_from_slice(&plus_order([0; 64])[32..]);
    vec![
        case(
            "s-plus-order",
            VERIFY,
            "S + L in place of S; the equation holds.",
            check(
                public(3).as_bytes(),
                b"trucelog",
                &plus_order(sign(&private(3), b"trucelog")),
            ),
        ),
        case(
            "s-equals-order",
            VERIFY,
            "S = L.",
            check(public(3).as_bytes(), b"trucelog", &s_is_order),
        ),
        case("s-all-bits", VERIFY, "S = 2^256 - 1.", {
            let mut signature = sign(&private(3), b"trucelog");
            signature[32..].fill(0xff);
            check(public(3).as_bytes(), b"trucelog", &signature)
        }),
        case(
            "r-order-1",
            VERIFY,
            "R is the neutral element; the equation holds.",
            signed_with(0, bytes(EIGHT_TORSION[0]), a, b"trucelog"),
        ),
        case(
            "r-order-8",
            VERIFY,
            "R has order 8; the equation with the cofactor holds.",
            signed_with(0, bytes(EIGHT_TORSION[1]), a, b"trucelog"),
        ),
        case(
            "r-not-canonical",
            VERIFY,
            "R = p + 1 stands for the neutral element; the equation holds for points.",
            signed_with(0, above_p(1), a, b"trucelog"),
        ),
        case(
            "r-not-on-curve",
            VERIFY,
            "No point has the y of R.",
            check(&a, b"trucelog", &r_not_on_curve),
        ),
        case(
            "zeros",
            VERIFY,
            "R and S are zero bytes.",
            check(&a, b"trucelog", &[0; 64]),
        ),
    ]
}

/// Finds a message for which the lowest three bits of k are `bits`.
fn message_with(bits: u8, r: [u8; 32], a: [u8; 32]) -> Vec<u8> {
    let messages = (0..=u8::MAX).map(|n| vec![n]);
    messages
        .into_iter()
        .find(|m| challenge(&r, &a, m).to_bytes()[0] % 8 == bits)
        .unwrap()
}

fn mixed() -> Vec<Case> {
    let (a, r) = (B * Scalar::from(A), B * Scalar::from(R));
    let torsion = EIGHT_TORSION[1];
    let (mixed_a, mixed_r) = (bytes(a + torsion), bytes(r + EIGHT_TORSION[3]));
    let holds = message_with(0, bytes(r), mixed_a);
    let fails = message_with(1, bytes(r), mixed_a);
    // [S]B - [k]A has the component -k·T, which is 3·T for k = 5 mod 8.
    let both = message_with(5, mixed_r, mixed_a);
    vec![
        case(
            "mixed-key-equation-holds",
            OK,
            "A has a component of order 8, and 8 divides k.",
            signed_with(R, bytes(r), mixed_a, &holds),
        ),
        case(
            "mixed-key-cofactor-needed",
            VERIFY,
            "A has a component of order 8; only the equation with the cofactor holds.",
            signed_with(R, bytes(r), mixed_a, &fails),
        ),
        case(
            "mixed-r-cofactor-needed",
            VERIFY,
            "R has a component of order 8; only the equation with the cofactor holds.",
            signed_with(R, mixed_r, bytes(a), b"trucelog"),
        ),
        case(
            "mixed-key-and-r-equation-holds",
            OK,
            "A and R have components of order 8 that agree.",
            signed_with(R, mixed_r, mixed_a, &both),
        ),
    ]
}

fn keys_in_pem() -> Vec<Case> {
    let (private_label, public_label) = ("PRIVATE KEY", "PUBLIC KEY");
    let private = "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC";
    let public = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=";
    vec![
        case(
            "pem-private",
            OK,
            "The private key of RFC 8410 section 10.3, version 1.",
            pem("private_pem", private_label, private),
        ),
        case(
            "pem-public",
            OK,
            "The public key of RFC 8410 section 10.1.",
            pem("public_pem", public_label, public),
        ),
        case(
            "pem-private-as-public",
            DECODE,
            "A private key where a public one belongs.",
            pem("public_pem", private_label, private),
        ),
        case(
            "pem-public-x25519",
            DECODE,
            "A key for another algorithm.",
            pem("public_pem", public_label, &public.replace("K2Vw", "K2Vu")),
        ),
        case(
            "pem-public-small-order",
            DECODE,
            "A public key of order 1.",
            pem(
                "public_pem",
                public_label,
                "MCowBQYDK2VwAyEAAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            ),
        ),
        case("pem-private-cut", DECODE, "A private key of 31 bytes.", {
            pem("private_pem", private_label, &private[..private.len() - 4])
        }),
    ]
}
