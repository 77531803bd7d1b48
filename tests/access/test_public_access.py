"""What makes a bucket public and what prevents it: policies, ACLs, ownership, public access blocks."""

import json

import pytest

from harness.clients import boto_client
from harness.world import EVERYONE, PUBLIC_ACCESS, World, bucket_arn, document, statement


# Bucket policies


def test_a_policy_opens_a_bucket_to_everyone(world, refused):
    bucket = world.bucket()
    world["owner"].put_object(Bucket=bucket, Key="open/k", Body=b"x")
    world["owner"].put_object(Bucket=bucket, Key="shut/k", Body=b"x")
    world["owner"].put_bucket_policy(Bucket=bucket, Policy=document(
        statement("Allow", "s3:GetObject", bucket, "open/*", Principal="*")))
    for role in ("anonymous", "no rights", "other account"):
        assert world[role].get_object(Bucket=bucket, Key="open/k")["Body"].read() == b"x"
        refused("AccessDenied", 403, world[role].get_object, Bucket=bucket, Key="shut/k")
        refused("AccessDenied", 403, world[role].put_object, Bucket=bucket, Key="open/k", Body=b"y")
        refused("AccessDenied", 403, world[role].list_objects_v2, Bucket=bucket)
    assert world["owner"].get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"]
    world["owner"].delete_bucket_policy(Bucket=bucket)
    refused("AccessDenied", 403, world["anonymous"].get_object, Bucket=bucket, Key="open/k")
    refused("NoSuchBucketPolicy", 404, world["owner"].get_bucket_policy, Bucket=bucket)


def test_what_is_denied_is_denied_whatever_allows_it(world, refused):
    bucket = world.bucket()
    world["owner"].put_object(Bucket=bucket, Key="k", Body=b"x")
    world["owner"].put_bucket_policy(Bucket=bucket, Policy=document(
        statement("Allow", "s3:*", bucket, Principal="*"),
        statement("Deny", "s3:GetObject", bucket, Principal="*")))
    for role in ("anonymous", "reader", "owner", "other account", "admin"):
        refused("AccessDenied", 403, world[role].get_object, Bucket=bucket, Key="k")
    assert world["root"].get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"


def test_nobody_locks_themselves_out(world, refused):
    bucket = world.bucket()
    world["owner"].put_bucket_policy(Bucket=bucket, Policy=document(statement("Deny", "s3:*", bucket, Principal="*")))
    refused("AccessDenied", 403, world["owner"].list_objects_v2, Bucket=bucket)
    assert world["owner"].get_bucket_policy(Bucket=bucket)["Policy"]
    world["owner"].delete_bucket_policy(Bucket=bucket)
    world["owner"].list_objects_v2(Bucket=bucket)


def test_a_policy_means_the_user_and_not_the_name(world, refused):
    """A new user with the name of a deleted one gets none of the rights that policies gave that user."""
    bucket, users = world.bucket(), world.users
    world["owner"].put_object(Bucket=bucket, Key="k", Body=b"x")
    first = users.create("named-once")
    arn = f"arn:aws:iam:::user/{first.name}"
    for spelled in (arn, f"arn:aws:iam::{first.id}:user/{first.name}", f"arn:aws:iam::123456789012:user/x/{first.name}"):
        world["owner"].put_bucket_policy(Bucket=bucket, Policy=document(
            statement("Allow", "s3:GetObject", bucket, Principal={"AWS": [spelled]})))
        shown = json.loads(world["owner"].get_bucket_policy(Bucket=bucket)["Policy"])
        assert shown["Statement"][0]["Principal"] == {"AWS": [arn]}
        assert boto_client(users.server, credentials=first.credentials).get_object(Bucket=bucket, Key="k")
    users.ask("DELETE", f"/users/{first.name}")
    second = users.create("named-once")
    refused("AccessDenied", 403, boto_client(users.server, credentials=second.credentials).get_object,
            Bucket=bucket, Key="k")
    shown = json.loads(world["owner"].get_bucket_policy(Bucket=bucket)["Policy"])
    assert shown["Statement"][0]["Principal"] == {"AWS": [first.id]}
    for nobody in ("arn:aws:iam:::user/never-there", f"arn:aws:iam::{first.id}:user/{first.name}"):
        refused("MalformedPolicy", 400, world["owner"].put_bucket_policy, Bucket=bucket, Policy=document(
            statement("Allow", "s3:GetObject", bucket, Principal={"AWS": nobody})))


