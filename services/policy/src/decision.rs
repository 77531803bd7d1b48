//! A decision and its reason.

use std::fmt;

use events::ids::PolicyName;

/// Whether a request may proceed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Decision<'a> {
    /// Yes.
    Allowed(Grantor<'a>),
    /// No.
    Denied(Denial<'a>),
}

/// The grant that allowed a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grantor<'a> {
    /// Root, who may do everything.
    Root,
    /// The role `admin`.
    AdminRole,
    /// Ownership of the bucket.
    BucketOwnership,
    /// Ownership of the object, or having created the upload.
    ObjectOwnership,
    /// A policy.
    Policy(Origin<'a>),
    /// A grant of the bucket's ACL.
    BucketAcl,
    /// A grant of the object's ACL.
    ObjectAcl,
}

/// The reason for a denial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denial<'a> {
    /// A statement denies it, whatever else allows it.
    Explicit(Origin<'a>),
    /// Nothing allows it.
    NothingGrants,
}

/// The statement that decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin<'a> {
    /// A statement of a policy of the caller or of a group.
    Identity(&'a PolicyName, StatementName<'a>),
    /// A statement of the bucket policy.
    Bucket(StatementName<'a>),
}

/// A statement of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatementName<'a> {
    /// The position of the statement, from zero.
    pub index: usize,
    /// The id of the statement, if it has one.
    pub sid: Option<&'a str>,
}

impl Decision<'_> {
    /// Whether the request is allowed.
    pub const fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed(_))
    }
}

impl fmt::Display for Decision<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Allowed(Grantor::Root) => f.write_str("allowed: root"),
            Self::Allowed(Grantor::AdminRole) => f.write_str("allowed by the role of an admin"),
            Self::Allowed(Grantor::BucketOwnership) => f.write_str("allowed to the bucket's owner"),
            Self::Allowed(Grantor::ObjectOwnership) => f.write_str("allowed to the object's owner"),
            Self::Allowed(Grantor::Policy(origin)) => write!(f, "allowed by {origin}"),
            Self::Allowed(Grantor::BucketAcl) => f.write_str("allowed by the bucket's ACL"),
            Self::Allowed(Grantor::ObjectAcl) => f.write_str("allowed by the object's ACL"),
            Self::Denied(Denial::Explicit(origin)) => write!(f, "explicitly denied by {origin}"),
            Self::Denied(Denial::NothingGrants) => f.write_str("denied because nothing allows it"),
        }
    }
}

impl fmt::Display for Origin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Identity(policy, statement) => write!(f, "{statement} of the policy {policy}"),
            Self::Bucket(statement) => write!(f, "{statement} of the bucket policy"),
        }
    }
}

impl fmt::Display for StatementName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.sid {
            Some(sid) => write!(f, "statement {sid:?}"),
            None => write!(f, "Statement[{}]", self.index),
        }
    }
}
