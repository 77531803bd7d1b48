//! A bucket as a list of keys.

use std::collections::VecDeque;

use anyhow::ensure;

use super::entry::{Entry, State};
use crate::commands::objects::pages::{Entry as Line, Object, Objects, Versions};
use crate::commands::objects::place::Place;
use crate::s3_client::S3Client;

/// Versions of a key that are compared.
const VERSIONS_MAX: usize = 100_000;

enum Pages<'a> {
    Current(Objects<'a>),
    All(Versions<'a>),
}

/// The keys below a place, each with its versions or only with its current one.
pub(super) struct Keys<'a> {
    pages: Pages<'a>,
    prefix: String,
    /// What was read and not told yet.
    waiting: VecDeque<Object>,
    is_over: bool,
    last: String,
}

impl<'a> Keys<'a> {
    pub(super) fn new(client: &'a S3Client, place: &Place, with_versions: bool) -> Self {
        let pages = if with_versions {
            Pages::All(Versions::new(client, place.clone()))
        } else {
            Pages::Current(Objects::new(client, place.clone(), true))
        };
        let (waiting, last) = (VecDeque::new(), String::new());
        Self { pages, prefix: place.key.clone(), waiting, is_over: false, last }
    }

    /// The next key. The one that the prefix itself names is left out: it is the folder.
    pub(super) async fn next(&mut self) -> anyhow::Result<Option<Entry>> {
        loop {
            let Some(entry) = self.any().await? else { return Ok(None) };
            if !entry.key.is_empty() {
                return Ok(Some(entry));
            }
        }
    }

    async fn any(&mut self) -> anyhow::Result<Option<Entry>> {
        let Some(newest) = self.take(None).await? else { return Ok(None) };
        let name = newest.key.clone();
        ensure!(
            self.last.is_empty() || name > self.last,
            "the store does not list keys in order: {name:?} came after {:?}",
            self.last
        );
        let mut states = vec![State::from(newest)];
        while let Some(older) = self.take(Some(&name)).await? {
            ensure!(states.len() < VERSIONS_MAX, "{name:?} has more than {VERSIONS_MAX} versions");
            states.push(older.into());
        }
        states.reverse();
        let key = name.strip_prefix(&self.prefix).unwrap_or(&name).to_owned();
        self.last = name;
        Ok(Some(Entry { key, states }))
    }

    /// The next line, if it is one of this key.
    async fn take(&mut self, key: Option<&str>) -> anyhow::Result<Option<Object>> {
        while self.waiting.is_empty() && !self.is_over {
            self.waiting = self.read().await?;
        }
        let is_wanted = self.waiting.front().is_some_and(|next| key.is_none_or(|key| next.key == key));
        Ok(if is_wanted { self.waiting.pop_front() } else { None })
    }

    async fn read(&mut self) -> anyhow::Result<VecDeque<Object>> {
        let page = match &mut self.pages {
            Pages::All(pages) => pages.next().await?.map(in_order),
            Pages::Current(pages) => pages.next().await?.map(|page| {
                let objects = page.into_iter().filter_map(|line| match line {
                    Line::Object(object) => Some(object),
                    Line::Folder(_) => None,
                });
                objects.collect()
            }),
        };
        self.is_over = page.is_none();
        Ok(page.unwrap_or_default().into())
    }
}

/// The versions of a page by keys, the newest of each first. Some stores list all delete markers after the objects.
fn in_order(mut page: Vec<Object>) -> Vec<Object> {
    if !page.is_sorted_by(|one, next| one.key <= next.key) {
        page.sort_by(|one, other| {
            let newest_first = other.is_latest.cmp(&one.is_latest).then_with(|| other.modified.cmp(&one.modified));
            one.key.cmp(&other.key).then(newest_first)
        });
    }
    page
}

/// All versions of one key.
pub(super) async fn states_of(client: &S3Client, place: &Place, with_versions: bool) -> anyhow::Result<Vec<State>> {
    let mut keys = Keys::new(client, place, with_versions);
    // In the order of keys, the key itself is the first of those that begin with it.
    Ok(keys.any().await?.filter(|entry| entry.key.is_empty()).map(|entry| entry.states).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delete_markers_at_the_end_of_a_page_come_to_their_places() {
        let of = |key: &str, second: u8, is_latest, is_deleted| Object {
            key: key.into(),
            size: 0,
            etag: String::new(),
            modified: format!("2026-01-01T00:00:0{second}.000Z"),
            version: None,
            is_latest,
            is_deleted,
        };
        let page = vec![of("a", 3, false, false), of("a", 1, false, false), of("b", 1, false, false)];
        let markers = vec![of("a", 2, false, true), of("a", 3, true, true), of("b", 2, true, true)];
        let sorted = in_order([page, markers].concat());
        let told: Vec<_> = sorted.iter().map(|object| (object.key.as_str(), object.is_deleted)).collect();
        assert_eq!(told, [("a", true), ("a", false), ("a", true), ("a", false), ("b", true), ("b", false)]);
        // A page in its order stays as it is, whatever its times say.
        let page = vec![of("a", 1, true, false), of("a", 3, false, true)];
        assert_eq!(in_order(page.clone()), page);
    }
}
