//! Exit codes: one enum for every command and both output formats. `docs/exit-codes.md` is generated from it.

use std::fmt::Write as _;
use std::process::ExitCode;

macro_rules! codes {
    ($($variant:ident $code:literal $meaning:literal;)*) => {
        /// How a command ended.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Exit {
            $(#[doc = $meaning] $variant = $code,)*
        }

        impl Exit {
            /// Every exit code, ascending.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Number of the code.
            #[must_use]
            pub fn code(self) -> u8 {
                match self { $(Self::$variant => $code,)* }
            }

            /// What the code means.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }
        }
    };
}

codes! {
    Done 0 "Done, or verified in full.";
    False 1 "False: something that was signed or served does not hold. Evidence is kept and its path printed.";
    Usage 2 "Usage or configuration: the command, a file or a setting has to be mended.";
    NotEnough 3 "Not enough: a quorum is missing, something is too old, or a key is unknown. Nothing false was seen.";
    NotFound 4 "Not found.";
    NotChecked 5 "Could not check: input or output, the network, or a deadline.";
    Refused 6 "Refused by the server.";
    Interrupted 130 "Interrupted. The state on disk is safe; the same command goes on.";
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// The table of all exit codes as Markdown, the content of `docs/exit-codes.md`.
///
/// # Panics
/// Never: a `String` takes all text.
#[must_use]
pub fn table() -> String {
    let mut text =
        "# Exit codes of `trucelog`\n\nThe same for every command and both output formats.\n\n\
                    | code | meaning |\n|---|---|\n"
            .to_owned();
    for exit in Exit::ALL {
        writeln!(text, "| {} | {} |", exit.code(), exit.meaning())
            .expect("a String takes all text");
    }
    text
}

/// The exit codes as lines for the help.
///
/// # Panics
/// Never: a `String` takes all text.
#[must_use]
pub fn help() -> String {
    let mut text = "Exit codes:\n".to_owned();
    for exit in Exit::ALL {
        writeln!(text, "  {:<4}{}", exit.code(), exit.meaning()).expect("a String takes all text");
    }
    text
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::table;

    const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/exit-codes.md");

    /// `TRUCELOG_WRITE_DOCS=1` writes the file instead.
    #[test]
    fn the_documented_table_is_the_enum() {
        if std::env::var_os("TRUCELOG_WRITE_DOCS").is_some() {
            std::fs::write(FILE, table()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(FILE).unwrap(), table());
    }
}
