"""Durable consumers: what a reader outside of the store gets with its login, and that it can do nothing else with it."""

import json
import subprocess
import sys

import pytest

from harness import wait
from harness.nats import Nats
from harness.server import BINARY, COMMAND_SECONDS
from harness.users import call, login

REGION = "us-east-1"
LOG = f"EVENTS_{REGION}"
SECRET_NOUNS = {"secret", "session"}
PASSWORD = "correct horse battery"


@pytest.fixture
def server(make_server):
    """A server of each test's own: consumers get the events of all of it."""
    return make_server().start()


@pytest.fixture
def root(server) -> str:
    """An access token of root."""
    return login(server, server.credentials.access, server.credentials.secret)


def add(server, token: str, name: str, *, bucket: str | None = None, types: str | None = None,
        start: str = "start") -> dict:
    """A new consumer's login."""
    document = {"name": name, "filter": {"bucket": bucket, "type": types}, "from": start}
    told = call(server, "POST", "/consumers", document, token=token)
    assert told.status == 201, told.body
    return told.json()["credentials"]


def shown(server, token: str, name: str) -> dict:
    told = call(server, "GET", "/consumers", token=token)
    assert told.status == 200, told.body
    return next(consumer for consumer in told.json()["consumers"] if consumer["name"] == name)


def connect(credentials: dict) -> Nats:
    return Nats(credentials["url"], credentials["user"], credentials["password"])


def fill(server, token: str) -> None:
    """Facts of most nouns, with and without secrets."""
    wire = server.wire()
    for bucket in ("shared", "other"):
        wire.make_bucket(bucket)
        assert wire.put(bucket, "a", b"x").status == 200
    wire.close()
    for path, document in (("/users", {"name": "ada", "password": PASSWORD}), ("/users/ada/keys", {}),
                           ("/groups", {"name": "crew"}), ("/kms-keys", {"name": "vault"})):
        assert call(server, "POST", path, document, token=token).status == 201, path


def take(reader: Nats, credentials: dict, events: int) -> list[tuple[str, dict]]:
    """So many events that the consumer has, each with the subject that acknowledges it; `None` of them is acknowledged."""
    asked = json.dumps({"batch": events, "no_wait": True}).encode()
    inbox = f"{credentials['inbox']}.take"
    reader._send(f"SUB {inbox} 7".encode())
    reader._send(f"PUB {credentials['subject']} {inbox} {len(asked)}\r\n".encode() + asked)
    found = []
    while len(found) < events:
        words = reader._line().split()
        assert words[0] in (b"MSG", b"HMSG"), words
        body = reader.lines.read(int(words[-1]) + 2)[:-2]
        if b"$JS.ACK" not in words[3]:
            break
        head = int(words[-2]) if words[0] == b"HMSG" else 0
        found.append((words[3].decode(), json.loads(body[head:])))
    reader._send(b"UNSUB 7")
    return found


def everything(reader: Nats, credentials: dict) -> list[dict]:
    """All events that the consumer has now, acknowledged."""
    events = []
    while found := take(reader, credentials, 100):
        for subject, event in found:
            reader.publish(subject, b"")
            events.append(event)
    assert reader.ping() == ""
    return events


def refused_to_publish(reader: Nats, subject: str) -> bool:
    reader.publish(subject, b"")
    return "Permissions Violation for Publish" in reader.ping()


def refused_to_listen(reader: Nats, subject: str) -> bool:
    reader._send(f"SUB {subject} 9".encode())
    return "Permissions Violation for Subscription" in reader.ping()


def is_refused(credentials: dict, **other: str) -> bool:
    try:
        connect({**credentials, **other})
    except (AssertionError, ConnectionError):
        return True
    return False


