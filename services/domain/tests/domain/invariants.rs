//! Invariants after every event, computed from scratch.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use domain::model::Model;
use domain::placement::SHARDS_PER_NODE_MAX;
use domain::row::{BodyRow, BucketId, NodeUsageRow, PlacedShard, TotalsRow, UsageRow, VersionRow};
use domain::{NewBody, VersionName, View};
use events::content::ShardPlace;
use events::ids::{BucketName, ContentId, NodeId, ObjectKey, VersionId};

use crate::random::naive::{Bytes, Naive, Version};
use crate::random::world::World;

type Held = Result<(), String>;

fn same<T: PartialEq + Debug>(what: &str, is: &T, should: &T) -> Held {
    if is == should { Ok(()) } else { Err(format!("{what} is {is:?} but should be {should:?}")) }
}

/// Checks all invariants below.
pub(crate) fn check(model: &Model, world: &World) -> Held {
    references_are_counted(model)?;
    shards_lie_where_they_were_placed(model, world)?;
    sums_of_contents_agree(model)?;
    tables_agree(model)?;
    shows_what_s3_shows(model, &world.naive)?;
    usage_is_the_sum(model, &world.naive)?;
    nothing_is_kept_that_nobody_needs(model, world)
}

/// Further invariants once everything that is being released has been freed.
pub(crate) fn check_released(model: &Model, world: &World) -> Held {
    same("uploads that are being released", &model.released_uploads, &BTreeMap::new())?;
    same("buckets that are being released", &model.released_buckets, &BTreeMap::new())?;
    check(model, world)
}

fn rows(model: &Model) -> impl Iterator<Item = &VersionRow> {
    model.current.values().chain(model.versions.values())
}

pub(crate) fn references_are_counted(model: &Model) -> Held {
    let (mut contents, mut manifests) = (BTreeMap::new(), BTreeMap::new());
    let objects = rows(model).filter_map(|row| row.object.as_ref()).map(|object| object.body);
    for body in objects.chain(model.parts.values().map(|part| part.body)) {
        match body {
            BodyRow::Empty => {}
            BodyRow::Content(id) => *contents.entry((id.sha256, id.generation)).or_insert(0_u64) += 1,
            BodyRow::Parts(upload) => *manifests.entry(upload).or_insert(0_u64) += 1,
        }
    }
    for (id, row) in &model.contents {
        same(&format!("references of {id:?}"), &row.references, &contents.remove(id).unwrap_or_default())?;
        same("unreferenced", &row.unreferenced.is_some(), &(row.references == 0))?;
    }
    same("contents that are named and not there", &contents, &BTreeMap::new())?;
    for (upload, row) in &model.manifests {
        same(&format!("references of {upload}"), &row.references, &manifests.remove(upload).unwrap_or_default())?;
        let Ok(parts) = model.parts(*upload);
        same("parts of a manifest", &usize::from(row.parts), &parts.len())?;
        same("the last of them", &Some(row.last), &parts.iter().map(|(number, _)| number.get()).max())?;
        same("their bytes", &row.bytes, &parts.iter().map(|(_, part)| part.size).sum())?;
    }
    for object in rows(model).filter_map(|row| row.object.as_ref()) {
        if let BodyRow::Parts(upload) = object.body {
            same("bytes of an object of parts", &object.size, &model.manifests[&upload].bytes)?;
        }
    }
    same("manifests that are named and not there", &manifests, &BTreeMap::new())
}

fn shards_lie_where_they_were_placed(model: &Model, world: &World) -> Held {
    for ((sha256, generation), row) in &model.contents {
        let content = ContentId { sha256: *sha256, generation: *generation };
        let place = |PlacedShard { index, node, generation }| (index, ShardPlace { node, generation });
        let lie: Vec<_> = row.shards(&content).map(place).collect();
        same(&format!("the place of {content:?}"), &lie, &world.places.of(&content))?;
        let on = |node: &NodeId| lie.iter().filter(|(_, place)| place.node == *node).count();
        let crowded = lie.iter().find(|(_, place)| on(&place.node) > SHARDS_PER_NODE_MAX);
        same("a node with too many shards of a content", &crowded, &None)?;
    }
    Ok(())
}

