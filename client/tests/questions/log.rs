//! A log with something of every kind that is listed, and how it is asked.

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Response, Status};
use trucelog_client::json::{format_time, hex, parse_hex};
use trucelog_client::station::now_ms;
use trucelog_proto::pb::incident_service_client::IncidentServiceClient;

use super::support::world::{MEMBERS, World};

pub(crate) const HOUR: u64 = 3_600_000;

/// A mixed log that is verified, and a client of the server that keeps it.
pub(crate) struct Mixed {
    pub(crate) world: World,
    pub(crate) case: String,
    runtime: Runtime,
    service: IncidentServiceClient<Channel>,
    pub(crate) size: u64,
    pub(crate) start: u64,
}

pub(crate) fn ago(start: u64, hours: u64) -> String {
    format_time(start - hours * HOUR).unwrap()
}

/// A report with a kind, hours in which it happened before `start`, and a place.
fn report(
    world: &World,
    station: &str,
    start: u64,
    kind: &str,
    hours: (u64, u64),
    more: &Value,
) -> String {
    world.write_report("Heard and seen.");
    let path = world.path().join("report.json");
    let mut record: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    let report = &mut record["incident_report"];
    report["kind"] = json!(kind);
    report["period"] = json!(true);
    report["earliest_time"] = json!(ago(start, hours.0));
    report["latest_time"] = json!(ago(start, hours.1));
    report.as_object_mut().unwrap().remove("place");
    for (name, value) in more.as_object().unwrap() {
        report[name] = value.clone();
    }
    fs::write(&path, record.to_string()).unwrap();
    let (member, name) = station.split_once('-').unwrap();
    let claims = ["--member", member, "--station", name];
    let sign = [
        "sign",
        "report.json",
        "--station-dir",
        station,
        "--out",
        "report.signed",
    ];
    let printed = world.run(&[&sign[..], &claims].concat()).ok();
    world.run(&["submit", "report.signed"]).ok();
    printed.split(' ').nth(1).unwrap().to_owned()
}

fn at(latitude: &str, longitude: &str, radius_m: u32, sector: &str) -> Value {
    json!({ "place": { "admin_area_1": sector, "position": {
        "latitude_degrees": latitude, "longitude_degrees": longitude, "radius_m": radius_m,
        "basis": "POSITION_BASIS_NEARBY",
    } } })
}

impl Mixed {
    pub(crate) fn new() -> Self {
        let world = World::new();
        for (member, name, role) in [
            ("FRA", "m1", "monitor"),
            ("FRA", "v1", "verifier"),
            ("DEU", "v1", "verifier"),
        ] {
            world.enrol(member, name, role, &[]);
        }
        for member in MEMBERS {
            world.enrol(member, "c1", "commissioner", &[]);
        }
        let start = now_ms() / HOUR * HOUR;
        let case = breaches(&world, start);
        decide(&world, &case);
        watch(&world, start);
        world.run(&["verify", "log"]).ok();
        let size = world.list("entries")["size"].as_u64().unwrap();
        let runtime = Runtime::new().unwrap();
        let endpoint = Endpoint::new(world.server.url.clone()).unwrap();
        let channel = runtime.block_on(endpoint.connect()).unwrap();
        Self {
            case,
            runtime,
            service: IncidentServiceClient::new(channel),
            size,
            start,
            world,
        }
    }

    /// Sizes at which questions are asked: a few in the history, and the whole log.
    pub(crate) fn sizes(&self) -> [u64; 4] {
        [self.size / 3, self.size / 2, self.size * 4 / 5, self.size]
    }

    /// What the command lists.
    pub(crate) fn listed(&self, words: &str, size: u64) -> Value {
        let size = size.to_string();
        let more = ["--as-of", &size, "-o", "json"];
        let words: Vec<&str> = words.split(' ').chain(more).collect();
        let done = self.world.run(&words);
        assert_eq!(done.code, Some(0), "{done:?}");
        done.json()
    }

