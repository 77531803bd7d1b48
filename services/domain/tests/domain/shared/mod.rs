//! Regions of one operator that share users, keys, groups and policies. Whatever is done in each, however long they are
//! apart, however often something arrives, and whatever the clocks say: in the end all of them have the same.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use domain::model::Model;
use domain::row::{KeyRow, UserRow};
use domain::{
    ChangeUser, Command, Context, IdentityCommand, Outcome, Rejection, Shared, TakeChange, shared_of, to_share,
};
use events::identity::Change;
use events::ids::{AccessKeyId, GroupName, PolicyName, RegionName, Sealed, UserId, UserName};
use events::policy::{BUILT_IN, Holder};
use events::user::{Created, Limits, Role};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use uuid::Uuid;

use crate::fold::{Fold, upgrade};
use crate::random::links;

mod directed;

/// When the clocks of all regions begin, in seconds since 1970.
const BEGIN: i64 = 1_800_000_000;

/// What somebody does in a region. Users, groups, policies and keys are numbers.
#[derive(Debug, Clone)]
enum Deed {
    CreateUser(u8),
    ChangeUser(u8, Option<bool>, Option<bool>),
    /// Gives a user an address, or takes it away.
    SetEmail(u8, Option<u8>),
    SetPassword(u8),
    DeleteUser(u8),
    CreateKey(u8, u8),
    ChangeKey(u8, usize, bool, bool),
    DeleteKey(u8, usize),
    CreateGroup(u8),
    DeleteGroup(u8),
    AddMember(u8, u8),
    RemoveMember(u8, u8),
    StorePolicy(u8, u8),
    DeletePolicy(u8),
    Attach(u8, Result<u8, u8>),
    Detach(u8, Result<u8, u8>),
}

#[derive(Debug, Clone)]
enum Step {
    /// Somebody does something in a region.
    Do(usize, Deed),
    /// The next change goes from one region to another.
    Deliver(usize, usize),
    /// Only the beginning of a request arrives.
    Half(usize, usize),
    /// Something that a region has, whoever made it, is sent to another one, as all that there is before a link.
    Tell(usize, usize, usize),
    /// A change arrives once more.
    Again(usize),
    /// Time passes in a region, in milliseconds.
    Pass(usize, u32),
}

struct Region {
    name: RegionName,
    fold: Fold,
    now: Timestamp,
}

struct World {
    regions: Vec<Region>,
    /// For each region and each other one what the second has to hear of.
    waiting: BTreeMap<(usize, usize), VecDeque<Shared>>,
    taken: Vec<(usize, Change<Sealed>)>,
    made: u64,
}

/// All of a region that is the same everywhere.
#[derive(Debug, PartialEq, Eq)]
struct Shown {
    users: BTreeMap<UserName, UserRow>,
    emails: BTreeMap<String, BTreeSet<UserName>>,
    keys: BTreeMap<AccessKeyId, KeyRow>,
    groups: BTreeMap<GroupName, (BTreeSet<UserName>, BTreeSet<PolicyName>)>,
    policies: BTreeMap<PolicyName, (String, BTreeSet<Holder>)>,
}

fn user(n: u8) -> UserName {
    format!("user-{n}").parse().unwrap()
}

fn group(n: u8) -> GroupName {
    format!("group-{n}").parse().unwrap()
}

fn policy(n: u8) -> PolicyName {
    if n == 0 { BUILT_IN[0].parse().unwrap() } else { format!("policy-{n}").parse().unwrap() }
}

fn holder(of: Result<u8, u8>) -> Holder {
    of.map_or_else(|n| Holder::Group(group(n)), |n| Holder::User(user(n)))
}

