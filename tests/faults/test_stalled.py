"""Clients that do not read their responses: they are disconnected, and no other client waits for them."""

import socket
import time

import pytest

from harness import wait
from harness.content import KIB, MIB, content, md5
from harness.server import Server
from harness.wire import TIMEOUT_SECONDS, UNSIGNED, object_path

STALL_SECONDS = 3

# More readers than fit in the memory for reads when each held three stripes of a MiB.
READERS = 64
OBJECT_BYTES = 32 * MIB

# The receive buffer of a stalled client.
RECEIVE_BYTES = 64 * KIB

# How fast a slow client reads.
SIP_BYTES = 32 * KIB
SIP_SECONDS = 0.05


@pytest.fixture(scope="module")
def large() -> bytes:
    return content("stalled", OBJECT_BYTES)


def stalling(make_server, large: bytes) -> Server:
    server = make_server(environment={"PLANETSTORE_STALL_SECONDS": str(STALL_SECONDS)}).start()
    wire = server.wire()
    wire.make_bucket("large")
    assert wire.put("large", "k", large).status == 200
    wire.close()
    return server


def open_download(server: Server) -> socket.socket:
    """Requests the object; the caller reads its bytes."""
    wire = server.wire()
    head, _ = wire.head("GET", object_path("large", "k"), payload=UNSIGNED)
    head.headers["connection"] = "close"
    stream = socket.socket(socket.AF_INET)
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
    stream.settimeout(TIMEOUT_SECONDS)
    stream.connect(wire.place)
    stream.sendall(head.to_bytes())
    return stream


def cut_off(server: Server) -> int:
    """The number of connections that were cut off because their client read nothing."""
    _, text = server.get_console("/metrics")
    name = 'planetstore_connections_cut_total{listener="s3",reason="stalled"} '
    return next((int(line.removeprefix(name)) for line in text.decode().splitlines() if line.startswith(name)), 0)


def read_to_end(stream: socket.socket) -> bytes:
    """The bytes that arrive until the connection ends in any way."""
    taken = bytearray()
    try:
        while piece := stream.recv(MIB):
            taken += piece
    except ConnectionResetError:
        pass
    return bytes(taken)


def test_stalled_readers_are_cut_off_and_others_are_served(make_server, large):
    server = stalling(make_server, large)
    stalled = [open_download(server) for _ in range(READERS)]
    for stream in stalled:
        stream.recv(1, socket.MSG_PEEK)
    wire = server.wire()
    # While they stall, they hold little memory.
    answer = wire.get("large", "k")
    assert (answer.status, md5(answer.body)) == (200, md5(large)), answer.body[:500]
    wait.until(lambda: cut_off(server) == READERS, "the end of all of them", STALL_SECONDS * 10)
    for stream in stalled:
        assert len(read_to_end(stream)) < OBJECT_BYTES
        stream.close()
    for _ in range(3):
        assert wire.get("large", "k").status == 200
    wire.close()
    server.stop()


def test_a_slow_reader_gets_all_of_it(make_server, large):
    """It reads slower than its network for longer than a stall may last, and then reads the rest at once."""
    server = stalling(make_server, large)
    with open_download(server) as stream:
        taken = bytearray()
        end = time.monotonic() + 3 * STALL_SECONDS
        while time.monotonic() < end:
            taken += stream.recv(SIP_BYTES)
            time.sleep(SIP_SECONDS)
        slowly = len(taken)
        taken += read_to_end(stream)
    head, _, body = bytes(taken).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ") and slowly < OBJECT_BYTES / 2, "it was not slow"
    assert md5(body) == md5(large)
    assert cut_off(server) == 0
    server.stop()
