//! The trucelog protocol: everything on which two programs must agree byte for byte.
//!
//! One module per artefact, each with its specification in `spec/`, its vectors in `vectors/` and its fuzz target under
//! the same name. There is no input or output here, no clock, no randomness and no logging.

pub mod checkpoint;
pub mod cosignature;
pub mod error;
#[doc(hidden)]
pub mod fuzzing;
pub mod hash;
pub mod note;
pub mod policy;
pub mod proof;
pub mod signature;
mod text;
pub mod tile;
pub mod tlog_proof;
pub mod tree;
