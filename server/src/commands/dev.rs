//! `trucelogd dev`: a throw-away log with its witnesses, to try things on. Everything is in one directory.
//!
//! Not a way to run a log: all keys lie in one place, and nobody independent verifies anything.

use std::{fmt::Write as _, path::Path};

use tokio::{
    runtime::Runtime,
    signal::unix::{SignalKind, signal},
};
use trucelog_client::{
    Error as ClientError,
    demo::{
        DemoError,
        cast::{Cast, MEMBERS},
        find,
        setting::{Place, Programs, Setting, station_directory, witness_directory},
    },
    durable, remote,
    retry::Patience,
    submit::Submitter,
};

use super::CommandError;

/// Founds a log in `directory`, or in a temporary one that goes away at the end, starts everything, gives `tell` the
/// lines to copy, and waits for SIGINT or SIGTERM.
///
/// # Errors
///
/// [`CommandError::Dev`].
pub fn run(
    directory: Option<&Path>,
    trucelog: Option<&Path>,
    tell: impl FnOnce(&str),
) -> Result<(), CommandError> {
    let programs = Programs {
        trucelogd: std::env::current_exe()?,
        trucelog: find("trucelog", "--trucelog", "TRUCELOG_BIN", trucelog)?,
    };
    let place = Place::new(directory, "trucelog-dev-")?;
    let directory = place.path();
    Runtime::new()?.block_on(async {
        let (mut setting, mut cast) = Setting::found(&programs, directory)?;
        enrol(&setting, &mut cast, directory).await?;
        tell(&what_to_type(&setting, directory));
        let (mut interrupt, mut terminate) = (
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
        );
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        Ok(setting.stop()?)
    })
}

/// Enrols the stations of all members, and leaves the keys of the monitors' desks where `trucelog` finds them.
async fn enrol(setting: &Setting, cast: &mut Cast, directory: &Path) -> Result<(), DemoError> {
    let channel = remote::connect(&setting.server.url(), None).map_err(ClientError::from)?;
    let submitter = Submitter::new(channel, setting.trust.clone(), Patience::default());
    for ((code, _), member) in MEMBERS.iter().zip(&mut cast.members) {
        for submission in member.enrolments(&setting.trust.id)? {
            submitter.submit(&submission).await?;
        }
        let station = station_directory(directory, code);
        durable::create_directory(&station)?;
        member.monitor.write_key(&station.join("key.pem"))?;
    }
    Ok(())
}

/// Lines to copy, each of which works as it stands.
fn what_to_type(setting: &Setting, directory: &Path) -> String {
    let place = directory.display();
    let (url, charter) = (setting.server.url(), setting.trust.id.charter);
    let station = station_directory(directory, "UKR");
    let witness = witness_directory(directory, "UKR");
    let mut text = String::new();
    writeln!(
        text,
        "A throw-away log runs at {url}, cosigned by {} witnesses. Everything is in {place}\n\
         until this program ends. In another terminal:\n\n\
         export TRUCELOG_REMOTE={url} TRUCELOG_STATE={place}/state\n\
         trucelog incident template > report.json\n\
         trucelog sign report.json --station-dir {} --member UKR --station monitors \
         --policy {place}/policy --charter {charter} --out report.signed\n\
         trucelog submit report.signed\n\
         trucelog verify receipt report.tlog-proof --record report.signed\n\
         trucelog verify log\n\
         trucelog list incidents\n\
         trucelog witness status {}\n\
         curl {url}/checkpoint",
        setting.witness_count(),
        station.display(),
        witness.display(),
    )
    .expect("a String takes all text");
    text
}
