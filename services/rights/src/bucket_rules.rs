//! The rules of access to buckets, parsed, and cached until they change.

use std::sync::Arc;

use domain::View;
use domain::row::{BucketId, BucketRow};
use events::access::{Acl, ObjectOwnership, PublicAccessBlock};
use events::ids::BucketName;
use ledger::{Snapshot, StateError};
use policy::{BucketAccess, Document, DocumentKind};

/// The number of cached buckets.
const BUCKETS_MAX: usize = 4_096;

/// The rules of access to a bucket, parsed.
#[derive(Debug, Default)]
pub struct AccessRules {
    policy: Option<Document>,
    acl: Option<Acl>,
    public_access: PublicAccessBlock,
    ownership: ObjectOwnership,
}

impl AccessRules {
    /// The rules as a request is judged by them.
    pub fn access<'a>(&'a self, bucket: &'a BucketRow) -> BucketAccess<'a> {
        BucketAccess {
            owner: &bucket.owner,
            policy: self.policy.as_ref(),
            acl: self.acl.as_ref(),
            public_access: self.public_access,
            ownership: self.ownership,
        }
    }

    /// Whether the rules may grant something to a caller who is not the owner and has no policy of their own.
    pub fn opens_to_others(&self) -> bool {
        self.policy.is_some() || self.acls_enabled()
    }

    /// Whether ACLs count in this bucket.
    pub fn acls_enabled(&self) -> bool {
        self.ownership != ObjectOwnership::BucketOwnerEnforced
    }
}

/// The rules of access to buckets. An entry is valid until the rules of its bucket change.
#[derive(Debug)]
pub struct AccessCache {
    known: quick_cache::sync::Cache<(BucketId, u64), Arc<AccessRules>>,
    defaults: Arc<AccessRules>,
}

impl AccessCache {
    /// An empty cache.
    pub fn new() -> Self {
        Self { known: quick_cache::sync::Cache::new(BUCKETS_MAX), defaults: Arc::default() }
    }

    /// The rules of a bucket in a state.
    ///
    /// # Errors
    /// If the state cannot be read.
    pub fn of(
        &self,
        snapshot: &Snapshot,
        name: &BucketName,
        bucket: &BucketRow,
    ) -> Result<Arc<AccessRules>, StateError> {
        if bucket.access == 0 {
            return Ok(Arc::clone(&self.defaults));
        }
        let at = (bucket.id, bucket.access);
        if let Some(known) = self.known.get(&at) {
            return Ok(known);
        }
        let row = snapshot.bucket_access(bucket.id)?;
        let policy = row.policy.as_deref().map(|text| readable(text, name));
        let rules = Arc::new(AccessRules {
            policy,
            acl: row.acl,
            public_access: row.public_access_block.unwrap_or_default(),
            ownership: row.ownership.unwrap_or_default(),
        });
        self.known.insert(at, Arc::clone(&rules));
        Ok(rules)
    }
}

impl Default for AccessCache {
    fn default() -> Self {
        Self::new()
    }
}

/// Policies are parsed before they are stored. Owners and admins may replace one that cannot be parsed now.
fn readable(text: &str, bucket: &BucketName) -> Document {
    Document::bucket(text, bucket).unwrap_or_else(|error| {
        tracing::error!(%bucket, %error, "a bucket policy cannot be read: it denies everything");
        Document::denying_all(DocumentKind::Bucket)
    })
}
