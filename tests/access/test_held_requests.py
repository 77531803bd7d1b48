"""Requests whose last byte arrives late: a caller who lost the right meanwhile is refused."""

import base64
import hashlib
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from botocore.exceptions import ClientError

from harness import wait
from harness.users import call, login
from harness.wire import Answer, Wire, object_path, read_answer
from harness.world import bucket_arn, document


@contextmanager
def held(wire: Wire, method: str, path: str, query: str, body: bytes, **headers: str) -> Iterator[socket.socket]:
    """A request that is sent except for its last byte."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    length = {"content-length": str(len(body)), "expect": "100-continue"}
    head, _ = wire.head(method, path, query, headers={**named, **length})
    with wire.connect() as stream:
        stream.sendall(head.to_bytes())
        assert stream.recv(4096).startswith(b"HTTP/1.1 100"), "it was let through to its body"
        stream.sendall(body[:-1])
        yield stream


def finish(stream: socket.socket, body: bytes) -> Answer:
    stream.sendall(body[-1:])
    return read_answer(stream)


def test_a_bucket_of_the_same_name_is_another_bucket(world, server):
    bucket = world.bucket()
    wire = Wire(server.address, world.people["owner"].credentials)
    open_to_all = document({"Effect": "Allow", "Principal": "*", "Action": "s3:*",
                            "Resource": [bucket_arn(bucket), f"{bucket_arn(bucket)}/*"]}).encode()
    requests = [("PUT", f"/{bucket}", "policy=", open_to_all), ("PUT", object_path(bucket, "planted"), "", b"planted")]
    streams = []
    for method, path, query, body in requests:
        manager = held(wire, method, path, query, body)
        streams.append((manager, manager.__enter__(), body))
    world["owner"].delete_bucket(Bucket=bucket)
    world["admin"].create_bucket(Bucket=bucket)
    world["admin"].put_object(Bucket=bucket, Key="secret", Body=b"secret")
    for manager, stream, body in streams:
        answer = finish(stream, body)
        assert (answer.status, answer.code) == (404, "NoSuchBucket"), answer.body
        manager.__exit__(None, None, None)
    assert wire.get(bucket, "secret").status == 403
    assert wire.get(bucket, "planted").status != 200
    assert [entry["Key"] for entry in world["admin"].list_objects_v2(Bucket=bucket)["Contents"]] == ["secret"]
    wire.close()


def test_a_right_that_is_withdrawn_is_not_there_at_the_end(world, server):
    bucket = world.bucket()
    world.grant(bucket, ["s3:PutObject"])
    wire = Wire(server.address, world.people["other account"].credentials)
    with held(wire, "PUT", object_path(bucket, "k"), "", b"body") as stream:
        world["owner"].delete_bucket_policy(Bucket=bucket)
        assert finish(stream, b"body").code == "AccessDenied"
    assert world["owner"].list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    wire.close()


def test_a_key_that_is_disabled_stores_nothing_more(world, server):
    bucket = world.bucket()
    user = world.users.create("held", policies=["readwrite"])
    wire = Wire(server.address, user.credentials)
    with held(wire, "PUT", object_path(bucket, "k"), "", b"body") as stream:
        world.users.disable_key(user)
        assert finish(stream, b"body").code == "InvalidAccessKeyId"
    assert world["owner"].list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    wire.close()


def test_a_key_that_is_disabled_deletes_nothing_more(world, server):
    bucket = world.bucket()
    user = world.users.create("held-deletes", policies=["readwrite"])
    world["owner"].put_object(Bucket=bucket, Key="k", Body=b"kept")
    wire = Wire(server.address, user.credentials)
    body = b"<Delete><Object><Key>k</Key></Object></Delete>"
    md5 = base64.b64encode(hashlib.md5(body).digest()).decode()
    with held(wire, "POST", f"/{bucket}", "delete=", body, content_md5=md5) as stream:
        world.users.disable_key(user)
        answer = finish(stream, body)
    assert "InvalidAccessKeyId" in answer.body.decode(), answer.body
    assert world["owner"].list_objects_v2(Bucket=bucket)["KeyCount"] == 1
    wire.close()


def test_a_key_that_is_disabled_makes_no_bucket(world, server):
    user = world.users.create("held-makes", policies=["readwrite"])
    wire = Wire(server.address, user.credentials)
    bucket = world.fresh()
    body = b"<CreateBucketConfiguration></CreateBucketConfiguration>"
    with held(wire, "PUT", f"/{bucket}", "", body) as stream:
        world.users.disable_key(user)
        assert finish(stream, body).code == "InvalidAccessKeyId"
    with pytest.raises(ClientError, match="404"):
        world["admin"].head_bucket(Bucket=bucket)
    wire.close()


def test_the_public_access_block_that_holds_at_the_end_counts(world, server):
    bucket = world.bucket(ObjectOwnership="ObjectWriter")
    owner = world["owner"]
    wire = Wire(server.address, world.people["owner"].credentials)
    upload = owner.create_multipart_upload(Bucket=bucket, Key="parts", ACL="public-read")["UploadId"]
    etag = owner.upload_part(Bucket=bucket, Key="parts", UploadId=upload, PartNumber=1, Body=b"part")["ETag"]
    policy = document({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
                       "Resource": f"{bucket_arn(bucket)}/*"}).encode()
    with held(wire, "PUT", object_path(bucket, "k"), "", b"body", x_amz_acl="public-read") as put, \
            held(wire, "PUT", f"/{bucket}", "policy=", policy) as put_policy:
        owner.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={
            "BlockPublicAcls": True, "IgnorePublicAcls": False, "BlockPublicPolicy": True,
            "RestrictPublicBuckets": False})
        assert finish(put, b"body").code == "AccessDenied"
        assert finish(put_policy, policy).code == "AccessDenied"
    parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
    with pytest.raises(ClientError, match="AccessDenied"):
        owner.complete_multipart_upload(Bucket=bucket, Key="parts", UploadId=upload, MultipartUpload=parts)
    assert owner.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    owner.delete_public_access_block(Bucket=bucket)
    owner.complete_multipart_upload(Bucket=bucket, Key="parts", UploadId=upload, MultipartUpload=parts)
    wire.close()


def test_the_acl_of_an_object_is_its_owners_who_may_have_changed(world, server):
    bucket = world.bucket(ObjectOwnership="ObjectWriter")
    world.grant(bucket, ["s3:PutObject"])
    world["other account"].put_object(Bucket=bucket, Key="k", Body=b"mine")
    wire = Wire(server.address, world.people["other account"].credentials)
    owner, thief = world.people["other account"].id, world.people["other account"].id
    acl = ("<AccessControlPolicy><Owner><ID>%s</ID></Owner><AccessControlList><Grant>"
           '<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>%s</ID></Grantee>'
           "<Permission>FULL_CONTROL</Permission></Grant></AccessControlList></AccessControlPolicy>"
           % (owner, thief)).encode()
    with held(wire, "PUT", object_path(bucket, "k"), "acl=", acl) as stream:
        world["owner"].put_object(Bucket=bucket, Key="k", Body=b"the owner's")
        assert finish(stream, acl).status == 403
    assert wire.get(bucket, "k").status == 403
    wire.close()


def test_an_admin_who_is_gone_administers_no_more(world, server):
    users = world.users
    users.ask("POST", "/users", {"name": "leaving", "role": "admin", "password": "a long password"})
    token = login(server, "leaving", "a long password")
    body = json.dumps({"name": "planted", "role": "admin", "password": "another password"}).encode()
    head = (f"POST /api/v1/users HTTP/1.1\r\nhost: {server.console}\r\nauthorization: Bearer {token}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n").encode()
    host, port = server.console.split(":")
    with socket.create_connection((host, int(port)), timeout=30) as stream:
        stream.sendall(head + body[:-1])
        users.ask("DELETE", "/users/leaving")
        wait.until(lambda: call(server, "GET", "/whoami", token=token).status == 401, "the end of the session")
        stream.sendall(body[-1:])
        assert read_answer(stream).status == 401
    assert call(server, "GET", "/users/planted", token=users.token).status == 404
