"""Rights beyond the obvious ones, the contents of refusals, and users that change."""

import pytest

from harness.clients import boto_client
from harness.content import MIB
from harness.wire import Wire, encode, object_path, presigned, status_of
from harness.world import document, statement


# Rights beyond the obvious ones


def test_a_list_needs_a_right_of_its_own(world, refused):
    bucket = world.bucket(ObjectOwnership="ObjectWriter")
    put = {"Bucket": bucket, "Key": "k", "Body": b"x"}
    world["writer"].put_object(**put)
    refused("AccessDenied", 403, world["writer"].put_object, ACL="public-read", **put)
    refused("AccessDenied", 403, world["writer"].create_multipart_upload, Bucket=bucket, Key="m", ACL="public-read")
    refused("AccessDenied", 403, world["anonymous"].get_object, Bucket=bucket, Key="k")


def test_versions_have_rights_of_their_own(world, refused):
    bucket = world.bucket()
    owner, other = world["owner"], world["other account"]
    owner.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    version = owner.put_object(Bucket=bucket, Key="k", Body=b"x")["VersionId"]
    world.grant(bucket, ["s3:GetObject", "s3:DeleteObject"])
    assert other.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"
    refused("AccessDenied", 403, other.get_object, Bucket=bucket, Key="k", VersionId=version)
    refused("AccessDenied", 403, other.delete_object, Bucket=bucket, Key="k", VersionId=version)
    other.delete_object(Bucket=bucket, Key="k")
    world.grant(bucket, ["s3:GetObjectVersion", "s3:DeleteObjectVersion"])
    assert other.get_object(Bucket=bucket, Key="k", VersionId=version)["Body"].read() == b"x"
    other.delete_object(Bucket=bucket, Key="k", VersionId=version)


@pytest.mark.parametrize("source,target", [(True, False), (False, True), (False, False), (True, True)])
def test_a_copy_reads_its_source_and_writes_its_target(world, refused, source, target):
    buckets = {role: world.bucket() for role in ("source", "target")}
    owner, other = world["owner"], world["other account"]
    owner.put_object(Bucket=buckets["source"], Key="k", Body=b"x")
    upload = owner.create_multipart_upload(Bucket=buckets["target"], Key="m")["UploadId"]
    if source:
        world.grant(buckets["source"], ["s3:GetObject"])
    if target:
        world.grant(buckets["target"], ["s3:PutObject"])
    copy = {"Bucket": buckets["target"], "CopySource": {"Bucket": buckets["source"], "Key": "k"}}
    part = {"Key": "m", "UploadId": upload, "PartNumber": 1, **copy}
    if source and target:
        other.copy_object(Key="copy", **copy)
        other.upload_part_copy(**part)
        assert owner.get_object(Bucket=buckets["target"], Key="copy")["Body"].read() == b"x"
    else:
        refused("AccessDenied", 403, other.copy_object, Key="copy", **copy)
        refused("AccessDenied", 403, other.upload_part_copy, **part)
        assert owner.list_objects_v2(Bucket=buckets["target"])["KeyCount"] == 0
        assert "Parts" not in owner.list_parts(Bucket=buckets["target"], Key="m", UploadId=upload)


@pytest.mark.parametrize("place,name,value", [
    ("header", "x-amz-copy-source", "/{source}/k"), ("header", "x-amz-acl", "public-read"),
    ("header", "x-amz-storage-class", "GLACIER"), ("query", "x-amz-acl", "public-read"),
    ("query", "x-amz-storage-class", "GLACIER"), ("query", "x-amz-copy-source", "/{source}/k"),
])
def test_conditions_see_what_the_request_means(world, server, place, name, value):
    """A header in a condition may also be in the query, where presigned URLs carry it."""
    source, target = world.bucket(), world.bucket(ObjectOwnership="ObjectWriter")
    world["owner"].put_object(Bucket=source, Key="k", Body=b"x")
    value = value.format(source=source)
    asked = {"headers": {name: value}} if place == "header" else {"query": f"{name}={encode(value)}"}
    wire = Wire(server.address, world.people["owner"].credentials)
    assert wire.request("PUT", object_path(target, "k"), **asked).status == 200
    condition = {"StringEquals": {f"s3:{name}": value.removeprefix("/")}}
    world["owner"].put_bucket_policy(Bucket=target, Policy=document(
        statement("Deny", "s3:PutObject", target, Principal="*", Condition=condition)))
    assert wire.request("PUT", object_path(target, "k"), **asked).code == "AccessDenied"
    wire.close()


