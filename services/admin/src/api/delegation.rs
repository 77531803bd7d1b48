//! What of their rights people may hand on who are not admins.
//!
//! Whoever can give a right to somebody has it: they could give it to a user of their own making. So nobody gives what
//! they do not have, and nobody becomes somebody who has more, by a password or a key. What restrains others, a policy
//! that denies, is for admins alone: to take it away raises, and to give it locks out.

use domain::row::UserRow;
use domain::{ChangeUser, Identities, IdentityCommand, View};
use events::access::ObjectOwnership;
use events::ids::{GroupName, PolicyName, UserName};
use events::policy::Holder;
use events::user::{Created, Limits, Role};
use ledger::{Snapshot, StateError};
use policy::{Document, cover};
use rights::attached;

use super::access::Caller;
use super::refusal::Refusal;

/// Buckets that are looked through for what belongs to somebody, at most. In a larger region passwords and keys of others
/// are for admins, and for whoever may do everything in every bucket.
const BUCKETS_LOOKED_AT_MAX: usize = 10_000;

/// Buckets that are read at once.
const BUCKETS_AT_ONCE: usize = 1_000;

/// Somebody who is no admin, and changes who may do what.
pub(super) struct Delegation<'a> {
    pub(super) by: &'a Caller,
    pub(super) snapshot: &'a Snapshot,
}

type Checked = Result<(), Refusal>;

