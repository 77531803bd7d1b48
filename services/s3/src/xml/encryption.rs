//! A bucket's default encryption.

use bytes::Bytes;

use crate::error::Error;
use crate::request::{AES256, AWS_KMS};
use crate::xml::Writer;
use crate::xml::reader::{Visitor, walk};

/// `ServerSideEncryptionConfiguration`: the body of `PutBucketEncryption`, the response of `GetBucketEncryption`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncryptionConfiguration {
    /// SSE-KMS if true, else SSE-S3.
    pub is_kms: bool,
    /// The key of SSE-KMS as it was sent; `None` for the default key.
    pub kms_key_id: Option<String>,
    /// New objects use a bucket key.
    pub bucket_key: bool,
}

#[derive(Default)]
struct Reading {
    rules: usize,
    algorithm: Option<String>,
    key: Option<String>,
    bucket_key: Option<String>,
}

const BY_DEFAULT: &str = "Rule/ApplyServerSideEncryptionByDefault";

impl Visitor for Reading {
    fn open(&mut self, path: &str) -> Result<(), Error> {
        if path == "Rule" {
            self.rules += 1;
        }
        let rest = path.strip_prefix(BY_DEFAULT);
        match (path, rest) {
            ("Rule" | "Rule/BucketKeyEnabled", _) | (_, Some("" | "/SSEAlgorithm" | "/KMSMasterKeyID")) => Ok(()),
            ("Rule/BlockedEncryptionTypes", _) => Err(Error::not_implemented("BlockedEncryptionTypes")),
            _ => Err(Error::malformed_xml()),
        }
    }

    fn close(&mut self, path: &str, text: &str) -> Result<(), Error> {
        let slot = match path.rsplit('/').next() {
            Some("SSEAlgorithm") => &mut self.algorithm,
            Some("KMSMasterKeyID") => &mut self.key,
            Some("BucketKeyEnabled") => &mut self.bucket_key,
            _ => return Ok(()),
        };
        match slot.replace(text.trim().to_owned()) {
            None => Ok(()),
            Some(_) => Err(Error::malformed_xml()),
        }
    }
}

impl EncryptionConfiguration {
    /// Reads the document.
    ///
    /// # Errors
    /// `MalformedXML`; `InvalidArgument` for a key without SSE-KMS.
    pub fn parse(body: &[u8]) -> Result<Self, Error> {
        let mut reading = Reading::default();
        walk(body, "ServerSideEncryptionConfiguration", &mut reading)?;
        let Reading { rules: 1, algorithm: Some(algorithm), key, bucket_key } = reading else {
            return Err(Error::malformed_xml());
        };
        let is_kms = match algorithm.as_str() {
            AES256 => false,
            AWS_KMS => true,
            _ => return Err(Error::malformed_xml()),
        };
        let kms_key_id = key.filter(|key| !key.is_empty());
        if let (false, Some(key)) = (is_kms, &kms_key_id) {
            let message = "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms";
            return Err(Error::invalid_argument(message, "KMSMasterKeyID", key));
        }
        let bucket_key = match bucket_key.as_deref() {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => return Err(Error::malformed_xml()),
        };
        Ok(Self { is_kms, kms_key_id, bucket_key })
    }

    /// The document.
    pub fn to_xml(&self) -> Bytes {
        let mut writer = Writer::root("ServerSideEncryptionConfiguration", 256);
        writer.open("Rule");
        writer.open("ApplyServerSideEncryptionByDefault");
        writer.text("SSEAlgorithm", if self.is_kms { AWS_KMS } else { AES256 });
        writer.optional("KMSMasterKeyID", self.kms_key_id.as_deref());
        writer.close("ApplyServerSideEncryptionByDefault");
        writer.flag("BucketKeyEnabled", self.bucket_key);
        writer.close("Rule");
        writer.end("ServerSideEncryptionConfiguration")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    fn parsed(rules: &str) -> Result<EncryptionConfiguration, Code> {
        let body = format!("<ServerSideEncryptionConfiguration>{rules}</ServerSideEncryptionConfiguration>");
        EncryptionConfiguration::parse(body.as_bytes()).map_err(|error| error.code())
    }

    fn rule(inner: &str, beside: &str) -> String {
        format!("<Rule><ApplyServerSideEncryptionByDefault>{inner}</ApplyServerSideEncryptionByDefault>{beside}</Rule>")
    }

    #[test]
    fn what_is_written_reads_back() {
        for (is_kms, key, bucket_key) in [(false, None, false), (true, None, true), (true, Some("a/b"), false)] {
            let made = EncryptionConfiguration { is_kms, kms_key_id: key.map(str::to_owned), bucket_key };
            assert_eq!(EncryptionConfiguration::parse(&made.to_xml()), Ok(made));
        }
    }

    #[test]
    fn what_is_no_configuration_is_malformed() {
        let s3 = "<SSEAlgorithm>AES256</SSEAlgorithm>";
        let twice = rule(s3, "") + &rule(s3, "");
        for rules in [
            "",
            "<Rule/>",
            &twice,
            &rule("", ""),
            &rule("<SSEAlgorithm>DES</SSEAlgorithm>", ""),
            &rule(s3, "<BucketKeyEnabled>perhaps</BucketKeyEnabled>"),
            &rule(s3, "<Other/>"),
        ] {
            assert_eq!(parsed(rules), Err(Code::MalformedXML), "{rules}");
        }
        let with_key = rule("<SSEAlgorithm>AES256</SSEAlgorithm><KMSMasterKeyID>k</KMSMasterKeyID>", "");
        assert_eq!(parsed(&with_key), Err(Code::InvalidArgument));
    }
}
