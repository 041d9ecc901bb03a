//! What the fuzz targets share: under libFuzzer they fuzz, otherwise they replay files.
//!
//! `cargo fuzz run note` fuzzes with a nightly compiler. On stable, each target is a program that gives every file named
//! by its arguments, and every file in the directories named, to its decoder: `note fuzz/seeds/note`.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
};

#[cfg(fuzzing)]
pub use libfuzzer_sys;
pub use trucelog_proto;

/// Defines the target that calls the function of this name in `trucelog_proto::fuzzing`.
#[macro_export]
macro_rules! target {
    ($name:ident) => {
        #[cfg(fuzzing)]
        $crate::libfuzzer_sys::fuzz_target!(|data: &[u8]| $crate::trucelog_proto::fuzzing::$name(
            data
        ));

        #[cfg(not(fuzzing))]
        fn main() -> std::process::ExitCode {
            $crate::replay($crate::trucelog_proto::fuzzing::$name)
        }
    };
}

/// Gives every file named by the program's arguments to `decode` and prints their count.
///
/// A directory stands for the files in it. Exit code 2 means that a file could not be read or that there was none;
/// a decoder that fails panics.
pub fn replay(decode: impl Fn(&[u8])) -> ExitCode {
    match replay_all(std::env::args_os().skip(1).map(PathBuf::from), decode) {
        Ok(0) => {
            eprintln!("no files: name seed files or directories");
            ExitCode::from(2)
        }
        Ok(count) => {
            println!("{count} files replayed");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn replay_all(paths: impl Iterator<Item = PathBuf>, decode: impl Fn(&[u8])) -> io::Result<usize> {
    let mut count = 0;
    for path in paths {
        for file in files(&path)? {
            decode(&fs::read(file)?);
            count += 1;
        }
    }
    Ok(count)
}

fn files(path: &Path) -> io::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect()
}