impl Delegation<'_> {
    /// Whether a change raises nobody above whoever makes it. The right to make changes of the kind was judged before.
    pub(super) fn check(&self, command: &IdentityCommand) -> Checked {
        use IdentityCommand as C;
        match command {
            C::CreateUser(Created { role, limits, .. }) => {
                self.names_something_new("user")?;
                Self::role(Role::User, Some(*role))?;
                self.limits(*limits)
            }
            C::ChangeUser(change) => self.change_user(change),
            // One's own password asks for the old one.
            C::SetPassword { user, .. } | C::CreateKey { user, .. } => self.become_somebody(user),
            C::ChangeKey { user, enabled, expires, .. } => match (enabled, expires) {
                (Some(false) | None, None) => self.has_all_of(user),
                _ => self.become_somebody(user),
            },
            C::DeleteUser { user } | C::DeleteKey { user, .. } | C::RevokeSessions { user, .. } => {
                self.has_all_of(user)
            }
            C::DeleteGroup { group } => self.hands_on_group(group),
            C::AddMember { group, user } | C::RemoveMember { group, user } => {
                self.hands_on_group(group)?;
                self.has_all_of(user)
            }
            C::StorePolicy { policy, document } => self.store(policy, document),
            C::DeletePolicy { policy } => self.hands_on(policy),
            C::AttachPolicy { policy, holder } | C::DetachPolicy { policy, holder } => {
                self.hands_on(policy)?;
                match holder {
                    Holder::User(user) => self.has_all_of(user),
                    Holder::Group(group) => self.hands_on_group(group),
                }
            }
            // A new group has neither members nor policies.
            C::CreateGroup { .. } => self.names_something_new("group"),
            // Keys of the key store raise nobody: the policies of S3 say who may use them.
            C::CreateKmsKey { .. } | C::ChangeKmsKey { .. } => Ok(()),
            // The proof of a password or a token is the right to the first two, and no session's. Gateways seal secrets again
            // by themselves, and for nobody. Other regions do not come by the admin API.
            C::OpenSession(_) | C::RefreshSession(_) | C::Reseal(_) | C::ResealKmsKey { .. } | C::Take(_) => {
                Err(Refusal::internal())
            }
        }
    }

    fn change_user(&self, change: &ChangeUser) -> Checked {
        let ChangeUser { user, role, display_name: _, email: _, enabled, limits } = change;
        let Some(row) = self.user(user)? else { return Ok(()) };
        Self::role(row.role, *role)?;
        if *user == self.by.name {
            let raises = enabled.is_some() || limits.is_some_and(|limits| limits != row.limits);
            return if raises { Err(Refusal::forbidden("nobody changes their own limits")) } else { Ok(()) };
        }
        limits.map_or(Ok(()), |limits| self.limits(limits))?;
        let lets_in = *enabled == Some(true) && !row.enabled;
        if lets_in { self.become_somebody(user) } else { self.has_all_of(user) }
    }

    fn role(before: Role, wanted: Option<Role>) -> Checked {
        match wanted {
            Some(role) if role != before => Err(Refusal::forbidden("only admins change a role")),
            _ => Ok(()),
        }
    }

    /// Nobody lets others be served faster than themselves.
    fn limits(&self, wanted: Limits) -> Checked {
        let own = self.user(&self.by.name)?.map(|row| row.limits).unwrap_or_default();
        let requests = within(wanted.requests_per_second, own.requests_per_second);
        let bytes = within(wanted.bytes_per_second, own.bytes_per_second);
        if requests && bytes { Ok(()) } else { Err(Refusal::forbidden("nobody gives wider limits than their own")) }
    }

    /// Somebody's rights by role and policies are among one's own.
    fn has_all_of(&self, user: &UserName) -> Checked {
        if *user == self.by.name {
            return Ok(());
        }
        let Some(row) = self.user(user)? else { return Ok(()) };
        if row.role == Role::Admin {
            return Err(Refusal::beyond("an admin"));
        }
        let mut policies = row.policies.clone();
        for group in &row.groups {
            policies.extend(self.snapshot.group(group)?.map(|group| group.policies).unwrap_or_default());
        }
        for policy in &policies {
            let document = self.document(policy)?;
            if document.is_some_and(|document| !cover::covers(&self.by.policies, &document)) {
                return Err(Refusal::beyond(&format!("a user with the policy {policy}")));
            }
        }
        Ok(())
    }

    /// The same of all that somebody has, for whoever could act as they: what they own, and what was given to them by
    /// name, is in no policy of theirs.
    fn become_somebody(&self, user: &UserName) -> Checked {
        if *user == self.by.name {
            return Ok(());
        }
        self.has_all_of(user)?;
        let Some(row) = self.user(user)? else { return Ok(()) };
        let (mut after, mut seen) = (None, 0);
        loop {
            let page = self.snapshot.list_buckets(after.as_ref(), BUCKETS_AT_ONCE)?;
            for (name, bucket) in &page {
                let access = self.snapshot.bucket_access(bucket.id)?;
                // With ACLs, objects in it may be theirs, or open to them.
                let has_acls = access.ownership.unwrap_or_default() != ObjectOwnership::BucketOwnerEnforced;
                let is_named = access.policy.is_some_and(|text| {
                    // One that cannot be read denies everything.
                    let policy = Document::bucket(&text, name);
                    policy.is_ok_and(|policy| cover::gives_by_name(&policy, user, &row.id))
                });
                let may_hold = bucket.owner == row.id || has_acls || is_named;
                if may_hold && !cover::covers_bucket(&self.by.policies, name) {
                    return Err(Refusal::beyond(&format!("a user who may have something in the bucket {name}")));
                }
            }
            seen += page.len();
            if page.len() < BUCKETS_AT_ONCE {
                return Ok(());
            }
            if seen >= BUCKETS_LOOKED_AT_MAX {
                return Err(Refusal::beyond("a user of a region with so many buckets"));
            }
            after = page.last().map(|(name, _)| name.clone());
        }
    }

    /// A policy gives nothing but what whoever hands it on has, and denies nothing.
    fn hands_on(&self, policy: &PolicyName) -> Checked {
        self.document(policy)?.map_or(Ok(()), |document| self.hands_on_document(policy, &document))
    }

    fn hands_on_document(&self, policy: &PolicyName, document: &Document) -> Checked {
        if document.denies_anything() {
            return Err(Refusal::forbidden(format!("the policy {policy} denies something: such ones are for admins")));
        }
        if cover::covers(&self.by.policies, document) {
            return Ok(());
        }
        Err(Refusal::beyond(&format!("the policy {policy}")))
    }

    fn hands_on_group(&self, group: &GroupName) -> Checked {
        let policies = self.snapshot.group(group)?.map(|group| group.policies).unwrap_or_default();
        policies.iter().try_for_each(|policy| self.hands_on(policy))
    }

    /// What a user has already may be more than the caller has.
    fn store(&self, policy: &PolicyName, document: &str) -> Checked {
        if let Some(row) = self.snapshot.policy(policy)? {
            if !row.holders.is_empty() {
                return Err(Refusal::forbidden("only admins change a policy that is attached: store another one"));
            }
            self.hands_on(policy)?;
        } else {
            self.names_something_new("policy")?;
        }
        let document = Document::identity(document).map_err(|error| Refusal::malformed_policy(error.to_string()))?;
        self.hands_on_document(policy, &document)
    }

    /// Users, groups and policies of one name in two regions become one. What has the name elsewhere, and may do more, does not
    /// show here.
    fn names_something_new(&self, noun: &str) -> Checked {
        if self.snapshot.totals()?.shares_identities {
            let message = format!(
                "other regions share this one's users, and may have a {noun} of that name: this needs an admin"
            );
            return Err(Refusal::forbidden(message));
        }
        Ok(())
    }

    /// A user who has a row. Root is above everybody.
    fn user(&self, name: &UserName) -> Result<Option<UserRow>, Refusal> {
        if name.is_root() {
            return Err(Refusal::beyond("root"));
        }
        Ok(self.snapshot.user(name)?)
    }

    fn document(&self, policy: &PolicyName) -> Result<Option<std::sync::Arc<Document>>, StateError> {
        Ok(attached(self.snapshot, policy.clone())?.map(|attached| attached.document))
    }
}

fn within<N: Ord>(wanted: Option<N>, own: Option<N>) -> bool {
    match (wanted, own) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(wanted), Some(own)) => wanted <= own,
    }
}
