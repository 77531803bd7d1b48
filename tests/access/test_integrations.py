"""What an integration can read with its own NATS login, and that it can do nothing else with it."""

import json
import subprocess
from pathlib import Path

import pytest

from harness import wait
from harness.nats import Nats
from harness.server import BINARY, COMMAND_SECONDS
from harness.users import call, login

SECRET = {"key", "kms_key", "secret", "session", "user"}
LOG, FACTS = "EVENTS_{}", "FACTS_{}"
REGION = "us-east-1"
CONSUMERS_MAX = 16


def fill(server) -> None:
    """Facts of most nouns, with and without secrets."""
    wire = server.wire()
    wire.make_bucket("shared")
    for key in ("a", "b"):
        assert wire.put("shared", key, b"x").status == 200
    wire.close()
    token = login(server, server.credentials.access, server.credentials.secret)
    for path, document in (("/users", {"name": "ada", "password": "correct horse"}), ("/users/ada/keys", {}),
                           ("/groups", {"name": "crew"}), ("/kms-keys", {"name": "vault"})):
        assert call(server, "POST", path, document, token=token).status == 201, path


def info(login: Nats, stream: str) -> dict:
    return json.loads(login.ask(f"$JS.API.STREAM.INFO.{stream}", b'{"subjects_filter":">"}'))


def nouns(shown: dict) -> set[str]:
    return {subject.split(".")[2] for subject in shown["state"].get("subjects", {})}


def mirrored(reader: Nats, log_end: int, stream: str) -> dict:
    """The mirror once it has reached the end of the log. The last facts of the log may not be mirrored."""
    def come() -> dict | None:
        shown = info(reader, stream)
        return shown if shown["state"]["last_seq"] >= log_end and not shown["mirror"].get("error") else None
    return wait.until(come, "the mirror to follow the log")


def create_consumer(reader: Nats, name: str, **more: object) -> dict:
    stream = FACTS.format(REGION)
    config = {"name": name, "durable_name": name, "ack_policy": "explicit", "deliver_policy": "all", **more}
    asked = {"stream_name": stream, "config": config, "action": "create"}
    return json.loads(reader.ask(f"$JS.API.CONSUMER.CREATE.{stream}.{name}", json.dumps(asked).encode()))


def forbidden(login: Nats, subject: str) -> bool:
    login.publish(subject, b"")
    return "Permissions Violation for Publish" in login.ping()


@pytest.fixture
def mirror(composition):
    """A composition whose operator has created the mirror twice, and the login that reads it."""
    fill(composition.gateway)
    for _ in range(2):
        made = subprocess.run([BINARY, "integration"], capture_output=True, text=True, timeout=COMMAND_SECONDS,
                              env=composition.login("integration-owner"))
        assert (made.returncode, made.stdout) == (0, "FACTS_us-east-1\n"), made.stderr
    return composition


def test_an_integration_reads_every_fact_without_secrets_and_none_with(mirror):
    with mirror.connect("gateway") as gateway, mirror.connect("integration") as reader:
        # Later facts reach the mirror too, with the sequence that they have in the log.
        wire = mirror.gateway.wire()
        assert wire.put("shared", "c", b"x").status == 200
        wire.close()
        log, end = info(gateway, LOG.format(REGION)), gateway.last_sequence(REGION)
        shown = mirrored(reader, end, FACTS.format(REGION))
        assert SECRET & nouns(log) == SECRET, "the log holds what is to be kept"
        assert nouns(shown) == nouns(log) - SECRET
        assert {subject: count for subject, count in log["state"]["subjects"].items()
                if subject.split(".")[2] not in SECRET} == shown["state"]["subjects"]
        for sequence in range(1, end + 1):
            asked = json.dumps({"seq": sequence}).encode()
            found = reader.ask(f"$JS.API.DIRECT.GET.{FACTS.format(REGION)}", asked)
            wanted = gateway.event(REGION, sequence)
            is_secret = json.loads(wanted)["type"].split(".")[2] in SECRET
            assert found == (b"" if is_secret else wanted), sequence
        assert "error" not in create_consumer(reader, "audit"), "it has consumers of its own"
        told = reader.ask(f"$JS.API.CONSUMER.MSG.NEXT.{FACTS.format(REGION)}.audit", b"1")
        assert json.loads(told)["type"].startswith("io.planetstore.")