impl Region {
    /// Canonical ids and times of creation are each region's own.
    fn shown(&self) -> Shown {
        let Model { users, emails, keys, groups, policies, .. } = &self.fold.model;
        let (id, created) = (UserId::from_fresh([0; 32]), Timestamp::UNIX_EPOCH);
        let user = |row: &UserRow| UserRow { id: id.clone(), created, ..row.clone() };
        Shown {
            users: users.iter().map(|(name, row)| (name.clone(), user(row))).collect(),
            emails: emails.clone(),
            keys: keys.iter().map(|(id, row)| (id.clone(), KeyRow { created, ..row.clone() })).collect(),
            groups: groups
                .iter()
                .map(|(name, row)| (name.clone(), (row.members.clone(), row.policies.clone())))
                .collect(),
            policies: policies
                .iter()
                .map(|(name, row)| (name.clone(), (row.document.clone(), row.holders.clone())))
                .collect(),
        }
    }

    fn nth_key(&self, of: u8, n: usize) -> Option<AccessKeyId> {
        let keys: Vec<_> = self.fold.model.keys.iter().filter(|(_, row)| row.user == user(of)).collect();
        n.checked_rem(keys.len()).map(|n| keys[n].0.clone())
    }

    /// All that it has or remembers.
    fn names(&self) -> Vec<Shared> {
        let made = self.fold.model.made.keys().cloned().map(Shared::from);
        let written = self.fold.model.writes.keys().cloned().map(Shared::from);
        made.chain(written).collect::<BTreeSet<_>>().into_iter().collect()
    }
}

impl World {
    /// Regions with clocks that are so many milliseconds ahead, each with a link to each other.
    fn new(skews: &[u32]) -> Self {
        let all = 0..skews.len();
        let links = all.clone().flat_map(|from| all.clone().map(move |to| (from, to)));
        Self::linked(skews, &links.filter(|(from, to)| from != to).collect::<Vec<_>>())
    }

    /// The same with these links alone.
    fn linked(skews: &[u32], links: &[(usize, usize)]) -> Self {
        let begin = Timestamp::from_second(BEGIN).unwrap();
        let region = |(place, skew): (usize, &u32)| Region {
            name: format!("region-{place}").parse().unwrap(),
            fold: Fold::new(),
            now: begin + SignedDuration::from_millis((*skew).into()),
        };
        let regions: Vec<_> = skews.iter().enumerate().map(region).collect();
        let waiting = links.iter().map(|link| (*link, VecDeque::new())).collect();
        let mut world = Self { regions, waiting, taken: Vec::new(), made: 0 };
        for place in 0..skews.len() {
            world.command(place, &upgrade()).unwrap();
        }
        for (from, to) in links {
            let add = links::add(&format!("region-{to}"), "v1.x".parse().unwrap());
            world.command(*from, &add).unwrap();
        }
        world
    }

    /// Executes a command in a region, and has the others hear of what it did.
    fn command(&mut self, region: usize, command: &Command) -> Result<Outcome, Rejection> {
        self.made += 1;
        let context = Context { now: self.regions[region].now, fresh: Uuid::from_u128(self.made.into()) };
        let before = self.regions[region].fold.events.len();
        let answer = self.regions[region].fold.command(command, context)?;
        for event in &self.regions[region].fold.events[before..] {
            let Some(name) = to_share(&event.fact) else { continue };
            for (_, names) in self.waiting.iter_mut().filter(|((from, _), _)| *from == region) {
                names.push_back(name.clone());
            }
        }
        Ok(answer)
    }

    fn secret(&self) -> Sealed {
        format!("v1.{}", self.made).parse().unwrap()
    }

