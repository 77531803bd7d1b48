//! Parses every XML body with every parser: a body for one must not cause a panic in another.
#![no_main]

use libfuzzer_sys::fuzz_target;
use s3::xml::{
    AccessControlPolicy, BucketLoggingStatus, CompleteMultipartUpload, CreateBucketConfiguration, DELETE_OBJECTS_MAX,
    DeleteObjects, LifecycleConfiguration, NotificationConfiguration, ObjectLegalHold, ObjectLockConfiguration,
    ObjectRetention, OwnershipControls, PublicAccessBlockConfiguration, ReplicationConfiguration, Unchanging,
    VersioningConfiguration,
};

fuzz_target!(|data: &[u8]| {
    let _ = (AccessControlPolicy::parse(data), CreateBucketConfiguration::parse(data));
    if let Ok(delete) = DeleteObjects::parse(data) {
        assert!(delete.objects.len() <= DELETE_OBJECTS_MAX);
    }
    let _ = (CompleteMultipartUpload::parse(data), ObjectRetention::parse(data));
    for kind in [Unchanging::Accelerate, Unchanging::RequestPayment] {
        let _ = kind.parse(data);
    }
    // A stored document is written again, with the same meaning.
    if let Ok(parsed) = VersioningConfiguration::parse(data) {
        assert_eq!(VersioningConfiguration::parse(&parsed.to_xml()).ok(), Some(parsed));
    }
    if let Ok(parsed) = PublicAccessBlockConfiguration::parse(data) {
        assert_eq!(PublicAccessBlockConfiguration::parse(&parsed.to_xml()).ok(), Some(parsed));
    }
    if let Ok(parsed) = ObjectLockConfiguration::parse(data) {
        assert_eq!(ObjectLockConfiguration::parse(&parsed.to_xml()).ok(), Some(parsed));
    }
    if let Ok(parsed) = ObjectLegalHold::parse(data) {
        assert_eq!(ObjectLegalHold::parse(&parsed.to_xml()).ok(), Some(parsed));
    }
    if let Ok(parsed) = LifecycleConfiguration::parse(data) {
        assert_eq!(LifecycleConfiguration::parse(&parsed.to_xml()).ok(), Some(parsed));
    }
    if let Ok(parsed) = ReplicationConfiguration::parse(data) {
        assert_eq!(ReplicationConfiguration::parse(&parsed.to_xml()).ok(), Some(parsed));
    }
    if let Ok(parsed) = NotificationConfiguration::parse(data) {
        assert_eq!(
            NotificationConfiguration::parse(&parsed.to_xml()).map(|again| again.rules.len()).ok(),
            Some(parsed.rules.len())
        );
    }
    if let Ok(parsed) = BucketLoggingStatus::parse(data) {
        assert_eq!(BucketLoggingStatus::parse(&parsed.to_xml()).ok(), Some(parsed));
    }
    if let Ok(parsed) = OwnershipControls::parse(data) {
        assert_eq!(OwnershipControls::parse(&parsed.to_xml()).ok(), Some(parsed));
    }
});
