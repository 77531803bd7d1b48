//! The log's past, for those who look at events again that are folded already.

use std::pin::Pin;
use std::sync::Arc;

use eventlog::Log;
use events::Event;

use crate::ReadError;
use crate::fold::read_present;

type Events = Pin<Box<dyn Future<Output = Result<Vec<Event>, ReadError>> + Send>>;

/// Reads events of the log, whatever that is.
#[derive(Clone)]
pub(crate) struct Past(Arc<dyn Fn(u64, u64) -> Events + Send + Sync>);

impl Past {
    pub(crate) fn of<L: Log>(log: Arc<L>) -> Self {
        Self(Arc::new(move |from, last| {
            let log = Arc::clone(&log);
            Box::pin(async move {
                let stored =
                    read_present(log.as_ref(), from, last).await.map_err(|error| ReadError(error.to_string()))?;
                let decode = |stored: eventlog::Stored| {
                    let unreadable = |error| ReadError(format!("the event at sequence {}: {error}", stored.sequence));
                    Event::decode(&stored.payload).map_err(unreadable)
                };
                stored.into_iter().map(decode).collect()
            })
        }))
    }

    pub(crate) async fn read(&self, from: u64, last: u64) -> Result<Vec<Event>, ReadError> {
        (self.0)(from, last).await
    }
}
