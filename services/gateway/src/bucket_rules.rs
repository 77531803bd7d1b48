//! What buckets say to pages of other origins, parsed, and cached until it changes. Who may do what in them is in
//! `rights`.

use std::sync::Arc;

use domain::View;
use domain::row::{BucketId, BucketRow};
use ledger::{Snapshot, StateError};
use s3::cors::CorsRule;

use crate::convert::wire_cors_rule;

/// The number of cached buckets.
const BUCKETS_MAX: usize = 1_024;

/// The CORS rules of buckets that have any.
pub(crate) struct CorsCache(quick_cache::sync::Cache<(BucketId, u64), Arc<Vec<CorsRule>>>);

impl CorsCache {
    pub(crate) fn new() -> Self {
        Self(quick_cache::sync::Cache::new(BUCKETS_MAX))
    }

    /// The CORS rules of a bucket, possibly none.
    pub(crate) fn of(&self, snapshot: &Snapshot, bucket: &BucketRow) -> Result<Arc<Vec<CorsRule>>, StateError> {
        if bucket.settings == 0 {
            return Ok(Arc::default());
        }
        let at = (bucket.id, bucket.settings);
        if let Some(known) = self.0.get(&at) {
            return Ok(known);
        }
        let rules = snapshot.bucket_settings(bucket.id)?.cors.unwrap_or_default();
        let rules: Arc<Vec<_>> = Arc::new(rules.iter().filter_map(wire_cors_rule).collect());
        self.0.insert(at, Arc::clone(&rules));
        Ok(rules)
    }
}

/// Whether reads of buckets are recorded.
pub(crate) struct LoggingCache(quick_cache::sync::Cache<(BucketId, u64), bool>);

impl LoggingCache {
    pub(crate) fn new() -> Self {
        Self(quick_cache::sync::Cache::new(BUCKETS_MAX))
    }

    /// Whether reads of a bucket are recorded.
    pub(crate) fn of(&self, snapshot: &Snapshot, bucket: &BucketRow) -> Result<bool, StateError> {
        if bucket.settings == 0 {
            return Ok(false);
        }
        let at = (bucket.id, bucket.settings);
        if let Some(known) = self.0.get(&at) {
            return Ok(known);
        }
        let is_logged = snapshot.bucket_settings(bucket.id)?.logging.is_some();
        self.0.insert(at, is_logged);
        Ok(is_logged)
    }
}
