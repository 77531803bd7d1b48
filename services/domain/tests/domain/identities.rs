//! Random histories of users, keys, groups, policies and sessions: whatever is asked, every row that names
//! another is named by it, nothing outlives its user, and a replay gives the same state.

use std::collections::BTreeSet;

use domain::model::Model;
use domain::row::email_key;
use domain::{
    ChangeUser, Command, Identities as _, IdentityCommand, IdentityRejection, Noun, OpenSession, Outcome,
    RefreshSession, Rejection, SESSIONS_PER_USER_MAX, project,
};
use events::ids::{PolicyName, Sealed, UserId, UserName};
use events::policy::{BUILT_IN, Holder};
use events::user::{Created, Limits, Role};
use proptest::prelude::*;

use crate::fold::Fold;
use crate::random::identities::*;

fn ask(fold: &mut Fold, command: IdentityCommand, step: usize) -> Result<Outcome, Rejection> {
    fold.command(&Command::Identity(Box::new(command)), context(step))
}

/// Every reference leads somewhere and back.
fn check(model: &Model) -> Result<(), TestCaseError> {
    let ids: BTreeSet<_> = model.users.iter().map(|(name, row)| (row.id.clone(), name.clone())).collect();
    prop_assert_eq!(ids, model.user_ids.clone().into_iter().collect());
    let emails: BTreeSet<_> =
        model.users.iter().filter_map(|(name, row)| Some((row.email.clone()?, name.clone()))).collect();
    prop_assert_eq!(emails, model.emails.clone().into_iter().collect());
    for row in model.keys.values() {
        prop_assert!(model.users.contains_key(&row.user), "a key outlives its user");
    }
    for row in model.sessions.values() {
        prop_assert!(model.users.get(&row.user).is_some_and(|user| user.enabled), "a session outlives its user");
    }
    let joined: BTreeSet<_> =
        model.users.iter().flat_map(|(n, row)| row.groups.iter().map(|g| (g.clone(), n.clone()))).collect();
    let members: BTreeSet<_> =
        model.groups.iter().flat_map(|(g, row)| row.members.iter().map(|n| (g.clone(), n.clone()))).collect();
    prop_assert_eq!(joined, members);
    let of_users =
        model.users.iter().flat_map(|(n, row)| row.policies.iter().map(|p| (p.clone(), Holder::User(n.clone()))));
    let of_groups =
        model.groups.iter().flat_map(|(g, row)| row.policies.iter().map(|p| (p.clone(), Holder::Group(g.clone()))));
    let attached: BTreeSet<_> =
        of_users.chain(of_groups).filter(|(policy, _)| !BUILT_IN.contains(&policy.as_str())).collect();
    let held: BTreeSet<_> =
        model.policies.iter().flat_map(|(p, row)| row.holders.iter().map(|h| (p.clone(), h.clone()))).collect();
    prop_assert_eq!(attached, held);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn references_hold_and_a_replay_gives_the_same_state(commands in history()) {
        let mut fold = Fold::new();
        for (step, command) in commands.into_iter().enumerate() {
            let (events, was) = (fold.events.len(), fold.model.clone());
            let answer = ask(&mut fold, command, step);
            if fold.events.len() == events {
                prop_assert_eq!(&fold.model, &was);
            } else {
                prop_assert!(answer.is_ok());
            }
            check(&fold.model)?;
        }
        let mut replayed = Model::default();
        for event in &fold.events {
            let changes = project(&replayed, event).unwrap();
            // Rows are whole and absolute: applied again they change nothing.
            changes.iter().chain(&changes).for_each(|change| replayed.apply(change.clone()));
        }
        prop_assert_eq!(&replayed, &fold.model);
    }
}

fn alice() -> Fold {
    let mut fold = Fold::new();
    ask(&mut fold, create_user(0, 0, None), 0).unwrap();
    fold
}

fn open(n: u8, refresh: u8, seconds: u8) -> IdentityCommand {
    IdentityCommand::OpenSession(OpenSession {
        user: user(0),
        proven: None,
        session: session(n),
        refresh: token(refresh),
        expires: after_start(seconds),
    })
}

fn refresh(spent: u8, genuine: bool, next: u8) -> IdentityCommand {
    IdentityCommand::RefreshSession(RefreshSession {
        session: session(1),
        spent: token(spent),
        genuine,
        refresh: token(next),
        expires: after_start(60),
    })
}

const NO_SESSION: Result<Outcome, Rejection> = Err(Rejection::Identity(IdentityRejection::NoSuch(Noun::Session)));

