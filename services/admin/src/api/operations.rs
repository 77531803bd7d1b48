//! What may be asked: one row per operation.

use policy::Action;

use super::access::Access;
use super::method::Method;
use super::operation::{Handler, Operation, known};
use super::{
    access_log, buckets, consumers, evidence, groups, history, insights, keys, kms_keys, live, login, logs, master_key,
    nodes, objects, openapi, policies, policy_check, region, replication, rewind, search, sessions, shape, site,
    targets, telemetry, users,
};

macro_rules! open {
    ($handler:path) => {
        Handler::Open(|asked| Box::pin($handler(asked)))
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
        about_nodes(),
        about_region(),
        about_consumers(),
        history::operations(),
        insights::operations(),
        targets::operations(),
        replication::operations(),
        evidence::operations(),
        rewind::operations(),
        objects::operations(),
        policy_check::operations(),
        search::operations(),
        site::operations(),
        live::operations(),
        telemetry::operations(),
        logs::operations(),
        access_log::operations(),
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
            .gives::<shape::Session>()
            .knows(&[login::COOKIE]),
        new("refresh", Post, "/api/v1/refresh", open!(login::refresh), "Refresh a session; each token works once")
            .takes::<shape::Refresh>()
            .gives::<shape::Session>()
            .knows(&[login::COOKIE]),
        new("logout", Post, "/api/v1/logout", known!(Known, login::logout), "Log out").knows(&[login::COOKIE]),
        new("prove", Post, "/api/v1/prove", known!(Known, login::prove), "Verify the caller's password again")
            .takes::<shape::Proof>()
            .gives::<shape::Proven>(),
        new("whoami", Get, "/api/v1/whoami", known!(Known, login::whoami), "Show the current user")
            .gives::<shape::User>(),
        new(
            "listSessions",
            Get,
            "/api/v1/users/{user}/sessions",
            known!(Own(AdminListSessions), sessions::list),
            "List a user's sessions",
        )
        .gives::<shape::OpenSessions>(),
        new(
            "revokeSessions",
            Delete,
            "/api/v1/users/{user}/sessions",
            known!(Own(AdminRevokeSessions), sessions::revoke_all),
            "End all sessions of a user",
        )
        .without_proof(),
        new(
            "revokeSession",
            Delete,
            "/api/v1/users/{user}/sessions/{session}",
            known!(Own(AdminRevokeSession), sessions::revoke),
            "End a session of a user",
        )
        .without_proof(),
    ]
}

fn about_users() -> Vec<Operation> {
    use Method::{Delete, Get, Patch, Post, Put};
    let new = Operation::new;
    vec![
        new("listUsers", Get, "/api/v1/users", known!(Right(AdminListUsers), users::list), "List users, without root")
            .gives::<shape::Users>()
            .paged(),
        new("createUser", Post, "/api/v1/users", known!(Right(AdminCreateUser), users::create), "Create a user")
            .takes::<shape::NewUser>()
            .makes::<shape::User>(),
        new("getUser", Get, "/api/v1/users/{user}", known!(Own(AdminGetUser), users::get), "Show a user")
            .gives::<shape::User>(),
        new(
            "changeUser",
            Patch,
            "/api/v1/users/{user}",
            known!(Right(AdminChangeUser), users::change),
            "Change a user",
        )
        .takes::<shape::UserChange>()
        .gives::<shape::User>(),
        new(
            "deleteUser",
            Delete,
            "/api/v1/users/{user}",
            known!(Right(AdminDeleteUser), users::delete),
            "Delete a user with all keys and sessions; buckets and objects stay",
        ),
        new(
            "setPassword",
            Put,
            "/api/v1/users/{user}/password",
            known!(Own(AdminSetPassword), users::set_password),
            "Set a password; all sessions of the user end",
        )
        .takes::<shape::PasswordChange>()
        .proven_for_others(),
    ]
}

fn about_keys() -> Vec<Operation> {
    use Method::{Delete, Get, Patch, Post};
    let new = Operation::new;
    vec![
        new(
            "listKeys",
            Get,
            "/api/v1/users/{user}/keys",
            known!(Own(AdminListKeys), keys::list),
            "List the S3 keys of a user",
        )
        .gives::<shape::Keys>()
        .paged(),
        new(
            "createKey",
            Post,
            "/api/v1/users/{user}/keys",
            known!(Own(AdminCreateKey), keys::create),
            "Create an S3 key; its secret key is returned only once",
        )
        .takes::<shape::NewKey>()
        .makes::<shape::MadeKey>(),
        new(
            "changeKey",
            Patch,
            "/api/v1/users/{user}/keys/{key}",
            known!(Own(AdminChangeKey), keys::change),
            "Enable or disable a key, or set its expiry",
        )
        .takes::<shape::KeyChange>()
        .gives::<shape::Key>(),
        new(
            "deleteKey",
            Delete,
            "/api/v1/users/{user}/keys/{key}",
            known!(Own(AdminDeleteKey), keys::delete),
            "Delete a key",
        ),
    ]
}

