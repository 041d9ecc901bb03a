//! Random histories over every body: what the server keeps, what a verifier keeps and what a fold of the entries says
//! are the same, and what one of them refuses, all refuse, for the same reason.
//!
//! A history depends on its seed alone. `TRUCELOG_HISTORY_SEED` chooses it.

#![expect(clippy::unwrap_used, reason = "tests")]

mod everyone;
mod occurred;
#[path = "../../../proto/tests/support/mod.rs"]
mod protocol;

use std::hash::{BuildHasher as _, RandomState};

use everyone::Everyone;
use occurred::Occurred;
use protocol::{rng::Rng, story::Story};
use trucelog_proto::pb;

/// Entries of a history, at least. It goes on until everything has occurred that has to.
const ENTRIES: u64 = 10_000;
const MOST_ENTRIES: u64 = 20_000;
const SEED_VARIABLE: &str = "TRUCELOG_HISTORY_SEED";
/// Entries between two sizes at which everything is compared, on average.
const COMPARED_EVERY: usize = 500;

/// A record on its way to everyone, and what the story says of it.
enum Sent {
    /// It is the entry at this index.
    Lawful(pb::SignedRecord, usize),
    /// The rules refuse it, or, if one of its bytes was changed, what looks at records alone.
    Unlawful(pb::SignedRecord),
}

fn seed() -> u64 {
    let given = std::env::var(SEED_VARIABLE);
    given.map_or_else(
        |_| RandomState::new().hash_one(ENTRIES),
        |seed| seed.parse().unwrap(),
    )
}

#[test]
fn everyone_keeps_the_same_state_and_refuses_for_the_same_reason() {
    let seed = seed();
    eprintln!("{SEED_VARIABLE}={seed} repeats this history");
    let mut rng = Rng::new(seed);
    let mut story = Story::begin();
    let mut occurred = Occurred::default();
    let mut everyone = Everyone::found(&story);
    let mut next = 0;
    while story.log.size() < ENTRIES || !occurred.missing(&story).is_empty() {
        let missing = occurred.missing(&story);
        assert!(story.log.size() < MOST_ENTRIES, "{missing:?} did not occur");
        let sent = some_records(&mut story, &mut rng, &mut occurred);
        everyone.take(&story, &sent, &mut occurred);
        if story.log.size() >= next {
            everyone.compare(&story, &mut rng);
            next = story.log.size() + 1 + rng.below(2 * COMPARED_EVERY) as u64;
        }
        story.wait(rng.next());
    }
    everyone.compare_all(&story);
    everyone.end();
    eprintln!("{} entries: {occurred:?}", story.log.size());
}

/// Up to 60 records of one moment, some of them unlawful.
fn some_records(story: &mut Story, rng: &mut Rng, occurred: &mut Occurred) -> Vec<Sent> {
    let mut sent = Vec::new();
    for _ in 0..=rng.below(60) {
        let index = story.log.entries.len();
        if rng.one_in(4) {
            let stray = story.stray(rng.next());
            sent.extend(stray.map(Sent::Unlawful));
        } else {
            story.step(rng.next());
            let signed = everyone::signed_record(&story.log.entries[index]);
            occurred.note(&signed);
            if rng.one_in(20) {
                let mut damaged = signed.clone();
                rng.flip(&mut damaged.record);
                sent.push(Sent::Unlawful(damaged));
            }
            sent.push(Sent::Lawful(signed, index));
        }
    }
    sent
}
