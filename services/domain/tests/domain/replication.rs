//! The rules of a bucket's replication.

use domain::row::BucketReplicationRow;
use domain::{Command, NoteReplicated, Outcome, Rejection, ReplicationResult, Resync, Setting, View};
use events::bucket::Versioning;
use events::replication::{Configuration, Destination, ReplicatedVersion, Rule};
use events::tags::Tags;

use crate::fold::{Fold, upgrade};
use crate::given::{bucket, context, create_bucket, key, put, versioning};

fn destination() -> Destination {
    Destination { bucket: "copy".parse().unwrap(), region: Some("eu-2".parse().unwrap()) }
}

fn configuration(id: &str) -> Configuration {
    let rule = Rule {
        id: id.into(),
        priority: Some(1),
        enabled: true,
        prefix: String::new(),
        tags: Tags::new(),
        delete_markers: true,
        existing_objects: None,
        replica_modifications: None,
        removals: None,
        destination: destination(),
        storage_class: None,
    };
    Configuration { role: String::new(), rules: vec![rule] }
}

fn set(setting: Setting) -> Command {
    Command::SetBucketSetting { bucket: bucket(), setting }
}

fn from(since: Option<u64>, id: Option<&str>) -> Command {
    set(Setting::ReplicationFrom { since, configuration: id.map(configuration) })
}

fn row(fold: &Fold) -> Option<BucketReplicationRow> {
    let id = fold.model.bucket(&bucket()).unwrap().unwrap().id;
    fold.model.bucket_settings(id).unwrap().replication
}

fn begun() -> Fold {
    let mut fold = Fold::new();
    for (place, command) in [upgrade(), create_bucket(), versioning(Versioning::Enabled), put(1)].iter().enumerate() {
        fold.command(command, context(place as u128 + 1)).unwrap();
    }
    fold
}

#[test]
fn rules_that_were_read_overwrite_no_others() {
    let mut fold = begun();
    let changed = Err(Rejection::ReplicationChanged);
    assert_eq!(fold.command(&from(Some(1), Some("mine")), context(10)), changed, "there are none");
    assert_eq!(fold.command(&from(None, Some("mine")), context(11)), Ok(Outcome::Done));
    let since = row(&fold).unwrap().since;
    // Somebody else changes them after they were read.
    fold.command(&set(Setting::Replication(Some(configuration("theirs")))), context(12)).unwrap();
    assert_eq!(fold.command(&from(Some(since), None), context(13)), changed);
    assert_eq!(fold.command(&from(None, Some("mine")), context(14)), changed);
    assert_eq!(row(&fold).unwrap().configuration, configuration("theirs"));
    let since = row(&fold).unwrap().since;
    assert_eq!(fold.command(&from(Some(since), None), context(15)), Ok(Outcome::Done));
    assert_eq!(row(&fold), None);
    fold.command(&versioning(Versioning::Suspended), context(16)).unwrap();
    let refused = Err(Rejection::ReplicationNeedsVersioning);
    assert_eq!(fold.command(&from(None, Some("mine")), context(17)), refused);
}

#[test]
fn where_a_comparison_found_something_is_known_until_the_rule_goes() {
    let mut fold = begun();
    fold.command(&set(Setting::Replication(Some(configuration("mine")))), context(10)).unwrap();
    assert_eq!(row(&fold).unwrap().found, []);
    let id = fold.model.bucket(&bucket()).unwrap().unwrap().id;
    let version = fold.model.current[&(id, key("k"))].version;
    let found = |versions| {
        let result = ReplicationResult::Missing { up_to: None };
        Command::from(NoteReplicated { bucket: bucket(), destination: destination(), versions, result })
    };
    fold.command(&found(Vec::new()), context(11)).unwrap();
    assert_eq!(row(&fold).unwrap().found, [], "nothing was missing");
    fold.command(&Resync { bucket: bucket(), destination: destination() }.into(), context(20)).unwrap();
    fold.command(&found(vec![ReplicatedVersion { key: key("k"), version_id: version }]), context(12)).unwrap();
    let sequence = fold.events.last().unwrap().sequence;
    assert_eq!(row(&fold).unwrap().found, [(destination(), sequence)]);
    let other = Destination { bucket: "elsewhere".parse().unwrap(), ..destination() };
    let mut moved = configuration("mine");
    moved.rules[0].destination = other;
    fold.command(&set(Setting::Replication(Some(moved))), context(13)).unwrap();
    assert_eq!(row(&fold).unwrap().found, []);
}
