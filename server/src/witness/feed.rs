//! Which checkpoint is the candidate: one at a time, until quorum or until its time is over.

use std::time::Duration;

use tokio::{task::spawn_blocking, time::timeout};

use super::publisher::Publisher;
use crate::store::LogStore;

/// Offers candidates until the sequencer ends. One that is not at quorum in time is replaced by the newest signed head,
/// or offered once more if it is the newest: a cosigner may have missed it, or its answer may have been lost.
pub(super) async fn run<S: LogStore>(publisher: Publisher<S>, limit: Duration) {
    let mut heads = publisher.reader().heads();
    let mut progress = publisher.progress();
    let mut offered = publisher.candidates().borrow().checkpoint.size;
    loop {
        let settled =
            async { while !publisher.is_settled() && progress.changed().await.is_ok() {} };
        if timeout(limit, settled).await.is_err() {
            let missing = publisher.missing().join(", ");
            tracing::warn!(size = %offered, missing, "the candidate is not at quorum in time");
        } else if heads
            .wait_for(|head| head.checkpoint.size > offered)
            .await
            .is_err()
        {
            return;
        }
        let newest = heads.borrow_and_update().clone();
        let desk = publisher.clone();
        match spawn_blocking(move || desk.offer(&newest)).await {
            Ok(Ok(size)) => offered = size,
            Ok(Err(error)) => {
                tracing::error!(%error, "no more candidates are offered");
                return;
            }
            Err(error) => {
                tracing::error!(%error, "no more candidates are offered");
                return;
            }
        }
    }
}