def test_who_may_list_a_prefix_learns_what_is_not_below_it(world, refused):
    bucket, other = world.bucket(), world["other account"]
    world["owner"].put_bucket_policy(Bucket=bucket, Policy=document(
        statement("Allow", "s3:ListBucket", bucket, Principal="*",
                  Condition={"StringLike": {"s3:prefix": "public/*"}}) | {"Resource": bucket_arn(bucket)}))
    refused("NoSuchKey", 404, other.get_object, Bucket=bucket, Key="public/absent")
    refused("AccessDenied", 403, other.get_object, Bucket=bucket, Key="private/absent")
    refused("AccessDenied", 403, other.list_objects_v2, Bucket=bucket)


@pytest.mark.parametrize("text", [
    document({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::*/*",
              "NotPrincipal": {"AWS": "somebody"}}),
    document(statement("Allow", "s3:GetObject", Principal="*",
                       Condition={"StringEquals": {"s3:LocationConstraint": "eu"}})),
    "", "{", "[]", "{}", '{"Version":"2012-10-17"}', "\xff",
    document({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}),
    document({"Effect": "Maybe", "Action": "s3:GetObject", "Resource": "*", "Principal": "*"}),
    document(statement("Allow", "s3:GetObject", "another-bucket", Principal="*")),
    document(statement("Allow", "s3:NoSuchAction", Principal="*")),
    document(*[statement("Allow", "s3:GetObject", Principal="*", Sid="x" * 300)] * 100),
])
def test_a_policy_that_is_none_is_refused(world, refused, text):
    bucket = world.bucket()
    text = text.replace("arn:aws:s3:::*", bucket_arn(bucket))
    refused("MalformedPolicy", 400, world["owner"].put_bucket_policy, Bucket=bucket, Policy=text)
    refused("NoSuchBucketPolicy", 404, world["owner"].get_bucket_policy, Bucket=bucket)


def test_a_policy_is_answered_as_it_was_given(world):
    bucket = world.bucket()
    text = document(statement("Allow", ["s3:GetObject"], bucket, Principal={"AWS": "*"}, Sid="Public")) + "\n"
    world["owner"].put_bucket_policy(Bucket=bucket, Policy=text)
    assert world["owner"].get_bucket_policy(Bucket=bucket)["Policy"] == text


# ACLs


def grants_of(answer: dict) -> set[tuple[str, str]]:
    return {(entry["Grantee"].get("ID") or entry["Grantee"]["URI"], entry["Permission"]) for entry in answer["Grants"]}


def test_lists_are_off_unless_they_are_switched_on(world, refused):
    bucket = world.bucket()
    owner, me = world["owner"], world.people["owner"]
    owner.put_object(Bucket=bucket, Key="k", Body=b"x")
    own = {(me.id, "FULL_CONTROL")}
    for acl in (owner.get_bucket_acl(Bucket=bucket), owner.get_object_acl(Bucket=bucket, Key="k")):
        assert acl["Owner"] == {"ID": me.id, "DisplayName": me.display_name} and grants_of(acl) == own
    for call, arguments in [
        (owner.put_bucket_acl, {}), (owner.put_object_acl, {"Key": "k"}),
        (owner.put_object, {"Key": "l", "Body": b"x"}), (owner.create_multipart_upload, {"Key": "l"}),
        (owner.copy_object, {"Key": "l", "CopySource": {"Bucket": bucket, "Key": "k"}}),
    ]:
        refused("AccessControlListNotSupported", 400, call, Bucket=bucket, ACL="public-read", **arguments)
        refused("AccessControlListNotSupported", 400, call, Bucket=bucket,
                GrantRead=f'id="{world.people["other account"].id}"', **arguments)
    for call, arguments in [(owner.put_bucket_acl, {}), (owner.put_object_acl, {"Key": "k"})]:
        refused("AccessControlListNotSupported", 400, call, Bucket=bucket, ACL="private", **arguments)
    # rclone sends it with every object.
    owner.put_object(Bucket=bucket, Key="l", Body=b"x", ACL="private")
    owner.put_object(Bucket=bucket, Key="l", Body=b"x", ACL="bucket-owner-full-control")
    owner.put_object(Bucket=bucket, Key="l", Body=b"x", GrantFullControl=f'id="{me.id}"')
    controls = owner.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]
    assert controls == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    refused("InvalidBucketAclWithObjectOwnership", 400, owner.create_bucket, Bucket=f"{bucket}-2", ACL="public-read")


@pytest.fixture
def listed(world: World) -> str:
    """A bucket of the owner with ACLs enabled."""
    return world.bucket(ObjectOwnership="ObjectWriter")


def test_groups_are_shown_first_and_a_bucket_is_not_made_again_with_another_list(world, refused, listed):
    owner = world["owner"]
    owner.put_bucket_acl(Bucket=listed, ACL="public-read-write")
    kinds = [grant["Grantee"]["Type"] for grant in owner.get_bucket_acl(Bucket=listed)["Grants"]]
    assert kinds == ["Group", "Group", "CanonicalUser"]
    again = {"Bucket": listed, "ObjectOwnership": "ObjectWriter"}
    owner.create_bucket(**again, ACL="public-read-write")
    refused("BucketAlreadyExists", 409, owner.create_bucket, **again)
    refused("BucketAlreadyExists", 409, owner.create_bucket, **again, ACL="public-read")


def test_a_public_list_opens_an_object_to_everyone(world, refused, listed):
    owner = world["owner"]
    owner.put_object(Bucket=listed, Key="open", Body=b"x", ACL="public-read")
    owner.put_object(Bucket=listed, Key="shut", Body=b"x")
    for role in ("anonymous", "no rights"):
        assert world[role].get_object(Bucket=listed, Key="open")["Body"].read() == b"x"
        refused("AccessDenied", 403, world[role].get_object, Bucket=listed, Key="shut")
        refused("AccessDenied", 403, world[role].get_object_acl, Bucket=listed, Key="open")
    owner.put_object_acl(Bucket=listed, Key="open", ACL="authenticated-read")
    refused("AccessDenied", 403, world["anonymous"].get_object, Bucket=listed, Key="open")
    assert world["no rights"].get_object(Bucket=listed, Key="open")["Body"].read() == b"x"


def test_a_public_list_opens_a_bucket_to_everyone(world, refused, listed):
    owner = world["owner"]
    owner.put_object(Bucket=listed, Key="k", Body=b"x")
    owner.put_bucket_acl(Bucket=listed, ACL="public-read")
    assert world["anonymous"].list_objects_v2(Bucket=listed)["KeyCount"] == 1
    refused("AccessDenied", 403, world["anonymous"].get_object, Bucket=listed, Key="k")
    refused("AccessDenied", 403, world["anonymous"].put_object, Bucket=listed, Key="k", Body=b"y")
    owner.put_bucket_acl(Bucket=listed, ACL="public-read-write")
    world["anonymous"].put_object(Bucket=listed, Key="theirs", Body=b"y")
    refused("AccessDenied", 403, world["anonymous"].get_object, Bucket=listed, Key="theirs")
    world["anonymous"].put_object(Bucket=listed, Key="opened", Body=b"y", ACL="public-read")
    assert world["anonymous"].get_object(Bucket=listed, Key="opened")["Body"].read() == b"y"
    assert owner.get_bucket_policy_status(Bucket=listed)["PolicyStatus"]["IsPublic"]
    assert grants_of(owner.get_bucket_acl(Bucket=listed)) == {
        (world.people["owner"].id, "FULL_CONTROL"), (EVERYONE, "READ"), (EVERYONE, "WRITE")}


def test_grants_name_users_who_are_there(world, refused, listed):
    owner, other = world["owner"], world.people["other account"]
    by_id, by_mail = f'id="{other.id}"', 'emailAddress="other@example.com"'
    for how in (by_id, by_mail):
        owner.put_object(Bucket=listed, Key="k", Body=b"x", GrantRead=how)
        assert world["other account"].get_object(Bucket=listed, Key="k")["Body"].read() == b"x"
        grantee = owner.get_object_acl  # the owner is not in the list, and still owns the object
        assert grants_of(grantee(Bucket=listed, Key="k")) == {(other.id, "READ")}
    refused("InvalidArgument", 400, owner.put_bucket_acl, Bucket=listed, GrantRead='id="nobody"')
    refused("UnresolvableGrantByEmailAddress", 400, owner.put_bucket_acl, Bucket=listed,
            GrantRead='emailAddress="nobody@example.com"')
    refused("InvalidRequest", 400, owner.put_bucket_acl, Bucket=listed, ACL="private", GrantRead=by_id)


def test_a_list_as_a_document(world, refused, listed):
    owner, me, other = world["owner"], world.people["owner"], world.people["other account"]
    acl = {
        "Owner": {"ID": me.id},
        "Grants": [
            {"Grantee": {"Type": "CanonicalUser", "ID": me.id}, "Permission": "FULL_CONTROL"},
            {"Grantee": {"Type": "AmazonCustomerByEmail", "EmailAddress": "other@example.com"},
             "Permission": "READ_ACP"},
            {"Grantee": {"Type": "Group", "URI": EVERYONE}, "Permission": "READ"},
        ],
    }
    owner.put_bucket_acl(Bucket=listed, AccessControlPolicy=acl)
    answer = world["other account"].get_bucket_acl(Bucket=listed)
    assert grants_of(answer) == {(me.id, "FULL_CONTROL"), (other.id, "READ_ACP"), (EVERYONE, "READ")}
    names = {entry["Grantee"].get("DisplayName") for entry in answer["Grants"]}
    assert names == {me.display_name, other.display_name, None}
    stolen = {**acl, "Owner": {"ID": other.id}}
    refused("AccessDenied", 403, owner.put_bucket_acl, Bucket=listed, AccessControlPolicy=stolen)
    many = {**acl, "Grants": acl["Grants"][:1] * 101}
    refused("MalformedACLError", 400, owner.put_bucket_acl, Bucket=listed, AccessControlPolicy=many)


def test_lists_are_switched_off_only_where_they_open_nothing(world, refused, listed):
    owner = world["owner"]
    off = {"Bucket": listed, "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}}
    owner.put_object(Bucket=listed, Key="k", Body=b"x", ACL="public-read")
    owner.put_bucket_acl(Bucket=listed, ACL="public-read")
    refused("InvalidBucketAclWithObjectOwnership", 400, owner.put_bucket_ownership_controls, **off)
    owner.put_bucket_acl(Bucket=listed, ACL="private")
    owner.put_bucket_ownership_controls(**off)
    # The ACL of an object is stored and ignored.
    refused("AccessDenied", 403, world["anonymous"].get_object, Bucket=listed, Key="k")
    assert grants_of(owner.get_object_acl(Bucket=listed, Key="k")) == {(world.people["owner"].id, "FULL_CONTROL")}


@pytest.mark.parametrize("ownership,acl,whose", [
    ("BucketOwnerEnforced", None, "owner"), ("BucketOwnerEnforced", "bucket-owner-full-control", "owner"),
    ("BucketOwnerPreferred", None, "other account"), ("BucketOwnerPreferred", "bucket-owner-full-control", "owner"),
    ("ObjectWriter", None, "other account"), ("ObjectWriter", "bucket-owner-full-control", "other account"),
])
def test_whose_an_object_is(world, ownership, acl, whose):
    bucket = world.bucket(ObjectOwnership=ownership)
    world.grant(bucket, ["s3:PutObject", "s3:PutObjectAcl"])
    other = world["other account"]
    options = {"ACL": acl} if acl else {}
    other.put_object(Bucket=bucket, Key="put", Body=b"x", **options)
    upload = other.create_multipart_upload(Bucket=bucket, Key="parts", **options)["UploadId"]
    tag = other.upload_part(Bucket=bucket, Key="parts", UploadId=upload, PartNumber=1, Body=b"x")["ETag"]
    other.complete_multipart_upload(Bucket=bucket, Key="parts", UploadId=upload,
                                    MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": tag}]})
    for key in ("put", "parts"):
        assert world["root"].get_object_acl(Bucket=bucket, Key=key)["Owner"]["ID"] == world.people[whose].id, key


def test_who_may_write_may_let_the_buckets_owner_in(world, refused):
    bucket = world.bucket(ObjectOwnership="ObjectWriter")
    me, writer = world.people["owner"], world["other account"]
    wanted = {"StringEquals": {"s3:x-amz-grant-full-control": f"id={me.id}"}}
    world.grant(bucket, ["s3:PutObject"], condition=wanted)
    refused("AccessDenied", 403, writer.put_object, Bucket=bucket, Key="k", Body=b"x")
    writer.put_object(Bucket=bucket, Key="k", Body=b"x", GrantFullControl=f"id={me.id}")
    assert grants_of(world["owner"].get_object_acl(Bucket=bucket, Key="k")) == {(me.id, "FULL_CONTROL")}
    # Granting access to others needs a separate right.
    refused("AccessDenied", 403, writer.put_object, Bucket=bucket, Key="k", Body=b"x",
            GrantFullControl=f"id={me.id}", GrantRead=f'uri="{EVERYONE}"')
    world.grant(bucket, ["s3:PutObject"])
    refused("AccessDenied", 403, writer.put_object, Bucket=bucket, Key="k", Body=b"x", ACL="public-read")
    writer.put_object(Bucket=bucket, Key="k", Body=b"x", ACL="bucket-owner-read")


def test_a_list_belongs_to_a_version(world, refused, listed):
    owner, anonymous = world["owner"], world["anonymous"]
    owner.put_bucket_versioning(Bucket=listed, VersioningConfiguration={"Status": "Enabled"})
    first = owner.put_object(Bucket=listed, Key="k", Body=b"1")["VersionId"]
    second = owner.put_object(Bucket=listed, Key="k", Body=b"2")["VersionId"]
    owner.put_object_acl(Bucket=listed, Key="k", VersionId=first, ACL="public-read")
    assert anonymous.get_object(Bucket=listed, Key="k", VersionId=first)["Body"].read() == b"1"
    refused("AccessDenied", 403, anonymous.get_object, Bucket=listed, Key="k", VersionId=second)
    refused("AccessDenied", 403, anonymous.get_object, Bucket=listed, Key="k")
    owner.put_object_acl(Bucket=listed, Key="k", ACL="public-read")
    assert anonymous.get_object(Bucket=listed, Key="k")["Body"].read() == b"2"


# Public access blocks


def block(world: World, bucket: str, **switches: bool) -> None:
    off = dict.fromkeys(PUBLIC_ACCESS, False)
    world["owner"].put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={**off, **switches})


def test_a_block_is_answered_as_it_was_given(world, refused):
    bucket = world.bucket()
    refused("NoSuchPublicAccessBlockConfiguration", 404, world["owner"].get_public_access_block, Bucket=bucket)
    block(world, bucket, BlockPublicAcls=True, RestrictPublicBuckets=True)
    configuration = world["owner"].get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert configuration == {"BlockPublicAcls": True, "IgnorePublicAcls": False, "BlockPublicPolicy": False,
                             "RestrictPublicBuckets": True}
    world["owner"].delete_public_access_block(Bucket=bucket)
    refused("NoSuchPublicAccessBlockConfiguration", 404, world["owner"].get_public_access_block, Bucket=bucket)


def test_public_lists_are_kept_out(world, refused, listed):
    owner = world["owner"]
    block(world, listed, BlockPublicAcls=True)
    owner.put_object(Bucket=listed, Key="k", Body=b"x")
    for acl in ("public-read", "public-read-write", "authenticated-read"):
        refused("AccessDenied", 403, owner.put_bucket_acl, Bucket=listed, ACL=acl)
        refused("AccessDenied", 403, owner.put_object_acl, Bucket=listed, Key="k", ACL=acl)
        refused("AccessDenied", 403, owner.put_object, Bucket=listed, Key="l", Body=b"x", ACL=acl)
        refused("AccessDenied", 403, owner.create_multipart_upload, Bucket=listed, Key="l", ACL=acl)
    owner.put_object(Bucket=listed, Key="l", Body=b"x", GrantRead=f'id="{world.people["other account"].id}"')


def test_public_lists_are_ignored(world, refused, listed):
    owner = world["owner"]
    owner.put_bucket_acl(Bucket=listed, ACL="public-read")
    owner.put_object(Bucket=listed, Key="k", Body=b"x", ACL="public-read")
    block(world, listed, IgnorePublicAcls=True)
    refused("AccessDenied", 403, world["anonymous"].get_object, Bucket=listed, Key="k")
    refused("AccessDenied", 403, world["anonymous"].list_objects_v2, Bucket=listed)
    assert not owner.get_bucket_policy_status(Bucket=listed)["PolicyStatus"]["IsPublic"]
    world["owner"].delete_public_access_block(Bucket=listed)
    assert world["anonymous"].get_object(Bucket=listed, Key="k")["Body"].read() == b"x"


def test_public_policies_are_kept_out(world, refused):
    bucket = world.bucket()
    block(world, bucket, BlockPublicPolicy=True)
    public = document(statement("Allow", "s3:GetObject", bucket, Principal="*"))
    refused("AccessDenied", 403, world["owner"].put_bucket_policy, Bucket=bucket, Policy=public)
    world.grant(bucket, ["s3:GetObject"])


def test_public_policies_are_restricted(world, refused):
    bucket = world.bucket()
    world["owner"].put_object(Bucket=bucket, Key="k", Body=b"x")
    world["owner"].put_bucket_policy(Bucket=bucket, Policy=document(
        statement("Allow", "s3:GetObject", bucket, Principal="*")))
    block(world, bucket, RestrictPublicBuckets=True)
    for role in ("anonymous", "no rights", "other account"):
        refused("AccessDenied", 403, world[role].get_object, Bucket=bucket, Key="k")
    assert world["owner"].get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"
