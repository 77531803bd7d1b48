//! Access control lists: the one that a request asks for, whether its bucket accepts it, and how one is shown.

use bytes::Bytes;
use domain::Identities;
use domain::row::BucketAccessRow;
use events::access::{Acl, Grant, Grantee, ObjectOwnership};
use events::ids::UserId;
use ledger::Snapshot;
use policy::acl::{CannedAcl, is_accepted, object_owner};
use policy::public::blocks_acl;
use s3::acl::RequestedAcl;
use s3::xml::{AccessControlList, AccessControlPolicy, ListedGrantee};
use s3::{Code, Error};

use super::owner::Names;
use crate::convert::{canned_acl, permission, wire_permission};
use crate::failure::Failure;
use crate::request::Request;
use crate::state::Bucket;

/// The owner of a bucket or an object, and the owner of the bucket.
#[derive(Clone, Copy)]
pub(super) struct Owners<'a> {
    pub(super) owner: &'a UserId,
    pub(super) bucket: &'a UserId,
}

/// The list that `PutBucketAcl` or `PutObjectAcl` asks for, in a header or in its document.
pub(super) fn asked(
    request: &Request<'_>,
    snapshot: &Snapshot,
    access: &BucketAccessRow,
    document: &[u8],
    owners: Owners<'_>,
) -> Result<Acl, Failure> {
    match (request.head().acl()?, document.is_empty()) {
        (Some(_), false) => Err(Error::new(Code::UnexpectedContent).into()),
        (Some(requested), true) => {
            admit_named(access, &requested)?;
            resolve(snapshot, requested, owners)
        }
        (None, false) => {
            let list = AccessControlPolicy::parse(document)?;
            if list.owner_id != owners.owner.as_str() {
                return Err(Error::access_denied("The owner of a bucket or an object cannot be changed.").into());
            }
            resolve(snapshot, RequestedAcl::Grants(list.grants), owners)
        }
        (None, true) => {
            Err(Error::with_message(Code::MissingSecurityHeader, "Your request was missing a required header")
                .detail("MissingHeaderName", "x-amz-acl")
                .into())
        }
    }
}

/// The list that a request's headers ask for on a new bucket.
pub(super) fn of_new_bucket(
    request: &Request<'_>,
    snapshot: &Snapshot,
    owner: &UserId,
    ownership: Option<ObjectOwnership>,
) -> Result<Option<Acl>, Failure> {
    let Some(requested) = request.head().acl()? else { return Ok(None) };
    let acl = resolve(snapshot, requested, Owners { owner, bucket: owner })?;
    if !is_accepted(ownership.unwrap_or_default(), &acl, owner) {
        return Err(Error::new(Code::InvalidBucketAclWithObjectOwnership).into());
    }
    Ok(stored(acl, owner))
}

/// The owner of a new object, if it is not the bucket's owner, and its list, if it is not the private one.
pub(super) struct OfNewObject {
    pub(super) owner: Option<UserId>,
    pub(super) acl: Option<Acl>,
}

/// The owner and list that the headers of a write ask for, if the bucket accepts them.
pub(super) fn of_new_object(request: &Request<'_>, bucket: &Bucket) -> Result<OfNewObject, Failure> {
    let (access, snapshot) = (bucket.access()?, &bucket.snapshot);
    let bucket_owner = &bucket.row.owner;
    let ownership = access.ownership.unwrap_or_default();
    // An anonymous object belongs to the bucket's owner.
    let writer = request.caller.user_id().unwrap_or(bucket_owner);
    let requested = request.head().acl()?;
    let provisional = match &requested {
        None => None,
        Some(requested) => {
            // The private list is the default, and some clients send it with every object.
            if !matches!(requested, RequestedAcl::Canned(s3::acl::CannedAcl::Private)) {
                admit_named(&access, requested)?;
            }
            let writer = if ownership == ObjectOwnership::BucketOwnerEnforced { bucket_owner } else { writer };
            Some(resolve(snapshot, requested.clone(), Owners { owner: writer, bucket: bucket_owner })?)
        }
    };
    let owner = object_owner(ownership, writer, bucket_owner, provisional.as_ref());
    let acl = match requested {
        None => None,
        Some(requested) => {
            // A canned list means something else if the object has another owner.
            let acl = resolve(snapshot, requested, Owners { owner, bucket: bucket_owner })?;
            admit(&access, bucket_owner, &acl)?;
            stored(acl, owner)
        }
    };
    Ok(OfNewObject { owner: (owner != bucket_owner).then(|| owner.clone()), acl })
}

