//! All rights: those of S3, those of the admin API, and that to read all events.

use std::fmt;

use crate::pattern::{Pattern, Subject, Syntax};

/// The kind of resource of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The store as a whole.
    Service,
    /// A bucket.
    Bucket,
    /// An object, or the key of a future one.
    Object,
    /// A resource of the admin API: a user, a group, the region.
    Admin,
}

/// The table of actions: their names here and in policies, and their kinds of resources.
macro_rules! actions {
    ($($kind:ident { $($action:ident $name:literal)* })*) => {
        /// A right, named as in policies. Those of the admin API have the names of its operations.
        ///
        /// Source: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html>
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "the names are S3's, and those of operations")]
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
    Admin {
        AdminListSessions "admin:ListSessions"
        AdminRevokeSessions "admin:RevokeSessions"
        AdminRevokeSession "admin:RevokeSession"
        AdminListUsers "admin:ListUsers"
        AdminCreateUser "admin:CreateUser"
        AdminGetUser "admin:GetUser"
        AdminChangeUser "admin:ChangeUser"
        AdminDeleteUser "admin:DeleteUser"
        AdminSetPassword "admin:SetPassword"
        AdminListKeys "admin:ListKeys"
        AdminCreateKey "admin:CreateKey"
        AdminChangeKey "admin:ChangeKey"
        AdminDeleteKey "admin:DeleteKey"
        AdminListGroups "admin:ListGroups"
        AdminCreateGroup "admin:CreateGroup"
        AdminGetGroup "admin:GetGroup"
        AdminDeleteGroup "admin:DeleteGroup"
        AdminAddMember "admin:AddMember"
        AdminRemoveMember "admin:RemoveMember"
        AdminListPolicies "admin:ListPolicies"
        AdminGetPolicy "admin:GetPolicy"
        AdminPutPolicy "admin:PutPolicy"
        AdminDeletePolicy "admin:DeletePolicy"
        AdminAttachToUser "admin:AttachToUser"
        AdminDetachFromUser "admin:DetachFromUser"
        AdminAttachToGroup "admin:AttachToGroup"
        AdminDetachFromGroup "admin:DetachFromGroup"
        AdminListKmsKeys "admin:ListKmsKeys"
        AdminCreateKmsKey "admin:CreateKmsKey"
        AdminChangeKmsKey "admin:ChangeKmsKey"
        AdminListBuckets "admin:ListBuckets"
        AdminGetBucket "admin:GetBucket"
        AdminGetQuota "admin:GetQuota"
        AdminGetGrowth "admin:GetGrowth"
        AdminGetInsights "admin:GetInsights"
        AdminPutQuota "admin:PutQuota"
        AdminDeleteQuota "admin:DeleteQuota"
        AdminGetRegion "admin:GetRegion"
        AdminUpgradeRegion "admin:UpgradeRegion"
        AdminChangeAuthorKey "admin:ChangeAuthorKey"
        AdminGetMasterKey "admin:GetMasterKey"
        AdminRotateMasterKey "admin:RotateMasterKey"
        AdminGetStatus "admin:GetStatus"
        AdminGetMetrics "admin:GetMetrics"
        AdminGetTelemetry "admin:GetTelemetry"
        AdminListActiveUsers "admin:ListActiveUsers"
        AdminGetLogs "admin:GetLogs"
        AdminGetErrors "admin:GetErrors"
        AdminGetAccessLog "admin:GetAccessLog"
        AdminAuditShards "admin:AuditShards"
        AdminListNodes "admin:ListNodes"
        AdminGetNode "admin:GetNode"
        AdminDrainNode "admin:DrainNode"
        AdminResumeNode "admin:ResumeNode"
        AdminRemoveNode "admin:RemoveNode"
        AdminStopNode "admin:StopNode"
        AdminInitNode "admin:InitNode"
        AdminConfirmStrays "admin:ConfirmStrays"
        AdminChangeWorker "admin:ChangeWorker"
        AdminListConsumers "admin:ListConsumers"
        AdminAddConsumer "admin:AddConsumer"
        AdminRemoveConsumer "admin:RemoveConsumer"
        AdminListTargets "admin:ListTargets"
        AdminCreateTarget "admin:CreateTarget"
        AdminGetTarget "admin:GetTarget"
        AdminChangeTarget "admin:ChangeTarget"
        AdminDeleteTarget "admin:DeleteTarget"
        AdminListDeadLetters "admin:ListDeadLetters"
        AdminDiscardDeadLetters "admin:DiscardDeadLetters"
        AdminRedeliver "admin:Redeliver"
        AdminTestTarget "admin:TestTarget"
        AdminListLinks "admin:ListLinks"
        AdminAddLink "admin:AddLink"
        AdminRemoveLink "admin:RemoveLink"
        AdminListReplication "admin:ListReplication"
        AdminResyncReplication "admin:ResyncReplication"
        AdminListCheckpoints "admin:ListCheckpoints"
        AdminProveEvent "admin:ProveEvent"
        AdminExportEvents "admin:ExportEvents"
        AdminCreateTicket "admin:CreateTicket"
        AdminPresign "admin:Presign"
        AdminCheckPolicy "admin:CheckPolicy"
        AdminSearch "admin:Search"
        AdminGetSettings "admin:GetSettings"
        ReadEvents "planetstore:ReadEvents"
        ReplicateIdentities "planetstore:ReplicateIdentities"
    }
}

