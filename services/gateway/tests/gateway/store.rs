//! A store of a test's own: a gateway over doubles, and requests to it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use domain::{Command, DedupScope, IdentityCommand, OpenSession};
use events::Fact;
use events::access::ObjectOwnership;
use events::ids::{SessionId, Sha256Digest, UserName};
use futures_util::stream;
use gateway::{Gateway, OfSession, Options, RateLimits};
use http::{HeaderMap, Method, Request, StatusCode, Uri};
use http_body_util::BodyExt;
use identity::{Credentials, MasterKey, MasterKeys, PIECE_SECRET_BYTES, PieceSecret, PieceSecrets, Sealers, Secret};
use jiff::SignedDuration;
use ledger::Ledger;
use s3::sigv4::{self, PayloadHash};
use sha2::{Digest, Sha256};
use shards::{AnyTransport, Incident, Membership, PendingWrites, ShardStore};
use tempfile::TempDir;
use testkit::{Clock, MemoryLog, MemoryNodes, ledgers};
use tokio::sync::mpsc;

const ROOT_KEY: &str = "ROOTKEY";
const ROOT_PASSWORD: &str = "root's password";

/// Nodes of a store: as many as a large content has shards.
const NODES: usize = 6;

/// How long anything here may take before the test fails.
const PATIENCE: Duration = Duration::from_mins(1);

/// Incidents that may wait until a test looks at them.
const INCIDENTS_WAITING_MAX: usize = 1_024;

/// Bytes of a frame of a request's body, at most.
const FRAME_BYTES_MAX: usize = 64 * 1024;

/// Memory for hot contents: none, so that reads come to the nodes.
const CACHE_BYTES: u64 = 0;

/// A gateway with a bucket of the name `bucket`, and what it stands on.
pub(crate) struct Store {
    pub(crate) log: MemoryLog,
    pub(crate) nodes: MemoryNodes,
    pub(crate) membership: Membership,
    pub(crate) clock: Clock,
    /// What the gateway found missing or damaged on the nodes.
    pub(crate) incidents: mpsc::Receiver<Incident>,
    pub(crate) ledger: Ledger,
    pending_writes: PendingWrites,
    gateway: Gateway,
    _folder: TempDir,
}

impl Store {
    pub(crate) async fn new() -> Self {
        let (log, nodes, clock) = (MemoryLog::new(), MemoryNodes::new(NODES), Clock::new());
        let (folder, membership) = (tempfile::tempdir().unwrap(), nodes.membership());
        let options = ledgers::options(&folder.path().join("projection"), true);
        let options = ledger::Options { sources: clock.sources(), ..options };
        let ledger = soon(Ledger::open(options, Arc::new(log.clone()))).await.unwrap();
        upgrade(&ledger).await;
        let (found, incidents) = mpsc::channel(INCIDENTS_WAITING_MAX);
        let secrets = PieceSecrets::from_iter([(0, PieceSecret::new(&[5; PIECE_SECRET_BYTES]))]);
        let transport = AnyTransport::new(nodes.clone());
        let shards = ShardStore::new(transport, membership.clone(), None, secrets, found);
        let pending_writes = shards.pending_writes().clone();
        let gateway = Gateway::new(options_of(&clock), ledger.clone(), shards);
        let store = Self { log, nodes, membership, clock, incidents, ledger, pending_writes, gateway, _folder: folder };
        put("/bucket", "").to(&store).await.is(200);
        store
    }

    /// A session that was opened without a login.
    pub(crate) async fn session(&self, user: &str) -> SessionId {
        let now = self.clock.now();
        let session = SessionId(testkit::clock::fresh(now));
        let (user, expires) = (user.parse::<UserName>().unwrap(), now + SignedDuration::from_hours(1));
        let open = OpenSession { user, proven: None, session, refresh: Sha256Digest([1; 32]), expires };
        self.change(IdentityCommand::OpenSession(open)).await;
        session
    }

    /// Changes who may do what, without asking anybody.
    pub(crate) async fn change(&self, command: IdentityCommand) {
        let command = Command::Identity(Box::new(command));
        soon(self.ledger.commit(command, testkit::commands::origin())).await.unwrap();
    }

    /// Turns versioning of the bucket on.
    pub(crate) async fn keep_versions(&self) {
        let document = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
        put("/bucket?versioning", document).to(self).await.is(200);
    }

    /// How many shards lie on the nodes, once none is on its way any more.
    pub(crate) async fn shards(&self) -> usize {
        let settled = async {
            while self.pending_writes.count() > 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        soon(settled).await;
        (1..=NODES).map(|number| self.nodes.shards(&MemoryNodes::name(number), true).len()).sum()
    }
}

/// Waits for what must happen.
pub(crate) async fn soon<T>(happening: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, happening).await.expect("it happens in time")
}

/// Allows all facts of this release, as a sole writer does at its start: without that, pieces have no tags, and a node
/// could alter them.
async fn upgrade(ledger: &Ledger) {
    let command = Command::UpgradeRegion { region: ledgers::region(), level: Fact::LEVEL, release: "0.0.1".into() };
    soon(ledger.commit(command, testkit::commands::origin())).await.unwrap();
}

