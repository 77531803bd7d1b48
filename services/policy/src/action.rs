//! Everything S3 has rights for.

use std::fmt;

use crate::pattern::{Pattern, Subject, Syntax};

/// The kind of resource of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The store as a whole.
    Service,
    /// A bucket.
    Bucket,
    /// An object, or the key of one to come.
    Object,
}

/// The one table: how an action is called here and in policies, and what it is about.
macro_rules! actions {
    ($($kind:ident { $($action:ident $name:literal)* })*) => {
        /// A right, by the name that policies have for it.
        ///
        /// Source: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html>
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "the names are S3's")]
        pub enum Action { $($($action,)*)* }

        impl Action {
            /// Every action, in the order of the table.
            pub const ALL: &[Self] = &[$($(Self::$action,)*)*];

            /// The name in policies, such as `s3:GetObject`.
            pub const fn name(self) -> &'static str {
                match self { $($(Self::$action => $name,)*)* }
            }

            /// The kind of resource of the action.
            pub const fn kind(self) -> Kind {
                match self { $($(Self::$action => Kind::$kind,)*)* }
            }
        }
    };
}

actions! {
    Service {
        ListAllMyBuckets "s3:ListAllMyBuckets"
        GetAccountPublicAccessBlock "s3:GetAccountPublicAccessBlock"
        PutAccountPublicAccessBlock "s3:PutAccountPublicAccessBlock"
    }
    Bucket {
        CreateBucket "s3:CreateBucket"
        DeleteBucket "s3:DeleteBucket"
        ListBucket "s3:ListBucket"
        ListBucketVersions "s3:ListBucketVersions"
        ListBucketMultipartUploads "s3:ListBucketMultipartUploads"
        GetBucketLocation "s3:GetBucketLocation"
        GetBucketVersioning "s3:GetBucketVersioning"
        PutBucketVersioning "s3:PutBucketVersioning"
        GetBucketPolicy "s3:GetBucketPolicy"
        PutBucketPolicy "s3:PutBucketPolicy"
        DeleteBucketPolicy "s3:DeleteBucketPolicy"
        GetBucketPolicyStatus "s3:GetBucketPolicyStatus"
        GetBucketAcl "s3:GetBucketAcl"
        PutBucketAcl "s3:PutBucketAcl"
        GetBucketPublicAccessBlock "s3:GetBucketPublicAccessBlock"
        PutBucketPublicAccessBlock "s3:PutBucketPublicAccessBlock"
        GetBucketOwnershipControls "s3:GetBucketOwnershipControls"
        PutBucketOwnershipControls "s3:PutBucketOwnershipControls"
        GetBucketTagging "s3:GetBucketTagging"
        PutBucketTagging "s3:PutBucketTagging"
        ListTagsForResource "s3:ListTagsForResource"
        TagResource "s3:TagResource"
        UntagResource "s3:UntagResource"
        GetBucketCors "s3:GetBucketCORS"
        PutBucketCors "s3:PutBucketCORS"
        GetLifecycleConfiguration "s3:GetLifecycleConfiguration"
        PutLifecycleConfiguration "s3:PutLifecycleConfiguration"
        GetEncryptionConfiguration "s3:GetEncryptionConfiguration"
        PutEncryptionConfiguration "s3:PutEncryptionConfiguration"
        GetBucketObjectLockConfiguration "s3:GetBucketObjectLockConfiguration"
        PutBucketObjectLockConfiguration "s3:PutBucketObjectLockConfiguration"
        GetBucketLogging "s3:GetBucketLogging"
        PutBucketLogging "s3:PutBucketLogging"
        GetBucketWebsite "s3:GetBucketWebsite"
        PutBucketWebsite "s3:PutBucketWebsite"
        DeleteBucketWebsite "s3:DeleteBucketWebsite"
        GetBucketNotification "s3:GetBucketNotification"
        PutBucketNotification "s3:PutBucketNotification"
        GetReplicationConfiguration "s3:GetReplicationConfiguration"
        PutReplicationConfiguration "s3:PutReplicationConfiguration"
        GetBucketRequestPayment "s3:GetBucketRequestPayment"
        PutBucketRequestPayment "s3:PutBucketRequestPayment"
        GetAccelerateConfiguration "s3:GetAccelerateConfiguration"
        PutAccelerateConfiguration "s3:PutAccelerateConfiguration"
        GetAnalyticsConfiguration "s3:GetAnalyticsConfiguration"
        PutAnalyticsConfiguration "s3:PutAnalyticsConfiguration"
        GetInventoryConfiguration "s3:GetInventoryConfiguration"
        PutInventoryConfiguration "s3:PutInventoryConfiguration"
        GetMetricsConfiguration "s3:GetMetricsConfiguration"
        PutMetricsConfiguration "s3:PutMetricsConfiguration"
        GetIntelligentTieringConfiguration "s3:GetIntelligentTieringConfiguration"
        PutIntelligentTieringConfiguration "s3:PutIntelligentTieringConfiguration"
    }
    Object {
        GetObject "s3:GetObject"
        GetObjectVersion "s3:GetObjectVersion"
        GetObjectAttributes "s3:GetObjectAttributes"
        GetObjectVersionAttributes "s3:GetObjectVersionAttributes"
        PutObject "s3:PutObject"
        DeleteObject "s3:DeleteObject"
        DeleteObjectVersion "s3:DeleteObjectVersion"
        AbortMultipartUpload "s3:AbortMultipartUpload"
        ListMultipartUploadParts "s3:ListMultipartUploadParts"
        GetObjectAcl "s3:GetObjectAcl"
        GetObjectVersionAcl "s3:GetObjectVersionAcl"
        PutObjectAcl "s3:PutObjectAcl"
        PutObjectVersionAcl "s3:PutObjectVersionAcl"
        GetObjectTagging "s3:GetObjectTagging"
        GetObjectVersionTagging "s3:GetObjectVersionTagging"
        PutObjectTagging "s3:PutObjectTagging"
        PutObjectVersionTagging "s3:PutObjectVersionTagging"
        DeleteObjectTagging "s3:DeleteObjectTagging"
        DeleteObjectVersionTagging "s3:DeleteObjectVersionTagging"
        GetObjectRetention "s3:GetObjectRetention"
        PutObjectRetention "s3:PutObjectRetention"
        GetObjectLegalHold "s3:GetObjectLegalHold"
        PutObjectLegalHold "s3:PutObjectLegalHold"
        BypassGovernanceRetention "s3:BypassGovernanceRetention"
        RestoreObject "s3:RestoreObject"
        GetObjectTorrent "s3:GetObjectTorrent"
        GetObjectVersionTorrent "s3:GetObjectVersionTorrent"
        GetObjectVersionForReplication "s3:GetObjectVersionForReplication"
        InitiateReplication "s3:InitiateReplication"
        ReplicateObject "s3:ReplicateObject"
        ReplicateDelete "s3:ReplicateDelete"
        ReplicateTags "s3:ReplicateTags"
        ObjectOwnerOverrideToBucketOwner "s3:ObjectOwnerOverrideToBucketOwner"
    }
}

