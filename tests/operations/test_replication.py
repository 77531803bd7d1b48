"""Replication between two regions on one machine: `planetstore dev --regions 2`."""

import hashlib
import json
import os
import re
import signal
import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from harness import wait
from harness.clients import CommandLine, boto_client
from harness.failpoints import VARIABLE, of_service
from harness.regions import two_regions
from harness.server import BINARY, Server
from harness.users import Users

BYTES = os.urandom(3 << 20)


def rule(bucket: str, **more) -> dict:
    return {
        "ID": f"to-{bucket}", "Priority": 1, "Status": "Enabled", "Filter": {"Prefix": ""},
        "DeleteMarkerReplication": {"Status": "Enabled"},
        "SourceSelectionCriteria": {"ReplicaModifications": {"Status": "Enabled"}},
        "Destination": {"Bucket": f"arn:aws:s3:::{bucket}"}, **more,
    }


def replicate(s3, source: str, destination: str, **more) -> None:
    s3.put_bucket_replication(Bucket=source, ReplicationConfiguration={
        "Role": "", "Rules": [rule(destination, **more)]})


class Pair:
    """Two regions with a bucket each, of which the first replicates to the second."""

    def __init__(self, make_server, *, lock: bool = False, both: bool = False) -> None:
        self.first, self.second = two_regions(make_server)
        self.one, self.other = boto_client(self.first), boto_client(self.second)
        for s3, bucket in ((self.one, "here"), (self.other, "there")):
            s3.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=lock)
            s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        self.replicate(self.one, "here", "there")
        if both:
            self.replicate(self.other, "there", "here")

    @staticmethod
    def replicate(s3, source: str, destination: str) -> None:
        """As soon as the regions are linked."""
        def done() -> bool:
            try:
                replicate(s3, source, destination)
            except s3.exceptions.ClientError as error:
                assert "There is no link" in str(error), error
                return False
            return True
        wait.until(done, "the link")

    def versions(self, s3, bucket: str) -> list[tuple]:
        """Everything about all versions of a bucket that is the same in both regions."""
        try:
            return self.read_versions(s3, bucket)
        except s3.exceptions.ClientError as error:
            # What was listed may be gone before it is read.
            assert error.response["Error"]["Code"] in ("NoSuchVersion", "404"), error
            return []

    @staticmethod
    def read_versions(s3, bucket: str) -> list[tuple]:
        seen = []
        answer = s3.list_object_versions(Bucket=bucket)
        assert not answer["IsTruncated"]
        for version in answer.get("Versions", []):
            which = {"Bucket": bucket, "Key": version["Key"], "VersionId": version["VersionId"]}
            body = s3.get_object(**which)
            tags = s3.get_object_tagging(**which)["TagSet"]
            names = ("ContentType", "Metadata", "StorageClass", "ObjectLockMode", "ObjectLockRetainUntilDate",
                     "ObjectLockLegalHoldStatus", "ServerSideEncryption")
            seen.append(("version", version["Key"], version["VersionId"], version["IsLatest"], version["ETag"],
                         version["Size"], version["LastModified"], hashlib.sha256(body["Body"].read()).hexdigest(),
                         tuple(sorted((tag["Key"], tag["Value"]) for tag in tags)),
                         tuple(str(body.get(name)) for name in names)))
        for marker in answer.get("DeleteMarkers", []):
            seen.append(("marker", marker["Key"], marker["VersionId"], marker["IsLatest"], marker["LastModified"]))
        return sorted(seen)

    def alike(self, count: int) -> list[tuple]:
        """Waits until both regions have the same versions, and so many."""
        last = [None, None]

        def same() -> list[tuple] | None:
            last[0], last[1] = self.versions(self.one, "here"), self.versions(self.other, "there")
            return last[0] if last[0] == last[1] and len(last[0]) == count else None
        try:
            return wait.until(same, "both regions to be alike")
        except AssertionError as error:
            raise AssertionError(f"{error}:\n{last[0]}\n{last[1]}") from None


def test_what_is_put_in_one_region_is_in_the_other_with_its_version(make_server):
    pair = Pair(make_server)
    put = pair.one.put_object(Bucket="here", Key="k", Body=b"hello", Metadata={"a": "b"})
    assert put["ResponseMetadata"]["HTTPStatusCode"] == 200
    (version,) = pair.alike(1)
    assert version[2] == put["VersionId"]
    head = {"Bucket": "here", "Key": "k"}
    wait.until(lambda: pair.one.head_object(**head).get("ReplicationStatus") == "COMPLETED", "its status")
    assert pair.other.head_object(Bucket="there", Key="k")["ReplicationStatus"] == "REPLICA"
    pair.first.stop()


