"""Lifecycle rules: which are accepted, what headers say about them, and what they expire, on a store whose days are
seconds.
"""

import signal
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

import pytest

from harness import wait
from harness.clients import boto_client
from harness.server import STOP_SECONDS, Server
from harness.wire import object_path

pytestmark = pytest.mark.waits

DAY_SECONDS = 1

# Objects that rules expire in one walk: several pages of it.
MANY = 1_200


def rule(**elements: object) -> dict:
    return {"ID": "r", "Status": "Enabled", "Filter": {}, **elements}


def set_rules(client, bucket: str, *rules: dict) -> None:
    client.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": list(rules)})


def keys(client, bucket: str) -> set[str]:
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {entry["Key"] for page in pages for entry in page.get("Contents", [])}


def versions(client, bucket: str) -> tuple[list[str], list[str]]:
    """Ids of versions and of delete markers, newest first."""
    answer = client.list_object_versions(Bucket=bucket)
    return tuple([entry["VersionId"] for entry in answer.get(kind, [])] for kind in ("Versions", "DeleteMarkers"))


@pytest.fixture(scope="module")
def hasty(nothing_left: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose days last a second."""
    folder = tmp_path_factory.mktemp("hasty")
    server = Server(folder, nodes=3, environment={"PLANETSTORE_LIFECYCLE_DAY": str(DAY_SECONDS)}).start()
    try:
        yield server
        server.stop()
    finally:
        server.close()


@pytest.fixture(scope="module")
def client(hasty):
    return boto_client(hasty)


def make_bucket(client, name: str, *, versioned: bool = False) -> str:
    client.create_bucket(Bucket=name)
    if versioned:
        client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


def test_rules_come_back_as_they_were_set(s3, bucket, refused):
    refused("NoSuchLifecycleConfiguration", 404, s3.get_bucket_lifecycle_configuration, Bucket=bucket)
    rules = [
        {"ID": "old", "Status": "Disabled", "Prefix": "a/", "Expiration": {"Days": 3}},
        {"ID": "new", "Status": "Enabled", "Expiration": {"Date": datetime(2030, 1, 1, tzinfo=timezone.utc)},
         "Filter": {"And": {"Prefix": "b/", "Tags": [{"Key": "k", "Value": "v"}], "ObjectSizeGreaterThan": 10,
                            "ObjectSizeLessThan": 20}}},
        {"ID": "more", "Status": "Enabled", "Filter": {"Prefix": ""},
         "Expiration": {"ExpiredObjectDeleteMarker": True},
         "NoncurrentVersionExpiration": {"NoncurrentDays": 2, "NewerNoncurrentVersions": 5},
         "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}},
    ]
    set_rules(s3, bucket, *rules)
    assert s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"] == rules
    for _ in range(2):
        answer = s3.delete_bucket_lifecycle(Bucket=bucket)
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    refused("NoSuchLifecycleConfiguration", 404, s3.get_bucket_lifecycle_configuration, Bucket=bucket)


def test_what_cannot_be_followed_is_refused(s3, bucket, server, refused):
    transition = {"Transitions": [{"Days": 1, "StorageClass": "GLACIER"}]}
    for code, bad in [
        ("InvalidArgument", rule(Expiration={"Days": 0})),
        ("InvalidArgument", rule(ID="i" * 256, Expiration={"Days": 1})),
        ("InvalidArgument", rule(Expiration={"Date": datetime(2030, 1, 1, 1, tzinfo=timezone.utc)})),
        ("InvalidStorageClass", rule(**transition)),
        ("MalformedXML", rule(Status="enabled", Expiration={"Days": 1})),
        ("InvalidRequest", rule()),
    ]:
        refused(code, 400, s3.put_bucket_lifecycle_configuration, Bucket=bucket,
                LifecycleConfiguration={"Rules": [bad]})
    body = (b"<LifecycleConfiguration><Rule><Status>Enabled</Status><Filter/><Expiration><Days>1</Days></Expiration>"
            b"</Rule></LifecycleConfiguration>")
    wire = server.wire()
    answer = wire.request("PUT", object_path(bucket, "")[:-1], "lifecycle", body=body)
    assert answer.status == 400 and b"Content-MD5" in answer.body, "rules delete: the document must be protected"
    wire.close()
    refused("NoSuchLifecycleConfiguration", 404, s3.get_bucket_lifecycle_configuration, Bucket=bucket)


def test_headers_tell_when_a_rule_ends_it(s3, bucket):
    set_rules(s3, bucket, rule(ID="a b", Filter={"Prefix": "a"}, Expiration={"Days": 3},
                               AbortIncompleteMultipartUpload={"DaysAfterInitiation": 2}))
    day = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    put = s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    told, name = put["Expiration"].split(", rule-id=")
    assert name == '"a%20b"'
    at = parsedate_to_datetime(told.removeprefix("expiry-date=").strip('"'))
    assert at - day in (timedelta(days=4), timedelta(days=5)), "the midnight after three days"
    for read in (s3.head_object, s3.get_object):
        assert read(Bucket=bucket, Key="a")["Expiration"] == put["Expiration"]
    copied = s3.copy_object(Bucket=bucket, Key="ab", CopySource={"Bucket": bucket, "Key": "a"})
    assert copied["Expiration"] == put["Expiration"]
    assert "Expiration" not in s3.put_object(Bucket=bucket, Key="b", Body=b"x")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="a")
    assert upload["AbortRuleId"] == "a%20b" and upload["AbortDate"] - day in (timedelta(days=3), timedelta(days=4))
    listed = s3.list_parts(Bucket=bucket, Key="a", UploadId=upload["UploadId"])
    assert (listed["AbortDate"], listed["AbortRuleId"]) == (upload["AbortDate"], "a%20b")


def test_objects_end_by_days_date_tag_and_size(client):
    bucket = make_bucket(client, "by-all-means")
    past, future = (datetime(year, 1, 1, tzinfo=timezone.utc) for year in (2015, 2099))
    for key in ("days/1", "days/9000", "past/x", "future/x", "other"):
        client.put_object(Bucket=bucket, Key=key, Body=b"x")
    client.put_object(Bucket=bucket, Key="tag/yes", Body=b"x", Tagging="a=b&c=d")
    client.put_object(Bucket=bucket, Key="tag/no", Body=b"x", Tagging="a=c")
    for size in (9, 10, 11):
        client.put_object(Bucket=bucket, Key=f"size/{size}", Body=b"x" * size)
    client.put_object(Bucket=bucket, Key="disabled/x", Body=b"x")
    set_rules(
        client, bucket,
        rule(ID="1", Filter={"Prefix": "days/1"}, Expiration={"Days": 1}),
        rule(ID="2", Filter={"Prefix": "days/9"}, Expiration={"Days": 9_000}),
        rule(ID="3", Filter={"Prefix": "past/"}, Expiration={"Date": past}),
        rule(ID="4", Filter={"Prefix": "future/"}, Expiration={"Date": future}),
        rule(ID="5", Filter={"Tag": {"Key": "a", "Value": "b"}}, Expiration={"Days": 1}),
        rule(ID="6", Filter={"And": {"Prefix": "size/", "ObjectSizeGreaterThan": 9, "ObjectSizeLessThan": 11}},
             Expiration={"Days": 1}),
        rule(ID="7", Filter={"Prefix": "disabled/"}, Status="Disabled", Expiration={"Days": 1}))
    left = {"days/9000", "future/x", "other", "tag/no", "size/9", "size/11", "disabled/x"}
    wait.until(lambda: keys(client, bucket) <= left, "the end of what is due")
    assert keys(client, bucket) == left, "nothing else ends"
    client.put_object(Bucket=bucket, Key="days/1", Body=b"again")
    wait.until(lambda: keys(client, bucket) == left, "the end of one that came later")


def test_versions_end_but_for_the_newest_ones(client):
    bucket = make_bucket(client, "versions", versioned=True)
    ids = [client.put_object(Bucket=bucket, Key="k", Body=str(n).encode())["VersionId"] for n in range(6)][::-1]
    young = client.put_object(Bucket=bucket, Key="other", Body=b"x")["VersionId"]
    set_rules(client, bucket, rule(Filter={"Prefix": "k"}, NoncurrentVersionExpiration={
        "NoncurrentDays": 1, "NewerNoncurrentVersions": 2}))
    wait.until(lambda: len(versions(client, bucket)[0]) <= 4, "the end of old versions")
    assert versions(client, bucket) == ([*ids[:3], young], []), "the current one and two more stay"
    assert client.get_object(Bucket=bucket, Key="k")["Body"].read() == b"5"


def test_a_current_version_goes_behind_a_delete_marker_that_goes_last(client):
    bucket = make_bucket(client, "markers", versioned=True)
    stored = client.put_object(Bucket=bucket, Key="k", Body=b"x")["VersionId"]
    set_rules(client, bucket, rule(Expiration={"Days": 1}))
    wait.until(lambda: versions(client, bucket)[1], "a delete marker")
    assert versions(client, bucket)[0] == [stored], "the version is kept behind it"
    set_rules(client, bucket, rule(Expiration={"ExpiredObjectDeleteMarker": True},
                                   NoncurrentVersionExpiration={"NoncurrentDays": 1}))
    wait.until(lambda: versions(client, bucket) == ([], []), "the end of the version, and then of the marker")
    client.delete_bucket(Bucket=bucket)


def test_locked_versions_stay(client):
    bucket = "locked"
    client.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    held = client.put_object(Bucket=bucket, Key="k", Body=b"1", ObjectLockLegalHoldStatus="ON")["VersionId"]
    client.put_object(Bucket=bucket, Key="k", Body=b"2")
    newest = client.put_object(Bucket=bucket, Key="k", Body=b"3")["VersionId"]
    set_rules(client, bucket, rule(NoncurrentVersionExpiration={"NoncurrentDays": 1}))
    wait.until(lambda: versions(client, bucket)[0] == [newest, held], "the end of the version that nothing locks")
    client.put_object_legal_hold(Bucket=bucket, Key="k", VersionId=held, LegalHold={"Status": "OFF"})
    wait.until(lambda: versions(client, bucket)[0] == [newest], "the end of the one that nothing locks any more")


def test_abandoned_uploads_are_given_up(client):
    bucket = make_bucket(client, "uploads")
    for key in ("a/1", "a/2", "b/1"):
        upload = client.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
        client.upload_part(Bucket=bucket, Key=key, UploadId=upload, PartNumber=1, Body=b"part")
    set_rules(client, bucket, rule(Filter={"Prefix": "a/"}, AbortIncompleteMultipartUpload={"DaysAfterInitiation": 1}))

    def under_way() -> list[str]:
        return [entry["Key"] for entry in client.list_multipart_uploads(Bucket=bucket).get("Uploads", [])]

    wait.until(lambda: under_way() == ["b/1"], "the end of two uploads")


def test_what_is_counted_is_shown(hasty, client):
    bucket = make_bucket(client, "counted")
    client.put_object(Bucket=bucket, Key="k", Body=b"x")
    set_rules(client, bucket, rule(Expiration={"Days": 1}))
    wait.until(lambda: not keys(client, bucket), "the end of an object")
    figures = hasty.get_console("/metrics")[1].decode()
    for name in ('planetstore_lifecycle_ended_total{what="version"}', "planetstore_lifecycle_lag_seconds",
                 "planetstore_lifecycle_walk_seconds", "planetstore_lifecycle_buckets"):
        assert name in figures, name


def test_rules_are_followed_on_when_the_log_was_away(make_server):
    server = make_server("away", nodes=3, environment={"PLANETSTORE_LIFECYCLE_DAY": str(DAY_SECONDS)}).start()
    client = boto_client(server)
    bucket = make_bucket(client, "away")
    wire = server.wire()
    for number in range(300):
        assert wire.put(bucket, f"due/{number:03}", b"x").status == 200
    wire.close()
    set_rules(client, bucket, rule(Expiration={"Days": 1}))
    server.kill_nats()
    wait.until(lambda: server.get_console("/readyz")[0] == 200, "a log again", 60)
    wait.until(lambda: not keys(client, bucket), "the end of all that is due", 60)
    server.assert_alive()
    server.stop()


def test_several_follow_the_rules_and_one_may_be_killed(composition):
    client = boto_client(composition.gateway)
    bucket = make_bucket(client, "many")
    wire = composition.gateway.wire()
    for number in range(MANY):
        assert wire.put(bucket, f"due/{number:04}", b"x").status == 200
    assert wire.put(bucket, "stays", b"x").status == 200
    wire.close()
    set_rules(client, bucket, rule(Filter={"Prefix": "due/"}, Expiration={"Days": 1}))
    first = composition.run_lifecycle("lifecycle-1", day_seconds=1)
    wait.until(lambda: len(keys(client, bucket)) <= MANY, "the first of many", 60)
    first.send_signal(signal.SIGKILL)
    first.wait(STOP_SECONDS)
    others = [composition.run_lifecycle(name, day_seconds=1) for name in ("lifecycle-1", "lifecycle-2")]
    wait.until(lambda: keys(client, bucket) == {"stays"}, "the end of all that is due", 60)
    assert [process.poll() for process in others] == [None, None]
    for process in others:
        process.terminate()
        assert process.wait(STOP_SECONDS) == 0
    composition.gateway.stop()
    assert "Violation" not in composition.log.read_text(), "its rights are enough"
