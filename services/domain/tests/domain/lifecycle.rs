//! What lifecycle rules expire, and what they keep.

use domain::lifecycle::{Day, Standing, Succession, Version, end_of_version, upload_end, version_end};
use domain::row::{BucketId, ObjectLockRow, VersionRow};
use domain::{
    AbortExpired, Command, Context, Expire, Outcome, Rejection, SetLegalHold, Setting, VersionName, View,
    newest_version,
};
use events::Fact;
use events::bucket::Versioning;
use events::ids::VersionId;
use events::lifecycle::{Expiration, Filter, NoncurrentExpiration, Rule, TransitionMinimum};
use events::lock::LegalHold;
use events::tags::Tags;
use jiff::{SignedDuration, Timestamp};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use testkit::commands;
use uuid::Uuid;

use crate::fold::Fold;
use crate::given::{begin, bucket, create_bucket, delete, key, put, upload, versioning};

/// A bucket with a manual clock.
struct Story {
    fold: Fold,
    now: Timestamp,
    place: u128,
}

fn rule(change: impl FnOnce(&mut Rule)) -> Rule {
    let mut rule = commands::rule();
    change(&mut rule);
    rule
}

fn days(days: u32) -> Rule {
    rule(|rule| rule.expiration = Some(Expiration::Days(days)))
}

fn noncurrent(days: u32, newer_versions: Option<u32>) -> Rule {
    rule(|rule| rule.noncurrent_expiration = Some(NoncurrentExpiration { days, newer_versions }))
}

impl Story {
    /// Starts at midnight.
    fn of(commands: &[Command]) -> Self {
        let mut story = Self { fold: Fold::new(), now: "2026-01-01T00:00:00Z".parse().unwrap(), place: 0 };
        story.does(&create_bucket()).unwrap();
        for command in commands {
            story.does(command).unwrap();
        }
        story
    }

    fn does(&mut self, command: &Command) -> Result<Outcome, Rejection> {
        self.place += 1;
        let context = Context { now: self.now, fresh: Uuid::from_u128(self.place << 64) };
        self.fold.command(command, context)
    }

    fn has(mut self, rules: Vec<Rule>) -> Self {
        self.does(&Command::SetBucketSetting {
            bucket: bucket(),
            setting: Setting::Lifecycle(Some(rules), TransitionMinimum::default()),
        })
        .unwrap();
        self
    }

    fn hours(&mut self, hours: i64) -> &mut Self {
        self.now += SignedDuration::from_hours(hours);
        self
    }

    fn id(&self) -> BucketId {
        self.fold.model.bucket(&bucket()).unwrap().unwrap().id
    }

    /// Proposes the expiration of the version that the command at a position created.
    fn expire(&mut self, place: u128) -> Result<Outcome, Rejection> {
        let version = VersionId::from_u128(place << 64);
        let expire = Expire { bucket: bucket(), id: self.id(), key: key("k"), version, day: Day::CALENDAR };
        self.does(&expire.into())
    }

    fn last_fact(&self) -> &Fact {
        &self.fold.events.last().unwrap().fact
    }
}

#[test]
fn a_version_without_others_ends_for_good_when_its_days_are_over() {
    let mut story = Story::of(&[put(b'a')]).has(vec![days(2)]);
    assert_eq!(story.hours(47).expire(2), Err(Rejection::NotDue));
    assert_eq!(story.hours(1).expire(2), Ok(Outcome::Deleted { version: None, delete_marker: false }));
    let Fact::ObjectDeleted(fact) = story.last_fact() else { panic!("{:?}", story.last_fact()) };
    assert_eq!((fact.lifecycle_rule.as_deref(), fact.delta.objects), (Some("r"), -1));
    assert_eq!(story.expire(2), Err(Rejection::NotDue), "twice");
}

#[test]
fn where_versions_are_kept_the_current_one_goes_behind_a_delete_marker() {
    let mut story = Story::of(&[versioning(Versioning::Enabled), put(b'a')]).has(vec![days(1)]);
    story.hours(24).expire(3).unwrap();
    let Fact::DeleteMarkerCreated(fact) = story.last_fact() else { panic!("{:?}", story.last_fact()) };
    assert_eq!(fact.lifecycle_rule.as_deref(), Some("r"));
    assert_eq!(story.hours(999).expire(3), Err(Rejection::NotDue), "it is not current any more");
}

