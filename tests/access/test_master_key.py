"""Rotation of a region's master key: everything sealed before stays valid, through kills and restarts, for all roles.
"""

import json
import random
import re
import time
from contextlib import closing

import boto3
import pytest
from botocore.config import Config

from harness import wait
from harness.composition import Composition
from harness.server import NotStarted, Server
from harness.users import Users, login

REGION = "us-east-1"
USERS = 40


def master_keys(server: Server) -> str:
    """The contents of the data folder's key file."""
    text = (server.data / "master.key").read_text()
    return next(line for line in text.splitlines() if not line.startswith("#")).partition("=")[2]


def status(server: Server) -> dict:
    done = server.run("admin", "master-key", "status", "-o", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def rotate(server: Server) -> dict:
    done = server.run("admin", "master-key", "rotate", "-o", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def add_key(server: Server) -> None:
    done = server.run("master-key", "add")
    assert done.returncode == 0, done.stderr


def generation_of(created: dict) -> str:
    """The generation of an object's only content."""
    found = re.findall(r'"generation": "([^"]+)"', json.dumps(created))
    assert len(found) == 1, created
    return found[0]


class Sealed:
    """Users with passwords and keys, a key of the key store, and objects under both kinds of keys."""

    def __init__(self, server: Server, count: int) -> None:
        users = Users(server)
        users.ask("POST", "/kms-keys", {"name": "vault"})
        names = [f"user-{number}" for number in range(count)]
        self.keys = {name: users.create(name, policies=["readwrite"]).credentials for name in names}
        users.ask("PUT", "/users/user-0/password", {"password": "correct horse"})
        users.close()
        self.objects: list[str] = []
        self.put(server, "first")

    def client(self, server: Server, user: str):
        keys = self.keys[user]
        return boto3.client("s3", endpoint_url=server.endpoint, region_name="us-east-1", aws_access_key_id=keys.access,
                            aws_secret_access_key=keys.secret, config=Config(s3={"addressing_style": "path"}))

    def put(self, server: Server, name: str) -> None:
        """Stores objects under the master key and under a key that it seals, and an upload that is still in progress.
        """
        s3 = self.client(server, "user-0")
        if not self.objects:
            s3.create_bucket(Bucket="bucket")
        for kind, how in {"s3": {"ServerSideEncryption": "AES256"},
                          "kms": {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "vault"}}.items():
            s3.put_object(Bucket="bucket", Key=f"{name}-{kind}", Body=f"{name}-{kind}".encode(), **how)
            self.objects.append(f"{name}-{kind}")

    def assert_same(self, server: Server) -> None:
        for user in self.keys:
            self.client(server, user).list_objects_v2(Bucket="bucket")
        s3 = self.client(server, "user-1")
        for key in self.objects:
            assert s3.get_object(Bucket="bucket", Key=key)["Body"].read() == key.encode()
        # A copy is sealed again, whichever key sealed its source.
        s3.copy_object(Bucket="bucket", Key="copy", CopySource="bucket/first-s3", ServerSideEncryption="AES256")
        assert s3.get_object(Bucket="bucket", Key="copy")["Body"].read() == b"first-s3"
        assert login(server, "user-0", "correct horse")


def assert_rebuilds(server: Server) -> None:
    server.stop()
    rebuilt = server.run("rebuild")
    assert rebuilt.returncode == 0 and "equal" in rebuilt.stdout, (rebuilt.stdout, rebuilt.stderr)
    server.start()


def test_a_master_key_is_changed_and_the_former_one_is_not_needed_in_clear(make_server):
    server = make_server().start()
    sealed = Sealed(server, 3)
    assert status(server)["number"] == 0
    refused = server.run("admin", "master-key", "rotate")
    assert refused.returncode == 1 and "master-key add" in refused.stderr, refused.stderr
    first = master_keys(server)
    for number in (1, 2):
        add_key(server)
        server.restart()
        assert status(server)["number"] == number - 1, "it is held, and not used yet"
        sealed.put(server, f"between-{number}")
        assert rotate(server)["number"] == number
        wait.until(lambda: status(server)["done"], "all to be sealed anew")
        sealed.put(server, f"after-{number}")
        sealed.assert_same(server)
    retired = server.run("master-key", "retire")
    assert retired.returncode == 0, retired.stderr
    kept = master_keys(server).split(",")
    assert len(kept) == 3 and first not in kept and all(text.startswith("v1.") for text in kept[:2]), kept
    assert_rebuilds(server)
    sealed.assert_same(server)
    # The newest one alone is not enough, and the message says what to do.
    server.stop()
    file = server.data / "master.key"
    whole = file.read_text()
    file.write_text(f"PLANETSTORE_MASTER_KEY={kept[2]}\n")
    with pytest.raises(NotStarted, match="folded with another one"):
        server.start()
    file.write_text(whole)
    server.start()
    sealed.assert_same(server)


def test_a_kill_at_any_moment_of_it_loses_nothing(make_server, seed):
    moments = random.Random(seed)
    server = make_server().start()
    sealed = Sealed(server, USERS)
    add_key(server)
    server.restart()
    rotate(server)
    kills = 0
    for _ in range(4):
        time.sleep(moments.uniform(0, 0.4))  # The moment of the kill; it waits for no condition.
        server.kill()
        kills += 1
        server.start()
        if status(server)["done"]:
            break
    wait.until(lambda: status(server)["done"], "all to be sealed anew")
    assert kills and status(server)["left"] == {"passwords": 0, "access_keys": 0, "kms_keys": 0, "links": 0, "targets": 0}
    sealed.assert_same(server)
    assert_rebuilds(server)
    sealed.assert_same(server)


def test_every_role_is_given_the_key_before_it_is_used(composition: Composition):
    gateway = composition.gateway
    secret = composition.secrets / "master-key"
    sealed = Sealed(gateway, 2)
    secret.chmod(0o600)
    without = composition.run_lifecycle("lifecycle-without", day_seconds=86_400)
    printed = gateway.run("master-key", "add", "--print")
    assert printed.returncode == 0 and printed.stdout.startswith("PLANETSTORE_MASTER_KEY="), printed.stderr
    secret.write_text(printed.stdout)
    gateway.restart()
    key = gateway.author_key()["PLANETSTORE_AUTHOR_KEY"]
    assert key.count(",") == 1
    author = composition.secrets / "author-key-lifecycle"
    author.chmod(0o600)
    author.write_text(key)
    with_key = composition.run_lifecycle("lifecycle-with", day_seconds=86_400)
    rotate(gateway)
    assert without.wait(60) != 0
    said = (composition.folder / "lifecycle-without.log").read_text()
    assert "the master key with number 1 is in use, and this process holds 1" in said, said
    wait.until(lambda: status(gateway)["done"], "all to be sealed anew")
    sealed.assert_same(gateway)
    assert with_key.poll() is None
    # The public part of the log contains no secret: read here by a user who may read all of it, without the subjects
    # that a mirror leaves out.
    with composition.connect("operator") as nats:
        events = [nats.event(REGION, sequence) for sequence in range(1, nats.last_sequence(REGION) + 1)]
    ordinary = [event for event in map(json.loads, events) if event["type"].split(".")[2] not in ("secret", "session")]
    assert len(ordinary) < len(events)
    assert not [event for event in ordinary if '"v1.' in json.dumps(event)]
    assert {"io.planetstore.user.created.v1", "io.planetstore.key.created.v1",
            "io.planetstore.object.created.v1", "io.planetstore.user.logged_in.v1"} <= {e["type"] for e in ordinary}
    with closing(gateway.wire()) as wire:
        assert wire.put("bucket", "again", b"y").status == 200
    # Objects that are stored from here on are tagged with the new master key: the generation of their content has its
    # number.
    with composition.connect("operator") as nats:
        last = json.loads(nats.event(REGION, nats.last_sequence(REGION)))
    assert last["type"] == "io.planetstore.object.created.v1"
    assert generation_of(last["data"])[14:18] == "8001"
    before = next(event for event in ordinary if event["type"] == "io.planetstore.object.created.v1")
    assert generation_of(before["data"])[14:18] == "8000"
