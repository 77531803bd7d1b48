"""What leaves no event: refused requests, failed logins and reads of buckets that ask for records of them."""

import json
import re

import pytest
from botocore.exceptions import ClientError

from harness import wait
from harness.clients import boto_client
from harness.server import Server
from harness.users import Users, call, login
from harness.wire import Credentials, Wire

SECONDS = 30
PASSWORD = "correct horse"
ADDRESSES = {"PLANETSTORE_AUDIT_ADDRESSES": "true"}


def records(server: Server, *arguments: str) -> list[dict]:
    done = server.run("audit", "access", "-o", "json", *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def metric(server: Server, name: str) -> float:
    text = server.get_console("/metrics")[1].decode()
    return sum(float(value) for value in re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.MULTILINE))


@pytest.fixture
def server(make_server) -> Server:
    server = make_server(environment=ADDRESSES).start()
    server.wire().make_bucket("quiet")
    server.wire().make_bucket("watched")
    return server


def test_refused_requests_and_failed_logins_are_recorded_and_survive_a_restart(server: Server):
    ada = Users(server).create("ada")
    assert Wire(server.address, ada.credentials).get("quiet", "secret").status == 403
    assert Wire(server.address, Credentials("NOBODY", "x")).get("quiet", "secret").status == 403
    assert call(server, "POST", "/login", {"user": "eve", "password": "guess"}).status == 401
    assert call(server, "GET", "/users").status == 401

    def found() -> list[dict] | None:
        told = records(server)
        return told if len(told) >= 4 else None

    told = wait.until(found, "four records", SECONDS)
    by_ada, = [record for record in told if record.get("user") == "ada"]
    assert (by_ada["kind"], by_ada["operation"], by_ada["status"], by_ada["code"]) == (
        "refused", "GetObject", 403, "AccessDenied")
    assert (by_ada["bucket"], by_ada["key"], by_ada["access_key"]) == ("quiet", "secret", ada.credentials.access)
    assert by_ada["address"] == "127.0.0.1" and by_ada["request"]
    by_eve, = records(server, "--kind", "login_failed")
    assert by_eve["user"] == "eve" and by_eve["address"] == "127.0.0.1"
    assert {record["code"] for record in records(server, "--kind", "refused")} >= {"AccessDenied", "InvalidAccessKeyId"}
    assert records(server, "--user", "ada", "--bucket", "quiet", "--address", "127.0.0.1") == [by_ada]
    assert records(server, "--address", "192.0.2.1") == [] and records(server, "--bucket", "watched") == []
    assert records(server, "--limit", "1") == told[:1]
    server.restart()
    assert records(server, "--user", "ada") == [by_ada]
    assert "AccessDenied" in server.run("audit", "access").stdout


def test_reads_are_recorded_only_of_buckets_that_ask_for_it(server: Server):
    s3 = boto_client(server)
    for bucket in ("quiet", "watched"):
        s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    assert "LoggingEnabled" not in s3.get_bucket_logging(Bucket="watched")
    enabled = {"TargetBucket": "quiet", "TargetPrefix": "log/",
               "TargetObjectKeyFormat": {"PartitionedPrefix": {"PartitionDateSource": "EventTime"}}}
    s3.put_bucket_logging(Bucket="watched", BucketLoggingStatus={"LoggingEnabled": enabled})
    assert s3.get_bucket_logging(Bucket="watched")["LoggingEnabled"] == enabled
    with pytest.raises(ClientError) as refused:
        s3.put_bucket_logging(Bucket="watched", BucketLoggingStatus={
            "LoggingEnabled": {**enabled, "TargetBucket": "no-such-bucket"}})
    assert refused.value.response["Error"]["Code"] == "InvalidTargetBucketForLogging"
    for bucket in ("quiet", "watched"):
        s3.get_object(Bucket=bucket, Key="a")["Body"].read()
        s3.head_object(Bucket=bucket, Key="a")
        s3.list_objects_v2(Bucket=bucket)

    def operations() -> list[str]:
        return [record["operation"] for record in records(server, "--kind", "read")]

    expected = ["ListObjectsV2", "HeadObject", "GetObject"]
    wait.until(lambda: operations() == expected, "three records of reads", SECONDS)
    assert {record["bucket"] for record in records(server, "--kind", "read")} == {"watched"}
    s3.put_bucket_logging(Bucket="watched", BucketLoggingStatus={})
    assert "LoggingEnabled" not in s3.get_bucket_logging(Bucket="watched")
    s3.get_object(Bucket="watched", Key="a")["Body"].read()
    assert Wire(server.address, Credentials("NOBODY", "x")).get("watched", "a").status == 403
    wait.until(lambda: records(server, "--kind", "refused"), "the record of a later request", SECONDS)
    assert operations() == expected, "nobody asks for it any more"


def test_many_refusals_become_few_records_with_their_sum(server: Server):
    wire, count = Wire(server.address, Credentials("NOBODY", "x")), 500
    for _ in range(count):
        assert wire.get("quiet", "secret").status == 403

    def whole() -> bool:
        return sum(record["count"] for record in records(server, "--limit", "1000")) == count

    wait.until(whole, "all of them to be counted", SECONDS)
    assert len(records(server, "--limit", "1000")) < count / 2


def test_requests_are_answered_while_nothing_can_be_recorded(server: Server):
    """The nats-server is away: a refusal needs no append, and is answered."""
    wire = Wire(server.address, Credentials("NOBODY", "x"))
    before = metric(server, "planetstore_access_records_dropped_total")
    server.kill_nats()
    for _ in range(20):
        assert wire.get("quiet", "secret").status in (403, 503)
    wait.until(server.is_ready, "the nats-server to be back", SECONDS)
    assert wire.get("quiet", "secret").status == 403
    wait.until(lambda: records(server), "records again", SECONDS)
    assert metric(server, "planetstore_access_records_dropped_total") >= before


def test_auditors_read_records_and_others_do_not(server: Server):
    users = Users(server)
    users.create("ada", password=PASSWORD)
    token = login(server, "ada", PASSWORD)
    assert call(server, "GET", "/audit/access", token=token).status == 403
    wait.until(lambda: records(server, "--user", "ada"), "a record of that refusal", SECONDS)
    assert records(server, "--user", "ada")[0]["operation"] == "getAccessLog"
    for wrong in ("kind=x", "before=1", "limit=0", "x=1"):
        assert call(server, "GET", f"/audit/access?{wrong}", token=users.token).status == 400, wrong


def test_events_say_where_from_only_if_the_operator_wants_it(server: Server, make_server):
    def address(of: Server) -> str | None:
        of.wire().put("quiet", "k", b"x")
        done = of.run("audit", "object", "s3://quiet/k", "-o", "json")
        assert done.returncode == 0, done.stderr
        entry, = json.loads(done.stdout)
        assert entry["request"]
        return entry["address"]

    assert address(server) == "127.0.0.1"
    other = make_server("other").start()
    other.wire().make_bucket("quiet")
    assert address(other) is None
