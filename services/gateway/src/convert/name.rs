use domain::VersionName;
use events::ids::{UploadId, VersionId};
use s3::Error;

/// Parses a version id in S3's form. An id that was never issued names no version.
pub(crate) fn version_name(key: &[u8], text: &str) -> Result<VersionName, Error> {
    if text == "null" {
        return Ok(VersionName::Null);
    }
    let id: Result<VersionId, _> = text.parse();
    id.map(VersionName::Id).map_err(|_| {
        Error::invalid_argument("Invalid version id specified", "versionId", text)
            .detail("Key", String::from_utf8_lossy(key))
    })
}

/// A version's name in S3's form.
pub(crate) fn version_text(name: VersionName) -> String {
    match name {
        VersionName::Null => "null".to_owned(),
        VersionName::Id(id) => id.to_string(),
    }
}

/// Parses an upload id. An id that was never issued names no upload.
pub(crate) fn upload_id(text: &str) -> Result<UploadId, Error> {
    text.parse().map_err(|_| Error::no_such_upload(text))
}
