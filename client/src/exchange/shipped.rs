//! The mappings that come with the program.

use super::ExchangeError;
use super::mapping::Mapping;

/// A mapping that comes with the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shipped {
    /// A table of the UCDP Georeferenced Event Dataset as in `client/data/ucdp_ged_ukraine`.
    UcdpGed,
    /// The CSV that `trucelog export incidents` writes.
    TrucelogCsv,
}

impl Shipped {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::UcdpGed, Self::TrucelogCsv];

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::UcdpGed => "ucdp-ged",
            Self::TrucelogCsv => "trucelog-csv",
        }
    }

    /// The mapping file.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::UcdpGed => include_str!("../../data/ucdp_ged_ukraine/mapping.toml"),
            Self::TrucelogCsv => include_str!("trucelog_csv.toml"),
        }
    }

    /// Finds one by its name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|shipped| shipped.name() == name)
    }

    /// Reads it.
    ///
    /// # Errors
    /// [`ExchangeError::Mapping`] when the program was built from a damaged file.
    pub fn read(self) -> Result<Mapping, ExchangeError> {
        Mapping::parse(self.name(), self.text())
    }
}
