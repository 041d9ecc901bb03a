//! Cases, decisions, remedies, coverage and changes.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use trucelog_client::json::hex;
use trucelog_proto::pb;

use super::log::{Mixed, ago, texts};

pub(crate) fn compare_cases(mixed: &Mixed) {
    for (words, parties, count) in [
        ("", vec![], 1),
        (" --party RUS", vec!["RUS"], 1),
        (" --party UKR", vec!["UKR"], 0),
    ] {
        for size in mixed.sizes() {
            let listed = mixed.listed(&format!("list cases{words}"), size);
            let answer = mixed.asked(async |mut service| {
                let request = pb::ListCasesRequest {
                    as_of_size: size,
                    parties: parties.iter().copied().map(str::to_owned).collect(),
                    ..pb::ListCasesRequest::default()
                };
                service.list_cases(request).await
            });
            let listed = listed["cases"].as_array().unwrap().iter();
            let ours: Vec<_> = listed
                .map(|case| {
                    let reports = case["reports"].as_array().unwrap().iter();
                    let in_force = reports.map(|report| report["in_force"].clone());
                    (
                        case["case"].clone(),
                        texts(&case["parties"]),
                        in_force.collect::<Vec<_>>(),
                    )
                })
                .collect();
            let theirs: Vec<_> = answer
                .cases
                .iter()
                .map(|case| {
                    let reports = case.reports.iter();
                    let in_force = reports.map(|report| json!(hex(&report.in_force)));
                    (
                        json!(hex(&case.case)),
                        case.parties.clone(),
                        in_force.collect::<Vec<_>>(),
                    )
                })
                .collect();
            assert_eq!(ours, theirs, "{words} at size {size}");
            assert!(
                size < mixed.size || ours.len() == count,
                "{words}: {ours:?}"
            );
        }
    }
}

pub(crate) fn compare_decisions(mixed: &Mixed) {
    use pb::DecisionStatus::{Adopted, Open, Rejected};
    use pb::ProposalKind::{Attribution, Remedy};
    let of_case = format!("--case {} --status rejected --status open", mixed.case);
    for (words, case, kinds, statuses, count) in [
        ("", vec![], vec![], vec![], 3),
        ("--kind attribution", vec![], vec![Attribution], vec![], 2),
        (
            "--kind remedy --status adopted",
            vec![],
            vec![Remedy],
            vec![Adopted],
            1,
        ),
        (
            &of_case,
            mixed.case_bytes(),
            vec![],
            vec![Rejected, Open],
            1,
        ),
    ] {
        for size in mixed.sizes() {
            let listed = mixed.listed(format!("list decisions {words}").trim_end(), size);
            let answer = mixed.asked(async |mut service| {
                let request = pb::ListDecisionsRequest {
                    as_of_size: size,
                    case: case.clone(),
                    kinds: kinds.iter().copied().map(i32::from).collect(),
                    statuses: statuses.iter().copied().map(i32::from).collect(),
                    ..pb::ListDecisionsRequest::default()
                };
                service.list_decisions(request).await
            });
            let listed = listed["decisions"].as_array().unwrap().iter();
            let ours: Vec<_> = listed
                .map(|proposal| {
                    let name = proposal["proposal"].clone();
                    let votes = proposal["votes"].as_array().unwrap().len();
                    (name, votes, proposal["tally"]["outcome"].clone())
                })
                .collect();
            let theirs: Vec<_> = answer
                .decisions
                .iter()
                .map(|decision| {
                    let outcome = decision.tally.as_ref().unwrap().outcome().as_str_name();
                    (
                        json!(hex(&decision.proposal)),
                        decision.votes.len(),
                        json!(outcome),
                    )
                })
                .collect();
            assert_eq!(ours, theirs, "{words} at size {size}");
            assert!(
                size < mixed.size || ours.len() == count,
                "{words}: {ours:?}"
            );
        }
    }
}

