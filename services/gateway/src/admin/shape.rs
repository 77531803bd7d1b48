//! The JSON documents of the API. What comes in has no field that is not known here.

use domain::row::{GroupRow, KeyRow, KmsKeyRow, PolicyRow, SessionRow, UserRow};
use events::Author;
use events::ids::{
    AccessKeyId, BucketName, GroupName, KmsKeyName, PolicyName, RegionName, SessionId, UserId, UserName,
};
use events::policy::Holder;
use events::quota::Quota;
use events::user::{Limits, Role};
use identity::Secret;
use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// Who logs in.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Login {
    /// The user's name; root's is `root`, or its access key.
    pub(super) user: String,
    #[schemars(schema_with = "secret")]
    pub(super) password: Secret,
}

/// What a session is prolonged with.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Refresh {
    #[schemars(schema_with = "secret")]
    pub(super) refresh_token: Secret,
}

/// A session, for who opened or prolonged it.
#[derive(Serialize, JsonSchema)]
pub(super) struct Session {
    /// To be sent as `Authorization: Bearer <token>`.
    pub(super) access_token: String,
    /// When the access token ends.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub(super) expires: Timestamp,
    /// To be used once, for the next session document. Using it again ends the session.
    pub(super) refresh_token: String,
    /// When the session ends unless it is prolonged.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub(super) refresh_expires: Timestamp,
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
    /// Without a password nobody can log in; keys work all the same.
    pub(super) has_password: bool,
    pub(super) limits: Limits,
    pub(super) groups: Vec<GroupName>,
    /// The policies attached to the user, those of the groups not among them.
    pub(super) policies: Vec<PolicyName>,
    /// Absent for root.
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

    /// The one who has no row.
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

/// Some users.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Users {
    pub(super) users: Vec<User>,
    /// To be given as `after` for those that follow; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<UserName>,
}

/// A user to be made.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewUser {
    pub(super) name: UserName,
    /// The canonical id, if it must be a certain one; else a fresh one.
    #[serde(default)]
    pub(super) id: Option<UserId>,
    #[serde(default)]
    pub(super) role: Role,
    /// The name that S3 shows; else the user's name.
    #[serde(default)]
    pub(super) display_name: Option<String>,
    #[serde(default)]
    pub(super) email: Option<String>,
    /// Without one the user cannot log in.
    #[serde(default)]
    #[schemars(schema_with = "secret_or_none")]
    pub(super) password: Option<Secret>,
    #[serde(default)]
    pub(super) limits: Limits,
}

/// What is to be another way with a user. What is absent stays.
#[expect(clippy::option_option, reason = "JSON tells `null` from absence")]
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UserChange {
    #[serde(default)]
    pub(super) role: Option<Role>,
    #[serde(default)]
    pub(super) display_name: Option<String>,
    /// `null` takes it away.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<String>")]
    pub(super) email: Option<Option<String>>,
    #[serde(default)]
    pub(super) enabled: Option<bool>,
    /// Both limits are set anew: one that is absent here goes away.
    #[serde(default)]
    pub(super) limits: Option<Limits>,
}

/// Another password. Every session of the user ends.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PasswordChange {
    /// `null` takes the password away; only admins may do so.
    #[schemars(schema_with = "secret_or_none")]
    pub(super) password: Option<Secret>,
    /// The one before; needed for one's own.
    #[serde(default)]
    #[schemars(schema_with = "secret_or_none")]
    pub(super) old_password: Option<Secret>,
}

/// An S3 key without its secret, which is told once.
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

/// Some keys.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Keys {
    pub(super) keys: Vec<Key>,
    /// To be given as `after` for those that follow; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<AccessKeyId>,
}

/// A key to be made. Admins may bring one that exists elsewhere: both halves of it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewKey {
    #[serde(default)]
    pub(super) access_key: Option<AccessKeyId>,
    #[serde(default)]
    #[schemars(schema_with = "secret_or_none")]
    pub(super) secret_key: Option<Secret>,
    /// When it stops working; never if it is absent.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub(super) expires: Option<Timestamp>,
}

