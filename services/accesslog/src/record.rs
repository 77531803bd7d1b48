use std::borrow::Cow;
use std::net::IpAddr;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A request that somebody had no right to, or did not prove to be theirs.
    Refused,
    /// A login that failed.
    LoginFailed,
    /// A read of a bucket whose owner asks for records of reads.
    Read,
}

/// A request as an auditor reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Record {
    /// When it was answered; the first of several.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub time: Timestamp,
    /// What it is.
    pub kind: Kind,
    /// How many requests it stands for: many of a second that are alike are one.
    pub count: u64,
    /// What was asked for, as S3 or the API of the console calls it.
    pub operation: Cow<'static, str>,
    /// The status of the answer.
    pub status: u16,
    /// The code of the refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Cow<'static, str>>,
    /// The bucket that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
    /// The key that it is about; of several requests, that of the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The user, if they proved who they are; of a login that failed, the name that was tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The access key with which the request was signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_key: Option<String>,
    /// The address that it came from, if the operator has addresses recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub address: Option<IpAddr>,
    /// The id of the request; of several, that of the first.
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
