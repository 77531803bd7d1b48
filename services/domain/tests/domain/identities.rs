//! Random histories of users, keys, groups, policies and sessions: references between rows are always mutual, nothing
//! outlives its user, and a replay gives the same state.

use std::collections::BTreeSet;

use domain::model::Model;
use domain::row::email_key;
use domain::{
    ChangeKey, ChangeMasterKey, ChangeUser, Command, Identities as _, IdentityCommand, IdentityRejection, Noun,
    OpenSession, Outcome, ProjectError, RefreshSession, Rejection, Reseal, SESSIONS_PER_USER_MAX, project,
};
use events::ids::{KeyCheck, MasterKeyId, PolicyName, Sealed, UserId, UserName};
use events::policy::{BUILT_IN, Holder};
use events::user::{Created, Limits, Role};
use events::{Author, Fact, SECRET_NOUNS};
use proptest::prelude::*;

use crate::fold::{Fold, upgrade};
use crate::random::identities::*;

fn ask(fold: &mut Fold, command: IdentityCommand, step: usize) -> Result<Outcome, Rejection> {
    fold.command(&Command::Identity(Box::new(command)), context(step))
}

/// Every reference is mutual.
fn check(model: &Model) -> Result<(), TestCaseError> {
    let ids: BTreeSet<_> = model.users.iter().map(|(name, row)| (row.id.clone(), name.clone())).collect();
    prop_assert_eq!(ids, model.user_ids.clone().into_iter().collect());
    let emails: BTreeSet<_> =
        model.users.iter().filter_map(|(name, row)| Some((row.email.clone()?, name.clone()))).collect();
    let of_address = |(email, names): (&String, &BTreeSet<UserName>)| {
        names.iter().map(|name| (email.clone(), name.clone())).collect::<Vec<_>>()
    };
    prop_assert_eq!(emails, model.emails.iter().flat_map(of_address).collect());
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
    fn references_hold_and_a_replay_gives_the_same_state(apart in any::<bool>(), commands in history()) {
        let mut fold = Fold::new();
        if apart {
            fold.command(&upgrade(), context(0)).unwrap();
        }
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
            // Rows are complete: applying them again changes nothing.
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
        disabled: false,
        replica: None,
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
    // An admin disables a key that its user had disabled.
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
    // It stays disabled while others change its expiry.
    ask(&mut fold, change(Some(false), None, true), 5).unwrap();
    ask(&mut fold, change(None, Some(None), true), 6).unwrap();
    ask(&mut fold, change(None, Some(Some(after_start(201))), false), 7).unwrap();
    let held = Err(Rejection::Identity(IdentityRejection::HeldByAdmin));
    assert_eq!(ask(&mut fold, change(Some(true), None, false), 8), held);
}

/// Facts from before the case of addresses was ignored.
#[test]
fn two_users_who_share_an_address_but_for_its_case_get_along() {
    let mut fold = alice();
    let of = |n: u8, address: &str| {
        let IdentityCommand::CreateUser(created) = create_user(n, n, None) else { unreachable!() };
        Created { email: Some(address.to_owned()), ..created }
    };
    for (n, address) in [(2, "Bob@example.org"), (3, "bob@example.org")] {
        // As if addresses differed by case.
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

/// Consumers of the other facts learn what happened and no secret.
#[test]
fn secrets_are_kept_apart_from_what_they_are_the_secrets_of() {
    let told = |is_apart: bool| {
        let mut fold = Fold::new();
        if is_apart {
            fold.command(&upgrade(), context(0)).unwrap();
        }
        let IdentityCommand::CreateUser(user) = create_user(0, 0, None) else { unreachable!("it makes a user") };
        let created = IdentityCommand::CreateUser(Created { password: Some(sealed()), ..user });
        let keyed = IdentityCommand::CreateKey { user: user_0(), access_key: key(1), secret: sealed(), expires: None };
        let changed = IdentityCommand::SetPassword { user: user_0(), password: Some(sealed()) };
        let opened = IdentityCommand::OpenSession(OpenSession {
            user: user_0(),
            proven: Some(sealed()),
            session: session(1),
            refresh: token(1),
            expires: after_start(60),
        });
        let revoked = IdentityCommand::RevokeSessions { user: user_0(), session: Some(session(1)) };
        for (step, command) in [created, keyed, changed, opened, revoked].into_iter().enumerate() {
            ask(&mut fold, command, step + 1).unwrap();
        }
        fold
    };
    let (apart, together) = (told(true), told(false));
    let ordinary: Vec<_> =
        apart.events.iter().filter(|event| !SECRET_NOUNS.contains(&event.fact.kind().noun)).collect();
    let kinds: Vec<_> = ordinary.iter().map(|event| event.fact.kind().name()).collect();
    let expected = [
        "region.upgraded.v1",
        "user.created.v1",
        "key.created.v1",
        "user.password_changed.v1",
        "user.logged_in.v1",
        "user.logged_out.v1",
    ];
    assert_eq!(kinds, expected);
    for event in ordinary {
        let text = String::from_utf8(event.encode(&crate::fold::region()).unwrap().to_vec()).unwrap();
        for secret in [sealed().to_string(), session(1).to_string(), token(1).to_string()] {
            assert!(!text.contains(&secret), "{text}");
        }
    }
    // Below the level nothing is kept apart, and the resulting state is the same.
    assert_eq!(together.events.len(), 5);
    let row = |fold: &Fold| (fold.model.users[&user_0()].password.clone(), fold.model.keys[&key(1)].secret.clone());
    assert_eq!(row(&apart), (Some(sealed()), sealed()));
    assert_eq!(row(&together), row(&apart));
    assert_eq!((apart.model.totals.apart_since, together.model.totals.apart_since), (1, 0));
}

fn user_0() -> UserName {
    user(0)
}

/// After a conflict, the first of two facts may be on the log without the second.
#[test]
fn a_secret_without_the_event_behind_it_is_nobodys() {
    let mut fold = alice();
    fold.command(&upgrade(), context(1)).unwrap();
    let kept = Fact::SecretKept(events::secret::Kept { region: crate::fold::region(), secret: resealed() });
    let mut stray = fold.events[0].clone();
    (stray.sequence, stray.fact) = (fold.events.len() as u64 + 1, kept);
    let before = fold.model.clone();
    crate::fold::apply(&mut fold.model, &stray);
    assert_eq!((&fold.model.users, &fold.model.keys), (&before.users, &before.keys));
    // It is not taken for the secret of another fact.
    let key = events::key::Created {
        user: user(0),
        access_key: key(1),
        secret: sealed(),
        expires: None,
        disabled: false,
        held_by_admin: false,
        replica: None,
    };
    let (_, lacking) = Fact::KeyCreated(key).part(&crate::fold::region());
    let mut event = stray;
    event.fact = lacking;
    event.sequence += 2;
    assert!(matches!(project(&fold.model, &event), Err(ProjectError::Contradiction { .. })));
    event.sequence -= 1;
    crate::fold::apply(&mut fold.model, &event);
    assert_eq!(fold.model.keys.values().next().unwrap().secret, resealed());
}

fn master_key(number: u32) -> Command {
    let byte = u8::try_from(number).unwrap();
    let [gateway, lifecycle, maintenance] = [0, 1, 2].map(|author| KeyCheck([byte + author; 16]));
    let key = MasterKeyId([byte; 8]);
    ChangeMasterKey { region: crate::fold::region(), number, key, gateway, lifecycle, maintenance }.into()
}

#[test]
fn a_master_key_is_followed_by_the_next_and_starts_the_keys_of_authors_anew() {
    let mut fold = alice();
    let author = Author::Gateway;
    fold.command(&ChangeKey { region: crate::fold::region(), author, number: 1 }.into(), context(1)).unwrap();
    assert_eq!(fold.command(&master_key(2), context(2)), Err(Rejection::MasterKeyNotNext(0)));
    fold.command(&master_key(1), context(2)).unwrap();
    assert_eq!((fold.model.totals.keys.master_number(), fold.model.totals.keys.gateway), (1, 0));
    let events = fold.events.len();
    fold.command(&master_key(1), context(3)).unwrap();
    assert_eq!(fold.events.len(), events, "it is so already");
    let Command::ChangeMasterKey(change) = master_key(1) else { unreachable!("it changes the key") };
    let other = ChangeMasterKey { key: MasterKeyId([9; 8]), ..change };
    assert_eq!(fold.command(&other.into(), context(3)), Err(Rejection::MasterKeyNotNext(1)));
}

/// A secret that is sealed again is the same: no session ends, and values derived from it stay valid.
#[test]
fn secrets_are_sealed_anew_and_nothing_else_changes() {
    let under = |n: u8| -> Sealed { format!("v1.{}.x", MasterKeyId([n; 8])).parse().unwrap() };
    let mut fold = alice();
    let set = |password| IdentityCommand::SetPassword { user: user(0), password: Some(password) };
    let keyed = |n, secret| IdentityCommand::CreateKey { user: user(0), access_key: key(n), secret, expires: None };
    ask(&mut fold, set(sealed()), 1).unwrap();
    ask(&mut fold, keyed(1, sealed()), 2).unwrap();
    let session = OpenSession {
        user: user(0),
        proven: Some(sealed()),
        session: session(1),
        refresh: token(1),
        expires: after_start(60),
    };
    ask(&mut fold, IdentityCommand::OpenSession(session), 3).unwrap();
    fold.command(&master_key(1), context(4)).unwrap();
    let refused = Err(Rejection::Identity(IdentityRejection::OtherMasterKey));
    assert_eq!(ask(&mut fold, set(sealed()), 5), refused, "nothing new is sealed with the former key");
    assert_eq!(ask(&mut fold, keyed(2, sealed()), 5), refused);
    let reseal = |from: Sealed, to: Sealed| {
        IdentityCommand::Reseal(Reseal {
            user: user(0),
            password: Some((from.clone(), to.clone())),
            keys: vec![(key(1), from.clone(), to.clone()), (key(3), from, to)],
        })
    };
    assert_eq!(ask(&mut fold, reseal(sealed(), under(7)), 6), refused);
    let before = fold.model.clone();
    ask(&mut fold, reseal(sealed(), under(1)), 7).unwrap();
    let row = (fold.model.users[&user(0)].password.clone(), fold.model.keys[&key(1)].secret.clone());
    assert_eq!(row, (Some(under(1)), under(1)));
    assert_eq!((&fold.model.sessions, fold.model.identities_changed), (&before.sessions, before.identities_changed));
    // Another gateway found the same secrets, so nothing is left to do. A secret that changed meanwhile stays.
    let events = fold.events.len();
    ask(&mut fold, reseal(sealed(), under(1)), 8).unwrap();
    assert_eq!(fold.events.len(), events);
}
