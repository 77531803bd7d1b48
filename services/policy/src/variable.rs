//! Policy variables, which stand for the caller in resources and condition values.

use events::ids::UserId;

use crate::request::Caller;

/// The bytes that a variable counts for in the cost of a pattern: the longest name or id.
pub(crate) const VARIABLE_BYTES_MAX: usize = 128;

/// A variable such as `${aws:username}`, possibly with a default for callers without a value: `${aws:username,
/// 'nobody'}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Variable {
    name: Name,
    otherwise: Option<Box<str>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    User,
    Id,
    Type,
}

impl Variable {
    /// Parses the text between the braces.
    pub(crate) fn parse(inside: &str) -> Option<Self> {
        let (name, otherwise) = match inside.split_once(',') {
            None => (inside, None),
            Some((name, text)) => (name, Some(text.trim().strip_prefix('\'')?.strip_suffix('\'')?)),
        };
        let name = match name.trim().to_ascii_lowercase().as_str() {
            "aws:username" => Name::User,
            "aws:userid" => Name::Id,
            "aws:principaltype" => Name::Type,
            _ => return None,
        };
        let otherwise = otherwise.map(Into::into);
        Some(Self { name, otherwise })
    }

    /// Its value for a caller; `None` if the caller has none.
    pub(crate) fn value<'a>(&'a self, caller: Option<Caller<'a>>) -> Option<&'a str> {
        let value = caller.and_then(|caller| match self.name {
            Name::User => caller.user_name(),
            Name::Id => caller.user_id().map(UserId::as_str),
            Name::Type => Some(caller.principal_type()),
        });
        value.or(self.otherwise.as_deref())
    }

    /// The maximum length of its value in bytes.
    pub(crate) fn bytes_max(&self) -> usize {
        self.otherwise.as_deref().map_or(0, str::len).max(VARIABLE_BYTES_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_caller_has_is_a_variable() {
        for good in ["aws:username", "AWS:UserName", " aws:userid ", "aws:username, 'nobody'", "aws:username,''"] {
            assert!(Variable::parse(good).is_some(), "{good}");
        }
        for bad in ["", "aws:SourceIp", "aws:username, nobody", "aws:username, '", "s3:prefix", "aws:username,"] {
            assert!(Variable::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_default_is_for_callers_without_a_value() {
        let variable = Variable::parse("aws:username, 'nobody'").unwrap();
        assert_eq!(variable.value(Some(Caller::Anonymous)), Some("nobody"));
        assert_eq!(Variable::parse("aws:username").unwrap().value(Some(Caller::Anonymous)), None);
    }
}