fn options_of(clock: &Clock) -> Options {
    Options {
        region: ledgers::region(),
        domains: vec!["s3.test".into()],
        credentials: Credentials { access_key: ROOT_KEY.into(), secret_key: Secret::new(ROOT_PASSWORD.into()) },
        sealers: Arc::new(Sealers::new(&MasterKeys::first(MasterKey::new([7; 32]))).unwrap()),
        default_ownership: ObjectOwnership::BucketOwnerEnforced,
        dedup_scope: DedupScope::Region,
        limits: RateLimits::default(),
        records_addresses: true,
        recorder: Some(accesslog::Recorder::default()),
        cache_bytes: CACHE_BYTES,
        spill: None,
        sources: clock.sources(),
        random: |bytes| getrandom::fill(bytes).is_ok(),
    }
}

/// A request that is not sent yet.
#[must_use]
pub(crate) struct Asking {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
    secret: &'static str,
    is_body_signed: bool,
    shown: Option<OfSession>,
}

fn ask(method: Method, path: &str, body: impl Into<Bytes>) -> Asking {
    let uri = format!("http://s3.test{path}").parse().unwrap();
    let (headers, body) = (HeaderMap::new(), body.into());
    Asking { method, uri, headers, body, secret: ROOT_PASSWORD, is_body_signed: true, shown: None }
}

pub(crate) fn get(path: &str) -> Asking {
    ask(Method::GET, path, "")
}

pub(crate) fn head(path: &str) -> Asking {
    ask(Method::HEAD, path, "")
}

pub(crate) fn put(path: &str, body: impl Into<Bytes>) -> Asking {
    ask(Method::PUT, path, body)
}

pub(crate) fn post(path: &str, body: impl Into<Bytes>) -> Asking {
    ask(Method::POST, path, body)
}

pub(crate) fn delete(path: &str) -> Asking {
    ask(Method::DELETE, path, "")
}

impl Asking {
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.insert(name, value.parse().unwrap());
        self
    }

    /// Signs it with another secret than root's.
    pub(crate) fn signed_with(mut self, secret: &'static str) -> Self {
        self.secret = secret;
        self
    }

    /// Signs its head alone.
    pub(crate) fn without_signed_body(mut self) -> Self {
        self.is_body_signed = false;
        self
    }

    /// Sends it with a session in place of a signature.
    pub(crate) fn of(mut self, session: SessionId) -> Self {
        self.shown = Some(OfSession { session, ticket_age: None });
        self
    }

    /// Sends it, signed by root or with a session, and waits for the answer's head.
    async fn begin(self, store: &Store) -> http::Response<Body> {
        let Self { method, uri, mut headers, body, secret, is_body_signed, shown } = self;
        let region = ledgers::region();
        let signer = sigv4::Credentials { access_key: ROOT_KEY, secret_key: secret, region: region.as_str() };
        let now = Clock::new().now();
        if shown.is_none() {
            let signed = || PayloadHash::Signed(Sha256::digest(&body).into());
            let payload = if is_body_signed { signed() } else { PayloadHash::Unsigned };
            sigv4::sign(&method, &uri, &mut headers, payload, signer, now).unwrap();
        }
        headers.insert(http::header::CONTENT_LENGTH, body.len().into());
        let mut request = Request::new(in_frames(body));
        (*request.method_mut(), *request.uri_mut(), *request.headers_mut()) = (method, uri, headers);
        match shown {
            Some(shown) => gateway::handle_for_session(store.gateway.clone(), request, shown).await,
            None => gateway::handle(store.gateway.clone(), request).await,
        }
    }

    /// The same, with the answer's body.
    pub(crate) async fn to(self, store: &Store) -> Answer {
        let answered = async {
            let (parts, body) = self.begin(store).await.into_parts();
            Answer { status: parts.status, headers: parts.headers, body: read(body).await }
        };
        soon(Box::pin(answered)).await
    }
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    /// Asserts its status.
    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    /// Asserts that it is an error of S3.
    #[track_caller]
    pub(crate) fn refuses(self, status: u16, code: &str) -> Self {
        let answer = self.is(status);
        assert_eq!(answer.elements("Code"), [code], "{}", answer.text());
        answer
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).unwrap_or_else(|| panic!("no {name} in {:?}", self.headers));
        value.to_str().unwrap()
    }

    /// What stands in the elements of a name, in the order of the document.
    pub(crate) fn elements(&self, name: &str) -> Vec<String> {
        let (text, begin, end) = (self.text(), format!("<{name}>"), format!("</{name}>"));
        text.split(&begin).skip(1).map(|rest| rest.split_once(&end).unwrap().0.to_owned()).collect()
    }
}

/// A body that arrives in frames as long as those of a connection: memory is granted for one frame at a time.
fn in_frames(mut body: Bytes) -> Body {
    let frames = std::iter::from_fn(move || {
        let length = body.len().min(FRAME_BYTES_MAX);
        (length > 0).then(|| Ok::<_, Infallible>(body.split_to(length)))
    });
    Body::from_stream(stream::iter(frames))
}

/// Reads a body as a connection does: each frame is gone before the next is asked for. The gateway reads on only then,
/// and never if the frames are collected.
async fn read(mut body: Body) -> Bytes {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        bytes.extend_from_slice(frame.expect("the body comes to its end").data_ref().expect("no trailers"));
    }
    bytes.into()
}

/// Bytes that are nowhere alike.
pub(crate) fn bytes(length: usize) -> Bytes {
    let mut bytes = Vec::with_capacity(length + 8);
    for word in 0..length.div_ceil(8) as u64 {
        bytes.extend_from_slice(&word.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29).to_le_bytes());
    }
    bytes.truncate(length);
    bytes.into()
}