def test_conditions_see_where_and_how_a_request_came(world, server):
    """A denial applies if its condition holds for this very request, and otherwise does not."""
    bucket = world.bucket()
    world["owner"].put_object(Bucket=bucket, Key="k", Body=b"x")
    wire = Wire(server.address, world.people["owner"].credentials)
    path = object_path(bucket, "k")

    def codes(operator: str, key: str, value: str) -> list[str | None]:
        """The results of a request with headers, of one by a fresh URL, and of one by a URL that was signed half an
        hour ago.
        """
        world["owner"].put_bucket_policy(Bucket=bucket, Policy=document(
            statement("Deny", "s3:GetObject", bucket, Principal="*", Condition={operator: {key: value}})))
        urls = (presigned(wire, "GET", path), presigned(wire, "GET", path, age=1_800, expires=3_600))
        answers = [wire.request("GET", path)] + [
            wire.exchange(f"GET {url} HTTP/1.1\r\nhost: {wire.address}\r\n\r\n".encode()) for url in urls]
        return [None if answer.status == 200 else answer.code for answer in answers]

    all_denied, none_denied = ["AccessDenied"] * 3, [None] * 3
    assert codes("StringEquals", "aws:RequestedRegion", "us-east-1") == all_denied
    assert codes("StringNotEquals", "aws:RequestedRegion", "us-east-1") == none_denied
    assert codes("StringNotEquals", "aws:RequestedRegion", "eu-west-1") == all_denied
    assert codes("NumericGreaterThan", "s3:signatureAge", "600000") == [None, None, "AccessDenied"]
    assert codes("NumericLessThan", "s3:signatureAge", "600000") == ["AccessDenied", "AccessDenied", None]
    assert codes("Null", "s3:TlsVersion", "true") == all_denied, "plain HTTP"
    wire.close()


def test_a_copy_does_not_tell_whether_its_source_is_there(world, refused):
    source, target = world.bucket(), world.bucket()
    world.grant(target, ["s3:PutObject"])
    world["owner"].put_object(Bucket=source, Key="there", Body=b"x")
    for key in ("there", "absent"):
        refused("AccessDenied", 403, world["other account"].copy_object, Bucket=target, Key="k",
                CopySource={"Bucket": source, "Key": key})


def test_several_deletes_are_judged_key_by_key(world):
    bucket = world.bucket()
    for key in ("mine/a", "yours/a"):
        world["owner"].put_object(Bucket=bucket, Key=key, Body=b"x")
    world.grant(bucket, ["s3:DeleteObject"], "mine/*")
    keys = ["mine/a", "yours/a", "mine/absent", "yours/absent", "mine/../yours/a"]
    answer = world["other account"].delete_objects(
        Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys]})
    assert {entry["Key"] for entry in answer["Deleted"]} == {"mine/a", "mine/absent", "mine/../yours/a"}
    assert {(entry["Key"], entry["Code"]) for entry in answer["Errors"]} == {
        ("yours/a", "AccessDenied"), ("yours/absent", "AccessDenied")}
    left = [entry["Key"] for entry in world["owner"].list_objects_v2(Bucket=bucket)["Contents"]]
    assert left == ["yours/a"]


def test_only_who_may_list_learns_that_a_key_is_absent(world, refused):
    bucket = world.bucket()
    other = world["other account"]
    world.grant(bucket, ["s3:GetObject"])
    refused("403", 403, other.head_object, Bucket=bucket, Key="absent")
    refused("AccessDenied", 403, other.get_object, Bucket=bucket, Key="absent")
    world.grant(bucket, ["s3:GetObject", "s3:ListBucket"])
    refused("404", 404, other.head_object, Bucket=bucket, Key="absent")
    refused("NoSuchKey", 404, other.get_object, Bucket=bucket, Key="absent")
    refused("404", 404, world["owner"].head_object, Bucket=bucket, Key="absent")


