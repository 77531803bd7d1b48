//! The CORS configuration of a bucket.

use bytes::Bytes;
use http::HeaderName;

use crate::cors::{AllowedMethod, CORS_BYTES_MAX, CORS_RULES_MAX, CorsRule, Wildcard};
use crate::error::{Code, Error};
use crate::header::decimal;
use crate::xml::Writer;
use crate::xml::reader::{Visitor, walk};

/// The longest id of a rule, in characters: S3's limit.
const ID_CHARS_MAX: usize = 255;

/// The rules of a bucket: the body of `PutBucketCors` and the response of `GetBucketCors`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorsConfiguration {
    /// 1 to [`CORS_RULES_MAX`], in the order in which they are tried.
    pub rules: Vec<CorsRule>,
}

#[derive(Default)]
struct Reading {
    rules: Vec<CorsRule>,
    rule: Rule,
}

#[derive(Default)]
struct Rule {
    id: Option<String>,
    origins: Vec<Wildcard>,
    methods: Vec<AllowedMethod>,
    headers: Vec<Wildcard>,
    expose_headers: Vec<String>,
    max_age_seconds: Option<u32>,
}

impl Visitor for Reading {
    fn open(&mut self, path: &str) -> Result<(), Error> {
        match path {
            "CORSRule" if self.rules.len() == CORS_RULES_MAX => Err(Error::invalid_request(format!(
                "The number of CORS rules should not exceed allowed limit of {CORS_RULES_MAX} rules."
            ))),
            "CORSRule"
            | "CORSRule/ID"
            | "CORSRule/AllowedOrigin"
            | "CORSRule/AllowedMethod"
            | "CORSRule/AllowedHeader"
            | "CORSRule/ExposeHeader"
            | "CORSRule/MaxAgeSeconds" => Ok(()),
            _ => Err(Error::malformed_xml()),
        }
    }

    fn close(&mut self, path: &str, text: &str) -> Result<(), Error> {
        let text = text.trim();
        match path {
            "CORSRule/ID" if self.rule.id.is_some() || text.chars().count() > ID_CHARS_MAX => {
                return Err(Error::malformed_xml());
            }
            "CORSRule/ID" => self.rule.id = Some(text.to_owned()),
            "CORSRule/AllowedOrigin" => self.rule.origins.push(wildcard("AllowedOrigin", text)?),
            "CORSRule/AllowedHeader" => self.rule.headers.push(allowed_header(text)?),
            "CORSRule/AllowedMethod" => {
                let method = text.parse().map_err(|()| {
                    Error::invalid_request(format!(
                        "Found unsupported HTTP method in CORS config. Unsupported method is {text}"
                    ))
                })?;
                self.rule.methods.push(method);
            }
            "CORSRule/ExposeHeader" => self.rule.expose_headers.push(exposed(text)?),
            "CORSRule/MaxAgeSeconds" => {
                let seconds = decimal(text).and_then(|seconds| u32::try_from(seconds).ok());
                let seconds = seconds.filter(|_| self.rule.max_age_seconds.is_none());
                self.rule.max_age_seconds = Some(seconds.ok_or_else(Error::malformed_xml)?);
            }
            "CORSRule" => self.rules.push(std::mem::take(&mut self.rule).finish()?),
            _ => {}
        }
        Ok(())
    }
}

impl Rule {
    fn finish(self) -> Result<CorsRule, Error> {
        if self.origins.is_empty() || self.methods.is_empty() {
            return Err(Error::malformed_xml());
        }
        let Self { id, origins, methods, headers, expose_headers, max_age_seconds } = self;
        Ok(CorsRule { id, origins, methods, headers, expose_headers, max_age_seconds })
    }
}

fn wildcard(element: &str, text: &str) -> Result<Wildcard, Error> {
    if text.is_empty() {
        return Err(Error::malformed_xml());
    }
    text.parse()
        .map_err(|()| Error::invalid_request(format!("{element} \"{text}\" can not have more than one wildcard.")))
}

/// A header's name, which may contain a `*`.
fn allowed_header(text: &str) -> Result<Wildcard, Error> {
    let wildcard = wildcard("AllowedHeader", text)?;
    match text.replace('*', "x").parse::<HeaderName>() {
        Ok(_) => Ok(wildcard),
        Err(_) => Err(Error::invalid_request(format!("AllowedHeader \"{text}\" contains invalid character."))),
    }
}

fn exposed(text: &str) -> Result<String, Error> {
    if text.contains('*') {
        return Err(Error::invalid_request(format!(
            "ExposeHeader \"{text}\" contains wildcard. We currently do not support wildcard for ExposeHeader."
        )));
    }
    match text.parse::<HeaderName>() {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err(Error::invalid_request(format!("ExposeHeader \"{text}\" is not a header name."))),
    }
}

