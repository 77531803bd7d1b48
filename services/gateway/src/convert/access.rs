use events::access::{ObjectOwnership, Permission, PublicAccessBlock};
use policy::acl::CannedAcl;
use s3::xml::PublicAccessBlockConfiguration;

pub(crate) fn canned_acl(canned: s3::acl::CannedAcl) -> CannedAcl {
    match canned {
        s3::acl::CannedAcl::Private => CannedAcl::Private,
        s3::acl::CannedAcl::PublicRead => CannedAcl::PublicRead,
        s3::acl::CannedAcl::PublicReadWrite => CannedAcl::PublicReadWrite,
        s3::acl::CannedAcl::AuthenticatedRead => CannedAcl::AuthenticatedRead,
        s3::acl::CannedAcl::BucketOwnerRead => CannedAcl::BucketOwnerRead,
        s3::acl::CannedAcl::BucketOwnerFullControl => CannedAcl::BucketOwnerFullControl,
        s3::acl::CannedAcl::LogDeliveryWrite => CannedAcl::LogDeliveryWrite,
    }
}

pub(crate) fn permission(permission: s3::acl::Permission) -> Permission {
    match permission {
        s3::acl::Permission::Read => Permission::Read,
        s3::acl::Permission::Write => Permission::Write,
        s3::acl::Permission::ReadAcp => Permission::ReadAcp,
        s3::acl::Permission::WriteAcp => Permission::WriteAcp,
        s3::acl::Permission::FullControl => Permission::FullControl,
    }
}

pub(crate) fn wire_permission(permission: Permission) -> s3::acl::Permission {
    match permission {
        Permission::Read => s3::acl::Permission::Read,
        Permission::Write => s3::acl::Permission::Write,
        Permission::ReadAcp => s3::acl::Permission::ReadAcp,
        Permission::WriteAcp => s3::acl::Permission::WriteAcp,
        Permission::FullControl => s3::acl::Permission::FullControl,
    }
}

pub(crate) fn ownership(ownership: s3::acl::ObjectOwnership) -> ObjectOwnership {
    match ownership {
        s3::acl::ObjectOwnership::BucketOwnerEnforced => ObjectOwnership::BucketOwnerEnforced,
        s3::acl::ObjectOwnership::BucketOwnerPreferred => ObjectOwnership::BucketOwnerPreferred,
        s3::acl::ObjectOwnership::ObjectWriter => ObjectOwnership::ObjectWriter,
    }
}

pub(crate) fn wire_ownership(ownership: ObjectOwnership) -> s3::acl::ObjectOwnership {
    match ownership {
        ObjectOwnership::BucketOwnerEnforced => s3::acl::ObjectOwnership::BucketOwnerEnforced,
        ObjectOwnership::BucketOwnerPreferred => s3::acl::ObjectOwnership::BucketOwnerPreferred,
        ObjectOwnership::ObjectWriter => s3::acl::ObjectOwnership::ObjectWriter,
    }
}

pub(crate) fn public_access_block(block: PublicAccessBlockConfiguration) -> PublicAccessBlock {
    PublicAccessBlock {
        block_public_acls: block.block_public_acls,
        ignore_public_acls: block.ignore_public_acls,
        block_public_policy: block.block_public_policy,
        restrict_public_buckets: block.restrict_public_buckets,
    }
}

pub(crate) fn wire_public_access_block(block: PublicAccessBlock) -> PublicAccessBlockConfiguration {
    PublicAccessBlockConfiguration {
        block_public_acls: block.block_public_acls,
        ignore_public_acls: block.ignore_public_acls,
        block_public_policy: block.block_public_policy,
        restrict_public_buckets: block.restrict_public_buckets,
    }
}