    fn deed(&self, region: usize, deed: &Deed) -> Option<IdentityCommand> {
        use IdentityCommand as C;
        let key = |of, n| self.regions[region].nth_key(of, n);
        Some(match *deed {
            Deed::CreateUser(n) => {
                let mut id = [region.try_into().unwrap_or(0); 32];
                id[..8].copy_from_slice(&self.made.to_be_bytes());
                C::CreateUser(Created {
                    user: user(n),
                    id: UserId::from_fresh(id),
                    role: Role::User,
                    display_name: format!("made {}", self.made),
                    email: None,
                    password: Some(self.secret()),
                    limits: Limits::default(),
                    disabled: false,
                    replica: None,
                })
            }
            Deed::ChangeUser(n, enabled, is_admin) => C::ChangeUser(ChangeUser {
                user: user(n),
                role: is_admin.map(|is_admin| if is_admin { Role::Admin } else { Role::User }),
                display_name: Some(format!("changed {}", self.made)),
                email: None,
                enabled,
                limits: None,
            }),
            Deed::SetEmail(n, address) => C::ChangeUser(ChangeUser {
                user: user(n),
                role: None,
                display_name: None,
                email: Some(address.map(|address| format!("{address}@example.org"))),
                enabled: None,
                limits: None,
            }),
            Deed::SetPassword(n) => C::SetPassword { user: user(n), password: Some(self.secret()) },
            Deed::DeleteUser(n) => C::DeleteUser { user: user(n) },
            Deed::CreateKey(n, k) => C::CreateKey {
                user: user(n),
                // Access key ids are random, and no two regions give the same one.
                access_key: format!("KEY{region}{n}{k}").parse().unwrap(),
                secret: self.secret(),
                expires: None,
            },
            Deed::ChangeKey(n, k, enabled, by_admin) => {
                let (enabled, expires) = (Some(enabled), Some(Some(self.regions[region].now)));
                C::ChangeKey { user: user(n), access_key: key(n, k)?, enabled, expires, by_admin }
            }
            Deed::DeleteKey(n, k) => C::DeleteKey { user: user(n), access_key: key(n, k)? },
            Deed::CreateGroup(g) => C::CreateGroup { group: group(g) },
            Deed::DeleteGroup(g) => C::DeleteGroup { group: group(g) },
            Deed::AddMember(g, n) => C::AddMember { group: group(g), user: user(n) },
            Deed::RemoveMember(g, n) => C::RemoveMember { group: group(g), user: user(n) },
            Deed::StorePolicy(p, document) => C::StorePolicy { policy: policy(p), document: format!("{document}") },
            Deed::DeletePolicy(p) => C::DeletePolicy { policy: policy(p) },
            Deed::Attach(p, of) => C::AttachPolicy { policy: policy(p), holder: holder(of) },
            Deed::Detach(p, of) => C::DetachPolicy { policy: policy(p), holder: holder(of) },
        })
    }

    /// What a region sends of a name: all that it belongs to, and then itself.
    fn message(&self, from: usize, name: &Shared) -> Vec<Change<Sealed>> {
        let Region { name: here, fold, .. } = &self.regions[from];
        let of = |name: &Shared| shared_of(&fold.model, name, here).unwrap();
        let own = of(name);
        if own.is_empty() {
            return own;
        }
        name.owners().iter().flat_map(of).chain(own).collect()
    }

    /// A region makes a change. As a gateway does, it takes a user in up to three facts, and seals their password for the
    /// id that they have here.
    fn take_change(&mut self, to: usize, change: &Change<Sealed>) -> Result<(), Rejection> {
        let here = self.regions[to].name.clone();
        let times = if matches!(change, Change::User(_)) { 3 } else { 1 };
        for _ in 0..times {
            let mut change = change.clone();
            if let Change::User(user) = &mut change
                && let Some(row) = self.regions[to].fold.model.users.get(&user.user)
            {
                user.id = row.id.clone();
            }
            self.command(to, &TakeChange { here: here.clone(), change }.into())?;
        }
        Ok(())
    }

    fn send(&mut self, to: usize, changes: Vec<Change<Sealed>>) {
        for change in changes {
            self.take_change(to, &change).unwrap_or_else(|error| panic!("{error:?} for {change:?}"));
            self.taken.push((to, change));
        }
    }

    fn deliver(&mut self, from: usize, to: usize) {
        let Some(name) = self.waiting.get_mut(&(from, to)).and_then(VecDeque::pop_front) else { return };
        self.send(to, self.message(from, &name));
    }

