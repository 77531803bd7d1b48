use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use eventlog::SideStream;
use tokio::sync::watch;

use crate::batch::Batch;
use crate::{Reader, Record};

/// What records are put into and read from. Clones share it.
#[derive(Debug, Clone)]
pub struct AccessLog {
    /// Where records are put.
    pub recorder: Recorder,
    /// The stream, as soon as there is one.
    pub stream: watch::Receiver<Option<SideStream>>,
}

impl AccessLog {
    /// A reader of the stream; `None` as long as there is none.
    pub fn reader(&self) -> Option<Reader> {
        self.stream.borrow().clone().map(Reader::new)
    }
}

/// Where records are put. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Recorder(Arc<Mutex<Batch>>);

impl Recorder {
    /// Takes up a record. It waits for nobody; without room it is counted and lost.
    pub fn record(&self, record: Record) {
        self.gathered().add(record);
    }

    /// The records since the last call, in the order of their times, and how many requests have none.
    pub fn take(&self) -> (Vec<Record>, u64) {
        let batch = std::mem::take(&mut *self.gathered());
        batch.into_parts()
    }

    fn gathered(&self) -> MutexGuard<'_, Batch> {
        // A record that was cut short is a record.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