pub(crate) fn compare_remedies(mixed: &Mixed) {
    for size in mixed.sizes() {
        let listed = mixed.listed(&format!("list remedies --case {}", mixed.case), size);
        let answer = mixed.asked(async |mut service| {
            let request = pb::ListRemediesRequest {
                as_of_size: size,
                case: mixed.case_bytes(),
                ..pb::ListRemediesRequest::default()
            };
            service.list_remedies(request).await
        });
        let listed = listed["remedies"].as_array().unwrap().iter();
        let ours: Vec<_> = listed
            .map(|remedy| {
                let responses = remedy["responses"].as_array().unwrap().iter();
                let choices = responses.map(|response| response["choice"].clone());
                (remedy["proposal"].clone(), choices.collect::<Vec<_>>())
            })
            .collect();
        let theirs: Vec<_> = answer
            .remedies
            .iter()
            .map(|remedy| {
                let choices = remedy.responses.iter().map(|response| {
                    json!(
                        response
                            .activation
                            .as_ref()
                            .map(|_| response.choice().as_str_name())
                    )
                });
                (json!(hex(&remedy.proposal)), choices.collect::<Vec<_>>())
            })
            .collect();
        assert_eq!(ours, theirs, "size {size}");
        assert!(size < mixed.size || ours.len() == 1, "{ours:?}");
    }
}

pub(crate) fn compare_coverage(mixed: &Mixed) {
    let (since, until) = (ago(mixed.start, 19), ago(mixed.start, 8));
    for (words, members, count) in [("", vec![], 2), (" --member UKR", vec!["UKR"], 1)] {
        for size in mixed.sizes() {
            let words = format!("list coverage --since {since} --until {until}{words}");
            let listed = mixed.listed(&words, size);
            let answer = mixed.asked(async |mut service| {
                let request = pb::ListCoverageRequest {
                    as_of_size: size,
                    since: Some(mixed.time(19)),
                    until: Some(mixed.time(8)),
                    members: members.iter().copied().map(str::to_owned).collect(),
                    ..pb::ListCoverageRequest::default()
                };
                service.list_coverage(request).await
            });
            let listed = listed["coverage"].as_array().unwrap().iter();
            let ours: BTreeSet<String> = listed
                .map(|report| {
                    report["written"]["record_digest"]
                        .as_str()
                        .unwrap()
                        .to_owned()
                })
                .collect();
            // The server lists what was stated anew, too, with the report that did so.
            let newest = answer
                .coverage
                .iter()
                .filter(|view| view.superseded_by.is_empty());
            let theirs: BTreeSet<String> = newest
                .map(|view| hex(&view.stamp.as_ref().unwrap().record_digest))
                .collect();
            assert_eq!(ours, theirs, "{words} at size {size}");
            assert!(
                size < mixed.size || ours.len() == count,
                "{words}: {ours:?}"
            );
        }
    }
}

pub(crate) fn compare_changes(mixed: &Mixed) {
    for size in mixed.sizes() {
        let since = size / 4;
        let listed = mixed.listed(&format!("changes --since {since}"), size);
        let answer = mixed.asked(async |mut service| {
            let request = pb::ListChangesRequest {
                as_of_size: size,
                since_index: since,
                page_size: 500,
                ..pb::ListChangesRequest::default()
            };
            service.list_changes(request).await
        });
        let listed = listed["changes"].as_array().unwrap().iter();
        let ours: Vec<_> = listed
            .map(|change| {
                let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
                let fields = change["changes"].as_array().unwrap().iter();
                let fields =
                    fields.map(|field| [&field["path"], &field["old"], &field["new"]].map(text));
                (
                    change["written"]["index"].as_u64().unwrap(),
                    text(&change["body"]),
                    text(&change["reason"]),
                    text(&change["reason_text"]),
                    fields.collect::<Vec<_>>(),
                )
            })
            .collect();
        let theirs: Vec<_> = answer
            .changes
            .iter()
            .map(|change| {
                let fields = change.changes.iter().map(|field| {
                    let text = |text: &Option<String>| text.clone().unwrap_or_default();
                    [field.path.clone(), text(&field.old), text(&field.new)]
                });
                (
                    change.stamp.as_ref().unwrap().index,
                    change.body.clone(),
                    change.reason.clone(),
                    change.reason_text.clone(),
                    fields.collect::<Vec<_>>(),
                )
            })
            .collect();
        assert_eq!(ours, theirs, "size {size}");
        assert_eq!(ours.len() as u64, size - since);
        let has_fields = ours.iter().any(|change| !change.4.is_empty());
        assert!(size < mixed.size || has_fields, "{ours:?}");
    }
}
