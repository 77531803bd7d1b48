//! What regions share, case by case.

use domain::row::Written;
use domain::{Command, Identities, IdentityCommand, IdentityRejection, Noun, Rejection, Shared};
use events::Fact;
use events::identity::{Change, Stamp};
use events::ids::UserName;
use jiff::{SignedDuration, Timestamp};

use super::{Deed, World, group, policy, user};

fn regions() -> World {
    World::new(&[0, 1_000])
}

fn does(world: &mut World, region: usize, deeds: &[Deed]) {
    for deed in deeds {
        let command = world.deed(region, deed).unwrap();
        world.command(region, &Command::Identity(Box::new(command))).unwrap();
    }
}

#[test]
fn users_of_one_name_from_before_the_link_are_one_with_the_keys_of_both() {
    let mut world = regions();
    does(&mut world, 0, &[Deed::CreateUser(1), Deed::CreateKey(1, 0), Deed::SetPassword(1)]);
    does(&mut world, 1, &[Deed::CreateUser(1), Deed::CreateKey(1, 0), Deed::StorePolicy(1, 1), Deed::Attach(1, Ok(1))]);
    let ids: Vec<_> = world.regions.iter().map(|region| region.fold.model.users[&user(1)].id.clone()).collect();
    world.settle();
    assert_eq!(world.regions[0].shown(), world.regions[1].shown());
    let model = &world.regions[0].fold.model;
    assert_eq!(model.keys.len(), 2);
    let (one, other) = (&model.users[&user(1)], &world.regions[1].fold.model.users[&user(1)]);
    assert_eq!((&one.id, &other.id), (&ids[0], &ids[1]), "what belongs to them stays theirs");
    assert_eq!(one.display_name, other.display_name);
    assert!(one.policies.contains(&policy(1)));
}

#[test]
fn what_is_done_to_a_user_who_is_deleted_elsewhere_is_gone_and_a_new_one_begins_with_nothing() {
    let mut world = regions();
    does(&mut world, 0, &[Deed::CreateUser(1), Deed::CreateKey(1, 0)]);
    world.settle();
    does(&mut world, 0, &[Deed::DeleteUser(1)]);
    world.regions[1].now += SignedDuration::from_hours(1);
    does(&mut world, 1, &[Deed::CreateKey(1, 1), Deed::CreateGroup(1), Deed::AddMember(1, 1)]);
    does(&mut world, 0, &[Deed::CreateUser(1)]);
    world.settle();
    let shown = world.regions[0].shown();
    assert_eq!(shown, world.regions[1].shown());
    assert!(shown.keys.is_empty() && shown.groups[&group(1)].0.is_empty());
    assert!(shown.users.contains_key(&user(1)));
}

#[test]
fn what_belongs_to_somebody_who_is_not_here_waits_for_them() {
    let mut world = regions();
    does(&mut world, 0, &[Deed::CreateUser(1), Deed::CreateKey(1, 0)]);
    let Some(key) = world.message(0, &Shared::Key(user(1), "KEY010".parse().unwrap())).pop() else { unreachable!() };
    let none = Rejection::Identity(IdentityRejection::NoSuch(Noun::User));
    assert_eq!(world.take_change(1, &key), Err(none));
}

#[test]
fn root_and_what_is_built_in_are_every_regions_own_and_nothing_comes_from_the_future() {
    let mut world = regions();
    let stamp = |at: Timestamp| Stamp { at, region: "region-0".parse().unwrap() };
    let now = world.regions[1].now;
    let root = Change::UserDeleted { user: UserName::ROOT.parse().unwrap(), made: stamp(now) };
    let built_in = |noun| Err(Rejection::Identity(IdentityRejection::BuiltIn(noun)));
    assert_eq!(world.take_change(1, &root), built_in(Noun::User));
    let policy = Change::PolicyDeleted { policy: policy(0), made: stamp(now) };
    assert_eq!(world.take_change(1, &policy), built_in(Noun::Policy));
    let ahead = Change::Group { group: group(1), made: stamp(now + SignedDuration::from_hours(25)) };
    assert_eq!(world.take_change(1, &ahead), Err(Rejection::ReplicaAhead));
}

#[test]
fn a_disabled_key_is_never_enabled_on_its_way() {
    let mut world = regions();
    does(&mut world, 0, &[Deed::CreateUser(1), Deed::CreateKey(1, 0), Deed::ChangeKey(1, 0, false, true)]);
    world.settle();
    let created = world.regions[1].fold.events.iter().find_map(|event| match &event.fact {
        Fact::KeyCreated(fact) => Some(fact),
        _ => None,
    });
    assert!(created.is_some_and(|fact| fact.disabled && fact.held_by_admin));
    assert_eq!(world.regions[0].shown(), world.regions[1].shown());
}

#[test]
fn a_key_that_is_made_anew_has_its_new_secret_everywhere() {
    let mut world = regions();
    does(&mut world, 0, &[Deed::CreateUser(1), Deed::CreateKey(1, 0)]);
    world.settle();
    let before = world.regions[1].shown().keys;
    does(&mut world, 0, &[Deed::DeleteKey(1, 0), Deed::CreateKey(1, 0)]);
    world.settle();
    let (first, second) = (world.regions[0].shown().keys, world.regions[1].shown().keys);
    assert_eq!(first, second);
    assert_ne!(first, before, "the secret is another one");
}

