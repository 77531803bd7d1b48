//! Cross-origin resource sharing: which pages of other origins may access a bucket from a browser.
//!
//! Source: "Elements of a CORS configuration" and "How does Amazon S3 evaluate the CORS configuration on a bucket?",
//! Amazon S3 User Guide; the Fetch standard, section 3.2 (<https://fetch.spec.whatwg.org/#http-cors-protocol>).

use std::collections::BTreeSet;
use std::str::FromStr;

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

use crate::error::{Code, Error};
use crate::header::single;

/// The maximum number of rules of a bucket: S3's limit.
pub const CORS_RULES_MAX: usize = 100;

/// Longest configuration in bytes: S3's limit.
pub const CORS_BYTES_MAX: usize = 64 * 1024;

/// The maximum number of headers in a preflight, each counted once. A request with more headers would be refused
/// anyway.
pub const CORS_HEADERS_MAX: usize = 128;

/// The request headers that a response depends on, so that caches keep responses apart.
const VARY: HeaderValue =
    HeaderValue::from_static("Origin, Access-Control-Request-Headers, Access-Control-Request-Method");

/// A method that a rule may allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are HTTP's")]
pub enum AllowedMethod {
    Get,
    Put,
    Post,
    Delete,
    Head,
}

impl AllowedMethod {
    /// The method's name in HTTP.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Put => "PUT",
            Self::Post => "POST",
            Self::Delete => "DELETE",
            Self::Head => "HEAD",
        }
    }
}

impl FromStr for AllowedMethod {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Get, Self::Put, Self::Post, Self::Delete, Self::Head]
            .into_iter()
            .find(|method| method.name() == text)
            .ok_or(())
    }
}

/// A text with at most one `*`, which matches any characters, or none.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Wildcard {
    text: String,
    /// The position of the `*`, found once and not in each comparison.
    star: Option<usize>,
}

impl Wildcard {
    /// The pattern's text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    fn is_any(&self) -> bool {
        self.text == "*"
    }

    fn matches(&self, text: &str, same: impl Fn(&str, &str) -> bool) -> bool {
        match self.star {
            None => same(&self.text, text),
            Some(star) => {
                let (start, end) = (&self.text[..star], &self.text[star + 1..]);
                let middle = text.len().checked_sub(end.len()).filter(|middle| *middle >= start.len());
                let found = middle.and_then(|middle| Some((text.get(..start.len())?, text.get(middle..)?)));
                found.is_some_and(|(found_start, found_end)| same(start, found_start) && same(end, found_end))
            }
        }
    }
}

impl FromStr for Wildcard {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let is_fine = !text.is_empty() && text.matches('*').count() <= 1;
        if is_fine { Ok(Self { text: text.to_owned(), star: text.find('*') }) } else { Err(()) }
    }
}

/// A CORS rule. [`decide`] chooses the one that applies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorsRule {
    /// The id that the bucket's owner gave the rule.
    pub id: Option<String>,
    /// The allowed origins; at least one.
    pub origins: Vec<Wildcard>,
    /// The allowed methods, at least one.
    pub methods: Vec<AllowedMethod>,
    /// The request headers that a page may send.
    pub headers: Vec<Wildcard>,
    /// The response headers that a page may read; valid HTTP names.
    pub expose_headers: Vec<String>,
    /// The time in seconds for which a browser may cache the preflight response.
    pub max_age_seconds: Option<u32>,
}

/// The origin in a preflight.
///
/// # Errors
/// `BadRequest` without one.
pub fn preflight_origin(headers: &HeaderMap) -> Result<&str, Error> {
    single(headers, "origin")?
        .filter(|origin| !origin.is_empty())
        .ok_or_else(|| Error::with_message(Code::BadRequest, "Insufficient information. Origin request header needed."))
}

/// A request of a web page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorsRequest<'a> {
    /// The origin of the page.
    pub origin: &'a str,
    /// The requested method; `None` if no rule can allow it.
    method: Option<AllowedMethod>,
    /// The requested headers in lower case, as a preflight lists them.
    headers: Vec<String>,
}

