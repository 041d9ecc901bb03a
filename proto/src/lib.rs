//! The trucelog protocol: everything on which two programs must agree byte for byte.
//!
//! One module per artefact, each with its specification in `spec/`, its vectors in `vectors/` and its fuzz target under
//! the same name. There is no input or output here, no clock, no randomness and no logging.

pub mod canonical;
pub mod checkpoint;
pub mod cosignature;
pub mod entry;
pub mod error;
pub mod fold;
#[doc(hidden)]
pub mod fuzzing;
mod generations;
pub mod hash;
pub mod limits;
pub mod mldsa;
pub mod note;
pub mod pb;
pub mod policy;
pub mod proof;
pub mod record;
pub mod refusal;
pub mod rules;
pub mod sealed;
pub mod signature;
pub mod state;
pub mod succession;
mod text;
pub mod tile;
pub mod tlog_proof;
pub mod tlog_witness;
pub mod tree;
pub mod verify;
