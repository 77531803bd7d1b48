"""Readers of the event stream that stop reading: they cost the store a bounded amount of memory, hold up no writer, and go on
without a gap."""

import json
import resource
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from harness.meter import Meter
from harness.processes import resident_bytes
from harness.server import Server
from harness.users import login

MIB = 1 << 20
READERS, READERS_LONG = 40, 1_000
# With so much metadata that the ring of the newest events, and whatever a socket buffers, hold a part of them.
WRITES = 3_000
METADATA_BYTES = 1_900
WRITERS = 8
# A reader's own buffer, in bytes: the kernel doubles it.
RECEIVE_BYTES = 4_096
# What the same writes take without readers (events in memory, the state, caches of allocators), and what a reader may take.
FIXED_BYTES_MAX = 160 * MIB
READER_BYTES_MAX = 192 << 10
SECONDS = 120


class SlowReader:
    """Follows the events of a bucket over Server-Sent Events, and reads only when the test asks for it."""

    def __init__(self, server: Server, token: str, bucket: str) -> None:
        host, _, port = server.console.rpartition(":")
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
        self.socket.settimeout(SECONDS)
        self.socket.connect((host, int(port)))
        self.socket.sendall(f"GET /api/v1/events/stream?type=object&bucket={bucket} HTTP/1.1\r\nHost: {server.console}\r\n"
                            f"Authorization: Bearer {token}\r\n\r\n".encode())
        self.file = self.socket.makefile("rb")
        status = self.file.readline()
        assert b" 200 " in status, status
        # Behind the head comes where the stream begins: from there on nothing is missed.
        while not self.file.readline().startswith(b"id:"):
            pass

    def close(self) -> None:
        self.file.close()
        self.socket.close()

    def messages(self) -> Iterator[tuple[str, dict]]:
        """The name and the data of each message; the marks of chunked transfer lie between them."""
        name = "event"
        for line in self.file:
            field, _, value = line.decode().rstrip("\r\n").partition(": ")
            if field == "event":
                name = value
            elif field == "data":
                yield name, json.loads(value)
                name = "event"


def write(server: Server, bucket: str, number: int) -> None:
    wires = [server.wire() for _ in range(WRITERS)]
    metadata = {"x-amz-meta-ballast": "x" * METADATA_BYTES}

    def some(first: int) -> None:
        for key in range(first, number, WRITERS):
            answer = wires[first].request("PUT", f"/{bucket}/{key:05}", body=b"x", headers=metadata)
            assert answer.status == 200, answer

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(some, range(WRITERS)))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("count", [READERS, pytest.param(READERS_LONG, marks=pytest.mark.long)])
def test_readers_that_read_nothing_take_little_memory_and_miss_nothing(make_server, count):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4 * READERS_LONG), hard))
    server = make_server().start()
    server.wire().make_bucket("slow")
    token = login(server, server.credentials.access, server.credentials.secret)
    with ExitStack() as open_readers:
        before = resident_bytes(server.pid)
        readers = [SlowReader(server, token, "slow") for _ in range(count)]
        for reader in readers:
            open_readers.callback(reader.close)
        meter = Meter(server.pid)
        meter.start()
        write(server, "slow", WRITES)
        meter.stop()
        grown = meter.peak - before
        print(f"{count} readers that read nothing: memory grew by {grown / MIB:.0f} MiB")
        assert grown <= FIXED_BYTES_MAX + count * READER_BYTES_MAX

        messages, seen, behind = readers[0].messages(), [], 0
        while len(seen) < WRITES:
            name, data = next(messages)
            if name == "behind":
                behind = max(behind, data["behind"])
            else:
                seen.append((int(data["sequence"]), data["subject"]))
    assert behind > 0, "it was told how far it fell behind"
    assert [sequence for sequence, _ in seen] == sorted(sequence for sequence, _ in seen)
    assert sorted(key for _, key in seen) == [f"{key:05}" for key in range(WRITES)]
