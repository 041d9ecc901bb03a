//! The demonstration: real reports and their published revisions through a real server, verified by a second process.

pub mod data;
pub mod mapping;
