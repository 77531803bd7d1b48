"""A body that is only announced takes no resources, and one caller cannot take resources that others need."""

import os
import time
from collections.abc import Callable

import pytest

from harness import wait
from harness.content import KIB, MIB, content
from harness.crowd import Client, Crowd, Idle, Reader
from harness.forms import BOUNDARY, multipart, post
from harness.server import Server
from harness.users import Users
from harness.wire import Answer, Head, Wire, object_path
from harness.world import document, statement

DELETE_BYTES = 4 * MIB
FORMS = int(os.environ.get("PROMISED_FORMS", "840"))
PUTS = 128
PUT_BYTES = 2 * MIB
READERS = 60
BYTES_PER_SECOND = 13_000

# Readers that read nothing, requesting more in slices than all of the memory for reads.
SILENT_READERS = int(os.environ.get("SILENT_READERS", "1600"))

LARGE_BYTES = 8 * MIB

# How long an honest request may take beside the others: far less than the time after which waiting for memory fails.
SECONDS_MAX = 8


@pytest.fixture
def open_server(make_server) -> Server:
    """A server with a public bucket, and a large object in it."""
    server = make_server().start()
    wire = server.wire()
    wire.make_bucket("open")
    policy = document(statement("Allow", ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], "open", Principal="*"))
    assert wire.request("PUT", "/open", "policy=", body=policy.encode()).status == 204
    assert wire.put("open", "large", content("large", LARGE_BYTES)).status == 200
    wire.close()
    return server


def anonymous(server: Server, method: str, path: str, query: str = "", **headers: str) -> bytes:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Head(method, path, query, {"host": server.address, **named}).to_bytes()


def quickly(act: Callable[[], Answer]) -> None:
    """Makes a call, which must be quick."""
    begun = time.monotonic()
    answer = act()
    assert answer.status in (200, 204), answer.body[:500]
    assert time.monotonic() - begun < SECONDS_MAX


def strangers_are_served(server: Server) -> None:
    wire = server.wire()
    put = anonymous(server, "PUT", "/open/anonymous", content_length=str(MIB)) + content("anonymous", MIB)
    quickly(lambda: wire.exchange(put, "PUT"))
    quickly(lambda: post(wire, "open", {"key": "form"}, content("form", MIB)))


def everybody_is_served(server: Server) -> None:
    strangers_are_served(server)
    wire = server.wire()
    quickly(lambda: wire.put("open", "k", content("k", 3 * MIB)))
    quickly(lambda: wire.get("open", "large"))
    wire.close()


def crowd_of(clients: list[Client], bytes_per_second: int = BYTES_PER_SECOND) -> Crowd:
    crowd = Crowd(clients, bytes_per_second)
    crowd.start()
    return crowd


def test_deletes_that_only_declare_their_document(open_server):
    head = anonymous(open_server, "POST", "/open", "delete=", content_length=str(DELETE_BYTES),
                     content_md5="1B2M2Y8AsgTpgAmY7PhCfg==")
    crowd = crowd_of([Idle(open_server.wire().place, head) for _ in range(4)])
    everybody_is_served(open_server)
    assert not crowd.complaints()
    crowd.close()


@pytest.mark.slow
def test_forms_that_never_end(open_server):
    body = multipart({"key": "never"}, b"")
    start = body[:body.rindex(f"\r\n--{BOUNDARY}--".encode())]
    head = anonymous(open_server, "POST", "/open", content_length=str(MIB),
                     content_type=f"multipart/form-data; boundary={BOUNDARY}")
    crowd = crowd_of([Idle(open_server.wire().place, head + start) for _ in range(FORMS)])
    everybody_is_served(open_server)
    crowd.close()


def test_writes_of_which_one_byte_comes(open_server):
    users = Users(open_server)
    user = users.create("promising", policies=["readwrite"])
    wire = Wire(open_server.address, user.credentials)
    assert wire.request("PUT", "/promised").status == 200
    senders = []
    for number in range(PUTS):
        head, _ = wire.head("PUT", object_path("promised", f"k{number}"), headers={"content-length": str(PUT_BYTES)})
        senders.append(Idle(wire.place, head.to_bytes() + b"x"))
    crowd = crowd_of(senders)
    everybody_is_served(open_server)
    assert not crowd.complaints()
    crowd.close()
    users.close()


def test_strangers_who_read_slowly(open_server):
    head = anonymous(open_server, "GET", "/open/large", connection="close")
    crowd = crowd_of([Reader(open_server.wire().place, head) for _ in range(READERS)])
    wait.until(lambda: all(client.moved > 64 * KIB for client in crowd.clients), "bytes for every reader", 60)
    everybody_is_served(open_server)
    assert not crowd.complaints()
    crowd.close()


@pytest.mark.slow
def test_strangers_who_read_nothing_hold_up_nobody_who_signs(open_server):
    head = anonymous(open_server, "GET", "/open/large", connection="close")
    place = open_server.wire().place
    sources = [f"127.0.0.{2 + number % 4}" for number in range(SILENT_READERS)]
    crowd = crowd_of([Idle(place, head, source) for source in sources], 0)
    wire = open_server.wire()
    for _ in range(5):
        quickly(lambda: wire.get("open", "large"))
    wire.close()
    crowd.close()
