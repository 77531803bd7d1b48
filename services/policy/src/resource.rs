//! What a statement is about.

use events::ids::BucketName;

use crate::action::Kind;
use crate::pattern::{Cost, Pattern, Reach, Subject, Syntax};
use crate::request::{Caller, Resource};

/// A resource of a statement. What it is matched against is what stands behind `arn:aws:s3:::`: `bucket`,
/// `bucket/key`, or `*` for the store itself.
#[derive(Debug, Clone)]
pub(crate) struct ResourcePattern(Pattern);

/// The parts of an ARN before the one that names something, and what each is here. A policy may write a pattern that
/// matches it.
const ARN_PARTS: [(&str, &str); 5] =
    [("arn", "arn"), ("partition", "aws"), ("service", "s3"), ("region", ""), ("account", "")];

/// How a request that is about the store itself is called.
const STORE: &str = "*";

impl ResourcePattern {
    /// What matches every resource.
    pub(crate) fn everything() -> Self {
        Self(Pattern::anything())
    }

    /// Compiles a resource; the error says what is wrong with it.
    pub(crate) fn parse(text: &str, variables: bool) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self::everything());
        }
        let mut rest = text;
        for (part, wanted) in ARN_PARTS {
            let (found, after) = rest.split_once(':').ok_or("a resource is \"*\" or like arn:aws:s3:::bucket/key")?;
            let pattern = Pattern::parse(found, Syntax { wildcards: true, variables: false })?;
            if pattern.matches(Subject::text(wanted), None) != Some(true) {
                return Err(format!("the {part} of a resource of S3 is {wanted:?}"));
            }
            rest = after;
        }
        if rest.is_empty() {
            return Err("it names no bucket".to_owned());
        }
        Pattern::parse(rest, Syntax { wildcards: true, variables }).map(Self)
    }

    pub(crate) fn cost(&self) -> Cost {
        self.0.cost()
    }

    /// Whether it matches. Nothing if a variable of it has no value for the caller.
    pub(crate) fn matches(&self, target: &Target<'_>, caller: Caller<'_>) -> Option<bool> {
        self.0.matches(target.subject(), Some(caller))
    }

    /// Whether it can match a bucket itself, or objects in it.
    pub(crate) fn within(&self, bucket: &BucketName) -> Within {
        let Reach { itself, .. } = self.0.reach(bucket.as_str());
        let Reach { longer, .. } = self.0.reach(&format!("{bucket}/"));
        Within { bucket: itself, objects: longer }
    }
}

/// What of a bucket a resource can match.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Within {
    bucket: bool,
    objects: bool,
}

impl Within {
    pub(crate) fn anything(self) -> bool {
        self.bucket || self.objects
    }

    /// Whether something of that kind is among it.
    pub(crate) fn has(self, kind: Kind) -> bool {
        match kind {
            Kind::Service => false,
            Kind::Bucket => self.bucket,
            Kind::Object => self.objects,
        }
    }
}

/// What a request is about, in the form that patterns match.
#[derive(Debug)]
pub(crate) enum Target<'a> {
    Name(&'a str),
    /// `bucket/key` in one piece: the one allocation of an evaluation.
    Path(Vec<u8>),
}

impl<'a> Target<'a> {
    pub(crate) fn of(resource: Resource<'a>) -> Self {
        match resource {
            Resource::Service => Self::Name(STORE),
            Resource::Bucket(bucket) => Self::Name(bucket.as_str()),
            Resource::Object(bucket, key) => Self::Path([bucket.as_str().as_bytes(), b"/", key.as_bytes()].concat()),
        }
    }

    fn subject(&self) -> Subject<'_> {
        match self {
            Self::Name(name) => Subject::text(name),
            Self::Path(path) => Subject::bytes(path),
        }
    }
}
