//! The arguments of `planetstore admin target`.

use std::str::FromStr;

use clap::{Args, Subcommand, ValueEnum};
use events::ids::{BucketName, TargetName};

#[derive(Debug, Subcommand)]
pub(crate) enum TargetAction {
    /// List targets, with the position and the last error of each
    List,
    /// Show a target
    Get { name: TargetName },
    /// Create a target. Without a filter, it receives only the events that notification configurations of buckets send
    /// to its ARN. The key with which requests are signed is printed once; `PLANETSTORE_TARGET_SECRET` sets a key of
    /// your own
    Add {
        name: TargetName,
        /// URL of a webhook
        #[arg(long, value_name = "URL", conflicts_with = "subject")]
        webhook: Option<String>,
        /// NATS subject, which begins with `notify.`
        #[arg(long, value_name = "SUBJECT")]
        subject: Option<String>,
        /// Form in which the target receives events
        #[arg(long, value_enum, value_name = "FORMAT", default_value_t = TargetFormat::CloudeventsStructured)]
        format: TargetFormat,
        #[command(flatten)]
        filter: TargetFilterArgs,
        /// Where its events begin: `now`, `start`, or after the sequence of an event [default: now]
        #[arg(long, value_name = "PLACE")]
        from: Option<Place>,
        /// Send nothing until the target is enabled
        #[arg(long)]
        disabled: bool,
    },
    /// Change a target; settings that are not given stay unchanged
    Change {
        name: TargetName,
        /// URL of a webhook
        #[arg(long, value_name = "URL", conflicts_with = "subject")]
        webhook: Option<String>,
        /// NATS subject, which begins with `notify.`
        #[arg(long, value_name = "SUBJECT")]
        subject: Option<String>,
        /// Form in which the target receives events
        #[arg(long, value_enum, value_name = "FORMAT")]
        format: Option<TargetFormat>,
        #[command(flatten)]
        filter: TargetFilterArgs,
        /// Remove the filter: the target receives only the events that notification configurations of buckets send to
        /// it
        #[arg(long, conflicts_with_all = ["all_events", "types", "buckets"])]
        only_buckets: bool,
        /// Where its events continue: `start`, or after the sequence of an event
        #[arg(long, value_name = "PLACE")]
        from: Option<Place>,
        /// Generate a new key with which requests are signed, and print it
        #[arg(long)]
        rotate_secret: bool,
    },
    /// Enable a target: events are sent again, beginning with those from the time in which it was disabled
    Enable { name: TargetName },
    /// Disable a target: no events are sent to it until it is enabled
    Disable { name: TargetName },
    /// Remove a target; events that it has not received are not sent any more
    Remove { name: TargetName },
    /// List the events that a target refused
    Dead {
        name: TargetName,
        /// Discard these events instead of listing them
        #[arg(long)]
        discard: bool,
    },
    /// Send events that a target refused to it again
    Redeliver {
        name: TargetName,
        /// Sequences of the events [default: all events that the target refused]
        sequences: Vec<u64>,
    },
    /// Send a test event to a target
    Test { name: TargetName },
}

/// The events that a target receives by itself.
#[derive(Debug, Args)]
pub(crate) struct TargetFilterArgs {
    /// Send all events to the target, or all events of the given buckets
    #[arg(long, conflicts_with = "types")]
    pub(crate) all_events: bool,
    /// Send events of this type to the target, such as `node.offline`, `object.created` or `object`; repeatable
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) types: Vec<String>,
    /// Send only events about this bucket and its objects to the target; repeatable
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
