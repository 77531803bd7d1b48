//! Samples of changes of users, keys, groups and policies that were made in another region.

use events::identity::{IdentityReplica, Stamp, Write};
use events::ids::{GroupName, PolicyName, Sealed, UserName};
use events::policy::Holder;
use events::user::{Limits, Role};
use events::{Fact, group, key, policy, user};

use crate::samples::region;

fn stamp(at: &str) -> Stamp {
    Stamp { at: at.parse().unwrap(), region: "us-west-2".parse().unwrap() }
}

fn made() -> Stamp {
    stamp("2026-11-22T13:02:09.000001Z")
}

fn write() -> Write {
    Write { of: vec![made()], stamp: stamp("2026-11-23T08:00:00.25Z") }
}

fn of_made() -> Box<IdentityReplica> {
    Box::new(IdentityReplica { taken_in: region(), made: Some(made()), write: None, password_write: None })
}

fn of_write(of: usize) -> Box<IdentityReplica> {
    let write = Write { of: vec![made(); of], ..write() };
    Box::new(IdentityReplica { taken_in: region(), made: None, write: Some(write), password_write: None })
}

/// As [`crate::placed_samples::facts`].
pub(crate) fn facts() -> Vec<(u8, &'static str, Fact)> {
    let (ada, reports): (UserName, PolicyName) = ("ada".parse().unwrap(), "reports".parse().unwrap());
    let sealed: Sealed = "v1.73b3c5257e8f8d18.c2VhbGVkIHVuZGVyIHRoZSBtYXN0ZXIga2V5".parse().unwrap();
    let created = user::Created {
        user: ada.clone(),
        id: "ada-id".parse().unwrap(),
        role: Role::User,
        display_name: "Ada".into(),
        email: None,
        password: Some(sealed.clone()),
        limits: Limits::default(),
        disabled: true,
        replica: Some(Box::new(IdentityReplica {
            taken_in: region(),
            made: Some(made()),
            write: Some(write()),
            password_write: Some(Write { of: vec![made()], stamp: made() }),
        })),
    };
    let key = key::Created {
        user: ada.clone(),
        access_key: "PSKEYEXAMPLE".parse().unwrap(),
        secret: sealed,
        expires: None,
        disabled: true,
        held_by_admin: true,
        replica: Some(of_write(1)),
    };
    let member = group::MemberAdded { group: "devs".parse().unwrap(), user: ada.clone(), replica: Some(of_write(2)) };
    let attached =
        policy::Attached { policy: reports.clone(), holder: Holder::User(ada.clone()), replica: Some(of_write(2)) };
    let key_id = || "PSKEYEXAMPLE".parse().unwrap();
    let devs: GroupName = "devs".parse().unwrap();
    let changed = user::Changed {
        user: ada.clone(),
        role: Role::User,
        display_name: "Ada".into(),
        email: None,
        enabled: true,
        limits: Limits::default(),
        replica: Some(of_write(1)),
    };
    let password = user::PasswordChanged { user: ada.clone(), password: None, replica: Some(of_write(1)) };
    let (user, access_key, replica) = (ada.clone(), key_id(), Some(of_write(1)));
    let key_changed = key::Changed { user, access_key, enabled: true, expires: None, by_admin: false, replica };
    let key_deleted = key::Deleted { user: ada.clone(), access_key: key_id(), replica: Some(of_write(1)) };
    let left = group::MemberRemoved { group: devs.clone(), user: ada.clone(), replica: Some(of_write(2)) };
    let stored = policy::Stored { policy: reports.clone(), document: "{}".into(), replica: Some(of_write(1)) };
    let detached =
        policy::Detached { policy: reports.clone(), holder: Holder::Group(devs.clone()), replica: Some(of_write(2)) };
    vec![
        (131, ".replica", Fact::UserChanged(changed)),
        (132, ".replica", Fact::UserPasswordChanged(password)),
        (133, ".replica", Fact::KeyChanged(key_changed)),
        (134, ".replica", Fact::KeyDeleted(key_deleted)),
        (135, ".replica", Fact::GroupCreated(group::Created { group: devs.clone(), replica: Some(of_made()) })),
        (136, ".replica", Fact::GroupDeleted(group::Deleted { group: devs, replica: Some(of_made()) })),
        (137, ".replica", Fact::GroupMemberRemoved(left)),
        (138, ".replica", Fact::PolicyStored(stored)),
        (139, ".replica", Fact::PolicyDetached(detached)),
        (245, ".replica", Fact::UserCreated(created)),
        (246, ".replica", Fact::UserDeleted(user::Deleted { user: ada, replica: Some(of_made()) })),
        (247, ".replica", Fact::KeyCreated(key)),
        (248, ".replica", Fact::GroupMemberAdded(member)),
        (249, ".replica", Fact::PolicyAttached(attached)),
        (250, ".replica", Fact::PolicyDeleted(policy::Deleted { policy: reports, replica: Some(of_made()) })),
    ]
}
