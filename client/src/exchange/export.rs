//! Verified incidents as text for other programs.
//!
//! - JSON lines: every report, correction and withdrawal as it was signed, one record per line. [`super::lines`]
//!   computes each digest again from its line alone.
//! - CSV: the newest version of every incident, one row each, with a header row and an HXL row.
//! - `GeoJSON` (RFC 7946): the same as features.
//!
//! `docs/mapping.md` says what comes back when these are read again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use trucelog_proto::fold::{Fold, Incident};
use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb;
use trucelog_proto::pb::place::Location;
use trucelog_proto::pb::record::Body;
use trucelog_proto::record::LogId;

use super::mapping::{Cell, Column, Importer, Mapping};
use super::{ExchangeError, body_digest};
use crate::json::{self, format_time, hex};
use crate::reader::LocalEntry;

/// Schema id of a line of JSON lines.
pub(super) const LINE_SCHEMA: &str = "trucelog.export.record/v1";

/// One record as a line. All that is needed to compute its digest and to check its signature is in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// [`LINE_SCHEMA`].
    pub schema: String,
    /// Origin of the log.
    pub origin: String,
    /// Record digest of the log's charter.
    pub charter_digest: String,
    /// Index of the record's entry.
    pub index: u64,
    /// When the log accepted the record, RFC 3339.
    pub accepted_time: String,
    /// Record digest of the incident's first report.
    pub incident: String,
    /// Whether the record is the version in force.
    pub in_force: bool,
    /// SHA-256 of the record's canonical bytes.
    pub record_digest: String,
    /// Ed25519 public key of the station.
    pub public_key: String,
    /// Ed25519 signature over the record's statement.
    pub signature: String,
    /// The record as people write it.
    pub record: Value,
}

/// Text for other programs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Export {
    /// The content of the file.
    pub bytes: Vec<u8>,
    /// Lines, rows or features.
    pub count: usize,
    /// Versions that do not come back from the file byte for byte.
    pub inexact: Vec<RecordDigest>,
}

impl Export {
    /// Adds an entry of the log as a line of JSON, if it is a report, a correction or a withdrawal.
    ///
    /// # Errors
    /// [`ExchangeError::NoIncident`] when the entry is not among those that were folded.
    ///
    /// # Panics
    /// Never: text and numbers have a JSON form.
    pub fn push(
        &mut self,
        entry: &LocalEntry,
        fold: &Fold,
        id: &LogId,
    ) -> Result<(), ExchangeError> {
        if let Some(line) = line(entry, fold, id)? {
            let text = serde_json::to_vec(&line).expect("text and numbers have a JSON form");
            self.bytes.extend(text);
            self.bytes.push(b'\n');
            self.count += 1;
        }
        Ok(())
    }
}

fn line(entry: &LocalEntry, fold: &Fold, id: &LogId) -> Result<Option<Line>, ExchangeError> {
    if !matches!(
        entry.record.body,
        Some(Body::IncidentReport(_) | Body::Correction(_) | Body::Withdrawal(_))
    ) {
        return Ok(None);
    }
    let Some(incident) = fold.incident(&entry.digest) else {
        return Err(ExchangeError::NoIncident(entry.digest));
    };
    let in_force = incident.in_force().map(|version| version.stamp.digest);
    let signed = &entry.entry.signed_record;
    Ok(Some(Line {
        schema: LINE_SCHEMA.to_owned(),
        origin: id.origin.to_string(),
        charter_digest: id.charter.to_string(),
        index: entry.entry.index.get(),
        accepted_time: format_time(entry.entry.accepted_time).unwrap_or_default(),
        incident: incident.digest().to_string(),
        in_force: in_force == Some(entry.digest),
        record_digest: entry.digest.to_string(),
        public_key: hex(&signed.public_key),
        signature: hex(&signed.signature),
        record: json::from_record(&entry.record),
    }))
}

