use clap::ValueEnum;
use events::access::ObjectOwnership;

/// Object ownership, as spelled on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DefaultOwnership {
    /// The bucket's owner; ACLs are off
    BucketOwnerEnforced,
    /// The bucket's owner, if the writer grants them full control of the object; else the writer
    BucketOwnerPreferred,
    /// The writer; ACLs are on
    ObjectWriter,
}

impl From<DefaultOwnership> for ObjectOwnership {
    fn from(ownership: DefaultOwnership) -> Self {
        match ownership {
            DefaultOwnership::BucketOwnerEnforced => Self::BucketOwnerEnforced,
            DefaultOwnership::BucketOwnerPreferred => Self::BucketOwnerPreferred,
            DefaultOwnership::ObjectWriter => Self::ObjectWriter,
        }
    }
}