impl<'a> CorsRequest<'a> {
    /// Parses a preflight request.
    ///
    /// # Errors
    /// `BadRequest` without an origin, without a method or with one that no rule can allow, for malformed header names,
    /// and for more than [`CORS_HEADERS_MAX`] of them, because each is compared with everything that the rules allow.
    pub fn preflight(headers: &'a HeaderMap) -> Result<Self, Error> {
        let origin = preflight_origin(headers)?;
        let method = single(headers, "access-control-request-method")?.unwrap_or("null");
        let method = method.parse().map_err(|()| {
            Error::with_message(Code::BadRequest, format!("Invalid Access-Control-Request-Method: {method}"))
        })?;
        let (mut names, mut seen) = (Vec::new(), BTreeSet::new());
        for value in headers.get_all(header::ACCESS_CONTROL_REQUEST_HEADERS) {
            let text = value.to_str().map_err(|_| {
                Error::with_message(Code::BadRequest, "Access-Control-Request-Headers must be visible ASCII")
            })?;
            for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
                let name = name.parse::<HeaderName>().map_err(|_| {
                    let message = format!("Access-Control-Request-Headers \"{name}\" contains invalid character.");
                    Error::with_message(Code::BadRequest, message)
                })?;
                if seen.insert(name.as_str().to_owned()) {
                    names.push(name.as_str().to_owned());
                }
                if names.len() > CORS_HEADERS_MAX {
                    let message = format!("Access-Control-Request-Headers has more than {CORS_HEADERS_MAX} names");
                    return Err(Error::with_message(Code::BadRequest, message));
                }
            }
        }
        Ok(Self { origin, method: Some(method), headers: names })
    }

    /// Parses a request of a page; `None` without an origin. As on S3, a requested method in its headers takes
    /// precedence over its own.
    pub fn simple(method: &Method, headers: &'a HeaderMap) -> Option<Self> {
        let origin = single(headers, "origin").ok().flatten()?;
        let asked = single(headers, "access-control-request-method").ok().flatten();
        let method = asked.unwrap_or(method.as_str()).parse().ok();
        Some(Self { origin, method, headers: Vec::new() })
    }
}

/// The CORS headers of a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorsAnswer<'a> {
    rule: &'a CorsRule,
    request: &'a CorsRequest<'a>,
    any_origin: bool,
}

/// The response headers by the first rule that allows origin, method and every header; `None` if none does.
pub fn decide<'a>(rules: &'a [CorsRule], request: &'a CorsRequest<'a>) -> Option<CorsAnswer<'a>> {
    rules.iter().find_map(|rule| {
        let exact = |pattern: &str, text: &str| pattern == text;
        let origin = rule.origins.iter().find(|origin| origin.matches(request.origin, exact))?;
        let method = request.method.is_some_and(|method| rule.methods.contains(&method));
        let allows =
            |name: &String| rule.headers.iter().any(|pattern| pattern.matches(name, str::eq_ignore_ascii_case));
        let any_origin = origin.is_any();
        (method && request.headers.iter().all(allows)).then_some(CorsAnswer { rule, request, any_origin })
    })
}

impl CorsAnswer<'_> {
    /// Inserts the CORS headers into a response.
    pub fn insert_into(&self, headers: &mut HeaderMap) {
        let Self { rule, request, any_origin } = self;
        let mut insert = |name, text: &str| {
            if let Ok(value) = HeaderValue::from_str(text) {
                headers.insert(name, value);
            }
        };
        if *any_origin {
            insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
        } else {
            insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, request.origin);
            insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
        }
        let methods: Vec<_> = rule.methods.iter().map(|method| method.name()).collect();
        insert(header::ACCESS_CONTROL_ALLOW_METHODS, &methods.join(", "));
        if !request.headers.is_empty() {
            insert(header::ACCESS_CONTROL_ALLOW_HEADERS, &request.headers.join(", "));
        }
        if !rule.expose_headers.is_empty() {
            insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, &rule.expose_headers.join(", "));
        }
        if let Some(seconds) = rule.max_age_seconds {
            insert(header::ACCESS_CONTROL_MAX_AGE, &seconds.to_string());
        }
    }
}

