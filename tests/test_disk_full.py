"""Full disks under the nodes and under the log: a clear refusal, nothing lost, and on it goes when there is room."""

import errno
import itertools
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness import wait
from harness.content import KIB, MIB, content
from harness.server import Server

UNCACHED = {"PLANETSTORE_CACHE_BYTES": "0"}
# A node stops writing with 256 MiB left, and lays out 64 MiB at a time.
NODE_DISK_MIB = 420
NODE_BALLAST_MIB = 150
NODE_DISKS_MIB = 1_100
NODE_DISKS_BALLAST_MIB = 600
# The log takes no events with less than 32 MiB left.
LOG_DISK_MIB = 96
LITTLE_ROOM_MIB = 20
# The projection takes only deletes with less than 24 MiB left, and nothing with less than 8 MiB.
PROJECTION_DISK_MIB = 96

# What is promised while the disk of the log is full, and after.
ANSWER_SECONDS_MAX = 5
RECOVERY_SECONDS_MAX = 10
STOP_SECONDS_MAX = 10

# The disk is filled under load until nats-server met it so many times; mostly each filling does.
FAILURES_WANTED = 2
FILLINGS_MAX = 8
LOAD_THREADS = 16
ACKS_BEFORE_FULL = 200

REFUSALS = [(503, "SlowDown"), (503, "ServiceUnavailable")]


@pytest.fixture
def mount() -> Iterator[Callable[[Path, int], None]]:
    """Mounts small file systems in memory; they go with the test."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    mounted: list[Path] = []

    def mount(place: Path, mebibytes: int) -> None:
        place.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m,mode=0700", "tmpfs", place],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.skip(f"a small file system cannot be mounted here: {done.stderr.strip()}")
        mounted.append(place)

    yield mount
    for place in reversed(mounted):
        subprocess.run(["umount", "-l", place], check=True)


@pytest.fixture
def own(make_server, mount) -> Server:
    """A server after its first start, stopped, so that disks can be put under it; unmounted after it has ended."""
    server = make_server(environment=UNCACHED).start()
    server.stop()
    return server


def put_disk(server: Server, folder: Path, mount: Callable[[Path, int], None], mebibytes: int) -> None:
    """Puts a small file system in the place of a folder, with what was in it."""
    aside = folder.with_name(f"{folder.name}-aside")
    folder.rename(aside)
    mount(folder, mebibytes)
    shutil.copytree(aside, folder, dirs_exist_ok=True)
    shutil.rmtree(aside)


def fill(folder: Path, size: int) -> Path:
    """Takes room away."""
    ballast = folder / "lost+found" / "ballast"  # a name that file systems use themselves
    ballast.parent.mkdir(exist_ok=True)
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, size)
    return ballast


def free_bytes(folder: Path) -> int:
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


SIZES = (10, 10 * KIB, 200 * KIB, 3 * MIB)


def put_all(server: Server, shelf: str) -> dict[str, bytes]:
    wire = server.wire()
    stored = {f"{shelf}/{size}": content((shelf, size), size) for size in SIZES}
    for key, data in stored.items():
        answer = wire.put("full", key, data)
        assert answer.status == 200, (key, answer.body)
    wire.close()
    return stored


def assert_there(server: Server, stored: dict[str, bytes]) -> None:
    """What was acked is there."""
    wire = server.wire()
    for key, data in stored.items():
        assert wire.get("full", key).body == data, key
    wire.close()


def check(server: Server, stored: dict[str, bytes], refused: dict[str, bytes] | None = None) -> None:
    """What was acked is there; of what was refused, nothing, or all if the refusal said that this may be."""
    assert_there(server, stored)
    wire = server.wire()
    for key in set(wire.listing("full")) - set(stored):
        assert refused and key in refused, key
        assert wire.get("full", key).body == refused[key], key
    assert set(stored) <= set(wire.listing("full"))
    wire.close()


class Filler:
    """Writes new contents until one is refused."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.numbers = itertools.count()
        self.stored: dict[str, bytes] = {}
        self.refused: dict[str, bytes] = {}
        self.codes: set[str] = set()
        self.seconds = 0.0

    def accepts(self, size: int) -> bool:
        """Whether a write goes through; a refusal must be an honest one."""
        key = f"filling/{next(self.numbers)}"
        data = content(key, size)
        wire = self.server.wire()
        begun = time.monotonic()
        answer = wire.put("full", key, data)
        self.seconds = max(self.seconds, time.monotonic() - begun)
        wire.close()
        if answer.status == 200:
            self.stored[key] = data
            return True
        assert (answer.status, answer.code) in REFUSALS, (key, answer.body)
        self.codes.add(answer.code)
        self.refused[key] = data
        return False

    def until_refused(self, size: int, seconds: float = 20) -> None:
        wait.until(lambda: not self.accepts(size), f"a refusal of {size} bytes", seconds)


