//! Users, keys, groups and policies as the API makes them.

use domain::{Identities, IdentityCommand};
use events::user::Role;
use http::StatusCode;
use serde_json::{Value, json};

use super::store::{ROOT_KEY, Store, master};
use crate::api::method::Method;

struct AsRoot {
    store: Store,
    token: String,
}

impl AsRoot {
    async fn new() -> Self {
        let store = Store::new().await;
        let token = store.token("root").await;
        Self { store, token }
    }

    async fn ask(&self, method: Method, path: &str, document: Value) -> (u16, Value) {
        let answer = self.store.ask(method, &format!("/api/v1{path}"), &self.token, &document).await;
        (answer.status.as_u16(), answer.body)
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask(Method::Get, path, Value::Null).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// Does something that must work.
    async fn must(&self, method: Method, path: &str, document: Value) -> Value {
        let (status, body) = self.ask(method, path, document).await;
        assert!((200..300).contains(&status), "{path}: {status} {body}");
        body
    }
}

#[tokio::test]
async fn a_user_lives_from_creation_to_deletion() {
    let root = AsRoot::new().await;
    let new = json!({ "name": "ada", "display_name": "Ada L.", "email": "ada@example.com",
        "limits": { "requests_per_second": 5 } });
    let made = root.must(Method::Post, "/users", new.clone()).await;
    assert_eq!(made["id"].as_str().unwrap().len(), 64);
    assert_eq!((&made["role"], &made["has_password"], &made["enabled"]), (&json!("user"), &json!(false), &json!(true)));
    assert_eq!(root.get("/users/ada").await, made);
    assert_eq!(root.ask(Method::Post, "/users", new).await.0, 409);
    let twin = json!({ "name": "bob", "email": "ada@example.com" });
    assert_eq!(root.ask(Method::Post, "/users", twin).await.0, 409);

    let changed = root.must(Method::Patch, "/users/ada", json!({ "role": "admin", "email": null, "limits": {} })).await;
    assert_eq!((&changed["role"], &changed["email"], &changed["limits"]), (&json!("admin"), &json!(null), &json!({})));
    assert_eq!(changed["display_name"], "Ada L.");
    let (status, refusal) = root.ask(Method::Patch, "/users/ada", json!({ "id": "another" })).await;
    assert_eq!((status, &refusal["code"]), (400, &json!("invalid_request")));

    root.must(Method::Delete, "/users/ada", Value::Null).await;
    for (method, path) in
        [(Method::Get, "/users/ada"), (Method::Delete, "/users/ada"), (Method::Get, "/users/ada/keys")]
    {
        assert_eq!(root.ask(method, path, Value::Null).await.0, 404, "{path}");
    }
}

#[tokio::test]
async fn odd_users_are_refused_with_the_rule_they_break() {
    let root = AsRoot::new().await;
    for (new, code) in [
        (json!({ "name": "a b" }), "invalid_request"),
        (json!({ "name": "x".repeat(65) }), "invalid_request"),
        (json!({ "name": "ada", "id": "no/slash" }), "invalid_request"),
        (json!({ "name": "ada", "role": "root" }), "invalid_request"),
        (json!({ "name": "ada", "display_name": "" }), "invalid_request"),
        (json!({ "name": "ada", "display_name": "a\nb" }), "invalid_request"),
        (json!({ "name": "ada", "email": "nobody" }), "invalid_request"),
        (json!({ "name": "ada", "password": "short" }), "weak_password"),
        (json!({ "name": "ada-ada-ada", "password": "ADA-ada-ada" }), "weak_password"),
        (json!({ "name": "ada", "limits": { "requests": 1 } }), "invalid_request"),
        (json!({ "name": "ada", "admin": true }), "invalid_request"),
        (json!({ "name": ROOT_KEY }), "conflict"),
        (json!({ "name": "root" }), "forbidden"),
    ] {
        let (_, refusal) = root.ask(Method::Post, "/users", new.clone()).await;
        assert_eq!(refusal["code"], code, "{new}: {refusal}");
        assert!(refusal["message"].as_str().unwrap().len() > 10);
    }
    let weak = root.ask(Method::Post, "/users", json!({ "name": "ada", "password": "hunter2" })).await.1;
    assert!(!weak.to_string().contains("hunter2"), "{weak}");
}

#[tokio::test]
async fn root_is_built_in() {
    let root = AsRoot::new().await;
    assert_eq!(root.get("/users/root").await["role"], "admin");
    for (method, path, document) in [
        (Method::Patch, "/users/root", json!({ "enabled": false })),
        (Method::Delete, "/users/root", Value::Null),
        (Method::Put, "/users/root/password", json!({ "password": "another one", "old_password": "x" })),
        (Method::Post, "/users/root/keys", json!({})),
    ] {
        assert_eq!(root.ask(method, path, document).await.0, 403, "{path}");
    }
    assert_eq!(root.get("/users").await["users"], json!([]));
}

#[tokio::test]
async fn keys_are_told_once_and_sealed_for_ever() {
    let root = AsRoot::new().await;
    root.must(Method::Post, "/users", json!({ "name": "ada", "password": "correct horse" })).await;
    let made = root.must(Method::Post, "/users/ada/keys", json!({})).await;
    let (id, secret) = (made["access_key"].as_str().unwrap(), made["secret_key"].as_str().unwrap());
    assert_eq!((id.len(), secret.len()), (20, 40));
    let listed = root.get("/users/ada/keys").await;
    assert_eq!(listed["keys"].as_array().unwrap().len(), 1);
    assert!(!listed.to_string().contains(secret));

    let imported = json!({ "access_key": "0555b35654ad1656d804", "secret_key": "h7GhxuBLTrlhVUyxSPUKUV8r/2EI4ngqJxD7iBdBYLhwluN30JaT3Q==" });
    root.must(Method::Post, "/users/ada/keys", imported.clone()).await;
    assert_eq!(root.ask(Method::Post, "/users/ada/keys", imported.clone()).await.0, 409);
    let sealer = identity::Sealer::new(&master()).unwrap();
    for (id, secret) in [(id, secret), ("0555b35654ad1656d804", imported["secret_key"].as_str().unwrap())] {
        let row = root.store.state().await.key(&id.parse().unwrap()).unwrap().unwrap();
        assert_eq!(sealer.unseal(row.secret.as_str(), &identity::key_context(id)).unwrap().expose(), secret);
        assert!(sealer.unseal(row.secret.as_str(), &identity::key_context("another")).is_err());
    }
    let log = root.store.log_text().await;
    let imported_secret = imported["secret_key"].as_str().unwrap();
    for hidden in [secret, imported_secret, "correct horse", "$argon2"] {
        assert!(!log.contains(hidden), "{hidden} is on the log");
    }

    let off = root.must(Method::Patch, &format!("/users/ada/keys/{id}"), json!({ "enabled": false })).await;
    assert_eq!((&off["enabled"], &off["expires"]), (&json!(false), &json!(null)));
    let until = json!({ "expires": "2030-01-01T00:00:00Z" });
    let ends = root.must(Method::Patch, &format!("/users/ada/keys/{id}"), until).await;
    assert_eq!((&ends["enabled"], &ends["expires"]), (&json!(false), &json!("2030-01-01T00:00:00Z")));
    let never = root.must(Method::Patch, &format!("/users/ada/keys/{id}"), json!({ "expires": null })).await;
    assert_eq!(never["expires"], Value::Null);
    root.must(Method::Delete, &format!("/users/ada/keys/{id}"), Value::Null).await;
    assert_eq!(root.ask(Method::Delete, &format!("/users/ada/keys/{id}"), Value::Null).await.0, 404);
}

#[tokio::test]
async fn odd_keys_are_refused() {
    let root = AsRoot::new().await;
    root.must(Method::Post, "/users", json!({ "name": "ada" })).await;
    for (new, status) in [
        (json!({ "access_key": "ONLYHALF" }), 400),
        (json!({ "secret_key": "only the other half" }), 400),
        (json!({ "access_key": "A/B", "secret_key": "12345678" }), 400),
        (json!({ "access_key": "AKEY", "secret_key": "1234567" }), 400),
        (json!({ "access_key": "AKEY", "secret_key": "with blanks in it" }), 400),
        (json!({ "access_key": ROOT_KEY, "secret_key": "12345678" }), 409),
        (json!({ "expires": "tomorrow" }), 400),
    ] {
        assert_eq!(root.ask(Method::Post, "/users/ada/keys", new.clone()).await.0, status, "{new}");
    }
    assert_eq!(root.ask(Method::Post, "/users/nobody/keys", json!({})).await.0, 404);
}

#[tokio::test]
async fn users_look_after_their_own_keys_but_bring_none_and_touch_no_others() {
    let root = AsRoot::new().await;
    root.store.user("ada", Role::User).await;
    root.store.user("bob", Role::User).await;
    let bobs = root.must(Method::Post, "/users/bob/keys", json!({})).await;
    let bobs = bobs["access_key"].as_str().unwrap();
    let ada = root.store.token("ada").await;
    let ask = |method, path: String, document| {
        let (store, ada) = (&root.store, &ada);
        async move { store.ask(method, &path, ada, &document).await }
    };
    let made = ask(Method::Post, "/api/v1/users/ada/keys".into(), json!({})).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let import = json!({ "access_key": "AKEY", "secret_key": "12345678" });
    assert_eq!(ask(Method::Post, "/api/v1/users/ada/keys".into(), import).await.status, StatusCode::FORBIDDEN);
    // Another's key below one's own name.
    let path = format!("/api/v1/users/ada/keys/{bobs}");
    assert_eq!(ask(Method::Delete, path.clone(), Value::Null).await.status, StatusCode::NOT_FOUND);
    assert_eq!(ask(Method::Patch, path, json!({ "enabled": false })).await.status, StatusCode::NOT_FOUND);
    // Another's session below one's own name.
    let session = root.store.session("bob", super::store::now() + jiff::SignedDuration::from_hours(1)).await;
    let path = format!("/api/v1/users/ada/sessions/{session}");
    assert_eq!(ask(Method::Delete, path, Value::Null).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn groups_and_policies_are_made_joined_attached_and_removed() {
    let root = AsRoot::new().await;
    root.store.user("ada", Role::User).await;
    root.must(Method::Post, "/groups", json!({ "name": "crew" })).await;
    root.must(Method::Put, "/groups/crew/members/ada", Value::Null).await;
    assert_eq!(root.get("/groups/crew").await["members"], json!(["ada"]));
    assert_eq!(root.get("/users/ada").await["groups"], json!(["crew"]));

    let document = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::photos/*" }] });
    let stored = root.must(Method::Put, "/policies/photos", document.clone()).await;
    assert_eq!((&stored["document"], &stored["built_in"]), (&document, &json!(false)));
    root.must(Method::Put, "/policies/photos/groups/crew", Value::Null).await;
    root.must(Method::Put, "/policies/photos/users/ada", Value::Null).await;
    root.must(Method::Put, "/policies/readonly/users/ada", Value::Null).await;
    assert_eq!(root.get("/users/ada").await["policies"], json!(["photos", "readonly"]));
    let shown = root.get("/policies/photos").await;
    assert_eq!((&shown["users"], &shown["groups"]), (&json!(["ada"]), &json!(["crew"])));
    assert_eq!(root.ask(Method::Delete, "/policies/photos", Value::Null).await.0, 409);

    root.must(Method::Delete, "/policies/photos/users/ada", Value::Null).await;
    root.must(Method::Delete, "/policies/photos/groups/crew", Value::Null).await;
    root.must(Method::Delete, "/policies/photos", Value::Null).await;
    root.must(Method::Delete, "/groups/crew/members/ada", Value::Null).await;
    root.must(Method::Delete, "/groups/crew", Value::Null).await;
    for path in ["/groups/crew", "/policies/photos"] {
        assert_eq!(root.ask(Method::Get, path, Value::Null).await.0, 404);
    }
}

#[tokio::test]
async fn odd_policies_are_refused_and_built_in_ones_stay() {
    let root = AsRoot::new().await;
    for document in [
        json!({}),
        json!([]),
        json!({ "Statement": [{ "Effect": "Allow", "Action": "s3:*", "Principal": "*", "Resource": "*" }] }),
    ] {
        let (status, refusal) = root.ask(Method::Put, "/policies/p", document.clone()).await;
        assert_eq!((status, &refusal["code"]), (400, &json!("malformed_policy")), "{document}");
    }
    let good =
        json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "s3:*", "Resource": "*" }] });
    assert_eq!(root.ask(Method::Put, "/policies/readonly", good).await.0, 403);
    assert_eq!(root.ask(Method::Delete, "/policies/readwrite", Value::Null).await.0, 403);
    let listed = root.get("/policies").await;
    let names: Vec<_> =
        listed["policies"].as_array().unwrap().iter().map(|policy| policy["name"].as_str().unwrap()).collect();
    assert_eq!(names, events::policy::BUILT_IN);
    assert!(listed["policies"][0]["document"]["Statement"].is_array());
}

#[tokio::test]
async fn lists_come_in_pages() {
    let root = AsRoot::new().await;
    for number in 0..5 {
        let group = format!("group-{number}").parse().unwrap();
        root.store.commit(IdentityCommand::CreateGroup { group }).await;
    }
    let mut names = Vec::new();
    let mut after = String::new();
    loop {
        let page = root.get(&format!("/groups?limit=2&after={after}")).await;
        let groups = page["groups"].as_array().unwrap();
        assert!(groups.len() <= 2);
        names.extend(groups.iter().map(|group| group["name"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => after = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(names, ["group-0", "group-1", "group-2", "group-3", "group-4"]);
    for query in ["limit=0", "limit=1001", "limit=x", "prefix=a", "after=a%20b", "after=%ff"] {
        assert_eq!(root.ask(Method::Get, &format!("/groups?{query}"), Value::Null).await.0, 400, "{query}");
    }
}
