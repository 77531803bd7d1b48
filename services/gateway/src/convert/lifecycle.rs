use events::lifecycle::{Expiration, Filter, NoncurrentExpiration, Rule};
use s3::lifecycle::{LifecycleFilter, LifecycleRule};

/// Converts a rule of the wire for the log. A rule without an id gets `fresh`.
pub(crate) fn lifecycle_rule(rule: LifecycleRule, fresh: impl FnOnce() -> String) -> Rule {
    let LifecycleFilter { is_old_form, prefix, tags, size_greater_than, size_less_than } = rule.filter;
    Rule {
        id: rule.id.unwrap_or_else(fresh),
        enabled: rule.enabled,
        filter: Filter { is_old_form, prefix, tags, size_greater_than, size_less_than },
        expiration: rule.expiration.map(|expiration| match expiration {
            s3::lifecycle::Expiration::Days(days) => Expiration::Days(days),
            s3::lifecycle::Expiration::Date(date) => Expiration::Date(date),
            s3::lifecycle::Expiration::ExpiredObjectDeleteMarker => Expiration::ExpiredObjectDeleteMarker,
        }),
        noncurrent_expiration: rule
            .noncurrent_expiration
            .map(|(days, newer_versions)| NoncurrentExpiration { days, newer_versions }),
        abort_uploads_after_days: rule.abort_uploads_after_days,
    }
}

/// Converts a rule of the log for the wire.
pub(crate) fn wire_lifecycle_rule(rule: Rule) -> LifecycleRule {
    let Filter { is_old_form, prefix, tags, size_greater_than, size_less_than } = rule.filter;
    LifecycleRule {
        id: Some(rule.id),
        enabled: rule.enabled,
        filter: LifecycleFilter { is_old_form, prefix, tags, size_greater_than, size_less_than },
        expiration: rule.expiration.map(|expiration| match expiration {
            Expiration::Days(days) => s3::lifecycle::Expiration::Days(days),
            Expiration::Date(date) => s3::lifecycle::Expiration::Date(date),
            Expiration::ExpiredObjectDeleteMarker => s3::lifecycle::Expiration::ExpiredObjectDeleteMarker,
        }),
        noncurrent_expiration: rule.noncurrent_expiration.map(|it| (it.days, it.newer_versions)),
        abort_uploads_after_days: rule.abort_uploads_after_days,
    }
}
