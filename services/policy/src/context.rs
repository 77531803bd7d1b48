//! The values of a request that conditions compare.

use std::borrow::Cow;
use std::net::IpAddr;

use jiff::Timestamp;

/// A condition key: the value that a condition compares. Keys with a text of their own hold it in lower case where HTTP
/// ignores case.
///
/// Source: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html#amazons3-policy-keys>
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// `aws:SourceIp`: the address of the client, [`Value::Address`]. Forwarding headers count only from a trusted
    /// proxy.
    SourceIp,
    /// `aws:SecureTransport`: whether the request used TLS, [`Value::Flag`].
    SecureTransport,
    /// `aws:CurrentTime` and `aws:EpochTime`. Taken from the request's time.
    CurrentTime,
    /// `aws:username`. Taken from the caller, as are the next four.
    UserName,
    /// `aws:userid`.
    UserId,
    /// `aws:PrincipalType`.
    PrincipalType,
    /// `aws:PrincipalArn`, with the canonical id as the account, which conditions may omit.
    PrincipalArn,
    /// `aws:PrincipalAccount`: the canonical id, because every user is an account.
    PrincipalAccount,
    /// `aws:ResourceAccount` and `s3:ResourceAccount`. Taken from the bucket's owner.
    ResourceAccount,
    /// The request header of this name (`aws:UserAgent`, `aws:Referer`, `s3:x-amz-acl`, ...).
    Header(&'static str),
    /// The decoded query parameter of this name (`s3:prefix`, `s3:max-keys`, `s3:VersionId`, ...).
    Query(&'static str),
    /// `s3:x-amz-copy-source`: `bucket/key`, decoded, without a leading slash and without a version.
    CopySource,
    /// `s3:signatureversion`: `AWS4-HMAC-SHA256`.
    SignatureVersion,
    /// `s3:authType`: `REST-HEADER`, `REST-QUERY-STRING` or `POST`.
    AuthType,
    /// `s3:signatureAge`: milliseconds since the signature was made.
    SignatureAge,
    /// `aws:RequestedRegion`: the region that serves the request, [`Value::Text`].
    RequestedRegion,
    /// `s3:TlsVersion`: `1.2` or `1.3`, [`Value::Text`].
    TlsVersion,
    /// `s3:ExistingObjectTag/<key>`: the value of that tag of the object.
    ExistingObjectTag(Box<str>),
    /// `s3:RequestObjectTag/<key>`: the value of that tag in the request.
    RequestObjectTag(Box<str>),
    /// `s3:RequestObjectTagKeys`: the keys of all tags in the request, [`Value::Texts`].
    RequestObjectTagKeys,
    /// `s3:object-lock-mode`.
    ObjectLockMode,
    /// `s3:object-lock-retain-until-date`.
    ObjectLockRetainUntil,
    /// `s3:object-lock-remaining-retention-days`.
    ObjectLockRemainingDays,
    /// `s3:object-lock-legal-hold`.
    ObjectLockLegalHold,
    /// `s3:LocationConstraint`: the requested region of a new bucket. It is in the body, which is read only once
    /// everything else is permitted, so new policies may not use it.
    LocationConstraint,
    /// A key for something that no request has here (MFA, an organization, a VPC, an AWS service, a session token). It
    /// counts as absent, as on AWS for a request without it.
    NeverFilled(&'static str),
}

/// Keys that consist only of their name, in lower case.
const PLAIN: [(&str, Key); 25] = [
    ("aws:sourceip", Key::SourceIp),
    ("aws:securetransport", Key::SecureTransport),
    ("aws:requestedregion", Key::RequestedRegion),
    ("aws:currenttime", Key::CurrentTime),
    ("aws:epochtime", Key::CurrentTime),
    ("aws:username", Key::UserName),
    ("aws:userid", Key::UserId),
    ("aws:principaltype", Key::PrincipalType),
    ("aws:principalarn", Key::PrincipalArn),
    ("aws:principalaccount", Key::PrincipalAccount),
    ("aws:resourceaccount", Key::ResourceAccount),
    ("s3:resourceaccount", Key::ResourceAccount),
    ("aws:useragent", Key::Header("user-agent")),
    ("aws:referer", Key::Header("referer")),
    ("s3:x-amz-copy-source", Key::CopySource),
    ("s3:signatureversion", Key::SignatureVersion),
    ("s3:authtype", Key::AuthType),
    ("s3:signatureage", Key::SignatureAge),
    ("s3:tlsversion", Key::TlsVersion),
    ("s3:requestobjecttagkeys", Key::RequestObjectTagKeys),
    ("s3:object-lock-mode", Key::ObjectLockMode),
    ("s3:object-lock-retain-until-date", Key::ObjectLockRetainUntil),
    ("s3:object-lock-remaining-retention-days", Key::ObjectLockRemainingDays),
    ("s3:object-lock-legal-hold", Key::ObjectLockLegalHold),
    ("s3:locationconstraint", Key::LocationConstraint),
];

/// `s3:` followed by a header's name.
const HEADERS: [&str; 17] = [
    "x-amz-acl",
    "x-amz-grant-full-control",
    "x-amz-grant-read",
    "x-amz-grant-read-acp",
    "x-amz-grant-write",
    "x-amz-grant-write-acp",
    "x-amz-metadata-directive",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-customer-algorithm",
    "x-amz-storage-class",
    "x-amz-content-sha256",
    "x-amz-object-ownership",
    "x-amz-website-redirect-location",
    "x-amz-tagging-directive",
    "if-match",
    "if-none-match",
];

/// Query parameters: the key in lower case, and the parameter.
const PARAMETERS: [(&str, &str); 4] = [
    ("s3:prefix", "prefix"),
    ("s3:delimiter", "delimiter"),
    ("s3:max-keys", "max-keys"),
    ("s3:versionid", "versionId"),
];

/// Keys that AWS has and this store never fills.
const NEVER_FILLED: [&str; 30] = [
    "aws:calledvia",
    "aws:calledviafirst",
    "aws:calledvialast",
    "aws:federatedprovider",
    "aws:multifactorauthage",
    "aws:multifactorauthpresent",
    "aws:principalisawsservice",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:principalservicename",
    "aws:principalservicenameslist",
    "aws:resourceorgid",
    "aws:resourceorgpaths",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceidentity",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:sourcevpcarn",
    "aws:sourcevpce",
    "aws:tagkeys",
    "aws:tokenissuetime",
    "aws:viaawsservice",
    "aws:vpcsourceip",
    "s3:accessgrantsinstancearn",
    "s3:accesspointnetworkorigin",
    "s3:dataaccesspointaccount",
    "s3:dataaccesspointarn",
];

/// Families of keys that AWS has and this store never fills.
const NEVER_FILLED_FAMILIES: [&str; 4] = ["aws:principaltag/", "aws:requesttag/", "aws:resourcetag/", "s3:buckettag/"];

impl Key {
    /// The key of this name, in any case; `None` if there is none.
    pub fn named(name: &str) -> Option<Self> {
        let lower = name.to_ascii_lowercase();
        if let Some((_, key)) = PLAIN.iter().find(|(plain, _)| *plain == lower) {
            return Some(key.clone());
        }
        if let Some(header) = lower.strip_prefix("s3:").and_then(|rest| HEADERS.iter().find(|header| **header == rest))
        {
            return Some(Self::Header(header));
        }
        if let Some((_, parameter)) = PARAMETERS.iter().find(|(key, _)| *key == lower) {
            return Some(Self::Query(parameter));
        }
        if let Some(never) = NEVER_FILLED.iter().find(|never| **never == lower) {
            return Some(Self::NeverFilled(never));
        }
        if let Some(family) = NEVER_FILLED_FAMILIES.iter().find(|family| lower.starts_with(**family)) {
            return (lower.len() > family.len()).then_some(Self::NeverFilled(family));
        }
        // Tag keys are case-sensitive.
        let (family, tag) = name.split_once('/').filter(|(_, tag)| !tag.is_empty())?;
        match family.to_ascii_lowercase().as_str() {
            "s3:existingobjecttag" => Some(Self::ExistingObjectTag(tag.into())),
            "s3:requestobjecttag" => Some(Self::RequestObjectTag(tag.into())),
            _ => None,
        }
    }
}

/// The value of a condition key in a request.
pub enum Value<'a> {
    /// The key is absent.
    Absent,
    /// The value exists or not, but cannot be read. A condition on it never lets a request through: it holds in a
    /// `Deny` and fails in an `Allow`, whatever the operator.
    Unreadable,
    /// A text. Conditions on numbers, dates, addresses or booleans parse it.
    Text(Cow<'a, str>),
    /// Any number of texts.
    Texts(Box<dyn Iterator<Item = Cow<'a, str>> + 'a>),
    /// A whole number.
    Number(i64),
    /// A boolean.
    Flag(bool),
    /// A time.
    Time(Timestamp),
    /// An address of a client.
    Address(IpAddr),
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl<'a> From<Option<&'a str>> for Value<'a> {
    fn from(text: Option<&'a str>) -> Self {
        text.map_or(Self::Absent, Self::from)
    }
}

/// The values that conditions use. Only the keys in a policy's conditions are requested, so implementations look them
/// up on demand.
pub trait Context {
    /// The request's value for a key.
    fn get(&self, key: &Key) -> Value<'_>;
}

/// A context without any values.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoContext;

impl Context for NoContext {
    fn get(&self, _: &Key) -> Value<'_> {
        Value::Absent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_whatever_their_case() {
        assert_eq!(Key::named("AWS:SOURCEIP"), Some(Key::SourceIp));
        assert_eq!(Key::named("aws:RequestedRegion"), Some(Key::RequestedRegion));
        assert_eq!(Key::named("s3:Max-Keys"), Some(Key::Query("max-keys")));
        assert_eq!(Key::named("s3:versionid"), Some(Key::Query("versionId")));
        assert_eq!(Key::named("s3:X-Amz-Acl"), Some(Key::Header("x-amz-acl")));
        assert_eq!(Key::named("S3:existingobjecttag/Team"), Some(Key::ExistingObjectTag("Team".into())));
        assert_eq!(Key::named("aws:PrincipalTag/a"), Some(Key::NeverFilled("aws:principaltag/")));
        for unknown in [
            "",
            "aws:nothing",
            "s3:ExistingObjectTag/",
            "s3:ExistingObjectTag",
            "x-amz-acl",
            "s3:",
            "aws:PrincipalTag/",
        ] {
            assert_eq!(Key::named(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn the_tables_are_in_lower_case() {
        let names =
            PLAIN.iter().map(|(name, _)| name).chain(&HEADERS).chain(&NEVER_FILLED).chain(&NEVER_FILLED_FAMILIES);
        for name in names.chain(PARAMETERS.iter().map(|(name, _)| name)) {
            assert_eq!(*name, name.to_ascii_lowercase());
        }
    }
}