#[test]
fn a_spent_refresh_token_ends_the_session() {
    let mut fold = alice();
    ask(&mut fold, open(1, 1, 60), 1).unwrap();
    assert_eq!(ask(&mut fold, refresh(1, true, 2), 2), Ok(Outcome::Done));
    assert_eq!(ask(&mut fold, refresh(1, true, 3), 3), Ok(Outcome::SessionRevoked));
    assert_eq!(ask(&mut fold, refresh(2, true, 3), 4), NO_SESSION, "the thief's token and the owner's are both dead");
}

#[test]
fn an_invented_refresh_token_ends_nothing() {
    let mut fold = alice();
    ask(&mut fold, open(1, 1, 60), 1).unwrap();
    assert_eq!(ask(&mut fold, refresh(9, false, 3), 2), NO_SESSION);
    assert_eq!(ask(&mut fold, refresh(1, false, 2), 3), Ok(Outcome::Done), "one of an older program");
}

#[test]
fn a_password_that_was_replaced_since_it_was_proven_opens_no_session() {
    let mut fold = alice();
    let password = |text: &str| Some(text.parse::<Sealed>().unwrap());
    let set = |password| IdentityCommand::SetPassword { user: user(0), password };
    let login = |n, proven| {
        let IdentityCommand::OpenSession(open) = open(n, 1, 60) else { unreachable!() };
        IdentityCommand::OpenSession(OpenSession { proven, ..open })
    };
    let (old, new) = (password("v1.old"), password("v1.new"));
    ask(&mut fold, set(old.clone()), 1).unwrap();
    ask(&mut fold, login(1, old.clone()), 2).unwrap();
    ask(&mut fold, set(new.clone()), 3).unwrap();
    let changed = Err(Rejection::Identity(IdentityRejection::PasswordChanged));
    assert_eq!(ask(&mut fold, login(2, old), 4), changed);
    assert_eq!(ask(&mut fold, login(2, None), 5), changed);
    assert!(fold.model.sessions.is_empty());
    assert_eq!(ask(&mut fold, login(2, new), 6), Ok(Outcome::Done));
}

#[test]
fn a_session_that_is_over_cannot_be_refreshed() {
    let mut fold = alice();
    ask(&mut fold, open(1, 1, 10), 1).unwrap();
    assert!(ask(&mut fold, refresh(1, true, 2), 10).is_err());
}

#[test]
fn the_oldest_session_makes_room() {
    let mut fold = alice();
    for n in 0..=u8::try_from(SESSIONS_PER_USER_MAX).unwrap() {
        ask(&mut fold, open(n, n, 200), usize::from(n)).unwrap();
    }
    assert_eq!(fold.model.sessions.len(), SESSIONS_PER_USER_MAX);
    assert!(!fold.model.sessions.contains_key(&session(0)));
}

#[test]
fn what_is_built_in_stays() {
    let mut fold = Fold::new();
    let root = IdentityCommand::DeleteUser { user: UserName::root() };
    let built_in = |noun| Err(Rejection::Identity(IdentityRejection::BuiltIn(noun)));
    assert_eq!(ask(&mut fold, root, 0), built_in(Noun::User));
    for name in BUILT_IN {
        let policy: PolicyName = name.parse().unwrap();
        let store = IdentityCommand::StorePolicy { policy: policy.clone(), document: "{}".into() };
        assert_eq!(ask(&mut fold, store, 1), built_in(Noun::Policy));
        assert_eq!(ask(&mut fold, IdentityCommand::DeletePolicy { policy }, 2), built_in(Noun::Policy));
    }
    let as_root = IdentityCommand::CreateUser(Created {
        user: user(0),
        id: UserId::root(),
        role: Role::User,
        display_name: String::new(),
        email: None,
        password: None,
        limits: Limits::default(),
    });
    assert_eq!(ask(&mut fold, as_root, 3), Err(Rejection::Identity(IdentityRejection::UserIdTaken)));
}

#[test]
fn an_access_key_is_one_users_only() {
    let mut fold = alice();
    ask(&mut fold, create_user(1, 1, None), 1).unwrap();
    let create = |n| IdentityCommand::CreateKey { user: user(n), access_key: key(0), secret: sealed(), expires: None };
    ask(&mut fold, create(0), 2).unwrap();
    let taken = Err(Rejection::Identity(IdentityRejection::Exists(Noun::AccessKey)));
    assert_eq!(ask(&mut fold, create(1), 3), taken);
    let of_another = IdentityCommand::DeleteKey { user: user(1), access_key: key(0) };
    let none = Err(Rejection::Identity(IdentityRejection::NoSuch(Noun::AccessKey)));
    assert_eq!(ask(&mut fold, of_another, 4), none);
}