def test_one_node_is_full(own, mount):
    put_disk(own, own.node_folder(3), mount, NODE_DISK_MIB)
    own.start().wire().make_bucket("full")
    stored = put_all(own, "before")
    ballast = fill(own.node_folder(3), NODE_BALLAST_MIB * MIB)
    stored |= put_all(own, "full")
    check(own, stored)
    ballast.unlink()
    stored |= put_all(own, "after")
    check(own, stored)
    own.stop()


def test_every_node_is_full(own, mount):
    put_disk(own, own.data / "nodes", mount, NODE_DISKS_MIB)
    own.start().wire().make_bucket("full")
    stored = put_all(own, "before")
    ballast = fill(own.data / "nodes", NODE_DISKS_BALLAST_MIB * MIB)
    filler = Filler(own)
    for size in SIZES:
        filler.until_refused(size)
    check(own, stored | filler.stored)
    ballast.unlink()
    # Each node says for itself that it has room again.
    wait.until(lambda: all(filler.accepts(10) for _ in range(12)), "room again")
    stored |= put_all(own, "after") | filler.stored
    check(own, stored)
    own.stop()


class Load(threading.Thread):
    """Small writes one after the other, as fast as they go, until told to stop; how long each answer took."""

    def __init__(self, server: Server, number: int) -> None:
        super().__init__(daemon=True)
        self.server, self.number = server, number
        self.stored: dict[str, bytes] = {}
        self.refused: dict[str, bytes] = {}
        self.seconds = 0.0
        self.unexpected: list[str] = []
        self.stopping = threading.Event()

    def run(self) -> None:
        wire = self.server.wire()
        for step in itertools.count():
            if self.stopping.is_set():
                break
            key, begun = f"load/{self.number}/{step}", time.monotonic()
            data = content(key, 100)
            answer = wire.put("full", key, data)
            self.seconds = max(self.seconds, time.monotonic() - begun)
            if answer.status == 200:
                self.stored[key] = data
            elif (answer.status, answer.code) in REFUSALS:
                # A refusal that leaves the outcome open is the other one.
                if answer.code == "ServiceUnavailable":
                    self.refused[key] = data
                self.stopping.wait(0.01)  # as a client that was told to slow down
            else:
                self.unexpected.append(f"{answer.status}: {answer.body[:300]!r}")
        wire.close()


class Loads:
    """Several of them at once, so that the log gets groups of events."""

    def __init__(self, server: Server, threads: int) -> None:
        self.threads = [Load(server, number) for number in range(threads)]
        for thread in self.threads:
            thread.start()

    def acked(self) -> int:
        return sum(len(thread.stored) for thread in self.threads)

    def end(self) -> tuple[dict[str, bytes], dict[str, bytes], float]:
        """What was stored, what may have been, and the longest time any answer took, in seconds."""
        for thread in self.threads:
            thread.stopping.set()
        for thread in self.threads:
            thread.join(60)
            assert not thread.is_alive(), "a write hangs"
            assert not thread.unexpected, thread.unexpected[:3]
        stored = {key: data for thread in self.threads for key, data in thread.stored.items()}
        refused = {key: data for thread in self.threads for key, data in thread.refused.items()}
        return stored, refused, max(thread.seconds for thread in self.threads)


def fill_up(folder: Path) -> Path:
    """Takes the last byte of room, also while others write."""
    ballast = folder / "lost+found" / "ballast"
    ballast.parent.mkdir(exist_ok=True)
    with ballast.open("ab", buffering=0) as file:
        while free_bytes(folder) > 0:
            try:
                file.write(bytes(64 * KIB))
            except OSError as error:
                assert error.errno == errno.ENOSPC, error
    return ballast


def stop_in_time(server: Server) -> None:
    begun = time.monotonic()
    server.stop()
    assert time.monotonic() - begun < STOP_SECONDS_MAX


def assert_rebuild_is_equal(server: Server) -> None:
    rebuilt = server.run("rebuild")
    assert rebuilt.returncode == 0 and "equal" in rebuilt.stdout, rebuilt.stdout + rebuilt.stderr


