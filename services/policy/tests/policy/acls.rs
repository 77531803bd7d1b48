//! ACLs: what they grant, when they count, and the canned ones.

use events::access::{Acl, Grant, Grantee, ObjectOwnership, Permission};
use policy::Action;
use policy::acl::{CannedAcl, is_accepted, object_owner};

use crate::world::{Who, World, for_bucket, id};

const PERMISSIONS: [Permission; 5] =
    [Permission::Read, Permission::Write, Permission::ReadAcp, Permission::WriteAcp, Permission::FullControl];

fn acl(grants: &[(Grantee, Permission)]) -> Acl {
    let grants = grants.iter().cloned().map(|(grantee, permission)| Grant { grantee, permission });
    Acl { grants: grants.collect() }
}

fn canned(named: CannedAcl, owner: &str) -> Acl {
    named.to_acl(&id(owner), &id("olga-id"))
}

/// ACLs are enabled, and there is an object of Bob's.
fn world() -> World {
    World { ownership: ObjectOwnership::ObjectWriter, object: Some((id("bob-id"), None)), ..World::new() }
}

#[test]
fn a_grant_on_a_bucket_means_what_s3_says() {
    let of = |permission| -> &[Action] {
        match permission {
            Permission::Read => &[Action::ListBucket, Action::ListBucketVersions, Action::ListBucketMultipartUploads],
            Permission::Write => &[Action::PutObject],
            Permission::ReadAcp => &[Action::GetBucketAcl],
            Permission::WriteAcp => &[Action::PutBucketAcl],
            Permission::FullControl => &[],
        }
    };
    for permission in PERMISSIONS {
        for action in Action::ALL {
            let mut world = world().action(*action);
            world.bucket_acl = Some(acl(&[(Grantee::User(id("alice-id")), permission)]));
            let full = permission == Permission::FullControl && PERMISSIONS.iter().any(|one| of(*one).contains(action));
            assert_eq!(world.allowed(), of(permission).contains(action) || full, "{permission:?} {action}");
            assert!(!world.who(Who::Anonymous).allowed());
        }
    }
}

#[test]
fn who_may_write_gives_what_they_write_its_first_tags() {
    let tags = |ownership, object| {
        let mut world = World { ownership, object, ..World::new() }.action(Action::PutObjectTagging);
        world.bucket_acl = Some(acl(&[(Grantee::User(id("alice-id")), Permission::Write)]));
        world.allowed()
    };
    assert!(tags(ObjectOwnership::ObjectWriter, None));
    assert!(!tags(ObjectOwnership::ObjectWriter, Some((id("bob-id"), None))), "what is there has its tags from others");
    assert!(!tags(ObjectOwnership::BucketOwnerEnforced, None), "ACLs are off");
}

#[test]
fn a_grant_on_an_object_means_what_s3_says() {
    let of = |permission| -> &[Action] {
        match permission {
            Permission::Read => &[
                Action::GetObject,
                Action::GetObjectVersion,
                Action::GetObjectAttributes,
                Action::GetObjectVersionAttributes,
                Action::GetObjectTorrent,
                Action::GetObjectVersionTorrent,
            ],
            Permission::ReadAcp => &[Action::GetObjectAcl, Action::GetObjectVersionAcl],
            Permission::WriteAcp => &[Action::PutObjectAcl, Action::PutObjectVersionAcl],
            Permission::Write | Permission::FullControl => &[],
        }
    };
    for permission in PERMISSIONS {
        for action in Action::ALL {
            let mut world = world().action(*action);
            let grants = acl(&[(Grantee::User(id("alice-id")), permission)]);
            world.object = Some((id("bob-id"), Some(grants)));
            let full = permission == Permission::FullControl && PERMISSIONS.iter().any(|one| of(*one).contains(action));
            assert_eq!(world.allowed(), of(permission).contains(action) || full, "{permission:?} {action}");
        }
    }
}

#[test]
fn grantees_are_one_or_all_or_all_who_sign() {
    let readers = |grantee: Grantee| {
        let readers = [Who::Alice, Who::Anonymous].into_iter().filter(|who| {
            let mut world = world().who(*who);
            world.object = Some((id("bob-id"), Some(acl(&[(grantee.clone(), Permission::Read)]))));
            world.allowed()
        });
        readers.collect::<Vec<_>>()
    };
    assert_eq!(readers(Grantee::Everyone), [Who::Alice, Who::Anonymous]);
    assert_eq!(readers(Grantee::Authenticated), [Who::Alice]);
    assert_eq!(readers(Grantee::User(id("alice-id"))), [Who::Alice]);
    assert_eq!(readers(Grantee::User(id("alice"))), [Who::Root; 0]);
    assert_eq!(readers(Grantee::LogDelivery), [Who::Root; 0]);
}

#[test]
fn acls_are_looked_at_only_while_enabled() {
    let everything = acl(&[(Grantee::Everyone, Permission::FullControl)]);
    for action in Action::ALL {
        for who in [Who::Alice, Who::Anonymous] {
            let mut world = world().who(who).action(*action);
            world.ownership = ObjectOwnership::BucketOwnerEnforced;
            world.bucket_acl = Some(everything.clone());
            world.object = Some((id("bob-id"), Some(everything.clone())));
            assert!(!world.allowed(), "{who:?} {action}");
        }
    }
}