def test_an_integration_changes_nothing_and_sees_no_other_account(mirror):
    with mirror.connect("integration") as reader, mirror.connect("gateway") as gateway:
        before = gateway.last_sequence(REGION)
        log, facts = LOG.format(REGION), FACTS.format(REGION)
        for subject in (f"ps.{REGION}.object.shared.put", f"ps.{REGION}.control.node-1",
                        f"ps.{REGION}.telemetry.node.node-1", f"$JS.API.STREAM.DELETE.{facts}",
                        f"$JS.API.STREAM.PURGE.{facts}", f"$JS.API.STREAM.UPDATE.{facts}",
                        f"$JS.API.STREAM.MSG.DELETE.{facts}", "$JS.API.STREAM.CREATE.OTHER", "$JS.API.STREAM.NAMES",
                        f"$JS.API.STREAM.INFO.{log}", f"$JS.API.DIRECT.GET.{log}",
                        f"$JS.API.CONSUMER.CREATE.{log}", f"LOG.API.CONSUMER.CREATE.{log}",
                        "deliver.integration.x", f"$JS.FC.{log}.x", "_INBOX_gateway.x"):
            assert forbidden(reader, subject), subject
        for subject in (">", f"ps.{REGION}.>", "deliver.>", "_INBOX_gateway.>", "_INBOX_integration-owner.>", "$JS.>"):
            reader._send(f"SUB {subject} 9".encode())
            assert "Permissions Violation for Subscription" in reader.ping(), subject
        # A consumer can deliver to any subject of this account, but to no API of it.
        for number, subject in enumerate((f"$JS.API.STREAM.DELETE.{facts}", f"$JS.API.STREAM.PURGE.{facts}",
                                          f"ps.{REGION}.object.shared.put")):
            told = create_consumer(reader, f"push-{number}", deliver_subject=subject, headers_only=True)
            assert "error" not in told, told
        # Through the import it does reach the log's API, as a request whose body is a fact and names no stream: no
        # consumer of the log is created.
        consumers = info(gateway, log)["state"]["consumer_count"]
        told = create_consumer(reader, "request", deliver_subject=f"LOG.API.CONSUMER.CREATE.{log}", ack_policy="none")
        assert "error" not in told, told
        delivered = f"$JS.API.CONSUMER.INFO.{facts}.request"
        wait.until(lambda: json.loads(reader.ask(delivered, b""))["num_pending"] == 0, "what is delivered")
        assert info(gateway, log)["state"]["consumer_count"] == consumers
        assert info(reader, facts)["state"]["messages"] > 0
        assert gateway.last_sequence(REGION) == before
        made = [create_consumer(reader, f"many-{number}") for number in range(CONSUMERS_MAX)]
        assert any("maximum consumers" in told.get("error", {}).get("description", "") for told in made)


def test_who_makes_the_mirror_reads_no_event_and_no_role_reads_the_mirror(mirror):
    log, facts = LOG.format(REGION), FACTS.format(REGION)
    with mirror.connect("integration-owner") as owner:
        assert info(owner, facts)["config"]["name"] == facts
        for subject in (f"LOG.API.CONSUMER.CREATE.{log}", f"$JS.API.DIRECT.GET.{facts}", f"$JS.API.DIRECT.GET.{log}",
                        f"$JS.API.CONSUMER.CREATE.{facts}.x", f"ps.{REGION}.object.shared.put"):
            assert forbidden(owner, subject), subject
    for role in ("gateway", "feed", "operator", "node-1"):
        with mirror.connect(role) as other:
            assert forbidden(other, f"$JS.API.STREAM.INFO.{facts}"), role


def test_dev_writes_down_who_may_read(make_server, tmp_path: Path):
    file = tmp_path / "integration"
    server = make_server(environment={"PLANETSTORE_INTEGRATION": str(file)}).start()
    fill(server)
    assert file.stat().st_mode & 0o777 == 0o600
    found = dict(line.split("=", 1) for line in file.read_text().splitlines())
    address, user = found["PLANETSTORE_NATS_URL"], found["PLANETSTORE_NATS_USER"]
    with Nats(address, user, found["PLANETSTORE_NATS_PASSWORD"]) as reader:
        shown = wait.until(lambda: (shown := info(reader, FACTS.format(REGION)))["state"]["messages"] and shown,
                           "facts in the mirror")
        wait.until(lambda: "group" in nouns(info(reader, FACTS.format(REGION))), "a group in the mirror")
        assert not nouns(shown) & SECRET
        assert forbidden(reader, f"ps.{REGION}.object.shared.put")
