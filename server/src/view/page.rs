//! Pages of lists: where one begins, what it looks at, and where the next one goes on.
//!
//! A token holds the size that the list is as of, the index where it goes on, and a digest of the request, so that a
//! list stays what it is while the log grows. It is no secret: whoever makes one up sees another page of the same log.

use std::{cmp::Reverse, collections::BinaryHeap};

use prost::Message;
use sha2::{Digest as _, Sha256};
use trucelog_proto::{
    hash::LeafIndex,
    limits::{
        DEFAULT_PAGE_SIZE, MAX_ANSWER_ENTRIES, MAX_PAGE_CANDIDATES, MAX_PAGE_LEN, MAX_PAGE_SIZE,
    },
    refusal::{Reason, Refusal},
};

use super::{AsOf, Index, QueryError, terms::Term};
use crate::store::{Posting, StoreError};

/// A request for a page of a list.
pub trait ListRequest: Message + Clone {
    /// Name of the method.
    const METHOD: &'static str;

    /// `as_of_size`.
    fn as_of_size(&self) -> u64;

    /// `page_size`.
    fn page_size(&mut self) -> &mut i32;

    /// `page_token`.
    fn page_token(&mut self) -> &mut String;
}

/// Where a page begins and how long it may be.
#[derive(Debug)]
pub struct Start {
    as_of: AsOf,
    first: LeafIndex,
    limit: usize,
    request: u64,
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Token of the next page; empty at the end.
    pub next: String,
}

impl Start {
    /// Reads where a request wants to begin.
    ///
    /// # Errors
    ///
    /// [`QueryError`].
    pub fn of<R: ListRequest>(index: &Index, request: &R) -> Result<Self, QueryError> {
        let mut question = request.clone();
        let size = std::mem::take(question.page_size());
        let token = std::mem::take(question.page_token());
        let request = digest(R::METHOD, &question);
        let limit = limit(size)?;
        let (size, first) = match token.as_str() {
            "" => (question.as_of_size(), LeafIndex::new(0)),
            token => read_token(token, request)?,
        };
        Ok(Self {
            as_of: index.as_of(size)?,
            first,
            limit,
            request,
        })
    }

    /// The log as of the size that the list is as of.
    #[must_use]
    pub fn as_of(&self) -> &AsOf {
        &self.as_of
    }

    /// Makes the page of a list of what is posted under any of some terms. `item` judges a candidate.
    ///
    /// # Errors
    ///
    /// [`QueryError`]; what `item` gives.
    pub fn page<T: Message>(
        &self,
        terms: &[Term],
        mut item: impl FnMut(&Posting) -> Result<Option<T>, QueryError>,
    ) -> Result<Page<T>, QueryError> {
        let mut candidates = candidates(&self.as_of, terms, self.first);
        self.fill(|| candidates.next(), |posting| posting.index, &mut item)
    }

    /// Makes the page of a list with an item for every entry from `first` on.
    ///
    /// # Errors
    ///
    /// [`QueryError`]; what `item` gives.
    pub fn page_of_entries<T: Message>(
        &self,
        first: LeafIndex,
        mut item: impl FnMut(LeafIndex) -> Result<T, QueryError>,
    ) -> Result<Page<T>, QueryError> {
        let mut indexes =
            (self.first.max(first).get()..self.as_of.size().get()).map(LeafIndex::new);
        self.fill(|| indexes.next().map(Ok), |index| *index, &mut |index| {
            item(*index).map(Some)
        })
    }

    fn fill<C, T: Message>(
        &self,
        mut next: impl FnMut() -> Option<Result<C, StoreError>>,
        index: impl Fn(&C) -> LeafIndex,
        item: &mut impl FnMut(&C) -> Result<Option<T>, QueryError>,
    ) -> Result<Page<T>, QueryError> {
        let mut used = Used::default();
        let mut items = Vec::new();
        while let Some(candidate) = next().transpose()? {
            if items.len() == self.limit || used.is_full() {
                return Ok(Page {
                    items,
                    next: self.token(index(&candidate)),
                });
            }
            let (made, entries) = self.as_of.item("page_token", || item(&candidate))?;
            used.candidates += 1;
            used.entries += entries;
            used.len += made.as_ref().map_or(0, Message::encoded_len);
            items.extend(made);
        }
        Ok(Page {
            items,
            next: String::new(),
        })
    }

