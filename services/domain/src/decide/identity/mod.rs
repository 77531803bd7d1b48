//! The rules about users, keys, groups, policies and sessions.

mod group;
mod key;
mod kms_key;
mod policy;
mod replica;
mod seal;
mod session;
mod user;

use events::ids::UserName;

use super::{Decision, Refused};
use crate::command::Context;
use crate::command::identity::{IdentityCommand, IdentityRejection, Noun};
use crate::row::UserRow;
use crate::view::View;
pub(super) use seal::check as check_seal;

pub(super) fn decide<V: View>(
    view: &V,
    command: &IdentityCommand,
    context: Context,
) -> Result<Decision, Refused<V::Error>> {
    use IdentityCommand as C;
    match command {
        C::CreateUser(wanted) => user::create(view, wanted),
        C::ChangeUser(wanted) => user::change(view, wanted),
        C::SetPassword { user, password } => user::set_password(view, user, password.as_ref()),
        C::DeleteUser { user } => user::delete(view, user),
        C::CreateKey { user, access_key, secret, expires } => key::create(view, user, access_key, secret, *expires),
        C::ChangeKey { user, access_key, enabled, expires, by_admin } => {
            key::change(view, user, access_key, (*enabled, *by_admin), |before| expires.unwrap_or(before))
        }
        C::DeleteKey { user, access_key } => key::delete(view, user, access_key),
        C::CreateGroup { group } => group::create(view, group),
        C::DeleteGroup { group } => group::delete(view, group),
        C::AddMember { group, user } => group::add(view, group, user),
        C::RemoveMember { group, user } => group::remove(view, group, user),
        C::StorePolicy { policy, document } => policy::store(view, policy, document),
        C::DeletePolicy { policy } => policy::delete(view, policy),
        C::AttachPolicy { policy, holder } => policy::attach(view, policy, holder),
        C::DetachPolicy { policy, holder } => policy::detach(view, policy, holder),
        C::Take(wanted) => replica::take(view, wanted, context),
        C::CreateKmsKey { name, sealed } => kms_key::create(view, name, sealed),
        C::ChangeKmsKey { name, enabled } => kms_key::change(view, name, *enabled),
        C::Reseal(reseal) => seal::reseal(view, reseal),
        C::ResealKmsKey { name, from, to } => seal::reseal_kms_key(view, name, from, to),
        C::OpenSession(open) => session::open(view, open),
        C::RefreshSession(refresh) => session::refresh(view, refresh, context),
        C::RevokeSessions { user, session } => session::revoke(view, user, *session),
    }
}

impl<E> From<IdentityRejection> for Refused<E> {
    fn from(rejection: IdentityRejection) -> Self {
        Self::Rejected(rejection.into())
    }
}

/// A user with a row; root has none.
fn user_row<V: View>(view: &V, name: &UserName) -> Result<UserRow, Refused<V::Error>> {
    if name.is_root() {
        return Err(IdentityRejection::BuiltIn(Noun::User).into());
    }
    let row = view.user(name).map_err(Refused::View)?;
    row.ok_or_else(|| IdentityRejection::NoSuch(Noun::User).into())
}
