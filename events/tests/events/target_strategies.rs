//! Arbitrary facts of targets and of notification configurations.

use events::ids::TargetName;
use events::lease::{Lease, Term};
use events::notification::{Kind as RuleKind, Rule};
use events::target::{
    Advanced, Changed, Created, DeadDiscarded, DeadLetter, Deleted, Filter, Format, Kind, Progress, RedeliveryAsked,
    Settings, TestAsked,
};
use events::{Fact, bucket, secret};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::strategies::{bucket_name, region, sealed, text};

fn target() -> impl Strategy<Value = TargetName> {
    "[A-Za-z0-9._-]{1,64}".prop_map(|name| name.parse().unwrap())
}

fn settings() -> impl Strategy<Value = Settings> {
    let kind = prop_oneof![Just(Kind::Webhook), Just(Kind::Nats)];
    let format =
        prop_oneof![Just(Format::CloudeventsStructured), Just(Format::CloudeventsBinary), Just(Format::AwsRecords)];
    let filter = (vec(text(), 0..3), vec(bucket_name(), 0..3)).prop_map(|(types, buckets)| Filter { types, buckets });
    (kind, text(), format, option::of(filter), any::<bool>())
        .prop_map(|(kind, address, format, filter, enabled)| Settings { kind, address, format, filter, enabled })
}

fn progress() -> impl Strategy<Value = Progress> {
    let dead = (any::<u64>(), text(), any::<u32>()).prop_map(|(sequence, error, attempts)| DeadLetter {
        sequence,
        error,
        attempts,
    });
    let seen = (any::<u64>(), any::<u64>());
    (target(), seen, vec(dead, 0..3), vec(any::<u64>(), 0..3), option::of(text())).prop_map(
        |(target, (changed, position), dead, redelivered, error)| Progress {
            target,
            changed,
            position,
            dead,
            redelivered,
            error,
        },
    )
}

fn rule() -> impl Strategy<Value = Rule> {
    let kind = prop_oneof![Just(RuleKind::Topic), Just(RuleKind::Queue), Just(RuleKind::CloudFunction)];
    (text(), kind, target(), vec(text(), 0..3), option::of(text()), option::of(text()))
        .prop_map(|(id, kind, target, events, prefix, suffix)| Rule { id, kind, target, events, prefix, suffix })
}

pub(crate) fn fact() -> impl Strategy<Value = Fact> {
    let sequences = || vec(any::<u64>(), 0..3);
    let term = option::of(any::<u64>().prop_map(|epoch| Term { lease: Lease::Notify, epoch }));
    prop_oneof![
        (target(), settings(), option::of(sealed()), any::<u64>()).prop_map(|(target, settings, secret, after)| {
            Fact::TargetCreated(Created { target, settings, secret, after })
        }),
        (target(), settings(), option::of(sealed()), option::of(any::<u64>())).prop_map(
            |(target, settings, secret, after)| { Fact::TargetChanged(Changed { target, settings, secret, after }) }
        ),
        target().prop_map(|target| Fact::TargetDeleted(Deleted { target })),
        target().prop_map(|target| Fact::TargetTestAsked(TestAsked { target })),
        (target(), sequences())
            .prop_map(|(target, sequences)| { Fact::TargetRedeliveryAsked(RedeliveryAsked { target, sequences }) }),
        (target(), sequences())
            .prop_map(|(target, sequences)| Fact::TargetDeadDiscarded(DeadDiscarded { target, sequences })),
        (region(), vec(progress(), 0..3), term).prop_map(|(region, targets, term)| Fact::TargetsAdvanced(Advanced {
            region,
            targets,
            term
        })),
        (target(), sealed())
            .prop_map(|(target, sealed)| Fact::TargetResealed(secret::TargetResealed { target, sealed })),
        (bucket_name(), vec(rule(), 0..3)).prop_map(|(bucket, rules)| {
            Fact::BucketNotificationsChanged(bucket::NotificationsChanged { bucket, rules })
        }),
        (bucket_name(), option::of(logging()))
            .prop_map(|(bucket, logging)| Fact::BucketLoggingChanged(bucket::LoggingChanged { bucket, logging })),
    ]
}

fn logging() -> impl Strategy<Value = bucket::Logging> {
    let format = prop_oneof![
        Just(bucket::LogKeyFormat::Simple),
        Just(bucket::LogKeyFormat::ByEventTime),
        Just(bucket::LogKeyFormat::ByDeliveryTime)
    ];
    (bucket_name(), text(), option::of(format)).prop_map(|(target_bucket, target_prefix, key_format)| bucket::Logging {
        target_bucket,
        target_prefix,
        key_format,
    })
}
