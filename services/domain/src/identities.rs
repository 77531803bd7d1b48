//! How `decide` and `project` read users, keys, groups, policies and sessions.

use events::ids::{AccessKeyId, GroupName, KmsKeyName, PolicyName, SessionId, UserId, UserName};

use crate::row::{GroupRow, KeyRow, KmsKeyRow, MadeRow, Named, PolicyRow, SessionRow, UserRow, WriteRow, Written};

/// Users, keys, groups, policies and sessions at one moment. Root is not among the users.
pub trait Identities {
    /// The error if they cannot be read.
    type Error;

    /// The sequence of the last event about users, keys, groups or policies. Values that were derived from them are
    /// valid until it changes.
    fn identities_changed(&self) -> Result<u64, Self::Error>;
    /// A user by name.
    fn user(&self, name: &UserName) -> Result<Option<UserRow>, Self::Error>;
    /// The name of the user with a canonical id.
    fn user_by_id(&self, id: &UserId) -> Result<Option<UserName>, Self::Error>;
    /// The name of the user with an e-mail address. Regions may give one to several users: then it is the first by name.
    fn user_by_email(&self, email: &str) -> Result<Option<UserName>, Self::Error>;
    /// A key.
    fn key(&self, id: &AccessKeyId) -> Result<Option<KeyRow>, Self::Error>;
    /// The ids of a user's keys after the given one, in order, at most `max`.
    fn keys_of(
        &self,
        user: &UserName,
        after: Option<&AccessKeyId>,
        max: usize,
    ) -> Result<Vec<AccessKeyId>, Self::Error>;
    /// A user's open sessions, in no order, at most [`crate::SESSIONS_PER_USER_MAX`].
    fn sessions_of(&self, user: &UserName) -> Result<Vec<(SessionId, SessionRow)>, Self::Error>;
    /// A group.
    fn group(&self, name: &GroupName) -> Result<Option<GroupRow>, Self::Error>;
    /// A stored policy.
    fn policy(&self, name: &PolicyName) -> Result<Option<PolicyRow>, Self::Error>;
    /// A key of the region's key store.
    fn kms_key(&self, name: &KmsKeyName) -> Result<Option<KmsKeyRow>, Self::Error>;
    /// A session.
    fn session(&self, id: SessionId) -> Result<Option<SessionRow>, Self::Error>;
    /// When the user, the group or the policy of a name was made.
    fn made(&self, name: &Named) -> Result<MadeRow, Self::Error>;
    /// When something was written.
    fn written(&self, name: &Written) -> Result<Option<WriteRow>, Self::Error>;
    /// What was written that belongs to a user, a group or a policy, in the order of its names as text.
    fn written_of(&self, owner: &Named) -> Result<Vec<Written>, Self::Error>;
    /// What is written of which a group or a policy is the second owner.
    fn written_with(&self, second: &Named) -> Result<Vec<Written>, Self::Error>;
}