def test_refused_before_the_body_is_read(world, server):
    """A caller who may not write is refused without being asked for the body. The rights that `DeleteObjects` needs
    depend on its body; a caller who could delete nothing here is not asked for that body either.
    """
    bucket = world.bucket()
    upload = world["owner"].create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    wire = Wire(server.address, world.people["no rights"].credentials)
    headers = {"content-length": str(MIB), "expect": "100-continue"}
    for method, path, query in [
        ("PUT", object_path(bucket, "k"), ""), ("PUT", object_path(bucket, "k"), f"partNumber=1&uploadId={upload}"),
        ("PUT", f"/{bucket}", "policy="), ("PUT", f"/{bucket}", "acl="),
        ("POST", object_path(bucket, "k"), f"uploadId={upload}"),
    ]:
        head, _ = wire.head(method, path, query, headers=headers)
        with wire.connect() as stream:
            stream.sendall(head.to_bytes())
            assert status_of(stream.recv(4096)) == 403, (method, path, query)
    lines = [f"POST /{bucket}?delete= HTTP/1.1", f"host: {server.address}", f"content-length: {MIB}", "expect: 100-continue"]
    with wire.connect() as stream:
        stream.sendall("\r\n".join([*lines, "", ""]).encode())
        assert status_of(stream.recv(4096)) == 403
    wire.close()
    for role, status in [("no rights", 403), ("reader", 403), ("writer", 100), ("owner", 100)]:
        wire = Wire(server.address, world.people[role].credentials)
        head, _ = wire.head("POST", f"/{bucket}", "delete=", headers=headers)
        with wire.connect() as stream:
            stream.sendall(head.to_bytes())
            assert status_of(stream.recv(4096)) == status, role
        wire.close()


def test_buckets_are_listed_to_their_owners(world):
    mine, other = world.bucket(), world.bucket(owner="other account")
    named = {role: {entry["Name"] for entry in world[role].list_buckets()["Buckets"]}
             for role in ("owner", "other account", "reader", "admin", "root")}
    assert mine in named["owner"] and other not in named["owner"]
    assert other in named["other account"] and mine not in named["other account"]
    assert not named["reader"]
    assert {mine, other} <= named["admin"] and {mine, other} <= named["root"]
    owner = world["owner"].list_buckets()["Owner"]
    assert owner == {"ID": world.people["owner"].id, "DisplayName": world.people["owner"].display_name}


def test_a_bucket_of_somebody_else_exists(world, refused):
    bucket = world.bucket()
    refused("BucketAlreadyExists", 409, world["other account"].create_bucket, Bucket=bucket)


def test_the_expected_owner_guards(world, refused):
    bucket = world.bucket()
    me, other = (world.people[role].id for role in ("owner", "other account"))
    calls = [
        (world["owner"].put_object, {"Key": "k", "Body": b"x"}),
        (world["owner"].get_object, {"Key": "k"}),
        (world["owner"].list_objects_v2, {}),
        (world["owner"].delete_bucket_policy, {}),
        (world["owner"].delete_public_access_block, {}),
        (world["owner"].put_bucket_acl, {"ACL": "bucket-owner-full-control"}),
        (world["owner"].delete_object, {"Key": "k"}),
    ]
    for call, arguments in calls:
        refused("AccessDenied", 403, call, Bucket=bucket, ExpectedBucketOwner=other, **arguments)
        call(Bucket=bucket, ExpectedBucketOwner=me, **arguments)


# Users that change


def test_rights_end_when_they_are_taken_away(world, refused):
    bucket = world.bucket()
    world["owner"].put_object(Bucket=bucket, Key="k", Body=b"x")
    user = world.users.create("access-changing", policies=["access-reads"])
    client = boto_client(world.users.server, credentials=user.credentials)
    client.get_object(Bucket=bucket, Key="k")
    world.users.detach("access-reads", user)
    refused("AccessDenied", 403, client.get_object, Bucket=bucket, Key="k")
    world.users.attach("access-reads", user)
    client.get_object(Bucket=bucket, Key="k")
    world.users.disable_key(user)
    refused("InvalidAccessKeyId", 403, client.get_object, Bucket=bucket, Key="k")
