//! What policies give of administration, and what nobody gets by it.

use domain::Command;
use events::access::ObjectOwnership;
use events::user::Role;
use http::StatusCode;
use serde_json::{Value, json};

use super::store::Store;
use crate::api::access::Access;
use crate::api::answering::targets;
use crate::api::method::Method::{self, Delete, Get, Patch, Post, Put};
use crate::api::operations::operations;

const USER_MANAGER: &str = include_str!("../../../../../docs/policies/user-manager.json");

/// What the manager may beside managing users: what she needs to try to give herself more.
const WRITES_POLICIES: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow",
    "Action":["admin:PutPolicy","admin:DeletePolicy"],"Resource":"*"}}"#;

/// What the manager has of S3, and may hand on.
const READS_PAPERS: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow",
    "Action":["s3:GetObject","s3:ListBucket"],"Resource":["arn:aws:s3:::papers","arn:aws:s3:::papers/*"]}}"#;

const DENIES: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"s3:*","Resource":"*"}}"#;

fn allow(action: &str, resource: &str) -> Value {
    json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": action, "Resource": resource } })
}

/// A store with people in it, and who asks.
struct World {
    store: Store,
    root: String,
    mia: String,
}

impl World {
    /// `mia` manages users; `eve` is an admin; `bob` may do everything in S3; `mal` is kept from it; `ada` and `pam` have
    /// nothing. The group `staff` may do everything in S3, `kept` is kept from it, `open` has nothing.
    async fn new() -> Self {
        let store = Store::new().await;
        for (name, role) in
            [("mia", Role::User), ("eve", Role::Admin), ("bob", Role::User), ("ada", Role::User), ("pam", Role::User)]
        {
            store.user(name, role).await;
        }
        store.user("xal", Role::User).await;
        let (root, mia) = (store.token("root").await, store.token("mia").await);
        let world = Self { store, root, mia };
        for (policy, document) in [
            ("manager", serde_json::from_str(USER_MANAGER).unwrap()),
            ("writer", serde_json::from_str(WRITES_POLICIES).unwrap()),
            ("papers", serde_json::from_str(READS_PAPERS).unwrap()),
            ("leash", serde_json::from_str(DENIES).unwrap()),
            ("harmless", allow("s3:GetObject", "arn:aws:s3:::papers/*")),
        ] {
            world.must(Put, &format!("/policies/{policy}"), document).await;
        }
        for group in ["staff", "kept", "open"] {
            world.must(Post, "/groups", json!({ "name": group })).await;
        }
        for path in [
            "/policies/manager/users/mia",
            "/policies/writer/users/mia",
            "/policies/papers/users/mia",
            "/policies/readwrite/users/bob",
            "/policies/readwrite/groups/staff",
            "/policies/leash/groups/kept",
            "/policies/leash/users/xal",
            "/policies/harmless/users/eve",
            "/groups/kept/members/xal",
        ] {
            world.must(Put, path, Value::Null).await;
        }
        for user in ["eve", "bob"] {
            let made = world.must(Post, &format!("/users/{user}/keys"), json!({})).await;
            let key = made["access_key"].as_str().unwrap();
            world.must(Patch, &format!("/users/{user}/keys/{key}"), json!({ "enabled": false })).await;
        }
        world
    }

    async fn must(&self, method: Method, path: &str, document: Value) -> Value {
        let answer = self.store.ask(method, &format!("/api/v1{path}"), &self.root, &document).await;
        assert!(answer.status.is_success(), "{path}: {answer:?}");
        answer.body
    }

    async fn ask(&self, token: &str, method: Method, path: &str, document: Value) -> StatusCode {
        self.store.ask(method, &format!("/api/v1{path}"), token, &document).await.status
    }

