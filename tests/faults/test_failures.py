"""Two nodes lost in every way: every object is still read correctly, and new writes succeed."""

import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness import wait
from harness.clients import boto_client
from harness.content import KIB, MIB, content
from harness.server import Server

pytestmark = pytest.mark.waits

# Without the cache every read asks the nodes.
UNCACHED = {"PLANETSTORE_CACHE_BYTES": "0"}
SMALL_SIZES = [1, 100, 4 * KIB, 32 * KIB]
STRIPED_SIZES = [32 * KIB + 1, 300 * KIB, MIB, MIB + 1, 3 * MIB + 17]
PART = 5 * MIB


class Library:
    """Objects of every layout, and a check that they are unchanged."""

    def __init__(self, server: Server, bucket: str = "library") -> None:
        self.server, self.bucket = server, bucket
        self.objects: dict[str, bytes] = {}
        server.wire().make_bucket(bucket)

    def put(self, shelf: str, copies: int = 3) -> None:
        """Writes a set of objects; each must be accepted."""
        wire = self.server.wire()
        for size in [0, *SMALL_SIZES, *STRIPED_SIZES]:
            for number in range(copies):
                key = f"{shelf}/{size}/{number}"
                data = content(key, size)
                answer = wire.put(self.bucket, key, data)
                assert answer.status == 200, (key, answer.body)
                self.objects[key] = data
        wire.close()

    def put_multipart(self, key: str) -> None:
        s3 = boto_client(self.server)
        pieces = [content((key, number), size) for number, size in enumerate((PART, PART + 1, 500))]
        place = {"Bucket": self.bucket, "Key": key}
        place["UploadId"] = s3.create_multipart_upload(**place)["UploadId"]
        parts = [{"PartNumber": number, "ETag": s3.upload_part(**place, PartNumber=number, Body=data)["ETag"]}
                 for number, data in enumerate(pieces, 1)]
        s3.complete_multipart_upload(**place, MultipartUpload={"Parts": parts})
        self.objects[key] = b"".join(pieces)

    def check(self) -> None:
        """Reads every object whole, and a range of each."""
        wire = self.server.wire()
        for key, data in self.objects.items():
            answer = wire.get(self.bucket, key)
            assert answer.status == 200, (key, answer.status, answer.body[:500])
            assert answer.body == data, f"{key} has wrong bytes"
            if len(data) > 10:
                first, last = len(data) // 3, len(data) // 3 * 2
                ranged = wire.get(self.bucket, key, headers={"range": f"bytes={first}-{last}"})
                assert ranged.status == 206, (key, ranged.status)
                assert ranged.body == data[first:last + 1], f"{key} has wrong bytes in its middle"
        wire.close()

    def shards(self) -> int:
        """The number of shards that all objects have once no write is in flight."""
        small = sum(0 < len(data) <= 32 * KIB for key, data in self.objects.items())
        striped = sum(len(data) > 32 * KIB for key, data in self.objects.items() if key != "multipart")
        parts = [500, PART, PART + 1] if "multipart" in self.objects else []
        return 3 * (small + sum(p <= 32 * KIB for p in parts)) + 6 * (striped + sum(p > 32 * KIB for p in parts))

    def wait_until_whole(self) -> None:
        """Acks come one shard early: waits until the nodes report the last shards too."""
        expected = self.shards()
        wait.until(lambda: sum(node["shards"] for node in nodes(self.server)) >= expected, f"{expected} shards", 30)


def nodes(server: Server) -> list[dict]:
    """The nodes as the status shows them."""
    told = server.run("status", "--output", "json")
    assert told.stdout, told.stderr
    return json.loads(told.stdout)["nodes"]


@pytest.fixture
def library(make_server) -> Iterator[Library]:
    library = Library(make_server(environment=UNCACHED).start())
    library.put("before")
    library.put_multipart("multipart")
    library.wait_until_whole()
    library.check()
    yield library
    library.server.stop()