#[test]
fn what_an_admin_switched_off_only_an_admin_switches_on() {
    let mut fold = alice();
    let create = IdentityCommand::CreateKey { user: user(0), access_key: key(1), secret: sealed(), expires: None };
    ask(&mut fold, create, 1).unwrap();
    let switch = |enabled, by_admin| IdentityCommand::ChangeKey {
        user: user(0),
        access_key: key(1),
        enabled: Some(enabled),
        expires: None,
        by_admin,
    };
    ask(&mut fold, switch(false, false), 2).unwrap();
    ask(&mut fold, switch(true, false), 3).unwrap();
    ask(&mut fold, switch(false, false), 4).unwrap();
    // An admin takes over what the user switched off.
    ask(&mut fold, switch(false, true), 5).unwrap();
    let held = Err(Rejection::Identity(IdentityRejection::HeldByAdmin));
    assert_eq!(ask(&mut fold, switch(true, false), 6), held);
    ask(&mut fold, switch(false, false), 7).unwrap();
    assert_eq!(ask(&mut fold, switch(true, false), 8), held, "the user's own switching off lifts nothing");
    ask(&mut fold, switch(true, true), 9).unwrap();
    ask(&mut fold, switch(false, false), 10).unwrap();
    ask(&mut fold, switch(true, false), 11).unwrap();
}

#[test]
fn an_address_is_one_users_whatever_its_case() {
    let mut fold = alice();
    let of = |user: u8, address: &str| {
        let IdentityCommand::CreateUser(created) = create_user(user, user, None) else { unreachable!() };
        IdentityCommand::CreateUser(Created { email: Some(address.to_owned()), ..created })
    };
    ask(&mut fold, of(2, "Bob@Example.org"), 1).unwrap();
    let taken = Err(Rejection::Identity(IdentityRejection::EmailTaken));
    assert_eq!(ask(&mut fold, of(3, "bob@example.ORG"), 2), taken);
    assert_eq!(fold.model.user_by_email(&email_key("BOB@example.org")), Ok(Some(user(2))));
}

#[test]
fn an_admin_who_changes_only_how_long_a_key_works_does_not_hold_it() {
    let mut fold = alice();
    let create = IdentityCommand::CreateKey { user: user(0), access_key: key(1), secret: sealed(), expires: None };
    ask(&mut fold, create, 1).unwrap();
    let change = |enabled, expires, by_admin| IdentityCommand::ChangeKey {
        user: user(0),
        access_key: key(1),
        enabled,
        expires,
        by_admin,
    };
    ask(&mut fold, change(Some(false), None, false), 2).unwrap();
    ask(&mut fold, change(None, Some(Some(after_start(200))), true), 3).unwrap();
    ask(&mut fold, change(Some(true), None, false), 4).unwrap();
    // What is held stays so while others say how long it works.
    ask(&mut fold, change(Some(false), None, true), 5).unwrap();
    ask(&mut fold, change(None, Some(None), true), 6).unwrap();
    ask(&mut fold, change(None, Some(Some(after_start(201))), false), 7).unwrap();
    let held = Err(Rejection::Identity(IdentityRejection::HeldByAdmin));
    assert_eq!(ask(&mut fold, change(Some(true), None, false), 8), held);
}

/// Facts of before the case of addresses meant nothing.
#[test]
fn two_users_who_share_an_address_but_for_its_case_get_along() {
    let mut fold = alice();
    let of = |n: u8, address: &str| {
        let IdentityCommand::CreateUser(created) = create_user(n, n, None) else { unreachable!() };
        Created { email: Some(address.to_owned()), ..created }
    };
    for (n, address) in [(2, "Bob@example.org"), (3, "bob@example.org")] {
        // As if case told them apart.
        fold.model.emails.clear();
        ask(&mut fold, IdentityCommand::CreateUser(of(n, address)), n.into()).unwrap();
    }
    let switched_off = |n: u8| {
        let nothing =
            ChangeUser { user: user(n), role: None, display_name: None, email: None, enabled: None, limits: None };
        IdentityCommand::ChangeUser(ChangeUser { enabled: Some(false), ..nothing })
    };
    ask(&mut fold, switched_off(2), 4).unwrap();
    ask(&mut fold, switched_off(3), 5).unwrap();
    ask(&mut fold, IdentityCommand::DeleteUser { user: user(2) }, 6).unwrap();
    assert_eq!(fold.model.user_by_email(&email_key("bob@example.org")), Ok(Some(user(3))), "the other's address");
    ask(&mut fold, IdentityCommand::DeleteUser { user: user(3) }, 7).unwrap();
    assert_eq!(fold.model.user_by_email(&email_key("bob@example.org")), Ok(None));
}
