//! The trucelog log server: one process that orders signed records into an append-only log and serves it.
//!
//! [`sequencer`] is the only writer. It keeps what it writes in [`store`] and what it promised in [`anchor`].
//! [`reader`] answers from the store up to the newest signed checkpoint; [`view`] answers what the log says, from an
//! index that follows the signed checkpoints; [`witness`] brings checkpoints to quorum;
//! [`service`] and [`http`] translate between these and the network; [`server`] and [`listener`] set the limits.
//! [`mirror`] keeps a verified copy of another operator's log, which is served the same way. [`commands`] puts them
//! together for the program `trucelogd`.
//!
//! What a record is and which one may enter is decided in `trucelog-proto`, by the same code that verifiers run.

pub mod anchor;
pub mod commands;
pub mod config;
pub mod http;
pub mod listener;
pub mod mirror;
pub mod reader;
pub mod sequencer;
pub mod server;
pub mod service;
pub mod store;
pub mod view;
pub mod witness;
