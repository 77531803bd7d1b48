//! Rules leave out what is not said, which a format without field names cannot read back: their rows have every field.

use events::cors::{Method, Rule};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize, Deserialize)]
struct RuleRow {
    id: Option<String>,
    allowed_origins: Vec<String>,
    allowed_methods: Vec<Method>,
    allowed_headers: Vec<String>,
    expose_headers: Vec<String>,
    max_age_seconds: Option<u32>,
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
    let Rule { id, allowed_origins, allowed_methods, allowed_headers, expose_headers, max_age_seconds } = rule;
    RuleRow { id, allowed_origins, allowed_methods, allowed_headers, expose_headers, max_age_seconds }
}

fn rule(row: RuleRow) -> Rule {
    let RuleRow { id, allowed_origins, allowed_methods, allowed_headers, expose_headers, max_age_seconds } = row;
    Rule { id, allowed_origins, allowed_methods, allowed_headers, expose_headers, max_age_seconds }
}
