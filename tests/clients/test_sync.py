"""`planetstore sync` between stores: another one's versions arrive with everything that belongs to them."""

import datetime
import signal
import time

import pytest

from harness import other_store, wait
from harness.clients import boto_client
from harness.content import MIB, content, etag, etag_of_parts
from harness.syncing import Syncing, histories

UNTIL = datetime.datetime(2040, 1, 1, tzinfo=datetime.UTC)
PART = 5 * MIB


@pytest.fixture
def old_store():
    with other_store.running() as running:
        yield running


def multipart(s3, bucket: str, key: str, parts: list[bytes], **more) -> str:
    upload = s3.create_multipart_upload(Bucket=bucket, Key=key, **more)["UploadId"]
    sent = [{"PartNumber": number, "ETag": s3.upload_part(Bucket=bucket, Key=key, UploadId=upload, PartNumber=number,
                                                          Body=part)["ETag"]}
            for number, part in enumerate(parts, 1)]
    return s3.complete_multipart_upload(Bucket=bucket, Key=key, UploadId=upload,
                                        MultipartUpload={"Parts": sent})["ETag"]


def next_second() -> None:
    second = int(time.time())
    wait.until(lambda: int(time.time()) > second, "the next second")


@pytest.mark.waits
def test_another_store_arrives_with_versions_metadata_tags_and_locks(make_server, tmp_path, old_store):
    endpoint, old = old_store
    server = make_server().start()
    person = Syncing(tmp_path / "home")
    person.add("old", endpoint, other_store.ACCESS, other_store.SECRET)
    person.add_server("new", server)
    old.create_bucket(Bucket="albums", ObjectLockEnabledForBucket=True)
    key = "a b+ü/☃ & <x>.txt"
    old.put_object(Bucket="albums", Key=key, Body=b"first", Metadata={"who": "ada"}, Tagging="state=draft&a%3Db=c%2Bd%20e",
                   ContentType="text/plain", CacheControl="no-cache", ContentDisposition="attachment",
                   ContentLanguage="de", ContentEncoding="identity")
    old.put_object(Bucket="albums", Key=key, Body=b"again")
    # That store knows no time below a second, and lists delete markers apart.
    next_second()
    old.delete_object(Bucket="albums", Key=key)
    next_second()
    old.put_object(Bucket="albums", Key="held", Body=b"held", ObjectLockMode="GOVERNANCE",
                   ObjectLockRetainUntilDate=UNTIL, ObjectLockLegalHoldStatus="ON")
    parts = [content(1, PART), content(2, PART), content(3, MIB)]
    assert multipart(old, "albums", "large", parts, Metadata={"size": "large"}) == etag_of_parts(parts)
    long = content(4, 18 * MIB)
    old.put_object(Bucket="albums", Key="long", Body=long)

    rows, summary = person.sync("--source-context", "old", "s3://albums", "s3://albums")
    assert (summary["sent"], summary["failed"], summary["same"]) == (6, 0, 0), rows
    new = boto_client(server)
    assert histories(new, "albums") == histories(old, "albums")
    assert new.get_bucket_versioning(Bucket="albums")["Status"] == "Enabled"
    first = new.list_object_versions(Bucket="albums", Prefix=key)["Versions"][-1]["VersionId"]
    got = new.get_object(Bucket="albums", Key=key, VersionId=first)
    assert (got["Body"].read(), got["ContentType"], got["Metadata"]) == (b"first", "text/plain", {"who": "ada"})
    assert (got["CacheControl"], got["ContentDisposition"], got["ContentLanguage"]) == ("no-cache", "attachment", "de")
    tags = new.get_object_tagging(Bucket="albums", Key=key, VersionId=first)["TagSet"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"state": "draft", "a=b": "c+d e"}
    held = new.head_object(Bucket="albums", Key="held")
    assert (held["ObjectLockMode"], held["ObjectLockRetainUntilDate"]) == ("GOVERNANCE", UNTIL)
    assert held["ObjectLockLegalHoldStatus"] == "ON"
    got = new.get_object(Bucket="albums", Key="large")
    assert (got["Body"].read(), got["ETag"], got["Metadata"]) == (b"".join(parts), etag_of_parts(parts),
                                                                {"size": "large"})
    assert new.get_object(Bucket="albums", Key="long")["Body"].read() == long

    # What is there is not sent again; what came since is.
    rows, summary = person.sync("--source-context", "old", "s3://albums", "s3://albums")
    assert (rows, summary["same"]) == ([], 6)
    old.put_object(Bucket="albums", Key=key, Body=b"again")
    rows, _ = person.sync("--source-context", "old", "s3://albums", "s3://albums")
    assert [(row["action"], row["key"]) for row in rows] == [("send", key)]
    assert histories(new, "albums") == histories(old, "albums")


