//! Targets of events: what is said of them holds, and nothing that came too late is believed.

use domain::model::Model;
use domain::{
    Command, DEAD_LETTERS_MAX, Outcome, Rejection, SETTLED_AT_ONCE_MAX, Setting, TARGETS_MAX, TargetCommand,
    TargetRejection,
};
use events::ids::TargetName;
use events::notification::{Kind as RuleKind, Rule};
use events::target::{DeadLetter, Format, Kind, Progress, Settings};

use crate::fold::{Fold, region};
use crate::given::{accepted, bucket, context, rejected, unchanged};

/// Whether the state has what an accepted command about targets set, and counts its dead letters right.
pub(crate) fn holds(model: &Model, command: &TargetCommand) -> bool {
    use TargetCommand as C;
    let row = |target: &TargetName| model.targets.get(target);
    let letters =
        |target: &TargetName| model.dead_letters.iter().filter(move |((of, _), _)| of == target).collect::<Vec<_>>();
    let counts = model.targets.iter().all(|(target, row)| {
        let letters = letters(target);
        row.dead as usize == letters.len() && row.asked as usize == letters.iter().filter(|(_, row)| row.asked).count()
    });
    let is_named = |sequences: &[u64], sequence: u64| sequences.is_empty() || sequences.contains(&sequence);
    counts
        && model.dead_letters.keys().all(|(target, _)| model.targets.contains_key(target))
        && match command {
            C::Create { target, settings, secret, after } => row(target)
                .is_some_and(|row| row.settings() == *settings && row.secret == *secret && row.position == *after),
            C::Change { target, settings, after, .. } => row(target)
                .is_some_and(|row| row.settings() == *settings && after.is_none_or(|after| after == row.position)),
            C::Delete { target } => row(target).is_none(),
            C::AskTest { target } => row(target).is_some(),
            C::AskRedelivery { target, sequences } => {
                letters(target).iter().all(|((_, sequence), row)| row.asked || !is_named(sequences, *sequence))
            }
            C::DiscardDead { target, sequences } => {
                letters(target).iter().all(|((_, sequence), _)| !is_named(sequences, *sequence))
            }
            C::Advance { targets, .. } => targets.iter().all(|progress| {
                row(&progress.target).is_none_or(|row| {
                    // What came too late, or names what is no dead letter, says nothing.
                    row.changed != progress.changed
                        || row.position == progress.position && row.error == progress.error
                        || !progress.redelivered.is_empty()
                })
            }),
            C::Reseal { target, to, .. } => row(target).is_some_and(|row| row.secret.as_ref() == Some(to)),
        }
}

fn name(n: usize) -> TargetName {
    format!("t{n}").parse().unwrap()
}

fn settings(enabled: bool) -> Settings {
    let address = "https://example.com".into();
    Settings { kind: Kind::Webhook, address, format: Format::CloudeventsStructured, filter: None, enabled }
}

fn create(n: usize) -> Command {
    TargetCommand::Create { target: name(n), settings: settings(true), secret: None, after: 10 }.into()
}

fn progress(changed: u64, position: u64) -> Progress {
    Progress { target: name(0), changed, position, dead: Vec::new(), redelivered: Vec::new(), error: None }
}

fn advance(progress: Progress) -> Command {
    TargetCommand::Advance { region: region(), targets: vec![progress] }.into()
}

fn dead(sequences: impl Iterator<Item = u64>) -> Vec<DeadLetter> {
    sequences.map(|sequence| DeadLetter { sequence, error: "no".into(), attempts: 6 }).collect()
}

#[test]
fn a_region_has_a_bounded_number_of_targets_each_of_its_name() {
    rejected(&[create(0)], &create(0), TargetRejection::Exists.into());
    let all: Vec<_> = (0..TARGETS_MAX).map(create).collect();
    rejected(&all, &create(TARGETS_MAX), TargetRejection::TooMany.into());
    let delete: Command = TargetCommand::Delete { target: name(0) }.into();
    rejected(&[], &delete, TargetRejection::NoSuch(name(0)).into());
    accepted(&[create(0), delete], &create(0), &Ok(Outcome::Done));
}

#[test]
fn what_is_said_of_a_target_as_it_was_before_is_not_believed() {
    let fold = accepted(&[create(0)], &advance(progress(1, 20)), &Ok(Outcome::Done));
    assert_eq!(fold.model.targets[&name(0)].position, 20);
    let rewind = TargetCommand::Change { target: name(0), settings: settings(true), secret: None, after: Some(5) };
    unchanged(&[create(0), rewind.into()], &advance(progress(1, 30)), &Ok(Outcome::Done));
    unchanged(&[create(0)], &advance(progress(1, 9)), &Ok(Outcome::Done));
    unchanged(&[create(0)], &advance(progress(1, 10)), &Ok(Outcome::Done));
    unchanged(&[], &advance(progress(1, 20)), &Ok(Outcome::Done));
}

#[test]
fn no_dead_letter_is_lost_because_there_are_too_many() {
    let per_fact = SETTLED_AT_ONCE_MAX as u64;
    let mut fold = Fold::new();
    fold.command(&create(0), context(1)).unwrap();
    let mut said = 0;
    while fold.model.targets[&name(0)].dead < DEAD_LETTERS_MAX {
        let left = u64::from(DEAD_LETTERS_MAX) - said;
        let next = said + per_fact.min(left);
        let progress = Progress { dead: dead(said + 1..=next), ..progress(1, 10 + next) };
        fold.command(&advance(progress), context(2)).unwrap();
        said = next;
    }
    let before = fold.model.clone();
    let further = Progress { dead: dead(900..901), ..progress(1, 1_000) };
    fold.command(&advance(further), context(3)).unwrap();
    assert_eq!(fold.model, before, "it would pass over an event of which nothing is kept");
    // One that is known is said again, and makes no new one.
    let again = Progress { dead: dead(1..2), ..progress(1, 1_000) };
    fold.command(&advance(again), context(4)).unwrap();
    assert_eq!(fold.model.targets[&name(0)].position, 1_000);
    let gone: Command = TargetCommand::Delete { target: name(0) }.into();
    fold.command(&gone, context(5)).unwrap();
    assert!(fold.model.dead_letters.is_empty());
}

#[test]
fn a_rule_names_a_target_and_is_about_later_events() {
    let rule = |id: &str| Rule {
        id: id.into(),
        kind: RuleKind::Queue,
        target: name(0),
        events: vec!["s3:ObjectCreated:*".into()],
        prefix: None,
        suffix: None,
    };
    let set = |rules| Command::SetBucketSetting { bucket: bucket(), setting: Setting::Notifications(rules) };
    let make = testkit::commands::create_bucket(bucket());
    let no_target: Rejection = TargetRejection::NoSuch(name(0)).into();
    rejected(std::slice::from_ref(&make), &set(vec![rule("a")]), no_target);
    let fold = accepted(&[make, create(0), set(vec![rule("a")])], &set(vec![rule("b"), rule("a")]), &Ok(Outcome::Done));
    let rows = &fold.model.bucket_settings.values().next().unwrap().notifications;
    let since: Vec<_> = rows.iter().map(|row| (row.id.as_str(), row.since)).collect();
    assert_eq!(since, [("b", 4), ("a", 3)], "a rule that stays is about the same events as before");
}
