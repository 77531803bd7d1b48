//! Measures how long a decision takes.
//!
//! ```sh
//! cargo run -p policy --example evaluate_speed --config profile.dev.opt-level=3
//! ```
#![allow(clippy::unwrap_used, reason = "the policies are fixed texts, and a failure should end the measurement")]

use std::hint::black_box;
use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use events::access::{ObjectOwnership, PublicAccessBlock};
use events::ids::{ObjectKey, UserId, UserName};
use events::user::Role;
use policy::{Action, Attached, BucketAccess, Caller, Document, NoContext, Request, Resource, Rights, evaluate};

/// The duration of one round.
const ROUND: Duration = Duration::from_millis(2);
/// Rounds per figure. The best counts; they are short enough that some run undisturbed on a busy machine.
const ROUNDS: usize = 200;
/// Calls between two readings of the clock.
const CALLS: u32 = 50;

const HOME: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Action":["s3:ListBucket"],"Resource":"arn:aws:s3:::photos","Condition":{"StringLike":{"s3:prefix":["home/${aws:username}/*"]}}},
    {"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":["arn:aws:s3:::docs/*","arn:aws:s3:::photos/home/${aws:username}/*"]},
    {"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::*/*.secret"}]}"#;
const BUCKET: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::photos","arn:aws:s3:::photos/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}},
    {"Effect":"Allow","Principal":{"AWS":"arn:aws:iam:::user/bob"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::photos/*"}]}"#;

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    let (name, id, owner): (UserName, UserId, UserId) =
        ("alice".parse().unwrap(), "alice-id".parse().unwrap(), "olga-id".parse().unwrap());
    let bucket = "photos".parse().unwrap();
    let key = ObjectKey::from_bytes(*b"home/alice/2026/05/beach.jpg").unwrap();
    let policy = Document::bucket(BUCKET, &bucket).unwrap();
    let attached = [Attached { name: "home".parse().unwrap(), document: Arc::new(Document::identity(HOME).unwrap()) }];
    let access = BucketAccess {
        owner: &owner,
        policy: Some(&policy),
        acl: None,
        public_access: PublicAccessBlock::default(),
        ownership: ObjectOwnership::BucketOwnerEnforced,
    };
    let rights = Rights { policies: &attached, bucket: Some(access), object: None };
    let user = Caller::User { name: &name, id: &id, role: Role::User };
    let owner = Caller::User { name: &name, id: &owner, role: Role::User };
    let asked = [
        ("a user, 5 statements", user, Action::GetObject),
        ("the owner, 5 statements", owner, Action::GetObject),
        ("a user, a listing", user, Action::ListBucket),
        ("nobody", Caller::Anonymous, Action::GetObject),
        ("root", Caller::Root, Action::GetObject),
    ];
    for (what, caller, action) in asked {
        let resource =
            if action == Action::ListBucket { Resource::Bucket(&bucket) } else { Resource::Object(&bucket, &key) };
        let request = Request { caller, action, resource, time: jiff::Timestamp::UNIX_EPOCH, context: &NoContext };
        let figure = nanoseconds(|| evaluate(&rights, &request).is_allowed());
        writeln!(out, "{what:<28}{figure:>8} ns")?;
    }
    writeln!(out, "{:<28}{:>8} ns", "reading a document", nanoseconds(|| Document::identity(HOME).is_ok()))
}

/// The duration of a call in nanoseconds.
#[expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]
fn nanoseconds<T>(call: impl Fn() -> T) -> u128 {
    let round = || {
        let (start, mut calls) = (Instant::now(), 0);
        while start.elapsed() < ROUND {
            (0..CALLS).for_each(|_| drop(black_box(call())));
            calls += CALLS;
        }
        start.elapsed().as_nanos() / u128::from(calls)
    };
    (0..ROUNDS).map(|_| round()).min().unwrap_or_default()
}