    /// The caller is refused, and nothing changes.
    async fn refused(&self, token: &str, what: &str, method: Method, path: &str, document: Value) {
        let before = self.store.events().await;
        let answer = self.store.ask(method, &format!("/api/v1{path}"), token, &document).await;
        assert_eq!((answer.status, answer.code()), (StatusCode::FORBIDDEN, "forbidden"), "{what}: {answer:?}");
        assert_eq!(self.store.events().await, before, "{what} changed something");
    }

    async fn bucket(&self, name: &str, owner: &str, ownership: Option<ObjectOwnership>) {
        let owner = self.must(Get, &format!("/users/{owner}"), Value::Null).await["id"].as_str().unwrap().to_owned();
        let command = Command::CreateBucket {
            bucket: name.parse().unwrap(),
            owner: owner.parse().unwrap(),
            acl: None,
            ownership,
            object_lock: false,
            location: None,
            tags: events::tags::Tags::default(),
        };
        self.store.commit_any(command).await;
    }

    async fn key_of(&self, user: &str) -> String {
        let keys = self.must(Get, &format!("/users/{user}/keys"), Value::Null).await;
        keys["keys"][0]["access_key"].as_str().unwrap().to_owned()
    }
}

#[test]
fn the_right_for_an_operation_is_called_as_the_operation_and_asked_of_what_its_path_names() {
    for operation in operations() {
        let (Access::Everyone(action) | Access::Own(action) | Access::Right(action)) = operation.access() else {
            continue;
        };
        // A stream of log lines needs the right to a page of them.
        let mut name = operation.name.replace("streamLogs", "getLogs");
        name[..1].make_ascii_uppercase();
        assert_eq!(action.name(), format!("admin:{name}"));
    }
    let of = |path, params: &[(&str, &str)]| {
        let params: Vec<_> = params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        targets(path, &params)
    };
    assert_eq!(of("/api/v1/users", &[]), ["user/*"]);
    assert_eq!(of("/api/v1/kms-keys", &[]), ["kms-key/*"]);
    assert_eq!(of("/api/v1/region/upgrade", &[]), ["region"]);
    assert_eq!(of("", &[("user", "ada"), ("key", "AK")]), ["user/ada"]);
    assert_eq!(of("", &[("policy", "p"), ("group", "g")]), ["policy/p", "group/g"]);
    assert_eq!(of("/api/v1/nodes/{node}/drain", &[("node", "n1")]), ["node/n1"]);
    assert_eq!(of("/api/v1/nodes", &[]), ["node/*"]);
}

#[tokio::test]
async fn a_manager_of_users_manages_users() {
    let world = World::new().await;
    for (method, path, document) in [
        (Get, "/users", Value::Null),
        (Post, "/users", json!({ "name": "new", "password": "correct horse" })),
        (Patch, "/users/new", json!({ "display_name": "New" })),
        (Put, "/users/new/password", json!({ "password": "battery staple" })),
        (Post, "/users/new/keys", json!({})),
        (Put, "/policies/papers/users/new", Value::Null),
        (Put, "/policies/manager/users/new", Value::Null),
        (Put, "/users/new/password", json!({ "password": "correct staple" })),
        (Delete, "/policies/manager/users/new", Value::Null),
        (Put, "/groups/open/members/new", Value::Null),
        (Put, "/policies/papers/groups/open", Value::Null),
        (Delete, "/groups/open/members/new", Value::Null),
        (Patch, "/users/new", json!({ "enabled": false })),
        (Patch, "/users/new", json!({ "enabled": true })),
        (Delete, "/users/new/sessions", Value::Null),
        (Put, "/policies/fine", allow("s3:GetObject", "arn:aws:s3:::papers/2026/*")),
        (Delete, "/policies/fine", Value::Null),
        (Delete, "/users/new", Value::Null),
    ] {
        let answer = world.store.ask(method, &format!("/api/v1{path}"), &world.mia, &document).await;
        assert!(answer.status.is_success(), "{} {path}: {answer:?}", method.name());
    }
    for (what, method, path, document) in [
        ("a KMS key", Post, "/kms-keys", json!({ "name": "vault" })),
        ("an upgrade", Post, "/region/upgrade", Value::Null),
        ("the key of an author", Post, "/region/keys", json!({ "author": "gateway", "number": 2 })),
        ("a quota", Put, "/buckets/papers/quota", json!({})),
        ("the region", Get, "/region", Value::Null),
    ] {
        world.refused(&world.mia, what, method, path, document).await;
    }
}

