use events::Fact;
use events::ids::{KmsKeyName, Sealed};
use events::kms_key::{Changed, Created};

use super::seal;
use crate::command::Outcome;
use crate::command::identity::{IdentityRejection, Noun};
use crate::decide::{Decision, Refused};
use crate::view::View;

pub(super) fn create<V: View>(view: &V, name: &KmsKeyName, sealed: &Sealed) -> Result<Decision, Refused<V::Error>> {
    if view.kms_key(name).map_err(Refused::View)?.is_some() {
        return Err(IdentityRejection::Exists(Noun::KmsKey).into());
    }
    seal::check(view, sealed)?;
    let fact = Created { kms_key: name.clone(), sealed: sealed.clone() };
    Ok(Decision::write(Fact::KmsKeyCreated(fact), Outcome::Done))
}

pub(super) fn change<V: View>(view: &V, name: &KmsKeyName, enabled: bool) -> Result<Decision, Refused<V::Error>> {
    let row = view.kms_key(name).map_err(Refused::View)?;
    let row = row.ok_or(IdentityRejection::NoSuch(Noun::KmsKey))?;
    if row.enabled == enabled {
        return Ok(Decision::nothing(Outcome::Done));
    }
    let fact = Changed { kms_key: name.clone(), enabled };
    Ok(Decision::write(Fact::KmsKeyChanged(fact), Outcome::Done))
}
