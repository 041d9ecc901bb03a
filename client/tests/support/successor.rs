//! Charters that succeed a log in memory.

use prost::Message as _;
use trucelog_client::founding::{slot, speaker};
use trucelog_client::station;
use trucelog_proto::note::VerifierKey;
use trucelog_proto::pb;
use trucelog_proto::pb::record::Body;
use trucelog_proto::record::{LogId, NO_CHARTER};
use trucelog_proto::signature::PublicKey;
use trucelog_proto::succession::endorse;

use super::{BEGIN_MS, Log, key, public};

pub const NEXT: &str = "example.org/next";
/// Seeds of the new log's key, and of its operator's.
pub const NEXT_LOG: u8 = 70;
pub const NEXT_OPERATOR: u8 = 71;

/// `terms` as the charter of a successor of the whole log, not endorsed yet.
pub fn successor(log: &Log, terms: pb::Charter) -> pb::Charter {
    let log_key = PublicKey::of(&key(NEXT_LOG));
    let head = log.checkpoint();
    pb::Charter {
        origin: NEXT.to_owned(),
        log_key: VerifierKey::ed25519(NEXT.parse().unwrap(), log_key).to_string(),
        operator_key: public(NEXT_OPERATOR),
        predecessor: Some(pb::Predecessor {
            origin: log.id.origin.to_string(),
            charter_digest: log.id.charter.as_bytes().to_vec(),
            size: head.size.get(),
            root: head.root.as_bytes().to_vec(),
            endorsements: Vec::new(),
        }),
        ..terms
    }
}

/// The charter with an endorsement of each member, by the key of a seed.
pub fn endorsed(mut charter: pb::Charter, by: &[(&str, u8)]) -> pb::Charter {
    let sign = |(member, seed): &(&str, u8)| endorse(&charter, member, &key(*seed)).unwrap();
    let endorsements = by.iter().map(sign).collect();
    charter.predecessor.as_mut().unwrap().endorsements = endorsements;
    charter
}

/// The `.signed` file of a charter.
pub fn signed(charter: pb::Charter) -> Vec<u8> {
    signed_at(charter, BEGIN_MS)
}

/// The same, made at `created_time`.
pub fn signed_at(charter: pb::Charter, created_time: u64) -> Vec<u8> {
    let id = LogId {
        origin: charter.origin.parse().unwrap(),
        charter: NO_CHARTER,
    };
    let record = pb::Record {
        created_time,
        body: Some(Body::Charter(charter)),
        ..pb::Record::default()
    };
    let signed = station::sign(record, &speaker(), &slot(), &id, &key(NEXT_OPERATOR));
    signed.unwrap().encode_to_vec()
}