/// What is kept beside the rows of contents is what these add up to.
fn sums_of_contents_agree(model: &Model) -> Held {
    let (mut generations, mut unreferenced) = (BTreeMap::new(), BTreeSet::new());
    let mut usage = BTreeMap::<NodeId, NodeUsageRow>::new();
    for ((sha256, generation), row) in &model.contents {
        let content = ContentId { sha256: *sha256, generation: *generation };
        generations.insert(*generation, content);
        for shard in row.shards(&content) {
            generations.insert(shard.generation, content);
            let sum = usage.entry(shard.node).or_default();
            *sum =
                NodeUsageRow { shards: sum.shards + 1, bytes: sum.bytes + row.placement.layout.shard_bytes(row.size) };
        }
        unreferenced.extend(row.unreferenced.map(|unreferenced| (unreferenced.sequence, content)));
    }
    same("the names in use", &model.generations, &generations)?;
    same("the contents without references", &model.unreferenced, &unreferenced)?;
    same("what nodes hold", &model.node_usage, &usage)?;
    let both = model.ended.keys().find(|generation| generations.contains_key(*generation));
    same("a name that ended and is in use", &both, &None)
}

pub(crate) fn tables_agree(model: &Model) -> Held {
    for (bucket, key) in model.current.keys() {
        let newer = (*bucket, key.clone(), model.current[&(*bucket, key.clone())].version);
        let newest = model.versions.range(newer..=(*bucket, key.clone(), VersionId::MAX)).next();
        same("a version newer than the current one", &newest, &None)?;
    }
    for ((bucket, key, version), row) in &model.versions {
        same("the version in a key", version, &row.version)?;
        let last =
            model.versions.range((*bucket, key.clone(), *version)..=(*bucket, key.clone(), VersionId::MAX)).count()
                == 1;
        let newest = last && !model.current.contains_key(&(*bucket, key.clone()));
        same("an object that is newest but not current", &(newest && row.object.is_some()), &false)?;
    }
    let noncurrent = model.versions.iter().filter(|(_, row)| row.null);
    let nulls: BTreeMap<_, _> = noncurrent.map(|((b, k, version), _)| ((*b, k.clone()), *version)).collect();
    same("the table of null versions", &model.nulls, &nulls)
}

fn shows_what_s3_shows(model: &Model, naive: &Naive) -> Held {
    let names: Vec<_> = model.buckets.keys().collect();
    same("the list of buckets", &names, &naive.buckets.keys().collect())?;
    for (name, bucket) in &naive.buckets {
        let row = &model.buckets[name];
        same("versioning", &row.versioning, &bucket.versioning)?;
        let mut shown: BTreeMap<ObjectKey, Vec<&VersionRow>> = BTreeMap::new();
        for ((_, key, _), version) in model.versions.iter().filter(|((id, _, _), _)| *id == row.id) {
            shown.entry(key.clone()).or_default().push(version);
        }
        for ((_, key), version) in model.current.iter().filter(|((id, _), _)| *id == row.id) {
            shown.entry(key.clone()).or_default().push(version);
        }
        let shown: BTreeMap<_, Vec<_>> = shown
            .into_iter()
            .map(|(key, rows)| (key, rows.into_iter().map(|row| as_shown(model, row)).collect()))
            .collect();
        same(
            &format!("bucket {name}"),
            &shown,
            &bucket.keys.iter().map(|(k, v)| (k.clone(), v.iter().map(as_meant).collect())).collect(),
        )?;
        shows_uploads(model, name, naive)?;
    }
    Ok(())
}

fn shows_uploads(model: &Model, name: &BucketName, naive: &Naive) -> Held {
    let id = model.buckets[name].id;
    let uploads = model.uploads.keys().filter(|(of, _, _)| *of == id);
    let shown: BTreeMap<_, _> = uploads.map(|(_, key, upload)| (*upload, key.clone())).collect();
    let meant = &naive.buckets[name].uploads;
    same("the uploads", &shown, &meant.iter().map(|(upload, meant)| (*upload, meant.key.clone())).collect())?;
    for (upload, meant) in meant {
        let parts = model.parts.iter().filter(|((of, _), _)| of == upload);
        let parts: Vec<_> = parts.map(|((_, number), part)| (*number, part.size, part.md5)).collect();
        let meant = meant.parts.iter().map(|(number, part)| (*number, part.size, part.md5)).collect();
        same("the parts", &parts, &meant)?;
    }
    Ok(())
}

/// The name; and size, entity tag and bytes unless it is a delete marker.
type Shown = (VersionName, Option<(u64, String, Bytes)>);

fn as_meant(version: &Version) -> Shown {
    (version.name, version.object.as_ref().map(|o| (o.size, o.etag.to_string(), o.bytes.clone())))
}

fn as_shown(model: &Model, row: &VersionRow) -> Shown {
    (row.name(), row.object.as_ref().map(|o| (o.size, o.etag.to_string(), bytes(model, o.body))))
}

