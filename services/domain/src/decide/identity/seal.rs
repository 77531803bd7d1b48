//! Secrets and the master key that they are sealed with.

use std::collections::BTreeMap;

use events::Fact;
use events::ids::{KmsKeyName, Sealed};
use events::secret::{KmsKeyResealed, Resealed};

use crate::command::Outcome;
use crate::command::identity::{IdentityRejection, Reseal};
use crate::decide::{Decision, Refused};
use crate::view::View;

/// Refuses a secret that is not sealed with the master key in use. So the number of secrets under former keys only
/// falls.
pub(in crate::decide) fn check<V: View>(view: &V, sealed: &Sealed) -> Result<(), Refused<V::Error>> {
    match view.totals().map_err(Refused::View)?.keys.master {
        Some(master) if sealed.sealed_under() != Some(master.key.to_string().as_str()) => {
            Err(IdentityRejection::OtherMasterKey.into())
        }
        _ => Ok(()),
    }
}

/// A secret that changed or was deleted since it was found stays as it is: it is sealed with the key in use, or needs
/// no seal.
pub(super) fn reseal<V: View>(view: &V, wanted: &Reseal) -> Result<Decision, Refused<V::Error>> {
    let Reseal { user, password, keys } = wanted;
    let row = view.user(user).map_err(Refused::View)?;
    let mut fact = Resealed { user: user.clone(), password: None, keys: BTreeMap::new() };
    if let (Some((from, to)), Some(row)) = (password, &row)
        && row.password.as_ref() == Some(from)
    {
        check(view, to)?;
        fact.password = Some(to.clone());
    }
    for (id, from, to) in keys {
        let row = view.key(id).map_err(Refused::View)?;
        if row.is_some_and(|row| row.user == *user && row.secret == *from) {
            check(view, to)?;
            fact.keys.insert(id.clone(), to.clone());
        }
    }
    if fact.password.is_none() && fact.keys.is_empty() {
        return Ok(Decision::nothing(Outcome::Done));
    }
    Ok(Decision::write(Fact::SecretsResealed(fact), Outcome::Done))
}

pub(super) fn reseal_kms_key<V: View>(
    view: &V,
    name: &KmsKeyName,
    from: &Sealed,
    to: &Sealed,
) -> Result<Decision, Refused<V::Error>> {
    if view.kms_key(name).map_err(Refused::View)?.is_none_or(|row| row.sealed != *from) {
        return Ok(Decision::nothing(Outcome::Done));
    }
    check(view, to)?;
    let fact = KmsKeyResealed { kms_key: name.clone(), sealed: to.clone() };
    Ok(Decision::write(Fact::KmsKeyResealed(fact), Outcome::Done))
}
