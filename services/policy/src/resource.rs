//! The resources of a statement.

use events::ids::BucketName;

use crate::action::Kind;
use crate::pattern::{Cost, Pattern, Reach, Subject, Syntax};
use crate::request::{Caller, Resource};

/// A resource of a statement. It is matched against the text after `arn:aws:s3:::`: `bucket`, `bucket/key`, or `*` for
/// the store itself; or after `arn:aws:admin:::`: `user/ada`, `group/crew`, `region`.
#[derive(Debug, Clone)]
pub(crate) struct ResourcePattern {
    /// Whether it matches resources of S3.
    of_s3: bool,
    /// Whether it matches resources of the admin API.
    of_admin: bool,
    pattern: Pattern,
}

/// The parts of an ARN before the resource, with their values here. A policy may use a pattern that matches them.
const ARN_PARTS: [(&str, &[&str]); 5] =
    [("arn", &["arn"]), ("partition", &["aws"]), ("service", &[S3, ADMIN]), ("region", &[""]), ("account", &[""])];

/// The services that resources belong to.
const S3: &str = "s3";
const ADMIN: &str = "admin";

/// The resource of a request to the store itself.
const STORE: &str = "*";

impl ResourcePattern {
    /// A pattern for every resource.
    pub(crate) fn everything() -> Self {
        Self { of_s3: true, of_admin: true, pattern: Pattern::anything() }
    }

    /// Patterns for a bucket and for everything in it.
    pub(crate) fn of_bucket(bucket: &BucketName) -> [Self; 2] {
        let of = |pattern| Self { of_s3: true, of_admin: false, pattern };
        [of(Pattern::literal(bucket.as_str())), of(Pattern::beginning(&format!("{bucket}/")))]
    }

    /// Compiles a resource; the error says why it is malformed.
    pub(crate) fn parse(text: &str, variables: bool) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self::everything());
        }
        let mut rest = text;
        let mut services = Vec::new();
        for (part, wanted) in ARN_PARTS {
            let (found, after) = rest.split_once(':').ok_or("a resource is \"*\" or like arn:aws:s3:::bucket/key")?;
            let pattern = Pattern::parse(found, Syntax { wildcards: true, variables: false })?;
            let fits = wanted.iter().filter(|wanted| pattern.matches(Subject::text(wanted), None) == Some(true));
            let fits: Vec<_> = fits.copied().collect();
            if fits.is_empty() {
                return Err(format!("the {part} of a resource is {}", quoted_list(wanted)));
            }
            services = if part == "service" { fits } else { services };
            rest = after;
        }
        let (of_s3, of_admin) = (services.contains(&S3), services.contains(&ADMIN));
        if rest.is_empty() {
            return Err(if of_s3 { "it names no bucket" } else { "it names nothing" }.to_owned());
        }
        let pattern = Pattern::parse(rest, Syntax { wildcards: true, variables })?;
        Ok(Self { of_s3, of_admin, pattern })
    }

    pub(crate) fn cost(&self) -> Cost {
        self.pattern.cost()
    }

    /// Whether it matches. `None` if one of its variables has no value for the caller.
    pub(crate) fn matches(&self, target: &Target<'_>, caller: Caller<'_>) -> Option<bool> {
        let is_of = if matches!(target, Target::Admin(_)) { self.of_admin } else { self.of_s3 };
        if is_of { self.pattern.matches(target.subject(), Some(caller)) } else { Some(false) }
    }

    /// Whether it certainly matches everything that the other matches, for every caller. Every unclear case is a no.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        (self.of_s3 || !other.of_s3) && (self.of_admin || !other.of_admin) && self.pattern.covers(&other.pattern)
    }

    /// Whether it can match a bucket itself, or objects in it.
    pub(crate) fn within(&self, bucket: &BucketName) -> Within {
        let Reach { itself, .. } = self.pattern.reach(bucket.as_str());
        let Reach { longer, .. } = self.pattern.reach(&format!("{bucket}/"));
        Within { bucket: self.of_s3 && itself, objects: self.of_s3 && longer }
    }
}

/// What a resource can match of a bucket.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Within {
    bucket: bool,
    objects: bool,
}

impl Within {
    pub(crate) fn anything(self) -> bool {
        self.bucket || self.objects
    }

    /// Whether it can match something of this kind.
    pub(crate) fn has(self, kind: Kind) -> bool {
        match kind {
            Kind::Service | Kind::Admin => false,
            Kind::Bucket => self.bucket,
            Kind::Object => self.objects,
        }
    }
}

/// The resource of a request, in the form that patterns match.
#[derive(Debug)]
pub(crate) enum Target<'a> {
    Name(&'a str),
    /// `bucket/key` in one buffer: the only allocation of an evaluation.
    Path(Vec<u8>),
    /// A resource of the admin API.
    Admin(&'a str),
}

impl<'a> Target<'a> {
    pub(crate) fn of(resource: Resource<'a>) -> Self {
        match resource {
            Resource::Service => Self::Name(STORE),
            Resource::Bucket(bucket) => Self::Name(bucket.as_str()),
            Resource::Object(bucket, key) => Self::Path([bucket.as_str().as_bytes(), b"/", key.as_bytes()].concat()),
            Resource::Admin(path) => Self::Admin(path),
        }
    }

    fn subject(&self) -> Subject<'_> {
        match self {
            Self::Name(name) | Self::Admin(name) => Subject::text(name),
            Self::Path(path) => Subject::bytes(path),
        }
    }
}

fn quoted_list(words: &[&str]) -> String {
    words.iter().map(|word| format!("{word:?}")).collect::<Vec<_>>().join(" or ")
}
