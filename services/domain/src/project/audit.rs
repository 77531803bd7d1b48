//! Which events somebody caused, and which are about a key.

use events::Event;
use events::ids::{AuthType, UserName};

use super::ProjectError;
use super::draft::Draft;
use crate::change::Change;
use crate::row::{Posting, PostingRow, Writer};
use crate::view::View;

type Folded<V> = Result<(), ProjectError<<V as crate::Identities>::Error>>;

/// Who caused an event.
pub(super) struct Who {
    /// The user, if it was one.
    pub(super) user: Option<UserName>,
    /// The access key that the request was signed with.
    key: Option<String>,
    is_anonymous: bool,
}

impl Who {
    /// Who caused the event. Events name the user since some release; before, the owner of the access key at this place of
    /// the log is whose it was when the event was decided.
    pub(super) fn of<V: View>(view: &V, event: &Event) -> Result<Self, ProjectError<V::Error>> {
        let principal = &event.origin.principal;
        let mut who = Self { user: event.user.clone(), key: None, is_anonymous: false };
        match principal.kind {
            AuthType::System => {}
            AuthType::Unauthenticated => who.is_anonymous = true,
            AuthType::User => who.user = principal.id.parse().ok(),
            AuthType::ApiKey => {
                if let (None, Ok(key)) = (&who.user, principal.id.parse()) {
                    who.user = view.key(&key).map_err(ProjectError::View)?.map(|row| row.user);
                }
                who.key = Some(principal.id.clone());
            }
        }
        Ok(who)
    }

    /// As whoever writes to a bucket is counted; `None` for the store itself.
    pub(super) fn writer(&self) -> Option<Writer> {
        match (&self.user, &self.key) {
            (Some(user), _) => Some(Writer::User(user.clone())),
            (None, Some(key)) => Some(Writer::Key(key.clone())),
            (None, None) => self.is_anonymous.then_some(Writer::Anonymous),
        }
    }
}

/// Notes who caused the event, and what it is about.
pub(super) fn note<V: View>(draft: &mut Draft<'_, V>, who: Who) -> Folded<V> {
    let (event, sequence) = (draft.event, draft.event.sequence);
    if event.fact.is_for_the_store() {
        return Ok(());
    }
    let bucket = event.fact.bucket();
    let postings = [who.user.map(Posting::User), who.key.map(Posting::Key), bucket.cloned().map(Posting::Bucket)];
    let block = PostingRow::block_of(sequence);
    for posting in postings.into_iter().flatten() {
        let mut row = draft.view.posting(&posting, block).map_err(ProjectError::View)?;
        row.add(sequence);
        draft.changes.push(Change::PutPosting { posting, block, row });
    }
    if let Some(bucket) = bucket {
        for key in event.fact.keys() {
            draft.changes.push(Change::PutAuditKey { bucket: bucket.clone(), key: key.clone(), sequence });
        }
    }
    Ok(())
}