/// The incidents as CSV, withdrawn ones too, in the order in which they were first reported.
///
/// # Errors
/// [`ExchangeError`] when the mapping cannot read what it writes.
///
/// # Panics
/// Never: memory takes all rows.
pub fn csv(incidents: &[Incident], mapping: &Mapping) -> Result<Export, ExchangeError> {
    let names: Vec<String> = mapping
        .columns()
        .iter()
        .map(|column| column.name.clone())
        .collect();
    let importer = Importer::new(mapping, &names, &BTreeMap::new())?;
    let mut export = Export::default();
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut write = |cells: &[String]| {
        let wrote = writer.write_record(cells);
        wrote.expect("memory takes rows of equal length");
    };
    write(&names);
    let tags = mapping.columns().iter().map(|column| column.hxl.clone());
    write(&tags.collect::<Vec<_>>());
    for incident in incidents {
        let cells = properties(incident, mapping).map(|(_, cell)| cell.map(|cell| cell.text));
        let cells: Vec<String> = cells.map(Option::unwrap_or_default).collect();
        write(&cells);
        let newest = incident.newest();
        let back = importer.report(&cells);
        if !back.is_ok_and(|back| back.report == newest.report) {
            export.inexact.push(newest.stamp.digest);
        }
        export.count += 1;
    }
    export.bytes = writer.into_inner().expect("memory needs no flush");
    Ok(export)
}

/// The incidents as a `GeoJSON` `FeatureCollection`, withdrawn ones too, in the order in which they were first reported.
///
/// Source: RFC 7946, sections 3.1.1, 3.2 and 3.3.
///
/// # Panics
/// Never: text and numbers have a JSON form.
#[must_use]
pub fn geojson(incidents: &[Incident], mapping: &Mapping) -> Export {
    let features = incidents.iter().map(|incident| feature(incident, mapping));
    let collection = json!({
        "type": "FeatureCollection",
        "features": features.collect::<Vec<_>>(),
    });
    let mut bytes = serde_json::to_vec(&collection).expect("text and numbers have a JSON form");
    bytes.push(b'\n');
    Export {
        bytes,
        count: incidents.len(),
        inexact: Vec::new(),
    }
}

fn feature(incident: &Incident, mapping: &Mapping) -> Value {
    let properties = properties(incident, mapping).filter_map(|(column, cell)| {
        let is_place = matches!(column.name.as_str(), "latitude" | "longitude");
        Some((column.name.clone(), cell.filter(|_| !is_place)?.value))
    });
    let properties: Map<String, Value> = properties.collect();
    json!({
        "type": "Feature",
        "id": incident.digest().to_string(),
        "geometry": geometry(&incident.newest().report),
        "properties": properties,
    })
}

/// A point, longitude first; nothing where the report has no position.
fn geometry(report: &pb::IncidentReport) -> Value {
    let location = report
        .place
        .as_ref()
        .and_then(|place| place.location.as_ref());
    match location {
        Some(Location::Position(position)) => {
            let degrees = |number: i32| f64::from(number) / 1e7;
            json!({
                "type": "Point",
                "coordinates": [degrees(position.longitude), degrees(position.latitude)],
            })
        }
        _ => Value::Null,
    }
}

/// The columns of an incident, with what its newest version has in each.
fn properties<'a>(
    incident: &Incident,
    mapping: &'a Mapping,
) -> impl Iterator<Item = (&'a Column, Option<Cell>)> {
    let mut cells = mapping.cells(&incident.newest().report);
    for (name, value) in place_in_log(incident) {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), ToOwned::to_owned);
        cells.insert(name, Cell { value, text });
    }
    let columns = mapping.columns().iter();
    columns.map(move |column| (column, cells.remove(column.name.as_str())))
}

/// Where an incident stands in the log.
fn place_in_log(incident: &Incident) -> [(&'static str, Value); 9] {
    let newest = incident.newest();
    let stamp = &newest.stamp;
    [
        ("incident", incident.digest().to_string().into()),
        ("record_digest", stamp.digest.to_string().into()),
        ("index", stamp.index.get().into()),
        ("accepted_time", format_time(stamp.accepted_time).into()),
        ("member", stamp.member.clone().into()),
        ("station", stamp.station.clone().into()),
        ("in_force", incident.in_force().is_some().into()),
        ("corrections", (incident.versions().count() - 1).into()),
        ("body_digest", body_digest(&newest.report).into()),
    ]
}
