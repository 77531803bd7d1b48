"""Clients that read and send slowly delay no other client, and are served to their end."""

import itertools
import os
import time
from collections.abc import Callable

import pytest

from harness import wait
from harness.content import KIB, MIB, content, md5
from harness.crowd import Crowd, Idle, Reader, Sender
from harness.forms import BOUNDARY, post
from harness.meter import Meter
from harness.server import Server
from harness.wire import UNSIGNED, Head, Wire, object_path, read_answer
from harness.world import document, statement

READERS = int(os.environ.get("SLOW_READERS", "60"))
SENDERS = int(os.environ.get("SLOW_SENDERS", "140"))
BYTES_PER_SECOND = 20_000

OBJECT_BYTES = 48 * MIB
UPLOAD_BYTES = 4 * MIB

# The number of slow clients that are served to their end afterwards.
FINISHED = 6

SMALL_BYTES = 4 * KIB
SMALL_REQUESTS = 200

# The limit is twice the time of an idle store; the slack is for noise of a busy machine.
TIMES_MAX = 2.0
SLACK_SECONDS = 0.15

RESIDENT_BYTES_MAX = 1024 * MIB


def seconds(act: Callable[[], object]) -> float:
    begun = time.monotonic()
    act()
    return time.monotonic() - begun


def percentile(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.99) - 1]


class Small:
    """Small requests of a client that is not slow; no object is read twice."""

    def __init__(self, server: Server) -> None:
        self.wire = server.wire()
        self.wire.make_bucket("small")
        self.next = 0

    def expect(self, wire: Wire, number: int) -> None:
        got = wire.get("small", f"k{number}")
        assert (got.status, got.body) == (200, content(number, SMALL_BYTES)), got.body[:500]

    def put(self, number: int) -> None:
        put = self.wire.put("small", f"k{number}", content(number, SMALL_BYTES))
        assert put.status == 200, put.body[:500]

    def measure(self) -> tuple[float, float]:
        """The 99th percentile of PUT and of GET, in seconds."""
        numbers = range(self.next, self.next + SMALL_REQUESTS)
        self.next = numbers.stop
        puts = [seconds(lambda: self.put(number)) for number in numbers]
        gets = [seconds(lambda: self.expect(self.wire, number)) for number in numbers]
        return percentile(puts), percentile(gets)


def mark(number: int) -> bytes:
    """A unique start of a body."""
    return b"%08d" % number


def slow_senders(server: Server, count: int) -> Crowd:
    """Uploads that have sent different parts of their stripes, some almost a whole one."""
    wire = server.wire()
    rest = memoryview(content("upload", UPLOAD_BYTES - len(mark(0))))
    senders = []
    for number in range(count):
        headers = {"content-length": str(UPLOAD_BYTES)}
        head, _ = wire.head("PUT", object_path("slow", f"k{number}"), headers=headers, payload=UNSIGNED)
        at_once = (number % 12) * 128 * KIB - KIB if number % 12 else KIB
        senders.append(Sender(wire.place, head.to_bytes() + mark(number), rest, at_once))
    return Crowd(senders, BYTES_PER_SECOND)


def slow_readers(server: Server, count: int) -> Crowd:
    wire = server.wire()
    head, _ = wire.head("GET", object_path("slow", "large"), headers={"connection": "close"}, payload=UNSIGNED)
    return Crowd([Reader(wire.place, head.to_bytes()) for _ in range(count)], BYTES_PER_SECOND)


def finish_reading(reader: Reader, whole: bytes) -> None:
    reader.stream.settimeout(60)
    while piece := reader.stream.recv(MIB):
        reader.taken += piece
    head, _, body = bytes(reader.taken).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ") and md5(body) == md5(whole)


