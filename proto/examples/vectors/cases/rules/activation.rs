//! Activation.

use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb::{self, ActivationChoice, record::Body};
use trucelog_proto::refusal::Reason;

use super::Cases;
use super::support::Log;
use super::support::commission::{
    activation, adopt, asks_remedy, remedy, replacing, with_basis_and_remedy,
};

const AUTHORITY: (&str, &str) = ("BBB", "authority");

pub(super) fn cases() -> Cases {
    let (mut log, [basis, remedy]) = with_basis_and_remedy();
    let mut cases = Cases::after(
        &log,
        "An adopted remedy of two measures, the second of which BBB is asked for, and CCC nothing.",
    );
    choices(&mut cases, &log, remedy);
    let decides = |log: &Log, body: pb::Activation| {
        log.record(AUTHORITY.0, AUTHORITY.1, Body::Activation(body))
    };
    cases.rejects(
        "not-an-addressee",
        "A member that is asked for nothing.",
        &log,
        &log.record("CCC", "authority", Body::Activation(activation(remedy))),
        (Reason::NotAnAddressee, "activation.decision"),
    );
    cases.rejects(
        "by-a-commissioner",
        "A commissioner activates.",
        &log,
        &log.record("BBB", "commissioner", Body::Activation(activation(remedy))),
        (Reason::RoleNotAllowed, "activation"),
    );
    log.put_record(&decides(&log, activation(remedy))).unwrap();
    let declines = pb::Activation {
        choice: ActivationChoice::Decline.into(),
        supersedes: log.last().as_bytes().to_vec(),
        ..activation(remedy)
    };
    let mut good = cases.good(
        (
            "second-thoughts",
            "The member decides anew and names what it decided before.",
        ),
        (&log, AUTHORITY),
        (declines, Body::Activation),
        "activation",
    );
    good.refuses(
        "supersedes-nothing",
        "It does not name what the member decided before.",
        |it| it.supersedes.clear(),
        (Reason::SupersedesRequired, "supersedes"),
    );
    replaced(&mut cases, log, basis, remedy);
    cases
}

/// The remedy is replaced by one that asks the same.
fn replaced(cases: &mut Cases, mut log: Log, basis: RecordDigest, first: RecordDigest) {
    let earlier = log.last();
    let anew = replacing(first, asks_remedy(remedy(basis)));
    adopt(&mut log, anew);
    cases.rejects(
        "remedy-replaced",
        "A first answer to a remedy that was replaced.",
        &log,
        &log.record("AAA", "authority", Body::Activation(activation(first))),
        (Reason::ReferenceSuperseded, "activation.decision"),
    );
    let finishes = pb::Activation {
        supersedes: earlier.as_bytes().to_vec(),
        ..activation(first)
    };
    cases.accepts(
        "remedy-replaced-meanwhile",
        "A further answer to a remedy that was replaced after the first one.",
        &log,
        &log.record(AUTHORITY.0, AUTHORITY.1, Body::Activation(finishes)),
    );
}

fn choices(cases: &mut Cases, log: &Log, remedy: RecordDigest) {
    let in_part = pb::Activation {
        choice: ActivationChoice::ApproveInPart.into(),
        measures: vec![2],
        effective_time: 5,
        expiry_time: 6,
        ..activation(remedy)
    };
    let mut good = cases.good(
        ("in-part", "The second measure, for a time."),
        (log, AUTHORITY),
        (in_part, Body::Activation),
        "activation",
    );
    good.refuses(
        "no-choice",
        "An activation without a choice.",
        |it| it.choice = 0,
        (Reason::FieldRequired, "choice"),
    );
    good.refuses(
        "no-measures",
        "A part of nothing.",
        |it| it.measures.clear(),
        (Reason::FieldRequired, "measures"),
    );
    good.refuses(
        "measure-unknown",
        "A third measure of two.",
        |it| it.measures = vec![3],
        (Reason::OutOfRange, "measures[0]"),
    );
    good.refuses(
        "measures-not-ascending",
        "Measures out of order.",
        |it| it.measures = vec![2, 1],
        (Reason::ListOrder, "measures[1]"),
    );
    good.refuses(
        "measures-declined",
        "All is declined, and a measure is named.",
        |it| it.choice = ActivationChoice::Decline.into(),
        (Reason::FieldNotAllowed, "measures"),
    );
    good.refuses(
        "expires-before",
        "It expires before it takes effect.",
        |it| it.expiry_time = 4,
        (Reason::TimeOrder, "expiry_time"),
    );
    good.refuses(
        "text-too-long",
        "Remarks of 4,097 bytes.",
        |it| it.text = "t".repeat(4_097),
        (Reason::FieldTooLong, "text"),
    );
    good.refuses(
        "decision-unknown",
        "A decision that the log does not hold.",
        |it| it.decision = vec![3; 32],
        (Reason::ReferenceUnknown, "decision"),
    );
    good.refuses(
        "decision-of-other-type",
        "The charter as a decision.",
        |it| it.decision = log.id.charter.as_bytes().to_vec(),
        (Reason::ReferenceType, "decision"),
    );
    good.refuses(
        "supersedes-unknown",
        "It names an activation that the log does not hold.",
        |it| it.supersedes = vec![3; 32],
        (Reason::ReferenceUnknown, "supersedes"),
    );
    let pending = pb::Activation {
        choice: ActivationChoice::PendingProcedure.into(),
        procedure: "A vote in parliament.".to_owned(),
        ..activation(remedy)
    };
    let mut good = cases.good(
        ("pending", "Parliament is to vote."),
        (log, AUTHORITY),
        (pending, Body::Activation),
        "activation",
    );
    good.refuses(
        "no-procedure",
        "A procedure that is not named.",
        |it| it.procedure.clear(),
        (Reason::FieldRequired, "procedure"),
    );
}
