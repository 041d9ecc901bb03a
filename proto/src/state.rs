//! The state that the rules look up, behind point reads.
//!
//! In scope: where state is kept ([`State`], [`Overlay`], [`MemoryState`]). Out of scope: what the keys and values
//! mean, which [`crate::rules`] owns.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::hash::BuildHasher as _;

use hashbrown::{DefaultHashBuilder, HashTable};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use crate::error::DecodeError;
use crate::hash::sha256;

/// The place that keeps the state could not answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("state cannot be read: {0}")]
pub struct StateError(pub String);

/// Point reads of state.
pub trait State {
    /// Reads the value of `key`.
    ///
    /// # Errors
    /// [`StateError`] when the place that keeps the state fails; never because the key is absent.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateError>;
}

/// State that can be changed.
pub trait StateMut: State {
    /// Applies writes.
    ///
    /// # Errors
    /// [`StateError`] when the place that keeps the state fails.
    fn apply(&mut self, writes: &Writes) -> Result<(), StateError>;
}

/// Keys and values that one or more entries change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Writes(BTreeMap<Vec<u8>, Vec<u8>>);

impl Writes {
    /// Sets `key` to `value`.
    pub fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.0.insert(key, value);
    }

    /// The value that is set for `key`.
    #[must_use]
    pub fn value(&self, key: &[u8]) -> Option<&[u8]> {
        self.0.get(key).map(Vec::as_slice)
    }

    /// Keys and values in the order of the keys.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.0
            .iter()
            .map(|(key, value)| (key.as_slice(), value.as_slice()))
    }

    /// Keys and values in the order of the keys, to be stored.
    #[must_use]
    pub fn into_items(self) -> Vec<(Vec<u8>, Vec<u8>)> {
        self.0.into_iter().collect()
    }

    /// Adds later writes, which win.
    pub fn extend(&mut self, later: Self) {
        self.0.extend(later.0);
    }
}

/// State with writes that are not stored yet. What lies below must not change meanwhile: each key of it is read once.
#[derive(Debug)]
pub struct Overlay<S> {
    below: S,
    read: RefCell<HashMap<Vec<u8>, Option<Vec<u8>>>>,
    writes: Writes,
}

impl<S: State> Overlay<S> {
    /// Lays an empty overlay over `below`.
    pub fn new(below: S) -> Self {
        Self {
            below,
            read: RefCell::default(),
            writes: Writes::default(),
        }
    }

    /// Adds writes.
    pub fn extend(&mut self, writes: Writes) {
        self.writes.extend(writes);
    }

    /// Gives the writes up, to be stored.
    #[must_use]
    pub fn into_writes(self) -> Writes {
        self.writes
    }
}

impl<S: State> State for Overlay<S> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        if let Some(value) = self.writes.value(key) {
            return Ok(Some(value.to_vec()));
        }
        if let Some(known) = self.read.borrow().get(key) {
            return Ok(known.clone());
        }
        let value = self.below.get(key)?;
        self.read.borrow_mut().insert(key.to_vec(), value.clone());
        Ok(value)
    }
}

impl<S: State> StateMut for Overlay<S> {
    fn apply(&mut self, writes: &Writes) -> Result<(), StateError> {
        self.extend(writes.clone());
        Ok(())
    }
}

impl<S: State + ?Sized> State for &S {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        (**self).get(key)
    }
}

/// State in memory. An item costs its key and value, 4 bytes of lengths and, on average, some 8 bytes of table.
///
/// Items lie end to end in chunks; the table holds only where each one begins. An item that outgrows its place leaves it
/// to the next one of its length.
#[derive(Clone, Default)]
pub struct MemoryState {
    chunks: Vec<Vec<u8>>,
    places: HashTable<u32>,
    /// Places that items have left, by their length in bytes.
    free: BTreeMap<usize, Vec<u32>>,
    hasher: DefaultHashBuilder,
}

/// Bytes of one chunk. Places are counted in units of [`ALIGN`] bytes, so that 32 bits reach over 16 GiB.
const CHUNK_LEN: usize = 1 << 17;
const ALIGN: usize = 4;
const PLACES_IN_CHUNK: usize = CHUNK_LEN / ALIGN;

impl std::fmt::Debug for MemoryState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MemoryState({} items)", self.places.len())
    }
}

