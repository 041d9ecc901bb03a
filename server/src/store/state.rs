//! Column family `state`: what the rules look up, derived from the entries alone.
//!
//! ```text
//! key    as the rules name it (proto/spec/rules.md draws each key)
//! value  as the rules write it
//! ```
//!
//! The server never interprets these bytes. `trucelogd check` replays all entries and compares every key and value.

/// The name of the column family.
pub const NAME: &str = "state";
