"""The WebSocket of the console: events that resume over a restart without a gap, and telemetry of real requests."""

import json
from contextlib import ExitStack

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from harness import wait
from harness.server import Server
from harness.users import call, login

MESSAGE_SECONDS = 30


def open_socket(server: Server, **options) -> ClientConnection:
    """A connection that has not said who it is."""
    return connect(f"ws://{server.console}/api/v1/ws", subprotocols=["cloudevents.json"], open_timeout=MESSAGE_SECONDS,
                   proxy=None, **options)


class Live:
    """A connection of root, with one subscription."""

    def __init__(self, server: Server, **subscribe) -> None:
        self.open = ExitStack()
        self.socket = self.open.enter_context(open_socket(server))
        self.send(op="authenticate", token=login(server, server.credentials.access, server.credentials.secret))
        assert self.next()["type"] == "io.planetstore.feed.authenticated.v1"
        self.send(op="subscribe", id="s1", **subscribe)
        assert self.next()["type"] == "io.planetstore.feed.subscribed.v1"

    def close(self) -> None:
        self.open.close()

    def send(self, **message) -> None:
        self.socket.send(json.dumps(message))

    def next(self) -> dict:
        return json.loads(self.socket.recv(timeout=MESSAGE_SECONDS))

    def event(self) -> dict:
        """The next event of the log."""
        while "streamsequence" not in (message := self.next()):
            assert message["type"] == "io.planetstore.feed.position.v1", message
        return message


def put(server: Server, *keys: str) -> None:
    for key in keys:
        assert server.wire().put("live", key, b"x").status == 200


@pytest.fixture
def store(make_server) -> Server:
    """A server that the test may stop, with a bucket."""
    server = make_server().start()
    server.wire().make_bucket("live")
    return server


def test_a_client_resumes_over_a_restart_without_a_gap(store):
    live = Live(store, source="events", after=0, filter={"type": "object", "bucket": "live"})
    put(store, "a", "b")
    seen = [live.event(), live.event()]
    # It never reads the last of these, and comes back to a process that does not know it.
    put(store, "c", "d")
    seen.append(live.event())
    store.restart()
    with pytest.raises(ConnectionClosed):
        while True:
            live.next()
    put(store, "e")
    again = Live(store, source="events", after=seen[-1]["streamsequence"], filter={"type": "object", "bucket": "live"})
    seen += [again.event(), again.event()]
    assert [event["subject"] for event in seen] == ["a", "b", "c", "d", "e"]
    assert all(int(event["sequence"]) == int(event["streamsequence"]) for event in seen)
    put(store, "f")
    assert again.event()["subject"] == "f"
    again.close()


def test_requests_are_told_within_seconds_and_the_last_day_survives_a_restart(store):
    store.wait_for_nodes()
    live = Live(store, source="telemetry")
    put(store, "a")
    assert store.wire().get("live", "a").status == 200

    # Bytes count when they come, a request when it is answered: that may be a second later.
    received, tick = 0, None
    while tick is None or not tick["requests"]["write"]:
        message = live.next()
        assert message["type"] == "io.planetstore.metrics.tick.v1"
        tick = message["data"]
        received += tick["bytes_in"]
    assert tick["active_users"] == 1 and received == 1 and tick["p99_ms"]["write"] > 0
    assert tick["objects"] == 1 and tick["stored_bytes"] > 0 and len(tick["nodes"]) == 6
    root = login(store, store.credentials.access, store.credentials.secret)
    active = call(store, "GET", "/active-users", token=root).json()["users"]
    assert [(user["user"], user["key"]) for user in active] == [("root", store.credentials.access)]

    def points(token: str) -> list[dict]:
        answer = call(store, "GET", "/telemetry?step=10", token=token)
        assert answer.status == 200, answer.body
        return [point for point in answer.json()["points"] if point["seconds"] > 5]

    def written(token: str) -> list[dict]:
        return [point for point in points(token) if point["requests"]["write"]]

    before = wait.until(lambda: written(root), "a point of ten seconds with a write", 40)
    live.close()
    store.restart()
    root = login(store, store.credentials.access, store.credentials.secret)
    after = wait.until(lambda: written(root), "the points of before", 30)
    assert after == before


def test_strangers_and_their_pages_are_refused(server):
    for origin in ["http://evil.example", "null"]:
        with pytest.raises(InvalidStatus) as refused:
            open_socket(server, origin=origin)
        assert refused.value.response.status_code == 403
    for said in [{"op": "authenticate", "token": "no"}, {"op": "subscribe", "id": "s", "source": "events"}]:
        with open_socket(server, origin=f"http://{server.console}") as socket:
            socket.send(json.dumps(said))
            ended = json.loads(socket.recv(timeout=MESSAGE_SECONDS))
            assert (ended["type"], ended["data"]["code"]) == ("io.planetstore.feed.ended.v1", "unauthenticated")
            with pytest.raises(ConnectionClosed):
                socket.recv(timeout=MESSAGE_SECONDS)
