"""Object lock: retention, legal holds, their defaults, who may see, set and bypass them, and what remains protected."""

import datetime
import time

import pytest

from harness.clients import boto_client
from harness.content import MIB
from harness.wire import object_path
from harness.world import document, statement

UTC = datetime.UTC


def later(**how: float) -> datetime.datetime:
    """A time in whole seconds from now."""
    return datetime.datetime.now(UTC).replace(microsecond=0) + datetime.timedelta(**how)


FAR = later(days=3000)


@pytest.fixture
def locking(s3, bucket) -> str:
    """A new bucket with object lock."""
    name = f"{bucket}-locking"
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    return name


def put(s3, bucket: str, key: str = "k", **lock: object) -> str:
    return s3.put_object(Bucket=bucket, Key=key, Body=b"kept", **lock)["VersionId"]


def governed(until: datetime.datetime = FAR) -> dict:
    return {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": until}


def complied(until: datetime.datetime = FAR) -> dict:
    return {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": until}


def default(mode: str, **period: int) -> dict:
    return {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": mode, **period}}}


def locks(answer: dict) -> dict:
    return {name: value for name, value in answer.items() if name.startswith("ObjectLock")}


def test_a_bucket_is_made_to_lock(s3, locking, refused):
    assert s3.get_bucket_versioning(Bucket=locking)["Status"] == "Enabled"
    shown = s3.get_object_lock_configuration(Bucket=locking)["ObjectLockConfiguration"]
    assert shown == {"ObjectLockEnabled": "Enabled"}
    refused("InvalidBucketState", 409, s3.put_bucket_versioning, Bucket=locking,
            VersioningConfiguration={"Status": "Suspended"})


def test_a_bucket_that_is_there_is_not_made_to_lock(s3, bucket, locking, refused):
    refused("BucketAlreadyOwnedByYou", 409, s3.create_bucket, Bucket=bucket, ObjectLockEnabledForBucket=True)
    for again in ({}, {"ObjectLockEnabledForBucket": True}):
        s3.create_bucket(Bucket=locking, **again)
    assert s3.get_object_lock_configuration(Bucket=locking)["ObjectLockConfiguration"]


def test_object_lock_is_enabled_later(s3, bucket, refused):
    enable = {"Bucket": bucket, "ObjectLockConfiguration": default("COMPLIANCE", Years=1)}
    refused("ObjectLockConfigurationNotFoundError", 404, s3.get_object_lock_configuration, Bucket=bucket)
    refused("InvalidBucketState", 409, s3.put_object_lock_configuration, **enable)
    s3.put_object(Bucket=bucket, Key="before", Body=b"null version")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object_lock_configuration(**enable)
    assert s3.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"] == default("COMPLIANCE", Years=1)
    # Older versions are not locked by that, and can be locked.
    assert not locks(s3.head_object(Bucket=bucket, Key="before"))
    s3.put_object_retention(Bucket=bucket, Key="before", Retention={"Mode": "COMPLIANCE", "RetainUntilDate": FAR})
    refused("AccessDenied", 403, s3.delete_object, Bucket=bucket, Key="before", VersionId="null")


@pytest.mark.parametrize("lock,code", [
    (default("GOVERNANCE", Days=0), "InvalidRetentionPeriod"), (default("GOVERNANCE", Years=-1), "InvalidRetentionPeriod"),
    (default("GOVERNANCE", Days=36_501), "InvalidRetentionPeriod"), (default("GOVERNANCE"), "MalformedXML"),
    (default("GOVERNANCE", Days=1, Years=1), "MalformedXML"), (default("governance", Days=1), "MalformedXML"),
    ({"ObjectLockEnabled": "Disabled"}, "MalformedXML"), ({}, "MalformedXML"),
])
def test_a_configuration_that_cannot_be(s3, locking, refused, lock, code):
    refused(code, 400, s3.put_object_lock_configuration, Bucket=locking, ObjectLockConfiguration=lock)


def write_by_put(s3, bucket: str, **lock: object) -> str:
    return put(s3, bucket, **lock)


def write_by_copy(s3, bucket: str, **lock: object) -> str:
    # A copy does not get the lock of its source.
    put(s3, bucket, "source", ObjectLockLegalHoldStatus="ON", **governed(later(days=9)))
    return s3.copy_object(Bucket=bucket, Key="k", CopySource={"Bucket": bucket, "Key": "source"}, **lock)["VersionId"]


def write_by_parts(s3, bucket: str, **lock: object) -> str:
    upload = {"Bucket": bucket, "Key": "k"}
    upload["UploadId"] = s3.create_multipart_upload(**upload, **lock)["UploadId"]
    part = s3.upload_part(PartNumber=1, Body=b"part", **upload)
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    return s3.complete_multipart_upload(MultipartUpload=parts, **upload)["VersionId"]


@pytest.mark.parametrize("write", [write_by_put, write_by_copy, write_by_parts])
def test_what_is_stored_locked_stays(s3, locking, refused, write):
    assert not locks(s3.head_object(Bucket=locking, Key="k", VersionId=write(s3, locking)))
    for lock in (complied(), {"ObjectLockLegalHoldStatus": "ON"}, {"ObjectLockLegalHoldStatus": "ON", **governed()}):
        version = {"Bucket": locking, "Key": "k", "VersionId": write(s3, locking, **lock)}
        assert locks(s3.head_object(**version)) == locks(s3.get_object(**version)) == lock
        refused("AccessDenied", 403, s3.delete_object, BypassGovernanceRetention=True, **version)
    s3.delete_object(Bucket=locking, Key="k")
    assert s3.get_object(**version)["ResponseMetadata"]["HTTPStatusCode"] == 200
    refused("BucketNotEmpty", 409, s3.delete_bucket, Bucket=locking)


@pytest.mark.parametrize("write", [write_by_put, write_by_copy, write_by_parts])
def test_the_default_locks_what_says_nothing(s3, locking, refused, write):
    s3.put_object_lock_configuration(Bucket=locking, ObjectLockConfiguration=default("GOVERNANCE", Days=3))
    version = {"Bucket": locking, "Key": "k", "VersionId": write(s3, locking)}
    shown = locks(s3.head_object(**version))
    assert shown["ObjectLockMode"] == "GOVERNANCE"
    left = shown["ObjectLockRetainUntilDate"] - datetime.datetime.now(UTC)
    assert datetime.timedelta(days=3, minutes=-5) < left <= datetime.timedelta(days=3)
    refused("AccessDenied", 403, s3.delete_object, **version)
    s3.delete_object(BypassGovernanceRetention=True, **version)
    version["VersionId"] = write(s3, locking, **complied())
    assert locks(s3.head_object(**version)) == complied()


def test_time_releases(s3, locking, refused):
    until = later(seconds=8)
    version = {"Bucket": locking, "Key": "k", "VersionId": put(s3, locking, **complied(until))}
    refused("AccessDenied", 403, s3.delete_object, **version)
    while datetime.datetime.now(UTC) <= until:
        time.sleep(0.1)
    s3.delete_object(**version)
    refused("404", 404, s3.head_object, **version)


def test_retention_is_lengthened_and_not_shortened(s3, locking, refused):
    version = {"Bucket": locking, "Key": "k", "VersionId": put(s3, locking, **governed(later(days=10)))}

    def retention(mode: str, days: int) -> dict:
        return {"Mode": mode, "RetainUntilDate": later(days=days)}

    longer = retention("GOVERNANCE", 20)
    s3.put_object_retention(Retention=longer, **version)
    assert s3.get_object_retention(**version)["Retention"] == longer
    for less in (retention("GOVERNANCE", 10), {}, retention("COMPLIANCE", 30)):
        refused("AccessDenied", 403, s3.put_object_retention, Retention=less, **version)
    assert s3.get_object_retention(**version)["Retention"] == longer
    for less in (retention("GOVERNANCE", 10), {}, retention("COMPLIANCE", 10)):
        s3.put_object_retention(Retention=less, BypassGovernanceRetention=True, **version)
    for less in (retention("COMPLIANCE", 9), {}, retention("GOVERNANCE", 10)):
        refused("AccessDenied", 403, s3.put_object_retention, Retention=less, BypassGovernanceRetention=True, **version)
    s3.put_object_retention(Retention=retention("COMPLIANCE", 11), **version)
    for past in (later(seconds=-1), later(days=-1)):
        refused("InvalidArgument", 400, s3.put_object_retention, **version,
                Retention={"Mode": "COMPLIANCE", "RetainUntilDate": past})


def test_what_is_shown_can_be_put_back(s3, locking):
    """A retention with fractions of a millisecond does not become shorter when it is read and written again."""
    until = later(days=1) + datetime.timedelta(microseconds=123_456)
    version = {"Bucket": locking, "Key": "k", "VersionId": put(s3, locking)}
    s3.put_object_retention(Retention={"Mode": "COMPLIANCE", "RetainUntilDate": until}, **version)
    shown = s3.get_object_retention(**version)["Retention"]
    assert until <= shown["RetainUntilDate"] < until + datetime.timedelta(milliseconds=1)
    s3.put_object_retention(Retention=shown, **version)
    assert s3.get_object_retention(**version)["Retention"] == shown


def test_a_legal_hold_holds_until_it_is_off(s3, locking, refused):
    version = {"Bucket": locking, "Key": "k", "VersionId": put(s3, locking)}
    refused("NoSuchObjectLockConfiguration", 404, s3.get_object_legal_hold, **version)
    refused("NoSuchObjectLockConfiguration", 404, s3.get_object_retention, **version)
    s3.put_object_legal_hold(LegalHold={"Status": "ON"}, **version)
    assert s3.get_object_legal_hold(**version)["LegalHold"] == {"Status": "ON"}
    refused("AccessDenied", 403, s3.delete_object, BypassGovernanceRetention=True, **version)
    refused("MalformedXML", 400, s3.put_object_legal_hold, LegalHold={"Status": "off"}, **version)
    s3.put_object_legal_hold(LegalHold={"Status": "OFF"}, **version)
    assert s3.get_object_legal_hold(**version)["LegalHold"] == {"Status": "OFF"}
    s3.delete_object(**version)


@pytest.mark.parametrize("bypass", [False, True])
def test_several_deletes_are_refused_one_by_one(s3, locking, bypass):
    versions = {key: put(s3, locking, key, **lock) for key, lock in
                [("free", {}), ("governed", governed()), ("complied", complied()), ("held", {"ObjectLockLegalHoldStatus": "ON"})]}
    entries = [{"Key": key, "VersionId": version} for key, version in versions.items()]
    how = {"BypassGovernanceRetention": True} if bypass else {}
    answer = s3.delete_objects(Bucket=locking, Delete={"Objects": entries}, **how)
    kept = {"complied", "held"} if bypass else {"complied", "held", "governed"}
    assert {(entry["Key"], entry["Code"]) for entry in answer["Errors"]} == {(key, "AccessDenied") for key in kept}
    assert {entry["Key"] for entry in answer["Deleted"]} == set(versions) - kept
    left = s3.list_object_versions(Bucket=locking)
    assert {entry["Key"] for entry in left["Versions"]} == kept


@pytest.mark.parametrize("headers,code", [
    ({"x-amz-object-lock-mode": "GOVERNANCE"}, "InvalidArgument"),
    ({"x-amz-object-lock-retain-until-date": "2140-01-01T00:00:00Z"}, "InvalidArgument"),
    ({"x-amz-object-lock-mode": "governance", "x-amz-object-lock-retain-until-date": "2140-01-01T00:00:00Z"}, "InvalidArgument"),
    ({"x-amz-object-lock-mode": "GOVERNANCE", "x-amz-object-lock-retain-until-date": "tomorrow"}, "InvalidArgument"),
    ({"x-amz-object-lock-mode": "GOVERNANCE", "x-amz-object-lock-retain-until-date": "2020-01-01T00:00:00Z"}, "InvalidArgument"),
    ({"x-amz-object-lock-legal-hold": "YES"}, "InvalidArgument"),
])
def test_headers_that_cannot_be(wire, locking, headers, code):
    for method, query in (("PUT", ""), ("POST", "uploads=")):
        answer = wire.request(method, object_path(locking, "k"), query, headers=headers)
        assert (answer.status, answer.code) == (400, code), answer.body
    assert wire.request("GET", object_path(locking, "k")).status == 404


def test_where_nothing_can_be_locked(s3, wire, versioned, refused):
    """A request for unavailable protection is refused before the body is read."""
    version = {"Bucket": versioned, "Key": "k", "VersionId": put(s3, versioned)}
    for lock in (governed(), {"ObjectLockLegalHoldStatus": "ON"}):
        for write in (write_by_put, write_by_parts):
            refused("InvalidRequest", 400, write, s3=s3, bucket=versioned, **lock)
    retention = {"Mode": "GOVERNANCE", "RetainUntilDate": FAR}
    refused("InvalidRequest", 400, s3.put_object_retention, Retention=retention, **version)
    refused("InvalidRequest", 400, s3.put_object_legal_hold, LegalHold={"Status": "ON"}, **version)
    for read in (s3.get_object_retention, s3.get_object_legal_hold):
        refused("InvalidRequest", 400, read, **version)
    headers = {"content-length": str(MIB), "expect": "100-continue", "x-amz-object-lock-legal-hold": "ON"}
    head, _ = wire.head("PUT", object_path(versioned, "k"), headers=headers)
    assert wire.exchange(head.to_bytes()).status == 400
    # Only a request that makes an object can have a lock.
    part = wire.request("PUT", object_path(versioned, "k"), "partNumber=1&uploadId=u", headers={"x-amz-object-lock-legal-hold": "ON"})
    assert part.status == 501


def test_a_delete_marker_is_not_locked(s3, locking, refused):
    put(s3, locking, **complied())
    marker = s3.delete_object(Bucket=locking, Key="k")["VersionId"]
    refused("MethodNotAllowed", 405, s3.put_object_legal_hold, Bucket=locking, Key="k", VersionId=marker,
            LegalHold={"Status": "ON"})
    s3.delete_object(Bucket=locking, Key="k", VersionId=marker)
    assert locks(s3.head_object(Bucket=locking, Key="k")) == complied()


# Rights


def test_what_locks_a_version_is_shown_to_who_may_see_it(world):
    bucket = world.bucket(ObjectLockEnabledForBucket=True)
    lock = {"ObjectLockLegalHoldStatus": "ON", **governed()}
    put(world["owner"], bucket, **lock)
    other = world["other account"]
    for actions, shown in [
        ([], set()), (["s3:GetObjectLegalHold"], {"ObjectLockLegalHoldStatus"}),
        (["s3:GetObjectRetention"], {"ObjectLockMode", "ObjectLockRetainUntilDate"}),
    ]:
        world.grant(bucket, ["s3:GetObject", *actions])
        assert set(locks(other.get_object(Bucket=bucket, Key="k"))) == shown
        assert set(locks(other.head_object(Bucket=bucket, Key="k"))) == shown


def test_who_may_not_list_learns_nothing_of_keys_that_are_absent(world, refused):
    bucket = world.bucket(ObjectLockEnabledForBucket=True)
    put(world["owner"], bucket)
    other = world["other account"]
    rights = ["s3:GetObjectRetention", "s3:PutObjectRetention", "s3:GetObjectLegalHold", "s3:PutObjectLegalHold"]
    asks = [
        (other.get_object_retention, {}), (other.get_object_legal_hold, {}),
        (other.put_object_retention, {"Retention": {"Mode": "GOVERNANCE", "RetainUntilDate": FAR}}),
        (other.put_object_legal_hold, {"LegalHold": {"Status": "ON"}}),
    ]
    world.grant(bucket, rights)
    for ask, more in asks:
        refused("AccessDenied", 403, ask, Bucket=bucket, Key="absent", **more)
    world["owner"].put_bucket_policy(Bucket=bucket, Policy=document(
        statement("Allow", [*rights, "s3:ListBucket"], bucket, f"{bucket}/*", Principal="*")))
    for ask, more in asks:
        refused("NoSuchKey", 404, ask, Bucket=bucket, Key="absent", **more)


def test_a_lock_needs_a_right_of_its_own(world, refused):
    bucket = world.bucket(ObjectLockEnabledForBucket=True)
    other = {"s3": world["other account"], "bucket": bucket}
    retained, held = governed(), {"ObjectLockLegalHoldStatus": "ON"}
    world.grant(bucket, ["s3:PutObject"])
    for write in (write_by_put, write_by_parts):
        write(**other)
        refused("AccessDenied", 403, write, **other, **retained)
        refused("AccessDenied", 403, write, **other, **held)
    world.grant(bucket, ["s3:PutObject", "s3:PutObjectRetention"])
    write_by_put(**other, **retained)
    refused("AccessDenied", 403, write_by_put, **other, **held)
    world.grant(bucket, ["s3:PutObject", "s3:PutObjectLegalHold"])
    write_by_put(**other, **held)
    refused("AccessDenied", 403, write_by_put, **other, **retained)


def test_bypassing_governance_needs_a_right_of_its_own(world, refused):
    bucket = world.bucket(ObjectLockEnabledForBucket=True)
    other = world["other account"]
    version = {"Bucket": bucket, "Key": "k", "VersionId": put(world["owner"], bucket, **governed())}
    shorter = {"Retention": {"Mode": "GOVERNANCE", "RetainUntilDate": later(days=1)}, **version}
    rights = ["s3:DeleteObjectVersion", "s3:PutObjectRetention"]
    entries = {"Objects": [{"Key": "k", "VersionId": version["VersionId"]}]}
    world.grant(bucket, rights)
    refused("AccessDenied", 403, other.delete_object, BypassGovernanceRetention=True, **version)
    refused("AccessDenied", 403, other.put_object_retention, BypassGovernanceRetention=True, **shorter)
    answer = other.delete_objects(Bucket=bucket, Delete=entries, BypassGovernanceRetention=True)
    assert [entry["Code"] for entry in answer["Errors"]] == ["AccessDenied"]
    world.grant(bucket, [*rights, "s3:BypassGovernanceRetention"])
    refused("AccessDenied", 403, other.delete_object, **version)
    other.put_object_retention(BypassGovernanceRetention=True, **shorter)
    other.delete_object(BypassGovernanceRetention=True, **version)


def test_making_a_bucket_that_locks_may_be_denied(world, refused):
    user = world.users.create("lock-maker", policies=["bucketowner"])
    denies = {"Effect": "Deny", "Action": "s3:PutBucketObjectLockConfiguration", "Resource": "*"}
    world.users.store_policy("lock-denied", document(denies))
    world.users.attach("lock-denied", user)
    client = boto_client(world.users.server, credentials=user.credentials)
    refused("AccessDenied", 403, client.create_bucket, Bucket=world.fresh(), ObjectLockEnabledForBucket=True)
    client.create_bucket(Bucket=world.fresh())


CONDITIONS = [
    # A policy's denials; a lock that one of them matches, and one that none does.
    ({"StringEquals": {"s3:object-lock-mode": "COMPLIANCE"}}, complied(), governed()),
    ({"StringEquals": {"s3:object-lock-legal-hold": "ON"}}, {"ObjectLockLegalHoldStatus": "ON"}, {"ObjectLockLegalHoldStatus": "OFF"}),
    ({"NumericGreaterThan": {"s3:object-lock-remaining-retention-days": "10"}}, governed(later(days=11)), governed(later(days=10))),
    ({"DateGreaterThan": {"s3:object-lock-retain-until-date": "2130-01-01T00:00:00Z"}},
     governed(datetime.datetime(2131, 1, 1, tzinfo=UTC)), governed()),
]


def retain_by_document(s3, bucket: str, **lock: object) -> None:
    """The same lock, set on an existing object."""
    version = {"Bucket": bucket, "Key": "k", "VersionId": put(s3, bucket)}
    if "ObjectLockLegalHoldStatus" in lock:
        s3.put_object_legal_hold(LegalHold={"Status": lock["ObjectLockLegalHoldStatus"]}, **version)
    else:
        retention = {"Mode": lock["ObjectLockMode"], "RetainUntilDate": lock["ObjectLockRetainUntilDate"]}
        s3.put_object_retention(Retention=retention, **version)


@pytest.mark.parametrize("write", [write_by_put, write_by_parts, retain_by_document])
@pytest.mark.parametrize("condition,hit,missed", CONDITIONS)
def test_policies_may_ask_for_the_lock(world, refused, write, condition, hit, missed):
    bucket = world.bucket(ObjectLockEnabledForBucket=True)
    actions = ["s3:PutObject", "s3:PutObjectRetention", "s3:PutObjectLegalHold"]
    world["owner"].put_bucket_policy(Bucket=bucket, Policy=document(
        statement("Deny", actions, bucket, Principal="*", Condition=condition)))
    refused("AccessDenied", 403, write, s3=world["owner"], bucket=bucket, **hit)
    write(world["owner"], bucket, **missed)


def test_a_policy_may_allow_some_locks(world, refused):
    """The decision depends on the document, so it is read first."""
    bucket = world.bucket(ObjectLockEnabledForBucket=True)
    version = {"Bucket": bucket, "Key": "k", "VersionId": put(world["owner"], bucket)}
    short = {"NumericLessThanEquals": {"s3:object-lock-remaining-retention-days": "10"}}
    principal = {"AWS": f"arn:aws:iam:::user/{world.people['other account'].name}"}
    world["owner"].put_bucket_policy(Bucket=bucket, Policy=document(
        statement("Allow", "s3:PutObjectRetention", bucket, Principal=principal, Condition=short)))
    other = world["other account"]
    for mode, days, allowed in (("COMPLIANCE", 11, False), ("GOVERNANCE", 9, True)):
        retention = {"Mode": mode, "RetainUntilDate": later(days=days)}
        if allowed:
            other.put_object_retention(Retention=retention, **version)
        else:
            refused("AccessDenied", 403, other.put_object_retention, Retention=retention, **version)
    refused("AccessDenied", 403, other.put_object_retention, Retention={}, **version)
