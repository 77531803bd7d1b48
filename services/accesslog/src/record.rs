use std::borrow::Cow;
use std::net::IpAddr;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The kind of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A request that was refused because the caller has no right to it or is not authenticated.
    Refused,
    /// A login that failed.
    LoginFailed,
    /// A read of a bucket for which its owner enabled records of reads.
    Read,
}

/// A request as an auditor reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Record {
    /// The time of the response; of several requests, the time of the first.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub time: Timestamp,
    /// What it is.
    pub kind: Kind,
    /// The number of requests that the record stands for: similar requests within a second share a record.
    pub count: u64,
    /// The operation, as S3 or the admin API names it.
    pub operation: Cow<'static, str>,
    /// The status of the answer.
    pub status: u16,
    /// The code of the refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Cow<'static, str>>,
    /// The bucket that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
    /// The key of the request; of several requests, the key of the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The user, if the request was authenticated; for a failed login, the user name that was tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The access key with which the request was signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_key: Option<String>,
    /// The address that the request came from, if the operator has addresses recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub address: Option<IpAddr>,
    /// The id of the request; of several requests, the id of the first.
    pub request: String,
}

/// Characters of a text that a stranger chose.
const TEXT_CHARS_MAX: usize = 1_024;

impl Record {
    /// The record with no more of any text than anybody reads.
    pub(crate) fn bounded(mut self) -> Self {
        for text in [&mut self.bucket, &mut self.key, &mut self.user, &mut self.access_key].into_iter().flatten() {
            if let Some((end, _)) = text.char_indices().nth(TEXT_CHARS_MAX) {
                text.truncate(end);
            }
        }
        self
    }
}
