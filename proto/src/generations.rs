//! What was used last, in bounded memory.

use std::{
    collections::HashMap,
    hash::Hash,
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Values that any number of threads share. When the young ones are many, they become the old ones, and the old ones are
/// forgotten; using an old one makes it young.
#[derive(Debug)]
pub(crate) struct Generations<K, V> {
    len: usize,
    // Held for a look-up or an insertion, never while a value is made.
    kept: Mutex<Kept<K, V>>,
}

#[derive(Debug)]
struct Kept<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K: Eq + Hash + Copy, V: Clone> Generations<K, V> {
    /// Keeps at most two generations of `len` values each, and the `len` used last in any case.
    pub(crate) fn of(len: usize) -> Self {
        Self {
            len,
            kept: Mutex::new(Kept {
                young: HashMap::new(),
                old: HashMap::new(),
            }),
        }
    }

    /// The value of `key`, if it is kept.
    pub(crate) fn get(&self, key: &K) -> Option<V> {
        let mut kept = self.kept();
        if let Some(known) = kept.young.get(key) {
            return Some(known.clone());
        }
        let known = kept.old.remove(key)?;
        kept.insert(self.len, *key, known.clone());
        Some(known)
    }

    /// Keeps a value.
    pub(crate) fn insert(&self, key: K, value: V) {
        self.kept().insert(self.len, key, value);
    }

    fn kept(&self) -> MutexGuard<'_, Kept<K, V>> {
        // What a thread that panicked has left is whole: insertions of whole values.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Eq + Hash, V> Kept<K, V> {
    fn insert(&mut self, len: usize, key: K, value: V) {
        if self.young.len() >= len {
            self.old = mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_bounded_and_what_is_used_stays() {
        let kept = Generations::of(8);
        kept.insert(0, "first");
        for key in 1..100 {
            kept.insert(key, "another");
            assert_eq!(kept.get(&0), Some("first"));
        }
        assert_eq!(kept.get(&1), None);
        let kept = kept.kept();
        assert!(kept.young.len() + kept.old.len() <= 16);
    }
}
