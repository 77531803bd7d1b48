use events::ids::{BucketName, RegionName};
use events::{Collection, Fact, FactKind, SECRET_NOUNS, SUBJECT_NOUNS, SUBJECT_ROOT, subject_token};

/// Which events a consumer gets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Events about this bucket and its objects.
    pub bucket: Option<BucketName>,
    /// Events of these types; of all types if there are none.
    pub types: Vec<String>,
}

/// The reason why there is no such filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum InvalidFilter {
    #[error("events of the type {0:?} are for the store itself, because they hold secrets")]
    Secret(String),
    #[error("there is no event of the type {0:?}: see /schemas/")]
    Unknown(String),
    #[error("none of these types of events is about a bucket")]
    NotOfBuckets,
}

impl Filter {
    /// Whether there are such events, and a reader outside of the store may get them.
    ///
    /// # Errors
    /// [`InvalidFilter`].
    pub fn check(&self) -> Result<(), InvalidFilter> {
        for name in &self.types {
            let kind = kind(name).ok_or_else(|| InvalidFilter::Unknown(name.clone()))?;
            if SECRET_NOUNS.contains(&kind.noun) {
                return Err(InvalidFilter::Secret(name.clone()));
            }
        }
        let has_any = self.types.is_empty() || self.kinds().any(is_of_buckets);
        if self.bucket.is_some() && !has_any { Err(InvalidFilter::NotOfBuckets) } else { Ok(()) }
    }

    /// The subjects of its events on the log of a region. No two of them have a subject in common, as the server demands.
    /// Types that this program does not know have none: a newer release wrote them.
    pub fn subjects(&self, region: &RegionName) -> Vec<String> {
        let of = |rest: String| format!("{SUBJECT_ROOT}.{region}.{rest}");
        let name = self.bucket.as_ref().map(|bucket| subject_token(bucket.as_str()));
        let mut subjects: Vec<String> = match (&name, self.types.is_empty()) {
            (None, true) => public_nouns().map(|noun| of(format!("{noun}.>"))).collect(),
            (None, false) => self.kinds().map(|kind| of(format!("{}.*.{}", kind.noun, kind.verb))).collect(),
            (Some(name), true) => {
                let kinds = Fact::KINDS.iter().filter(|kind| is_of_buckets(kind) && is_public(kind));
                kinds.map(|kind| of(format!("{}.{name}.>", kind.noun))).collect()
            }
            (Some(name), false) => {
                let kinds = self.kinds().filter(|kind| is_of_buckets(kind));
                kinds.map(|kind| of(format!("{}.{name}.{}", kind.noun, kind.verb))).collect()
            }
        };
        // Kinds of one noun have one subject, and so have two versions of a type.
        subjects.sort_unstable();
        subjects.dedup();
        subjects
    }

    /// The kinds of its types that a reader outside of the store may get.
    fn kinds(&self) -> impl Iterator<Item = &'static FactKind> {
        self.types.iter().filter_map(|name| kind(name)).filter(|kind| is_public(kind))
    }
}

fn kind(name: &str) -> Option<&'static FactKind> {
    Fact::KINDS.iter().find(|kind| kind.event_type == name)
}

fn public_nouns() -> impl Iterator<Item = &'static str> {
    SUBJECT_NOUNS.iter().copied().filter(|noun| !SECRET_NOUNS.contains(noun))
}

fn is_public(kind: &FactKind) -> bool {
    !SECRET_NOUNS.contains(&kind.noun)
}

fn is_of_buckets(kind: &FactKind) -> bool {
    kind.collection == Collection::Buckets
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subjects(bucket: Option<&str>, types: &[&str]) -> Vec<String> {
        let filter = Filter {
            bucket: bucket.map(|bucket| bucket.parse().unwrap()),
            types: types.iter().map(|name| format!("io.planetstore.{name}.v1")).collect(),
        };
        assert_eq!(filter.check(), Ok(()));
        filter.subjects(&"eu-1".parse().unwrap())
    }

    #[test]
    fn all_events_are_those_of_every_noun_without_secrets() {
        let all = subjects(None, &[]);
        for noun in SUBJECT_NOUNS {
            let is_secret = ["secret", "session"].contains(noun);
            assert_eq!(all.contains(&format!("ps.eu-1.{noun}.>")), !is_secret, "{noun}");
        }
    }

    #[test]
    fn a_bucket_and_types_narrow_it_down() {
        let of_bucket = subjects(Some("a.b"), &[]);
        let nouns = ["bucket", "content", "object", "quota", "replication", "upload"];
        assert_eq!(of_bucket, nouns.map(|noun| format!("ps.eu-1.{noun}.a%2Eb.>")));
        assert_eq!(subjects(None, &["object.created"]), ["ps.eu-1.object.*.created"]);
        assert_eq!(
            subjects(Some("photos"), &["object.created", "node.joined", "object.deleted"]),
            ["ps.eu-1.object.photos.created", "ps.eu-1.object.photos.deleted"]
        );
    }

    #[test]
    fn what_holds_secrets_and_what_there_is_not_is_refused() {
        let check = |bucket: Option<&str>, name: &str| {
            let bucket = bucket.map(|bucket| bucket.parse().unwrap());
            Filter { bucket, types: vec![name.to_owned()] }.check()
        };
        for secret in ["secret.kept", "session.opened", "session.refreshed"] {
            let name = format!("io.planetstore.{secret}.v1");
            assert_eq!(check(None, &name), Err(InvalidFilter::Secret(name.clone())));
            // Not even where a log holds such a filter.
            let filter = Filter { bucket: None, types: vec![name] };
            assert_eq!(filter.subjects(&"eu-1".parse().unwrap()), [""; 0]);
        }
        let unknown = "io.planetstore.object.>.v1";
        assert_eq!(check(None, unknown), Err(InvalidFilter::Unknown(unknown.into())));
        assert_eq!(check(Some("photos"), "io.planetstore.node.joined.v1"), Err(InvalidFilter::NotOfBuckets));
    }
}
