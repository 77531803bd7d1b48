//! To where versions are replicated.

pub(in crate::row) mod destinations {
    use events::ids::{BucketName, RegionName};
    use events::replication::Destination;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(in crate::row) fn serialize<S: Serializer>(all: &[Destination], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(all.iter().map(|to| (&to.bucket, &to.region)))
    }

    pub(in crate::row) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Destination>, D::Error> {
        let all = Vec::<(BucketName, Option<RegionName>)>::deserialize(deserializer)?;
        Ok(all.into_iter().map(|(bucket, region)| Destination { bucket, region }).collect())
    }
}

pub(in crate::row) mod progress {
    use events::ids::{BucketName, RegionName};
    use events::replication::Destination;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(in crate::row) fn serialize<S: Serializer>(
        all: &[(Destination, u64)],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(all.iter().map(|(to, up_to)| (&to.bucket, &to.region, up_to)))
    }

    pub(in crate::row) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<(Destination, u64)>, D::Error> {
        let all = Vec::<(BucketName, Option<RegionName>, u64)>::deserialize(deserializer)?;
        Ok(all.into_iter().map(|(bucket, region, up_to)| (Destination { bucket, region }, up_to)).collect())
    }
}

pub(in crate::row) mod resyncs {
    use events::ids::{BucketName, RegionName};
    use events::replication::Destination;
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::row::ResyncRow;

    pub(in crate::row) fn serialize<S: Serializer>(
        all: &[(Destination, ResyncRow)],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(all.iter().map(|(to, row)| (&to.bucket, &to.region, row)))
    }

    pub(in crate::row) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<(Destination, ResyncRow)>, D::Error> {
        let all = Vec::<(BucketName, Option<RegionName>, ResyncRow)>::deserialize(deserializer)?;
        Ok(all.into_iter().map(|(bucket, region, row)| (Destination { bucket, region }, row)).collect())
    }
}

pub(in crate::row) mod configuration {
    use events::ids::{BucketName, RegionName};
    use events::replication::{Configuration, Destination, Rule};
    use events::tags::Tags;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    type RuleFields = (
        (String, Option<i32>, bool, String, Tags),
        (bool, Option<bool>, Option<bool>, Option<bool>),
        (BucketName, Option<RegionName>, Option<String>),
    );

    pub(in crate::row) fn serialize<S: Serializer>(of: &Configuration, serializer: S) -> Result<S::Ok, S::Error> {
        let fields = |rule: &Rule| -> RuleFields {
            let Rule { id, priority, enabled, prefix, tags, delete_markers, .. } = rule.clone();
            let Destination { bucket, region } = rule.destination.clone();
            (
                (id, priority, enabled, prefix, tags),
                (delete_markers, rule.existing_objects, rule.replica_modifications, rule.removals),
                (bucket, region, rule.storage_class.clone()),
            )
        };
        (&of.role, of.rules.iter().map(fields).collect::<Vec<_>>()).serialize(serializer)
    }

    pub(in crate::row) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Configuration, D::Error> {
        let (role, rules) = <(String, Vec<RuleFields>)>::deserialize(deserializer)?;
        let rule = |(about, what, to): RuleFields| {
            let (id, priority, enabled, prefix, tags) = about;
            let (delete_markers, existing_objects, replica_modifications, removals) = what;
            let (bucket, region, storage_class) = to;
            Rule {
                id,
                priority,
                enabled,
                prefix,
                tags,
                delete_markers,
                existing_objects,
                replica_modifications,
                removals,
                destination: Destination { bucket, region },
                storage_class,
            }
        };
        Ok(Configuration { role, rules: rules.into_iter().map(rule).collect() })
    }
}