    fn take(&mut self, step: &Step) {
        let count = self.regions.len();
        match step {
            Step::Do(region, deed) => {
                let Some(command) = self.deed(region % count, deed) else { return };
                // Much is refused: the user is not there, or there already.
                let _refused = self.command(region % count, &Command::Identity(Box::new(command)));
            }
            Step::Deliver(from, to) if from % count != to % count => self.deliver(from % count, to % count),
            Step::Half(from, to) if from % count != to % count => {
                let waiting = self.waiting.get(&(from % count, to % count));
                let Some(name) = waiting.and_then(VecDeque::front).cloned() else { return };
                let changes = self.message(from % count, &name).into_iter().take(1).collect();
                self.send(to % count, changes);
            }
            Step::Tell(from, to, n) if self.waiting.contains_key(&(from % count, to % count)) => {
                let names = self.regions[from % count].names();
                let Some(n) = n.checked_rem(names.len()) else { return };
                self.send(to % count, self.message(from % count, &names[n]));
            }
            Step::Deliver(..) | Step::Half(..) | Step::Tell(..) => {}
            Step::Again(n) => self.again(*n),
            Step::Pass(region, milliseconds) => {
                self.regions[region % count].now += SignedDuration::from_millis((*milliseconds).into());
            }
        }
    }

    /// Delivers once more what was taken before: nothing happens.
    fn again(&mut self, n: usize) {
        let Some(n) = n.checked_rem(self.taken.len()) else { return };
        let (to, change) = self.taken[n].clone();
        let before = self.regions[to].fold.events.len();
        self.take_change(to, &change).unwrap();
        assert_eq!(self.regions[to].fold.events.len(), before, "{change:?} was made twice");
    }

    fn settle(&mut self) {
        let lanes: Vec<_> = self.waiting.keys().copied().collect();
        for (from, to) in lanes {
            while !self.waiting[&(from, to)].is_empty() {
                self.deliver(from, to);
            }
        }
        assert!(self.waiting.values().all(VecDeque::is_empty), "what came from another region is sent on");
    }
}

fn deed() -> impl Strategy<Value = Deed> {
    let n = || 0..2_u8;
    let of = || prop_oneof![n().prop_map(Ok), n().prop_map(Err)];
    let is = || any::<bool>();
    prop_oneof![
        4 => n().prop_map(Deed::CreateUser),
        2 => (n(), prop::option::of(is()), prop::option::of(is())).prop_map(|(n, e, a)| Deed::ChangeUser(n, e, a)),
        2 => (n(), prop::option::of(n())).prop_map(|(n, address)| Deed::SetEmail(n, address)),
        1 => n().prop_map(Deed::SetPassword),
        2 => n().prop_map(Deed::DeleteUser),
        2 => (n(), n()).prop_map(|(n, k)| Deed::CreateKey(n, k)),
        2 => (n(), 0..4_usize, is(), is()).prop_map(|(n, k, e, a)| Deed::ChangeKey(n, k, e, a)),
        1 => (n(), 0..4_usize).prop_map(|(n, k)| Deed::DeleteKey(n, k)),
        2 => n().prop_map(Deed::CreateGroup),
        1 => n().prop_map(Deed::DeleteGroup),
        3 => (n(), n()).prop_map(|(g, n)| Deed::AddMember(g, n)),
        1 => (n(), n()).prop_map(|(g, n)| Deed::RemoveMember(g, n)),
        2 => (n(), 0..3_u8).prop_map(|(p, d)| Deed::StorePolicy(p, d)),
        1 => n().prop_map(Deed::DeletePolicy),
        3 => (n(), of()).prop_map(|(p, of)| Deed::Attach(p, of)),
        1 => (n(), of()).prop_map(|(p, of)| Deed::Detach(p, of)),
    ]
}

