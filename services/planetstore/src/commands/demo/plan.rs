//! What is done, in which order: a list that depends on the seed alone.

use super::chance::Chance;
use super::content::Kind;
use super::people::{BUCKETS, Holding};
use super::words::{PLACES, SUBJECTS};

/// Of a hundred writes, so many are a further version of an object, a delete, or the bytes of an object once more under
/// another key.
const VERSION_PERCENT: u64 = 22;
const DELETE_PERCENT: u64 = 5;
const TWIN_PERCENT: u64 = 8;

/// Of a hundred objects, so many have tags.
const TAGGED_PERCENT: u64 = 35;

/// Something that is done with an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Put { bucket: usize, key: String, kind: Kind, seed: u64, tags: String },
    Delete { bucket: usize, key: String },
}

/// About so many steps.
pub(super) fn steps(chance: &mut Chance, count: u32) -> Vec<Step> {
    let mut steps = Vec::new();
    // What there is, so that it can be changed.
    let mut there: Vec<(usize, String, Kind, u64)> = Vec::new();
    for number in 0..u64::from(count) {
        let roll = chance.below(100);
        if !there.is_empty() && roll < DELETE_PERCENT {
            let gone = usize::try_from(chance.below(there.len() as u64)).unwrap_or_default();
            let (bucket, key, ..) = there.swap_remove(gone);
            steps.push(Step::Delete { bucket, key });
            continue;
        }
        let old = usize::try_from(chance.below(there.len() as u64)).ok().and_then(|place| there.get(place).cloned());
        let step = match old {
            Some((bucket, key, kind, _)) if roll < DELETE_PERCENT + VERSION_PERCENT => {
                (bucket, key, kind, chance.next())
            }
            Some((_, _, kind, seed)) if roll < DELETE_PERCENT + VERSION_PERCENT + TWIN_PERCENT => {
                let (bucket, key) = (place_of(kind), key_of(chance, kind, number));
                (bucket, key, kind, seed)
            }
            _ => {
                let bucket = chance.one_of(&[0_usize, 2, 1, 3, 4]);
                let kind = kind_of(chance, &BUCKETS[*bucket]);
                (*bucket, key_of(chance, kind, number), kind, chance.next())
            }
        };
        let (bucket, key, kind, seed) = step;
        there.push((bucket, key.clone(), kind, seed));
        steps.push(Step::Put { bucket, key, kind, seed, tags: tags(chance) });
    }
    steps
}

fn place_of(kind: Kind) -> usize {
    BUCKETS.iter().position(|bucket| bucket.holds == kind_holding(kind)).unwrap_or_default()
}

fn kind_holding(kind: Kind) -> Holding {
    match kind {
        Kind::Picture => Holding::Pictures,
        Kind::Paper | Kind::Note => Holding::Papers,
        Kind::Table => Holding::Tables,
        Kind::Order => Holding::Orders,
        Kind::Archive(_) => Holding::Archives,
    }
}

fn kind_of(chance: &mut Chance, bucket: &super::people::DemoBucket) -> Kind {
    match bucket.holds {
        Holding::Pictures => Kind::Picture,
        Holding::Papers => *chance.one_of(&[Kind::Paper, Kind::Note]),
        Holding::Tables => Kind::Table,
        Holding::Orders => Kind::Order,
        Holding::Archives => *chance.one_of(&[Kind::Archive(1), Kind::Archive(2), Kind::Archive(5)]),
    }
}

fn key_of(chance: &mut Chance, kind: Kind, number: u64) -> String {
    let (year, month, day) = (chance.between(2024, 2026), chance.between(1, 12), chance.between(1, 28));
    let place = chance.one_of(&PLACES);
    match kind {
        Kind::Picture => format!("{year}/{place}/{} {number:04}.png", chance.one_of(&SUBJECTS)),
        Kind::Paper => format!("{place}/{year}/report-{number:04}.pdf"),
        Kind::Note => format!("notes/{year}-{month:02}-{day:02} {number:04}.md"),
        Kind::Table => format!("site={place}/year={year}/month={month:02}/{number:05}.csv"),
        Kind::Order => format!("{year}/{month:02}/{day:02}/order-{number:06}.json"),
        Kind::Archive(_) => format!("weekly/{year}-{month:02}-{day:02}/volume-{number:03}.bin"),
    }
}

/// Tags, as a header has them; none for most.
fn tags(chance: &mut Chance) -> String {
    if !chance.percent(TAGGED_PERCENT) {
        return String::new();
    }
    let project = chance.one_of(&["survey", "harbour", "website", "audit"]);
    let state = chance.one_of(&["final", "draft", "review"]);
    format!("project={project}&state={state}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_seed_always_makes_the_same_plan_and_it_has_something_of_everything() {
        let plan = steps(&mut Chance::new(1), 400);
        assert_eq!(plan, steps(&mut Chance::new(1), 400));
        assert_ne!(plan, steps(&mut Chance::new(2), 400));
        let (mut keys, mut again, mut deleted, mut tagged, mut media, mut places) =
            (BTreeSet::new(), 0, 0, 0, BTreeSet::new(), BTreeSet::new());
        for step in &plan {
            match step {
                Step::Put { bucket, key, kind, tags, .. } => {
                    again += usize::from(!keys.insert((*bucket, key.clone())));
                    tagged += usize::from(!tags.is_empty());
                    media.insert(kind.media_type());
                    places.insert(*bucket);
                }
                Step::Delete { .. } => deleted += 1,
            }
        }
        assert!(again > 40 && deleted > 5 && tagged > 80, "{again} {deleted} {tagged}");
        assert_eq!((media.len(), places.len()), (6, BUCKETS.len()));
    }
}