/// A key that was just made. Nobody is told the secret again.
#[derive(Serialize, JsonSchema)]
pub(super) struct MadeKey {
    pub(super) access_key: AccessKeyId,
    pub(super) secret_key: String,
    pub(super) user: UserName,
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub(super) expires: Option<Timestamp>,
}

/// What is to be another way with a key. What is absent stays.
#[expect(clippy::option_option, reason = "JSON tells `null` from absence")]
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyChange {
    #[serde(default)]
    pub(super) enabled: Option<bool>,
    /// `null` lets it work for good.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub(super) expires: Option<Option<Timestamp>>,
}

/// An open session, for who looks at a user's.
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

/// Some groups.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Groups {
    pub(super) groups: Vec<Group>,
    /// To be given as `after` for those that follow; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<GroupName>,
}

/// A group to be made.
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

/// Some keys of the key store.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct KmsKeys {
    pub(super) kms_keys: Vec<KmsKey>,
    /// To be given as `after` for those that follow; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<KmsKeyName>,
}

/// A key to be made.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewKmsKey {
    pub(super) name: KmsKeyName,
}

/// What to change of a key of the key store.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct KmsKeyChange {
    pub(super) enabled: bool,
}

/// The region.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Region {
    pub(super) name: RegionName,
    /// Facts up to this level may be written.
    pub(super) level: u32,
    /// The greatest level that this gateway knows.
    pub(super) known_level: u32,
    /// The release of this gateway.
    pub(super) release: &'static str,
    /// The number of the key that each author proves with what it writes to the log.
    pub(super) key_numbers: AuthorKeyNumbers,
}

/// Numbers of keys, by author.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct AuthorKeyNumbers {
    pub(super) gateway: u32,
    pub(super) lifecycle: u32,
}

/// Which key an author is to use.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AuthorKeyChange {
    pub(super) author: Author,
    /// One more than the number of the key that it uses.
    pub(super) number: u32,
}

/// A policy.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Policy {
    pub(super) name: PolicyName,
    /// It is part of every store, and cannot be changed.
    pub(super) built_in: bool,
    /// The document, in IAM's language.
    #[schemars(schema_with = "document")]
    pub(super) document: Value,
    /// The users it is attached to; absent for built-in ones, which each user names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) users: Option<Vec<UserName>>,
    /// The groups it is attached to, likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) groups: Option<Vec<GroupName>>,
    /// When the document was stored.
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

/// Some policies.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Policies {
    pub(super) policies: Vec<Policy>,
    /// To be given as `after` for those that follow; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<PolicyName>,
}

/// A policy document, in IAM's language.
#[derive(JsonSchema)]
pub(super) struct PolicyDocument(
    #[schemars(schema_with = "document")]
    #[expect(dead_code, reason = "only described")]
    Value,
);

/// A bucket: whose it is, what it holds and may hold.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Bucket {
    pub(super) name: BucketName,
    /// The canonical id of who owns it.
    pub(super) owner: UserId,
    /// The name of that user, if there still is one.
    pub(super) owner_name: Option<UserName>,
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub(super) created: Timestamp,
    pub(super) usage: Usage,
    pub(super) quota: Quota,
}

/// What a bucket holds.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Usage {
    /// Versions; delete markers do not count.
    pub(super) objects: u64,
    /// Bytes of those, as clients count them.
    pub(super) bytes: u64,
}

/// Some buckets.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Buckets {
    pub(super) buckets: Vec<Bucket>,
    /// To be given as `after` for those that follow; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<BucketName>,
}

/// Why something was not done.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only described: `answering` writes it")]
pub(super) struct Error {
    /// For programs.
    code: String,
    /// For people.
    message: String,
}

/// Tells `null` from absence.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

fn secret(_: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({ "type": "string", "format": "password" })
}

fn secret_or_none(_: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({ "type": ["string", "null"], "format": "password" })
}

fn document(_: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({ "type": "object", "description": "A policy in the language of AWS IAM." })
}
