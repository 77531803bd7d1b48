//! A store without S3: a log in memory, a ledger in a temporary folder, and the admin API over both.

use std::sync::Arc;

use ::accesslog::{AccessLog, Recorder};
use axum::Router;
use axum::body::Body;
use domain::{Command, IdentityCommand, OpenSession};
use eventlog::Log;
use events::Origin;
use events::ids::{AuthType, Principal, SessionId, Sha256Digest, UserId, UserName};
use events::user::{Created, Limits, Role};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use identity::{Bearer, Credentials, MasterKey, MasterKeys, Sealers, Secret, Tokens};
use jiff::{SignedDuration, Timestamp};
use ledger::{AUTHOR_KEY_BYTES, AuthorKey, Committed, Keyring, Ledger, Options, Snapshot};
use serde_json::Value;
use tempfile::TempDir;
use testkit::ledgers::options;
use testkit::{Clock, MemoryLog};
use tokio::sync::watch;
use tower::ServiceExt;

use crate::api::method::Method;
use crate::api::{Admin, AdminOptions, HeldMasterKey, Site, WorkerReports, admin_routes};

pub(super) use testkit::clock::fresh;

pub(super) const ROOT_KEY: &str = "ROOTKEY";
pub(super) const ROOT_PASSWORD: &str = "root's password";

/// A store, and who asks it.
pub(super) struct Store {
    pub(super) admin: Admin,
    pub(super) ledger: Ledger,
    log: MemoryLog,
    routes: Router,
    folder: TempDir,
}

/// What was answered.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

impl Answered {
    pub(super) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
}

thread_local! {
    /// The clock of this test.
    static CLOCK: Clock = Clock::new();
}

/// Lets so much time pass.
pub(super) fn pass(time: SignedDuration) {
    CLOCK.with(|clock| clock.pass(time));
}

pub(super) fn now() -> Timestamp {
    CLOCK.with(Clock::now)
}

fn random(bytes: &mut [u8]) -> bool {
    getrandom::fill(bytes).is_ok()
}

pub(super) fn master() -> MasterKey {
    MasterKey::new([7; 32])
}

/// The one in use, and the one that may follow it.
pub(super) fn masters() -> MasterKeys {
    let mut masters = MasterKeys::first(master());
    masters.push(MasterKey::new([9; 32])).unwrap();
    masters
}

fn held([gateway, lifecycle, maintenance]: &[AuthorKey; 3], number: u32, master: &MasterKey) -> HeldMasterKey {
    let region = "eu-1".parse().unwrap();
    let of = |keys: &AuthorKey| keys.check(number, &region).unwrap();
    let (gateway, lifecycle, maintenance) = (of(gateway), of(lifecycle), of(maintenance));
    HeldMasterKey { key: master.key_id().parse().unwrap(), gateway, lifecycle, maintenance }
}

