//! The changes of facts about links to other regions.

use events::link::{Added, IdentitiesSent, Removed};
use events::secret::LinkResealed;

use super::ProjectError;
use super::draft::Draft;
use super::shared;
use crate::change::Change;
use crate::row::LinkRow;
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