impl Action {
    /// Whether it manages the bucket policy itself: what a bucket policy cannot deny to its bucket's owner.
    pub const fn manages_bucket_policy(self) -> bool {
        matches!(self, Self::GetBucketPolicy | Self::PutBucketPolicy | Self::DeleteBucketPolicy)
    }

    /// Whether it reads or changes what belongs to the owner of an object that exists: its bytes, ACL and tags.
    /// While ACLs are enabled, owning the bucket gives no such right over what another user owns.
    pub const fn is_the_object_owners(self) -> bool {
        matches!(
            self,
            Self::GetObject
                | Self::GetObjectVersion
                | Self::GetObjectAttributes
                | Self::GetObjectVersionAttributes
                | Self::GetObjectAcl
                | Self::GetObjectVersionAcl
                | Self::PutObjectAcl
                | Self::PutObjectVersionAcl
                | Self::GetObjectTagging
                | Self::GetObjectVersionTagging
                | Self::PutObjectTagging
                | Self::PutObjectVersionTagging
                | Self::DeleteObjectTagging
                | Self::DeleteObjectVersionTagging
                | Self::GetObjectTorrent
                | Self::GetObjectVersionTorrent
        )
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Some of the actions, a bit each, so that asking for one costs nothing however many patterns made the set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct ActionSet(u128);

const _: () = assert!(Action::ALL.len() <= 128, "an action set has a bit for each action");

impl ActionSet {
    pub(crate) const fn of(actions: &[Action]) -> Self {
        let (mut set, mut next) = (0, 0);
        while next < actions.len() {
            set |= 1 << actions[next] as u32;
            next += 1;
        }
        Self(set)
    }

    /// What a pattern of a policy names: wildcards are taken, and the case of letters is not looked at. Nothing if
    /// it names no action that there is.
    pub(crate) fn named(pattern: &str) -> Option<Self> {
        let pattern =
            Pattern::parse(&pattern.to_ascii_lowercase(), Syntax { wildcards: true, variables: false }).ok()?;
        let named = Action::ALL.iter().copied().filter(|action| {
            let name = action.name().to_ascii_lowercase();
            pattern.matches(Subject::text(&name), None) == Some(true)
        });
        let set = named.fold(Self::default(), |set, action| Self(set.0 | Self::of(&[action]).0));
        (set != Self::default()).then_some(set)
    }

    pub(crate) const fn has(self, action: Action) -> bool {
        self.0 & (1 << action as u32) != 0
    }

    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn inverted(self) -> Self {
        Self(!self.0)
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = Action> {
        Action::ALL.iter().copied().filter(move |action| self.has(*action))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_name_actions_whatever_their_case() {
        let named = |pattern: &str| ActionSet::named(pattern).map(|set| set.iter().collect::<Vec<_>>());
        assert_eq!(named("s3:GetObject"), Some(vec![Action::GetObject]));
        assert_eq!(named("S3:getobject"), Some(vec![Action::GetObject]));
        assert_eq!(named("s3:?etBucketCors"), Some(vec![Action::GetBucketCors]));
        assert_eq!(named("s3:*ObjectLegalHold").map(|set| set.len()), Some(2));
        assert_eq!(named("*").map(|set| set.len()), Some(Action::ALL.len()));
        assert_eq!(named("s3:*").map(|set| set.len()), Some(Action::ALL.len()));
        for nothing in ["", "GetObject", "s3:GetObjects", "s3:", "iam:GetUser", "s3:Get", "s3:${*}"] {
            assert_eq!(named(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn names_are_what_patterns_find() {
        for action in Action::ALL {
            assert_eq!(ActionSet::named(action.name()), Some(ActionSet::of(&[*action])));
        }
    }

    #[test]
    fn an_inverted_set_has_the_others() {
        let set = ActionSet::of(&[Action::GetObject, Action::PutObject]);
        for action in Action::ALL {
            assert_ne!(set.has(*action), set.inverted().has(*action));
        }
    }
}
