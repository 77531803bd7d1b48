"""A region is lost under load, the other one goes on, and has it back (ADR 60)."""

import hashlib
import json
import os
import threading
from datetime import datetime, timezone

import pytest
import requests
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError

from harness import wait
from harness.clients import boto_client
from harness.server import Server
from harness.users import Users
from harness.world import document

# Who speaks for the lost region in the other one: the user of the link that leads there.
SPEAKER = "link-to-us-west-2"
LOST, OTHER = "us-east-1", "us-west-2"
REPLICATE = {"Effect": "Allow", "Action": ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"],
             "Resource": "arn:aws:s3:::*"}
SHARE = {"Effect": "Allow", "Action": "planetstore:ReplicateIdentities", "Resource": "arn:aws:admin:::region"}
WRITERS = 3


def link(source: Users, target: Users, name: str) -> None:
    """Has a region replicate to the other one, and share its users."""
    user = f"link-to-{name}"
    target.store_policy(user, document(REPLICATE, SHARE))
    key = target.create(user, policies=[user]).credentials
    source.ask("POST", "/links", {"name": name, "url": target.server.endpoint, "access_key": key.access,
                                  "secret_key": key.secret, "shares_identities": True})


class Load:
    """Clients that write until nobody answers, and what was acknowledged to them and when."""

    def __init__(self, server: Server, credentials, bucket: str) -> None:
        self.clients = [boto_client(server, credentials=credentials, connect_timeout=5, read_timeout=5)
                        for _ in range(WRITERS)]
        self.bucket = bucket
        self.acknowledged: list[tuple[str, str, str, datetime]] = []
        self.threads = [threading.Thread(target=self.write, args=(n,), daemon=True) for n in range(WRITERS)]
        for thread in self.threads:
            thread.start()

    def write(self, writer: int) -> None:
        n = 0
        while True:
            key, body = f"writer-{writer}/{n % 50}", os.urandom(2_000)
            try:
                put = self.clients[writer].put_object(Bucket=self.bucket, Key=key, Body=body)
            except (BotoCoreError, ClientError):
                return
            done = datetime.now(timezone.utc)
            self.acknowledged.append((key, put["VersionId"], hashlib.sha256(body).hexdigest(), done))
            n += 1

    def end(self) -> None:
        for thread in self.threads:
            thread.join(60)
            assert not thread.is_alive()


class World:
    """Two regions of one operator, of which the first replicates to the second."""

    def __init__(self, make_server) -> None:
        self.lost = make_server("lost", keeps_ports=True, environment={"PLANETSTORE_REGION": LOST}).start()
        self.other = make_server("other", environment={"PLANETSTORE_REGION": OTHER}).start()
        one, two = Users(self.lost), Users(self.other)
        link(one, two, OTHER)
        link(two, one, LOST)
        self.ada = one.create("ada", policies=["readwrite"]).credentials
        for server, bucket in ((self.lost, "here"), (self.other, "there")):
            s3 = boto_client(server)
            s3.create_bucket(Bucket=bucket)
            s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        boto_client(self.lost).put_bucket_replication(Bucket="here", ReplicationConfiguration={"Role": "", "Rules": [{
            "ID": "mine", "Priority": 1, "Status": "Enabled", "Filter": {"Prefix": ""},
            "DeleteMarkerReplication": {"Status": "Enabled"},
            "Destination": {"Bucket": f"arn:aws:s3:{OTHER}::there"}}]})
        wait.until(lambda: self.works(self.other), "the user in the other region")

    def works(self, server: Server) -> bool:
        try:
            boto_client(server, credentials=self.ada).list_buckets()
        except ClientError:
            return False
        return True

    def region(self, *arguments: str) -> tuple[int, dict | list, str]:
        done = self.other.run("region", *arguments, "-o", "json")
        return done.returncode, json.loads(done.stdout or "{}"), done.stderr

    def bound(self) -> datetime | None:
        """The time before which all is here."""
        code, regions, said = self.region("list")
        assert code == 0, said
        (region,) = (region for region in regions if region["name"] == LOST)
        said = [said for said in region["statements"] if said["user"] == SPEAKER]
        buckets = [bucket for bucket in said[0]["buckets"] if bucket["bucket"] == "there"] if said else []
        return datetime.fromisoformat(buckets[0]["before"]) if buckets and "before" in buckets[0] else None

    def rules(self, server: Server, bucket: str) -> list[str]:
        try:
            answer = boto_client(server).get_bucket_replication(Bucket=bucket)
        except ClientError as error:
            assert error.response["Error"]["Code"] == "ReplicationConfigurationNotFoundError", error
            return []
        return [rule["ID"] for rule in answer["ReplicationConfiguration"]["Rules"]]


def state(server: Server, key, body: bytes) -> int:
    """Says how much of another region is here."""
    request = AWSRequest("PUT", f"{server.endpoint}/?replicate", data=body,
                         headers={"x-amz-content-sha256": hashlib.sha256(body).hexdigest()})
    S3SigV4Auth(Credentials(key.access, key.secret), "s3", OTHER).add_auth(request)
    return requests.put(request.url, data=body, headers=dict(request.headers), timeout=30).status_code


def versions(server: Server, bucket: str) -> list[tuple]:
    """All versions of a bucket."""
    pages = boto_client(server).get_paginator("list_object_versions").paginate(Bucket=bucket)
    found = []
    for page in pages:
        found += [(row["Key"], row["VersionId"], row["IsLatest"], row["ETag"], row["LastModified"])
                  for row in page.get("Versions", [])]
        found += [(row["Key"], row["VersionId"], row["IsLatest"], "", row["LastModified"])
                  for row in page.get("DeleteMarkers", [])]
    return sorted(found)


