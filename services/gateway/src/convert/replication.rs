use events::ids::InvalidName;
use events::replication::{Configuration, Destination, Rule};
use s3::replication::ReplicationRule;
use s3::request::StorageClass;
use s3::xml::ReplicationConfiguration;

/// Converts a configuration of the wire for the log. A rule without an id gets `fresh`.
///
/// # Errors
/// No bucket or region can have a name that is in it.
pub(crate) fn replication(
    wire: ReplicationConfiguration,
    fresh: impl Fn() -> String,
) -> Result<Configuration, InvalidName> {
    let rules = wire.rules.into_iter().map(|rule| {
        Ok(Rule {
            id: rule.id.unwrap_or_else(&fresh),
            priority: rule.priority,
            enabled: rule.enabled,
            prefix: rule.prefix,
            tags: rule.tags,
            delete_markers: rule.delete_markers,
            removals: rule.removals,
            existing_objects: rule.existing_objects,
            replica_modifications: rule.replica_modifications,
            destination: Destination {
                bucket: rule.destination.bucket.parse()?,
                region: rule.destination.region.map(|region| region.parse()).transpose()?,
            },
            storage_class: rule.storage_class.map(|class| class.name().to_owned()),
        })
    });
    Ok(Configuration { role: wire.role, rules: rules.collect::<Result<_, _>>()? })
}

/// Converts a configuration of the log for the wire.
pub(crate) fn wire_replication(configuration: Configuration) -> ReplicationConfiguration {
    let rules = configuration.rules.into_iter().map(|rule| ReplicationRule {
        id: Some(rule.id),
        priority: rule.priority,
        enabled: rule.enabled,
        prefix: rule.prefix,
        tags: rule.tags,
        delete_markers: rule.delete_markers,
        removals: rule.removals,
        existing_objects: rule.existing_objects,
        replica_modifications: rule.replica_modifications,
        destination: s3::replication::Destination {
            bucket: rule.destination.bucket.to_string(),
            region: rule.destination.region.map(|region| region.to_string()),
        },
        storage_class: rule.storage_class.as_deref().and_then(StorageClass::from_name),
    });
    ReplicationConfiguration { role: configuration.role, rules: rules.collect() }
}
