//! Benchmarks: what a log does on this machine, beside what this machine can do.
//!
//! Absolute figures say little on shared machines, so every result stands beside limits that are measured in the same
//! run ([`limits`]), as a ratio. L, the rate that the signatures alone allow, is the number of cores times the
//! single-core rate of strict Ed25519 verification with parsed keys.
//!
//! - [`ground`] founds a throw-away log with many stations and signs their records beforehand.
//! - [`load`] sends them, as fast as answers come or on a fixed schedule.
//! - [`source`] and [`sink`] are servers without a log behind them, for comparison, run by [`bare`].
//! - [`apart`] lets a verifier run as a process of its own, whose memory can be seen.
//! - [`ingest`], [`verify`], [`proof`], [`query`] and [`open`] put these together to a table; [`figures`] are its numbers.
//!
//! A benchmark checks what it has measured: every record has its receipt, some receipts are verified in full, the log has
//! the size that was sent.
//!
//! Source: `docs/performance.md`.

pub mod apart;
pub mod bare;
pub mod figures;
pub mod ground;
pub mod ingest;
pub mod limits;
pub mod load;
pub mod open;
pub mod proof;
pub mod query;
pub mod sink;
pub mod source;
pub mod verify;
