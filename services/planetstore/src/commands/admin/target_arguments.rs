//! The arguments of `planetstore admin target`.

use std::str::FromStr;

use clap::{Args, Subcommand, ValueEnum};
use events::ids::{BucketName, TargetName};

#[derive(Debug, Subcommand)]
pub(crate) enum TargetAction {
    /// List targets, how far each is, and what is wrong with it
    List,
    /// Show a target
    Get { name: TargetName },
    /// Create a target. Without a filter, only notification configurations of buckets send it events, by its ARN. The key
    /// by which requests are signed is printed once; `PLANETSTORE_TARGET_SECRET` sets another one
    Add {
        name: TargetName,
        /// URL of a webhook
        #[arg(long, value_name = "URL", conflicts_with = "subject")]
        webhook: Option<String>,
        /// NATS subject, which begins with `notify.`
        #[arg(long, value_name = "SUBJECT")]
        subject: Option<String>,
        /// Form in which it receives events
        #[arg(long, value_enum, value_name = "FORMAT", default_value_t = TargetFormat::CloudeventsStructured)]
        format: TargetFormat,
        #[command(flatten)]
        filter: TargetFilterArgs,
        /// Where its events begin: `now`, `start`, or behind the sequence of an event [default: now]
        #[arg(long, value_name = "PLACE")]
        from: Option<Place>,
        /// Send nothing until the target is enabled
        #[arg(long)]
        disabled: bool,
    },
    /// Change a target; what is not given stays as it is
    Change {
        name: TargetName,
        /// URL of a webhook
        #[arg(long, value_name = "URL", conflicts_with = "subject")]
        webhook: Option<String>,
        /// NATS subject, which begins with `notify.`
        #[arg(long, value_name = "SUBJECT")]
        subject: Option<String>,
        /// Form in which it receives events
        #[arg(long, value_enum, value_name = "FORMAT")]
        format: Option<TargetFormat>,
        #[command(flatten)]
        filter: TargetFilterArgs,
        /// Remove the filter: only notification configurations of buckets send it events
        #[arg(long, conflicts_with_all = ["all_events", "types", "buckets"])]
        only_buckets: bool,
        /// Where its events continue: `start`, or behind the sequence of an event
        #[arg(long, value_name = "PLACE")]
        from: Option<Place>,
        /// Make a new key by which requests are signed, and print it
        #[arg(long)]
        rotate_secret: bool,
    },
    /// Send events to a target again, beginning with those of the time in between
    Enable { name: TargetName },
    /// Send no events to a target until it is enabled
    Disable { name: TargetName },
    /// Remove a target, and with it the events that it has not received
    Remove { name: TargetName },
    /// List the events that a target refused
    Dead {
        name: TargetName,
        /// Give them up
        #[arg(long)]
        discard: bool,
    },
    /// Send events that a target refused to it again
    Redeliver {
        name: TargetName,
        /// Sequences of the events [default: all that it refused]
        sequences: Vec<u64>,
    },
    /// Send an event to a target that shows whether it receives any
    Test { name: TargetName },
}

/// Which events a target receives by itself.
#[derive(Debug, Args)]
pub(crate) struct TargetFilterArgs {
    /// Send it all events, or all of the buckets given
    #[arg(long, conflicts_with = "types")]
    pub(crate) all_events: bool,
    /// Send it events of a type, such as `node.offline`, `object.created` or `object`; repeatable
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) types: Vec<String>,
    /// Send it only events about a bucket and its objects; repeatable
    #[arg(long = "bucket", value_name = "BUCKET")]
    pub(crate) buckets: Vec<BucketName>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TargetFormat {
    /// An event as one JSON document
    CloudeventsStructured,
    /// An event whose attributes are headers, and whose data is the body
    CloudeventsBinary,
    /// The `Records` document of S3
    AwsRecords,
}

impl TargetFormat {
    /// The format's name in the admin API.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::CloudeventsStructured => "cloudevents-structured",
            Self::CloudeventsBinary => "cloudevents-binary",
            Self::AwsRecords => "aws-records",
        }
    }
}

/// A place in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Now,
    Start,
    After(u64),
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "now" => Ok(Self::Now),
            "start" => Ok(Self::Start),
            _ => text.parse().map(Self::After).map_err(|_| format!("{text:?} is not `now`, `start` or a sequence")),
        }
    }
}
