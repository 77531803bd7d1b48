//! Which changes of the log go to a destination.

use domain::row::{BucketId, ReplicationRow, VersionRow};
use domain::{VersionName, View, find_version, version_by_id};
use events::Fact;
use events::ids::{ObjectKey, VersionId};
use events::replication::{ReplicatedVersion, Rule};
use feed::Entry;

use crate::route::Route;

/// What of a version is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// That it was created, with its bytes.
    Version,
    DeleteMarker,
    /// That it was permanently deleted.
    Removal,
    Tags,
    Retention,
    LegalHold,
}

/// A change that a destination is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) what: What,
    pub(crate) key: ObjectKey,
    pub(crate) version: VersionId,
    /// Whether it is the null version.
    pub(crate) null: bool,
    /// Its bytes, as clients count them.
    pub(crate) size: u64,
}

/// A version that a fact is about, and what of it is sent; `None` for what is never sent on.
fn change(fact: &Fact) -> Option<(What, &ObjectKey, VersionId, bool)> {
    // What came from another region is never sent on.
    if fact.replica().is_some() {
        return None;
    }
    Some(match fact {
        Fact::ObjectCreated(fact) => (What::Version, &fact.key, fact.version_id, fact.null_version),
        Fact::DeleteMarkerCreated(fact) if fact.lifecycle_rule.is_none() => {
            (What::DeleteMarker, &fact.key, fact.version_id, fact.null_version)
        }
        // What rules of the lifecycle delete, those of the other region delete there.
        Fact::ObjectDeleted(fact) if fact.lifecycle_rule.is_none() => {
            (What::Removal, &fact.key, fact.version_id, fact.null_version)
        }
        Fact::ObjectTagsChanged(fact) => (What::Tags, &fact.key, fact.version_id, fact.null_version),
        Fact::ObjectRetentionChanged(fact) => (What::Retention, &fact.key, fact.version_id, fact.null_version),
        Fact::ObjectLegalHoldChanged(fact) => (What::LegalHold, &fact.key, fact.version_id, fact.null_version),
        _ => return None,
    })
}

/// The version of a key that has an id, if it is still there.
///
/// # Errors
/// The state cannot be read.
pub(crate) fn find<V: View>(
    view: &V,
    bucket: BucketId,
    (key, version, null): (&ObjectKey, VersionId, bool),
) -> Result<Option<VersionRow>, V::Error> {
    let name = if null { VersionName::Null } else { VersionName::Id(version) };
    Ok(find_version(view, bucket, key, name)?.filter(|row| row.version == version))
}

/// What the destination of a route is to have of an entry of the log.
///
/// # Errors
/// The state cannot be read.
pub(crate) fn select<V: View>(view: &V, route: &Route, entry: &Entry) -> Result<Vec<Wanted>, V::Error> {
    let fact = &entry.event.fact;
    if fact.bucket() != Some(&route.name) || entry.sequence <= route.bucket.0 {
        return Ok(Vec::new());
    }
    match fact {
        Fact::ReplicationCompared(compared) if compared.destination == route.destination => {
            let mut wanted = Vec::with_capacity(compared.missing.len());
            for version in &compared.missing {
                missing(view, route, version, &mut wanted)?;
            }
            Ok(wanted)
        }
        fact => Ok(select_one(view, route, fact, entry.sequence)?.into_iter().collect()),
    }
}

/// A version that was missing, if it is still there, and its changes: the destination may have the version without them.
fn missing<V: View>(
    view: &V,
    route: &Route,
    version: &ReplicatedVersion,
    wanted: &mut Vec<Wanted>,
) -> Result<(), V::Error> {
    let (key, id) = (&version.key, version.version_id);
    let Some(row) = version_by_id(view, route.bucket, key, id)? else { return Ok(()) };
    let mut want = |what, size| wanted.push(Wanted { what, key: key.clone(), version: id, null: row.null, size });
    let Some(object) = &row.object else {
        want(What::DeleteMarker, 0);
        return Ok(());
    };
    want(What::Version, object.size);
    let changes = object.changes;
    let changed = [
        (What::Tags, changes.tags.is_some()),
        (What::Retention, changes.retention.is_some()),
        (What::LegalHold, changes.legal_hold.is_some()),
    ];
    changed.into_iter().filter(|(_, is_changed)| *is_changed).for_each(|(what, _)| want(what, 0));
    Ok(())
}

/// What the destination of a route is to have of a change of one version. Which rules sent a version when it was created,
/// its row says: so a rule that changes later does not change what is under way.
fn select_one<V: View>(view: &V, route: &Route, fact: &Fact, sequence: u64) -> Result<Option<Wanted>, V::Error> {
    let Some((what, key, version, null)) = change(fact) else { return Ok(None) };
    let wanted = |size| Some(Wanted { what, key: key.clone(), version, null, size });
    if what == What::Removal {
        // A deletion from before the rules that there are now may have been meant for this region alone.
        let follows = sequence > route.since && rules(route, key).any(|rule| rule.removals == Some(true));
        return Ok(if follows { wanted(0) } else { None });
    }
    // A version that was deleted meanwhile is passed over.
    let Some(row) = find(view, route.bucket, (key, version, null))? else { return Ok(None) };
    let is_wanted = match what {
        What::Version | What::DeleteMarker => is_pending(&row, route),
        _ => is_kept_alike(&row, route, key),
    };
    let size = row.object.as_ref().filter(|_| what == What::Version).map_or(0, |object| object.size);
    Ok(if is_wanted { wanted(size) } else { None })
}

/// The rules in effect that send what concerns a key to the destination of a route.
fn rules<'a>(route: &'a Route, key: &'a ObjectKey) -> impl Iterator<Item = &'a Rule> {
    route.configuration.rules.iter().filter(move |rule| {
        rule.enabled && rule.destination == route.destination && key.as_bytes().starts_with(rule.prefix.as_bytes())
    })
}

pub(crate) fn is_pending(row: &VersionRow, route: &Route) -> bool {
    matches!(&row.replication, Some(ReplicationRow::Source { pending, .. }) if pending.contains(&route.destination))
}

/// Whether changes of a version's metadata are sent: it was sent itself, or came from another region and the rule says that
/// such versions are kept alike.
fn is_kept_alike(row: &VersionRow, route: &Route, key: &ObjectKey) -> bool {
    if row.object.is_none() {
        return false;
    }
    let mut rules = rules(route, key);
    match &row.replication {
        Some(ReplicationRow::Source { failed, .. }) => !failed.contains(&route.destination) && rules.next().is_some(),
        Some(ReplicationRow::Replica { .. }) => rules.any(|rule| rule.replica_modifications == Some(true)),
        None => false,
    }
}
