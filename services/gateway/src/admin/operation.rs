//! What may be asked: one row per operation.

use axum::routing::MethodFilter;
use futures_util::future::BoxFuture;
use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::access::{Access, Caller};
use super::answer::Answer;
use super::asked::Asked;
use super::refusal::Refusal;
use super::{buckets, groups, keys, kms_keys, login, openapi, policies, region, sessions, shape, users};

/// How something is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    pub(super) fn filter(self) -> MethodFilter {
        match self {
            Self::Get => MethodFilter::GET,
            Self::Post => MethodFilter::POST,
            Self::Put => MethodFilter::PUT,
            Self::Patch => MethodFilter::PATCH,
            Self::Delete => MethodFilter::DELETE,
        }
    }

    /// Its name in `OpenAPI`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
            Self::Put => "put",
            Self::Patch => "patch",
            Self::Delete => "delete",
        }
    }
}

type Doing = BoxFuture<'static, Result<Answer, Refusal>>;

/// Who does it, and for whom: there is no way to name one without the other.
#[derive(Clone, Copy)]
pub(super) enum Handler {
    /// For everybody.
    Open(fn(Asked) -> Doing),
    /// For some who have logged in.
    Known(Access, fn(Asked, Caller) -> Doing),
}

/// The schema of a document.
pub(super) type Shape = fn(&mut SchemaGenerator) -> Schema;

/// What can be asked.
#[derive(Clone)]
pub(super) struct Operation {
    /// What `OpenAPI` and the metrics call it.
    pub(super) name: &'static str,
    pub(super) method: Method,
    pub(super) path: &'static str,
    pub(super) summary: &'static str,
    pub(super) handler: Handler,
    /// The document that comes in.
    pub(super) takes: Option<Shape>,
    /// The status of success, and the document that goes out with it.
    pub(super) status: u16,
    pub(super) gives: Option<Shape>,
    /// It knows `after` and `limit`.
    pub(super) is_paged: bool,
}

impl Operation {
    fn new(name: &'static str, method: Method, path: &'static str, handler: Handler, summary: &'static str) -> Self {
        Self { name, method, path, summary, handler, takes: None, status: 204, gives: None, is_paged: false }
    }

    fn takes<T: JsonSchema>(self) -> Self {
        Self { takes: Some(SchemaGenerator::subschema_for::<T>), ..self }
    }

    fn gives<T: JsonSchema>(self) -> Self {
        Self { gives: Some(SchemaGenerator::subschema_for::<T>), status: 200, ..self }
    }

    fn makes<T: JsonSchema>(self) -> Self {
        Self { status: 201, ..self.gives::<T>() }
    }

    fn paged(self) -> Self {
        Self { is_paged: true, ..self }
    }

    pub(super) fn access(&self) -> Access {
        match self.handler {
            Handler::Open(_) => Access::Open,
            Handler::Known(access, _) => access,
        }
    }
}

macro_rules! open {
    ($handler:path) => {
        Handler::Open(|asked| Box::pin($handler(asked)))
    };
}

macro_rules! known {
    ($access:ident, $handler:path) => {
        Handler::Known(Access::$access, |asked, caller| Box::pin($handler(asked, caller)))
    };
}

/// Paths of two methods each.
const MEMBER: &str = "/api/v1/groups/{group}/members/{user}";
const OF_USER: &str = "/api/v1/policies/{policy}/users/{user}";
const OF_GROUP: &str = "/api/v1/policies/{policy}/groups/{group}";
const QUOTA: &str = "/api/v1/buckets/{bucket}/quota";

/// All of them.
pub(super) fn operations() -> Vec<Operation> {
    [
        about_sessions(),
        about_users(),
        about_keys(),
        about_groups(),
        about_policies(),
        about_kms_keys(),
        about_buckets(),
        about_region(),
    ]
    .concat()
}

