use events::bucket::{Logging, Versioning};
use events::ids::BucketName;
use events::lifecycle::TransitionMinimum;
use events::tags::Tags;
use events::{Fact, bucket, replication};

use super::{Decision, Refused, bucket_row, changed, lock};
use crate::command::setting::{BUCKET_TAGS_MAX, Setting};
use crate::command::{Rejection, TargetRejection};
use crate::row::{BucketSettingsRow, LoggingRow, NotificationRow};
use crate::view::View;

pub(super) fn set<V: View>(view: &V, bucket: &BucketName, setting: &Setting) -> Result<Decision, Refused<V::Error>> {
    let row = bucket_row(view, bucket)?;
    let settings = view.bucket_settings(row.id).map_err(Refused::View)?;
    Ok(match setting {
        Setting::Tags(tags) => set_tags(bucket, &settings, tags.clone()),
        Setting::AddTags(added) => {
            let mut tags = settings.tags.clone().unwrap_or_default();
            tags.extend(added.clone());
            if tags.len() > BUCKET_TAGS_MAX {
                return Err(Rejection::TooManyTags.into());
            }
            set_tags(bucket, &settings, Some(tags).filter(|tags| !tags.is_empty()))
        }
        Setting::RemoveTags(removed) => {
            let mut tags = settings.tags.clone().unwrap_or_default();
            tags.retain(|name, _| !removed.contains(name));
            set_tags(bucket, &settings, Some(tags).filter(|tags| !tags.is_empty()))
        }
        Setting::Cors(rules) => set_cors(bucket, &settings, rules.clone()),
        Setting::Lifecycle(rules, minimum) => set_lifecycle(bucket, &settings, rules.clone(), *minimum),
        Setting::ObjectLock(wanted) => lock::set_of_bucket(bucket, &row, &settings, *wanted)?,
        Setting::Notifications(rules) => {
            for rule in rules {
                if view.target(&rule.target).map_err(Refused::View)?.is_none() {
                    return Err(TargetRejection::NoSuch(rule.target.clone()).into());
                }
            }
            let is_so_already = settings.notifications.iter().map(NotificationRow::rule).eq(rules.iter().cloned());
            let fact = bucket::NotificationsChanged { bucket: bucket.clone(), rules: rules.clone() };
            changed(is_so_already, Fact::BucketNotificationsChanged(fact))
        }
        Setting::Logging(logging) => set_logging(view, bucket, &settings, logging.clone())?,
        Setting::Replication(configuration) => {
            if configuration.is_some() && row.versioning != Versioning::Enabled {
                return Err(Rejection::ReplicationNeedsVersioning.into());
            }
            let now = settings.replication.as_ref().map(|row| &row.configuration);
            let is_so_already = now == configuration.as_ref();
            let fact = replication::BucketChanged { bucket: bucket.clone(), configuration: configuration.clone() };
            changed(is_so_already, Fact::BucketReplicationChanged(fact))
        }
        Setting::Encryption(encryption) => {
            let fact = bucket::EncryptionChanged { bucket: bucket.clone(), encryption: encryption.clone() };
            changed(settings.encryption == *encryption, Fact::BucketEncryptionChanged(fact))
        }
    })
}

fn set_logging<V: View>(
    view: &V,
    bucket: &BucketName,
    settings: &BucketSettingsRow,
    logging: Option<Logging>,
) -> Result<Decision, Refused<V::Error>> {
    if let Some(logging) = &logging
        && view.bucket(&logging.target_bucket).map_err(Refused::View)?.is_none()
    {
        return Err(Rejection::NoSuchLogTarget.into());
    }
    let is_so_already = settings.logging.as_ref().map(LoggingRow::logging) == logging;
    let fact = bucket::LoggingChanged { bucket: bucket.clone(), logging };
    Ok(changed(is_so_already, Fact::BucketLoggingChanged(fact)))
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
    transition_minimum: TransitionMinimum,
) -> Decision {
    let is_so_already = settings.lifecycle == rules && settings.transition_minimum == transition_minimum;
    let fact = bucket::LifecycleChanged { bucket: bucket.clone(), rules, transition_minimum };
    changed(is_so_already, Fact::BucketLifecycleChanged(fact))
}
