#![expect(clippy::unwrap_used, reason = "tests")]

mod appraisal;
mod by_subject;
mod case;
mod clock;
mod commission;
mod constitution;
mod coverage;
mod incident;
mod prefix;
mod remedy;
mod station;
mod summary;
mod support;
mod withheld;
