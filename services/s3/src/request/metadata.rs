//! The metadata that is stored with an object.

use crate::error::{Code, Error};
use crate::header;
use crate::request::Head;

/// The maximum number of bytes of user metadata: names without their prefix, and values.
pub const METADATA_BYTES_MAX: usize = 2048;

/// The maximum number of bytes of the stored standard headers together: S3's limit for the headers of a PUT.
pub(super) const SYSTEM_HEADERS_BYTES_MAX: usize = 8 * 1024;

const PREFIX: &str = "x-amz-meta-";

/// The headers that are stored with an object and returned with it.
///
/// Values are text in which each character is one byte of the wire; see [`header::to_text`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Metadata {
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `Cache-Control`.
    pub cache_control: Option<String>,
    /// `Content-Disposition`.
    pub content_disposition: Option<String>,
    /// `Content-Encoding` without `aws-chunked`, which names only the framing of the upload.
    pub content_encoding: Option<String>,
    /// `Content-Language`.
    pub content_language: Option<String>,
    /// `Expires`, as sent.
    pub expires: Option<String>,
    /// User metadata: names without `x-amz-meta-`, in lower case, sorted, each once.
    pub user: Vec<(String, String)>,
}

impl Metadata {
    /// Parses the headers.
    ///
    /// # Errors
    /// `MetadataTooLarge` above [`METADATA_BYTES_MAX`], `InvalidArgument` for a repeated header.
    pub fn parse(head: &Head<'_>) -> Result<Self, Error> {
        let stored = |name: &str| -> Result<Option<String>, Error> {
            Ok(header::single_raw(head.headers(), name)?.map(header::to_text).filter(|text| !text.is_empty()))
        };
        let metadata = Self {
            content_type: stored("content-type")?,
            cache_control: stored("cache-control")?,
            content_disposition: stored("content-disposition")?,
            content_encoding: content_encoding(head),
            content_language: stored("content-language")?,
            expires: stored("expires")?,
            user: user_metadata(head)?,
        };
        let system = [
            &metadata.content_type,
            &metadata.cache_control,
            &metadata.content_disposition,
            &metadata.content_encoding,
            &metadata.content_language,
            &metadata.expires,
        ];
        if system.into_iter().flatten().map(String::len).sum::<usize>() > SYSTEM_HEADERS_BYTES_MAX {
            return Err(Error::new(Code::MetadataTooLarge));
        }
        Ok(metadata)
    }
}

/// The content codings without `aws-chunked`.
fn content_encoding(head: &Head<'_>) -> Option<String> {
    let mut kept = String::new();
    for value in head.headers().get_all("content-encoding") {
        let value = header::to_text(value);
        for coding in value.split(',').map(str::trim) {
            if coding.is_empty() || coding.eq_ignore_ascii_case("aws-chunked") {
                continue;
            }
            if !kept.is_empty() {
                kept.push_str(", ");
            }
            kept.push_str(coding);
        }
    }
    (!kept.is_empty()).then_some(kept)
}

fn user_metadata(head: &Head<'_>) -> Result<Vec<(String, String)>, Error> {
    let mut user: Vec<(String, String)> = Vec::new();
    for (name, value) in head.headers() {
        if let Some(name) = name.as_str().strip_prefix(PREFIX) {
            push(&mut user, name, &header::to_text(value));
        }
    }
    for parameter in head.query().iter() {
        let name = String::from_utf8_lossy(&parameter.name).to_ascii_lowercase();
        if let Some(name) = name.strip_prefix(PREFIX)
            && !head.headers().contains_key(format!("{PREFIX}{name}"))
        {
            let value: String = parameter.value.iter().copied().map(char::from).collect();
            if header::from_text(&value).is_none() {
                return Err(Error::invalid_argument("The metadata value cannot be a header", name, value));
            }
            push(&mut user, name, &value);
        }
    }
    user.sort();
    let bytes: usize = user.iter().map(|(name, value)| name.len() + value.chars().count()).sum();
    if bytes > METADATA_BYTES_MAX {
        return Err(Error::new(Code::MetadataTooLarge)
            .detail("Size", bytes.to_string())
            .detail("MaxSizeAllowed", METADATA_BYTES_MAX.to_string()));
    }
    Ok(user)
}

/// A repeated name continues the value, as in HTTP lists.
fn push(user: &mut Vec<(String, String)>, name: &str, value: &str) {
    match user.iter_mut().find(|(known, _)| known == name) {
        Some((_, list)) => {
            list.push(',');
            list.push_str(value);
        }
        None => user.push((name.to_owned(), value.to_owned())),
    }
}

/// A storage class of S3. All are stored alike here; the name is kept for the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[expect(missing_docs, reason = "the names are those of the Amazon S3 API Reference")]
pub enum StorageClass {
    #[default]
    Standard,
    ReducedRedundancy,
    StandardIa,
    OnezoneIa,
    IntelligentTiering,
    Glacier,
    GlacierIr,
    DeepArchive,
}

impl StorageClass {
    const ALL: [Self; 8] = [
        Self::Standard,
        Self::ReducedRedundancy,
        Self::StandardIa,
        Self::OnezoneIa,
        Self::IntelligentTiering,
        Self::Glacier,
        Self::GlacierIr,
        Self::DeepArchive,
    ];

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Standard => "STANDARD",
            Self::ReducedRedundancy => "REDUCED_REDUNDANCY",
            Self::StandardIa => "STANDARD_IA",
            Self::OnezoneIa => "ONEZONE_IA",
            Self::IntelligentTiering => "INTELLIGENT_TIERING",
            Self::Glacier => "GLACIER",
            Self::GlacierIr => "GLACIER_IR",
            Self::DeepArchive => "DEEP_ARCHIVE",
        }
    }

    /// The class with a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }

    /// Parses `x-amz-storage-class`.
    ///
    /// # Errors
    /// `InvalidStorageClass` for an unknown name.
    pub fn parse(head: &Head<'_>) -> Result<Option<Self>, Error> {
        match head.text("x-amz-storage-class")?.filter(|name| !name.is_empty()) {
            None => Ok(None),
            Some(name) => match Self::from_name(name) {
                Some(class) => Ok(Some(class)),
                None => Err(Error::new(Code::InvalidStorageClass).detail("StorageClassRequested", name)),
            },
        }
    }
}