fn about_sessions() -> Vec<Operation> {
    use Method::{Delete, Get, Post};
    let new = Operation::new;
    vec![
        new("openapi", Get, "/api/v1/openapi.json", open!(openapi::get), "Get this document")
            .gives::<serde_json::Value>(),
        new("login", Post, "/api/v1/login", open!(login::login), "Log in")
            .takes::<shape::Login>()
            .gives::<shape::Session>(),
        new("refresh", Post, "/api/v1/refresh", open!(login::refresh), "Refresh a session; each token works once")
            .takes::<shape::Refresh>()
            .gives::<shape::Session>(),
        new("logout", Post, "/api/v1/logout", known!(Known, login::logout), "Log out"),
        new("whoami", Get, "/api/v1/whoami", known!(Known, login::whoami), "Show the current user")
            .gives::<shape::User>(),
        new(
            "listSessions",
            Get,
            "/api/v1/users/{user}/sessions",
            known!(Own, sessions::list),
            "List a user's sessions",
        )
        .gives::<shape::OpenSessions>(),
        new(
            "revokeSessions",
            Delete,
            "/api/v1/users/{user}/sessions",
            known!(Own, sessions::revoke_all),
            "End all sessions of a user",
        ),
        new(
            "revokeSession",
            Delete,
            "/api/v1/users/{user}/sessions/{session}",
            known!(Own, sessions::revoke),
            "End a session of a user",
        ),
    ]
}

fn about_users() -> Vec<Operation> {
    use Method::{Delete, Get, Patch, Post, Put};
    let new = Operation::new;
    vec![
        new("listUsers", Get, "/api/v1/users", known!(Admin, users::list), "List users, without root")
            .gives::<shape::Users>()
            .paged(),
        new("createUser", Post, "/api/v1/users", known!(Admin, users::create), "Create a user")
            .takes::<shape::NewUser>()
            .makes::<shape::User>(),
        new("getUser", Get, "/api/v1/users/{user}", known!(Own, users::get), "Show a user").gives::<shape::User>(),
        new("changeUser", Patch, "/api/v1/users/{user}", known!(Admin, users::change), "Change a user")
            .takes::<shape::UserChange>()
            .gives::<shape::User>(),
        new(
            "deleteUser",
            Delete,
            "/api/v1/users/{user}",
            known!(Admin, users::delete),
            "Delete a user with all keys and sessions; buckets and objects stay",
        ),
        new(
            "setPassword",
            Put,
            "/api/v1/users/{user}/password",
            known!(Own, users::set_password),
            "Set a password; all sessions of the user end",
        )
        .takes::<shape::PasswordChange>(),
    ]
}

fn about_keys() -> Vec<Operation> {
    use Method::{Delete, Get, Patch, Post};
    let new = Operation::new;
    vec![
        new("listKeys", Get, "/api/v1/users/{user}/keys", known!(Own, keys::list), "List the S3 keys of a user")
            .gives::<shape::Keys>()
            .paged(),
        new(
            "createKey",
            Post,
            "/api/v1/users/{user}/keys",
            known!(Own, keys::create),
            "Create an S3 key; its secret key is returned only once",
        )
        .takes::<shape::NewKey>()
        .makes::<shape::MadeKey>(),
        new(
            "changeKey",
            Patch,
            "/api/v1/users/{user}/keys/{key}",
            known!(Own, keys::change),
            "Enable or disable a key, or set its expiry",
        )
        .takes::<shape::KeyChange>()
        .gives::<shape::Key>(),
        new("deleteKey", Delete, "/api/v1/users/{user}/keys/{key}", known!(Own, keys::delete), "Delete a key"),
    ]
}

fn about_groups() -> Vec<Operation> {
    use Method::{Delete, Get, Post, Put};
    let new = Operation::new;
    vec![
        new("listGroups", Get, "/api/v1/groups", known!(Admin, groups::list), "List groups")
            .gives::<shape::Groups>()
            .paged(),
        new("createGroup", Post, "/api/v1/groups", known!(Admin, groups::create), "Create a group")
            .takes::<shape::NewGroup>()
            .makes::<shape::Group>(),
        new("getGroup", Get, "/api/v1/groups/{group}", known!(Admin, groups::get), "Show a group")
            .gives::<shape::Group>(),
        new("deleteGroup", Delete, "/api/v1/groups/{group}", known!(Admin, groups::delete), "Delete a group"),
        new("addMember", Put, MEMBER, known!(Admin, groups::add_member), "Add a user to a group"),
        new("removeMember", Delete, MEMBER, known!(Admin, groups::remove_member), "Remove a user from a group"),
    ]
}

