//! How users are shown.

use std::collections::BTreeMap;

use domain::Identities;
use events::ids::{UserId, UserName};
use ledger::{Snapshot, StateError};
use s3::xml::Owner;

/// The names that S3 shows beside canonical ids, as they are now. A deleted user has only the id.
pub(super) struct Names(BTreeMap<UserId, String>);

impl Names {
    pub(super) fn of<'a>(snapshot: &Snapshot, ids: impl IntoIterator<Item = &'a UserId>) -> Result<Self, StateError> {
        let mut names = BTreeMap::new();
        for id in ids {
            if !names.contains_key(id)
                && let Some(name) = display_name(snapshot, id)?
            {
                names.insert(id.clone(), name);
            }
        }
        Ok(Self(names))
    }

    pub(super) fn show<'a>(&'a self, id: &'a UserId) -> Owner<'a> {
        Owner { id: id.as_str(), display_name: self.0.get(id).map_or(id.as_str(), String::as_str) }
    }
}

fn display_name(snapshot: &Snapshot, id: &UserId) -> Result<Option<String>, StateError> {
    if *id == UserId::root() {
        return Ok(Some(UserName::ROOT.to_owned()));
    }
    let user = match snapshot.user_by_id(id)? {
        Some(name) => snapshot.user(&name)?,
        None => None,
    };
    Ok(user.map(|user| user.display_name))
}