#[tokio::test]
async fn a_manager_of_users_does_not_raise_herself_or_others() {
    let world = World::new().await;
    let mallory = "/policies/p";
    let denies = || serde_json::from_str::<Value>(DENIES).unwrap();
    for (what, method, path, document) in [
        // Rights that she does not have, to herself and others.
        ("attach to herself", Put, "/policies/readwrite/users/mia", Value::Null),
        ("attach to others", Put, "/policies/readwrite/users/ada", Value::Null),
        ("attach to a group", Put, "/policies/readwrite/groups/open", Value::Null),
        ("join a group", Put, "/groups/staff/members/mia", Value::Null),
        ("let others join a group", Put, "/groups/staff/members/ada", Value::Null),
        ("a policy of S3", Put, mallory, allow("s3:*", "*")),
        ("a policy of administration", Put, mallory, allow("admin:*", "*")),
        ("a policy of one more right", Put, mallory, allow("admin:UpgradeRegion", "*")),
        ("more of a resource", Put, mallory, allow("s3:GetObject", "arn:aws:s3:::papers*")),
        ("a home of everybody", Put, mallory, allow("s3:GetObject", "arn:aws:s3:::${aws:username}/*")),
        // Roles.
        ("her own role", Patch, "/users/mia", json!({ "role": "admin" })),
        ("the role of others", Patch, "/users/ada", json!({ "role": "admin" })),
        ("a new admin", Post, "/users", json!({ "name": "new", "role": "admin" })),
        // The id of somebody who was deleted owns their buckets still.
        ("a chosen id", Post, "/users", json!({ "name": "new", "id": "an-id" })),
        // What restrains.
        ("her own limits", Patch, "/users/mia", json!({ "limits": { "requests_per_second": 9 } })),
        ("a policy that denies", Put, mallory, denies()),
        ("to deny", Put, "/policies/leash/users/ada", Value::Null),
        ("to deny no more", Delete, "/policies/leash/users/xal", Value::Null),
        ("to deny a group no more", Delete, "/policies/leash/groups/kept", Value::Null),
        ("out of what denies", Delete, "/groups/kept/members/xal", Value::Null),
        ("no group that denies", Delete, "/groups/kept", Value::Null),
        // A policy that somebody has, an admin among them, becomes another one.
        ("what an admin has", Put, "/policies/harmless", allow("s3:GetObject", "arn:aws:s3:::papers/a")),
        ("what she has", Put, "/policies/manager", allow("s3:GetObject", "arn:aws:s3:::papers/a")),
        ("what denies", Put, "/policies/leash", allow("s3:GetObject", "arn:aws:s3:::papers/a")),
    ] {
        world.refused(&world.mia, what, method, path, document).await;
    }
}

