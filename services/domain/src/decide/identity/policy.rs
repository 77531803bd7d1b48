use std::collections::BTreeSet;

use events::Fact;
use events::ids::PolicyName;
use events::policy::{Attached, BUILT_IN, Deleted, Detached, Holder, Stored};

use super::group::group_row;
use super::user_row;
use crate::command::Outcome;
use crate::command::identity::{HOLDERS_PER_POLICY_MAX, IdentityRejection, Noun, POLICIES_PER_HOLDER_MAX};
use crate::decide::{Decision, Refused};
use crate::view::View;

pub(super) fn store<V: View>(view: &V, policy: &PolicyName, document: &str) -> Result<Decision, Refused<V::Error>> {
    refuse_built_in(policy)?;
    if view.policy(policy).map_err(Refused::View)?.is_some_and(|row| row.document == document) {
        return Ok(Decision::nothing(Outcome::Done));
    }
    let fact = Stored { policy: policy.clone(), document: document.into(), replica: None };
    Ok(Decision::write(Fact::PolicyStored(fact), Outcome::Done))
}

pub(super) fn delete<V: View>(view: &V, policy: &PolicyName) -> Result<Decision, Refused<V::Error>> {
    refuse_built_in(policy)?;
    let row = view.policy(policy).map_err(Refused::View)?.ok_or(IdentityRejection::NoSuch(Noun::Policy))?;
    if !row.holders.is_empty() {
        return Err(IdentityRejection::PolicyInUse.into());
    }
    Ok(Decision::write(Fact::PolicyDeleted(Deleted { policy: policy.clone(), replica: None }), Outcome::Done))
}

pub(super) fn attach<V: View>(view: &V, policy: &PolicyName, holder: &Holder) -> Result<Decision, Refused<V::Error>> {
    let held = held(view, holder)?;
    if !BUILT_IN.contains(&policy.as_str()) {
        let row = view.policy(policy).map_err(Refused::View)?.ok_or(IdentityRejection::NoSuch(Noun::Policy))?;
        if row.holders.len() >= HOLDERS_PER_POLICY_MAX {
            return Err(IdentityRejection::TooMany { noun: Noun::Holder, max: HOLDERS_PER_POLICY_MAX }.into());
        }
    }
    if held.contains(policy) {
        return Ok(Decision::nothing(Outcome::Done));
    }
    if held.len() >= POLICIES_PER_HOLDER_MAX {
        return Err(IdentityRejection::TooMany { noun: Noun::Policy, max: POLICIES_PER_HOLDER_MAX }.into());
    }
    let fact = Attached { policy: policy.clone(), holder: holder.clone(), replica: None };
    Ok(Decision::write(Fact::PolicyAttached(fact), Outcome::Done))
}

pub(super) fn detach<V: View>(view: &V, policy: &PolicyName, holder: &Holder) -> Result<Decision, Refused<V::Error>> {
    if !held(view, holder)?.contains(policy) {
        return Err(IdentityRejection::NoSuch(Noun::Policy).into());
    }
    let fact = Detached { policy: policy.clone(), holder: holder.clone(), replica: None };
    Ok(Decision::write(Fact::PolicyDetached(fact), Outcome::Done))
}

pub(super) fn held<V: View>(view: &V, holder: &Holder) -> Result<BTreeSet<PolicyName>, Refused<V::Error>> {
    Ok(match holder {
        Holder::User(user) => user_row(view, user)?.policies,
        Holder::Group(group) => group_row(view, group)?.policies,
    })
}

fn refuse_built_in(policy: &PolicyName) -> Result<(), IdentityRejection> {
    if BUILT_IN.contains(&policy.as_str()) { Err(IdentityRejection::BuiltIn(Noun::Policy)) } else { Ok(()) }
}