fn about_groups() -> Vec<Operation> {
    use Method::{Delete, Get, Post, Put};
    let new = Operation::new;
    vec![
        new("listGroups", Get, "/api/v1/groups", known!(Right(AdminListGroups), groups::list), "List groups")
            .gives::<shape::Groups>()
            .paged(),
        new("createGroup", Post, "/api/v1/groups", known!(Right(AdminCreateGroup), groups::create), "Create a group")
            .takes::<shape::NewGroup>()
            .makes::<shape::Group>(),
        new("getGroup", Get, "/api/v1/groups/{group}", known!(Right(AdminGetGroup), groups::get), "Show a group")
            .gives::<shape::Group>(),
        new(
            "deleteGroup",
            Delete,
            "/api/v1/groups/{group}",
            known!(Right(AdminDeleteGroup), groups::delete),
            "Delete a group",
        ),
        new("addMember", Put, MEMBER, known!(Right(AdminAddMember), groups::add_member), "Add a user to a group"),
        new(
            "removeMember",
            Delete,
            MEMBER,
            known!(Right(AdminRemoveMember), groups::remove_member),
            "Remove a user from a group",
        ),
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
            known!(Right(AdminListPolicies), policies::list),
            "List policies, built-in policies first",
        )
        .gives::<shape::Policies>()
        .paged(),
        new(
            "getPolicy",
            Get,
            "/api/v1/policies/{policy}",
            known!(Right(AdminGetPolicy), policies::get),
            "Show a policy",
        )
        .gives::<shape::Policy>(),
        new(
            "putPolicy",
            Put,
            "/api/v1/policies/{policy}",
            known!(Right(AdminPutPolicy), policies::put),
            "Create a policy or replace its document",
        )
        .takes::<shape::PolicyDocument>()
        .gives::<shape::Policy>(),
        new(
            "deletePolicy",
            Delete,
            "/api/v1/policies/{policy}",
            known!(Right(AdminDeletePolicy), policies::delete),
            "Delete a policy that is not attached",
        ),
        new(
            "attachToUser",
            Put,
            OF_USER,
            known!(Right(AdminAttachToUser), policies::attach_to_user),
            "Attach a policy to a user",
        ),
        new(
            "detachFromUser",
            Delete,
            OF_USER,
            known!(Right(AdminDetachFromUser), policies::detach_from_user),
            "Detach a policy from a user",
        ),
        new(
            "attachToGroup",
            Put,
            OF_GROUP,
            known!(Right(AdminAttachToGroup), policies::attach_to_group),
            "Attach a policy to a group",
        ),
        new(
            "detachFromGroup",
            Delete,
            OF_GROUP,
            known!(Right(AdminDetachFromGroup), policies::detach_from_group),
            "Detach a policy from a group",
        ),
    ]
}

fn about_kms_keys() -> Vec<Operation> {
    use Method::{Get, Patch, Post};
    let new = Operation::new;
    vec![
        new(
            "listKmsKeys",
            Get,
            "/api/v1/kms-keys",
            known!(Right(AdminListKmsKeys), kms_keys::list),
            "List the keys of the key store",
        )
        .gives::<shape::KmsKeys>()
        .paged(),
        new(
            "createKmsKey",
            Post,
            "/api/v1/kms-keys",
            known!(Right(AdminCreateKmsKey), kms_keys::create),
            "Create a key for SSE-KMS; it never leaves the store",
        )
        .takes::<shape::NewKmsKey>()
        .makes::<shape::KmsKey>(),
        new(
            "changeKmsKey",
            Patch,
            "/api/v1/kms-keys/{kms_key}",
            known!(Right(AdminChangeKmsKey), kms_keys::change),
            "Enable or disable a key; objects under a disabled key can be neither read nor written",
        )
        .takes::<shape::KmsKeyChange>()
        .gives::<shape::KmsKey>(),
    ]
}

