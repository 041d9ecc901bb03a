//! The demonstration: real reports and their published revisions through a real server, verified by a second process.
//!
//! [`scenario::run`] tells the story, one step after another:
//!
//! 1. [`cast`] founds a log of seven members; [`setting`] runs `trucelogd` and a `trucelog witness` of each member.
//! 2. [`desk`] writes the rows of [`data`] as reports by [`mapping`]; [`commission`] takes one breach to a remedy.
//!    [`life`] tells what surrounds it, from the camera to parliament's answer, so that every kind of record occurs.
//! 3. The revisions follow; the server is killed among them and started again. The case is reopened.
//! 4. A second process verifies the log. [`check`] folds what it fetched and compares it with the tables.
//! 5. [`forgery`] changes one byte as an operator could, and sees it caught. [`split_view`] shows two members two
//!    histories with the true log key, and keeps the evidence.
//!
//! [`summary`] is what is told at the end. Nothing in it is taken from what was sent.

pub mod cast;
pub mod check;
mod commission;
pub mod data;
pub mod desk;
mod error;
pub mod forgery;
mod ledger;
mod life;
pub mod mapping;
pub(crate) mod process;
pub mod scenario;
mod second;
pub mod server;
pub mod setting;
pub mod split_view;
pub mod summary;
#[cfg(test)]
mod tests;

pub use error::DemoError;
pub use process::find;