    /// What the server answers, once its index has come so far.
    pub(crate) fn asked<T>(
        &self,
        mut ask: impl AsyncFnMut(IncidentServiceClient<Channel>) -> Result<Response<T>, Status>,
    ) -> T {
        self.runtime.block_on(async {
            loop {
                match ask(self.service.clone()).await {
                    Ok(answer) => return answer.into_inner(),
                    Err(status) if status.code() == Code::Unavailable => {
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                    Err(status) => panic!("{status:?}"),
                }
            }
        })
    }

    pub(crate) fn time(&self, hours_ago: u64) -> prost_types::Timestamp {
        timestamp(self.start - hours_ago * HOUR)
    }

    pub(crate) fn case_bytes(&self) -> Vec<u8> {
        parse_hex(&self.case).unwrap()
    }
}

pub(crate) fn timestamp(ms: u64) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: i64::try_from(ms / 1000).unwrap(),
        nanos: 0,
    }
}

/// Four reports, of which one is confirmed, one disputed, one corrected and one withdrawn; and a case of two.
fn breaches(world: &World, start: u64) -> String {
    let explosion = "INCIDENT_KIND_EXPLOSION";
    let place = at("48.0", "37.8", 100, "North");
    let first = report(world, "UKR-m1", start, explosion, (30, 29), &place);
    let mut place = at("48.01", "37.8", 5_000, "South");
    place["apparent_origin"] = json!("RUS");
    let shot = "INCIDENT_KIND_SHOT";
    let second = report(world, "UKR-m1", start, shot, (20, 8), &place);
    let burst = "INCIDENT_KIND_BURST";
    let third = report(world, "FRA-m1", start, burst, (7, 6), &json!({}));
    let place = at("-17.0", "179.99", 20_000, "North");
    let fourth = report(world, "UKR-m1", start, explosion, (5, 4), &place);
    world.write(
        "FRA-v1",
        &format!("corroborate {first} --result confirm --means uav"),
    );
    world.write(
        "DEU-v1",
        &format!("corroborate {second} --result contradict --means uav --text Silence"),
    );
    // The file still holds the fourth report.
    world.write(
        "FRA-m1",
        &format!("correct report.json --target {third} --reason time"),
    );
    world.write("UKR-m1", &format!("withdraw {fourth} --reason duplicate"));
    world.write(
        "DEU-v1",
        &format!("case --title Shelling --report {first} --report {second} --party RUS"),
    )
}

/// One attribution that is rejected, one that is adopted, and a remedy that is.
fn decide(world: &World, case: &str) {
    let attribution = format!(
        "propose attribution --case {case} --clause 2.1 --finding party --party RUS --basis organ --intent \
         deliberate --standard clear-and-convincing --confidence high --finality final --title Responsibility"
    );
    let carry = |proposal: &str, name: &str, choice: &str| {
        for member in MEMBERS {
            let vote = format!("vote {proposal} --choice {choice} --opinion Reasons");
            world.write(&format!("{member}-{name}"), &vote);
        }
        world.run(&["verify", "log"]).ok();
        world.write(&format!("FRA-{name}"), &format!("decide {proposal}"))
    };
    let rejected = world.write("DEU-c1", &attribution);
    carry(&rejected, "c1", "dissent");
    let adopted = world.write("DEU-c1", &attribution);
    let adopted = carry(&adopted, "c1", "concur");
    let remedy = format!(
        "propose remedy --decision {adopted} --measure logistical-support --stage first --title Support"
    );
    let remedy = world.write("DEU-authority", &remedy);
    let decision = carry(&remedy, "authority", "concur");
    world.write(
        "FRA-authority",
        &format!("activate {decision} --choice approve"),
    );
}

/// Two coverage reports of Ukraine, the second stated anew, and one of France.
fn watch(world: &World, start: u64) {
    let cover = |station: &str, (from, to): (u64, u64), more: &str| {
        let (from, to) = (ago(start, from), ago(start, to));
        let command = format!("coverage camera --earliest-time {from} --latest-time {to} {more}");
        world.write(station, &command)
    };
    cover("UKR-m1", (30, 20), "--status up --observed-count 1");
    let second = cover("UKR-m1", (20, 10), "--status up --observed-count 1");
    let anew = format!("--status down --supersedes {second}");
    cover("UKR-m1", (20, 10), &anew);
    cover("FRA-m1", (9, 8), "--status down");
}

/// Texts in a list of JSON.
pub(crate) fn texts(list: &Value) -> Vec<String> {
    let list = list.as_array().unwrap().iter();
    list.map(|text| text.as_str().unwrap().to_owned()).collect()
}

pub(crate) fn hexes(list: &[Vec<u8>]) -> Vec<String> {
    list.iter().map(|bytes| hex(bytes)).collect()
}