#[tokio::test]
async fn a_manager_of_users_does_not_become_somebody_who_has_more() {
    let world = World::new().await;
    let (of_eve, of_bob) = (world.key_of("eve").await, world.key_of("bob").await);
    let password = || json!({ "password": "correct horse" });
    for user in ["eve", "bob", "root"] {
        let at = |rest: &str| format!("/users/{user}{rest}");
        for (what, method, path, document) in [
            ("a password", Put, at("/password"), password()),
            ("a key", Post, at("/keys"), json!({})),
            ("a key from elsewhere", Post, at("/keys"), json!({ "access_key": "MINE", "secret_key": "correct horse" })),
            ("an end", Delete, at(""), Value::Null),
            ("to be switched off", Patch, at(""), json!({ "enabled": false })),
            ("another name", Patch, at(""), json!({ "display_name": "x" })),
            ("an end of sessions", Delete, at("/sessions"), Value::Null),
            ("a policy", Put, format!("/policies/papers/users/{user}"), Value::Null),
        ] {
            world.refused(&world.mia, &format!("{what} for {user}"), method, &path, document).await;
        }
    }
    for (user, key) in [("eve", of_eve), ("bob", of_bob)] {
        let path = format!("/users/{user}/keys/{key}");
        world.refused(&world.mia, "a key that works again", Patch, &path, json!({ "enabled": true })).await;
        world.refused(&world.mia, "a key that works longer", Patch, &path, json!({ "expires": null })).await;
        world.refused(&world.mia, "no key", Delete, &path, Value::Null).await;
    }
    world
        .refused(
            &world.mia,
            "a key from elsewhere",
            Post,
            "/users/ada/keys",
            json!({ "access_key": "MINE", "secret_key": "correct horse" }),
        )
        .await;
    world.refused(&world.mia, "no password", Put, "/users/ada/password", json!({})).await;
}

#[tokio::test]
async fn what_somebody_owns_or_was_given_by_name_is_more_too() {
    let world = World::new().await;
    world.must(Patch, "/users/pam", json!({ "enabled": false })).await;
    world.bucket("hers", "ada", None).await;
    world.refused(&world.mia, "a key of an owner", Post, "/users/ada/keys", json!({})).await;
    world.refused(&world.mia, "a password", Put, "/users/ada/password", json!({ "password": "correct horse" })).await;
    // What takes rights away is not among it, nor is what concerns others.
    assert_eq!(world.ask(&world.mia, Patch, "/users/ada", json!({ "enabled": false })).await, StatusCode::OK);
    world.refused(&world.mia, "to let in", Patch, "/users/ada", json!({ "enabled": true })).await;
    assert_eq!(world.ask(&world.mia, Patch, "/users/pam", json!({ "enabled": true })).await, StatusCode::OK);
    let pam = world.must(Get, "/users/pam", Value::Null).await["id"].as_str().unwrap().to_owned();
    let policy = |principal: &str| Command::SetBucketPolicy {
        bucket: "hers".parse().unwrap(),
        policy: Some(
            json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Principal": { "AWS": principal },
                "Action": "s3:GetObject", "Resource": "arn:aws:s3:::hers/*" } })
            .to_string(),
        ),
        is_public: false,
    };
    world.store.commit_any(policy("somebody-else")).await;
    assert_eq!(world.ask(&world.mia, Post, "/users/pam/keys", json!({})).await, StatusCode::CREATED);
    world.store.commit_any(policy(&pam)).await;
    world.refused(&world.mia, "a key of who is named", Post, "/users/pam/keys", json!({})).await;
    world.store.commit_any(policy("somebody-else")).await;
    world.bucket("with-acls", "bob", Some(ObjectOwnership::ObjectWriter)).await;
    world.refused(&world.mia, "a key of who may own objects", Post, "/users/pam/keys", json!({})).await;
    // Who has everything in S3 becomes anybody who has no more than that.
    world.must(Put, "/policies/readwrite/users/mia", Value::Null).await;
    for user in ["ada", "pam", "bob"] {
        let path = format!("/users/{user}/keys");
        assert_eq!(world.ask(&world.mia, Post, &path, json!({})).await, StatusCode::CREATED, "{user}");
    }
    world.refused(&world.mia, "a key of an admin", Post, "/users/eve/keys", json!({})).await;
}