impl Action {
    /// Whether the action manages the bucket policy itself. A bucket policy cannot deny such an action to the bucket's
    /// owner.
    pub const fn manages_bucket_policy(self) -> bool {
        matches!(self, Self::GetBucketPolicy | Self::PutBucketPolicy | Self::DeleteBucketPolicy)
    }

    /// Whether the action reads or changes what belongs to an existing object's owner: its bytes, ACL and tags. While
    /// ACLs are enabled, the bucket's owner has no such right to objects of other users.
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

/// The prefixes of actions on resources of administration: those of the admin API, and those on the store's own history.
const OF_ADMINISTRATION: [&str; 2] = ["admin:", "planetstore:"];

/// The number of 128-bit words in a set of actions.
const WORDS: usize = 2;
const WORD_BITS: usize = 128;

/// A set of actions, one bit each, so that a lookup costs the same however many patterns made the set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct ActionSet([u128; WORDS]);

const _: () = assert!(Action::ALL.len() <= WORDS * WORD_BITS, "an action set has a bit for each action");

impl ActionSet {
    pub(crate) const fn of(actions: &[Action]) -> Self {
        let (mut set, mut next) = ([0; WORDS], 0);
        while next < actions.len() {
            let place = actions[next] as usize;
            set[place / WORD_BITS] |= 1 << (place % WORD_BITS);
            next += 1;
        }
        Self(set)
    }

    /// The actions that a pattern of a policy names, with wildcards and without regard to case; `None` if it names no
    /// existing action.
    pub(crate) fn named(pattern: &str) -> Option<Self> {
        let pattern =
            Pattern::parse(&pattern.to_ascii_lowercase(), Syntax { wildcards: true, variables: false }).ok()?;
        let named = Action::ALL.iter().copied().filter(|action| {
            let name = action.name().to_ascii_lowercase();
            pattern.matches(Subject::text(&name), None) == Some(true)
        });
        let set = named.fold(Self::default(), |set, action| set.and(Self::of(&[action])));
        (set != Self::default()).then_some(set)
    }