fn about_policies() -> Vec<Operation> {
    use Method::{Delete, Get, Put};
    let new = Operation::new;
    vec![
        new(
            "listPolicies",
            Get,
            "/api/v1/policies",
            known!(Admin, policies::list),
            "List policies, built-in policies first",
        )
        .gives::<shape::Policies>()
        .paged(),
        new("getPolicy", Get, "/api/v1/policies/{policy}", known!(Admin, policies::get), "Show a policy")
            .gives::<shape::Policy>(),
        new(
            "putPolicy",
            Put,
            "/api/v1/policies/{policy}",
            known!(Admin, policies::put),
            "Create a policy or replace its document",
        )
        .takes::<shape::PolicyDocument>()
        .gives::<shape::Policy>(),
        new(
            "deletePolicy",
            Delete,
            "/api/v1/policies/{policy}",
            known!(Admin, policies::delete),
            "Delete a policy that is not attached",
        ),
        new("attachToUser", Put, OF_USER, known!(Admin, policies::attach_to_user), "Attach a policy to a user"),
        new(
            "detachFromUser",
            Delete,
            OF_USER,
            known!(Admin, policies::detach_from_user),
            "Detach a policy from a user",
        ),
        new("attachToGroup", Put, OF_GROUP, known!(Admin, policies::attach_to_group), "Attach a policy to a group"),
        new(
            "detachFromGroup",
            Delete,
            OF_GROUP,
            known!(Admin, policies::detach_from_group),
            "Detach a policy from a group",
        ),
    ]
}

fn about_kms_keys() -> Vec<Operation> {
    use Method::{Get, Patch, Post};
    let new = Operation::new;
    vec![
        new("listKmsKeys", Get, "/api/v1/kms-keys", known!(Admin, kms_keys::list), "List the keys of the key store")
            .gives::<shape::KmsKeys>()
            .paged(),
        new(
            "createKmsKey",
            Post,
            "/api/v1/kms-keys",
            known!(Admin, kms_keys::create),
            "Create a key for SSE-KMS; it never leaves the store",
        )
        .takes::<shape::NewKmsKey>()
        .makes::<shape::KmsKey>(),
        new(
            "changeKmsKey",
            Patch,
            "/api/v1/kms-keys/{kms_key}",
            known!(Admin, kms_keys::change),
            "Enable or disable a key; objects under a disabled key can be neither read nor written",
        )
        .takes::<shape::KmsKeyChange>()
        .gives::<shape::KmsKey>(),
    ]
}

fn about_region() -> Vec<Operation> {
    use Method::{Get, Post};
    let new = Operation::new;
    vec![
        new(
            "getRegion",
            Get,
            "/api/v1/region",
            known!(Admin, region::get),
            "Show the region, its level and its author keys",
        )
        .gives::<shape::Region>(),
        new(
            "upgradeRegion",
            Post,
            "/api/v1/region/upgrade",
            known!(Admin, region::upgrade),
            "Raise the region's level to that of this release. Processes of older releases stop, so make sure that \
             none is running",
        )
        .gives::<shape::Region>(),
        new(
            "changeAuthorKey",
            Post,
            "/api/v1/region/keys",
            known!(Admin, region::change_key),
            "Rotate an author key: the author proves its events with the next key. Processes without that key stop, \
             so distribute it first",
        )
        .takes::<shape::AuthorKeyChange>()
        .gives::<shape::Region>(),
    ]
}

fn about_buckets() -> Vec<Operation> {
    use Method::{Delete, Get, Put};
    use events::quota::Quota;
    let new = Operation::new;
    vec![
        new("listBuckets", Get, "/api/v1/buckets", known!(Admin, buckets::list), "List buckets with their usage")
            .gives::<shape::Buckets>()
            .paged(),
        new("getBucket", Get, "/api/v1/buckets/{bucket}", known!(Admin, buckets::get), "Show a bucket")
            .gives::<shape::Bucket>(),
        new("getQuota", Get, QUOTA, known!(Admin, buckets::quota), "Show a bucket's quota").gives::<Quota>(),
        new(
            "putQuota",
            Put,
            QUOTA,
            known!(Admin, buckets::set_quota),
            "Set a bucket's quota, which counts all versions; an absent value is no limit",
        )
        .takes::<Quota>()
        .gives::<Quota>(),
        new("deleteQuota", Delete, QUOTA, known!(Admin, buckets::clear_quota), "Remove a bucket's quota"),
    ]
}
