"""Changes of another region at the S3 address (ADR 44): what they make here, and who may make them."""

import base64
import datetime
import hashlib
import itertools
import json
import uuid

import pytest

from harness.content import MIB, content
from harness.users import Users, call
from harness.wire import Answer, Wire, object_path
from harness.world import document, statement

# When the versions were made in the other region: long before this test.
MADE = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
FAR = "2035-01-02T03:04:05Z"

_numbers = itertools.count(1)


def iso(moment: datetime.datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def version_id(moment: datetime.datetime = MADE) -> str:
    """The id of a version that was made then."""
    return f"{int(moment.timestamp() * 1000):012x}7{uuid.uuid4().hex[:3]}8{uuid.uuid4().hex[:15]}"


def sent(version: str, change: object, at: datetime.datetime = MADE, **more: object) -> dict:
    origin = {"region": "far-1", "sequence": next(_numbers)}
    return {"form": 1, "origin": origin, "version_id": version, "at": iso(at), "change": change, **more}


def whole(data: bytes, **more: object) -> dict:
    """A version of one content."""
    return {"version": {"size": len(data), "etag": hashlib.md5(data).hexdigest(),
                        "sha256": hashlib.sha256(data).hexdigest(), "operation": "PutObject", **more}}


def replicate(wire: Wire, bucket: str, change: dict, data: bytes = b"", key: str = "k", **how: object) -> Answer:
    header = {"x-planetstore-replica": json.dumps(change, separators=(",", ":"))}
    return wire.request("PUT", object_path(bucket, key), "replicate=", header, data, **how)


def done(answer: Answer) -> None:
    assert answer.status == 200, answer.body
    assert answer.headers["x-amz-replication-status"] == "REPLICA"


@pytest.fixture
def kept(s3, bucket) -> str:
    """A bucket that keeps versions."""
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return bucket


@pytest.fixture
def locking(s3, bucket) -> str:
    name = f"{bucket}-locking"
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    return name


@pytest.fixture
def users(server):
    users = Users(server)
    yield users
    users.close()


def events(users: Users, bucket: str) -> list[dict]:
    told = call(users.server, "GET", f"/events?bucket={bucket}&limit=1000", token=users.token)
    assert told.status == 200, told.body
    return told.json()


def test_a_version_keeps_what_it_has_at_its_origin(s3, wire, kept, users):
    data, version = content("replica", 3 * MIB + 17), version_id()
    attributes = {"headers": {"content-type": "text/ä".encode().decode("latin-1"), "cache-control": "no-store"},
                  "metadata": {"a": "b"}, "tags": {"größe": "𝄞"}}
    change = sent(version, whole(data, attributes=attributes))
    done(replicate(wire, kept, change, data))
    found = s3.get_object(Bucket=kept, Key="k")
    assert found["Body"].read() == data
    assert (found["VersionId"], found["LastModified"]) == (version, MADE)
    assert found["ETag"] == f'"{hashlib.md5(data).hexdigest()}"'
    assert (found["CacheControl"], found["Metadata"], found["ReplicationStatus"]) == ("no-store", {"a": "b"}, "REPLICA")
    assert s3.get_object_tagging(Bucket=kept, Key="k")["TagSet"] == [{"Key": "größe", "Value": "𝄞"}]
    created = [event for event in events(users, kept) if event["type"] == "io.planetstore.object.created.v1"]
    assert [event["data"]["replica"]["region"] for event in created] == ["far-1"]
    # Again, with and without the bytes, is nothing.
    before = len(events(users, kept))
    done(replicate(wire, kept, change, data))
    done(replicate(wire, kept, change))
    assert len(events(users, kept)) == before


def test_what_is_newer_is_current_whenever_it_comes(s3, wire, kept):
    older, newer = version_id(MADE), version_id(MADE + datetime.timedelta(days=1))
    done(replicate(wire, kept, sent(newer, whole(b"newer")), b"newer"))
    done(replicate(wire, kept, sent(older, whole(b"older")), b"older"))
    assert s3.get_object(Bucket=kept, Key="k")["Body"].read() == b"newer"
    here = s3.put_object(Bucket=kept, Key="k", Body=b"here")["VersionId"]
    marker = version_id(MADE + datetime.timedelta(days=2))
    done(replicate(wire, kept, sent(marker, "delete_marker")))
    assert s3.get_object(Bucket=kept, Key="k")["VersionId"] == here
    listed = s3.list_object_versions(Bucket=kept)
    assert [found["VersionId"] for found in listed["Versions"]] == [here, newer, older]
    assert [(found["VersionId"], found["IsLatest"]) for found in listed["DeleteMarkers"]] == [(marker, False)]


def test_bytes_that_were_sent_before_are_not_sent_again(s3, wire, kept):
    data = content("twice", MIB + 1)
    first = sent(version_id(), whole(data))
    answer = replicate(wire, kept, first)
    assert (answer.status, answer.code) == (428, "ReplicaBodyNeeded")
    done(replicate(wire, kept, first, data))
    done(replicate(wire, kept, sent(version_id(), whole(data)), key="other"))
    assert s3.get_object(Bucket=kept, Key="other")["Body"].read() == data


def test_wrong_bytes_make_no_version(s3, wire, kept):
    data = content("right", 2 * MIB)
    for wrong in (content("wrong", 2 * MIB), data[:-1], data + b"x"):
        answer = replicate(wire, kept, sent(version_id(), whole(data)), wrong)
        assert answer.status == 400, (answer.status, answer.body)
    assert "Versions" not in s3.list_object_versions(Bucket=kept)


def multipart(s3, bucket: str, key: str, parts: list[bytes], **more: object) -> dict:
    """An object in parts with these bytes, whose numbers are not successive."""
    upload = s3.create_multipart_upload(Bucket=bucket, Key=key, **more)["UploadId"]
    made = []
    for number, data in zip((1, 3, 4), parts):
        stored = s3.upload_part(Bucket=bucket, Key=key, UploadId=upload, PartNumber=number, Body=data,
                                ChecksumAlgorithm=more.get("ChecksumAlgorithm", "CRC32"))
        sums = {name: value for name, value in stored.items() if name.startswith("Checksum") and name != "ChecksumType"}
        made.append({"PartNumber": number, "ETag": stored["ETag"], **sums})
    return s3.complete_multipart_upload(Bucket=bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": made})


def test_parts_are_those_of_the_origin(s3, wire, kept, users):
    parts = [content("a", 5 * MIB), content("b", 5 * MIB), content("c", 70_000)]
    # What it has to be, made here: a replica is compared with it.
    multipart(s3, kept, "origin", parts, ChecksumAlgorithm="CRC32C", ChecksumType="COMPOSITE")
    origin = s3.head_object(Bucket=kept, Key="origin", ChecksumMode="ENABLED")
    checksum = {"algorithm": "CRC32C", "type": "COMPOSITE", "value": origin["ChecksumCRC32C"]}
    data = b"".join(parts)
    runs = [{"first": 1, "last": 1, "size": 5 * MIB}, {"first": 3, "last": 3, "size": 5 * MIB},
            {"first": 4, "last": 4, "size": 70_000}]
    change = whole(data, parts=runs, checksum=checksum, operation="CompleteMultipartUpload")
    change["version"]["etag"] = origin["ETag"].strip('"')
    made = sent(version_id(), change)
    done(replicate(wire, kept, made, data))
    replica = s3.head_object(Bucket=kept, Key="k", ChecksumMode="ENABLED")
    for name in ("ETag", "ContentLength", "ChecksumCRC32C", "ChecksumType"):
        assert replica[name] == origin[name], name
    for number in range(1, 5):
        both = []
        for key in ("origin", "k"):
            try:
                found = s3.get_object(Bucket=kept, Key=key, PartNumber=number, ChecksumMode="ENABLED")
                both.append((found["Body"].read(), found["PartsCount"], found["ContentRange"], found["ChecksumCRC32C"]))
            except s3.exceptions.ClientError as error:
                both.append(error.response["Error"]["Code"])
        assert both[0] == both[1], number
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=kept)
    # Again is nothing, and bytes that are not those of the checksum leave nothing.
    before = len(events(users, kept))
    done(replicate(wire, kept, made, data))
    assert len(events(users, kept)) == before
    wrong = bytes(len(data))
    answer = replicate(wire, kept, sent(version_id(), change), wrong, key="wrong")
    assert answer.status == 400, answer.body
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=kept)
    assert s3.list_object_versions(Bucket=kept, Prefix="wrong").get("Versions", []) == []