impl MemoryState {
    /// Number of items.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Tells whether there are no items.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Bytes of memory that the state holds.
    #[must_use]
    pub fn memory_len(&self) -> usize {
        let free = self.free.values().map(Vec::capacity).sum::<usize>() * size_of::<u32>();
        let chunks = self.chunks.iter().map(Vec::capacity).sum::<usize>();
        self.places.allocation_size() + free + chunks
    }

    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), StateError> {
        let hash = self.hasher.hash_one(key);
        let (chunks, free) = (&mut self.chunks, &mut self.free);
        if let Some(place) = self
            .places
            .find_mut(hash, |&place| item(chunks, place).0 == key)
        {
            let held = place_len(key, item(chunks, *place).1);
            if held == place_len(key, value) {
                write(chunks, *place, key, value);
            } else {
                let left = std::mem::replace(place, take(chunks, free, key, value)?);
                free.entry(held).or_default().push(left);
            }
            return Ok(());
        }
        let place = take(chunks, free, key, value)?;
        let hasher = &self.hasher;
        self.places
            .insert_unique(hash, place, |&place| hasher.hash_one(item(chunks, place).0));
        Ok(())
    }

    /// Keys and values in the order of their places: the same writes always give the same order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let mut places: Vec<u32> = self.places.iter().copied().collect();
        places.sort_unstable();
        places.into_iter().map(|place| item(&self.chunks, place))
    }

    /// Saves the items in the order of their keys, with a digest over all of them. The same state always gives
    /// the same bytes.
    #[must_use]
    pub fn save(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let Ok(()) = self.save_to(|part| {
            bytes.extend_from_slice(part);
            Ok::<_, Infallible>(())
        });
        bytes
    }

    /// As [`Self::save`], part by part, so that the saved bytes need not be in memory. Costs 4 bytes of memory for each
    /// item.
    ///
    /// # Errors
    /// The first that `put` returns.
    pub fn save_to<E>(&self, mut put: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        let key = |place: u32| item(&self.chunks, place).0;
        let mut places: Vec<u32> = self.places.iter().copied().collect();
        places.sort_unstable_by(|&a, &b| key(a).cmp(key(b)));
        let mut digest = Sha256::new();
        for place in places {
            let (key, value) = item(&self.chunks, place);
            for part in [header(key, value).as_slice(), key, value] {
                digest.update(part);
                put(part)?;
            }
        }
        put(&digest.finalize())
    }

    /// Loads what [`Self::save`] saved.
    ///
    /// # Errors
    /// [`DecodeError`] when the digest does not fit or an item is cut off.
    pub fn load(bytes: &[u8]) -> Result<Self, DecodeError> {
        const FIELD: &str = "saved state";
        let (mut rest, digest) = bytes
            .split_last_chunk::<32>()
            .ok_or(DecodeError::Truncated { field: FIELD })?;
        if sha256(&[rest]) != *digest {
            return Err(DecodeError::Syntax {
                field: FIELD,
                expected: "bytes with the digest that they were saved with",
            });
        }
        let mut state = Self::default();
        while !rest.is_empty() {
            let (key, value, after) =
                split_item(rest).ok_or(DecodeError::Truncated { field: FIELD })?;
            state.put(key, value).map_err(|_| DecodeError::TooLong {
                field: FIELD,
                limit: CHUNK_LEN,
                found: rest.len(),
            })?;
            rest = after;
        }
        Ok(state)
    }
}

impl State for MemoryState {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        let hash = self.hasher.hash_one(key);
        let place = self
            .places
            .find(hash, |&place| item(&self.chunks, place).0 == key);
        Ok(place.map(|&place| item(&self.chunks, place).1.to_vec()))
    }
}

impl StateMut for MemoryState {
    fn apply(&mut self, writes: &Writes) -> Result<(), StateError> {
        writes
            .iter()
            .try_for_each(|(key, value)| self.put(key, value))
    }
}

/// Key length in one byte and value length in three.
fn header(key: &[u8], value: &[u8]) -> [u8; 4] {
    let [_, .., low] = key.len().to_be_bytes();
    let value = value.len().to_be_bytes();
    let [.., a, b, c] = value;
    [low, a, b, c]
}

fn split_item(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (&[key_len, a, b, c], rest) = bytes.split_first_chunk::<4>()?;
    let (key, rest) = rest.split_at_checked(usize::from(key_len))?;
    let value_len = usize::try_from(u32::from_be_bytes([0, a, b, c])).ok()?;
    let (value, rest) = rest.split_at_checked(value_len)?;
    Some((key, value, rest))
}

/// The item at a place, which [`write()`] has put there.
fn item(chunks: &[Vec<u8>], place: u32) -> (&[u8], &[u8]) {
    let (chunk, offset) = split_place(place);
    let (key, value, _) =
        split_item(&chunks[chunk][offset..]).expect("a whole item was written at every place");
    (key, value)
}

fn split_place(place: u32) -> (usize, usize) {
    let place = usize::try_from(place).expect("usize has at least 32 bits");
    (place / PLACES_IN_CHUNK, place % PLACES_IN_CHUNK * ALIGN)
}

/// Bytes of the place of an item.
fn place_len(key: &[u8], value: &[u8]) -> usize {
    (4 + key.len() + value.len()).next_multiple_of(ALIGN)
}

/// Writes an item at a place of its length.
fn write(chunks: &mut [Vec<u8>], place: u32, key: &[u8], value: &[u8]) {
    let (chunk, offset) = split_place(place);
    let header = header(key, value);
    let parts = [header.as_slice(), key, value];
    let mut at = offset;
    for part in parts {
        chunks[chunk][at..at + part.len()].copy_from_slice(part);
        at += part.len();
    }
}

/// Puts an item where one of its length has left, or at the end.
fn take(
    chunks: &mut Vec<Vec<u8>>,
    free: &mut BTreeMap<usize, Vec<u32>>,
    key: &[u8],
    value: &[u8],
) -> Result<u32, StateError> {
    let len = place_len(key, value);
    if key.len() > usize::from(u8::MAX) || len > CHUNK_LEN {
        return Err(StateError(format!("an item of {len} bytes is too long")));
    }
    let place = match free.get_mut(&len).and_then(Vec::pop) {
        Some(place) => place,
        None => extend(chunks, len)?,
    };
    write(chunks, place, key, value);
    Ok(place)
}

/// Makes a place at the end.
fn extend(chunks: &mut Vec<Vec<u8>>, len: usize) -> Result<u32, StateError> {
    if chunks
        .last()
        .is_none_or(|chunk| chunk.len() + len > CHUNK_LEN)
    {
        chunks.push(Vec::with_capacity(if chunks.is_empty() {
            len
        } else {
            CHUNK_LEN
        }));
    }
    let number = chunks.len() - 1;
    let chunk = &mut chunks[number];
    let place = u32::try_from(number * PLACES_IN_CHUNK + chunk.len() / ALIGN)
        .map_err(|_| StateError("the state is full".to_owned()))?;
    chunk.resize(chunk.len() + len, 0);
    Ok(place)
}
