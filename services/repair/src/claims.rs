//! Contents of which shards are being written, so that two loops never do so for one content at a time: each would choose a
//! node by where the other's shards lay before, and both could choose the same one.
//!
//! Both loops run in one process, under one lease, and the log takes nothing from a former owner: memory is enough.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use events::ids::ContentId;

/// The contents that are taken up: a page of each loop at most. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Claims(Arc<Mutex<BTreeSet<ContentId>>>);

/// A content that is taken up until this is dropped.
#[derive(Debug)]
pub(crate) struct Claim {
    claims: Claims,
    content: ContentId,
}

impl Claims {
    /// Takes up a content, unless it is taken up already.
    pub(crate) fn take(&self, content: ContentId) -> Option<Claim> {
        let is_free = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(content);
        is_free.then(|| Claim { claims: self.clone(), content })
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.claims.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.content);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::owed::tests::content;

    #[test]
    fn a_content_is_taken_up_once_at_a_time() {
        let claims = Claims::default();
        let claim = claims.take(content()).unwrap();
        assert!(claims.take(content()).is_none());
        drop(claim);
        assert!(claims.take(content()).is_some());
    }
}
