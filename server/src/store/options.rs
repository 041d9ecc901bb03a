//! The RocksDB settings. Each one that differs from RocksDB's default says why.

use std::path::Path;

use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamilyDescriptor, DB, DBCompressionType, DBRecoveryMode,
    Options, WriteOptions, statistics::StatsLevel,
};

use super::{StoreError, checkpoints, entries, meta, postings, rocks, state, subjects, tiles};

/// Every column family of a store.
const FAMILIES: [&str; 7] = [
    entries::NAME,
    tiles::NAME,
    checkpoints::NAME,
    state::NAME,
    meta::NAME,
    postings::NAME,
    subjects::NAME,
];

/// The column families that are derived from the entries while the log is served, and made anew where they are missing.
const DROPPABLE: [&str; 2] = [postings::NAME, subjects::NAME];

const BLOCK_CACHE_LEN: usize = 64 << 20;
const MAX_TOTAL_WAL_LEN: u64 = 256 << 20;
const MAX_OPEN_FILES: i32 = 512;
/// Share of a memtable that its filter takes: about ten bits for each key of the state, of some 100 bytes.
const MEMTABLE_BLOOM: f64 = 0.015;

/// Whether a store may come into being.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Make a new one.
    Create,
    /// Open what is there.
    Existing,
}

/// Opens the directory with all column families. The options are returned too: the statistics live in them.
pub(super) fn open(dir: &Path, mode: Mode) -> Result<(DB, Options), StoreError> {
    let mut options = database(mode);
    if mode == Mode::Existing {
        options.create_missing_column_families(lacks_only_droppable(dir));
    }
    let cache = Cache::new_lru_cache(BLOCK_CACHE_LEN);
    let families = FAMILIES
        .iter()
        .map(|name| ColumnFamilyDescriptor::new(*name, column_family(name, &cache)));
    let db = DB::open_cf_descriptors(&options, dir, families).map_err(rocks("open"))?;
    Ok((db, options))
}

/// Tells whether all that a store lacks is what can be derived again.
fn lacks_only_droppable(dir: &Path) -> bool {
    // A directory that cannot be listed cannot be opened either, and opening says why.
    let present = DB::list_cf(&Options::default(), dir).unwrap_or_default();
    FAMILIES
        .iter()
        .filter(|name| !present.iter().any(|known| known == *name))
        .all(|name| DROPPABLE.contains(name))
}

/// Write options of everything that is promised to somebody.
pub(super) fn synced() -> WriteOptions {
    let mut options = WriteOptions::default();
    options.set_sync(true);
    options
}

fn database(mode: Mode) -> Options {
    let mut options = Options::default();
    options.create_if_missing(mode == Mode::Create);
    options.create_missing_column_families(mode == Mode::Create);
    options.set_error_if_exists(mode == Mode::Create);
    // The default drops everything after a damaged record without an error. This one accepts a torn tail and refuses
    // damage before it.
    options.set_wal_recovery_mode(DBRecoveryMode::TolerateCorruptedTailRecords);
    options.set_track_and_verify_wals_in_manifest(true);
    options.set_paranoid_checks(true);
    // Bounds what a restart replays.
    options.set_max_total_wal_size(MAX_TOTAL_WAL_LEN);
    // The default opens every table file at start, which grows with the log.
    options.set_max_open_files(MAX_OPEN_FILES);
    options.set_skip_stats_update_on_db_open(true);
    options.enable_statistics();
    // Counters only: times and distributions cost a clock at every read and write, and nobody reads them.
    options.set_statistics_level(StatsLevel::ExceptHistogramOrTimers);
    options
}

fn column_family(name: &str, cache: &Cache) -> Options {
    let mut options = Options::default();
    let mut table = BlockBasedOptions::default();
    table.set_block_cache(cache);
    table.set_cache_index_and_filter_blocks(true);
    if name == state::NAME {
        // Most lookups of the rules ask for a digest or key that is not there, neither in the tables nor in memory.
        table.set_bloom_filter(10.0, false);
        options.set_memtable_whole_key_filtering(true);
        options.set_memtable_prefix_bloom_ratio(MEMTABLE_BLOOM);
    }
    if name == tiles::NAME {
        // Hashes do not compress.
        options.set_compression_type(DBCompressionType::None);
    } else {
        options.set_compression_type(DBCompressionType::Lz4);
        options.set_bottommost_compression_type(DBCompressionType::Zstd);
    }
    options.set_block_based_table_factory(&table);
    options
}
