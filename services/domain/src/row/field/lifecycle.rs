//! Rules omit empty fields, which a format without field names cannot decode: their rows have every field.

use events::lifecycle::{Expiration, Filter, NoncurrentExpiration, Rule};
use events::tags::Tags;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(in crate::row) struct RuleRow {
    id: String,
    enabled: bool,
    is_old_form: bool,
    prefix: Option<String>,
    tags: Tags,
    size_greater_than: Option<u64>,
    size_less_than: Option<u64>,
    expiration: Option<Expiration>,
    /// The days, and the number of newer versions to keep.
    noncurrent_expiration: Option<(u32, Option<u32>)>,
    abort_uploads_after_days: Option<u32>,
}

impl From<Rule> for RuleRow {
    fn from(rule: Rule) -> Self {
        let Filter { is_old_form, prefix, tags, size_greater_than, size_less_than } = rule.filter;
        Self {
            id: rule.id,
            enabled: rule.enabled,
            is_old_form,
            prefix,
            tags,
            size_greater_than,
            size_less_than,
            expiration: rule.expiration,
            noncurrent_expiration: rule.noncurrent_expiration.map(|it| (it.days, it.newer_versions)),
            abort_uploads_after_days: rule.abort_uploads_after_days,
        }
    }
}

impl From<RuleRow> for Rule {
    fn from(row: RuleRow) -> Self {
        let RuleRow { is_old_form, prefix, tags, size_greater_than, size_less_than, .. } = row;
        let noncurrent = |(days, newer_versions)| NoncurrentExpiration { days, newer_versions };
        Self {
            id: row.id,
            enabled: row.enabled,
            filter: Filter { is_old_form, prefix, tags, size_greater_than, size_less_than },
            expiration: row.expiration,
            noncurrent_expiration: row.noncurrent_expiration.map(noncurrent),
            abort_uploads_after_days: row.abort_uploads_after_days,
        }
    }
}