fn history() -> impl Strategy<Value = Vec<Step>> {
    let n = || 0..6_usize;
    let step = prop_oneof![
        8 => (n(), deed()).prop_map(|(region, deed)| Step::Do(region, deed)),
        6 => (n(), n()).prop_map(|(from, to)| Step::Deliver(from, to)),
        1 => (n(), n()).prop_map(|(from, to)| Step::Half(from, to)),
        1 => (n(), n(), any::<usize>()).prop_map(|(from, to, n)| Step::Tell(from, to, n)),
        1 => any::<usize>().prop_map(Step::Again),
        2 => (n(), 0..3_u32).prop_map(|(region, passed)| Step::Pass(region, passed)),
    ];
    prop::collection::vec(step, 1..80)
}

/// That each region's own tables agree: who is in which group and has which policy is said twice.
fn check(model: &Model) -> Result<(), String> {
    for (name, row) in &model.users {
        let is_known =
            row.groups.iter().all(|group| model.groups.get(group).is_some_and(|row| row.members.contains(name)));
        let is_held = row.policies.iter().all(|policy| is_holder(model, policy, &Holder::User(name.clone())));
        if !is_known || !is_held || model.user_ids.get(&row.id) != Some(name) {
            return Err(format!("{name} is not what others say: {row:?}"));
        }
    }
    for (name, row) in &model.groups {
        let is_known =
            row.members.iter().all(|user| model.users.get(user).is_some_and(|row| row.groups.contains(name)));
        let is_held = row.policies.iter().all(|policy| is_holder(model, policy, &Holder::Group(name.clone())));
        if !is_known || !is_held {
            return Err(format!("{name} is not what others say: {row:?}"));
        }
    }
    for (name, row) in &model.policies {
        let holds = |holder: &Holder| match holder {
            Holder::User(user) => model.users.get(user).is_some_and(|row| row.policies.contains(name)),
            Holder::Group(group) => model.groups.get(group).is_some_and(|row| row.policies.contains(name)),
        };
        if !row.holders.iter().all(holds) {
            return Err(format!("{name} is not what others say: {row:?}"));
        }
    }
    match model.keys.iter().find(|(_, row)| !model.users.contains_key(&row.user)) {
        Some((id, _)) => Err(format!("{id} is nobody's")),
        None => Ok(()),
    }
}

fn is_holder(model: &Model, policy: &PolicyName, holder: &Holder) -> bool {
    BUILT_IN.contains(&policy.as_str()) || model.policies.get(policy).is_some_and(|row| row.holders.contains(holder))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 800, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn regions_come_to_the_same_users_keys_groups_and_policies(
        skews in prop::collection::vec(prop_oneof![Just(0), 0..3_u32, 0..5_000_u32], 2..=3),
        steps in history(),
    ) {
        let mut world = World::new(&skews);
        for step in &steps {
            world.take(step);
        }
        world.settle();
        let first = world.regions[0].shown();
        for region in &world.regions[1..] {
            prop_assert_eq!(&region.shown(), &first, "{} differs", region.name);
        }
        // However late a change comes once more, nothing happens.
        (0..world.taken.len()).rev().for_each(|n| world.again(n));
        for region in &world.regions {
            check(&region.fold.model).map_err(TestCaseError::fail)?;
        }
    }

    #[test]
    fn what_a_region_that_only_receives_ended_never_comes_back(
        skew in prop_oneof![Just(0), 0..3_u32, 0..5_000_u32],
        steps in history(),
    ) {
        let mut world = World::linked(&[0, skew], &[(0, 1)]);
        // A region remembers deletions from the first change on that it took.
        world.take(&Step::Do(0, Deed::CreateGroup(2)));
        world.settle();
        for step in &steps {
            world.take(step);
        }
        world.settle();
        (0..world.taken.len()).rev().for_each(|n| world.again(n));
        for region in &world.regions {
            check(&region.fold.model).map_err(TestCaseError::fail)?;
        }
        let source = &world.regions[0].fold.events;
        prop_assert!(source.iter().all(|event| event.fact.identity_replica().is_none()));
    }
}
