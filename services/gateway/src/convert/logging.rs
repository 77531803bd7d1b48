use events::bucket::{LogKeyFormat, Logging};
use s3::xml::{LogKeyFormat as WireFormat, LoggingEnabled};
use s3::{Code, Error};

/// The setting that a document asks for. A name that no bucket can have is that of none.
pub(crate) fn logging(enabled: LoggingEnabled) -> Result<Logging, Error> {
    let LoggingEnabled { target_bucket, target_prefix, key_format } = enabled;
    let no_such = || Error::new(Code::InvalidTargetBucketForLogging).detail("TargetBucket", target_bucket.clone());
    let target_bucket = target_bucket.parse().map_err(|_| no_such())?;
    let key_format = key_format.map(|format| match format {
        WireFormat::Simple => LogKeyFormat::Simple,
        WireFormat::ByEventTime => LogKeyFormat::ByEventTime,
        WireFormat::ByDeliveryTime => LogKeyFormat::ByDeliveryTime,
    });
    Ok(Logging { target_bucket, target_prefix, key_format })
}

/// The setting as a document has it.
pub(crate) fn wire_logging(logging: Logging) -> LoggingEnabled {
    let Logging { target_bucket, target_prefix, key_format } = logging;
    let key_format = key_format.map(|format| match format {
        LogKeyFormat::Simple => WireFormat::Simple,
        LogKeyFormat::ByEventTime => WireFormat::ByEventTime,
        LogKeyFormat::ByDeliveryTime => WireFormat::ByDeliveryTime,
    });
    LoggingEnabled { target_bucket: target_bucket.to_string(), target_prefix, key_format }
}