#[test]
fn what_was_overwritten_meanwhile_stays() {
    let mut story = Story::of(&[put(b'a')]).has(vec![days(1)]);
    story.hours(24).does(&put(b'b')).unwrap();
    assert_eq!(story.expire(2), Err(Rejection::NotDue));
    assert_eq!(story.expire(4), Err(Rejection::NotDue), "the new one is young");
}

#[test]
fn rules_that_were_changed_or_disabled_meanwhile_end_nothing() {
    let mut story = Story::of(&[put(b'a')]).has(vec![days(1)]);
    story.hours(24);
    let mut story = story.has(vec![rule(|rule| {
        rule.enabled = false;
        rule.expiration = Some(Expiration::Days(1));
    })]);
    assert_eq!(story.expire(2), Err(Rejection::NotDue));
    story
        .does(&Command::SetBucketSetting {
            bucket: bucket(),
            setting: Setting::Lifecycle(None, TransitionMinimum::default()),
        })
        .unwrap();
    assert_eq!(story.expire(2), Err(Rejection::NotDue));
}

#[test]
fn another_bucket_of_the_same_name_is_left_alone() {
    let mut story = Story::of(&[put(b'a')]).has(vec![days(1)]);
    let (version, id) = (VersionId::from_u128(2 << 64), BucketId(story.id().0 + 1));
    let expire = Expire { bucket: bucket(), id, key: key("k"), version, day: Day::CALENDAR };
    assert_eq!(story.hours(24).does(&expire.into()), Err(Rejection::NoSuchBucket));
}

#[test]
fn versions_that_are_not_current_end_so_many_days_after_their_successor_came() {
    let given = [versioning(Versioning::Enabled), put(b'a')];
    let mut story = Story::of(&given).has(vec![noncurrent(2, None)]);
    story.hours(100).does(&put(b'b')).unwrap();
    assert_eq!(story.hours(47).expire(3), Err(Rejection::NotDue));
    assert_eq!(story.hours(21).expire(5), Err(Rejection::NotDue), "the current one");
    let name = VersionName::Id(VersionId::from_u128(3 << 64));
    assert_eq!(story.expire(3), Ok(Outcome::Deleted { version: Some(name), delete_marker: false }));
}

#[test]
fn newer_versions_that_are_not_current_are_kept() {
    let given = [versioning(Versioning::Enabled), put(b'a'), put(b'b'), put(b'c'), delete(None), put(b'd')];
    let mut story = Story::of(&given).has(vec![noncurrent(1, Some(2))]);
    story.hours(48);
    assert_eq!(story.expire(5), Err(Rejection::NotDue), "no newer one but a marker and the current one");
    assert_eq!(story.expire(4), Err(Rejection::NotDue), "one newer");
    assert!(story.expire(3).is_ok(), "two newer");
}

#[test]
fn a_delete_marker_ends_once_it_hides_nothing() {
    let marker = rule(|rule| {
        rule.expiration = Some(Expiration::ExpiredObjectDeleteMarker);
        rule.noncurrent_expiration = Some(NoncurrentExpiration { days: 1, newer_versions: None });
    });
    for rules in [vec![marker], vec![days(1), noncurrent(1, None)]] {
        let mut story = Story::of(&[versioning(Versioning::Enabled), put(b'a'), delete(None)]).has(rules);
        assert_eq!(story.hours(48).expire(4), Err(Rejection::NotDue), "it hides a version");
        story.expire(3).unwrap();
        let name = VersionName::Id(VersionId::from_u128(4 << 64));
        assert_eq!(story.expire(4), Ok(Outcome::Deleted { version: Some(name), delete_marker: true }));
        assert!(story.fold.model.bucket_is_empty(story.id()).unwrap());
    }
}

#[test]
fn what_is_locked_stays_until_it_is_not_any_more() {
    let mut story = Story::of(&[versioning(Versioning::Enabled)]).has(vec![noncurrent(1, None)]);
    let lock = Setting::ObjectLock(ObjectLockRow::default());
    story.does(&Command::SetBucketSetting { bucket: bucket(), setting: lock }).unwrap();
    story.does(&put(b'a')).unwrap();
    let held = |legal_hold| {
        let version = VersionId::from_u128(5 << 64);
        Command::from(SetLegalHold { bucket: bucket(), key: key("k"), version, legal_hold })
    };
    story.does(&held(LegalHold::On)).unwrap();
    story.does(&put(b'b')).unwrap();
    assert_eq!(story.hours(24).expire(5), Err(Rejection::Locked));
    story.does(&held(LegalHold::Off)).unwrap();
    assert!(story.expire(5).is_ok());
}

