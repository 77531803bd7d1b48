"""A thief of a NATS login may publish on some subjects of the log. Entries that the login's author may not write are
not facts.
"""

import hashlib
import json
import os
import subprocess
import uuid
from contextlib import closing

import pytest

from harness import wait
from harness.clients import boto_client
from harness.composition import Composition
from harness.server import BINARY, STOP_SECONDS

pytestmark = pytest.mark.waits

REGION = "us-east-1"
# The login of `run lifecycle` may publish here.
SUBJECT = f"ps.{REGION}.object.x.deleted"


def quarantined(composition: Composition) -> dict[str, object]:
    done = composition.gateway.run("status", "-o", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["ledger"]["quarantined"]


def assert_goes_on(composition: Composition, count: int) -> None:
    """Writes, reads and restarts work, the operator is warned, and every ledger has the same state."""
    gateway = composition.gateway
    with closing(gateway.wire()) as wire:
        assert wire.put("bucket", "after", b"x").status == 200
        assert wire.get("bucket", "after").body == b"x"
    wait.until(lambda: quarantined(composition)["count"] == count, "the quarantine")
    assert f"planetstore_ledger_quarantined {count}\n" in gateway.get_console("/metrics")[1].decode()
    doctor = gateway.run("doctor")
    assert doctor.returncode == 5 and "not facts" in doctor.stdout, doctor.stdout
    gateway.stop()
    login = composition.login("gateway")
    surroundings = gateway.environment
    gateway.environment = {**surroundings, **login}
    rebuilt = gateway.run("rebuild")
    gateway.environment = surroundings
    assert rebuilt.returncode == 0 and "equal" in rebuilt.stdout, (rebuilt.stdout, rebuilt.stderr)
    gateway.start()
    with closing(gateway.wire()) as wire:
        assert wire.put("bucket", "again", b"y").status == 200
    assert quarantined(composition)["count"] == count


def made(composition: Composition) -> None:
    with closing(composition.gateway.wire()) as wire:
        wire.make_bucket("bucket")


def test_the_login_of_lifecycle_makes_no_administrator(composition):
    made(composition)
    created = composition.gateway.run("admin", "user", "create", "mallory", "--generate-password")
    assert created.returncode == 0, created.stderr
    with composition.connect("lifecycle") as nats:
        last = nats.last_sequence(REGION)
        event = {
            "specversion": "1.0", "id": str(uuid.UUID(int=uuid.uuid4().int, version=4)),
            "source": f"planetstore://{REGION}/users/mallory", "type": "io.planetstore.user.changed.v1",
            "time": "2026-11-29T00:00:00Z", "datacontenttype": "application/json", "sequence": f"{last + 1:020}",
            "previoushash": hashlib.sha256(nats.event(REGION, last)).hexdigest(), "authtype": "user", "authid": "root",
            "data": {"user": "mallory", "role": "admin", "display_name": "mallory", "enabled": True, "limits": {}},
        }
        nats.publish(SUBJECT, json.dumps(event).encode(), {"Nats-Msg-Id": event["id"]})
        assert not nats.ping()
        wait.until(lambda: nats.last_sequence(REGION) == last + 1, "the stream")
    shown = composition.gateway.run("admin", "user", "show", "mallory", "-o", "json")
    assert shown.returncode == 0 and json.loads(shown.stdout)["role"] != "admin", shown.stdout
    assert quarantined(composition)["newest"][0]["subject"] == SUBJECT
    assert_goes_on(composition, 1)


def test_garbage_on_the_log_is_passed_over(composition):
    made(composition)
    lifecycle = composition.run_lifecycle("lifecycle-1", day_seconds=86_400)
    with composition.connect("lifecycle") as nats:
        last = nats.last_sequence(REGION)
        nats.publish(SUBJECT, b"garbage")
        nats.publish(SUBJECT, b"", {"Nats-Msg-Id": "no-uuid", "Planetstore-Proof": "gateway.x.y"})
        assert not nats.ping()
        wait.until(lambda: nats.last_sequence(REGION) == last + 2, "the stream")
    assert_goes_on(composition, 2)
    assert lifecycle.poll() is None, "it goes on too"


def test_what_follows_rules_is_given_a_key_or_does_not_start(composition):
    command = [BINARY, "run", "lifecycle", "--data", str(composition.folder / "keyless")]
    done = subprocess.run(command, env={**os.environ, **composition.login("lifecycle")}, capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode == 1 and "planetstore author-key lifecycle" in done.stderr, done.stderr


def test_a_rotated_key_stops_who_lacks_it_and_serves_who_has_it(composition):
    made(composition)
    gateway = composition.gateway
    old = composition.run_lifecycle("old", day_seconds=1)
    said = composition.folder / "old.log"
    wait.until(lambda: "applying lifecycle rules" in said.read_text(), "a role with the old key")
    # The next key contains the previous one, so it can be distributed first.
    handed = subprocess.run(
        [BINARY, "author-key", "lifecycle", "--number", "1"], capture_output=True, text=True, timeout=60, check=True,
        env={**os.environ, "PLANETSTORE_MASTER_KEY_FILE": str(composition.secrets / "master-key")})
    key = composition.secrets / "author-key-lifecycle"
    key.unlink()
    key.write_text(handed.stdout)
    new = composition.run_lifecycle("new", day_seconds=1)
    for author in ("lifecycle", "gateway"):
        rotated = gateway.run("admin", "region", "rotate-key", author, "-o", "json")
        assert rotated.returncode == 0, rotated.stderr
        assert json.loads(rotated.stdout)["key_numbers"][author] == 1
    assert old.wait(STOP_SECONDS) != 0
    assert "key 1 of lifecycle is in use" in said.read_text()
    client = boto_client(gateway)
    client.put_object(Bucket="bucket", Key="due", Body=b"x")
    client.put_bucket_lifecycle_configuration(Bucket="bucket", LifecycleConfiguration={"Rules": [
        {"ID": "all", "Status": "Enabled", "Filter": {}, "Expiration": {"Days": 1}}]})
    wait.until(lambda: "Contents" not in client.list_objects_v2(Bucket="bucket"), "the end of what is due", 60)
    assert new.poll() is None
    gateway.stop()
    gateway.start()
    assert quarantined(composition)["count"] == 0
    with closing(gateway.wire()) as wire:
        assert wire.put("bucket", "after", b"x").status == 200