fn about_nodes() -> Vec<Operation> {
    use Method::{Get, Post};
    let new = Operation::new;
    vec![
        new(
            "listNodes",
            Get,
            "/api/v1/nodes",
            known!(Right(AdminListNodes), nodes::list),
            "List the storage nodes that have joined",
        )
        .gives::<nodes::Nodes>()
        .paged(),
        new("getNode", Get, "/api/v1/nodes/{node}", known!(Right(AdminGetNode), nodes::get), "Show a storage node")
            .gives::<nodes::Node>(),
        new(
            "drainNode",
            Post,
            "/api/v1/nodes/{node}/drain",
            known!(Right(AdminDrainNode), nodes::drain),
            "Drain a storage node: it gets no new shards, and its shards move to other nodes",
        )
        .takes::<nodes::NodeForce>()
        .gives::<nodes::Node>()
        .without_proof(),
        new(
            "resumeNode",
            Post,
            "/api/v1/nodes/{node}/resume",
            known!(Right(AdminResumeNode), nodes::resume),
            "Resume a storage node that was drained or removed: it gets new shards again",
        )
        .gives::<nodes::Node>()
        .without_proof(),
        new(
            "removeNode",
            Post,
            "/api/v1/nodes/{node}/remove",
            known!(Right(AdminRemoveNode), nodes::remove),
            "Remove a storage node on which nothing is placed. With `force`, the shards placed on it are given up",
        )
        .takes::<nodes::NodeForce>()
        .gives::<nodes::Node>(),
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
            known!(Right(AdminGetRegion), region::get),
            "Show the region, its level and its author keys",
        )
        .gives::<region::Region>(),
        new(
            "upgradeRegion",
            Post,
            "/api/v1/region/upgrade",
            known!(Right(AdminUpgradeRegion), region::upgrade),
            "Raise the region's level to that of this release. Processes of older releases stop, so make sure that \
             none is running",
        )
        .gives::<region::Region>(),
        new(
            "changeAuthorKey",
            Post,
            "/api/v1/region/keys",
            known!(Right(AdminChangeAuthorKey), region::change_key),
            "Rotate an author key: the author proves its events with the next key. Processes without that key stop, \
             so distribute it first",
        )
        .takes::<region::AuthorKeyChange>()
        .gives::<region::Region>(),
        new(
            "getMasterKey",
            Get,
            "/api/v1/region/master-key",
            known!(Right(AdminGetMasterKey), master_key::get),
            "Show the master key in use, and how many secrets are still sealed with former keys",
        )
        .gives::<master_key::MasterKeys>(),
        new(
            "rotateMasterKey",
            Post,
            "/api/v1/region/master-key",
            known!(Right(AdminRotateMasterKey), master_key::rotate),
            "Rotate the master key: secrets are sealed and events are proven with the next one. Processes without that \
             key stop, so distribute it first",
        )
        .takes::<master_key::MasterKeyChange>()
        .gives::<master_key::MasterKeys>(),
    ]
}

fn about_consumers() -> Vec<Operation> {
    use Method::{Delete, Get, Post};
    let new = Operation::new;
    vec![
        new(
            "listConsumers",
            Get,
            "/api/v1/consumers",
            known!(Right(AdminListConsumers), consumers::list),
            "List the durable consumers that read events over NATS, with the position of each",
        )
        .gives::<consumers::ConsumerList>(),
        new(
            "addConsumer",
            Post,
            "/api/v1/consumers",
            known!(Right(AdminAddConsumer), consumers::add),
            "Add a durable consumer and a NATS login that may read its events and nothing else. The caller needs \
             `planetstore:ReadEvents` as well. The password is not returned again",
        )
        .takes::<consumers::NewConsumer>()
        .makes::<consumers::AddedConsumer>(),
        new(
            "removeConsumer",
            Delete,
            "/api/v1/consumers/{consumer}",
            known!(Right(AdminRemoveConsumer), consumers::remove),
            "Remove a durable consumer and its login",
        ),
    ]
}

fn about_buckets() -> Vec<Operation> {
    use Method::{Delete, Get, Put};
    use events::quota::Quota;
    let new = Operation::new;
    vec![
        new(
            "listBuckets",
            Get,
            "/api/v1/buckets",
            known!(Everyone(AdminListBuckets), buckets::list),
            "List buckets with their usage: all of them for whoever has `admin:ListBuckets`, for others those of which they \
             may list everything",
        )
        .gives::<shape::Buckets>()
        .paged(),
        new(
            "getBucket",
            Get,
            "/api/v1/buckets/{bucket}",
            known!(Everyone(AdminGetBucket), buckets::get),
            "Show a bucket, to whoever may list all of it or has `admin:GetBucket`",
        )
        .gives::<shape::Bucket>(),
        new("getQuota", Get, QUOTA, known!(Right(AdminGetQuota), buckets::quota), "Show a bucket's quota")
            .gives::<Quota>(),
        new(
            "putQuota",
            Put,
            QUOTA,
            known!(Right(AdminPutQuota), buckets::set_quota),
            "Set a bucket's quota, which counts all versions; an absent value is no limit",
        )
        .takes::<Quota>()
        .gives::<Quota>()
        .without_proof(),
        new(
            "deleteQuota",
            Delete,
            QUOTA,
            known!(Right(AdminDeleteQuota), buckets::clear_quota),
            "Remove a bucket's quota",
        )
        .without_proof(),
    ]
}
