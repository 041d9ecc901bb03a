//! Whether a case is open.

use super::support::{Log, attribution, bytes};
use crate::fold::{CaseStatus, Turn};
use crate::pb;
use crate::pb::record::Body;

#[test]
fn a_case_is_closed_and_opened_again() {
    let mut log = Log::new();
    let report = log.report("first");
    let case = log.case(None, &[report]);
    let status = |log: &Log| log.fold.cases()[0].status();
    assert_eq!(status(&log), CaseStatus::Open);
    log.adopt(attribution(case), None);
    let closure = log.commissioner(Body::Closure(pb::Closure {
        case: bytes(case),
        result: pb::ClosureResult::Violation.into(),
        reason: "Attributed.".to_owned(),
    }));
    assert_eq!(
        status(&log),
        CaseStatus::Closed(pb::ClosureResult::Violation)
    );
    assert_eq!(log.fold.case(&closure).unwrap().digest(), case);
    let news = log.report("second");
    let reopening = log.commissioner(Body::Reopening(pb::Reopening {
        case: bytes(case),
        evidence: vec![bytes(news)],
        reason: "Another report.".to_owned(),
    }));
    assert_eq!(status(&log), CaseStatus::Reopened);
    let [Turn::Closed(closed), Turn::Reopened(reopened)] = log.fold.cases()[0].turns() else {
        panic!("two turns");
    };
    assert_eq!(
        (closed.stamp.digest, reopened.stamp.digest),
        (closure, reopening)
    );
}
