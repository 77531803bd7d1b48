"""Full disks under the nodes and under the log: a clear refusal, nothing lost, and on it goes when there is room."""

import itertools
import os
import shutil
import subprocess
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
LOG_DISK_MIB = 48


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
    for place in mounted:
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


def check(server: Server, stored: dict[str, bytes], refused: dict[str, bytes] | None = None) -> None:
    """What was acked is there; of what was refused, nothing, or all if the refusal said that this may be."""
    wire = server.wire()
    for key, data in stored.items():
        assert wire.get("full", key).body == data, key
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

    def accepts(self, size: int) -> bool:
        """Whether a write goes through; a refusal must be an honest one."""
        key = f"filling/{next(self.numbers)}"
        data = content(key, size)
        wire = self.server.wire()
        answer = wire.put("full", key, data)
        wire.close()
        if answer.status == 200:
            self.stored[key] = data
            return True
        assert (answer.status, answer.code) in [(503, "SlowDown"), (503, "ServiceUnavailable")], (key, answer.body)
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
    wait.until(lambda: filler.accepts(10), "room again")
    stored |= put_all(own, "after") | filler.stored
    check(own, stored)
    own.stop()


def test_the_log_is_full(own, mount):
    put_disk(own, own.data / "nats" / "store", mount, LOG_DISK_MIB)
    own.start().wire().make_bucket("full")
    stored = put_all(own, "before")
    store = own.data / "nats" / "store"
    ballast = fill(store, free_bytes(store) - 64 * KIB)
    filler = Filler(own)
    filler.until_refused(10, 60)
    check(own, stored | filler.stored, filler.refused)
    ballast.unlink()
    # nats-server takes no write again after one that its disk refused, until it is started anew.
    own.kill()
    own.start()
    assert filler.accepts(10), "writes fail although there is room again"
    stored |= put_all(own, "after") | filler.stored
    check(own, stored, filler.refused)
    own.stop()
    rebuilt = own.run("rebuild")
    assert rebuilt.returncode == 0 and "equal" in rebuilt.stdout, rebuilt.stdout + rebuilt.stderr
