//! The bytes of versions, as clients wrote them.

use std::sync::Arc;

use bytes::Bytes;
use domain::View;
use domain::row::ObjectRow;
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use identity::Sealers;
use ledger::{Ledger, Snapshot, StateError};
use plaintext::{KeyError, ObjectReadError, Stretch, StretchError, open_key, opened, stretches};
use shards::{ShardStore, StoredContent};

use crate::client::{Payload, streamed};
use crate::failure::Failure;
use crate::sent::body_sha256;

/// Objects up to this size are read whole before they are sent: 1 MiB.
const WHOLE_BYTES_MAX: u64 = 1 << 20;

/// Where bytes are read.
#[derive(Clone)]
pub(crate) struct Source {
    pub(crate) ledger: Ledger,
    pub(crate) store: ShardStore,
    pub(crate) sealers: Arc<Sealers>,
}

impl Source {
    /// The bytes of an object.
    pub(crate) async fn payload(&self, snapshot: &Snapshot, object: &ObjectRow) -> Result<Payload, Failure> {
        let key = open_key(&**snapshot, &self.sealers, object).map_err(unopened)?;
        let stretches =
            stretches(&**snapshot, object, 0..object.size, key.as_ref()).map_err(|error| unfound(&error))?;
        let (sha256, length) = (body_sha256(object).map(|sha256| sha256.0), object.size);
        if length > WHOLE_BYTES_MAX {
            return Ok(Payload::Streamed { length, sha256, bytes: streamed(self.clone().bytes(stretches)) });
        }
        let mut whole = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
        let mut bytes = std::pin::pin!(self.clone().bytes(stretches));
        while let Some(chunk) = bytes.try_next().await.map_err(|error| unread(&error))? {
            whole.extend_from_slice(&chunk);
        }
        if sha256.is_some_and(|sha256| crate::client::sha256(&whole) != sha256) {
            return Err(Failure::Unreadable("the bytes are not those that were written".into()));
        }
        Ok(Payload::Whole(whole.into()))
    }

    /// The bytes of stretches, one after another.
    fn bytes(self, stretches: Vec<Stretch>) -> impl Stream<Item = Result<Bytes, ObjectReadError>> + Send + 'static {
        stream::iter(stretches).flat_map(move |stretch| {
            let (ledger, content) = (self.ledger.clone(), stretch.content);
            // Shards may move while they are read.
            let moved = move || {
                let row = ledger.latest().content(&content).ok().flatten()?;
                Some(StoredContent::of_row(content, row))
            };
            let memory = self.store.read_memory().clone();
            let stored = self.store.read_moving(stretch.stored, stretch.range, memory, moved);
            let stored = stored.map_err(ObjectReadError::from);
            match stretch.cipher {
                None => stored.boxed(),
                Some(cipher) => opened(stored, cipher).boxed(),
            }
        })
    }
}

/// A key that nobody here has, or that is damaged, is not found by trying again.
fn unopened(error: KeyError<StateError>) -> Failure {
    match error {
        KeyError::View(error) => Failure::Unreadable(error.to_string()),
        KeyError::KmsKeyDisabled(_) => Failure::Unreadable(error.to_string()),
        error => Failure::Impossible(error.to_string()),
    }
}

fn unfound(error: &StretchError<StateError>) -> Failure {
    Failure::Unreadable(error.to_string())
}

fn unread(error: &ObjectReadError) -> Failure {
    Failure::Unreadable(format!("its bytes cannot be read: {error}"))
}