def test_the_lines_of_the_page_work_as_printed(make_server, tmp_path):
    first, second = two_regions(make_server)
    one, other = boto_client(first), boto_client(second)
    one.create_bucket(Bucket="here")
    other.create_bucket(Bucket="there")
    root = Users(first)
    wait.until(lambda: root.ask("GET", "/links")["links"], "the link")
    command = CommandLine(first, tmp_path)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL", "AWS_DEFAULT_REGION", "AWS_REGION"):
        del command.environment[name]
    profile = "[profile {}]\nregion = {}\nendpoint_url = {}\naws_access_key_id = {}\naws_secret_access_key = {}\n"
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/config").write_text("".join(
        profile.format(name, region, server.endpoint, server.credentials.access, server.credentials.secret)
        for name, region, server in (("first", "us-east-1", first), ("second", "us-west-2", second))))
    page = (Path(__file__).parents[2] / "docs/replication.md").read_text()
    (shown, *_) = re.findall(r"^```sh\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert shown.count("\n") == 3
    command.run("sh", "-euc", shown)
    put = one.put_object(Bucket="here", Key="k", Body=b"hello")["VersionId"]
    wait.until(lambda: "Contents" in other.list_objects_v2(Bucket="there"), "the object")
    assert other.head_object(Bucket="there", Key="k")["VersionId"] == put
    first.stop()


def test_versions_times_tags_and_bytes_are_the_same_in_both_regions(make_server):
    pair = Pair(make_server)
    one, here = pair.one, {"Bucket": "here"}
    one.put_object(**here, Key="over", Body=b"1", ContentType="text/plain")
    one.put_object(**here, Key="over", Body=b"22", Tagging="a=1&b=2")
    one.put_object(**here, Key="empty", Body=b"")
    one.put_object(**here, Key="a b/\u00fc+", Body=b"name", Metadata={"who": "me"})
    one.put_object(**here, Key="large", Body=BYTES)
    one.put_object(**here, Key="sealed", Body=BYTES[:70_000], ServerSideEncryption="AES256")
    one.copy_object(**here, Key="copy", CopySource={"Bucket": "here", "Key": "large"})
    one.delete_object(**here, Key="over")
    one.put_object_tagging(**here, Key="large", Tagging={"TagSet": [{"Key": "later", "Value": "yes"}]})
    pair.alike(8)
    pair.first.stop()


def test_an_object_of_parts_has_its_parts_in_the_other_region(make_server):
    pair = Pair(make_server)
    upload = pair.one.create_multipart_upload(Bucket="here", Key="parts", Metadata={"m": "1"})["UploadId"]
    which = {"Bucket": "here", "Key": "parts", "UploadId": upload}
    parts = []
    for number, body in ((1, BYTES * 2), (3, b"the end")):
        etag = pair.one.upload_part(**which, PartNumber=number, Body=body)["ETag"]
        parts.append({"PartNumber": number, "ETag": etag})
    pair.one.complete_multipart_upload(**which, MultipartUpload={"Parts": parts})
    pair.alike(1)
    for number in (1, 2):
        one = pair.one.head_object(Bucket="here", Key="parts", PartNumber=(1, 3)[number - 1])
        other = pair.other.head_object(Bucket="there", Key="parts", PartNumber=(1, 3)[number - 1])
        assert (one["ContentLength"], one["PartsCount"]) == (other["ContentLength"], other["PartsCount"])
    pair.first.stop()


def test_locks_are_kept_and_follow(make_server):
    pair = Pair(make_server, lock=True)
    until = (datetime.now(timezone.utc) + timedelta(days=1)).replace(microsecond=0)
    pair.one.put_object(Bucket="here", Key="held", Body=b"x", ObjectLockMode="GOVERNANCE",
                        ObjectLockRetainUntilDate=until)
    pair.one.put_object_legal_hold(Bucket="here", Key="held", LegalHold={"Status": "ON"})
    pair.one.put_object_retention(Bucket="here", Key="held", Retention={
        "Mode": "GOVERNANCE", "RetainUntilDate": until + timedelta(days=1)})
    (version,) = pair.alike(1)
    assert version[-1][3] == "GOVERNANCE" and version[-1][5] == "ON"
    pair.first.stop()


def test_both_directions_at_once_converge(make_server):
    pair = Pair(make_server, both=True)
    for n in range(20):
        pair.one.put_object(Bucket="here", Key=f"k{n % 5}", Body=f"one {n}".encode())
        pair.other.put_object(Bucket="there", Key=f"k{n % 5}", Body=f"other {n}".encode())
    pair.one.put_object_tagging(Bucket="here", Key="k0", Tagging={"TagSet": [{"Key": "t", "Value": "1"}]})
    pair.alike(40)
    pair.first.stop()


@pytest.mark.parametrize("stopped", [signal.SIGKILL, signal.SIGSTOP])
def test_a_region_that_was_away_misses_nothing(make_server, stopped):
    pair = Pair(make_server)
    pair.one.put_object(Bucket="here", Key="before", Body=b"0")
    pair.alike(1)
    os.kill(pair.second.second_pid, stopped)
    for n in range(30):
        pair.one.put_object(Bucket="here", Key=f"k{n % 7}", Body=f"{n}".encode())
    assert pair.one.head_object(Bucket="here", Key="k1")["ReplicationStatus"] == "PENDING"
    if stopped == signal.SIGSTOP:
        os.kill(pair.second.second_pid, signal.SIGCONT)
    else:
        pair.second.found()
        pair.other = boto_client(pair.second)
    pair.alike(31)
    pair.first.stop()


def test_permanent_deletions_follow_only_where_a_rule_says_so(make_server):
    pair = Pair(make_server)
    gone = [pair.one.put_object(Bucket="here", Key=key, Body=b"x")["VersionId"] for key in ("a", "b")]
    pair.alike(2)
    pair.one.delete_object(Bucket="here", Key="a", VersionId=gone[0])
    document = (
        "<ReplicationConfiguration><Role></Role><Rule><ID>all</ID><Priority>1</Priority><Filter/><Status>Enabled</Status>"
        "<DeleteMarkerReplication><Status>Enabled</Status></DeleteMarkerReplication>"
        "<DeleteReplication><Status>Enabled</Status></DeleteReplication>"
        "<Destination><Bucket>arn:aws:s3:us-west-2::there</Bucket></Destination></Rule></ReplicationConfiguration>")
    answer = pair.first.wire().request("PUT", "/here", "replication=", {}, document.encode())
    assert answer.status == 200, answer.body
    pair.one.delete_object(Bucket="here", Key="b", VersionId=gone[1])
    wait.until(lambda: [row[1] for row in pair.versions(pair.other, "there")] == ["a"], "the deletion")
    pair.first.stop()


def test_what_the_other_region_refuses_holds_up_nothing_else(make_server):
    pair = Pair(make_server)
    pair.one.create_bucket(Bucket="early")
    pair.one.put_bucket_versioning(Bucket="early", VersioningConfiguration={"Status": "Enabled"})
    replicate(pair.one, "early", "not-yet-there")
    pair.one.put_object(Bucket="early", Key="k", Body=b"waits")
    pair.one.put_object(Bucket="here", Key="k", Body=b"goes on")
    pair.alike(1)
    pair.other.create_bucket(Bucket="not-yet-there")
    pair.other.put_bucket_versioning(Bucket="not-yet-there", VersioningConfiguration={"Status": "Enabled"})
    wait.until(lambda: pair.versions(pair.other, "not-yet-there"), "the bucket that came later")
    pair.first.stop()


def moved(pair: Pair) -> int:
    """How many changes the first region has sent."""
    lines = pair.first.get_console("/metrics")[1].decode().splitlines()
    sent = [line for line in lines if line.startswith("planetstore_replication_changes_total{")]
    return sum(int(float(line.rsplit(" ", 1)[1])) for line in sent)


def test_existing_objects_are_sent_where_a_rule_says_so_and_only_those_that_are_missing(make_server):
    pair = Pair(make_server)
    one, here = pair.one, {"Bucket": "here"}
    one.put_object(**here, Key="both", Body=b"both")
    wait.until(lambda: one.head_object(**here, Key="both").get("ReplicationStatus") == "COMPLETED", "its status")
    one.delete_bucket_replication(Bucket="here")
    for n in range(300):
        one.put_object(**here, Key=f"k{n:03}", Body=f"{n}".encode())
    one.put_object(**here, Key="k000", Body=b"again")
    one.delete_object(**here, Key="k001")
    one.put_object_tagging(**here, Key="both", Tagging={"TagSet": [{"Key": "later", "Value": "yes"}]})
    replicate(one, "here", "there")
    one.put_object(**here, Key="new", Body=b"new")
    wait.until(lambda: pair.other.list_objects_v2(Bucket="there").get("KeyCount") == 2, "the new object")
    # Another rule begins where the log says that the one before it was.
    wait.until(lambda: one.head_object(**here, Key="new").get("ReplicationStatus") == "COMPLETED", "its status")
    before = moved(pair)
    replicate(one, "here", "there", ExistingObjectReplication={"Status": "Enabled"})
    pair.alike(304)
    assert moved(pair) - before == 304, "302 versions, one that was there, and its tags"
    status = {"Bucket": "here", "Key": "k002"}
    wait.until(lambda: one.head_object(**status).get("ReplicationStatus") == "COMPLETED", "its status")
    pair.first.stop()


def admin(server: Server, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([BINARY, "admin", "--data", str(server.data), *words], env=server.surroundings(),
                          capture_output=True, text=True, timeout=60, check=False)


def test_a_resync_sends_what_is_missing_and_says_how_far_it_is(make_server):
    pair = Pair(make_server)
    one, here = pair.one, {"Bucket": "here"}
    for n in range(50):
        one.put_object(**here, Key=f"k{n}", Body=f"{n}".encode())
    pair.alike(50)
    one.delete_bucket_replication(Bucket="here")
    for n in range(5):
        one.put_object(**here, Key=f"missing{n}", Body=f"{n}".encode())
    refused = admin(pair.first, "replication", "resync", "here")
    assert refused.returncode != 0 and "no rule of the bucket leads" in refused.stderr, refused.stderr
    replicate(one, "here", "there")
    before = moved(pair)
    asked = admin(pair.first, "replication", "resync", "here")
    assert asked.returncode == 0, asked.stderr
    pair.alike(55)
    assert moved(pair) - before == 5

    def status() -> dict:
        shown = admin(pair.first, "replication", "status", "-o", "json")
        (destination,) = json.loads(shown.stdout)
        return destination

    def is_done() -> bool:
        now = status()
        lag = now.get("lag")
        return "resync" not in now and lag is not None and lag["changes"] == 0 and not lag["is_resyncing"]
    wait.until(is_done, "the end of the comparison")
    now = status()
    assert (now["bucket"], now["destination"], now["rules"]) == ("here", {"bucket": "there"}, ["to-there"])
    os.kill(pair.second.second_pid, signal.SIGSTOP)
    one.put_object(**here, Key="waits", Body=b"x")
    wait.until(lambda: status()["lag"]["changes"] == 1 and status()["lag"]["seconds"] > 1, "a lag")
    os.kill(pair.second.second_pid, signal.SIGCONT)
    wait.until(is_done, "the end of the lag")
    pair.first.stop()


def test_what_no_rule_covers_stays_however_it_is_changed(make_server):
    pair = Pair(make_server)
    one, here = pair.one, {"Bucket": "here"}
    replicate(one, "here", "there", Filter={"Tag": {"Key": "share", "Value": "yes"}},
              DeleteMarkerReplication={"Status": "Disabled"})
    one.put_object(**here, Key="private", Body=b"stays")
    one.put_object_tagging(**here, Key="private", Tagging={"TagSet": [{"Key": "other", "Value": "1"}]})
    shared = one.put_object(**here, Key="shared", Body=b"goes", Tagging="share=yes")["VersionId"]
    wait.until(lambda: pair.versions(pair.other, "there"), "the object that the rule covers")
    assert [(row[1], row[2]) for row in pair.versions(pair.other, "there")] == [("shared", shared)]
    pair.first.stop()


def test_what_waited_when_its_rule_was_replaced_is_sent_by_the_new_one(make_server):
    pair = Pair(make_server)
    os.kill(pair.second.second_pid, signal.SIGSTOP)
    pair.one.put_object(Bucket="here", Key="k", Body=b"waits")
    pair.one.delete_bucket_replication(Bucket="here")
    pair.one.put_object(Bucket="here", Key="stays", Body=b"no rule")
    replicate(pair.one, "here", "there")
    os.kill(pair.second.second_pid, signal.SIGCONT)
    wait.until(lambda: pair.versions(pair.other, "there"), "the object")
    pair.one.put_object(Bucket="here", Key="later", Body=b"x")
    wait.until(lambda: len(pair.versions(pair.other, "there")) == 2, "a later object")
    assert [row[1] for row in pair.versions(pair.other, "there")] == ["k", "later"]
    pair.first.stop()


@pytest.mark.parametrize("point", of_service("replicate"))
def test_killed_at_each_step_it_sends_everything(make_server, point):
    pair = Pair(make_server)

    def status(key: str) -> str | None:
        return pair.one.head_object(Bucket="here", Key=key).get("ReplicationStatus")

    def begin() -> None:
        pair.first.start()
        pair.second.found()
        pair.one, pair.other = boto_client(pair.first), boto_client(pair.second)

    pair.one.put_object(Bucket="here", Key="before", Body=b"0")
    wait.until(lambda: status("before") == "COMPLETED", "its status")
    pair.first.stop()
    pair.first.environment[VARIABLE] = point
    begin()
    stored = 1
    for n in range(20):
        try:
            pair.one.put_object(Bucket="here", Key=f"k{n}", Body=f"{n}".encode())
        except Exception:  # The process may be gone already.
            break
        stored += 1
    assert stored > 1
    wait.until(lambda: pair.first.process.poll() is not None, "the end at the failpoint")
    pair.first.kill()
    del pair.first.environment[VARIABLE]
    begin()
    # One that was not answered may be there.
    seen = wait.until(lambda: pair.versions(pair.one, "here"), "the versions")
    assert len(seen) in (stored, stored + 1)
    pair.alike(len(seen))
    wait.until(lambda: all(status(row[1]) == "COMPLETED" for row in seen), "the status of all")
    pair.first.stop()