#[tokio::test]
async fn a_link_that_takes_passwords_and_keys_with_it_is_for_admins() {
    let world = World::new().await;
    world.must(Post, "/region/upgrade", Value::Null).await;
    world.must(Put, "/policies/links", allow("admin:*", "*")).await;
    world.must(Put, "/policies/links/users/pam", Value::Null).await;
    let (pam, eve) = (world.store.token("pam").await, world.store.token("eve").await);
    let link = |name: &str, shares: bool| {
        json!({ "name": name, "url": "https://s3.example.com", "access_key": "AKIAEXAMPLE", "secret_key": "secret",
            "shares_identities": shares })
    };
    world.refused(&pam, "a link that shares users", Post, "/links", link("us-1", true)).await;
    assert_eq!(world.ask(&pam, Post, "/links", link("us-1", false)).await, StatusCode::CREATED);
    assert_eq!(world.ask(&eve, Post, "/links", link("us-2", true)).await, StatusCode::CREATED);
}

#[tokio::test]
async fn limits_are_handed_on_as_narrow_as_they_are() {
    let world = World::new().await;
    world.must(Patch, "/users/mia", json!({ "limits": { "requests_per_second": 10 } })).await;
    let new = |limits| json!({ "name": "new", "limits": limits });
    for wider in [json!({}), json!({ "requests_per_second": 11 }), json!({ "bytes_per_second": 1_048_576 })] {
        world.refused(&world.mia, "wider limits", Post, "/users", new(wider)).await;
    }
    let narrower = new(json!({ "requests_per_second": 10, "bytes_per_second": 1_048_576 }));
    assert_eq!(world.ask(&world.mia, Post, "/users", narrower).await, StatusCode::CREATED);
}

#[tokio::test]
async fn what_denies_wins_over_roles_and_over_what_is_ones_own() {
    let world = World::new().await;
    let deny = |action: &str, resource: &str| json!({ "Version": "2012-10-17", "Statement": { "Effect": "Deny", "Action": action, "Resource": resource } });
    let (eve, ada) = (world.store.token("eve").await, world.store.token("ada").await);
    world.must(Put, "/policies/careful", deny("admin:*User", "arn:aws:admin:::user/a*")).await;
    world.must(Put, "/policies/careful/users/eve", Value::Null).await;
    world.refused(&eve, "a user", Delete, "/users/ada", Value::Null).await;
    // What a document names counts as what a path names does.
    world.refused(&eve, "a new user", Post, "/users", json!({ "name": "amy" })).await;
    assert_eq!(world.ask(&eve, Post, "/users", json!({ "name": "joe" })).await, StatusCode::CREATED);
    assert_eq!(world.ask(&ada, Post, "/users/ada/keys", json!({})).await, StatusCode::CREATED);
    world.must(Put, "/policies/keyless", deny("admin:CreateKey", "*")).await;
    world.must(Put, "/policies/keyless/users/ada", Value::Null).await;
    world.refused(&ada, "an own key", Post, "/users/ada/keys", json!({})).await;
    assert_eq!(world.ask(&ada, Get, "/users/ada/keys", Value::Null).await, StatusCode::OK);
    assert_eq!(world.ask(&ada, Get, "/users/bob/keys", Value::Null).await, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn conditions_are_asked_of_the_request() {
    let world = World::new().await;
    let from = |address: &str| {
        json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": "admin:ListUsers",
            "Resource": "*", "Condition": { "IpAddress": { "aws:SourceIp": address } } } })
    };
    let ada = world.store.token("ada").await;
    world.must(Put, "/policies/lists", from("192.0.2.0/24")).await;
    world.must(Put, "/policies/lists/users/ada", Value::Null).await;
    assert_eq!(world.ask(&ada, Get, "/users", Value::Null).await, StatusCode::FORBIDDEN);
    // Without a connection, as here, everybody is at this address.
    world.must(Put, "/policies/lists", from("0.0.0.0/32")).await;
    assert_eq!(world.ask(&ada, Get, "/users", Value::Null).await, StatusCode::OK);
    world.must(Delete, "/policies/lists/users/ada", Value::Null).await;
    assert_eq!(world.ask(&ada, Get, "/users", Value::Null).await, StatusCode::FORBIDDEN);
}
