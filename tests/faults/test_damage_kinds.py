"""What lies on a node's disk is damaged in every way that disks and their users know, while clients read and write: no
wrong byte is served, a scrub finds it, and it is repaired."""

import json
import struct
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from harness import wait
from harness.objects import BUCKET, Objects, audit, reading, until_whole
from harness.server import Server
from harness.shards import HEADERS, UNIT_BYTES

pytestmark = pytest.mark.waits

ENVIRONMENT = {"PLANETSTORE_REPAIR_AFTER": "1h", "PLANETSTORE_CACHE_BYTES": "0"}
# The node that is damaged: every content survives that, also one whose last shards are under way. Another one is what
# it is damaged with.
NODE, OTHER = 4, 5
SMALL, LARGE = range(60), range(7, 607, 50)
SECONDS = 240.0
SECTOR_BYTES = 512

# The format of segments: services/node/src/disk/segments/record.rs.
SEGMENT_HEADER_BYTES, RECORD_HEADER_BYTES, RECORD_ALIGN_BYTES = 64, 32, 8
TOMBSTONE = 0xFFFFFFFF


def records(segment: bytes) -> list[tuple[int, int]]:
    """Where the shards in a segment begin, and how many bytes they take there."""
    at, found = SEGMENT_HEADER_BYTES, []
    while segment[at:at + 4] == b"PSr1":
        (length,) = struct.unpack_from("<I", segment, at + 20)
        piece = at + RECORD_HEADER_BYTES
        if length == TOMBSTONE:
            at = piece
            continue
        end = piece + HEADERS[segment[piece:piece + 4]] + length
        found.append((at, end - at))
        at = -(-end // RECORD_ALIGN_BYTES) * RECORD_ALIGN_BYTES
    return found


def overwrite(path: Path, at: int, data: bytes) -> None:
    """Changes a file that is there, and that may be open."""
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


def flip(path: Path, at: int) -> None:
    overwrite(path, at, bytes([path.read_bytes()[at] ^ 0x10]))


def cut(path: Path, length: int) -> None:
    with path.open("r+b") as file:
        file.truncate(length)


def swap(one: Path, another: Path) -> None:
    aside = one.with_name("aside")
    one.rename(aside)
    another.rename(one)
    aside.rename(another)


class Disk:
    """The data folder of a node."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = sorted(path for path in (folder / "buckets" / BUCKET).iterdir() if path.suffix != ".staged")
        self.segments = sorted((folder / "segments").glob("*.seg"))
        self.hints = sorted((folder / "segments").glob("*.hint"))

    def shards(self) -> list[tuple[Path, int, int]]:
        """Those in segments."""
        return [(path, *record) for path in self.segments for record in records(path.read_bytes())]


# Each damages a disk, by means of that of another node, and returns how many shards have to be damaged at least.
Damage = Callable[[Disk, Disk], int]


def bits_of_data(disk: Disk, _: Disk) -> int:
    for number, path in enumerate(disk.files):
        flip(path, 1000 + number * 20_011)
    shards = disk.shards()
    for number, (path, at, length) in enumerate(shards):
        # The first byte of one, the last of the next.
        flip(path, at + (64 if number % 2 == 0 and length > 64 else length - 1))
    return len(disk.files) + len(shards)


def bits_of_headers(disk: Disk, _: Disk) -> int:
    for number, path in enumerate(disk.files):
        # Its magic, index, length and checksum, of the first piece or of the second.
        stride = HEADERS[path.read_bytes()[:4]] + UNIT_BYTES
        flip(path, (number % 2) * stride + (0, 4, 8, 12)[number // 2 % 4])
    shards = disk.shards()
    for number, (path, at, _) in enumerate(shards):
        # The magic, shard, length and checksum of the record; the length and checksum of the piece.
        flip(path, at + (0, 9, 21, 29, 40, 45)[number % 6])
    return len(disk.files) + len(shards)


def cut_short(disk: Disk, _: Disk) -> int:
    for number, path in enumerate(disk.files):
        stride = HEADERS[path.read_bytes()[:4]] + UNIT_BYTES
        cut(path, (stride, stride + 50, 100, 0)[number % 4])
    (*_, last) = disk.segments
    shards = records(last.read_bytes())
    at, length = shards[len(shards) // 2]
    cut(last, at + length // 2)
    return len(disk.files) + len(shards) - len(shards) // 2


def zeroed_sectors(disk: Disk, _: Disk) -> int:
    for number, path in enumerate(disk.files):
        overwrite(path, number % 4 * 100 * SECTOR_BYTES, bytes(SECTOR_BYTES))
    hit = 0
    for path in disk.segments:
        shards = records(path.read_bytes())
        end = shards[-1][0] + shards[-1][1]
        zeroed = range(SECTOR_BYTES, end - SECTOR_BYTES, 64 * SECTOR_BYTES)
        for at in zeroed:
            overwrite(path, at, bytes(SECTOR_BYTES))
        hit += sum(any(begin < at + SECTOR_BYTES and at < begin + length for at in zeroed) for begin, length in shards)
    return len(disk.files) + hit


def swapped_files(disk: Disk, _: Disk) -> int:
    for one, another in zip(disk.files[::2], disk.files[1::2], strict=False):
        swap(one, another)
    return len(disk.files) // 2 * 2


def another_content(disk: Disk, other: Disk) -> int:
    kept = [path.read_bytes() for path in disk.files]
    for path, data in zip(disk.files, [*kept[1:], kept[0]], strict=True):
        overwrite(path, 0, data)
        cut(path, len(data))
    (*_, mine), (*_, its) = disk.segments, other.segments
    shards, data = records(mine.read_bytes()), its.read_bytes()
    # No more than what is there already: behind that the node writes.
    end = shards[-1][0] + shards[-1][1]
    overwrite(mine, 0, data[:end])
    theirs = records(data)
    hit = [begin for begin, length in shards if begin < theirs[-1][0] + theirs[-1][1]]
    return len(disk.files) + len(hit)


# All of these happen to a node that runs.
KINDS: dict[str, Damage] = {
    "bits of data": bits_of_data,
    "bits of headers": bits_of_headers,
    "cut short": cut_short,
    "zeroed sectors": zeroed_sectors,
    "swapped files": swapped_files,
    "another content": another_content,
}


def filled(server: Server) -> Objects:
    server.start()
    server.wait_for_nodes()
    server.wire().make_bucket(BUCKET)
    objects = Objects(server)
    objects.put("small", SMALL)
    objects.put("large", LARGE)
    until_whole(server, SECONDS)
    return objects


def disks(server: Server) -> tuple[Disk, Disk]:
    return Disk(server.node_folder(NODE)), Disk(server.node_folder(OTHER))


class Writer:
    """Somebody stores further objects all the time."""

    def __init__(self, objects: Objects) -> None:
        self.objects, self.failures, self.batches = objects, [], 0
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._write, daemon=True)

    def _write(self) -> None:
        try:
            while not self.stop.is_set():
                self.objects.put(f"while-{self.batches}", range(8))
                self.batches += 1
        except BaseException as failure:  # noqa: BLE001 - shown at the end
            self.failures.append(failure)

    def __enter__(self) -> "Writer":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join(60)
        assert not self.thread.is_alive() and not self.failures, self.failures


def scrub(server: Server, *arguments: str) -> dict:
    """What the scrub of the damaged node says of itself."""
    done = server.run("scrub", *arguments, f"node-{NODE}", "--output", "json")
    assert done.stdout, done.stderr
    return json.loads(done.stdout)["nodes"][0]["scrub"]


def scrubbed(server: Server) -> dict:
    """The pass that was started, once it has ended."""
    begun = scrub(server, "start")["pass"]["begun"]

    def ended() -> dict | None:
        last = scrub(server, "status")["last"]
        return last if last and last["begun"] == begun else None

    return wait.until(ended, "the end of the pass", SECONDS)


def until_repaired(server: Server) -> None:
    assert server.run("worker", "resume", "repair").returncode == 0
    wait.until(lambda: audit(server, deep=True)[0] == 0, "a deep audit without a short content", SECONDS)


@pytest.mark.parametrize("kind", KINDS)
def test_damage_under_load_is_found_and_repaired_and_never_served(make_server, seed, kind):
    server: Server = make_server(environment=ENVIRONMENT)
    objects = filled(server)
    disk, other = disks(server)
    assert len(disk.files) >= 4 and len(disk.shards()) >= 20, "there is something to be damaged"
    # What was damaged must be there until the scrub has found it.
    assert server.run("worker", "pause", "repair").returncode == 0
    with reading(objects, seed), Writer(objects):
        at_least = KINDS[kind](disk, other)
        found = scrubbed(server)
        print(f"{kind}: {found['damaged']} damaged of {found['shards']}, {at_least} at least")
        assert found["damaged"] >= at_least
        until_repaired(server)
    objects.check_all()
    # A start finds no more than what is there.
    server.restart()
    server.wait_for_nodes()
    wait.until(lambda: audit(server, deep=True)[0] == 0, "a deep audit without a short content after a start", SECONDS)
    objects.check_all()


HINTS: dict[str, Callable[[Path, Path], object]] = {
    "a bit": lambda hint, _: flip(hint, 40),
    "cut short": lambda hint, _: cut(hint, hint.stat().st_size // 2),
    "zeroed": lambda hint, _: overwrite(hint, 0, bytes(min(SECTOR_BYTES, hint.stat().st_size))),
    "of another node": lambda hint, its: (overwrite(hint, 0, its.read_bytes()), cut(hint, its.stat().st_size)),
}


@pytest.mark.parametrize("kind", HINTS)
def test_a_damaged_hint_is_not_believed_and_hides_nothing(make_server, seed, kind):
    server: Server = make_server(environment=ENVIRONMENT)
    objects = filled(server)
    assert server.run("worker", "pause", "repair").returncode == 0
    server.restart()
    server.wait_for_nodes()
    disk, other = disks(server)
    (hint, *_), (its, *_) = disk.hints, other.hints
    # The newest segment is not compacted, as long as nothing is written.
    with reading(objects, seed):
        HINTS[kind](hint, its)
        damaged = hint.read_bytes()
        # The headers of records rot with it: no start would find these by the segment alone.
        for path, at, _ in disk.shards()[::5]:
            flip(path, at)
        scrubbed(server)
        assert hint.read_bytes() != damaged, "it is written anew"
    server.restart()
    server.wait_for_nodes()
    objects.check_all()
    with reading(objects, seed):
        until_repaired(server)
    objects.check_all()


def test_segments_that_changed_places_are_not_believed(make_server, seed):
    server: Server = make_server(environment=ENVIRONMENT)
    objects = filled(server)
    server.stop()
    disk, other = disks(server)
    # A node that runs has them open.
    (mine, *_), (its, *_) = disk.segments, other.segments
    kept = mine.read_bytes()
    mine.write_bytes(its.read_bytes())
    mine.with_name("0000000077.seg").write_bytes(kept)
    server.start()
    server.wait_for_nodes()
    with reading(objects, seed), Writer(objects):
        scrubbed(server)
        until_repaired(server)
    objects.check_all()
