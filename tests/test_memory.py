"""Memory stays bounded, however much comes in at once."""

from pathlib import Path

import pytest

from harness import processes, wait
from harness.content import MIB, content
from harness.history import in_parallel
from harness.meter import Meter
from harness.server import Server
from harness.wire import UNSIGNED, object_path, read_answer

UPLOADS = 64
UPLOAD_BYTES = 64 * MIB
RESIDENT_BYTES_MAX = 1024 * MIB


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_many_large_uploads_at_once(make_server):
    server = make_server().start()
    server.wire().make_bucket("large")
    block = content("block", MIB)
    meter = Meter(server.pid)
    meter.start()

    def upload(number: int) -> int:
        wire = server.wire()
        headers = {"content-length": str(UPLOAD_BYTES)}
        head, _ = wire.head("PUT", object_path("large", f"k{number}"), headers=headers, payload=UNSIGNED)
        with wire.connect() as stream:
            stream.settimeout(200)
            stream.sendall(head.to_bytes())
            stream.sendall(b"%08d" % number + block[8:])  # so that no two are the same content
            for _ in range(UPLOAD_BYTES // MIB - 1):
                stream.sendall(block)
            return read_answer(stream).status

    statuses = in_parallel(UPLOADS, upload)
    meter.stop()
    print(f"peak resident memory: {meter.peak / MIB:.0f} MiB")
    assert set(statuses) == {200}, statuses
    assert 0 < meter.peak < RESIDENT_BYTES_MAX
    wire = server.wire()
    assert len(wire.listing("large")) == UPLOADS
    for number in (0, UPLOADS - 1):
        got = wire.get("large", f"k{number}").body
        assert len(got) == UPLOAD_BYTES and got[:8] == b"%08d" % number and got[-MIB:] == block
    wire.close()
    server.stop()


def shards_of(server: Server, bucket: str) -> list[Path]:
    """The shard files of a bucket that are whole; those of uploads under way are called otherwise."""
    folders = [server.node_folder(number) / "buckets" / bucket for number in range(1, 7)]
    return [path for folder in folders for path in folder.glob("*") if path.suffix != ".staged"]


def test_uploads_that_never_end_are_let_go(make_server):
    """Clients that vanish in the middle leave neither memory nor whole shards behind."""
    server = make_server().start()
    server.wire().make_bucket("half")
    before = processes.resident_bytes(server.pid)

    def vanish(number: int) -> None:
        wire = server.wire()
        headers = {"content-length": str(8 * MIB)}
        head, _ = wire.head("PUT", object_path("half", f"k{number}"), headers=headers, payload=UNSIGNED)
        with wire.connect() as stream:
            stream.sendall(head.to_bytes() + content(number, 3 * MIB))

    for _ in range(3):
        in_parallel(32, vanish)
    wire = server.wire()
    assert wire.listing("half") == {}
    data = content("after", 5 * MIB)
    assert wire.put("half", "k", data).status == 200
    assert wire.get("half", "k").body == data
    wire.close()
    wait.until(lambda: processes.resident_bytes(server.pid) < before + 400 * MIB, "memory to be given back")
    wait.until(lambda: len(shards_of(server, "half")) == 6, "the six shards of the object that was acked, and no more")
    server.restart()
    assert len(shards_of(server, "half")) == 6
    staged = [path for number in range(1, 7) for path in server.node_folder(number).glob("buckets/*/*.staged")]
    assert not staged, "a start takes away what uploads before it left"
    server.stop()
