//! The gRPC services: thin translations between messages and the sequencer or the reader.

pub mod incidents;
pub mod log;
pub mod status;
pub mod submission;

use std::pin::Pin;

use tokio::task::spawn_blocking;
use tokio_stream::Stream;
use tonic::Status;

use crate::{
    reader::{ReadError, Reader},
    store::LogStore,
};

/// The longest request message in bytes: a record with its envelope.
pub const MAX_REQUEST_LEN: usize = 64 * 1024;

/// A stream of answers.
pub type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// Reads from the store on a thread that may block.
async fn read<S, T, F>(reader: &Reader<S>, what: F) -> Result<T, Status>
where
    S: LogStore,
    T: Send + 'static,
    F: FnOnce(&Reader<S>) -> Result<T, ReadError> + Send + 'static,
{
    let reader = reader.clone();
    match spawn_blocking(move || what(&reader)).await {
        Ok(result) => result.map_err(|error| status::read(&error)),
        Err(error) => Err(Status::internal(error.to_string())),
    }
}