def fill(s3, bucket: str) -> int:
    """Keys with versions and delete markers, of the same size each. Returns how many versions there are."""
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    count = 0
    for key in range(40):
        for version in range(4):
            s3.put_object(Bucket=bucket, Key=f"key-{key:02}", Body=f"{key:02}-{version % 3}")
            count += 1
        if key % 3 == 0:
            s3.delete_object(Bucket=bucket, Key=f"key-{key:02}")
            count += 1
    return count


@pytest.mark.waits
def test_a_killed_sync_goes_on_where_it_was(make_server, tmp_path):
    servers = [make_server(name).start() for name in ("from", "to")]
    person = Syncing(tmp_path / "home")
    person.add_server("from", servers[0])
    person.add_server("to", servers[1])
    source, target = map(boto_client, servers)
    count = fill(source, "things")
    words = ("--source-context", "from", "s3://things", "s3://things")

    def there() -> int:
        try:
            return sum(map(len, histories(target, "things").values()))
        except target.exceptions.NoSuchBucket:
            return 0

    # Killed three times, always when some more was done.
    for step in (10, 40, 90):
        process = person.spawn("sync", *words)
        wait.until(lambda step=step: there() >= step, f"{step} versions")
        process.send_signal(signal.SIGKILL)
        process.wait()
    before = there()
    assert before < count, "it was killed too late to show anything"
    _, summary = person.sync(*words)
    # What was under way when it was killed may have been done or not.
    assert summary["failed"] == 0 and summary["sent"] == count - there_and_sent(before, summary, count)
    assert histories(target, "things") == histories(source, "things")
    rows, _ = person.sync(*words)
    assert rows == []

    # A long object goes on with the parts that it has.
    parts = [content(("part", number), PART) for number in range(24)]
    multipart(source, "things", "long", parts)
    process = person.spawn("sync", *words)

    def sent_parts() -> int:
        uploads = target.list_multipart_uploads(Bucket="things").get("Uploads", [])
        return sum(len(target.list_parts(Bucket="things", Key=one["Key"], UploadId=one["UploadId"]).get("Parts", []))
                   for one in uploads)

    wait.until(lambda: sent_parts() >= 3, "some parts")
    process.send_signal(signal.SIGKILL)
    process.wait()
    had = sent_parts()
    assert 3 <= had < len(parts), "it was killed too late to show anything"
    person.sync(*words)
    assert target.head_object(Bucket="things", Key="long")["ETag"] == etag_of_parts(parts)
    assert target.get_object(Bucket="things", Key="long")["Body"].read() == b"".join(parts)
    said = servers[1].run("events", "get", "--bucket", "things", "--type", "upload.created", "-o", "ndjson").stdout
    assert len(said.splitlines()) == 1, "the same upload went on"
    said = servers[1].run("events", "get", "--bucket", "things", "--type", "upload.part_stored", "-o", "ndjson").stdout
    # Parts that were on their way when it was killed may have arrived twice.
    assert len(said.splitlines()) <= len(parts) + 4, "parts were sent again"


def there_and_sent(before: int, summary: dict, count: int) -> int:
    """How many versions were there when the last run began: those that were seen, and what was under way then."""
    assert before <= summary["same"] <= before + 8, (before, summary)
    assert summary["same"] + summary["sent"] == count, summary
    return summary["same"]


