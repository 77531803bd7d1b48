//! What a statement is about.

use events::ids::BucketName;

use crate::action::Kind;
use crate::pattern::{Cost, Pattern, Reach, Subject, Syntax};
use crate::request::{Caller, Resource};

/// A resource of a statement. What it is matched against is what stands behind `arn:aws:s3:::`: `bucket`,
/// `bucket/key`, or `*` for the store itself; or behind `arn:aws:admin:::`: `user/ada`, `group/crew`, `region`.
#[derive(Debug, Clone)]
pub(crate) struct ResourcePattern {
    /// It is about S3.
    of_s3: bool,
    /// It is about what the admin API is about.
    of_admin: bool,
    pattern: Pattern,
}

/// The parts of an ARN before the one that names something, and what each is here. A policy may write a pattern that
/// matches it.
const ARN_PARTS: [(&str, &[&str]); 5] =
    [("arn", &["arn"]), ("partition", &["aws"]), ("service", &[S3, ADMIN]), ("region", &[""]), ("account", &[""])];

/// The services that resources are of.
const S3: &str = "s3";
const ADMIN: &str = "admin";

/// How a request that is about the store itself is called.
const STORE: &str = "*";

impl ResourcePattern {
    /// What matches every resource.
    pub(crate) fn everything() -> Self {
        Self { of_s3: true, of_admin: true, pattern: Pattern::anything() }
    }

    /// What matches everything in a bucket, and the bucket.
    pub(crate) fn of_bucket(bucket: &BucketName) -> [Self; 2] {
        let of = |pattern| Self { of_s3: true, of_admin: false, pattern };
        [of(Pattern::literal(bucket.as_str())), of(Pattern::beginning(&format!("{bucket}/")))]
    }

    /// Compiles a resource; the error says what is wrong with it.
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

    /// Whether it matches. Nothing if a variable of it has no value for the caller.
    pub(crate) fn matches(&self, target: &Target<'_>, caller: Caller<'_>) -> Option<bool> {
        let is_of = if matches!(target, Target::Admin(_)) { self.of_admin } else { self.of_s3 };
        if is_of { self.pattern.matches(target.subject(), Some(caller)) } else { Some(false) }
    }

    /// Whether it surely matches whatever the other matches, for whomever. What is not plain is a no.
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
            Kind::Service | Kind::Admin => false,
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
    /// What the admin API is about.
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
