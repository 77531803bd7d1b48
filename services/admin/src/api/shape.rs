//! The JSON documents of the API. Requests with unknown fields are refused.

use domain::row::{GroupRow, KeyRow, KmsKeyRow, PolicyRow, SessionRow, UserRow};
use events::ids::{AccessKeyId, BucketName, GroupName, KmsKeyName, PolicyName, SessionId, UserId, UserName};
use events::policy::Holder;
use events::quota::Quota;
use events::user::{Limits, Role};
use identity::Secret;
use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// The credentials of a login.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Login {
    /// The user name. For root, this is `root` or root's access key.
    pub(super) user: String,
    #[schemars(schema_with = "secret")]
    pub(super) password: Secret,
}

/// The password of the session's user, to be verified again.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Proof {
    #[schemars(schema_with = "secret")]
    pub(super) password: Secret,
}

/// An access token of the same session that shows that the password was just proven.
#[derive(Serialize, JsonSchema)]
pub(super) struct Proven {
    /// The access token, to be sent as `Authorization: Bearer <token>`.
    pub(super) access_token: String,
    /// The time at which the access token and the proof expire.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub(super) expires: Timestamp,
}

/// The session to refresh.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Refresh {
    /// Its refresh token, unless a cookie has it.
    #[schemars(schema_with = "secret")]
    pub(super) refresh_token: Option<Secret>,
    /// The id of the session. A token of another session is refused. A page whose token is in a cookie always sends
    /// this id, because other pages of its host may set cookies, too.
    pub(super) session: Option<SessionId>,
}

/// A session with its tokens.
#[derive(Serialize, JsonSchema)]
#[expect(clippy::struct_field_names, reason = "an id of a session is called so everywhere in the API")]
pub(super) struct Session {
    /// The access token, to be sent as `Authorization: Bearer <token>`.
    pub(super) access_token: String,
    /// The expiry of the access token.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub(super) expires: Timestamp,
    /// The refresh token, valid for one use, unless it is in a cookie. Using it twice ends the session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) refresh_token: Option<String>,
    /// The end of the session unless it is refreshed.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub(super) refresh_expires: Timestamp,
    /// The id of the session.
    pub(super) session: SessionId,
    pub(super) user: UserName,
    pub(super) role: Role,
}

/// A user.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct User {
    pub(super) name: UserName,
    /// The canonical id, which owns buckets and objects.
    pub(super) id: UserId,
    pub(super) role: Role,
    pub(super) display_name: String,
    pub(super) email: Option<String>,
    pub(super) enabled: bool,
    /// Whether the user has a password. Without one the user cannot log in, but keys work.
    pub(super) has_password: bool,
    pub(super) limits: Limits,
    pub(super) groups: Vec<GroupName>,
    /// The policies attached to the user, without those of the user's groups.
    pub(super) policies: Vec<PolicyName>,
    /// The time of creation; absent for root.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub(super) created: Option<Timestamp>,
}

impl User {
    pub(super) fn new(name: UserName, row: UserRow) -> Self {
        Self {
            name,
            id: row.id,
            role: row.role,
            display_name: row.display_name,
            email: row.email,
            enabled: row.enabled,
            has_password: row.password.is_some(),
            limits: row.limits,
            groups: row.groups.into_iter().collect(),
            policies: row.policies.into_iter().collect(),
            created: Some(row.created),
        }
    }

    /// Root, who is not stored in the ledger.
    pub(super) fn root() -> Self {
        Self {
            name: UserName::root(),
            id: UserId::root(),
            role: Role::Admin,
            display_name: UserName::ROOT.into(),
            email: None,
            enabled: true,
            has_password: true,
            limits: Limits::default(),
            groups: Vec::new(),
            policies: Vec::new(),
            created: None,
        }
    }
}

/// A page of users.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Users {
    pub(super) users: Vec<User>,
    /// The value of `after` for the next page; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<UserName>,
}

