//! Writes the test vectors to `proto/vectors/ARTEFACT/NAME.json` and the fuzz seeds to `fuzz/seeds/ARTEFACT/NAME`.
//!
//! The output depends on the source alone. `--check` writes nothing and fails if a file differs, is missing or is one
//! too many. To add an artefact, write a module beside the others in `cases/` and name it in `cases::ARTEFACTS`.

mod cases;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};

fn main() -> anyhow::Result<()> {
    let files = cases::files();
    match std::env::args().nth(1).as_deref() {
        None => write(&files),
        Some("--check") => check(&files),
        Some(other) => bail!("unknown argument {other}; the only one is --check"),
    }
}

fn write(files: &BTreeMap<PathBuf, Vec<u8>>) -> anyhow::Result<()> {
    for path in present(files)?.difference(&files.keys().cloned().collect()) {
        fs::remove_file(path).with_context(|| path.display().to_string())?;
    }
    for (path, bytes) in files {
        let folder = path.parent().context("every file has a folder")?;
        fs::create_dir_all(folder)?;
        fs::write(path, bytes).with_context(|| path.display().to_string())?;
    }
    println!("{} files written", files.len());
    Ok(())
}

fn check(files: &BTreeMap<PathBuf, Vec<u8>>) -> anyhow::Result<()> {
    for (path, bytes) in files {
        let found = fs::read(path).with_context(|| path.display().to_string())?;
        if &found != bytes {
            bail!("{} differs from what the source gives", path.display());
        }
    }
    if let Some(path) = present(files)?
        .difference(&files.keys().cloned().collect())
        .next()
    {
        bail!("{} is given by nothing in the source", path.display());
    }
    println!("{} files as the source gives them", files.len());
    Ok(())
}

/// Lists the files that are in the folders of `files` now.
fn present(files: &BTreeMap<PathBuf, Vec<u8>>) -> io::Result<BTreeSet<PathBuf>> {
    let folders: BTreeSet<&Path> = files.keys().filter_map(|path| path.parent()).collect();
    let mut present = BTreeSet::new();
    for folder in folders.into_iter().filter(|folder| folder.exists()) {
        for entry in fs::read_dir(folder)? {
            present.insert(entry?.path());
        }
    }
    Ok(present)
}
