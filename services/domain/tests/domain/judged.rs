//! Commands that succeed only while the state that their right was judged on is unchanged.

use std::sync::Arc;

use domain::{
    ChangeUser, Command, Identities, IdentityCommand, Judged, JudgedBucket, JudgedCaller, OpenSession, Rejection, View,
    Who, standing,
};
use events::access::{Acl, Grant, Grantee, Permission, PublicAccessBlock};
use events::policy::Holder;

use crate::fold::Fold;
use crate::given::{begin, bucket, complete, create_bucket, part, put};
use crate::random::identities::{after_start, context, create_user, group, key, policy, sealed, session, token, user};

/// Two users: the first with a key, a session and a policy of a group; and a bucket.
fn given() -> Fold {
    use IdentityCommand as C;
    let mut fold = Fold::new();
    let open =
        OpenSession { user: user(0), proven: None, session: session(1), refresh: token(1), expires: after_start(60) };
    for command in [
        create_user(0, 0, None),
        create_user(1, 1, None),
        C::CreateKey { user: user(0), access_key: key(0), secret: sealed(), expires: None },
        C::CreateGroup { group: group(0) },
        C::AddMember { group: group(0), user: user(0) },
        C::StorePolicy { policy: policy(1), document: "a".into() },
        C::AttachPolicy { policy: policy(1), holder: Holder::Group(group(0)) },
        C::OpenSession(open),
    ] {
        identity(&mut fold, command);
    }
    fold.command(&create_bucket(), context(fold.events.len())).unwrap();
    fold
}

fn identity(fold: &mut Fold, command: IdentityCommand) {
    fold.command(&Command::Identity(Box::new(command)), context(fold.events.len())).unwrap();
}

fn judged(fold: &Fold, who: Who) -> Judged {
    let row = fold.model.bucket(&bucket()).unwrap().unwrap();
    let standing = Arc::new(standing(&fold.model, &who).unwrap().unwrap());
    let identities = fold.model.identities_changed().unwrap();
    Judged {
        caller: Some(JudgedCaller { who, identities, standing }),
        bucket: Some(JudgedBucket { name: bucket(), id: row.id, access: row.access }),
        identities: None,
    }
}

/// The result of a command that was judged before something else happened.
fn after(who: Who, happens: impl FnOnce(&mut Fold)) -> Result<(), Rejection> {
    let mut fold = given();
    let by = Box::new(judged(&fold, who));
    happens(&mut fold);
    let command = Command::Judged { by, command: Box::new(put(1)) };
    fold.command(&command, context(fold.events.len())).map(drop)
}

#[test]
fn what_does_not_concern_the_caller_changes_nothing() {
    use IdentityCommand as C;
    for who in [Who::Key(key(0)), Who::Session(session(1))] {
        let ended = after(who, |fold| {
            identity(fold, create_user(2, 2, None));
            identity(fold, C::DeleteUser { user: user(1) });
            identity(fold, C::CreateKey { user: user(0), access_key: key(1), secret: sealed(), expires: None });
            identity(fold, C::StorePolicy { policy: policy(2), document: "b".into() });
        });
        assert_eq!(ended, Ok(()));
    }
}

#[test]
fn what_concerns_the_caller_has_to_be_judged_anew() {
    use IdentityCommand as C;
    let disable = || ChangeUser {
        user: user(0),
        role: None,
        display_name: None,
        email: None,
        enabled: Some(false),
        limits: None,
    };
    let changes: [(&str, IdentityCommand); 7] = [
        ("the key is gone", C::DeleteKey { user: user(0), access_key: key(0) }),
        (
            "the key is off",
            C::ChangeKey { user: user(0), access_key: key(0), enabled: Some(false), expires: None, by_admin: true },
        ),
        ("the user is off", C::ChangeUser(disable())),
        ("the user is gone", C::DeleteUser { user: user(0) }),
        ("the group is left", C::RemoveMember { group: group(0), user: user(0) }),
        ("the policy is another", C::StorePolicy { policy: policy(1), document: "b".into() }),
        ("there is one more", C::AttachPolicy { policy: policy(1), holder: Holder::User(user(0)) }),
    ];
    for (what, change) in changes {
        let ended = after(Who::Key(key(0)), |fold| identity(fold, change));
        let stays = what == "there is one more";
        assert_eq!(ended, if stays { Ok(()) } else { Err(Rejection::JudgedByOther) }, "{what}");
    }
    for change in [
        C::ChangeUser(disable()),
        C::DeleteUser { user: user(0) },
        C::RevokeSessions { user: user(0), session: Some(session(1)) },
        C::SetPassword { user: user(0), password: Some(sealed()) },
        C::StorePolicy { policy: policy(1), document: "b".into() },
    ] {
        let ended = after(Who::Session(session(1)), |fold| identity(fold, change));
        assert_eq!(ended, Err(Rejection::JudgedByOther));
    }
}

