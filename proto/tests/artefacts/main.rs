//! Tests of the artefacts through their public interface, one module per artefact.

#![expect(clippy::unwrap_used, reason = "tests")]

mod differential;
mod mangling;
mod naive;
mod policy;
mod proof;
mod signature;
mod specs;
mod tile;
