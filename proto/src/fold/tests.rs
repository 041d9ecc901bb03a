#![expect(clippy::unwrap_used, reason = "tests")]

mod by_subject;
mod commission;
mod incident;
mod prefix;
mod station;
mod support;
