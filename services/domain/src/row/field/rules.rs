//! Lists of rules in rows. Facts omit absent fields, which a format without field names cannot decode, so each rule has
//! a row of its own with every field.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[expect(clippy::ref_option, reason = "serde gives it so")]
pub(in crate::row) fn serialize<Rule, Row, S>(rules: &Option<Vec<Rule>>, serializer: S) -> Result<S::Ok, S::Error>
where
    Rule: Clone,
    Row: From<Rule> + Serialize,
    S: Serializer,
{
    let rows: Option<Vec<Row>> = rules.as_ref().map(|rules| rules.iter().cloned().map(Row::from).collect());
    rows.serialize(serializer)
}

pub(in crate::row) fn deserialize<'de, Rule, Row, D>(deserializer: D) -> Result<Option<Vec<Rule>>, D::Error>
where
    Rule: From<Row>,
    Row: Deserialize<'de>,
    D: Deserializer<'de>,
{
    let rows: Option<Vec<Row>> = Deserialize::deserialize(deserializer)?;
    Ok(rows.map(|rows| rows.into_iter().map(Rule::from).collect()))
}