#[test]
fn what_was_judged_by_others_stands_until_any_of_them_changes() {
    let ended = |happens: fn(&mut Fold)| {
        let mut fold = given();
        let identities = Some(fold.model.identities_changed().unwrap());
        let by = Box::new(Judged { identities, ..judged(&fold, Who::Key(key(0))) });
        happens(&mut fold);
        let command = Command::Judged { by, command: Box::new(put(1)) };
        fold.command(&command, context(fold.events.len())).map(drop)
    };
    assert_eq!(ended(|_| {}), Ok(()));
    // Sessions open and end all the time.
    let revoked = ended(|fold| {
        identity(fold, IdentityCommand::RevokeSessions { user: user(0), session: Some(session(1)) });
    });
    assert_eq!(revoked, Ok(()));
    assert_eq!(ended(|fold| identity(fold, create_user(2, 2, None))), Err(Rejection::JudgedByOther));
}

#[test]
fn rules_of_the_bucket_have_to_be_judged_anew_and_another_bucket_is_none() {
    let rules = Command::SetBucketPolicy { bucket: bucket(), policy: Some("{}".into()), is_public: false };
    let at = |fold: &Fold| context(fold.events.len());
    let ended = after(Who::Key(key(0)), |fold| {
        fold.command(&rules, at(fold)).unwrap();
    });
    assert_eq!(ended, Err(Rejection::JudgedByOther));
    let ended = after(Who::Key(key(0)), |fold| {
        fold.command(&Command::DeleteBucket { bucket: bucket() }, at(fold)).unwrap();
        fold.command(&create_bucket(), at(fold)).unwrap();
    });
    assert_eq!(ended, Err(Rejection::NoSuchBucket));
}

#[test]
fn a_public_access_block_holds_for_what_was_begun_before_it() {
    let mut fold = given();
    let public = Acl { grants: vec![Grant { grantee: Grantee::Everyone, permission: Permission::Read }] };
    let Command::CreateUpload(mut create) = begin(1) else { unreachable!() };
    create.acl = Some(public.clone());
    let Command::PutObject(mut wanted) = put(1) else { unreachable!() };
    wanted.acl = Some(public.clone());
    let put = Command::PutObject(wanted);
    let mut ask = |command: &Command| {
        let at = context(fold.events.len());
        fold.command(command, at).map(drop)
    };
    ask(&Command::CreateUpload(create.clone())).unwrap();
    ask(&part(1, 1, 7, 10)).unwrap();
    let block =
        PublicAccessBlock { block_public_acls: true, block_public_policy: true, ..PublicAccessBlock::default() };
    ask(&Command::SetPublicAccess { bucket: bucket(), block: Some(block) }).unwrap();
    create.upload = crate::given::upload(2);
    let policy = |is_public| Command::SetBucketPolicy { bucket: bucket(), policy: Some("{}".into()), is_public };
    for refused in [
        complete(1, &[(1, 7)]),
        put.clone(),
        Command::CreateUpload(create),
        Command::SetBucketAcl { bucket: bucket(), acl: public },
        policy(true),
    ] {
        assert_eq!(ask(&refused), Err(Rejection::PublicAccessBlocked), "{refused:?}");
    }
    assert_eq!(ask(&policy(false)), Ok(()));
    ask(&Command::SetPublicAccess { bucket: bucket(), block: None }).unwrap();
    assert_eq!((ask(&complete(1, &[(1, 7)])), ask(&put)), (Ok(()), Ok(())));
}