def test_what_was_deleted_stays_deleted(s3, wire, kept, users):
    version = version_id()
    made = sent(version, whole(b"gone"))
    done(replicate(wire, kept, made, b"gone"))
    done(replicate(wire, kept, sent(version, "removal")))
    done(replicate(wire, kept, sent(version, "removal")))
    done(replicate(wire, kept, made, b"gone"))
    assert "Versions" not in s3.list_object_versions(Bucket=kept)
    # One that is still on its way.
    late = version_id()
    done(replicate(wire, kept, sent(late, "removal"), key="late"))
    done(replicate(wire, kept, sent(late, whole(b"late")), b"late", key="late"))
    assert "Versions" not in s3.list_object_versions(Bucket=kept)
    # One that was deleted here.
    here = version_id()
    made = sent(here, whole(b"here"))
    done(replicate(wire, kept, made, b"here"))
    s3.delete_object(Bucket=kept, Key="k", VersionId=here)
    done(replicate(wire, kept, made, b"here"))
    assert "Versions" not in s3.list_object_versions(Bucket=kept)
    usage = users.ask("GET", f"/buckets/{kept}")["usage"]
    assert usage["objects"] == 0, usage


def test_the_last_tags_count(s3, wire, kept):
    version, later = version_id(), MADE + datetime.timedelta(hours=1)
    done(replicate(wire, kept, sent(version, whole(b"tagged")), b"tagged"))
    done(replicate(wire, kept, sent(version, {"tags": {"a": "2"}}, later)))
    done(replicate(wire, kept, sent(version, {"tags": {"a": "1"}}, later - datetime.timedelta(minutes=1))))
    assert s3.get_object_tagging(Bucket=kept, Key="k")["TagSet"] == [{"Key": "a", "Value": "2"}]
    answer = replicate(wire, kept, sent(version_id(), {"tags": {"a": "1"}}))
    assert (answer.status, answer.code) == (404, "NoSuchVersion")


