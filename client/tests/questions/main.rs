//! What the command lists of its own verified copy, compared with what `IncidentService` of the real server answers to
//! the same question, at several sizes.
#![expect(clippy::unwrap_used, reason = "tests")]

mod incidents;
mod log;
mod rest;
#[path = "../support/mod.rs"]
mod support;

use log::Mixed;

#[test]
fn the_command_lists_what_the_server_answers_to_the_same_question() {
    let mixed = Mixed::new();
    incidents::compare_incidents(&mixed);
    incidents::compare_days(&mixed);
    rest::compare_cases(&mixed);
    rest::compare_decisions(&mixed);
    rest::compare_remedies(&mixed);
    rest::compare_coverage(&mixed);
    rest::compare_changes(&mixed);
}