impl CorsConfiguration {
    /// Parses the document.
    ///
    /// # Errors
    /// `MalformedXML`, also without a rule, or for a rule without an origin or a method; `InvalidRequest` for a method,
    /// wildcards or a number of rules that S3 does not allow; `MaxMessageLengthExceeded` above [`CORS_BYTES_MAX`].
    pub fn parse(body: &[u8]) -> Result<Self, Error> {
        if body.len() > CORS_BYTES_MAX {
            return Err(
                Error::new(Code::MaxMessageLengthExceeded).detail("MaxMessageLengthBytes", CORS_BYTES_MAX.to_string())
            );
        }
        let mut reading = Reading::default();
        walk(body, "CORSConfiguration", &mut reading)?;
        if reading.rules.is_empty() { Err(Error::malformed_xml()) } else { Ok(Self { rules: reading.rules }) }
    }

    /// The response of `GetBucketCors`.
    pub fn to_xml(&self) -> Bytes {
        let mut writer = Writer::root("CORSConfiguration", 64 + self.rules.len() * 256);
        for rule in &self.rules {
            writer.open("CORSRule");
            writer.optional("ID", rule.id.as_deref());
            for method in &rule.methods {
                writer.text("AllowedMethod", method.name());
            }
            for origin in &rule.origins {
                writer.text("AllowedOrigin", origin.as_str());
            }
            for header in &rule.headers {
                writer.text("AllowedHeader", header.as_str());
            }
            for header in &rule.expose_headers {
                writer.text("ExposeHeader", header);
            }
            if let Some(seconds) = rule.max_age_seconds {
                writer.number("MaxAgeSeconds", u64::from(seconds));
            }
            writer.close("CORSRule");
        }
        writer.end("CORSConfiguration")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(rule: &str) -> Result<CorsConfiguration, Code> {
        let body = format!("<CORSConfiguration><CORSRule>{rule}</CORSRule></CORSConfiguration>");
        CorsConfiguration::parse(body.as_bytes()).map_err(|error| error.code())
    }

    const LEAST: &str = "<AllowedMethod>GET</AllowedMethod><AllowedOrigin>*</AllowedOrigin>";

    #[test]
    fn what_is_written_reads_back() {
        let rule = "<ID>one</ID><AllowedMethod>GET</AllowedMethod><AllowedMethod>PUT</AllowedMethod>\
                    <AllowedOrigin>https://*.example</AllowedOrigin><AllowedHeader>*</AllowedHeader>\
                    <ExposeHeader>ETag</ExposeHeader><MaxAgeSeconds>3000</MaxAgeSeconds>";
        let read = with(rule).unwrap();
        assert_eq!(CorsConfiguration::parse(&read.to_xml()).unwrap(), read);
        assert_eq!(read.rules[0].max_age_seconds, Some(3000));
        assert!(with(LEAST).is_ok());
    }

    #[test]
    fn what_s3_does_not_allow_is_refused() {
        for malformed in [
            "",
            "<AllowedMethod>GET</AllowedMethod>",
            "<AllowedOrigin>*</AllowedOrigin>",
            "<AllowedMethod>GET</AllowedMethod><AllowedOrigin></AllowedOrigin>",
            &format!("{LEAST}<MaxAgeSeconds>-1</MaxAgeSeconds>"),
            &format!("{LEAST}<MaxAgeSeconds>1</MaxAgeSeconds><MaxAgeSeconds>2</MaxAgeSeconds>"),
            &format!("{LEAST}<Id>lower</Id>"),
            &format!("{LEAST}<ID>{}</ID>", "i".repeat(256)),
        ] {
            assert_eq!(with(malformed), Err(Code::MalformedXML), "{malformed}");
        }
        for invalid in [
            "<AllowedMethod>PATCH</AllowedMethod><AllowedOrigin>*</AllowedOrigin>",
            "<AllowedMethod>GET</AllowedMethod><AllowedOrigin>*.a.*</AllowedOrigin>",
            &format!("{LEAST}<AllowedHeader>x-*-*</AllowedHeader>"),
            &format!("{LEAST}<AllowedHeader>a b</AllowedHeader>"),
            &format!("{LEAST}<AllowedHeader>x:*</AllowedHeader>"),
            &format!("{LEAST}<AllowedHeader>gr\u{fc}n</AllowedHeader>"),
            &format!("{LEAST}<ExposeHeader>*</ExposeHeader>"),
            &format!("{LEAST}<ExposeHeader>a b</ExposeHeader>"),
        ] {
            assert_eq!(with(invalid), Err(Code::InvalidRequest), "{invalid}");
        }
        let none = CorsConfiguration::parse(b"<CORSConfiguration/>").unwrap_err();
        assert_eq!(none.code(), Code::MalformedXML);
    }

    #[test]
    fn rules_and_bytes_are_bounded() {
        let rules = |count: usize| {
            let body = format!(
                "<CORSConfiguration>{}</CORSConfiguration>",
                format!("<CORSRule>{LEAST}</CORSRule>").repeat(count)
            );
            CorsConfiguration::parse(body.as_bytes()).map(|read| read.rules.len()).map_err(|error| error.code())
        };
        assert_eq!(rules(CORS_RULES_MAX), Ok(CORS_RULES_MAX));
        assert_eq!(rules(CORS_RULES_MAX + 1), Err(Code::InvalidRequest));
        let long = with(&format!("{LEAST}<ID>{}</ID>", " ".repeat(CORS_BYTES_MAX)));
        assert_eq!(long, Err(Code::MaxMessageLengthExceeded));
    }
}
