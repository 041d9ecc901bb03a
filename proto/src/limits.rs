//! The limits of the protocol, in one table. `docs/limits.md` is generated from [`ALL`].

macro_rules! limits {
    ($($(#[$doc:meta])* $name:ident = $value:literal, $what:literal;)*) => {
        $(#[doc = $what] pub const $name: usize = $value;)*

        /// Every limit: name, value, what it limits.
        pub const ALL: &[(&str, usize, &str)] = &[$((stringify!($name), $value, $what)),*];
    };
}

limits! {
    MAX_RECORD_LEN = 32_768, "Bytes of one record.";
    MAX_ENTRY_LEN = 65_535, "Bytes of one entry; tile bundles hold the length in 16 bits.";
    MAX_LIST_LEN = 256, "Items of one list in a record.";
    MAX_CODE_LEN = 8, "Bytes of the code of a member or party.";
    MIN_CODE_LEN = 3, "Least bytes of the code of a member or party.";
    MAX_STATION_LEN = 64, "Bytes of the name of a station.";
    MAX_STATION_KEYS = 256, "Keys that one station may have had.";
    MAX_NAME_LEN = 256, "Bytes of a name or title of a place, member, party or case.";
    MAX_TITLE_LEN = 512, "Bytes of the title of a charter or protocol text.";
    MAX_IDENTIFIER_LEN = 64, "Bytes of an identifier: clause, policy, zone, version.";
    MIN_LANGUAGE_LEN = 2, "Least bytes of a language tag.";
    MAX_LANGUAGE_LEN = 35, "Bytes of a language tag.";
    MAX_WRITTEN_TIME_LEN = 128, "Bytes of an instant as a text writes it.";
    MAX_MEDIA_TYPE_LEN = 128, "Bytes of a media type.";
    MAX_DATASET_LEN = 128, "Bytes of the name of a data set, of a row or of a column.";
    MAX_IMPORTED_VALUE_LEN = 2_048, "Bytes of the value of an imported column.";
    MAX_REASON_LEN = 1_024, "Bytes of a reason or short description.";
    MAX_MEASURE_LEN = 2_048, "Bytes of the text of a measure.";
    MAX_REMARK_LEN = 4_096, "Bytes of remarks.";
    MAX_NARRATIVE_LEN = 8_192, "Bytes of a narrative or opinion, or of the reasons of a proposal.";
    MAX_CASES_OF_REPORT = 16, "Cases that one report may be in.";
    MAX_CALIBRE = 50_000, "Calibre in 0.01 mm.";
    MAX_LATITUDE = 900_000_000, "Latitude north or south, in 1e-7 degree.";
    MAX_LONGITUDE = 1_800_000_000, "Longitude east or west, in 1e-7 degree.";
    MAX_RADIUS_M = 20_100_000, "Radius of uncertainty in metres.";
    MAX_BEARING = 3_599, "Bearing in 0.1 degree.";
    MAX_BEARING_ERROR = 1_800, "Error of a bearing in 0.1 degree.";
    MAX_FRACTION = 1_000_000, "Denominator of a fraction in the rules.";
    DEFAULT_PAGE_SIZE = 100, "Items on a page of a list, where the request names no number.";
    MAX_PAGE_SIZE = 500, "Items on a page of a list.";
    MAX_PAGE_LEN = 1_048_576, "Bytes after which a page of a list ends.";
    MAX_PAGE_CANDIDATES = 2_000, "Candidates that one page of a list looks at; then it ends, and its token goes on.";
    MAX_FILTER_VALUES = 16, "Values of one field of a filter.";
    MAX_COUNT_CANDIDATES = 20_000, "Candidates that one count looks at.";
    MAX_DAYS = 3_660, "Days that are counted at a time.";
    MAX_ANSWER_ENTRIES = 4_096, "Entries that one item of an answer is made from, and after which a page of a list ends.";
}