def test_what_differs_is_sent_and_what_is_gone_is_removed(server, s3, bucket, tmp_path):
    person = Syncing(tmp_path / "home")
    person.add_server("here", server)
    target = f"{bucket}-target"
    for key, body in (("docs/a", b"a"), ("docs/b", b"b"), ("docs/skip.tmp", b"t"), ("docs-2/x", b"x")):
        s3.put_object(Bucket=bucket, Key=key, Body=body)
    words = (f"s3://{bucket}/docs", f"s3://{target}/copy", "--exclude", "*.tmp")
    rows, summary = person.sync(*words, "--dry-run")
    assert (sorted(row["key"] for row in rows), summary["dry_run"]) == (["a", "b"], True)
    assert target not in [one["Name"] for one in s3.list_buckets()["Buckets"]]
    person.sync(*words)

    def keys() -> dict[str, str]:
        return {one["Key"]: one["ETag"] for one in s3.list_objects_v2(Bucket=target)["Contents"]}

    assert keys() == {"copy/a": etag(b"a"), "copy/b": etag(b"b")}
    # The same bytes with other metadata are something else.
    s3.put_object(Bucket=bucket, Key="docs/a", Body=b"a", Metadata={"x": "y"}, ContentType="text/x")
    s3.put_object(Bucket=bucket, Key="docs/b", Body=b"c")
    s3.put_object(Bucket=target, Key="copy/gone", Body=b"")
    s3.put_object(Bucket=target, Key="copy/kept.tmp", Body=b"")
    s3.put_object(Bucket=target, Key="other", Body=b"")
    rows, _ = person.sync(*words)
    assert sorted((row["action"], row["key"]) for row in rows) == [("send", "a"), ("send", "b")]
    rows, _ = person.sync(*words, "--delete")
    assert [(row["action"], row["key"]) for row in rows] == [("remove", "gone")]
    assert keys() == {"copy/a": etag(b"a"), "copy/b": etag(b"c"), "copy/kept.tmp": etag(b""), "other": etag(b"")}
    assert s3.head_object(Bucket=target, Key="copy/a")["Metadata"] == {"x": "y"}


def test_entity_tags_that_are_not_of_the_bytes_are_noted(server, s3, bucket, tmp_path):
    person = Syncing(tmp_path / "home")
    person.add_server("here", server)
    s3.put_object(Bucket=bucket, Key="sealed", Body=b"sealed", ServerSideEncryption="aws:kms")
    s3.put_object(Bucket=bucket, Key="sealed-long", Body=content(1, 17 * MIB), ServerSideEncryption="aws:kms")
    parts = [content(1, 6 * MIB), content(2, PART), content(3, 7)]
    multipart(s3, bucket, "odd-parts", parts)
    words = (f"s3://{bucket}", f"s3://{bucket}-plain")
    _, summary = person.sync(*words)
    assert (summary["sent"], summary["failed"]) == (3, 0)
    assert s3.get_object(Bucket=f"{bucket}-plain", Key="sealed")["Body"].read() == b"sealed"
    assert s3.get_object(Bucket=f"{bucket}-plain", Key="sealed-long")["Body"].read() == content(1, 17 * MIB)
    assert s3.head_object(Bucket=f"{bucket}-plain", Key="odd-parts")["ETag"] == etag_of_parts(parts)
    rows, _ = person.sync(*words)
    assert rows == []


def test_what_does_not_fit_is_said_before_anything_is_done(server, s3, bucket, tmp_path):
    person = Syncing(tmp_path / "home")
    person.add_server("here", server)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=bucket, Key="a", Body=b"a")
    plain = f"{bucket}-plain"
    s3.create_bucket(Bucket=plain)
    said = person.run("sync", f"s3://{bucket}", f"s3://{plain}", code=1).stderr
    assert b"--current" in said
    _, summary = person.sync(f"s3://{bucket}", f"s3://{plain}", "--current")
    assert summary["sent"] == 1
    locked = f"{bucket}-locked"
    s3.create_bucket(Bucket=locked, ObjectLockEnabledForBucket=True)
    assert b"--without-locks" in person.run("sync", f"s3://{locked}", f"s3://{plain}", "--current", code=1).stderr
    assert b"overlap" in person.run("sync", f"s3://{plain}", f"s3://{plain}/below", code=1).stderr
    assert b"planetstore mb" in person.run("sync", str(tmp_path), f"s3://{bucket}-none", code=1).stderr