def finish_sending(server: Server, sender: Sender, number: int) -> None:
    sender.stream.settimeout(60)
    sender.stream.sendall(sender.body[sender.moved:])
    answer = read_answer(sender.stream, "PUT")
    assert answer.status == 200, answer.body[:500]
    wire = server.wire()
    assert md5(wire.get("slow", f"k{number}").body) == md5(mark(number) + bytes(sender.body))
    wire.close()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_small_requests_beside_slow_clients(make_server):
    server = make_server().start()
    small = Small(server)
    small.wire.make_bucket("slow")
    large = content("large", OBJECT_BYTES)
    assert small.wire.put("slow", "large", large).status == 200
    small.measure()  # Warms up after the start.
    put_alone, get_alone = small.measure()
    meter = Meter(server.pid)
    meter.start()

    crowds = [slow_readers(server, READERS), slow_senders(server, SENDERS)]
    for crowd in crowds:
        crowd.start()
    readers, senders = crowds
    wait.until(lambda: all(client.moved > 64 * KIB for client in readers.clients), "bytes for every reader")
    wait.until(lambda: all(client.moved >= client.at_once for client in senders.clients), "bytes of every sender")
    put_beside, get_beside = small.measure()
    went_on = [client.moved for crowd in crowds for client in crowd.clients]
    wait.until(lambda: all(client.moved > before for client, before in
                           zip([client for crowd in crowds for client in crowd.clients], went_on)), "all to go on")
    meter.stop()
    print(f"p99 of PUT: {put_alone * 1e3:.1f} ms alone, {put_beside * 1e3:.1f} ms beside")
    print(f"p99 of GET: {get_alone * 1e3:.1f} ms alone, {get_beside * 1e3:.1f} ms beside")
    print(f"peak resident memory: {meter.peak / MIB:.0f} MiB")
    for crowd in crowds:
        crowd.stop()
        assert not crowd.complaints()
    assert put_beside < TIMES_MAX * put_alone + SLACK_SECONDS
    assert get_beside < TIMES_MAX * get_alone + SLACK_SECONDS
    assert 0 < meter.peak < RESIDENT_BYTES_MAX

    for number in range(FINISHED):
        finish_reading(readers.clients[number], large)
        finish_sending(server, senders.clients[-1 - number], len(senders.clients) - 1 - number)
    for crowd in crowds:
        crowd.close()
    server.stop()


# Bodies that are announced and never sent: more of each kind than there was memory for.
ANNOUNCED_DELETES = 12
ANNOUNCED_FORMS = 900
ANNOUNCED_UPLOADS = 160
ANNOUNCED_STRANGERS_UPLOADS = 40

PROMPT_SECONDS = 5.0


def announced(server: Server) -> list[Idle]:
    """Requests that have sent one byte of the body."""
    wire = server.wire()

    def unsigned(method: str, path: str, query: str, length: int, body: bytes, kind: str) -> Idle:
        head = Head(method, path, query, {"host": wire.address, "content-type": kind, "content-length": str(length)})
        # They come from several addresses, because one may not have that many connections.
        return Idle(wire.place, head.to_bytes() + body, f"127.0.0.{2 + next(numbers) % 4}")

    numbers = itertools.count()
    form = f"multipart/form-data; boundary={BOUNDARY}"
    idle = [unsigned("POST", "/public", "delete=", 4 * MIB, b"<", "text/xml") for _ in range(ANNOUNCED_DELETES)]
    idle += [unsigned("POST", "/public", "", MIB, b"-", form) for _ in range(ANNOUNCED_FORMS)]
    idle += [unsigned("PUT", f"/public/idle{number}", "", 2 * MIB, b"x", "text/plain")
             for number in range(ANNOUNCED_STRANGERS_UPLOADS)]
    for number in range(ANNOUNCED_UPLOADS):
        headers = {"content-length": str(2 * MIB)}
        head, _ = wire.head("PUT", object_path("public", f"own{number}"), headers=headers, payload=UNSIGNED)
        idle.append(Idle(wire.place, head.to_bytes() + b"x"))
    return idle


def test_bodies_that_are_only_announced_stop_nobody(make_server, tmp_path):
    server = make_server().start()
    wire = server.wire()
    wire.make_bucket("public")
    policy = document(statement("Allow", ["s3:PutObject"], "public", "*", Principal="*")).encode()
    put = wire.request("PUT", "/public", "policy=", body=policy)
    assert put.status in (200, 204), put.body
    idle = announced(server)
    small, large = content("small", 4 * KIB), content("large", 3 * MIB)

    def stranger(key: str, body: bytes) -> int:
        head = Head("PUT", f"/public/{key}", "", {"host": wire.address, "content-length": str(len(body))})
        return wire.exchange([head.to_bytes(), body], "PUT").status

    acts = {
        "a form": lambda: post(wire, "public", {"key": "form"}, small).status == 204,
        "a small upload of a stranger": lambda: stranger("stranger", small) == 200,
        "a large upload of a stranger": lambda: stranger("strangers", large) == 200,
        "a small upload": lambda: wire.put("public", "small", small).status == 200,
        "a large upload": lambda: wire.put("public", "large", large).status == 200,
        "a document": lambda: wire.request("PUT", "/public", "policy=", body=policy).status in (200, 204),
    }
    for what, act in acts.items():
        begun = time.monotonic()
        assert act(), what
        assert time.monotonic() - begun < PROMPT_SECONDS, what
    assert wire.get("public", "strangers").body == large
    crowd = Crowd(idle, 1)
    for client in idle:
        client.step(KIB)
    assert not crowd.complaints()
    for client in idle:
        client.stream.close()
    wire.close()
    server.stop()
