//! What an authority signs to endorse a successor, and what a charter shows of it on its own.

use prost::Message as _;

use crate::checkpoint::Origin;
use crate::hash::{CharterDigest, RootHash};
use crate::pb;
use crate::record::{record_digest, verify_statement};
use crate::refusal::{Reason, Refusal};
use crate::signature;

/// The bytes that an authority of the predecessor signs to endorse a charter:
/// `"trucelog/succession/v1\n" ‖ predecessor's origin ‖ "\n" ‖ hex(its charter digest) ‖ "\n" ‖ size ‖ "\n" ‖
/// hex(root) ‖ "\n" ‖ origin ‖ "\n" ‖ hex(SHA-256(terms)) ‖ "\n"`, where the terms are the canonical bytes of the
/// charter without endorsements.
///
/// # Errors
/// [`Refusal`] when charter digest or root are not 32 bytes; field paths are relative to the charter.
///
/// Source: `proto/spec/succession.md`, "Statement".
pub fn statement(charter: &pb::Charter) -> Result<Vec<u8>, Refusal> {
    let mut terms = charter.clone();
    let predecessor = terms.predecessor.get_or_insert_default();
    predecessor.endorsements.clear();
    let form = |field: &str| {
        Refusal::new(Reason::FieldFormat, format!("predecessor.{field}")).with("form", "32 bytes")
    };
    let charter_digest = CharterDigest::try_from(predecessor.charter_digest.as_slice())
        .map_err(|_| form("charter_digest"))?;
    let root = RootHash::try_from(predecessor.root.as_slice()).map_err(|_| form("root"))?;
    let (origin, size) = (predecessor.origin.clone(), predecessor.size);
    let terms = record_digest(&terms.encode_to_vec());
    Ok(format!(
        "trucelog/succession/v1\n{origin}\n{charter_digest}\n{size}\n{root}\n{}\n{terms}\n",
        charter.origin,
    )
    .into_bytes())
}

/// Signs a charter's succession statement with an authority key of `member` in the predecessor.
///
/// # Errors
/// As [`statement`].
///
/// Source: `proto/spec/succession.md`, "Statement".
pub fn endorse(
    charter: &pb::Charter,
    member: &str,
    key: &ed25519_dalek::SigningKey,
) -> Result<pb::Endorsement, Refusal> {
    Ok(pb::Endorsement {
        member: member.to_owned(),
        public_key: key.verifying_key().to_bytes().to_vec(),
        signature: signature::sign(key, &statement(charter)?).to_vec(),
    })
}

/// Checks what a charter says about its predecessor as far as the charter alone shows it: the form, and that each
/// endorsement is signed by the key that it names. Field paths are relative to the charter.
///
/// # Errors
/// [`Refusal`] with the first rule of "Charter" that does not hold.
///
/// Source: `proto/spec/succession.md`, "Charter".
pub fn check_form(charter: &pb::Charter, predecessor: &pb::Predecessor) -> Result<(), Refusal> {
    let origin: Result<Origin, _> = predecessor.origin.parse();
    if origin.is_err() || predecessor.origin == charter.origin {
        return Err(Refusal::new(Reason::FieldFormat, "predecessor.origin")
            .with("form", "another origin than the charter's own"));
    }
    let statement = statement(charter)?;
    for (field, present) in [
        ("predecessor.size", predecessor.size > 0),
        (
            "predecessor.endorsements",
            !predecessor.endorsements.is_empty(),
        ),
    ] {
        if !present {
            return Err(Refusal::new(Reason::FieldRequired, field));
        }
    }
    let mut before: Option<&str> = None;
    for (position, endorsement) in predecessor.endorsements.iter().enumerate() {
        let field = format!("predecessor.endorsements[{position}]");
        if before.is_some_and(|before| before >= endorsement.member.as_str()) {
            return Err(Refusal::new(Reason::ListOrder, field));
        }
        before = Some(&endorsement.member);
        verify_statement(&statement, &endorsement.public_key, &endorsement.signature)
            .map_err(|refusal| refusal.below(&field))?;
    }
    Ok(())
}