    fn token(&self, next: LeafIndex) -> String {
        let (size, request) = (self.as_of.size().get(), self.request);
        format!("{size:016x}{:016x}{request:016x}", next.get())
    }
}

/// What a page has taken.
#[derive(Default)]
struct Used {
    candidates: usize,
    entries: usize,
    len: usize,
}

impl Used {
    fn is_full(&self) -> bool {
        self.candidates >= MAX_PAGE_CANDIDATES
            || self.entries >= MAX_ANSWER_ENTRIES
            || self.len >= MAX_PAGE_LEN
    }
}

/// What is posted below the size under any of some terms, from an index on, in order, none twice.
pub fn candidates<'a>(
    as_of: &'a AsOf,
    terms: &[Term],
    from: LeafIndex,
) -> impl Iterator<Item = Result<Posting, StoreError>> + use<'a> {
    let mut lists: Vec<_> = terms
        .iter()
        .map(|term| as_of.store.postings(term.as_bytes(), from))
        .collect();
    let mut heads = BinaryHeap::new();
    let mut failed = None;
    let mut begun = false;
    let mut last = None;
    std::iter::from_fn(move || {
        // The heads are read with the first candidate, so that a failure becomes an item.
        if !std::mem::replace(&mut begun, true) {
            for (number, list) in lists.iter_mut().enumerate() {
                push(&mut heads, &mut failed, number, list.next());
            }
        }
        loop {
            if let Some(error) = failed.take() {
                heads.clear();
                return Some(Err(error));
            }
            let Reverse((posting, number)) = heads.pop()?;
            if posting.index.get() >= as_of.size().get() {
                return None;
            }
            push(&mut heads, &mut failed, number, lists[number].next());
            if last.replace(posting) != Some(posting) {
                return Some(Ok(posting));
            }
        }
    })
}

type Heads = BinaryHeap<Reverse<(Posting, usize)>>;

fn push(
    heads: &mut Heads,
    failed: &mut Option<StoreError>,
    number: usize,
    next: Option<Result<Posting, StoreError>>,
) {
    match next {
        Some(Ok(posting)) => heads.push(Reverse((posting, number))),
        Some(Err(error)) => *failed = Some(error),
        None => {}
    }
}

fn limit(page_size: i32) -> Result<usize, QueryError> {
    match usize::try_from(page_size) {
        Ok(0) => Ok(DEFAULT_PAGE_SIZE),
        Ok(size) => Ok(size.min(MAX_PAGE_SIZE)),
        Err(_) => Err(Refusal::new(Reason::OutOfRange, "page_size")
            .with("min", 0)
            .with("max", MAX_PAGE_SIZE)
            .with("found", page_size)
            .into()),
    }
}

/// The first 8 bytes of SHA-256(method ‖ 0 ‖ request without page size and token).
fn digest(method: &str, question: &impl Message) -> u64 {
    let mut hash = Sha256::new();
    hash.update(method.as_bytes());
    hash.update([0]);
    hash.update(question.encode_to_vec());
    let digest: [u8; 32] = hash.finalize().into();
    let (first, _) = digest
        .split_first_chunk()
        .expect("a SHA-256 has more than 8 bytes");
    u64::from_be_bytes(*first)
}

/// Size and first index in a token of the request with this digest.
fn read_token(token: &str, request: u64) -> Result<(u64, LeafIndex), QueryError> {
    let is_hex = token.len() == 48 && token.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_hex {
        return Err(QueryError::OtherToken);
    }
    let number = |at: usize| u64::from_str_radix(&token[at..at + 16], 16);
    match (number(0), number(16), number(32)) {
        (Ok(size), Ok(next), Ok(known)) if known == request && size > 0 => {
            Ok((size, LeafIndex::new(next)))
        }
        _ => Err(QueryError::OtherToken),
    }
}
