//! Random histories of targets of events and of notification configurations.

use domain::model::Model;
use domain::{Command, Setting, TargetCommand};
use events::ids::{Sealed, TargetName};
use events::notification::{Kind as RuleKind, Rule};
use events::target::{DeadLetter, Filter, Format, Kind, Progress, Settings};
use proptest::option;
use proptest::prelude::*;

use crate::random::settings;

/// One change. Targets are numbers, and sequences of dead letters too.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Create(u8, bool),
    /// Whether it is enabled, and where it continues.
    Change(u8, bool, Option<u64>),
    Delete(u8),
    Test(u8),
    /// How far a target moves on, what it refuses, what it takes of that, and whether something is wrong with it; of an
    /// earlier state of the target.
    Advance {
        n: u8,
        by: u64,
        dead: Option<u64>,
        redelivered: Option<u64>,
        error: bool,
        stale: bool,
    },
    Redeliver(u8, Option<u64>),
    Discard(u8, Option<u64>),
    Reseal(u8),
    Notifications(usize, Vec<u8>),
}

pub(crate) fn name(n: u8) -> TargetName {
    format!("target-{n}").parse().unwrap()
}

fn target_settings(n: u8, has_filter: bool, enabled: bool) -> Settings {
    let filter = Filter { types: Vec::new(), buckets: vec![settings::name(0)] };
    Settings {
        kind: Kind::Webhook,
        address: format!("https://{n}.example.com"),
        format: Format::AwsRecords,
        filter: has_filter.then_some(filter),
        enabled,
    }
}

fn rule(n: u8) -> Rule {
    Rule {
        id: format!("rule-{n}"),
        kind: RuleKind::Queue,
        target: name(n),
        events: vec!["s3:ObjectCreated:*".into()],
        prefix: None,
        suffix: Some(".jpg".into()),
    }
}

/// The command of a step in a state.
pub(crate) fn command(model: &Model, step: &Step, sealed: Sealed) -> Option<Command> {
    Some(match step.clone() {
        Step::Create(n, has_filter) => {
            let settings = target_settings(n, has_filter, true);
            TargetCommand::Create { target: name(n), settings, secret: Some(sealed), after: 3 }.into()
        }
        Step::Change(n, enabled, after) => {
            let settings = target_settings(n, false, enabled);
            TargetCommand::Change { target: name(n), settings, secret: None, after }.into()
        }
        Step::Delete(n) => TargetCommand::Delete { target: name(n) }.into(),
        Step::Test(n) => TargetCommand::AskTest { target: name(n) }.into(),
        Step::Advance { n, by, dead, redelivered, error, stale } => {
            let row = model.targets.get(&name(n));
            let progress = Progress {
                target: name(n),
                changed: row.map_or(0, |row| row.changed) - u64::from(stale && row.is_some()),
                position: row.map_or(0, |row| row.position) + by,
                dead: dead
                    .map(|sequence| DeadLetter { sequence, error: "no".into(), attempts: 6 })
                    .into_iter()
                    .collect(),
                redelivered: redelivered.into_iter().collect(),
                error: error.then(|| "down".into()),
            };
            TargetCommand::Advance { region: "eu-1".parse().unwrap(), targets: vec![progress] }.into()
        }
        Step::Redeliver(n, one) => {
            TargetCommand::AskRedelivery { target: name(n), sequences: one.into_iter().collect() }.into()
        }
        Step::Discard(n, one) => {
            TargetCommand::DiscardDead { target: name(n), sequences: one.into_iter().collect() }.into()
        }
        Step::Reseal(n) => {
            let from = model.targets.get(&name(n))?.secret.clone()?;
            TargetCommand::Reseal { target: name(n), from, to: sealed }.into()
        }
        Step::Notifications(bucket, rules) => Command::SetBucketSetting {
            bucket: settings::name(bucket),
            setting: Setting::Notifications(rules.into_iter().map(rule).collect()),
        },
    })
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let n = || 0..2_u8;
    let one = || option::of(1..4_u64);
    let advance = (n(), 0..3_u64, one(), one(), any::<bool>(), prop::bool::weighted(0.2));
    prop_oneof![
        3 => (n(), any::<bool>()).prop_map(|(n, has_filter)| Step::Create(n, has_filter)),
        1 => (n(), any::<bool>(), one()).prop_map(|(n, enabled, after)| Step::Change(n, enabled, after)),
        1 => n().prop_map(Step::Delete),
        1 => n().prop_map(Step::Test),
        4 => advance.prop_map(|(n, by, dead, redelivered, error, stale)| {
            Step::Advance { n, by, dead, redelivered, error, stale }
        }),
        1 => (n(), one()).prop_map(|(n, one)| Step::Redeliver(n, one)),
        1 => (n(), one()).prop_map(|(n, one)| Step::Discard(n, one)),
        1 => n().prop_map(Step::Reseal),
        2 => (0..settings::BUCKETS.len(), prop::collection::vec(n(), 0..3))
            .prop_map(|(bucket, mut rules)| { rules.dedup(); Step::Notifications(bucket, rules) }),
    ]
}
