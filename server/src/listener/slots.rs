//! Counting of open connections: in all, and per peer address.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The connections that may be open at a time.
#[derive(Clone, Debug)]
pub(super) struct Slots {
    total: Arc<Semaphore>,
    per_peer: usize,
    // Locked for single map operations only, never across an await.
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// One open connection. Dropping it frees its place.
#[derive(Debug)]
pub(super) struct Slot {
    peer: IpAddr,
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
    _permit: OwnedSemaphorePermit,
}

impl Slots {
    pub(super) fn new(total: usize, per_peer: usize) -> Self {
        Self {
            total: Arc::new(Semaphore::new(total)),
            per_peer,
            open: Arc::default(),
        }
    }

    /// Waits until one more connection may be open.
    pub(super) async fn permit(&self) -> OwnedSemaphorePermit {
        Arc::clone(&self.total)
            .acquire_owned()
            .await
            .expect("the semaphore is never closed")
    }

    /// Takes a place for `peer`, or `None` if it has as many as one peer may have.
    pub(super) fn occupy(&self, permit: OwnedSemaphorePermit, peer: IpAddr) -> Option<Slot> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(peer).or_default();
        if *count >= self.per_peer {
            return None;
        }
        *count += 1;
        Some(Slot {
            peer,
            open: Arc::clone(&self.open),
            _permit: permit,
        })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.peer) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.peer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::net::Ipv4Addr;

    use super::*;

    #[tokio::test]
    async fn counts_per_peer_and_forgets_closed_connections() {
        let slots = Slots::new(10, 2);
        let (one, two) = (
            Ipv4Addr::new(10, 0, 0, 1).into(),
            Ipv4Addr::new(10, 0, 0, 2).into(),
        );
        let first = slots.occupy(slots.permit().await, one).unwrap();
        let second = slots.occupy(slots.permit().await, one).unwrap();
        assert!(slots.occupy(slots.permit().await, one).is_none());
        let other = slots.occupy(slots.permit().await, two).unwrap();
        drop(first);
        let again = slots.occupy(slots.permit().await, one).unwrap();
        drop((second, other, again));
        assert!(slots.open.lock().unwrap().is_empty());
        assert_eq!(slots.total.available_permits(), 10);
    }
}
