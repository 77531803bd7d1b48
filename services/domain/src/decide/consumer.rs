use events::Fact;

use super::{Decision, Refused};
use crate::command::identity::{IdentityRejection, Noun};
use crate::command::{AddConsumer, CONSUMERS_MAX, Outcome, RemoveConsumer};
use crate::view::View;

pub(super) fn add<V: View>(view: &V, AddConsumer(wanted): &AddConsumer) -> Result<Decision, Refused<V::Error>> {
    if view.consumer(&wanted.consumer).map_err(Refused::View)?.is_some() {
        return Err(IdentityRejection::Exists(Noun::Consumer).into());
    }
    if view.consumers().map_err(Refused::View)?.len() >= CONSUMERS_MAX {
        return Err(IdentityRejection::TooMany { noun: Noun::Consumer, max: CONSUMERS_MAX }.into());
    }
    Ok(Decision::write(Fact::ConsumerAdded(wanted.clone()), Outcome::Done))
}

pub(super) fn remove<V: View>(
    view: &V,
    RemoveConsumer(removed): &RemoveConsumer,
) -> Result<Decision, Refused<V::Error>> {
    if view.consumer(&removed.consumer).map_err(Refused::View)?.is_none() {
        return Err(IdentityRejection::NoSuch(Noun::Consumer).into());
    }
    Ok(Decision::write(Fact::ConsumerRemoved(removed.clone()), Outcome::Done))
}
