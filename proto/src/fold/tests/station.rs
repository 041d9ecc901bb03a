//! Stations and doubt.

use super::support::{Log, key_bytes};
use crate::fold::{Subject, Views as _};
use crate::pb;
use crate::pb::record::Body;
use crate::pb::station_change::Change;

pub(super) fn mark(log: &mut Log, key: u8, since_index: u64) {
    let mark = pb::CompromiseMark {
        station: "monitor".to_owned(),
        public_key: key_bytes(key),
        since_index,
        reason: "Lost.".to_owned(),
    };
    let change = Some(Change::CompromiseMark(mark));
    let change = Body::StationChange(pb::StationChange { change });
    log.write(10, "DEU", "authority", change);
}

#[test]
fn marks_doubt_from_an_index_on_and_for_good() {
    let mut log = Log::new();
    let early = log.report("early");
    let late = log.report("late");
    let stamp = |log: &Log, digest| log.fold.incident(digest).unwrap().first().stamp.clone();
    let in_doubt = |log: &Log, digest| stamp(log, digest).is_in_doubt(&log.fold).unwrap();
    assert!(!in_doubt(&log, &late));
    let since = stamp(&log, &late).index.get();
    mark(&mut log, 30, since);
    assert!(!in_doubt(&log, &early));
    assert!(in_doubt(&log, &late));
    mark(&mut log, 30, since + 1);
    assert!(in_doubt(&log, &late), "a later mark takes no doubt away");

    let station = log.fold.load_station("DEU", "monitor").unwrap().unwrap();
    assert_eq!(station.changes().len(), 3);
    assert_eq!(log.fold.load_station("FRA", "desk").unwrap(), None);
    let mark = &station.changes()[1].stamp.digest;
    let subject = Subject::Station("DEU".to_owned(), "monitor".to_owned());
    assert_eq!(log.fold.owner(mark), Some(&subject));
}