#[test]
fn uploads_are_given_up_so_many_days_after_they_began() {
    let abort = rule(|rule| {
        rule.filter.prefix = Some("k".into());
        rule.abort_uploads_after_days = Some(3);
    });
    let mut story = Story::of(&[begin(7)]).has(vec![abort]);
    let id = story.id();
    let propose = || AbortExpired { bucket: bucket(), id, key: key("k"), upload: upload(7), day: Day::CALENDAR }.into();
    assert_eq!(story.hours(71).does(&propose()), Err(Rejection::NotDue));
    assert_eq!(story.hours(1).does(&propose()), Ok(Outcome::Done));
    let Fact::UploadAborted(fact) = story.last_fact() else { panic!("{:?}", story.last_fact()) };
    assert_eq!(fact.lifecycle_rule.as_deref(), Some("r"));
    assert_eq!(story.does(&propose()), Err(Rejection::NotDue), "twice");
}

/// The same rules, implemented separately in the simplest way: each rule and each condition by itself.
fn naive(rules: &[Rule], version: &Version<'_>, now: Timestamp) -> bool {
    let midnight_passed = |from: Timestamp, days: u32| {
        let wanted = from.as_second() + i64::from(days) * 86_400 + i64::from(from.subsec_nanosecond() > 0);
        let mut midnight = wanted - wanted.rem_euclid(86_400);
        if midnight < wanted {
            midnight += 86_400;
        }
        now.as_second() >= midnight
    };
    for rule in rules {
        let filter = &rule.filter;
        if !rule.enabled || filter.prefix.as_ref().is_some_and(|prefix| !version.key.starts_with(prefix.as_bytes())) {
            continue;
        }
        if let Some((size, tags)) = version.object {
            if filter.tags.iter().any(|wanted| !tags.iter().any(|tag| tag == wanted)) {
                continue;
            }
            if filter.size_greater_than.is_some_and(|than| size <= than)
                || filter.size_less_than.is_some_and(|than| size >= than)
            {
                continue;
            }
        } else if filter.size_greater_than.or(filter.size_less_than).is_some() || !filter.tags.is_empty() {
            continue;
        }
        let ends = match version.standing {
            Standing::Newest { is_only } if version.object.is_some() || is_only => match rule.expiration {
                Some(Expiration::Days(days)) => midnight_passed(version.modified, days),
                Some(Expiration::Date(date)) => now >= date,
                Some(Expiration::ExpiredObjectDeleteMarker) => version.object.is_none() && now >= version.modified,
                None => false,
            },
            Standing::Newest { .. } => false,
            Standing::Replaced { since, newer } => rule.noncurrent_expiration.is_some_and(|it| {
                midnight_passed(since, it.days) && it.newer_versions.is_none_or(|kept| kept <= newer)
            }),
        };
        if ends {
            return true;
        }
    }
    false
}

fn some_tags() -> impl Strategy<Value = Tags> {
    btree_map("[ab]", "[xy]", 0..3)
}

fn some_time() -> impl Strategy<Value = Timestamp> {
    // Around midnights, where rounding matters.
    (0..6_i64, -1..=1_i64, 0..2_i32)
        .prop_map(|(day, seconds, nanos)| Timestamp::new(1_767_225_600 + day * 86_400 + seconds, nanos).unwrap())
}

fn some_rule() -> impl Strategy<Value = Rule> {
    let expiration = prop_oneof![
        (1..4_u32).prop_map(Expiration::Days),
        some_time().prop_map(Expiration::Date),
        Just(Expiration::ExpiredObjectDeleteMarker)
    ];
    let noncurrent = (1..4_u32, option::of(1..4_u32))
        .prop_map(|(days, newer_versions)| NoncurrentExpiration { days, newer_versions });
    let picky = (option::of("[a-b]{0,2}"), some_tags(), option::of(0..4_u64), option::of(0..4_u64));
    // Most rules have no filter, so that their times matter.
    let filter = prop_oneof![3 => Just((None, Tags::new(), None, None)), 2 => picky];
    (prop::bool::weighted(0.9), filter, option::of(expiration), option::of(noncurrent), option::of(1..4_u32)).prop_map(
        |(enabled, (prefix, tags, more, less), expiration, noncurrent_expiration, abort_uploads_after_days)| Rule {
            id: String::new(),
            enabled,
            filter: Filter { is_old_form: false, prefix, tags, size_greater_than: more, size_less_than: less },
            expiration,
            noncurrent_expiration,
            abort_uploads_after_days,
        },
    )
}

