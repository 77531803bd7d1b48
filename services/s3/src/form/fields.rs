use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, TRANSFER_ENCODING};
use http::{HeaderMap, Uri};

use super::FileName;
use crate::encoding::{encode, encode_into};
use crate::error::{Code, Error};
use crate::tags::{self, Carrier, Tags};
use crate::xml::Tagging;

/// Fields that become the header of the same name.
const HEADERS: [&str; 7] = [
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-md5",
    "content-type",
    "expires",
];

/// The same for fields with the prefix `x-amz-`. A name that ends in `-` is the prefix of a family.
const AMZ_HEADERS: [&str; 11] = [
    "x-amz-acl",
    "x-amz-checksum-",
    "x-amz-grant-",
    "x-amz-meta-",
    "x-amz-object-lock-",
    "x-amz-sdk-checksum-algorithm",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-",
    "x-amz-storage-class",
    "x-amz-tagging",
    "x-amz-website-redirect-location",
];

/// Fields of the signature.
const SIGNING: [&str; 5] =
    ["x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-security-token", "x-amz-signature"];

/// The placeholder in the key for the name of the file.
const FILE_NAME: &str = "${filename}";

/// The fields of a form, without the file. Names are in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fields(Vec<(String, String)>);

/// The response that the page wants for a successful upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Success {
    /// 204 without a body.
    NoContent,
    /// 200, without a body.
    Ok,
    /// 201, with a document about the object.
    Created,
    /// A redirect to this address.
    Redirect(String),
}

impl Fields {
    /// Adds a field.
    ///
    /// # Errors
    /// `InvalidArgument` for a repeated field, because two readers might choose different values.
    pub fn add(&mut self, name: String, value: String) -> Result<(), Error> {
        if self.get(&name).is_some() {
            return Err(Error::invalid_argument("The form field must not be repeated", name, value));
        }
        self.0.push((name, value));
        Ok(())
    }

    /// The value of a field.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The names of all fields.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// The key of the object, with the file's name in place of its placeholder.
    ///
    /// # Errors
    /// `UserKeyMustBeSpecified`.
    pub fn key(&self, file: &FileName) -> Result<String, Error> {
        let key = self.get("key").filter(|key| !key.is_empty());
        let key = key.ok_or_else(|| {
            Error::with_message(
                Code::UserKeyMustBeSpecified,
                "Bucket POST must contain a field named 'key' before the file.",
            )
        })?;
        Ok(key.replace(FILE_NAME, file.as_str()))
    }

    /// The fields as the headers of the equivalent PUT. The length of the file is known only at its end.
    ///
    /// # Errors
    /// `InvalidArgument` for values that no header can carry, `InvalidTag` and `MalformedXML` for the tags,
    /// `NotImplemented` for S3 fields that are not supported here.
    pub fn headers(&self) -> Result<HeaderMap, Error> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.0 {
            let (header, value) = match name.as_str() {
                "acl" => ("x-amz-acl", value.clone()),
                "tagging" => (tags::HEADER, as_header(&Tagging::parse(value.as_bytes(), Carrier::Object)?.tags)),
                name if HEADERS.contains(&name) || is_amz_header(name) => (name, value.clone()),
                name if SIGNING.contains(&name) || !name.starts_with("x-amz-") => continue,
                name => return Err(Error::not_implemented(format_args!("the form field {name}"))),
            };
            let refused = || Error::invalid_argument("The form field cannot be a header", header, value.as_str());
            let name: HeaderName = header.parse().map_err(|_| refused())?;
            let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| refused())?;
            if headers.insert(name, value).is_some() {
                return Err(Error::invalid_argument("The form has it twice, under two names", header, ""));
            }
        }
        if headers.get(CONTENT_TYPE).is_some_and(HeaderValue::is_empty) {
            headers.remove(CONTENT_TYPE);
        }
        headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        Ok(headers)
    }

    /// The response to send. As on S3, an invalid redirect address is ignored.
    pub fn success(&self) -> Success {
        let redirect = self.get("success_action_redirect").or_else(|| self.get("redirect"));
        if let Some(address) = redirect.filter(|address| is_address(address)) {
            return Success::Redirect(address.to_owned());
        }
        match self.get("success_action_status") {
            Some("200") => Success::Ok,
            Some("201") => Success::Created,
            _ => Success::NoContent,
        }
    }
}

