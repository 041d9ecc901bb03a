//! Witnesses: from a signed head to a head at quorum.
//!
//! The sequencer signs and never waits; everything here reads what it has signed. One checkpoint at a time is the
//! *candidate*. Cosigners that dial in watch for it and hand their lines in by `AddCosignature`; witnesses with a URL
//! are asked over c2sp.org/tlog-witness, each by a task of its own ([`ask`]). Lines that verify are persisted, and at
//! quorum the head with its lines is published ([`publisher`]). Then, or when the time of the candidate is over, the
//! newest signed head is the next one ([`feed`]).
//!
//! On start it is the other way round: the sequencer is held until so many witnesses have cosigned the anchored
//! checkpoint that every quorum has one of them. A store that was put back from a backup, with its anchor, is noticed
//! that way: whoever has cosigned more says so.
//!
//! Out of scope: what a witness checks before it cosigns (`trucelog witness`), and which policy a verifier pins.
//!
//! Source: `docs/server.md`, "Witnesses"; c2sp.org/tlog-witness, c2sp.org/tlog-policy.

mod ask;
mod feed;
pub mod policies;
pub mod publisher;
mod round;

use std::time::Duration;

use self::ask::Asker;
pub use self::{
    ask::{Http, HttpError},
    policies::{Policies, PolicyFileError},
    publisher::{AddError, Added, Publisher},
};
use crate::store::LogStore;

/// How long things may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// How long one checkpoint is offered, unless it is at quorum before.
    pub candidate: Duration,
    /// How long one request to a witness may take.
    pub request: Duration,
    /// How long a submission waits for a quorum.
    pub wait: Duration,
}

/// What is needed to bring the checkpoints of a log to quorum.
#[derive(Clone, Debug)]
pub struct Witnessing<S> {
    /// The shared state.
    pub publisher: Publisher<S>,
    /// The way to witnesses with a URL.
    pub http: Http,
    /// How long things may take.
    pub times: Times,
}

impl<S: LogStore> Witnessing<S> {
    /// Starts to offer: the feed of candidates, and one task for each URL. Needs a tokio runtime; the tasks end with it.
    pub fn run(&self) {
        let Self {
            publisher,
            http,
            times,
        } = self;
        tokio::spawn(feed::run(publisher.clone(), times.candidate));
        for target in publisher.policies().targets() {
            let asker = Asker::new(publisher.clone(), http.clone(), target, times.request);
            tokio::spawn(asker.run());
        }
    }
}