def remove_folder(folder: Path) -> None:
    """Removes a folder that a process may be writing to."""
    def is_gone() -> bool:
        shutil.rmtree(folder, ignore_errors=True)
        return not folder.exists()

    wait.until(is_gone, f"the end of {folder}")


@pytest.mark.parametrize("lost", [(1, 2), (4, 6)])
def test_two_folders_deleted_while_it_runs(library, lost):
    for number in lost:
        remove_folder(library.server.node_folder(number))
    library.check()
    library.put("after")
    library.check()
    library.server.restart()
    library.check()
    library.put("after the restart")
    library.check()


@pytest.mark.parametrize("lost", [(3, 5)])
def test_two_nodes_stopped(library, lost):
    server = library.server
    for number in lost:
        stopped = server.run("node", "stop", f"node-{number}")
        assert stopped.returncode == 0, stopped.stderr
    library.check()
    library.put("after")
    library.check()
    states = {node["node"]: node["state"] for node in nodes(server)}
    assert [states[f"node-{number}"] for number in lost] == ["offline", "offline"]
    again = server.run("node", "stop", f"node-{lost[0]}")
    assert again.returncode != 0 and "no node of this name" in again.stderr
    server.restart()
    library.check()


def test_two_nodes_fewer_after_a_restart(library):
    library.server.restart(nodes=4)
    library.check()
    library.put("with four")
    library.check()
    library.server.restart(nodes=6)
    library.check()


def test_too_few_nodes_for_a_write(library):
    server = library.server
    for number in (1, 2, 3, 4):
        assert server.run("node", "stop", f"node-{number}").returncode == 0
    # Until the nodes are missed, a small write may still find the two nodes that it needs.
    wait.until(lambda: server.get_console("/readyz")[0] == 503, "the nodes to be missed")
    wire = server.wire()
    for size in (100, 3 * MIB):
        answer = wire.put(library.bucket, "refused", content("refused", size))
        assert (answer.status, answer.code) == (503, "SlowDown"), answer.body
        assert answer.headers["retry-after"]
    assert wire.get(library.bucket, "refused").status == 404
    assert wire.delete(library.bucket, "never there").status == 204
    wire.close()
    server.restart()
    library.check()


def flip_bits(folder: Path, rng: random.Random) -> int:
    """Flips a bit in every shard file of a node and in every 2 KiB that its segments use; returns the number of flips.
    """
    flipped = 0
    for path in [*folder.glob("buckets/*/*"), *folder.glob("segments/*.seg")]:
        is_segment = path.suffix == ".seg"
        with path.open("r+b") as file:
            used = file.read().rstrip(b"\0")
            # The first bytes of a segment are a header for people; a shard file can be damaged anywhere.
            steps = range(64, len(used), 2048) if is_segment else range(0, max(len(used), 1), 200_000)
            for start in steps:
                at = rng.randrange(start, min(start + 2048, len(used)))
                file.seek(at)
                file.write(bytes([used[at] ^ (1 << rng.randrange(8))]))
                flipped += 1
    return flipped


@pytest.mark.parametrize("running", [True, False], ids=["while it runs", "while it is stopped"])
def test_damage_on_two_nodes(library, running, seed):
    server, rng = library.server, random.Random(repr((seed, "damage", running)))
    if not running:
        server.stop()
    print(f"seed {seed}")
    assert all(flip_bits(server.node_folder(number), rng) > 0 for number in (2, 5))
    if not running:
        server.start()
    library.check()
    library.put("after")
    library.check()


def test_shards_cut_short_swapped_and_emptied(library):
    """Damage other than flipped bits: a truncated file, a file of zeros, two swapped files."""
    server = library.server
    for number in (1, 4):
        files = sorted(server.node_folder(number).glob("buckets/*/*"))
        assert len(files) > 6
        for at, path in enumerate(files):
            data = path.read_bytes()
            if at % 3 == 0:
                path.write_bytes(data[:len(data) // 2])
            elif at % 3 == 1:
                path.write_bytes(bytes(len(data)))
            elif at + 1 < len(files):
                path.write_bytes(files[at + 1].read_bytes())
    library.check()
    server.restart()
    library.check()