/// Inserts the header that says that the response depends on the page's origin. In a bucket with rules that is always
/// so, even if no rule allows the request.
pub fn insert_vary(headers: &mut HeaderMap) {
    headers.append(header::VARY, VARY);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rule(origins: &[&str], methods: &[AllowedMethod], headers: &[&str]) -> CorsRule {
        let wildcards = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        CorsRule {
            id: None,
            origins: wildcards(origins),
            methods: methods.to_vec(),
            headers: wildcards(headers),
            expose_headers: vec!["ETag".into(), "x-amz-meta-a".into()],
            max_age_seconds: Some(60),
        }
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| ((*name).parse().unwrap(), value.parse().unwrap()))
            .collect::<Vec<(HeaderName, HeaderValue)>>()
            .into_iter()
            .collect()
    }

    fn answered(rules: &[CorsRule], pairs: &[(&'static str, &str)]) -> Option<HeaderMap> {
        let sent = headers(pairs);
        let request = CorsRequest::preflight(&sent).unwrap();
        let mut answer = HeaderMap::new();
        decide(rules, &request)?.insert_into(&mut answer);
        Some(answer)
    }

    #[test]
    fn origins_match_with_one_wildcard() {
        let matches = |pattern: &str, text: &str| {
            pattern.parse::<Wildcard>().unwrap().matches(text, |pattern, text| pattern == text)
        };
        assert!(matches("*", "https://a.example") && matches("*", ""));
        assert!(matches("start*end", "startend") && matches("start*end", "start1end"));
        assert!(!matches("start*end", "0startend") && !matches("start*end", "startend0"));
        assert!(!matches("aba*aba", "ababa"), "the parts do not overlap");
        assert!(
            matches("https://*.example", "https://a.b.example") && !matches("https://*.example", "https://example")
        );
        assert!(matches("http://a", "http://a") && !matches("http://a", "http://A"));
        assert!("*a*".parse::<Wildcard>().is_err() && "".parse::<Wildcard>().is_err());
    }

    #[test]
    fn a_preflight_is_answered_by_the_first_rule_that_allows_all_of_it() {
        let rules = [
            rule(&["https://a"], &[AllowedMethod::Get], &[]),
            rule(&["https://*"], &[AllowedMethod::Get, AllowedMethod::Put], &["x-amz-*", "Content-Type"]),
        ];
        let asked = [("origin", "https://a"), ("access-control-request-method", "PUT")];
        let answer = answered(&rules, &asked).unwrap();
        assert_eq!(answer["access-control-allow-origin"], "https://a");
        assert_eq!(answer["access-control-allow-methods"], "GET, PUT");
        assert_eq!(answer["access-control-allow-credentials"], "true");
        assert_eq!(answer["access-control-expose-headers"], "ETag, x-amz-meta-a");
        assert_eq!(answer["access-control-max-age"], "60");
        assert!(!answer.contains_key("access-control-allow-headers"));
        let with = |names| {
            let asked = [asked[0], asked[1], ("access-control-request-headers", names)];
            answered(&rules, &asked).map(|answer| answer["access-control-allow-headers"].clone())
        };
        assert_eq!(with("X-Amz-Date, content-type").unwrap(), "x-amz-date, content-type");
        assert_eq!(with("x-amz-date, authorization"), None);
    }

    #[test]
    fn any_origin_is_told_without_credentials() {
        let rules = [rule(&["*"], &[AllowedMethod::Get], &[])];
        let answer = answered(&rules, &[("origin", "null"), ("access-control-request-method", "GET")]).unwrap();
        assert_eq!(answer["access-control-allow-origin"], "*");
        assert!(!answer.contains_key("access-control-allow-credentials"));
        assert_eq!(answered(&rules, &[("origin", "null"), ("access-control-request-method", "HEAD")]), None);
    }

    #[test]
    fn a_preflight_names_an_origin_a_method_and_headers_that_can_be() {
        let (origin, method) = (("origin", "a"), ("access-control-request-method", "GET"));
        let mut bad = vec![vec![], vec![origin], vec![method], vec![("origin", ""), method]];
        bad.extend(["get", "PATCH", "OPTIONS", ""].map(|text| vec![origin, (method.0, text)]));
        let names = ["a b", "x:y", "x(y)", "a, b/c", "[x]", "x=y", "\"x\""];
        bad.extend(names.map(|text| vec![origin, method, ("access-control-request-headers", text)]));
        let many: Vec<_> = (0..=CORS_HEADERS_MAX).map(|number| format!("x-{number}")).collect();
        let (most, more) = (many[1..].join(","), many.join(","));
        bad.push(vec![origin, method, ("access-control-request-headers", &more)]);
        for allowed in [&most, &"a, A,".repeat(1_000)] {
            let sent = headers(&[origin, method, ("access-control-request-headers", allowed)]);
            assert!(CorsRequest::preflight(&sent).is_ok());
        }
        for pairs in bad {
            let sent = headers(&pairs);
            assert_eq!(CorsRequest::preflight(&sent).unwrap_err().code(), Code::BadRequest, "{pairs:?}");
        }
        assert_eq!(CorsRequest::simple(&Method::GET, &HeaderMap::new()), None);
    }

    proptest! {
        #[test]
        fn a_wildcard_matches_what_it_was_made_of(start in ".{0,6}", middle in ".{0,6}", end in ".{0,6}") {
            prop_assume!(!start.contains('*') && !end.contains('*'));
            let pattern: Wildcard = format!("{start}*{end}").parse().unwrap();
            let same = |pattern: &str, text: &str| pattern == text;
            let text = format!("{start}{middle}{end}");
            prop_assert!(pattern.matches(&text, same));
        }

        #[test]
        fn no_text_panics(pattern in "[a-z\u{fc}*]{1,6}", text in ".{0,8}") {
            if let Ok(pattern) = pattern.parse::<Wildcard>() {
                let _ = pattern.matches(&text, str::eq_ignore_ascii_case);
            }
        }
    }
}
