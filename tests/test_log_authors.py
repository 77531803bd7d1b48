"""Whoever has a login of the NATS server may publish on some subjects of the log: what he may not say is no fact."""

import hashlib
import json
import os
import subprocess
import uuid
from contextlib import closing

from harness import wait
from harness.composition import Composition
from harness.server import BINARY

REGION = "us-east-1"
# The login of `run gc` may publish here.
SUBJECT = f"ps.{REGION}.object.x.deleted"


def quarantined(composition: Composition) -> dict[str, object]:
    done = composition.gateway.run("status", "-o", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["ledger"]["quarantined"]


def assert_goes_on(composition: Composition, count: int) -> None:
    """Writes, reads and restarts work, the operator is told, and every ledger holds the same."""
    gateway = composition.gateway
    with closing(gateway.wire()) as wire:
        assert wire.put("bucket", "after", b"x").status == 200
        assert wire.get("bucket", "after").body == b"x"
    wait.until(lambda: quarantined(composition)["count"] == count, "the quarantine")
    assert f"planetstore_ledger_quarantined {count}\n" in gateway.get_console("/metrics")[1].decode()
    doctor = gateway.run("doctor")
    assert doctor.returncode == 5 and "no facts" in doctor.stdout, doctor.stdout
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


def test_the_login_of_gc_makes_no_administrator(composition):
    made(composition)
    created = composition.gateway.run("admin", "user", "create", "mallory", "--generate-password")
    assert created.returncode == 0, created.stderr
    with composition.connect("gc") as nats:
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
    gc = composition.run_gc("gc-1", day_seconds=86_400)
    with composition.connect("gc") as nats:
        last = nats.last_sequence(REGION)
        nats.publish(SUBJECT, b"garbage")
        nats.publish(SUBJECT, b"", {"Nats-Msg-Id": "no-uuid", "Planetstore-Proof": "gateway.x.y"})
        assert not nats.ping()
        wait.until(lambda: nats.last_sequence(REGION) == last + 2, "the stream")
    assert_goes_on(composition, 2)
    assert gc.poll() is None, "it goes on too"


def test_what_follows_rules_is_given_a_key_or_does_not_start(composition):
    command = [BINARY, "run", "gc", "--data", str(composition.folder / "keyless")]
    done = subprocess.run(command, env={**os.environ, **composition.login("gc")}, capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode == 1 and "planetstore author-key gc" in done.stderr, done.stderr
