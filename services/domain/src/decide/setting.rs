use events::ids::BucketName;
use events::tags::Tags;
use events::{Fact, bucket};

use super::{Decision, Refused, bucket_row, changed, lock};
use crate::command::setting::Setting;
use crate::row::BucketSettingsRow;
use crate::view::View;

pub(super) fn set<V: View>(view: &V, bucket: &BucketName, setting: &Setting) -> Result<Decision, Refused<V::Error>> {
    let row = bucket_row(view, bucket)?;
    let settings = view.bucket_settings(row.id).map_err(Refused::View)?;
    Ok(match setting {
        Setting::Tags(tags) => set_tags(bucket, &settings, tags.clone()),
        Setting::Cors(rules) => set_cors(bucket, &settings, rules.clone()),
        Setting::Lifecycle(rules) => set_lifecycle(bucket, &settings, rules.clone()),
        Setting::ObjectLock(wanted) => lock::set_of_bucket(bucket, &row, &settings, *wanted)?,
        Setting::Encryption(encryption) => {
            let fact = bucket::EncryptionChanged { bucket: bucket.clone(), encryption: encryption.clone() };
            changed(settings.encryption == *encryption, Fact::BucketEncryptionChanged(fact))
        }
    })
}

fn set_tags(bucket: &BucketName, settings: &BucketSettingsRow, tags: Option<Tags>) -> Decision {
    let is_so_already = settings.tags == tags;
    changed(is_so_already, Fact::BucketTagsChanged(bucket::TagsChanged { bucket: bucket.clone(), tags }))
}

fn set_cors(bucket: &BucketName, settings: &BucketSettingsRow, rules: Option<Vec<events::cors::Rule>>) -> Decision {
    let is_so_already = settings.cors == rules;
    changed(is_so_already, Fact::BucketCorsChanged(bucket::CorsChanged { bucket: bucket.clone(), rules }))
}

fn set_lifecycle(
    bucket: &BucketName,
    settings: &BucketSettingsRow,
    rules: Option<Vec<events::lifecycle::Rule>>,
) -> Decision {
    let is_so_already = settings.lifecycle == rules;
    let fact = bucket::LifecycleChanged { bucket: bucket.clone(), rules };
    changed(is_so_already, Fact::BucketLifecycleChanged(fact))
}
