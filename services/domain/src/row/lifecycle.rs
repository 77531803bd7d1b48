//! Rules leave out what is empty, which a format without field names cannot read back: their rows have every field.

use events::lifecycle::{Expiration, Filter, NoncurrentExpiration, Rule};
use events::tags::Tags;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize, Deserialize)]
struct RuleRow {
    id: String,
    enabled: bool,
    is_old_form: bool,
    prefix: Option<String>,
    tags: Tags,
    size_greater_than: Option<u64>,
    size_less_than: Option<u64>,
    expiration: Option<Expiration>,
    /// The days, and how many newer versions are kept.
    noncurrent_expiration: Option<(u32, Option<u32>)>,
    abort_uploads_after_days: Option<u32>,
}

#[expect(clippy::ref_option, reason = "serde gives it so")]
pub(super) fn serialize<S: Serializer>(rules: &Option<Vec<Rule>>, serializer: S) -> Result<S::Ok, S::Error> {
    let rows: Option<Vec<RuleRow>> = rules.as_ref().map(|rules| rules.iter().cloned().map(row).collect());
    rows.serialize(serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Rule>>, D::Error> {
    let rows: Option<Vec<RuleRow>> = Deserialize::deserialize(deserializer)?;
    Ok(rows.map(|rows| rows.into_iter().map(rule).collect()))
}

fn row(rule: Rule) -> RuleRow {
    let Filter { is_old_form, prefix, tags, size_greater_than, size_less_than } = rule.filter;
    RuleRow {
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

fn rule(row: RuleRow) -> Rule {
    let RuleRow { is_old_form, prefix, tags, size_greater_than, size_less_than, .. } = row;
    let noncurrent = |(days, newer_versions)| NoncurrentExpiration { days, newer_versions };
    Rule {
        id: row.id,
        enabled: row.enabled,
        filter: Filter { is_old_form, prefix, tags, size_greater_than, size_less_than },
        expiration: row.expiration,
        noncurrent_expiration: row.noncurrent_expiration.map(noncurrent),
        abort_uploads_after_days: row.abort_uploads_after_days,
    }
}