#[test]
fn with_acls_an_object_belongs_to_who_wrote_it() {
    for ownership in [ObjectOwnership::ObjectWriter, ObjectOwnership::BucketOwnerPreferred] {
        let of_bob = World { ownership, ..world() };
        let of_alice = World { object: Some((id("alice-id"), None)), ..of_bob.clone() };
        let of_olga = World { object: Some((id("olga-id"), None)), ..of_bob.clone() };
        assert!(of_alice.allowed());
        assert!(of_alice.clone().action(Action::PutObjectAcl).allowed());
        assert!(!of_bob.allowed());
        // The bucket's owner can neither read it nor grant access to it, but may delete it.
        assert!(!of_bob.clone().who(Who::Olga).allowed());
        assert!(of_olga.clone().who(Who::Olga).allowed());
        assert!(of_bob.clone().who(Who::Olga).action(Action::DeleteObject).allowed());
        assert!(of_bob.clone().who(Who::Olga).action(Action::PutObject).allowed());
        let public = for_bucket("Allow", r#""*""#, "s3:GetObject");
        assert!(!of_bob.clone().bucket_policy(&public).allowed());
        assert!(of_olga.clone().bucket_policy(&public).allowed());
        let denied = of_alice.clone().bucket_policy(&for_bucket("Deny", r#""*""#, "s3:GetObject"));
        assert!(!denied.allowed());
        // An absent object has no owner.
        assert!(World { object: None, ..of_bob.clone() }.who(Who::Olga).allowed());
        // Under the default the bucket's owner owns it, whoever wrote it.
        let enforced = World { ownership: ObjectOwnership::BucketOwnerEnforced, ..of_alice };
        assert!(!enforced.allowed());
        assert!(enforced.who(Who::Olga).allowed());
    }
}

#[test]
fn who_may_write_may_delete_what_they_own() {
    let mut world = world().action(Action::DeleteObject);
    world.bucket_acl = Some(canned(CannedAcl::PublicReadWrite, "olga-id"));
    assert!(!world.allowed());
    assert!(!world.clone().who(Who::Anonymous).allowed());
    world.object = Some((id("alice-id"), None));
    assert_eq!(world.told(), "allowed by the bucket's ACL");
    assert!(!world.clone().action(Action::DeleteObjectVersion).allowed());
    world.bucket_acl = None;
    assert!(!world.allowed());
}

#[test]
fn canned_acls_are_what_s3_says() {
    let own = (Grantee::User(id("bob-id")), Permission::FullControl);
    let olga = |permission| (Grantee::User(id("olga-id")), permission);
    let cases: [(CannedAcl, &[(Grantee, Permission)]); 7] = [
        (CannedAcl::Private, &[]),
        (CannedAcl::PublicRead, &[(Grantee::Everyone, Permission::Read)]),
        (CannedAcl::PublicReadWrite, &[(Grantee::Everyone, Permission::Read), (Grantee::Everyone, Permission::Write)]),
        (CannedAcl::AuthenticatedRead, &[(Grantee::Authenticated, Permission::Read)]),
        (CannedAcl::BucketOwnerRead, &[olga(Permission::Read)]),
        (CannedAcl::BucketOwnerFullControl, &[olga(Permission::FullControl)]),
        (
            CannedAcl::LogDeliveryWrite,
            &[(Grantee::LogDelivery, Permission::Write), (Grantee::LogDelivery, Permission::ReadAcp)],
        ),
    ];
    for (name, more) in cases {
        assert_eq!(canned(name, "bob-id"), acl(&[std::slice::from_ref(&own), more].concat()), "{name:?}");
    }
    for own in [CannedAcl::BucketOwnerRead, CannedAcl::BucketOwnerFullControl, CannedAcl::Private] {
        assert_eq!(canned(own, "olga-id"), acl(&[olga(Permission::FullControl)]));
    }
}

#[test]
fn a_new_object_has_an_owner() {
    let (olga, bob) = (id("olga-id"), id("bob-id"));
    let private = canned(CannedAcl::Private, "bob-id");
    let given = canned(CannedAcl::BucketOwnerFullControl, "bob-id");
    for acl in [None, Some(&private), Some(&given)] {
        assert_eq!(object_owner(ObjectOwnership::BucketOwnerEnforced, &bob, &olga, acl), &olga);
        assert_eq!(object_owner(ObjectOwnership::ObjectWriter, &bob, &olga, acl), &bob);
    }
    assert_eq!(object_owner(ObjectOwnership::BucketOwnerPreferred, &bob, &olga, None), &bob);
    assert_eq!(object_owner(ObjectOwnership::BucketOwnerPreferred, &bob, &olga, Some(&private)), &bob);
    assert_eq!(object_owner(ObjectOwnership::BucketOwnerPreferred, &bob, &olga, Some(&given)), &olga);
}

#[test]
fn without_acls_only_the_one_that_says_nothing_new_is_accepted() {
    let olga = id("olga-id");
    let enforced = ObjectOwnership::BucketOwnerEnforced;
    assert!(is_accepted(enforced, &canned(CannedAcl::BucketOwnerFullControl, "olga-id"), &olga));
    for other in [
        CannedAcl::Private,
        CannedAcl::PublicRead,
        CannedAcl::AuthenticatedRead,
        CannedAcl::BucketOwnerRead,
        CannedAcl::BucketOwnerFullControl,
    ] {
        assert!(!is_accepted(enforced, &canned(other, "bob-id"), &olga), "{other:?}");
        assert!(is_accepted(ObjectOwnership::ObjectWriter, &canned(other, "bob-id"), &olga), "{other:?}");
    }
    assert!(!is_accepted(enforced, &canned(CannedAcl::PublicRead, "olga-id"), &olga));
    assert!(!is_accepted(enforced, &Acl::default(), &olga));
}
