//! Random histories of users, keys, groups, policies and sessions.

use domain::{ChangeUser, Context, IdentityCommand, OpenSession, RefreshSession, Reseal};
use events::ids::{AccessKeyId, GroupName, PolicyName, Sealed, SessionId, Sha256Digest, UserId, UserName};
use events::policy::{BUILT_IN, Holder};
use events::user::{Created, Limits, Role};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use uuid::Uuid;

pub(crate) const START: i64 = 1_764_000_000;

pub(crate) fn context(step: usize) -> Context {
    let now = Timestamp::from_second(START + i64::try_from(step).unwrap()).unwrap();
    Context { now, fresh: Uuid::from_u128(0x1000 + step as u128) }
}

pub(crate) fn user(n: u8) -> UserName {
    format!("user-{n}").parse().unwrap()
}

pub(crate) fn group(n: u8) -> GroupName {
    format!("group-{n}").parse().unwrap()
}

pub(crate) fn policy(n: u8) -> PolicyName {
    match n {
        0 => BUILT_IN[0].parse().unwrap(),
        n => format!("policy-{n}").parse().unwrap(),
    }
}

pub(crate) fn key(n: u8) -> AccessKeyId {
    format!("KEY{n}").parse().unwrap()
}

pub(crate) fn sealed() -> Sealed {
    "v1.x".parse().unwrap()
}

/// The same secret, sealed with another key.
pub(crate) fn resealed() -> Sealed {
    "v1.y".parse().unwrap()
}

pub(crate) fn token(n: u8) -> Sha256Digest {
    Sha256Digest([n; 32])
}

pub(crate) fn session(n: u8) -> SessionId {
    SessionId(Uuid::from_u128(u128::from(n)))
}

pub(crate) fn after_start(seconds: u8) -> Timestamp {
    Timestamp::from_second(START).unwrap() + SignedDuration::from_secs(i64::from(seconds))
}

pub(crate) fn create_user(n: u8, id: u8, email: Option<u8>) -> IdentityCommand {
    IdentityCommand::CreateUser(Created {
        user: user(n),
        id: UserId::from_fresh([id; 32]),
        role: Role::User,
        display_name: format!("User {n}"),
        email: email.map(|n| format!("{n}@example.com")),
        password: None,
        limits: Limits::default(),
        disabled: false,
        replica: None,
    })
}

pub(crate) fn holder() -> impl Strategy<Value = Holder> {
    prop_oneof![(0..3_u8).prop_map(|n| Holder::User(user(n))), (0..2_u8).prop_map(|n| Holder::Group(group(n)))]
}

pub(crate) fn of_users() -> impl Strategy<Value = IdentityCommand> {
    use IdentityCommand as C;
    let email = || prop::option::of(0..2_u8);
    prop_oneof![
        3 => (0..3_u8, 0..4_u8, email()).prop_map(|(n, id, email)| create_user(n, id, email)),
        1 => (0..3_u8, prop::option::of(email()), prop::option::of(any::<bool>())).prop_map(|(n, email, enabled)| {
            C::ChangeUser(ChangeUser {
                user: user(n),
                role: None,
                display_name: None,
                email: email.map(|email| email.map(|n| format!("{n}@example.com"))),
                enabled,
                limits: None,
            })
        }),
        1 => (0..3_u8).prop_map(|n| C::SetPassword { user: user(n), password: Some(sealed()) }),
        1 => (0..3_u8).prop_map(|n| C::DeleteUser { user: user(n) }),
        2 => (0..3_u8, 0..4_u8).prop_map(|(n, k)| {
            C::CreateKey { user: user(n), access_key: key(k), secret: sealed(), expires: None }
        }),
        3 => (0..3_u8, 0..4_u8, any::<bool>()).prop_map(|(n, k, enabled)| {
            C::ChangeKey { user: user(n), access_key: key(k), enabled: Some(enabled), expires: None, by_admin: true }
        }),
        2 => (0..3_u8, 0..4_u8).prop_map(|(n, k)| C::Reseal(Reseal {
            user: user(n),
            password: Some((sealed(), resealed())),
            keys: vec![(key(k), sealed(), resealed())],
        })),
        1 => (0..3_u8, 0..4_u8).prop_map(|(n, k)| C::DeleteKey { user: user(n), access_key: key(k) }),
    ]
}

pub(crate) fn of_groups() -> impl Strategy<Value = IdentityCommand> {
    use IdentityCommand as C;
    prop_oneof![
        2 => (0..2_u8).prop_map(|g| C::CreateGroup { group: group(g) }),
        1 => (0..2_u8).prop_map(|g| C::DeleteGroup { group: group(g) }),
        3 => (0..2_u8, 0..3_u8).prop_map(|(g, n)| C::AddMember { group: group(g), user: user(n) }),
        3 => (0..2_u8, 0..3_u8).prop_map(|(g, n)| C::RemoveMember { group: group(g), user: user(n) }),
        2 => (0..3_u8, "[a-c]").prop_map(|(p, document)| C::StorePolicy { policy: policy(p), document }),
        1 => (0..3_u8).prop_map(|p| C::DeletePolicy { policy: policy(p) }),
        3 => (0..3_u8, holder()).prop_map(|(p, holder)| C::AttachPolicy { policy: policy(p), holder }),
        3 => (0..3_u8, holder()).prop_map(|(p, holder)| C::DetachPolicy { policy: policy(p), holder }),
    ]
}

pub(crate) fn of_sessions() -> impl Strategy<Value = IdentityCommand> {
    use IdentityCommand as C;
    prop_oneof![
        (0..3_u8, 0..4_u8, 0..3_u8, 0..60_u8, prop::bool::weighted(0.1)).prop_map(|(n, s, t, seconds, changed)| {
            C::OpenSession(OpenSession {
                user: user(n),
                proven: changed.then(sealed),
                session: session(s),
                refresh: token(t),
                expires: after_start(seconds),
            })
        }),
        (0..4_u8, 0..3_u8, 0..3_u8, 0..60_u8, any::<bool>()).prop_map(|(s, spent, next, seconds, genuine)| {
            C::RefreshSession(RefreshSession {
                session: session(s),
                spent: token(spent),
                genuine,
                refresh: token(next),
                expires: after_start(seconds),
            })
        }),
        (0..3_u8, prop::option::of(0..4_u8))
            .prop_map(|(n, s)| C::RevokeSessions { user: user(n), session: s.map(session) }),
    ]
}

pub(crate) fn history() -> impl Strategy<Value = Vec<IdentityCommand>> {
    prop::collection::vec(prop_oneof![4 => of_users(), 4 => of_groups(), 2 => of_sessions()], 1..60)
}