fn bytes(model: &Model, body: BodyRow) -> Bytes {
    match body {
        BodyRow::Empty => vec![],
        BodyRow::Content(content) => vec![content.sha256],
        BodyRow::Parts(upload) => {
            let Ok(parts) = model.parts(upload);
            parts.iter().flat_map(|(_, part)| bytes(model, part.body)).collect()
        }
    }
}

/// The usage of one bucket or of all of them, counted.
pub(crate) fn usage(naive: &Naive, of: Option<&BucketName>) -> UsageRow {
    let buckets = naive.buckets.iter().filter(|(name, _)| of.is_none_or(|of| of == *name));
    let newest = buckets.flat_map(|(_, bucket)| bucket.keys.values()).filter_map(|versions| versions.last());
    let current = newest.filter(|version| version.object.is_some()).count() as u64;
    let sum = UsageRow { current, ..UsageRow::default() };
    naive.objects(of).fold(sum, |sum, object| UsageRow {
        objects: sum.objects + 1,
        bytes: sum.bytes + object.size,
        ..sum
    })
}

/// The bytes of contents that something refers to: those that were uploaded to a bucket, or all.
fn stored_bytes(model: &Model, of: Option<BucketId>) -> u64 {
    let referred_to = model.contents.values().filter(|row| row.references > 0);
    referred_to.filter(|row| of.is_none_or(|of| row.bucket_id == of)).map(|row| row.size).sum()
}

fn usage_is_the_sum(model: &Model, naive: &Naive) -> Held {
    let mut all_parts_bytes = 0;
    for (name, row) in &model.buckets {
        let is = model.usage.get(&row.id).copied().unwrap_or_default();
        let parts = naive.buckets.get(name).into_iter().flat_map(|bucket| bucket.uploads.values());
        let parts_bytes = parts.flat_map(|upload| upload.parts.values()).map(|part| part.size).sum();
        all_parts_bytes += parts_bytes;
        let stored_bytes = stored_bytes(model, Some(row.id));
        let should = UsageRow { parts_bytes, stored_bytes, ..usage(naive, Some(name)) };
        same(&format!("the usage of {name}"), &is, &should)?;
    }
    let all = usage(naive, None);
    let contents = model.contents.values();
    let totals = TotalsRow {
        objects: all.objects,
        logical_bytes: all.bytes,
        current: all.current,
        parts_bytes: all_parts_bytes,
        stored_bytes: stored_bytes(model, None),
        growth_from: model.totals.growth_from,
        contents: naive.stored.len() as u64,
        content_bytes: naive.stored.values().sum(),
        shard_bytes: contents.map(|row| row.placement.layout.stored_bytes(row.size)).sum(),
        level: model.totals.level,
        keys: model.totals.keys,
        apart_since: model.totals.apart_since,
        horizon: model.totals.horizon,
        upload_time: model.totals.upload_time,
        nodes_changed: model.totals.nodes_changed,
        shares_identities: model.totals.shares_identities,
    };
    same("the totals", &model.totals, &totals)
}

fn nothing_is_kept_that_nobody_needs(model: &Model, world: &World) -> Held {
    let buckets: Vec<_> = model.buckets.values().map(|row| row.id).collect();
    same("usage of a bucket that is gone", &model.usage.keys().find(|id| !buckets.contains(id)), &None)?;
    let ending = |upload| {
        let in_bucket = model.uploads.keys().find(|(_, _, of)| *of == upload).map(|(bucket, ..)| *bucket);
        let of_bucket = in_bucket.is_some_and(|bucket| model.released_buckets.contains_key(&bucket));
        of_bucket || model.released_uploads.contains_key(&upload)
    };
    let gone = model.parts.keys().find(|(upload, _)| !world.naive.kept(*upload) && !ending(*upload));
    same("a part nobody can reach", &gone, &None)?;
    let known = |bucket| buckets.contains(bucket) || model.released_buckets.contains_key(bucket);
    let gone = model.uploads.keys().find(|(bucket, ..)| !known(bucket));
    same("an upload in a bucket that is gone", &gone, &None)?;
    let objects = rows(model).filter_map(|row| row.object.as_ref());
    for object in objects {
        let body = match object.body {
            BodyRow::Empty => NewBody::Empty,
            BodyRow::Content(content) => NewBody::Known(content),
            BodyRow::Parts(upload) => NewBody::Parts(upload),
        };
        same("a body is known", &world.naive.objects(None).any(|meant| meant.body == body), &true)?;
    }
    Ok(())
}
