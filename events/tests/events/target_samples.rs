//! Samples of targets and of notification configurations.

use events::ids::{Sealed, TargetName};
use events::lease::{Lease, Term};
use events::notification::{Kind as RuleKind, Rule};
use events::secret::TargetResealed;
use events::target::{
    Advanced, Changed, Created, DeadDiscarded, DeadLetter, Deleted, Filter, Format, Kind, Progress, RedeliveryAsked,
    Settings, TestAsked,
};
use events::{Fact, bucket};

use crate::samples::region;

/// As [`crate::placed_samples::facts`].
pub(crate) fn facts() -> Vec<(u8, &'static str, Fact)> {
    let filter =
        Filter { types: vec!["io.planetstore.node.offline.v1".into()], buckets: vec!["photos".parse().unwrap()] };
    let webhook = Settings {
        kind: Kind::Webhook,
        address: "https://alerts.example.com/planetstore".into(),
        format: Format::CloudeventsStructured,
        filter: Some(filter),
        enabled: true,
    };
    let nats = Settings {
        kind: Kind::Nats,
        address: "notify.eu-1.photos".into(),
        format: Format::AwsRecords,
        filter: None,
        enabled: false,
    };
    let created = |settings: &Settings, secret| {
        Fact::TargetCreated(Created { target: target(), settings: settings.clone(), secret, after: 1_041 })
    };
    let changed = |settings: &Settings, secret, after| {
        Fact::TargetChanged(Changed { target: target(), settings: settings.clone(), secret, after })
    };
    let sequences = vec![1_050, 1_052];
    vec![
        (210, "", created(&nats, None)),
        (211, ".apart", created(&webhook, Some(sealed())).part(&region()).1),
        (212, ".full", created(&webhook, Some(sealed()))),
        (213, "", changed(&nats, None, None)),
        (214, ".full", changed(&webhook, Some(sealed()), Some(1_041))),
        (215, "", Fact::TargetDeleted(Deleted { target: target() })),
        (216, "", Fact::TargetTestAsked(TestAsked { target: target() })),
        (217, "", Fact::TargetRedeliveryAsked(RedeliveryAsked { target: target(), sequences: sequences.clone() })),
        (218, "", Fact::TargetDeadDiscarded(DeadDiscarded { target: target(), sequences })),
        (219, "", Fact::TargetsAdvanced(advanced())),
        (220, "", Fact::TargetResealed(TargetResealed { target: target(), sealed: sealed() })),
        (221, "", Fact::BucketNotificationsChanged(notifications())),
        (222, "", Fact::BucketLoggingChanged(logging())),
    ]
}

fn target() -> TargetName {
    "alerts".parse().unwrap()
}

fn sealed() -> Sealed {
    "v1.73b3c5257e8f8d18.c2VhbGVkIHVuZGVyIHRoZSBtYXN0ZXIga2V5".parse().unwrap()
}

fn advanced() -> Advanced {
    let dead = DeadLetter { sequence: 1_050, error: "the answer was 422 Unprocessable Entity".into(), attempts: 6 };
    let progress = Progress {
        target: target(),
        changed: 1_042,
        position: 1_060,
        dead: vec![dead],
        redelivered: vec![1_043],
        error: Some("the answer was 503 Service Unavailable".into()),
    };
    Advanced { region: region(), targets: vec![progress], term: Some(Term { lease: Lease::Notify, epoch: 3 }) }
}

fn logging() -> bucket::LoggingChanged {
    let logging = bucket::Logging {
        target_bucket: "logs".parse().unwrap(),
        target_prefix: "photos/".into(),
        key_format: Some(bucket::LogKeyFormat::ByEventTime),
    };
    bucket::LoggingChanged { bucket: "photos".parse().unwrap(), logging: Some(logging) }
}

fn notifications() -> bucket::NotificationsChanged {
    let rule = Rule {
        id: "thumbnails".into(),
        kind: RuleKind::Queue,
        target: target(),
        events: vec!["s3:ObjectCreated:*".into()],
        prefix: Some("in/".into()),
        suffix: Some(".jpg".into()),
    };
    bucket::NotificationsChanged { bucket: "photos".parse().unwrap(), rules: vec![rule] }
}