def test_a_reader_gets_every_event_of_its_filter_once_and_no_secret(server, root):
    fill(server, root)
    readers = {name: add(server, root, name, bucket=bucket, types=types) for name, bucket, types in (
        ("all", None, None), ("bucket", "shared", None), ("type", None, "object.created"),
        ("both", "other", "object.created,bucket"))}
    told = call(server, "GET", "/events?limit=1000", token=root)
    on_log = told.json()
    of_log = {event["sequence"]: event for event in on_log}
    wanted = {
        "all": lambda event: True,
        "bucket": lambda event: "/buckets/shared" in event["source"],
        "type": lambda event: event["type"] == "io.planetstore.object.created.v1",
        "both": lambda event: "/buckets/other" in event["source"]
        and event["type"].split(".")[2] in ("object", "bucket"),
    }
    for name, credentials in readers.items():
        with connect(credentials) as reader:
            events = everything(reader, credentials)
        sequences = [event["sequence"] for event in events]
        assert sequences == sorted(set(sequences)), "in the order of the log, each once"
        expected = [event for event in on_log if wanted[name](event)]
        got = [event for event in events if event["sequence"] in of_log]
        assert got == expected, name
        text = json.dumps(events)
        for secret in ("v1.", "argon2", '"session"', "refresh"):
            assert secret not in text, f"{secret} reached {name}"
        assert not SECRET_NOUNS & {event["type"].split(".")[2] for event in events}
    listed = shown(server, root, "type")
    assert (listed["lag"], listed["unacked"], listed["owner"]) == (0, 0, "root"), listed


def test_a_login_reads_one_consumer_and_does_nothing_else(server, root):
    fill(server, root)
    mine, other = add(server, root, "mine"), add(server, root, "other")
    with connect(mine) as reader, connect(other) as victim:
        durable = other["durable"]
        for subject in (f"ps.{REGION}.object.shared.created", f"ps.{REGION}.shards.node-1", f"ps.{REGION}.control.node-1",
                        f"ps.{REGION}.telemetry.node.node-1", f"$JS.API.STREAM.INFO.{LOG}", f"$JS.API.STREAM.DELETE.{LOG}",
                        f"$JS.API.STREAM.PURGE.{LOG}", f"$JS.API.DIRECT.GET.{LOG}", f"$JS.API.CONSUMER.NAMES.{LOG}",
                        f"$JS.API.CONSUMER.CREATE.{LOG}", f"$JS.API.CONSUMER.CREATE.{LOG}.{mine['durable']}",
                        f"$JS.API.CONSUMER.DELETE.{LOG}.{mine['durable']}", f"$JS.API.CONSUMER.INFO.{LOG}.{durable}",
                        f"LOG.API.CONSUMER.MSG.NEXT.{LOG}.{durable}",
                        f"LOG.API.CONSUMER.INFO.{LOG}.{durable}", f"LOG.API.STREAM.INFO.{LOG}", f"$JS.ACK.{LOG}.{durable}.1.1.1.1.0",
                        "$SYS.REQ.USER.AUTH", "_INBOX_gateway.x", "LOG.API.CONSUMER.CREATE.x"):
            assert refused_to_publish(reader, subject), subject
        for subject in (">", "ps.>", "$JS.>", "$SYS.>", "_INBOX_gateway.>", f"{other['inbox']}.>", "_R_.>"):
            assert refused_to_listen(reader, subject), subject

        # Its requests name where events go. The subjects of roles are in another account: nobody there hears them.
        (held,) = take(victim, other, 1)
        before = shown(server, root, "other")
        for target in (f"ps.{REGION}.control.node-1", f"LOG.API.CONSUMER.MSG.NEXT.{LOG}.{durable}", held[0],
                       f"$JS.API.STREAM.DELETE.{LOG}", "$SYS.REQ.USER.AUTH"):
            for body in (b"1", b'{"batch":1,"no_wait":true}'):
                reader._send(f"PUB {mine['subject']} {target} {len(body)}\r\n".encode() + body)
                reader.ping()
        after = shown(server, root, "other")
        assert (after["position"], after["unacked"]) == (before["position"], before["unacked"]), "nobody else acknowledges"
    assert server.is_ready(), "no node was stopped, and the log is there"


def test_only_the_password_of_a_consumer_that_is_there_lets_in(server, root):
    first = add(server, root, "search")
    other = add(server, root, "other")
    with connect(first):
        pass
    for wrong in ({"password": other["password"]}, {"password": ""}, {"user": "gateway"}, {"user": "search"},
                  {"user": "", "password": ""}, {"user": "consumer-search-0000000000000000"}):
        assert is_refused(first, **wrong), wrong
    with connect(first) as reader:
        assert call(server, "DELETE", "/consumers/search", token=root).status == 204
        assert is_refused(first)
        second = add(server, root, "search")
        assert is_refused(first) and first["durable"] != second["durable"]
        # Who is connected still is, and gets nothing any more.
        answer = reader.ask(first["subject"], b'{"batch":1,"no_wait":true}')
        assert answer == b"", answer
        told = call(server, "GET", "/consumers", token=root).json()
        assert [consumer["name"] for consumer in told["consumers"]] == ["other", "search"]


