//! The changes of facts about links to other regions.

use events::link::{Added, BoundBucket, BoundMoved, IdentitiesSent, Removed};
use events::secret::LinkResealed;

use super::ProjectError;
use super::draft::Draft;
use super::shared;
use crate::change::Change;
use crate::row::{BoundBucketRow, BoundRow, LinkRow};
use crate::view::View;

pub(super) fn added<V: View>(draft: &mut Draft<'_, V>, fact: &Added) -> Result<(), ProjectError<V::Error>> {
    if fact.shares_identities {
        shared::remember_deletions(draft)?;
    }
    let (url, access_key, secret) = (fact.url.clone(), fact.access_key.clone(), fact.secret.clone());
    let (id, added, shares_identities) = (draft.event.sequence, draft.event.time, fact.shares_identities);
    let row = LinkRow { id, added, url, access_key, secret, shares_identities, identities_sent: None };
    draft.changes.push(Change::PutLink { name: fact.link.clone(), row });
    Ok(())
}

pub(super) fn removed<V: View>(draft: &mut Draft<'_, V>, fact: &Removed) {
    draft.changes.push(Change::DropLink { name: fact.link.clone() });
}

pub(super) fn identities_sent<V: View>(
    draft: &mut Draft<'_, V>,
    fact: &IdentitiesSent,
) -> Result<(), ProjectError<V::Error>> {
    let row = draft.view.link(&fact.link).map_err(ProjectError::View)?.filter(|row| row.id == fact.added);
    let row = row.ok_or_else(|| draft.contradiction("its link does not exist"))?;
    let row = LinkRow { identities_sent: Some(fact.up_to), ..row };
    draft.changes.push(Change::PutLink { name: fact.link.clone(), row });
    Ok(())
}

pub(super) fn resealed<V: View>(draft: &mut Draft<'_, V>, fact: &LinkResealed) -> Result<(), ProjectError<V::Error>> {
    let row = draft.view.link(&fact.link).map_err(ProjectError::View)?;
    let row = row.ok_or_else(|| draft.contradiction("its link does not exist"))?;
    let row = LinkRow { secret: fact.sealed.clone(), ..row };
    draft.changes.push(Change::PutLink { name: fact.link.clone(), row });
    Ok(())
}

pub(super) fn bound_moved<V: View>(draft: &mut Draft<'_, V>, fact: &BoundMoved) -> Result<(), ProjectError<V::Error>> {
    let known = draft.view.bound(&fact.link, &fact.user).map_err(ProjectError::View)?;
    let buckets = match (&fact.buckets, known) {
        (Some(stated), known) => {
            let rows = stated.iter().map(|stated| bound_bucket(draft, known.as_ref(), stated));
            rows.collect::<Result<_, _>>()?
        }
        (None, Some(known)) => known.buckets,
        (None, None) => Vec::new(),
    };
    let (sequence, said, before, up_to) = (draft.event.sequence, draft.event.time, fact.before, fact.up_to);
    let row = BoundRow { sequence, said, before, up_to, buckets };
    draft.changes.push(Change::PutBound { name: fact.link.clone(), user: fact.user.clone(), row });
    Ok(())
}

/// A bucket that was named before stays the one that it was then.
fn bound_bucket<V: View>(
    draft: &Draft<'_, V>,
    known: Option<&BoundRow>,
    stated: &BoundBucket,
) -> Result<BoundBucketRow, ProjectError<V::Error>> {
    let BoundBucket { bucket, source, waits, before, copies, refused } = stated.clone();
    let id = match known.and_then(|known| known.bucket(&bucket, &source)) {
        Some(known) => known.id,
        None => draft.view.bucket(&bucket).map_err(ProjectError::View)?.map(|row| row.id),
    };
    Ok(BoundBucketRow { bucket, id, source, waits, before, copies, refused })
}