def test_locks_come_along_and_are_only_lengthened(s3, wire, locking, users, server):
    version = version_id()
    lock = {"retention": {"mode": "governance", "until": FAR}, "legal_hold": "on"}
    done(replicate(wire, locking, sent(version, whole(b"locked", lock=lock)), b"locked"))
    found = s3.head_object(Bucket=locking, Key="k")
    assert (found["ObjectLockMode"], found["ObjectLockLegalHoldStatus"]) == ("GOVERNANCE", "ON")
    assert found["ObjectLockRetainUntilDate"] == datetime.datetime.fromisoformat(FAR)
    answer = replicate(wire, locking, sent(version, "removal"))
    assert (answer.status, answer.code) == (409, "InvalidBucketState")
    # A user who may not bypass governance shortens nothing.
    users.store_policy("locks", document(statement("Allow", "s3:ReplicateObject", locking)))
    link = Wire(server.address, users.create(f"locks-{locking}", policies=["locks"]).credentials)
    weaker = {"retention": {"reset": iso(MADE + datetime.timedelta(hours=1))}}
    answer = replicate(link, locking, sent(version, weaker))
    assert (answer.status, answer.code) == (409, "InvalidBucketState")
    longer = {"retention": {"governance": "2036-01-02T03:04:05Z"}}
    done(replicate(link, locking, sent(version, longer)))
    done(replicate(link, locking, sent(version, {"legal_hold": "off"}, MADE + datetime.timedelta(hours=1))))
    found = s3.head_object(Bucket=locking, Key="k")
    assert (found["ObjectLockRetainUntilDate"].year, found["ObjectLockLegalHoldStatus"]) == (2036, "OFF")
    link.close()
    # Root may.
    done(replicate(wire, locking, sent(version, weaker)))
    assert "ObjectLockMode" not in s3.head_object(Bucket=locking, Key="k")
    strict = {"retention": {"reset": iso(MADE + datetime.timedelta(hours=2)), "compliance": FAR}}
    done(replicate(wire, locking, sent(version, strict)))
    later = {"retention": {"reset": iso(MADE + datetime.timedelta(hours=3))}}
    done(replicate(wire, locking, sent(version, later)))
    assert s3.head_object(Bucket=locking, Key="k")["ObjectLockMode"] == "COMPLIANCE"