/// A user to create.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewUser {
    pub(super) name: UserName,
    /// The canonical id; by default a random one.
    #[serde(default)]
    pub(super) id: Option<UserId>,
    #[serde(default)]
    pub(super) role: Role,
    /// The display name in S3; by default the user's name.
    #[serde(default)]
    pub(super) display_name: Option<String>,
    #[serde(default)]
    pub(super) email: Option<String>,
    /// The password; without one the user cannot log in.
    #[serde(default)]
    #[schemars(schema_with = "secret_or_none")]
    pub(super) password: Option<Secret>,
    #[serde(default)]
    pub(super) limits: Limits,
}

/// Changes of a user. Absent fields are not changed.
#[expect(clippy::option_option, reason = "JSON tells `null` from absence")]
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UserChange {
    #[serde(default)]
    pub(super) role: Option<Role>,
    #[serde(default)]
    pub(super) display_name: Option<String>,
    /// The e-mail address; `null` removes it.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<String>")]
    pub(super) email: Option<Option<String>>,
    #[serde(default)]
    pub(super) enabled: Option<bool>,
    /// The rate limits. Both are replaced: a limit that is absent here is removed.
    #[serde(default)]
    pub(super) limits: Option<Limits>,
}

/// A new password. All sessions of the user end.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PasswordChange {
    /// The new password. `null` removes it, which only administrators may do.
    #[schemars(schema_with = "secret_or_none")]
    pub(super) password: Option<Secret>,
    /// The current password; required for changing one's own.
    #[serde(default)]
    #[schemars(schema_with = "secret_or_none")]
    pub(super) old_password: Option<Secret>,
}

/// An S3 key without its secret key, which is returned only once.
#[expect(clippy::struct_field_names, reason = "it is what S3 calls the public half")]
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Key {
    pub(super) access_key: AccessKeyId,
    pub(super) user: UserName,
    pub(super) enabled: bool,
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub(super) expires: Option<Timestamp>,
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub(super) created: Timestamp,
}

impl Key {
    pub(super) fn new(access_key: AccessKeyId, row: KeyRow) -> Self {
        Self { access_key, user: row.user, enabled: row.enabled, expires: row.expires, created: row.created }
    }
}

/// A page of keys.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Keys {
    pub(super) keys: Vec<Key>,
    /// The value of `after` for the next page; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<AccessKeyId>,
}

/// A key to create. Administrators may import an existing key with its secret key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewKey {
    #[serde(default)]
    pub(super) access_key: Option<AccessKeyId>,
    #[serde(default)]
    #[schemars(schema_with = "secret_or_none")]
    pub(super) secret_key: Option<Secret>,
    /// The expiry time; by default the key does not expire.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub(super) expires: Option<Timestamp>,
}

/// A new key. The secret key is not returned again.
#[derive(Serialize, JsonSchema)]
pub(super) struct MadeKey {
    pub(super) access_key: AccessKeyId,
    pub(super) secret_key: String,
    pub(super) user: UserName,
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub(super) expires: Option<Timestamp>,
}

/// Changes of a key. Absent fields are not changed.
#[expect(clippy::option_option, reason = "JSON tells `null` from absence")]
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyChange {
    #[serde(default)]
    pub(super) enabled: Option<bool>,
    /// The expiry time; `null` removes it.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub(super) expires: Option<Option<Timestamp>>,
}

/// An open session of a user.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct OpenSession {
    pub(super) session: SessionId,
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub(super) opened: Timestamp,
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub(super) expires: Timestamp,
}

impl OpenSession {
    pub(super) fn new(session: SessionId, row: &SessionRow) -> Self {
        Self { session, opened: row.opened, expires: row.expires }
    }
}

/// The open sessions of a user.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct OpenSessions {
    pub(super) sessions: Vec<OpenSession>,
}

/// A group.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Group {
    pub(super) name: GroupName,
    pub(super) members: Vec<UserName>,
    pub(super) policies: Vec<PolicyName>,
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub(super) created: Timestamp,
}

impl Group {
    pub(super) fn new(name: GroupName, row: GroupRow) -> Self {
        let members = row.members.into_iter().collect();
        Self { name, members, policies: row.policies.into_iter().collect(), created: row.created }
    }
}

