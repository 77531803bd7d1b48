//! Whether a caller may list a bucket, or the keys with a prefix in it, by the rules that S3 has for it.

use domain::row::BucketRow;
use events::ids::BucketName;
use http::request::Parts;
use jiff::Timestamp;
use ledger::{Snapshot, StateError};
use policy::{Action, Context, Key, Request, Resource, Rights, Value, evaluate};

use super::Admin;
use super::access::{Asker, Caller};

/// A caller with the request and the state by which it is judged.
pub(super) struct Lister<'a> {
    pub(super) admin: &'a Admin,
    pub(super) parts: &'a Parts,
    pub(super) now: Timestamp,
    pub(super) caller: &'a Caller,
    pub(super) snapshot: &'a Snapshot,
}

impl Lister<'_> {
    /// Whether the caller may list the keys with a prefix; without one, whether all of the bucket.
    pub(super) fn may_list(
        &self,
        bucket: &BucketName,
        row: &BucketRow,
        prefix: Option<&str>,
    ) -> Result<bool, StateError> {
        let rules = self.admin.0.bucket_rules.of(self.snapshot, bucket, row)?;
        let rights = Rights { policies: self.caller.policies.as_ref(), bucket: Some(rules.access(row)), object: None };
        let context = Listing { asker: Asker::new(self.admin, self.parts, self.now), prefix };
        let request = Request {
            caller: self.caller.as_policies_see(),
            action: Action::ListBucket,
            resource: Resource::Bucket(bucket),
            time: self.now,
            context: &context,
        };
        Ok(evaluate(&rights, &request).is_allowed())
    }
}

/// A request as the conditions of policies see it, if it was one to list a bucket.
struct Listing<'a> {
    asker: Asker<'a>,
    prefix: Option<&'a str>,
}

impl Context for Listing<'_> {
    fn get(&self, key: &Key) -> Value<'_> {
        match (key, self.prefix) {
            (Key::Query("prefix"), Some(prefix)) => Value::from(prefix),
            (other, _) => self.asker.get(other),
        }
    }
}