@pytest.fixture
def world(make_server):
    return World(make_server)


def test_a_region_is_lost_under_load_and_comes_back(world):
    lost, other = world.lost, world.other
    load = Load(lost, world.ada, "here")
    first = wait.until(lambda: world.bound(), "the first bound")
    enough = wait.until(lambda: (bound := world.bound()) and bound > first and bound, "a later one")
    code, _, said = world.region("promote", LOST, "--user", SPEAKER)
    assert code == 1 and "it is not lost" in said, said
    # What is written now does not get away any more.
    assert lost.run("worker", "pause", "replicate").returncode == 0
    count = len(load.acknowledged)
    wait.until(lambda: len(load.acknowledged) > count + 100, "writes that are lost for now")
    lost.kill()
    load.end()

    # Someone writes before anybody has noticed, and what they write goes back, too.
    s3 = boto_client(other, credentials=world.ada)
    early = s3.put_object(Bucket="there", Key="early", Body=b"before the promotion")
    code, plan, said = world.region("promote", LOST, "--user", SPEAKER, "--dry-run")
    assert code == 0 and plan["added"] == ["there"] and world.rules(other, "there") == [], said
    code, done, said = world.region("promote", LOST, "--user", SPEAKER, "--yes")
    assert code == 0 and done["added"] == ["there"], said
    assert done["statement"]["user"] == SPEAKER and done["failed"] == [], done
    (bucket,) = done["statement"]["buckets"]
    assert bucket["source"] == "here", bucket
    assert (bucket["copies"], bucket["refused"], bucket["is_other"], bucket["back"]) == (False, False, False, "promoted")
    before = datetime.fromisoformat(bucket["before"])
    assert before >= enough
    promised = [write for write in load.acknowledged if write[3] < before]
    assert len(promised) > 20, "the load was no load"
    for key, version, digest, _ in promised:
        body = s3.get_object(Bucket="there", Key=key, VersionId=version)["Body"].read()
        assert hashlib.sha256(body).hexdigest() == digest, key
    there = {version for _, version, *_ in versions(other, "there")}
    assert not {version for _, version, *_ in load.acknowledged} <= there, "nothing was lost"
    code, again, said = world.region("promote", LOST, "--user", SPEAKER, "--yes")
    assert code == 0 and again["added"] == [], said

    late = s3.put_object(Bucket="there", Key="late", Body=b"after the promotion")
    s3.delete_object(Bucket="there", Key=promised[0][0])
    code, waits, said = world.region("failback", LOST, "--user", SPEAKER, "--timeout", "1s")
    assert code == 5 and waits["waits_for"] and world.rules(other, "there") == [f"promoted-{LOST}-here"], said

    lost.start()
    assert lost.run("worker", "resume", "replicate").returncode == 0
    code, back, said = world.region("failback", LOST, "--user", SPEAKER, "--timeout", "2m")
    assert code == 0 and back["is_done"] and back["removed"] == ["there"], (back, said)
    assert world.rules(other, "there") == [] and world.rules(lost, "here") == ["mine"]
    here = versions(lost, "here")
    assert here == versions(other, "there")
    ids = {version for _, version, *_ in here}
    assert {early["VersionId"], late["VersionId"]} <= ids
    assert {version for _, version, *_ in load.acknowledged} <= ids, "what was acknowledged is there once the region is"
    assert boto_client(lost, credentials=world.ada).get_object(Bucket="here", Key="late")["Body"].read() == \
        b"after the promotion"


def test_nobody_speaks_for_a_region_whom_no_administrator_named(world):
    boto_client(world.lost).put_object(Bucket="here", Key="k", Body=b"hello")
    wait.until(lambda: world.bound(), "the bound")
    mallory = Users(world.other)
    mallory.store_policy("mallory", document(REPLICATE))
    key = mallory.create("mallory", policies=["mallory"]).credentials
    body = json.dumps({"form": 1, "region": LOST, "before": datetime.now(timezone.utc).isoformat(), "up_to": 1_000_000,
                       "buckets": [{"bucket": "there", "source": "here"}]}).encode()
    assert state(world.other, key, body) == 200
    code, regions, said = world.region("list")
    (region,) = (region for region in regions if region["name"] == LOST)
    assert code == 0 and [said["user"] for said in region["statements"]] == [SPEAKER, "mallory"], said
    world.lost.kill()
    code, _, said = world.region("promote", LOST, "--yes")
    assert code == 2 and "--user" in said, said
    code, done, said = world.region("promote", LOST, "--user", SPEAKER, "--yes")
    assert code == 0 and done["statement"]["up_to"] < 1_000_000, (done, said)


def test_without_a_link_it_is_said_how_to_add_one(world):
    boto_client(world.lost).put_object(Bucket="here", Key="k", Body=b"hello")
    wait.until(lambda: world.bound(), "the bound")
    world.lost.kill()
    Users(world.other).ask("DELETE", f"/links/{LOST}")
    done = world.other.run("region", "promote", LOST, "--user", SPEAKER, "--yes")
    assert done.returncode == 5 and f"planetstore admin link add {LOST}" in done.stdout, done
    assert "there (from here): everything that us-east-1 acknowledged before" in done.stdout
    assert f"{SPEAKER} said so for {LOST}" in done.stdout
    assert world.rules(world.other, "there") == []
    assert world.region("promote", "eu-1", "--user", SPEAKER)[0] == 1
    assert world.region("promote", OTHER, "--user", SPEAKER)[0] == 1