/// A page of groups.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Groups {
    pub(super) groups: Vec<Group>,
    /// The value of `after` for the next page; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<GroupName>,
}

/// A group to create.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewGroup {
    pub(super) name: GroupName,
}

/// A key of the key store.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct KmsKey {
    pub(super) name: KmsKeyName,
    pub(super) enabled: bool,
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub(super) created: Timestamp,
}

impl KmsKey {
    pub(super) fn new(name: KmsKeyName, row: &KmsKeyRow) -> Self {
        Self { name, enabled: row.enabled, created: row.created }
    }
}

/// A page of keys of the key store.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct KmsKeys {
    pub(super) kms_keys: Vec<KmsKey>,
    /// The value of `after` for the next page; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<KmsKeyName>,
}

/// A key to create.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewKmsKey {
    pub(super) name: KmsKeyName,
}

/// Changes of a key of the key store.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct KmsKeyChange {
    pub(super) enabled: bool,
}

/// A policy.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Policy {
    pub(super) name: PolicyName,
    /// Whether the policy is built in, and cannot be changed.
    pub(super) built_in: bool,
    /// The policy document in the language of AWS IAM.
    #[schemars(schema_with = "document")]
    pub(super) document: Value,
    /// The users to which the policy is attached; absent for built-in policies, which each user lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) users: Option<Vec<UserName>>,
    /// The groups to which the policy is attached; absent for built-in policies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) groups: Option<Vec<GroupName>>,
    /// The time at which the document was stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub(super) stored: Option<Timestamp>,
}

impl Policy {
    pub(super) fn built_in(name: PolicyName, document: &str) -> Self {
        let document = as_json(document);
        Self { name, built_in: true, document, users: None, groups: None, stored: None }
    }

    pub(super) fn new(name: PolicyName, row: PolicyRow) -> Self {
        let (mut users, mut groups) = (Vec::new(), Vec::new());
        for holder in row.holders {
            match holder {
                Holder::User(user) => users.push(user),
                Holder::Group(group) => groups.push(group),
            }
        }
        let (users, groups) = (Some(users), Some(groups));
        Self { name, built_in: false, document: as_json(&row.document), users, groups, stored: Some(row.stored) }
    }
}

/// A document that was checked before it was stored.
fn as_json(document: &str) -> Value {
    serde_json::from_str(document).unwrap_or_else(|_| Value::String(document.to_owned()))
}

/// A page of policies.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Policies {
    pub(super) policies: Vec<Policy>,
    /// The value of `after` for the next page; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<PolicyName>,
}

/// A policy document in the language of AWS IAM.
#[derive(JsonSchema)]
pub(super) struct PolicyDocument(
    #[schemars(schema_with = "document")]
    #[expect(dead_code, reason = "only described")]
    Value,
);

/// A bucket with its owner, usage and quota.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Bucket {
    pub(super) name: BucketName,
    /// The canonical id of the owner.
    pub(super) owner: UserId,
    /// The name of the owner, unless that user was deleted.
    pub(super) owner_name: Option<UserName>,
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub(super) created: Timestamp,
    pub(super) usage: Usage,
    pub(super) quota: Quota,
}

/// The usage of a bucket.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Usage {
    /// The number of versions; delete markers do not count.
    pub(super) objects: u64,
    /// The bytes of all versions, as seen by clients.
    pub(super) bytes: u64,
}

/// A page of buckets.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Buckets {
    pub(super) buckets: Vec<Bucket>,
    /// The value of `after` for the next page; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<BucketName>,
}

/// The reason for which a request was refused.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only described: `answering` writes it")]
pub(super) struct Error {
    /// A stable code for programs.
    code: String,
    /// A message for people, which may change.
    message: String,
}

/// Distinguishes `null` from an absent field.
pub(super) fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

pub(super) fn secret(_: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({ "type": "string", "format": "password" })
}

fn secret_or_none(_: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({ "type": ["string", "null"], "format": "password" })
}

fn document(_: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({ "type": "object", "description": "A policy in the language of AWS IAM." })
}
