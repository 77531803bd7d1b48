//! The changes of facts about secrets. They do not change what the secrets belong to.

use events::secret::{Kept, KmsKeyResealed, Resealed};

use super::ProjectError;
use super::draft::Draft;
use crate::change::{Change, IdentityChange};
use crate::row::SecretRow;
use crate::view::View;

type Folded<V> = Result<(), ProjectError<<V as crate::Identities>::Error>>;

pub(super) fn kept<V: View>(draft: &mut Draft<'_, V>, fact: &Kept) {
    let row = SecretRow { sequence: draft.event.sequence, secret: fact.secret.clone() };
    draft.changes.push(Change::PutSecret { row });
}

/// The secrets are the same, so values derived from them stay valid.
pub(super) fn resealed<V: View>(draft: &mut Draft<'_, V>, fact: &Resealed) -> Folded<V> {
    if let Some(password) = &fact.password {
        let row = draft.view.user(&fact.user).map_err(ProjectError::View)?;
        let mut row = row.ok_or_else(|| draft.contradiction("its user does not exist"))?;
        row.password = Some(password.clone());
        draft.change_identity(IdentityChange::PutUser { name: fact.user.clone(), row });
    }
    for (id, secret) in &fact.keys {
        let row = draft.view.key(id).map_err(ProjectError::View)?.filter(|row| row.user == fact.user);
        let mut row = row.ok_or_else(|| draft.contradiction("its key does not exist"))?;
        row.secret = secret.clone();
        draft.change_identity(IdentityChange::PutKey { id: id.clone(), row });
    }
    Ok(())
}

pub(super) fn kms_key_resealed<V: View>(draft: &mut Draft<'_, V>, fact: &KmsKeyResealed) -> Folded<V> {
    let row = draft.view.kms_key(&fact.kms_key).map_err(ProjectError::View)?;
    let mut row = row.ok_or_else(|| draft.contradiction("its KMS key does not exist"))?;
    row.sealed = fact.sealed.clone();
    draft.change_identity(IdentityChange::PutKmsKey { name: fact.kms_key.clone(), row });
    Ok(())
}