/// Where ACLs are disabled, `bucket-owner-full-control` is the only canned list that may be asked for.
fn admit_named(access: &BucketAccessRow, requested: &RequestedAcl) -> Result<(), Error> {
    let lists_are_off = access.ownership.unwrap_or_default() == ObjectOwnership::BucketOwnerEnforced;
    match requested {
        RequestedAcl::Canned(canned) if lists_are_off && *canned != s3::acl::CannedAcl::BucketOwnerFullControl => {
            Err(Error::new(Code::AccessControlListNotSupported))
        }
        RequestedAcl::Canned(_) | RequestedAcl::Grants(_) => Ok(()),
    }
}

/// Refuses a list that the bucket's settings do not allow.
pub(super) fn admit(access: &BucketAccessRow, bucket_owner: &UserId, acl: &Acl) -> Result<(), Error> {
    if blocks_acl(access.public_access_block.unwrap_or_default(), acl) {
        return Err(Error::access_denied("The bucket's public access block refuses public ACLs."));
    }
    if is_accepted(access.ownership.unwrap_or_default(), acl, bucket_owner) {
        Ok(())
    } else {
        Err(Error::new(Code::AccessControlListNotSupported))
    }
}

/// The list in force: where ACLs are disabled, the bucket's owner has full control, whatever was set before.
pub(super) fn in_force<'a>(access: &BucketAccessRow, owners: Owners<'a>, acl: Option<&Acl>) -> (&'a UserId, Acl) {
    if access.ownership.unwrap_or_default() == ObjectOwnership::BucketOwnerEnforced {
        return (owners.bucket, private(owners.bucket));
    }
    (owners.owner, acl.cloned().unwrap_or_else(|| private(owners.owner)))
}

/// The document of a list, with the present names of users.
pub(super) fn document(snapshot: &Snapshot, owner: &UserId, acl: &Acl) -> Result<Bytes, Failure> {
    let users = acl.grants.iter().filter_map(|grant| match &grant.grantee {
        Grantee::User(id) => Some(id),
        Grantee::Everyone | Grantee::Authenticated | Grantee::LogDelivery => None,
    });
    let names = Names::of(snapshot, users.chain([owner]))?;
    let mut grants: Vec<_> = acl.grants.iter().map(|grant| listed(grant, &names)).collect();
    // The order has no meaning, but some clients look for groups first.
    grants.sort_by_key(|(grantee, _)| matches!(grantee, ListedGrantee::User(_)));
    Ok(AccessControlList { owner: names.show(owner), grants: &grants }.to_xml())
}

fn listed<'a>(grant: &'a Grant, names: &'a Names) -> (ListedGrantee<'a>, s3::acl::Permission) {
    let grantee = match &grant.grantee {
        Grantee::User(id) => ListedGrantee::User(names.show(id)),
        Grantee::Everyone => ListedGrantee::Everyone,
        Grantee::Authenticated => ListedGrantee::Authenticated,
        Grantee::LogDelivery => ListedGrantee::LogDelivery,
    };
    (grantee, wire_permission(grant.permission))
}

/// The list as it is stored: the private one is not.
fn stored(acl: Acl, owner: &UserId) -> Option<Acl> {
    (acl != private(owner)).then_some(acl)
}

fn private(owner: &UserId) -> Acl {
    CannedAcl::Private.to_acl(owner, owner)
}

/// A list as facts store it: users by their ids. The users must exist.
fn resolve(snapshot: &Snapshot, requested: RequestedAcl, owners: Owners<'_>) -> Result<Acl, Failure> {
    match requested {
        RequestedAcl::Canned(canned) => Ok(canned_acl(canned).to_acl(owners.owner, owners.bucket)),
        RequestedAcl::Grants(grants) => {
            let grants = grants.into_iter().map(|grant| {
                Ok(Grant { grantee: grantee(snapshot, grant.grantee)?, permission: permission(grant.permission) })
            });
            Ok(Acl { grants: grants.collect::<Result<_, Failure>>()? })
        }
    }
}

fn grantee(snapshot: &Snapshot, grantee: s3::acl::Grantee) -> Result<Grantee, Failure> {
    match grantee {
        s3::acl::Grantee::Everyone => Ok(Grantee::Everyone),
        s3::acl::Grantee::Authenticated => Ok(Grantee::Authenticated),
        s3::acl::Grantee::LogDelivery => Ok(Grantee::LogDelivery),
        s3::acl::Grantee::Id(text) => {
            let nobody = || Error::invalid_argument("Invalid id", "CanonicalUser/ID", text.as_str());
            let id: UserId = text.parse().map_err(|_| nobody())?;
            let is_there = id == UserId::root() || snapshot.user_by_id(&id)?.is_some();
            if is_there { Ok(Grantee::User(id)) } else { Err(nobody().into()) }
        }
        s3::acl::Grantee::Email(address) => {
            let user = match snapshot.user_by_email(&domain::row::email_key(&address))? {
                Some(name) => snapshot.user(&name)?,
                None => None,
            };
            Ok(Grantee::User(user.ok_or_else(|| Error::unresolvable_email(&address))?.id))
        }
    }
}
