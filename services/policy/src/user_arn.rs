//! The ARN of a user, and how bucket policies name users by it.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use events::ids::UserName;
use serde_json::value::RawValue;

use crate::malformed::Malformed;

/// `arn:aws:iam::account:user/path/name`. Every user is its own account, whose number is the canonical id and may be
/// omitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserArn {
    /// The account as it was written.
    pub account: Box<str>,
    /// The user; a path before the name is ignored.
    pub name: UserName,
}

impl UserArn {
    /// A user's ARN without the account, as it is shown.
    pub fn short(name: UserName) -> Self {
        Self { account: Box::default(), name }
    }

    /// Parses an ARN; `None` if it is not the ARN of a user.
    pub fn parse(text: &str) -> Option<Self> {
        let (account, named) = text.strip_prefix("arn:aws:iam::")?.split_once(':')?;
        let path = named.strip_prefix("user/")?;
        let name = path.rsplit('/').next().unwrap_or(path).parse().ok()?;
        Some(Self { account: account.into(), name })
    }
}

impl fmt::Display for UserArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "arn:aws:iam::{}:user/{}", self.account, self.name)
    }
}

/// A bucket policy whose users can be written differently while everything else stays as its author wrote it. A user's
/// name may pass to another user, so the stored policy has ids, and the displayed one has names.
///
/// Source: AWS IAM User Guide, "AWS JSON policy elements: Principal", "IAM user principals".
#[derive(Debug, Clone)]
pub struct Spelling<'a> {
    text: &'a str,
    members: Vec<(Range<usize>, String)>,
}

/// The members of an object, each with its original text.
type Members<'a> = BTreeMap<String, &'a RawValue>;

impl<'a> Spelling<'a> {
    /// Finds the principals of a bucket policy that was validated before.
    pub fn of(text: &'a str) -> Result<Self, Malformed> {
        Self::find(text).map_err(|error| Malformed::NotJson(error.to_string()))
    }

    fn find(text: &'a str) -> serde_json::Result<Self> {
        let mut found = Self { text, members: Vec::new() };
        let policy: Members<'a> = serde_json::from_str(text)?;
        for statement in policy.get("Statement").map_or(Ok(Vec::new()), |raw| one_or_more(raw))? {
            let elements: Members<'a> = serde_json::from_str(statement.get())?;
            for principal in ["Principal", "NotPrincipal"].into_iter().filter_map(|name| elements.get(name)) {
                if !principal.get().starts_with('{') {
                    continue;
                }
                let families: Members<'a> = serde_json::from_str(principal.get())?;
                for member in families.get("AWS").map_or(Ok(Vec::new()), |raw| one_or_more(raw))? {
                    let start = member.get().as_ptr().addr() - text.as_ptr().addr();
                    let place = start..start + member.get().len();
                    found.members.push((place, serde_json::from_str(member.get())?));
                }
            }
        }
        Ok(found)
    }

    /// The text with each principal of the family `AWS` replaced by the text that `other` returns for it, if any.
    pub fn with<E>(&self, mut other: impl FnMut(&str) -> Result<Option<String>, E>) -> Result<String, E> {
        let mut members: Vec<_> = self.members.iter().collect();
        members.sort_by_key(|(place, _)| place.start);
        let (mut spelled, mut taken) = (String::with_capacity(self.text.len()), 0);
        for (place, member) in members {
            if let Some(member) = other(member)? {
                spelled.push_str(&self.text[taken..place.start]);
                spelled.push_str(&serde_json::Value::String(member).to_string());
                taken = place.end;
            }
        }
        spelled.push_str(&self.text[taken..]);
        Ok(spelled)
    }
}

/// A single value, or each value of a list.
fn one_or_more(raw: &RawValue) -> serde_json::Result<Vec<&RawValue>> {
    if raw.get().starts_with('[') { serde_json::from_str(raw.get()) } else { Ok(vec![raw]) }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn with_ids(text: &str) -> String {
        let id = |member: &str| Ok::<_, Infallible>(UserArn::parse(member).map(|arn| format!("{}-id", arn.name)));
        Spelling::of(text).unwrap().with(id).unwrap()
    }

    #[test]
    fn users_are_found_where_principals_are_and_nowhere_else() {
        let text = r#" {"Version": "2012-10-17","Statement":[ {"Sid":"arn:aws:iam:::user/ada","Principal":
            {"AWS" : [ "arn:aws:iam:::user/ada", "*","\u0061rn:aws:iam::7:user/x/bob"],"CanonicalUser":"c"},
            "Condition":{"StringEquals":{"AWS":"arn:aws:iam:::user/ada"}}},
            {"NotPrincipal":{"AWS":"arn:aws:iam:::user/bob"}},{"Principal":"*"}]}"#;
        let wanted = r#" {"Version": "2012-10-17","Statement":[ {"Sid":"arn:aws:iam:::user/ada","Principal":
            {"AWS" : [ "ada-id", "*","bob-id"],"CanonicalUser":"c"},
            "Condition":{"StringEquals":{"AWS":"arn:aws:iam:::user/ada"}}},
            {"NotPrincipal":{"AWS":"bob-id"}},{"Principal":"*"}]}"#;
        assert_eq!(with_ids(text), wanted);
        assert_eq!(with_ids(wanted), wanted);
        let one = r#"{"Statement":{"Principal":{"AWS":"arn:aws:iam:::user/ada"}}}"#;
        assert_eq!(with_ids(one), r#"{"Statement":{"Principal":{"AWS":"ada-id"}}}"#);
    }

    #[test]
    fn an_arn_is_read_as_it_is_written() {
        let arn = UserArn::parse("arn:aws:iam::ada-id:user/team/ada").unwrap();
        assert_eq!((&*arn.account, arn.name.as_str()), ("ada-id", "ada"));
        assert_eq!(UserArn::short(arn.name).to_string(), "arn:aws:iam:::user/ada");
        for other in
            ["arn:aws:iam::a:root", "arn:aws:iam::a:role/x", "arn:aws:iam:::user/", "ada", "arn:aws:iam:user/a"]
        {
            assert_eq!(UserArn::parse(other), None, "{other}");
        }
    }
}
