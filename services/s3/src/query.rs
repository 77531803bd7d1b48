//! The query string, split and decoded once.

use std::borrow::Cow;

use crate::encoding::{self, Plus};
use crate::error::{Code, Error};

/// The maximum number of parameters of one query string.
pub const PARAMETERS_MAX: usize = 128;

/// One `name=value`. A name without `=` has an empty value, as in `?uploads`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter<'a> {
    /// The name, decoded.
    pub name: Cow<'a, [u8]>,
    /// The value, decoded; `+` is a space.
    pub value: Cow<'a, [u8]>,
}

/// A query string: the parameters in the order sent. Only `&` separates them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query<'a> {
    parameters: Vec<Parameter<'a>>,
}

impl<'a> Query<'a> {
    /// Splits and decodes the part after the `?`.
    ///
    /// # Errors
    /// `InvalidURI` for a malformed `%XX` or more than [`PARAMETERS_MAX`] parameters.
    pub fn parse(raw: Option<&'a str>) -> Result<Self, Error> {
        let mut parameters = Vec::new();
        for pair in raw.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            if parameters.len() == PARAMETERS_MAX {
                return Err(Error::with_message(Code::InvalidURI, "too many query parameters"));
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decode = |text: &'a str| {
                encoding::decode(text.as_bytes(), Plus::Space).ok_or_else(|| Error::new(Code::InvalidURI))
            };
            parameters.push(Parameter { name: decode(name)?, value: decode(value)? });
        }
        Ok(Self { parameters })
    }

    /// The parameters in the order sent.
    pub fn iter(&self) -> impl Iterator<Item = &Parameter<'a>> {
        self.parameters.iter()
    }

    /// Whether there is a parameter of this name, with or without a value.
    pub fn has(&self, name: &str) -> bool {
        self.parameters.iter().any(|parameter| *parameter.name == *name.as_bytes())
    }

    /// The value as bytes.
    ///
    /// # Errors
    /// `InvalidArgument` if the parameter is repeated, because two readers might choose different values.
    pub fn bytes(&self, name: &str) -> Result<Option<&[u8]>, Error> {
        let mut found = self.parameters.iter().filter(|parameter| *parameter.name == *name.as_bytes());
        let first = found.next();
        if found.next().is_some() {
            return Err(Error::invalid_argument("The query parameter must not be repeated", name, ""));
        }
        Ok(first.map(|parameter| &*parameter.value))
    }

    /// The value as text.
    ///
    /// # Errors
    /// `InvalidArgument` if it is repeated or not UTF-8.
    pub fn text(&self, name: &str) -> Result<Option<&str>, Error> {
        self.bytes(name)?.map(|value| text(name, value)).transpose()
    }

    /// The value as text of a parameter whose name may differ in case, as presigned URLs carry headers (`x-amz-acl`,
    /// `X-Amz-Acl`).
    ///
    /// # Errors
    /// `InvalidArgument` if it is repeated or not UTF-8.
    pub fn hoisted(&self, name: &str) -> Result<Option<&str>, Error> {
        let mut found = self.parameters.iter().filter(|parameter| parameter.name.eq_ignore_ascii_case(name.as_bytes()));
        let first = found.next();
        if found.next().is_some() {
            return Err(Error::invalid_argument("The query parameter must not be repeated", name, ""));
        }
        first.map(|parameter| text(name, &parameter.value)).transpose()
    }
}

fn text<'v>(name: &str, value: &'v [u8]) -> Result<&'v str, Error> {
    std::str::from_utf8(value)
        .map_err(|_| Error::invalid_argument("The query parameter must be UTF-8", name, String::from_utf8_lossy(value)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn splits_at_ampersands_only_and_decodes_once() {
        let query = Query::parse(Some("a=1;b&&c&d=%2541+x&=y&e==")).unwrap();
        let pairs: Vec<(&[u8], &[u8])> = query.iter().map(|p| (&*p.name, &*p.value)).collect();
        let expected: Vec<(&[u8], &[u8])> =
            vec![(b"a", b"1;b"), (b"c", b""), (b"d", b"%41 x"), (b"", b"y"), (b"e", b"=")];
        assert_eq!(pairs, expected);
    }

    #[test]
    fn a_repeated_parameter_is_refused_when_asked_for() {
        let query = Query::parse(Some("prefix=a&prefix=b")).unwrap();
        assert_eq!(query.text("prefix").unwrap_err().code(), Code::InvalidArgument);
        let query = Query::parse(Some("x-amz-acl=a&X-Amz-Acl=b")).unwrap();
        assert_eq!(query.hoisted("x-amz-acl").unwrap_err().code(), Code::InvalidArgument);
    }

    #[test]
    fn the_number_of_parameters_is_bounded() {
        let raw = "a&".repeat(PARAMETERS_MAX + 1);
        assert_eq!(Query::parse(Some(&raw)).unwrap_err().code(), Code::InvalidURI);
    }

    proptest! {
        #[test]
        fn parsing_never_panics(raw: String) {
            let _ = Query::parse(Some(&raw));
        }
    }
}