def test_a_user_with_one_right_can_do_just_that(server, s3, wire, kept, users):
    changes = {
        "s3:ReplicateObject": (whole(b"mine"), b"mine"),
        "s3:ReplicateDelete": ("delete_marker", b""),
        "s3:ReplicateTags": ({"tags": {"a": "1"}}, b""),
    }
    there = version_id()
    done(replicate(wire, kept, sent(there, whole(b"there")), b"there"))
    for right in changes:
        name = right.rpartition(":")[2].lower()
        users.store_policy(name, document(statement("Allow", right, kept)))
        link = Wire(server.address, users.create(f"{name}-{kept}", policies=[name]).credentials)
        for other, (change, data) in changes.items():
            version = there if other == "s3:ReplicateTags" else version_id()
            later = MADE + datetime.timedelta(hours=1)
            answer = replicate(link, kept, sent(version, change, later), data)
            assert answer.status == (200 if other == right else 403), (right, other, answer.body)
        assert link.get(kept, "k").status == 403
        assert link.put(kept, "k", b"x").status == 403
        assert link.delete(kept, "k").status == 403
        assert link.request("GET", f"/{kept}", "list-type=2").status == 403
        link.close()


def test_what_is_no_change_is_refused(s3, wire, bucket, kept):
    version = version_id()
    good = sent(version, whole(b"x"))
    answer = replicate(wire, kept, {**good, "form": 2, "more": 1}, b"x")
    assert (answer.status, answer.code) == (400, "InvalidArgument")
    assert b"known are 1" in answer.body
    far = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=3)
    for wrong in (
        {**good, "more": 1},
        {**good, "version_id": "x"},
        {**good, "change": {"version": {"size": 1}}},
        sent(version, whole(b"x", attributes={"headers": {"set-cookie": "a"}})),
        sent(version, whole(b"x", attributes={"metadata": {"a": "b" * 3000}})),
        sent(version, whole(b"x", parts=[{"first": 1, "last": 2, "size": 1}])),
        sent(version, whole(b"x", checksum={"algorithm": "CRC32", "type": "FULL_OBJECT", "value": "?"})),
        sent(version_id(far), whole(b"x"), far),
        sent(version, {"tags": {"a": "b" * 257}}),
    ):
        answer = replicate(wire, kept, wrong, b"x" if "version" in wrong["change"] else b"")
        assert answer.status == 400, (wrong, answer.status, answer.body)
    assert wire.request("PUT", object_path(kept, "k"), "replicate=", body=b"x").status == 400
    assert "Versions" not in s3.list_object_versions(Bucket=kept)
    # Another version of an id that is there.
    done(replicate(wire, kept, good, b"x"))
    answer = replicate(wire, kept, sent(version, whole(b"another")), b"another")
    assert (answer.status, answer.code) == (409, "InvalidBucketState")


def test_a_bucket_without_versioning_takes_no_replicas(s3, wire, bucket):
    answer = replicate(wire, bucket, sent(version_id(), whole(b"x")), b"x")
    assert (answer.status, answer.code) == (409, "InvalidBucketState")


def test_the_newest_null_version_is_kept(s3, wire, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"here")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    older = version_id()
    done(replicate(wire, bucket, sent(older, whole(b"older"), null_version=True), b"older"))
    assert s3.get_object(Bucket=bucket, Key="k", VersionId="null")["Body"].read() == b"here"
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)
    done(replicate(wire, bucket, sent(version_id(soon), whole(b"newer"), null_version=True), b"newer"))
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"newer"
    assert [found["VersionId"] for found in s3.list_object_versions(Bucket=bucket)["Versions"]] == ["null"]


def test_a_replica_is_encrypted_by_the_rule_of_its_bucket(s3, wire, kept):
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    s3.put_bucket_encryption(Bucket=kept, ServerSideEncryptionConfiguration={"Rules": [rule]})
    data = content("sealed", MIB + 3)
    crc = base64.b64encode((0).to_bytes(8)).decode()
    answer = replicate(wire, kept, sent(version_id(), whole(
        data, checksum={"algorithm": "CRC64NVME", "type": "FULL_OBJECT", "value": crc})), data)
    assert (answer.status, answer.code) == (400, "BadDigest")
    done(replicate(wire, kept, sent(version_id(), whole(data)), data))
    found = s3.get_object(Bucket=kept, Key="k")
    assert (found["Body"].read(), found["ServerSideEncryption"]) == (data, "AES256")


def test_bytes_that_are_known_count_as_many_as_they_are(s3, wire, kept):
    data = content("known", 2 * MIB)
    s3.put_object(Bucket=kept, Key="own", Body=data)
    smaller = whole(data)
    smaller["version"]["size"] = 1
    answer = replicate(wire, kept, sent(version_id(), smaller))
    assert (answer.status, answer.code) == (409, "InvalidBucketState"), answer.body
    done(replicate(wire, kept, sent(version_id(), whole(data))))