#[test]
fn a_key_id_that_both_regions_gave_has_the_later_secret() {
    let mut world = regions();
    does(&mut world, 0, &[Deed::CreateUser(1)]);
    world.settle();
    for (region, secret) in [(0, "v1.of-first"), (1, "v1.of-second")] {
        let (access_key, secret) = ("SAME".parse().unwrap(), secret.parse().unwrap());
        let create = IdentityCommand::CreateKey { user: user(1), access_key, secret, expires: None };
        world.command(region, &Command::Identity(Box::new(create))).unwrap();
    }
    world.settle();
    let keys = world.regions[0].shown().keys;
    assert_eq!(keys, world.regions[1].shown().keys);
    assert_eq!(keys[&"SAME".parse().unwrap()].secret.as_str(), "v1.of-second", "its clock is ahead");
}

/// A region, and one with a later clock that only receives from it.
fn one_way() -> World {
    World::linked(&[0, 1_000], &[(0, 1)])
}

fn has_no_user(world: &World) -> bool {
    let model = &world.regions[1].fold.model;
    model.users.is_empty() && model.keys.is_empty()
}

#[test]
fn whom_a_region_that_only_receives_deleted_stays_away_although_it_made_another_of_the_name() {
    let mut world = one_way();
    does(&mut world, 0, &[Deed::CreateUser(1), Deed::CreateKey(1, 0)]);
    world.settle();
    does(&mut world, 1, &[Deed::DeleteUser(1), Deed::CreateUser(1), Deed::DeleteUser(1)]);
    does(&mut world, 0, &[Deed::SetPassword(1), Deed::ChangeKey(1, 0, true, false)]);
    world.settle();
    assert!(has_no_user(&world));
}

#[test]
fn whom_both_regions_made_is_not_made_again_by_the_region_that_sends() {
    let mut world = one_way();
    does(&mut world, 0, &[Deed::CreateUser(1), Deed::CreateKey(1, 0)]);
    does(&mut world, 1, &[Deed::CreateUser(1)]);
    world.settle();
    assert_eq!(world.regions[1].fold.model.keys.len(), 1, "the key is taken");
    does(&mut world, 1, &[Deed::DeleteUser(1)]);
    does(&mut world, 0, &[Deed::SetPassword(1), Deed::ChangeKey(1, 0, true, false)]);
    world.settle();
    assert!(has_no_user(&world));
}

#[test]
fn a_key_that_a_region_disabled_and_deleted_is_not_made_again() {
    let mut world = one_way();
    does(&mut world, 0, &[Deed::CreateUser(1), Deed::CreateKey(1, 0)]);
    does(&mut world, 1, &[Deed::CreateUser(1)]);
    world.settle();
    does(&mut world, 1, &[Deed::ChangeKey(1, 0, false, true), Deed::DeleteKey(1, 0)]);
    let sent = world.message(0, &Shared::Key(user(1), "KEY010".parse().unwrap()));
    assert!(!sent.is_empty());
    world.send(1, sent);
    let model = &world.regions[1].fold.model;
    assert!(model.users.contains_key(&user(1)) && model.keys.is_empty());
}

#[test]
fn an_address_that_regions_gave_to_two_users_belongs_to_one_everywhere_and_then_to_the_other() {
    let mut world = regions();
    does(&mut world, 0, &[Deed::CreateUser(0), Deed::CreateUser(1)]);
    world.settle();
    does(&mut world, 0, &[Deed::SetEmail(1, Some(1))]);
    does(&mut world, 1, &[Deed::SetEmail(0, Some(1))]);
    world.settle();
    let of_address = |world: &World| {
        world.regions.iter().map(|region| region.fold.model.user_by_email("1@example.org").unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(of_address(&world), [Some(user(0)), Some(user(0))]);
    does(&mut world, 1, &[Deed::SetEmail(0, None)]);
    world.settle();
    assert_eq!(of_address(&world), [Some(user(1)), Some(user(1))]);
}

#[test]
fn nothing_stays_of_memberships_and_attachments_of_what_is_deleted() {
    let mut world = regions();
    does(&mut world, 0, &[Deed::CreateUser(1), Deed::CreateGroup(1), Deed::StorePolicy(1, 1)]);
    does(&mut world, 0, &[Deed::AddMember(1, 1), Deed::RemoveMember(1, 1)]);
    does(&mut world, 0, &[Deed::Attach(1, Ok(1)), Deed::Detach(1, Ok(1))]);
    world.settle();
    does(&mut world, 0, &[Deed::DeleteGroup(1), Deed::DeletePolicy(1)]);
    world.settle();
    for region in &world.regions {
        let writes: Vec<_> = region.fold.model.writes.keys().cloned().collect();
        assert_eq!(writes, [Written::Properties(user(1)), Written::Password(user(1))]);
    }
}

#[test]
fn that_two_users_are_one_is_told_without_a_password() {
    let mut world = regions();
    does(&mut world, 0, &[Deed::CreateUser(1)]);
    does(&mut world, 1, &[Deed::CreateUser(1)]);
    world.settle();
    let told = |fact: &Fact| matches!(fact, Fact::UserCreated(fact) if fact.replica.is_some());
    let merged = world.regions[0].fold.events.iter().find(|event| told(&event.fact)).unwrap();
    assert!(matches!(&merged.fact, Fact::UserCreated(fact) if fact.password.is_none()));
    assert_eq!(world.regions[0].shown(), world.regions[1].shown(), "the password follows");
}