/// All versions of `k`, newest first.
fn versions(story: &Story) -> Vec<VersionRow> {
    let (model, id) = (&story.fold.model, story.id());
    let newest = newest_version(model, id, &key("k")).unwrap();
    std::iter::successors(newest, |row| model.newest_below(id, &key("k"), row.version).unwrap()).collect()
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Put(Versioning),
    Delete(Versioning),
    /// The version at this position, counted from the newest.
    DeleteVersion(usize),
}

fn some_step() -> impl Strategy<Value = Step> {
    let versioning = || prop_oneof![3 => Just(Versioning::Enabled), 1 => Just(Versioning::Suspended)];
    prop_oneof![
        4 => versioning().prop_map(Step::Put),
        2 => versioning().prop_map(Step::Delete),
        1 => (0..6_usize).prop_map(Step::DeleteVersion),
    ]
}

impl Story {
    fn step(&mut self, step: Step) {
        let command = match step {
            Step::Put(at) => [versioning(at), put(b'a')],
            Step::Delete(at) => [versioning(at), delete(None)],
            Step::DeleteVersion(place) => match versions(self).get(place) {
                Some(row) => [versioning(Versioning::Enabled), delete(Some(row.name()))],
                None => return,
            },
        };
        for command in command {
            self.hours(7).does(&command).unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn whoever_walks_from_the_newest_on_finds_the_same_ends(
        steps in vec(some_step(), 0..16),
        rules in vec(some_rule(), 1..3),
    ) {
        let mut story = Story::of(&[]);
        for step in steps {
            story.step(step);
        }
        let (id, mut succession) = (story.id(), None::<Succession>);
        let all = versions(&story);
        for row in &all {
            let standing = if let Some(succession) = &mut succession {
                succession.next(row.object.is_some(), row.modified)
            } else {
                succession = Some(Succession::of_newest(row.modified));
                Standing::Newest { is_only: all.len() == 1 }
            };
            let object = row.object.as_ref().map(|object| (object.size, &object.attributes.tags));
            let seen = Version { key: b"k", object, modified: row.modified, standing };
            let walked = version_end(&rules, &seen, Day::CALENDAR);
            let alone = end_of_version(&story.fold.model, &rules, (id, &key("k")), row.version, Day::CALENDAR).unwrap();
            prop_assert_eq!(walked, alone.map(|(_, due)| due), "{:?} {:?}", row, standing);
        }
    }
}

proptest! {
    // Many cases, because some differences show only at midnight.
    #![proptest_config(ProptestConfig::with_cases(8_192))]

    #[test]
    fn a_version_is_due_exactly_when_the_long_way_says_so(
        rules in vec(some_rule(), 0..4),
        key in "[a-b]{1,3}",
        object in option::of((0..5_u64, some_tags())),
        (modified, now) in (some_time(), some_time()),
        standing in prop_oneof![
            any::<bool>().prop_map(|is_only| Standing::Newest { is_only }),
            (some_time(), 0..4_u32).prop_map(|(since, newer)| Standing::Replaced { since, newer }),
        ],
    ) {
        let object = object.as_ref().map(|(size, tags)| (*size, tags));
        let version = Version { key: key.as_bytes(), object, modified, standing };
        let due = version_end(&rules, &version, Day::CALENDAR).is_some_and(|due| due.at <= now);
        prop_assert_eq!(due, naive(&rules, &version, now));
    }

    #[test]
    fn an_upload_is_due_by_the_first_rule_that_asks_for_its_key_alone(
        rules in vec(some_rule(), 0..4),
        key in "[a-b]{1,3}",
        (begun, now) in (some_time(), some_time()),
    ) {
        let alone = |rule: &&Rule| {
            let filter = Filter { prefix: None, ..rule.filter.clone() };
            let prefix = rule.filter.prefix.clone().unwrap_or_default();
            rule.enabled && filter == Filter::default() && key.starts_with(&prefix)
        };
        let least = rules.iter().filter(alone).filter_map(|rule| rule.abort_uploads_after_days).min();
        let expected = least.is_some_and(|days| Day::CALENDAR.days_after(begun, days) <= now);
        let due = upload_end(&rules, key.as_bytes(), begun, Day::CALENDAR).is_some_and(|due| due.at <= now);
        prop_assert_eq!(due, expected);
    }
}
