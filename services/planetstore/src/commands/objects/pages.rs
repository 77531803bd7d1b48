//! Lists of a store, page by page. Keys come encoded, because XML has no form for some bytes.

use anyhow::Context;
use http::Method;
use percent_encoding::percent_decode_str;
use s3::xml::{Fields, ReadAnswer};

use super::place::Place;
use crate::s3_client::{Call, S3Client};

/// Entries of a page.
const PAGE_ENTRIES: &str = "1000";

/// A line of a list of objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    Object(Object),
    /// What keys have in common up to the next slash.
    Folder(String),
}

/// An object, or a version of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Object {
    pub(super) key: String,
    pub(super) size: u64,
    pub(super) etag: String,
    pub(super) modified: String,
    /// The version, in a list of versions.
    pub(super) version: Option<String>,
    pub(super) is_latest: bool,
    /// It is a delete marker.
    pub(super) is_deleted: bool,
}

/// The objects below a place, in the order of their keys.
pub(super) struct Objects<'a> {
    client: &'a S3Client,
    place: Place,
    is_flat: bool,
    token: Option<String>,
    is_over: bool,
}

impl<'a> Objects<'a> {
    /// All objects whose keys begin like that of the place, or those up to the next slash and the folders beside them.
    pub(super) fn new(client: &'a S3Client, place: Place, is_flat: bool) -> Self {
        Self { client, place, is_flat, token: None, is_over: false }
    }

    /// The next page; `None` after the last.
    pub(super) async fn next(&mut self) -> anyhow::Result<Option<Vec<Entry>>> {
        if self.is_over {
            return Ok(None);
        }
        let call = Call::to_bucket(Method::GET, &self.place.bucket)
            .query("list-type", "2")
            .query("max-keys", PAGE_ENTRIES)
            .query("encoding-type", "url")
            .query("prefix", &self.place.key)
            .query_if("delimiter", (!self.is_flat).then_some("/"))
            .query_if("continuation-token", self.token.as_deref());
        let answer =
            self.client.send(&call).await?.document("ListBucketResult", &["Contents", "CommonPrefixes"]).await?;
        self.token = answer.field("NextContinuationToken").map(str::to_owned);
        self.is_over = self.token.is_none();
        let is_encoded = is_encoded(&answer);
        let entry = |(kind, fields): &(String, Fields)| {
            if kind == "CommonPrefixes" {
                decoded(fields, "Prefix", is_encoded).map(Entry::Folder)
            } else {
                object(kind, fields, is_encoded).map(Entry::Object)
            }
        };
        answer.records.iter().map(entry).collect::<anyhow::Result<_>>().map(Some)
    }
}

/// The versions of the objects below a place.
pub(super) struct Versions<'a> {
    client: &'a S3Client,
    place: Place,
    /// Where the next page begins: a key and a version.
    marker: Option<(String, String)>,
    is_over: bool,
}

impl<'a> Versions<'a> {
    pub(super) fn new(client: &'a S3Client, place: Place) -> Self {
        Self { client, place, marker: None, is_over: false }
    }

    /// The next page; `None` after the last.
    pub(super) async fn next(&mut self) -> anyhow::Result<Option<Vec<Object>>> {
        if self.is_over {
            return Ok(None);
        }
        let (key, version) = self.marker.as_ref().map(|(key, version)| (key.as_str(), version.as_str())).unzip();
        let call = Call::to_bucket(Method::GET, &self.place.bucket)
            .query("versions", "")
            .query("max-keys", PAGE_ENTRIES)
            .query("encoding-type", "url")
            .query("prefix", &self.place.key)
            .query_if("key-marker", key)
            .query_if("version-id-marker", version);
        let answer =
            self.client.send(&call).await?.document("ListVersionsResult", &["Version", "DeleteMarker"]).await?;
        let marker = |name: &str| answer.field(name).map(str::to_owned).unwrap_or_default();
        self.is_over = answer.field("IsTruncated") != Some("true");
        let is_encoded = is_encoded(&answer);
        self.marker = Some((name(&marker("NextKeyMarker"), is_encoded)?, marker("NextVersionIdMarker")));
        let versions = answer.records.iter().map(|(kind, fields)| object(kind, fields, is_encoded));
        versions.collect::<anyhow::Result<_>>().map(Some)
    }
}

/// Whether a store did what it was asked for: some write keys as they are.
fn is_encoded(answer: &ReadAnswer) -> bool {
    answer.field("EncodingType") == Some("url")
}

fn object(kind: &str, fields: &Fields, is_encoded: bool) -> anyhow::Result<Object> {
    let field = |name: &str| fields.get(name).cloned().unwrap_or_default();
    Ok(Object {
        key: decoded(fields, "Key", is_encoded)?,
        size: field("Size").parse().unwrap_or_default(),
        etag: field("ETag").trim_matches('"').to_owned(),
        modified: field("LastModified"),
        version: fields.get("VersionId").cloned(),
        is_latest: field("IsLatest") != "false",
        is_deleted: kind == "DeleteMarker",
    })
}

fn decoded(fields: &Fields, field: &str, is_encoded: bool) -> anyhow::Result<String> {
    name(fields.get(field).with_context(|| format!("the store's answer has no {field}"))?, is_encoded)
}

fn name(text: &str, is_encoded: bool) -> anyhow::Result<String> {
    if !is_encoded {
        return Ok(text.to_owned());
    }
    let text = text.replace('+', " ");
    let decoded = percent_decode_str(&text).decode_utf8();
    Ok(decoded.context("a key is not UTF-8: this command cannot name it")?.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_decoded_if_the_store_encoded_them() {
        assert_eq!(name("a+b%2Bc", true).unwrap(), "a b+c");
        assert_eq!(name("a+b%2Bc", false).unwrap(), "a+b%2Bc");
        assert!(name("%FF", true).is_err());
    }
}
