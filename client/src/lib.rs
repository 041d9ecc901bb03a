//! The trucelog client: everything between a person, their station's key and a log that nobody has to trust.
//!
//! - [`key`]: key files.
//! - [`json`]: records as people write and read them.
//! - [`station`]: a station's key, its sequence and its signed records on disk.
//! - [`submit`]: sends signed records and keeps only receipts that hold.
//! - [`outbox`]: sends a station's records in order until each has its receipt, and compares receipts with the log.
//! - [`receipt`]: checks a receipt without a network.
//! - [`verifier`]: checks a whole log from its charter on, with its state on disk.
//! - [`falsehood`], [`not_enough`]: the two ways in which a check does not succeed.
//! - [`opening`]: what a member keeps to show later what it committed to.
//! - [`bundle`]: a record with everything that it rests on, in one file that anybody checks.
//! - [`founding`], [`succession`]: a signed charter, and following one that succeeds a log.
//! - [`evidence`]: what was found false, in one file that anybody can judge.
//! - [`follow`]: checks every new head of a log as it comes.
//! - [`witness`]: a member's cosigners.
//! - [`reader`]: reads the entries that the verifier has verified, and nothing else.
//! - [`exchange`]: reports from foreign tables, and verified incidents as files for other programs.
//! - [`rehearsal`]: a report judged by every rule that needs no log.
//! - [`trust`]: what is pinned before a server is asked anything.
//! - [`remote`]: the connection to a log.
//! - [`demo`], [`mod@bench`]: a throw-away log that tells its story, and one that is measured.
//!
//! The protocol itself is in [`trucelog_proto`]. The command `trucelog` is [`cli`].

pub mod bench;
pub mod bundle;
pub mod cli;
pub mod demo;
pub mod durable;
pub mod entry_source;
mod error;
pub mod evidence;
pub mod exchange;
pub mod exit;
pub mod falsehood;
pub mod fetch;
pub mod follow;
pub mod founding;
pub mod json;
pub mod key;
pub mod not_enough;
pub mod opening;
pub mod outbox;
pub mod reader;
pub mod receipt;
pub mod refused;
pub mod rehearsal;
pub mod remote;
pub mod retry;
pub mod station;
pub mod store;
pub mod submit;
pub mod succession;
pub mod trust;
pub mod verifier;
pub mod witness;

pub use error::Error;