    /// The actions that a pattern grants. Rights of administration must be named with their own prefix: the authors of
    /// a "*" had only S3 in mind. The right to send the users and keys of another region must be named in full: it makes
    /// administrators.
    pub(crate) fn given(pattern: &str) -> Option<Self> {
        let named = Self::named(pattern)?;
        let begins =
            |prefix: &&str| pattern.get(..prefix.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(prefix));
        let is_explicit = OF_ADMINISTRATION.iter().any(begins);
        let given = if is_explicit { named } else { named.without_admin() };
        let is_in_full = pattern.eq_ignore_ascii_case(Action::ReplicateIdentities.name());
        let given = if is_in_full { given } else { given.without(Self::of(&[Action::ReplicateIdentities])) };
        (given != Self::default()).then_some(given)
    }

    pub(crate) const fn has(self, action: Action) -> bool {
        let place = action as usize;
        self.0[place / WORD_BITS] & (1 << (place % WORD_BITS)) != 0
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self(std::array::from_fn(|word| self.0[word] | other.0[word]))
    }

    /// The actions that are not in the other set.
    pub(crate) fn without(self, other: Self) -> Self {
        Self(std::array::from_fn(|word| self.0[word] & !other.0[word]))
    }

    pub(crate) fn without_admin(self) -> Self {
        Self::of_kinds(&[Kind::Service, Kind::Bucket, Kind::Object]).both(self)
    }

    /// Every action on resources of these kinds.
    pub(crate) fn of_kinds(kinds: &[Kind]) -> Self {
        let of_kind = Action::ALL.iter().filter(|action| kinds.contains(&action.kind()));
        of_kind.fold(Self::default(), |set, action| set.and(Self::of(&[*action])))
    }

    fn both(self, other: Self) -> Self {
        Self(std::array::from_fn(|word| self.0[word] & other.0[word]))
    }

    pub(crate) fn is_empty(self) -> bool {
        self == Self::default()
    }

    pub(crate) fn inverted(self) -> Self {
        Self(self.0.map(|word| !word))
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
        let of_s3 = Action::ALL.iter().filter(|action| action.kind() != Kind::Admin).count();
        assert_eq!(named("s3:*").map(|set| set.len()), Some(of_s3));
        assert_eq!(named("planetstore:*"), Some(vec![Action::ReadEvents, Action::ReplicateIdentities]));
        assert_eq!(named("admin:*").map(|set| set.len()), Some(Action::ALL.len() - of_s3 - 2));
        for nothing in ["", "GetObject", "s3:GetObjects", "s3:", "iam:GetUser", "s3:Get", "s3:${*}"] {
            assert_eq!(named(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn rights_of_administration_are_given_by_their_own_name_only() {
        let given = |pattern: &str| ActionSet::given(pattern).map_or(0, |set| set.iter().count());
        let of_s3 = Action::ALL.iter().filter(|action| action.kind() != Kind::Admin).count();
        assert_eq!(given("*"), of_s3);
        assert_eq!(given("*:Get*"), given("s3:Get*"));
        assert_eq!(given("admin:*"), Action::ALL.len() - of_s3 - 2);
        assert_eq!(given("Admin:GetUser"), 1);
        assert_eq!(given("planetstore:read*"), 1);
        for none in ["a*", "*:GetUser", "?dmin:GetUser", "admin:", "admin", "p*", "*:ReadEvents", "planetstore:"] {
            assert_eq!(given(none), 0, "{none}");
        }
    }

    #[test]
    fn the_right_to_send_users_and_keys_is_given_by_its_full_name_only() {
        let has = |set: Option<ActionSet>| set.is_some_and(|set| set.has(Action::ReplicateIdentities));
        for full in ["planetstore:ReplicateIdentities", "Planetstore:replicateidentities"] {
            assert!(has(ActionSet::given(full)), "{full}");
        }
        let wide =
            ["*", "planetstore:*", "planetstore:r*", "planetstore:ReplicateIdentitie?", "planetstore:Replicate*"];
        for pattern in wide {
            assert!(!has(ActionSet::given(pattern)), "{pattern}");
            assert!(has(ActionSet::named(pattern)), "{pattern} takes it away");
        }
        assert!(ActionSet::given("planetstore:*").is_some_and(|set| set.has(Action::ReadEvents)));
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