impl Success {
    /// The redirect address with the bucket, the key and the entity tag, as S3 adds them. `etag` includes its quotes.
    pub fn location(address: &str, bucket: &str, key: &[u8], etag: &str) -> String {
        let mut location = Vec::from(address);
        location.push(if address.contains('?') { b'&' } else { b'?' });
        for (name, value) in [("bucket=", bucket.as_bytes()), ("&key=", key), ("&etag=", etag.as_bytes())] {
            location.extend_from_slice(name.as_bytes());
            encode_into(&mut location, value, false);
        }
        String::from_utf8_lossy(&location).into_owned()
    }
}

fn is_amz_header(name: &str) -> bool {
    AMZ_HEADERS.iter().any(|known| if known.ends_with('-') { name.starts_with(known) } else { name == *known })
}

fn is_address(text: &str) -> bool {
    text.parse::<Uri>().is_ok_and(|uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some())
}

/// Tags in the form of a PUT's header.
fn as_header(tags: &Tags) -> String {
    let pairs = tags.iter().map(|(key, value)| {
        let [key, value] =
            [key, value].map(|text| String::from_utf8_lossy(&encode(text.as_bytes(), false)).into_owned());
        format!("{key}={value}")
    });
    pairs.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
pub(super) fn fields(pairs: &[(&str, &str)]) -> Fields {
    Fields(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_become_the_headers_of_a_put() {
        let form = fields(&[
            ("key", "k"),
            ("acl", "public-read"),
            ("content-type", "text/plain"),
            ("x-amz-meta-name", "\u{fc}"),
            ("tagging", "<Tagging><TagSet><Tag><Key>a b</Key><Value>1</Value></Tag></TagSet></Tagging>"),
            ("x-amz-signature", "s"),
            ("x-ignore-me", "i"),
            ("submit", "Send"),
        ]);
        let headers = form.headers().unwrap();
        assert_eq!(headers["x-amz-acl"], "public-read");
        assert_eq!(headers["content-type"], "text/plain");
        assert_eq!(headers["x-amz-meta-name"].as_bytes(), "\u{fc}".as_bytes());
        assert_eq!(headers["x-amz-tagging"], "a%20b=1");
        assert_eq!(headers.len(), 5, "{headers:?}");
    }

    #[test]
    fn what_could_be_taken_for_something_else_is_refused() {
        let code = |pairs: &[(&str, &str)]| fields(pairs).headers().unwrap_err().code();
        assert_eq!(code(&[("x-amz-copy-source", "/b/k")]), Code::NotImplemented);
        assert_eq!(code(&[("x-amz-content-sha256", "STREAMING")]), Code::NotImplemented);
        assert_eq!(code(&[("acl", "private"), ("x-amz-acl", "public-read")]), Code::InvalidArgument);
        assert_eq!(code(&[("x-amz-meta-a", "b\r\nx-amz-acl: c")]), Code::InvalidArgument);
        assert_eq!(code(&[("x-amz-meta-\u{fc}", "b")]), Code::InvalidArgument);
        assert_eq!(code(&[("tagging", "<Tagging/>")]), Code::MalformedXML);
        let mut form = fields(&[("key", "a")]);
        assert_eq!(form.add("key".into(), "b".into()).unwrap_err().code(), Code::InvalidArgument);
    }

    #[test]
    fn the_key_may_have_the_files_name() {
        let file = FileName::default();
        assert_eq!(fields(&[("key", "up/${filename}")]).key(&file).unwrap(), "up/");
        assert_eq!(fields(&[]).key(&file).unwrap_err().code(), Code::UserKeyMustBeSpecified);
        assert_eq!(fields(&[("key", "")]).key(&file).unwrap_err().code(), Code::UserKeyMustBeSpecified);
    }

    #[test]
    fn pages_say_what_they_want_to_be_told() {
        let told = |pairs: &[(&str, &str)]| fields(pairs).success();
        assert_eq!(told(&[]), Success::NoContent);
        assert_eq!(told(&[("success_action_status", "201")]), Success::Created);
        assert_eq!(told(&[("success_action_status", "404")]), Success::NoContent);
        let page = "https://page.example/done?a=b";
        assert_eq!(told(&[("success_action_redirect", page)]), Success::Redirect(page.into()));
        for none in ["javascript:alert(1)", "/relative", "https://", "not an address", "https://a\r\nb"] {
            assert_eq!(told(&[("success_action_redirect", none)]), Success::NoContent, "{none}");
        }
        let location = Success::location(page, "photos", b"a b/c", "\"e\"");
        assert_eq!(location, "https://page.example/done?a=b&bucket=photos&key=a%20b%2Fc&etag=%22e%22");
    }
}