impl Store {
    pub(super) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = MemoryLog::default();
        Self::over(log, folder, ROOT_PASSWORD, true).await
    }

    /// The same store after a restart, with another password of root.
    pub(super) async fn restarted(self, root_password: &str) -> Self {
        self.ledger.stop().await;
        Self::over(self.log, self.folder, root_password, true).await
    }

    async fn over(log: MemoryLog, folder: TempDir, root_password: &str, sole_writer: bool) -> Self {
        let sources = CLOCK.with(Clock::sources);
        let path = folder.path().join(format!("{}.redb", fresh(now())));
        let keyring = [1_u8, 2, 3].map(|byte| {
            let under = |master: u8| AuthorKey::last([byte + master; AUTHOR_KEY_BYTES]);
            under(0).followed_by(under(10))
        });
        let [gateway, lifecycle, maintenance] = keyring.clone();
        let options = Options {
            region: "eu-1".parse().unwrap(),
            sources: sources.clone(),
            keyring: Keyring::Gateway { gateway, lifecycle, maintenance },
            ..options(&path, sole_writer)
        };
        let ledger = Ledger::open(options, Arc::new(log.clone())).await.unwrap();
        let root = Credentials { access_key: ROOT_KEY.into(), secret_key: Secret::new(root_password.into()) };
        let options = AdminOptions {
            region: "eu-1".parse().unwrap(),
            root,
            sealers: Arc::new(Sealers::new(&masters()).unwrap()),
            tokens: masters().iter().map(|master| Tokens::new(master, "eu-1").unwrap()).collect(),
            master_keys: (0..).zip(masters().iter()).map(|(number, master)| held(&keyring, number, master)).collect(),
            trusted_proxies: "127.0.0.9".parse().unwrap(),
            records_addresses: true,
            access_log: Some(AccessLog { recorder: Recorder::default(), stream: watch::channel(None).1 }),
            membership: shards::Membership::new(),
            consumers: Some(super::consumers::over(&ledger)),
            workers: WorkerReports::new(Vec::new),
            site: Site {
                s3: "127.0.0.1:9000".parse().unwrap(),
                s3_url: Some("http://s3.test".into()),
                is_tls: false,
                total: Limits::default(),
                per_user: Limits::default(),
            },
            sources,
            random,
        };
        let admin = Admin::new(options, ledger.clone()).unwrap();
        let routes = admin_routes(&admin);
        Self { admin, ledger, log, routes, folder }
    }

    /// What the API is served by.
    pub(super) fn routes(&self) -> Router {
        self.routes.clone()
    }

    pub(super) fn log(&self) -> &MemoryLog {
        &self.log
    }

    /// Another gateway of the same region: another ledger over the same log.
    pub(super) async fn another_gateway(&self) -> Self {
        Self::over(self.log.clone(), tempfile::tempdir().unwrap(), ROOT_PASSWORD, false).await
    }

    pub(super) async fn commit(&self, command: IdentityCommand) -> Committed {
        let principal = Principal { kind: AuthType::System, id: "test".into() };
        let origin = Origin { principal, request_id: "7".into(), traceparent: None, address: None };
        self.ledger.commit(Command::Identity(Box::new(command)), origin).await.unwrap()
    }

    pub(super) async fn commit_any(&self, command: Command) {
        let principal = Principal { kind: AuthType::System, id: "test".into() };
        let origin = Origin { principal, request_id: "7".into(), traceparent: None, address: None };
        self.ledger.commit(command, origin).await.unwrap();
    }

    pub(super) async fn state(&self) -> Arc<Snapshot> {
        self.ledger.read().await.unwrap()
    }

    /// How many events the log holds.
    pub(super) async fn events(&self) -> u64 {
        self.log.tail().await.unwrap().last_sequence
    }

    /// Everything that was ever written to the log, as text.
    pub(super) async fn log_text(&self) -> String {
        let stored = self.log.read(1, usize::MAX, usize::MAX).await.unwrap();
        stored.iter().map(|stored| String::from_utf8_lossy(&stored.payload).into_owned()).collect()
    }

    /// The same as a mirror has it that leaves some nouns out by subject.
    pub(super) async fn log_text_without(&self, nouns: &[&str]) -> String {
        let stored = self.log.read(1, usize::MAX, usize::MAX).await.unwrap();
        let left_out = |subject: &str| nouns.iter().any(|noun| subject.starts_with(&format!("ps.eu-1.{noun}.")));
        let seen = stored.iter().filter(|stored| !left_out(&stored.subject));
        seen.map(|stored| String::from_utf8_lossy(&stored.payload).into_owned()).collect()
    }

    /// A user without a password.
    pub(super) async fn user(&self, name: &str, role: Role) {
        let id = UserId::from_fresh([name.as_bytes()[0]; 32]);
        let command = IdentityCommand::CreateUser(Created {
            user: name.parse().unwrap(),
            id,
            role,
            display_name: name.into(),
            email: None,
            password: None,
            limits: Limits::default(),
            disabled: false,
            replica: None,
        });
        self.commit(command).await;
    }

    /// A session that was opened without a login.
    pub(super) async fn session(&self, name: &str, expires: Timestamp) -> SessionId {
        let session = SessionId(fresh(now()));
        let user = name.parse().unwrap();
        let open = OpenSession { user, proven: None, session, refresh: Sha256Digest([1; 32]), expires };
        self.commit(IdentityCommand::OpenSession(open)).await;
        session
    }

    /// A token of a user for a session, whether there is one or not.
    pub(super) fn token_for(&self, name: &str, session: SessionId) -> String {
        let user_id = if name == UserName::ROOT {
            UserId::root().to_string()
        } else {
            UserId::from_fresh([name.as_bytes()[0]; 32]).to_string()
        };
        let bearer = Bearer { user_id, user_name: name.into(), role: "user".into(), session: session.0 };
        self.admin.tokens().unwrap().issue(bearer, fresh(now()), now()).unwrap().token.expose().to_owned()
    }

    /// A token of a user with an open session.
    pub(super) async fn token(&self, name: &str) -> String {
        let session = self.session(name, now() + SignedDuration::from_hours(1)).await;
        self.token_for(name, session)
    }

    pub(super) async fn send(&self, method: Method, path: &str, token: Option<&str>, body: Body) -> Answered {
        let mut request = Request::builder()
            .method(method.name().to_uppercase().as_str())
            .uri(path)
            .header(CONTENT_TYPE, "application/json")
            .body(body)
            .unwrap();
        if let Some(token) = token {
            request.headers_mut().insert(AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
        }
        self.raw(request).await
    }

    /// Sends a request as it is.
    pub(super) async fn raw(&self, request: Request<Body>) -> Answered {
        let response = self.routes.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        // A stream ends only with its reader.
        let is_stream = parts.headers.get(CONTENT_TYPE).is_some_and(|kind| kind == "text/event-stream");
        let bytes = if is_stream { bytes::Bytes::new() } else { body.collect().await.unwrap().to_bytes() };
        let lines = || serde_json::Deserializer::from_slice(&bytes).into_iter().map(Result::unwrap);
        let is_lines = parts.headers.get(CONTENT_TYPE).is_some_and(|kind| kind == "application/x-ndjson");
        let body = match (bytes.is_empty(), is_lines) {
            (true, _) => Value::Null,
            (false, true) => Value::Array(lines().collect()),
            (false, false) => serde_json::from_slice(&bytes).unwrap(),
        };
        Answered { status: parts.status, headers: parts.headers, body }
    }

    /// Opens a stream, which must be let in, from behind a position if there is one.
    pub(super) async fn stream(&self, path: &str, token: &str, last_event_id: Option<&str>) -> Body {
        let mut request = Request::builder().uri(path).header(AUTHORIZATION, format!("Bearer {token}"));
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        let response = self.routes.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(response.headers()[CONTENT_TYPE], "text/event-stream");
        response.into_body()
    }

    pub(super) async fn ask(&self, method: Method, path: &str, token: &str, document: &Value) -> Answered {
        let body = if document.is_null() { Body::empty() } else { Body::from(document.to_string()) };
        self.send(method, path, Some(token), body).await
    }

    pub(super) async fn login(&self, user: &str, password: &str) -> Answered {
        let document = serde_json::json!({ "user": user, "password": password });
        self.send(Method::Post, "/api/v1/login", None, Body::from(document.to_string())).await
    }

    pub(super) async fn refresh(&self, token: &str) -> Answered {
        let document = serde_json::json!({ "refresh_token": token });
        self.send(Method::Post, "/api/v1/refresh", None, Body::from(document.to_string())).await
    }

    pub(super) async fn whoami(&self, token: &str) -> StatusCode {
        self.ask(Method::Get, "/api/v1/whoami", token, &Value::Null).await.status
    }
}
