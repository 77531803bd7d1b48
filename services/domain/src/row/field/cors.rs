//! Rules omit absent fields, which a format without field names cannot decode: their rows have every field.

use events::cors::{Method, Rule};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(in crate::row) struct RuleRow {
    id: Option<String>,
    allowed_origins: Vec<String>,
    allowed_methods: Vec<Method>,
    allowed_headers: Vec<String>,
    expose_headers: Vec<String>,
    max_age_seconds: Option<u32>,
}

impl From<Rule> for RuleRow {
    fn from(rule: Rule) -> Self {
        let Rule { id, allowed_origins, allowed_methods, allowed_headers, expose_headers, max_age_seconds } = rule;
        Self { id, allowed_origins, allowed_methods, allowed_headers, expose_headers, max_age_seconds }
    }
}

impl From<RuleRow> for Rule {
    fn from(row: RuleRow) -> Self {
        let RuleRow { id, allowed_origins, allowed_methods, allowed_headers, expose_headers, max_age_seconds } = row;
        Self { id, allowed_origins, allowed_methods, allowed_headers, expose_headers, max_age_seconds }
    }
}