def test_the_projection_has_little_room(own, mount):
    """Whatever needs room is refused before the projection fails. Reads go on, deletes do for longer, and all does
    when there is room."""
    kept = {name: (own.data / name).rename(own.data.with_name(name)) for name in ("nats", "nodes")}
    put_disk(own, own.data, mount, PROJECTION_DISK_MIB)
    for name, aside in kept.items():
        mount(own.data / name, NODE_DISKS_MIB)
        shutil.copytree(aside, own.data / name, dirs_exist_ok=True)
        shutil.rmtree(aside)
    own.start().wire().make_bucket("full")
    stored = put_all(own, "before")
    filler = Filler(own)
    wire = own.wire()
    for only_deletes in (True, False):
        left = (LITTLE_ROOM_MIB if only_deletes else 4) * MIB
        ballast = fill(own.data, free_bytes(own.data) - left)
        filler.until_refused(10, ANSWER_SECONDS_MAX)
        assert not filler.refused or filler.codes == {"SlowDown"}, "every refusal is a definite one"
        check(own, stored | filler.stored)
        deleted = next(iter(filler.stored), "before/10")
        assert wire.delete("full", deleted).status == (204 if only_deletes else 503)
        if only_deletes:
            stored.pop(deleted, None)
            filler.stored.pop(deleted, None)
        check(own, stored | filler.stored)
        ballast.unlink()
        wait.until(lambda: filler.accepts(10), "writes that go through again", RECOVERY_SECONDS_MAX)
    stored |= put_all(own, "after") | filler.stored
    check(own, stored)
    wire.close()
    stop_in_time(own)
    assert_rebuild_is_equal(own)


def test_the_log_has_little_room(own, mount):
    """Writes are refused before anything fails: nats-server goes on, and nothing but writes is touched."""
    store = own.data / "nats" / "store"
    put_disk(own, store, mount, LOG_DISK_MIB)
    own.start().wire().make_bucket("full")
    stored = put_all(own, "before")
    nats = own.nats_pid()
    filler = Filler(own)
    for _ in range(3):
        ballast = fill(store, free_bytes(store) - LITTLE_ROOM_MIB * MIB)
        filler.until_refused(10, ANSWER_SECONDS_MAX)
        assert not filler.refused or filler.codes == {"SlowDown"}, "every refusal is a definite one"
        check(own, stored | filler.stored)
        assert filler.seconds < ANSWER_SECONDS_MAX
        ballast.unlink()
        wait.until(lambda: filler.accepts(10), "writes that go through again", RECOVERY_SECONDS_MAX)
    assert own.nats_pid() == nats, "there was no need for another nats-server"
    stored |= put_all(own, "after") | filler.stored
    check(own, stored)
    stop_in_time(own)
    assert_rebuild_is_equal(own)


@pytest.mark.timeout(240)
def test_the_log_is_full(own, mount):
    """The last byte is taken under load: a write of nats-server fails, after which it takes none any more."""
    store = own.data / "nats" / "store"
    put_disk(own, store, mount, LOG_DISK_MIB)
    own.start().wire().make_bucket("full")
    stored, refused = put_all(own, "before"), {}
    failures = 0
    for number in range(FILLINGS_MAX):
        nats, goal = own.nats_pid(), ACKS_BEFORE_FULL
        load = Loads(own, LOAD_THREADS)
        wait.until(lambda: load.acked() >= goal, f"{goal} acks", 60)  # noqa: B023 - used within the turn
        ballast = fill_up(store)
        filler = Filler(own)
        filler.until_refused(10, ANSWER_SECONDS_MAX)
        assert_there(own, stored)
        acked, doubtful, seconds = load.end()
        print(f"filling {number}: {len(acked)} acked, {len(doubtful)} in doubt, slowest answer {seconds:.2f} s")
        assert max(seconds, filler.seconds) < ANSWER_SECONDS_MAX
        stored, refused = stored | acked | filler.stored, refused | doubtful | filler.refused
        failures += own.nats_pid() != nats
        ballast.unlink()
        wait.until(lambda: filler.accepts(10), "writes that go through again", RECOVERY_SECONDS_MAX)  # noqa: B023
        stored |= filler.stored
        if failures == FAILURES_WANTED:
            break
    assert failures, "nats-server never met the full disk"
    stored |= put_all(own, "after")
    check(own, stored, refused)
    fill_up(store)
    filler = Filler(own)
    filler.until_refused(10, ANSWER_SECONDS_MAX)
    stop_in_time(own)
    # It starts on a full disk too, and serves what is there.
    own.start()
    check(own, stored | filler.stored, refused)
    assert not filler.accepts(10)
    (store / "lost+found" / "ballast").unlink()
    wait.until(lambda: filler.accepts(10), "writes that go through again", RECOVERY_SECONDS_MAX)
    stop_in_time(own)
    assert_rebuild_is_equal(own)
