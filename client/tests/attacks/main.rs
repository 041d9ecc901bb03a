//! Attacks with the real programs: what whoever is lied to sees, what they then hold in hand, and that nothing that they
//! had accepted before has changed. The table in `docs/verification.md` is made of the same values.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "../support/mod.rs"]
mod support;

mod commission;
mod floods;
mod handed;
mod histories;
mod party;
mod succession;
mod table;
mod views;