def test_a_reader_goes_on_where_it_was_after_a_restart_of_everything(server, root):
    fill(server, root)
    credentials = add(server, root, "search", bucket="shared")
    with connect(credentials) as reader:
        seen = [event["sequence"] for event in everything(reader, credentials)]
    assert seen
    server.stop()
    server.start()
    root = login(server, server.credentials.access, server.credentials.secret)
    wire = server.wire()
    assert wire.put("shared", "b", b"x").status == 200
    wire.close()
    with connect(credentials) as reader:
        found = wait.until(lambda: everything(reader, credentials), "the event of the new object")
    assert [event["subject"] for event in found if event["type"].endswith("object.created.v1")] == ["b"]
    assert min(event["sequence"] for event in found) > max(seen)


def test_a_reader_that_acknowledges_nothing_is_seen_and_costs_a_bounded_amount(server, root):
    fill(server, root)
    credentials = add(server, root, "silent", types="object.created")
    with connect(credentials) as reader:
        assert len(take(reader, credentials, 100)) == 2
        listed = shown(server, root, "silent")
        assert (listed["unacked"], listed["lag"], listed["position"]) == (2, 2, listed["start"] - 1), listed
        info = json.loads(reader.ask(f"LOG.API.CONSUMER.INFO.{LOG}.{credentials['durable']}", b""))["config"]
        assert info["max_ack_pending"] == 10_000 and info["max_waiting"] == 64 and info["max_batch"] == 5_000, info
    said = subprocess.run([BINARY, "events", "consumer", "list", "--data", server.data], capture_output=True, text=True,
                          timeout=COMMAND_SECONDS, env=server.surroundings())
    assert said.returncode == 0, said.stderr
    (line,) = [line for line in said.stdout.splitlines() if line.startswith("silent")]
    assert line.split()[3:6] == [str(listed["position"]), "2", "2"], said.stdout


def test_the_command_adds_a_consumer_whose_program_reads_and_removes_it(server, root, tmp_path):
    fill(server, root)

    def command(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([BINARY, "events", "consumer", *words, "--data", server.data], capture_output=True, text=True,
                              timeout=COMMAND_SECONDS, env=server.surroundings())

    added = command("add", "search", "--bucket", "shared", "--type", "object.created", "--from", "start")
    assert added.returncode == 0, added.stderr
    program = tmp_path / "read.py"
    program.write_text(added.stdout[added.stdout.index("# pip install"):])
    with subprocess.Popen([sys.executable, program], stdout=subprocess.PIPE, text=True) as running:
        try:
            sequence, event_type, subject = running.stdout.readline().split()
            # The program says what it read before it acknowledges that.
            wait.until(lambda: shown(server, root, "search")["lag"] == 0, "the acknowledgement")
        finally:
            running.terminate()
    assert (event_type, subject) == ("io.planetstore.object.created.v1", "a") and int(sequence) > 0
    again = command("add", "search")
    assert again.returncode == 1 and "exists already" in again.stderr, again.stderr
    for words, said in ((("add", "x" * 1_025), "1 to 48"), (("add", "x", "--from", "999999999"), "the log ends at"),
                        (("add", "x", "--from", "soon"), "`from` is"), (("add", "x", "--type", "nothing"), "no such type"),
                        (("rm", "x"), "no such consumer")):
        refused = command(*words)
        assert refused.returncode in (1, 2) and said in refused.stderr, refused.stderr
    assert command("rm", "search").returncode == 0
    assert "search" not in command("list").stdout


def test_the_composition_has_consumers_too(composition):
    gateway = composition.gateway
    token = login(gateway, gateway.credentials.access, gateway.credentials.secret)
    fill(gateway, token)
    credentials = add(gateway, token, "search", bucket="shared", types="object")
    assert credentials["url"] == composition.url
    with connect(credentials) as reader:
        assert [event["subject"] for event in everything(reader, credentials)] == ["a"]
        assert refused_to_publish(reader, f"$JS.API.DIRECT.GET.{LOG}")
    assert is_refused(credentials, password="SUAKT7C3EPJZ5YBADORJBBHIKZJJE7XUIVH3BDIQU55V2MDOAL4REUQIB4")
    # Users of the server's configuration log in whether a gateway runs or not.
    gateway.stop()
    with composition.connect("feed") as feed:
        assert feed.last_sequence(REGION) > 0
    assert is_refused(credentials)
