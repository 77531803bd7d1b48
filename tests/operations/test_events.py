"""Events for whoever reads them: the catalogue, pages and a stream over HTTP, and the command line."""

import http.client
import json
import subprocess
from contextlib import closing
from urllib.parse import quote

import pytest

from harness import wait
from harness.server import BINARY
from harness.users import Users, call, login

PASSWORD = "correct horse"
STREAM_SECONDS = 30


@pytest.fixture
def root(server) -> str:
    """An access token of root."""
    return login(server, server.credentials.access, server.credentials.secret)


def page(server, token: str, query: str = "") -> tuple[list[dict], http.client.HTTPMessage]:
    told = call(server, "GET", f"/events?{query}", token=token)
    assert told.status == 200, told.body
    assert told.headers["content-type"] == "application/cloudevents-batch+json"
    return told.json(), told.headers


def all_events(server, token: str, query: str = "") -> list[dict]:
    """Every event that a query finds, page by page."""
    events, after = [], 0
    while True:
        found, headers = page(server, token, f"{query}&limit=50&after={after}")
        events += found
        after = int(headers["x-planetstore-next"])
        if after >= int(headers["x-planetstore-sequence"]):
            return events


class Stream:
    """Server-Sent Events as they come."""

    def __init__(self, server, token: str, query: str = "", last: int | None = None) -> None:
        self.connection = http.client.HTTPConnection(server.console, timeout=STREAM_SECONDS)
        back = {} if last is None else {"last-event-id": str(last)}
        self.connection.request("GET", f"/api/v1/events/stream?{query}",
                                headers={"authorization": f"Bearer {token}", **back})
        self.response = self.connection.getresponse()
        assert self.response.status == 200, self.response.read()

    def event(self) -> dict:
        """The next event of the log."""
        while True:
            line = self.response.readline()
            assert line, "the stream ended"
            if line.startswith(b"data: {\"specversion"):
                return json.loads(line[len(b"data: "):])

    def close(self) -> None:
        self.connection.close()


def test_the_schemas_are_served_to_everybody(server):
    status, body = server.get_console("/schemas/")
    assert status == 200
    index = json.loads(body)
    place = index["types"]["io.planetstore.object.created.v1"]
    assert json.loads(server.get_console(place)[1])["title"] == "object.created.v1"
    assert json.loads(server.get_console(index["asyncapi"])[1])["asyncapi"] == "3.0.0"
    assert server.get_console("/schemas/nothing.json")[0] == 404


def test_the_catalogue_needs_no_store(tmp_path):
    def run(*words: str) -> str:
        return subprocess.run([BINARY, "events", *words], capture_output=True, text=True, check=True, cwd=tmp_path).stdout

    types = json.loads(run("types", "-o", "json"))
    assert {"type": "io.planetstore.bucket.deleted.v1", "level": 0}.items() <= types[1].items() and types[1]["says"]
    assert json.loads(run("schema", "bucket.deleted"))["title"] == "bucket.deleted.v1"
    assert "io.planetstore.node.offline.v1" in run("types")


def test_every_write_is_an_event_that_can_be_read_and_followed(server, s3, bucket, root):
    behind = int(page(server, root, "limit=1")[1]["x-planetstore-sequence"])
    stream = Stream(server, root, f"bucket={bucket}&type=object")
    keys = ["plain", "with space", "\u00e4/\u20ac", "a+b"]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    followed = [stream.event() for _ in keys]
    stream.close()
    assert [event["subject"] for event in followed] == [quote(key) for key in keys]
    assert all_events(server, root, f"bucket={bucket}&type=object.created") == followed
    assert page(server, root, f"bucket={bucket}&prefix={quote(keys[2][:2], safe='')}")[0] == [followed[2]]
    assert page(server, root, "user=root&after=%d" % behind)[0] == followed

    s3.delete_object(Bucket=bucket, Key="plain")
    again = Stream(server, root, f"bucket={bucket}", last=int(followed[2]["sequence"]))
    assert [again.event()["type"].split(".")[3] for _ in range(2)] == ["created", "deleted"]
    again.close()


def test_a_user_sees_what_they_may_list(server, s3, bucket, root):
    users = Users(server)
    users.store_policy("lists-a", json.dumps({"Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{bucket}",
        "Condition": {"StringLike": {"s3:prefix": "a/*"}}}}))
    users.create("lister", policies=["lists-a"], password=PASSWORD)
    users.close()
    token = login(server, "lister", PASSWORD)
    # What is public in other tests' buckets is for everybody.
    stream = Stream(server, token, f"bucket={bucket}")
    for key in ("b/1", "a/1"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    assert stream.event()["subject"] == "a/1"
    stream.close()
    assert [event["subject"] for event in all_events(server, token, f"bucket={bucket}")] == ["a/1"]


def test_strangers_see_nothing(server):
    for path in ("/events", "/events/stream"):
        assert call(server, "GET", path).status == 401


def test_the_command_line_reads_and_follows(make_server, tmp_path):
    server = make_server().start()
    with closing(server.wire()) as wire:
        wire.make_bucket("photos")
        wire.put("photos", "one", b"1")
    got = server.run("events", "get", "--bucket", "photos", "-o", "ndjson", "--since", "1h")
    assert got.returncode == 0, got.stderr
    assert [json.loads(line)["type"] for line in got.stdout.splitlines()] == [
        "io.planetstore.bucket.created.v1", "io.planetstore.object.created.v1"]
    pretty = server.run("events", "get", "--type", "object", "--limit", "1")
    assert "object.created" in pretty.stdout and "photos/one" in pretty.stdout and len(pretty.stdout.splitlines()) == 1
    beyond = server.run("events", "get", "--after", "1000000")
    assert beyond.returncode == 1 and "the log ends at" in beyond.stderr

    output = tmp_path / "tail"
    with output.open("wb") as file:
        tail = subprocess.Popen([BINARY, "events", "tail", "--data", server.data, "--type", "object", "--after", "0",
                                 "-o", "ndjson"], stdout=file, stderr=subprocess.DEVNULL, env=server.surroundings())
    try:

        def subjects() -> list[str]:
            return [json.loads(line)["subject"] for line in output.read_text().splitlines()]

        wait.until(lambda: subjects() == ["one"], "what was there")
        with closing(server.wire()) as wire:
            wire.put("photos", "two", b"2")
        wait.until(lambda: subjects() == ["one", "two"], "what comes")
    finally:
        tail.kill()
        tail.wait()
